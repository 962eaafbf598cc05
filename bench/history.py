"""A history for millions of participants in minutes: awards written by PostgreSQL itself, in statements over all.

What the engine's own code would take an hour for. Every participant gets the same amounts at the same moments, so that
one look at the programme says which tier and badges they hold; every entry has its true hash, its lot, its fact and its
operation. A participant's rows lie far apart, as those of a ledger that grew. Left out: the rows of the tier's
transition and of the badges' unlocks, which no award reads.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench import people
from gamify.ledger.chain import GENESIS, microseconds

STATEMENT = Path(__file__).with_suffix(".sql")
# Sessions at work at once, each with a part of the participants.
PARTS = 2
AMOUNT = 100
# The oldest award, and the time between two: the newest are within the window of the programme's tier.
FIRST_DAYS_AGO, LATEST_DAYS_AGO = 300, 2
EXPIRES_IN_DAYS = 400
FILLED = ("gamify_entry", "gamify_lot", "gamify_fact", "gamify_operation", "gamify_account")

_CHAIN = """
    CREATE UNLOGGED TABLE bench_chain (
        part int NOT NULL, sequence bigint NOT NULL, participant_id uuid NOT NULL, external_id text NOT NULL,
        hash bytea NOT NULL
    )
"""
_CHAIN_START = """
    INSERT INTO bench_chain (part, sequence, participant_id, external_id, hash)
    SELECT substring(external_id FROM 2)::bigint %% %s, 0, id, external_id, %s FROM gamify_participant
     WHERE tenant_id = %s
"""
_ACCOUNTS = """
    INSERT INTO gamify_account (participant_id, points_system_id, balance, total_earned, total_spent, total_expired,
                                lot_balance, next_expires_at, last_sequence, last_hash, last_earned_at, award_count)
    SELECT participant_id, %(system)s, %(total)s, %(total)s, 0, 0, %(total)s, %(expires_at)s, sequence, hash,
           %(last)s, sequence
      FROM bench_chain WHERE sequence = %(entries)s
"""


def write(url: str, slug: str, *, participants: int, entries: int) -> None:
    """Make p0, p1, … of the tenant `slug`, with so many entries each."""
    now = datetime.now(tz=UTC)
    step = timedelta(days=FIRST_DAYS_AGO - LATEST_DAYS_AGO) / max(1, entries - 1)
    moments = [now - timedelta(days=FIRST_DAYS_AGO) + step * number for number in range(entries)]
    expires_at = now + timedelta(days=EXPIRES_IN_DAYS)
    tenant, system = people.with_standing(
        url, slug, participants=participants, awards=[(AMOUNT, moment) for moment in moments]
    )
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(_CHAIN)
        with _without_indexes(session):
            session.execute(_CHAIN_START, [PARTS, GENESIS, tenant])
            values = {
                "tenant": tenant,
                "system": system,
                "system_hex": system.hex,
                "expires_at": expires_at.isoformat(),
                "expiry_microseconds": microseconds(expires_at),
            }
            _in_parts(url, moments, values)
            session.execute(
                _ACCOUNTS,
                {
                    "system": system,
                    "total": AMOUNT * entries,
                    "entries": entries,
                    "expires_at": expires_at,
                    "last": moments[-1],
                },
            )
        session.execute("DROP TABLE bench_chain")
        session.execute("VACUUM ANALYZE")
        session.execute("CHECKPOINT")


def _in_parts(url: str, moments: list[datetime], values: dict[str, Any]) -> None:
    failed: list[BaseException] = []

    def work(part: int) -> None:
        try:
            with psycopg.connect(url, autocommit=True) as session:
                # Foreign keys are not looked at: that would take longer than the rows themselves.
                session.execute("SET session_replication_role = replica; SET work_mem = '256MB'")
                for sequence, moment in enumerate(moments, start=1):
                    award = {"sequence": sequence, "amount": AMOUNT, "balance": AMOUNT * sequence, "part": part}
                    at = {"moment": moment.isoformat(), "moment_microseconds": microseconds(moment)}
                    text = STATEMENT.read_text().format(**values, **award, **at)
                    session.execute(text.encode())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(PARTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@contextmanager
def _without_indexes(session: "psycopg.Connection[Any]") -> Iterator[None]:
    """Drop the indexes of the tables that are filled, and make them anew in the end, which is much faster."""
    keys = session.execute(
        """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('p', 'u')""",
        [list(FILLED)],
    ).fetchall()
    indexes = session.execute(
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
            WHERE indrelid = ANY(%s::regclass[]) AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)""",
        [list(FILLED)],
    ).fetchall()
    for table, name, _ in keys:
        session.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
    for name, _ in indexes:
        session.execute(f"DROP INDEX {name}".encode())
    yield
    session.execute("SET maintenance_work_mem = '1GB'")
    for table, name, definition in keys:
        session.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}".encode())
    for _, definition in indexes:
        session.execute(definition.encode())
