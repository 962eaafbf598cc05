"""The real server for tests: `manage.py serve` as a process, with a database and a data folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from bricqs.env import PROJECT_DIR
from tests import processes
from tests.live.client import Client

SECONDS_MAX = 60
METRICS_TOKEN = "metrics-of-the-tests"
WORKERS = 2
# Beyond what a test can reach; its window ends in 2052.
WRITE_RATE = "999999999/9999d"
# The service's connections, each with a process of PostgreSQL behind it.
OF_THE_SERVICE = "FROM pg_stat_activity WHERE application_name = 'bricqs' AND datname = current_database()"


class Server:
    """Without a `database_url` it starts the bundled PostgreSQL in its own data folder."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.port = _free_port()
        inherited = {name: value for name, value in os.environ.items() if name not in _OF_THE_CALLER}
        own = {
            "BRICQS_DATA_DIR": str(folder / "data"),
            "PORT": str(self.port),
            "WEB_WORKERS": str(WORKERS),
            "SEED_DEMO": "false",
            "METRICS_TOKEN": METRICS_TOKEN,
            # Whose server a test was given may not care for durability.
            **({"DATABASE_URL": database_url, "SILENCED_CHECKS": "bricqs.E101"} if database_url else {}),
        }
        self.environment = {**inherited, **own}
        self.database_url = database_url
        self.process: subprocess.Popen[bytes] | None = None
        self.clients: list[Client] = []

    def start(self) -> "Server":
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=PROJECT_DIR,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + SECONDS_MAX
        while not self._is_ready():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self, *, with_postgresql: bool = False) -> None:
        """`kill -9` of the server and all its workers, and of PostgreSQL with all that serve its connections."""
        assert self.process
        victims = [psutil.Process(self.process.pid)]
        if with_postgresql:
            victims.append(psutil.Process(self._postmaster()))
        processes.kill(*victims, seconds_max=SECONDS_MAX)
        self.process.wait(SECONDS_MAX)

    def kill_session(self) -> None:
        """`kill -9` of the process behind one database connection: PostgreSQL then ends all others and recovers."""
        ((session,),) = self.sql(f"SELECT pid {OF_THE_SERVICE} LIMIT 1")
        os.kill(session, signal.SIGKILL)

    def restart_postgresql(self) -> None:
        """As an administrator does it: sessions are ended, transactions rolled back; then it starts again."""
        postmaster = psutil.Process(self._postmaster())
        postmaster.send_signal(signal.SIGINT)
        postmaster.wait(SECONDS_MAX)
        # Any command starts it where it does not run, and leaves it running where others use it.
        self.manage("check")

    def end_sessions(self) -> int:
        """Ends every connection of the service, in whatever it is doing, and says how many there were."""
        return len(self.sql(f"SELECT pg_terminate_backend(pid) {OF_THE_SERVICE}"))

    def kill_worker(self) -> psutil.Process:
        """`kill -9` of one of the processes that answer requests."""
        assert self.process
        worker = psutil.Process(self.process.pid).children()[0]
        worker.kill()
        return worker

    def manage(self, *arguments: str) -> str:
        command = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )
        assert command.returncode == 0, command.stderr
        return command.stdout.strip()

    def sql(self, statement: str, *parameters: Any) -> list[Any]:
        url = self.database_url or f"postgresql://postgres@/bricqs?host={self.folder}/data/postgres"
        with psycopg.connect(url, autocommit=True) as session:
            cursor = session.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def tenant(self, slug: str) -> str:
        """Make a tenant whose participants are never over their write cap, and return a key of it."""
        self.manage("create_tenant", slug)
        self.sql("UPDATE tenants_tenant SET participant_write_rate = %s WHERE slug = %s", WRITE_RATE, slug)
        return self.manage("issue_key", slug)

    def client(self, key: str) -> Client:
        self.clients.append(Client(self.port, key))
        return self.clients[-1]

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def _is_ready(self) -> bool:
        client = Client(self.port, "")
        try:
            return client.get("/readyz", base="").status == 200
        except OSError:
            return False
        finally:
            client.close()

    def _postmaster(self) -> int:
        return int((self.folder / "data/postgres/postmaster.pid").read_text().split()[0])


@contextmanager
def server_on_its_own_postgresql(*, restored_from: Path | None = None) -> Iterator[Server]:
    with _folder() as folder:
        server = Server(folder)
        try:
            if restored_from:
                server.manage("restore", str(restored_from))
            yield server.start()
        finally:
            server.stop()
            _stop_what_a_killed_server_left(server)


@contextmanager
def server_on_a_database_of(url: str, *, name: str, through: str | None = None) -> Iterator[Server]:
    """On a new database `name` of the PostgreSQL server that `url` names; it may connect through another URL."""
    own_url = urlsplit(through or url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as session, _folder() as folder:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        session.execute(drop)
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        server = Server(folder, own_url)
        try:
            yield server.start()
        finally:
            server.stop()
            session.execute(drop)


_OF_THE_CALLER = {"DATABASE_URL", "BRICQS_DATA_DIR", "HOST", "PORT", "WEB_WORKERS", "WEB_THREADS", "SEED_DEMO"} | {
    "CACHE_URL",
    "SESSION_CALL_RATE",
    "FAILED_KEY_RATE",
    "PROXY_ADDRESS_HEADER",
}


@contextmanager
def _folder() -> Iterator[Path]:
    # Not pytest's own folder: that is closed to the account which root runs PostgreSQL as, and too long for a socket.
    path = Path(tempfile.mkdtemp(prefix="bricqs-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _stop_what_a_killed_server_left(server: Server) -> None:
    try:
        postmaster = psutil.Process(server._postmaster())
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return
    if str(server.folder) in " ".join(postmaster.cmdline()):
        processes.kill(postmaster, seconds_max=SECONDS_MAX)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
