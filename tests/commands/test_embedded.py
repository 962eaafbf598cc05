"""The bundled PostgreSQL's traps. Each test runs processes of its own, on a data folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import environ
import psutil
import psycopg
import pytest

from bricqs import embedded
from bricqs.env import PROJECT_DIR
from tests import processes

pytestmark = pytest.mark.slow

SECONDS_MAX = 60
# Says what it joined, and leaves when its standard input is closed.
JOIN = """
import os, sys
from bricqs import embedded
{setting}
embedded.provide_database_url()
print(os.environ["DATABASE_URL"], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """One data folder for all tests that leave a stopped cluster behind, as making it takes a second."""
    # Not pytest's own folder: that is closed to the account which root runs PostgreSQL as.
    path = Path(tempfile.mkdtemp(prefix="bricqs-"))
    join(path).communicate(timeout=SECONDS_MAX)
    yield path
    shutil.rmtree(path)


def test_of_processes_that_start_at_once_the_last_to_leave_stops_it() -> None:
    with tempfile.TemporaryDirectory(prefix="bricqs-") as name:
        data = Path(name)
        joined = [join(data) for _ in range(3)]
        assert len({url_of(process) for process in joined}) == 1
        for process in joined:
            assert is_running(data)
            leave(process)
        assert not is_running(data)
        log = (data / "postgres/log").read_text()
        assert log.count("starting PostgreSQL") == log.count("database system is shut down") == 1


def test_a_killed_process_does_not_keep_it_running(shared: Path) -> None:
    killed, other = join(shared), join(shared)
    url_of(killed)
    url_of(other)
    killed.kill()
    killed.communicate()
    leave(other)
    assert not is_running(shared)


def test_a_server_that_nobody_stopped_is_joined_and_then_stopped(shared: Path) -> None:
    process = join(shared)
    url_of(process)
    process.kill()
    process.communicate()
    assert is_running(shared)
    leave(join(shared))
    assert not is_running(shared)


def test_a_pid_file_whose_pid_now_belongs_to_another_program_does_not_prevent_the_start(shared: Path) -> None:
    pid_file = shared / "postgres/postmaster.pid"
    socket_lock = shared / "postgres/.s.PGSQL.5432.lock"
    postmaster = crash(shared)
    # Of the account that owns the data: PostgreSQL sees through any other by itself.
    with subprocess.Popen(["sleep", "600"], user=pid_file.stat().st_uid) as other_program:
        try:
            for path in (pid_file, socket_lock):
                path.write_text(path.read_text().replace(str(postmaster), str(other_program.pid)))
            process = join(shared)
            assert "host=" in url_of(process)
            leave(process)
        finally:
            other_program.kill()


@pytest.mark.parametrize("content", ["", "1\n", "not a number\n"])
def test_a_pid_file_cut_short_does_not_prevent_the_start(shared: Path, content: str) -> None:
    pid_file = shared / "postgres/postmaster.pid"
    crash(shared)
    pid_file.write_text(content)
    process = join(shared)
    assert "host=" in url_of(process)
    leave(process)


def test_a_server_that_does_not_answer_yet_is_waited_for(shared: Path) -> None:
    process = join(shared)
    url = url_of(process)
    postmaster = psutil.Process(pid_of(shared))
    postmaster.suspend()
    try:
        waiting = join(shared, setting="embedded.SILENT_SECONDS_MAX = 0")
        assert waiting.stderr
        assert "recovering from a crash, 300 seconds at most" in waiting.stderr.readline()
    finally:
        postmaster.resume()
    assert url_of(waiting) == url
    leave(process)
    leave(waiting)


def test_an_initdb_cut_short_is_begun_again() -> None:
    with tempfile.TemporaryDirectory(prefix="bricqs-") as name:
        draft = Path(name, "postgres.new")
        draft.mkdir()
        (draft / "PG_VERSION").write_text("18\n")
        process = join(Path(name))
        assert url_of(process).endswith(f"?host={name}/postgres")
        leave(process)


def test_a_path_that_no_socket_can_have_is_served_by_a_socket_elsewhere() -> None:
    with tempfile.TemporaryDirectory(prefix="bricqs-") as name:
        data = Path(name, "50% of a, b & 'c'", "x" * 100)
        process = join(data)
        url = url_of(process)
        with psycopg.connect(url) as session:
            assert session.execute("SHOW data_directory").fetchone() == (f"{data}/postgres",)
            assert session.info.host != f"{data}/postgres"
            socket_folder = session.info.host
        assert environ.Env.db_url_config(url)["OPTIONS"] == {"host": socket_folder}
        leave(process)
        shutil.rmtree(socket_folder)


def test_durability_keeps_its_safe_defaults_and_settings_of_ones_own_win(shared: Path) -> None:
    process = join(shared)
    with psycopg.connect(url_of(process), autocommit=True) as session:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert session.execute(f"SHOW {setting}".encode()).fetchone() == ("on",)
        session.execute("ALTER SYSTEM SET max_connections = 50")
    leave(process)
    process = join(shared)
    with psycopg.connect(url_of(process)) as session:
        assert session.execute("SHOW max_connections").fetchone() == ("50",)
        assert session.execute("SHOW shared_buffers").fetchone() == ("256MB",)
    leave(process)


def test_a_given_url_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    embedded.provide_database_url()
    assert os.environ["DATABASE_URL"] == "postgresql://somewhere/else"


def join(data: Path, *, setting: str = "") -> "subprocess.Popen[str]":
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "-c", JOIN.format(setting=setting)],
        cwd=PROJECT_DIR,
        env={**inherited, "BRICQS_DATA_DIR": str(data)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def url_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def leave(process: "subprocess.Popen[str]") -> None:
    _, stderr = process.communicate(timeout=SECONDS_MAX)
    # Which is right to say on a machine that takes its time.
    said = [line for line in stderr.splitlines() if not line.startswith("PostgreSQL is recovering from a crash")]
    assert (process.returncode, said) == (0, [])


def crash(data: Path) -> int:
    """Starts the server, then kills it and its user with everything."""
    process = join(data)
    url_of(process)
    postmaster = pid_of(data)
    processes.kill(psutil.Process(postmaster), psutil.Process(process.pid), seconds_max=SECONDS_MAX)
    process.communicate()
    return postmaster


def pid_of(data: Path) -> int:
    return int((data / "postgres/postmaster.pid").read_text().split()[0])


def is_running(data: Path) -> bool:
    return (data / "postgres/postmaster.pid").exists()
