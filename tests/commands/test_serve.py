"""`manage.py serve` as its users run it: a process of its own, with a data folder of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from bricqs import health
from bricqs.env import PROJECT_DIR
from tests import processes

pytestmark = pytest.mark.slow

SECONDS_MAX = 60


class Served:
    def __init__(self, folder: Path, *wrapper: str) -> None:
        self.data = folder / "data"
        self.output = folder / "output"
        self.port = free_port()
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*wrapper, sys.executable, "manage.py", "serve"],
                cwd=PROJECT_DIR,
                env=environment(self.data, PORT=str(self.port)),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> "Served":
        wait_for(lambda: self.process.poll() is not None or "Serving on" in self.output.read_text())
        assert self.process.poll() is None, self.output.read_text()
        return self

    def get(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def postmaster(self) -> psutil.Process:
        return psutil.Process(int((self.data / "postgres/postmaster.pid").read_text().split()[0]))

    def sql(self, statement: str) -> list[Any]:
        url = f"postgresql://postgres@/bricqs?host={self.data}/postgres"
        with psycopg.connect(url, autocommit=True) as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def ctrl_c(self) -> int:
        """As a terminal does it: to every process of the foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(SECONDS_MAX)

    def kill_everything(self) -> None:
        own = psutil.Process(self.process.pid)
        processes.kill(own, self.postmaster(), seconds_max=SECONDS_MAX)
        self.process.wait(SECONDS_MAX)

    def last_log_line(self) -> str:
        return (self.data / "postgres/log").read_text().splitlines()[-1]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # Not pytest's own folder: that is closed to the account which root runs PostgreSQL as.
    path = Path(tempfile.mkdtemp(prefix="bricqs-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start() -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def _start(folder: Path, *wrapper: str) -> Served:
        started.append(Served(folder, *wrapper))
        return started[-1].wait_until_ready()

    yield _start
    for served in started:
        if served.process.poll() is None:
            served.process.terminate()
            served.process.wait(SECONDS_MAX)


def test_ctrl_c_stops_postgresql_in_order_and_the_next_start_keeps_the_data(
    folder: Path, start: Callable[..., Served]
) -> None:
    served = start(folder)
    served.sql("CREATE TABLE kept AS SELECT 1")
    assert served.ctrl_c() == 0
    assert "database system is shut down" in served.last_log_line()
    assert not (served.data / "postgres/postmaster.pid").exists()

    served = start(folder)
    assert served.sql("TABLE kept") == [(1,)]


def test_sigterm_stops_it_as_well(folder: Path, start: Callable[..., Served]) -> None:
    served = start(folder)
    served.process.terminate()
    assert served.process.wait(SECONDS_MAX) == 0
    assert "database system is shut down" in served.last_log_line()


def test_after_kill_9_of_everything_the_next_start_recovers(folder: Path, start: Callable[..., Served]) -> None:
    served = start(folder)
    served.sql("CREATE TABLE crashed AS SELECT 1")
    served.kill_everything()

    served = start(folder)
    assert served.get("/readyz") == (200, {"status": "ok"})
    assert served.sql("TABLE crashed") == [(1,)]
    assert "was not properly shut down" in (served.data / "postgres/log").read_text()
    assert served.ctrl_c() == 0
    assert "database system is shut down" in served.last_log_line()


def test_workers_of_a_killed_server_go_too(folder: Path, start: Callable[..., Served]) -> None:
    served = start(folder)
    workers = psutil.Process(served.process.pid).children()
    served.process.kill()
    served.process.wait(SECONDS_MAX)
    _, alive = psutil.wait_procs(workers, SECONDS_MAX)
    assert not alive
    # Nobody was left to stop PostgreSQL: the next start joins it, and stops it.
    assert start(folder).ctrl_c() == 0
    assert "database system is shut down" in served.last_log_line()


def test_a_command_meanwhile_joins_and_leaves_the_server_running(folder: Path, start: Callable[..., Served]) -> None:
    served = start(folder)
    postmaster = served.postmaster()
    command = [sys.executable, "manage.py", "migrate", "--check"]
    subprocess.run(command, cwd=PROJECT_DIR, env=environment(served.data), check=True, timeout=SECONDS_MAX)
    assert served.postmaster() == postmaster
    assert served.get("/readyz") == (200, {"status": "ok"})


def test_without_its_database_it_is_alive_but_not_ready(folder: Path, start: Callable[..., Served]) -> None:
    served = start(folder)
    assert served.get("/healthz") == served.get("/readyz") == (200, {"status": "ok"})
    served.postmaster().send_signal(signal.SIGINT)
    wait_for(lambda: served.get("/readyz")[0] == 503)
    wait_for(lambda: not (served.data / "postgres/postmaster.pid").exists())
    unavailable = {"status": "unavailable", "database": "unreachable", "migrations": "unknown"}
    assert served.get("/readyz") == (503, unavailable)
    assert served.get("/healthz") == (200, {"status": "ok"})
    assert served.ctrl_c() == 0


def test_a_taken_port_is_refused_in_one_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=PROJECT_DIR,
            env=environment(folder / "data", PORT=str(port)),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )
    assert refused.returncode == 1
    assert f"CommandError: Cannot serve on 127.0.0.1:{port}: Address already in use" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_it_runs_for_an_ordinary_user_where_root_would_use_another_account(
    start: Callable[..., Served],
) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv; the other tests of this file ran as an ordinary user")
    become_nobody = ("setpriv", "--reuid=nobody", "--clear-groups")
    probe = [*become_nobody, sys.executable, "-c", "open('manage.py')"]
    if subprocess.run(probe, cwd=PROJECT_DIR, capture_output=True, timeout=SECONDS_MAX).returncode:
        pytest.skip("this checkout, or its virtual environment, is closed to other users")
    with tempfile.TemporaryDirectory(prefix="bricqs-") as name:
        shutil.chown(name, "nobody")
        served = start(Path(name), *become_nobody)
        assert served.postmaster().username() == "nobody"
        assert served.get("/readyz") == (200, {"status": "ok"})
        assert served.ctrl_c() == 0
        assert "database system is shut down" in served.last_log_line()


@pytest.mark.django_db
def test_it_is_not_ready_before_its_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    MigrationRecorder(connection).record_unapplied("sessions", "0001_initial")
    client = Client()
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json() == {"status": "unavailable", "database": "ok", "migrations": "unapplied"}

    MigrationRecorder(connection).record_applied("sessions", "0001_initial")
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_migrations_of_a_newer_version_do_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    MigrationRecorder(connection).record_applied("gamify", "9999_of_the_next_release")
    assert Client().get("/readyz").status_code == 200


def environment(data: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "SEED_DEMO"}}
    return {**inherited, "BRICQS_DATA_DIR": str(data), **more}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.05)
