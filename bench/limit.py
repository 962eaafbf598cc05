"""The limit: how many minimal award statements a second this PostgreSQL takes on this machine, from pgbench."""

import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from bench.load import Run
from bricqs import embedded

SCRIPT = Path(__file__).with_suffix(".sql")
CLIENTS_TRIED = (8, 16, 32, 64)

_TABLES = """
    CREATE TABLE bench_key (id uuid PRIMARY KEY, created_at timestamptz NOT NULL);
    CREATE TABLE bench_participant (
        id bigint PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0), last_sequence bigint NOT NULL
    );
    CREATE TABLE bench_entry (
        participant_id bigint NOT NULL REFERENCES bench_participant, sequence bigint NOT NULL, key_id uuid NOT NULL,
        amount bigint NOT NULL, balance_after bigint NOT NULL, reason text, created_at timestamptz NOT NULL,
        PRIMARY KEY (participant_id, sequence)
    );
    CREATE TABLE bench_lot (
        participant_id bigint NOT NULL, sequence bigint NOT NULL, amount bigint NOT NULL,
        remaining bigint NOT NULL, expires_at timestamptz, PRIMARY KEY (participant_id, sequence)
    );
    INSERT INTO bench_participant SELECT id, 0, 0 FROM generate_series(1, {participants}) AS id;
"""


class Limit:
    """Its tables, in a database that has nothing else to do meanwhile."""

    def __init__(self, url: str, *, participants: int) -> None:
        self.url, self.participants = url, participants
        self.done = 0
        self.clients = CLIENTS_TRIED[0]
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(_TABLES.format(participants=participants).encode())
            session.execute("VACUUM ANALYZE bench_participant")

    def find_clients(self, *, seconds: int) -> None:
        """Stay at the number of clients that does best."""
        self.clients = max(CLIENTS_TRIED, key=lambda clients: self.run(seconds=seconds, clients=clients).per_second)

    def run(self, *, seconds: int, clients: int | None = None) -> Run:
        address = urlsplit(self.url)
        [host] = parse_qs(address.query)["host"]
        command = [embedded.programs() / "pgbench", "--no-vacuum", "--protocol", "prepared", "--file", SCRIPT]
        command += ["--client", clients or self.clients, "--jobs", 1, "--time", seconds]
        command += ["--define", f"participants={self.participants}"]
        command += ["--host", host, "--username", address.username or "postgres", address.path.lstrip("/")]
        ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=seconds + 60)
        rate = re.search(r"^tps = ([0-9.]+) ", ran.stdout, re.MULTILINE)
        done = re.search(r"^number of transactions actually processed: (\d+)", ran.stdout, re.MULTILINE)
        if ran.returncode or not rate or not done or "failed transactions: 0 " not in ran.stdout:
            raise SystemExit(f"pgbench failed: {ran.stdout}{ran.stderr}")
        self.done += int(done[1])
        return Run(answered=int(done[1]), seconds=int(done[1]) / float(rate[1]))

    def prove(self) -> None:
        """SystemExit unless every statement made an entry, and all entries together are the balances."""
        with psycopg.connect(self.url) as session:
            row = session.execute(
                """SELECT count(*), sum(amount), (SELECT count(*) FROM bench_key), (SELECT count(*) FROM bench_lot),
                          (SELECT sum(balance) FROM bench_participant) FROM bench_entry"""
            ).fetchone()
        assert row
        entries, points, keys, lots, balances = row
        if not entries == keys == lots == self.done or points != balances:
            raise SystemExit(f"The limit's statements left {row}, after {self.done} of them.")
