"""`backup` and `restore`, into another database of the same server; tests/live/test_backup.py moves a service."""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from bricqs.env import PROJECT_DIR
from tests.live.encrypted_wire import EncryptedWire, encrypted_wire_to

SECONDS_MAX = 120
NewDatabase = Callable[[], str]


@pytest.fixture(scope="module")
def new_database() -> Iterator[NewDatabase]:
    """Makes an empty database and returns its URL."""
    url = os.environ["DATABASE_URL"]
    names: list[sql.Identifier] = []
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with psycopg.connect(url, autocommit=True) as session:

        def make() -> str:
            names.append(sql.Identifier(f"backup_{worker}_{os.getpid()}_{len(names)}"))
            session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(names[-1]))
            return urlsplit(url)._replace(path="/" + names[-1].as_string().strip('"')).geturl()

        yield make
        for name in names:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="module")
def demo(new_database: NewDatabase) -> str:
    """A database with something in all that matters: the demo, with an engagement's worth of facts."""
    url = new_database()
    manage(url, "migrate", "--verbosity=0")
    manage(url, "seed_demo")
    return url


@pytest.fixture(scope="module")
def file(demo: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    file = tmp_path_factory.mktemp("backups") / "demo.backup"
    said = manage(demo, "backup", str(file))
    assert said == f"Wrote {file.stat().st_size} bytes to {file}."
    return file


@pytest.fixture(scope="module")
def restored(file: Path, new_database: NewDatabase) -> str:
    url = new_database()
    assert manage(url, "restore", str(file)) == f"Restored {file}. Now run verify_ledger."
    return url


def test_what_was_backed_up_is_restored_and_verifies(demo: str, restored: str) -> None:
    assert content(restored) == content(demo)
    verified = manage(restored, "verify_ledger")
    assert verified.endswith(": 0 broken.")
    [(entries,)] = select(demo, "SELECT count(*) FROM gamify_entry")
    assert verified.startswith(f"Verified {entries} entries")
    assert entries > 0
    manage(restored, "migrate", "--check")


def test_facts_begin_anew(demo: str, restored: str) -> None:
    assert select(demo, "SELECT min(transaction) > 0 FROM gamify_fact") == [(True,)]
    assert select(restored, "SELECT DISTINCT transaction FROM gamify_fact") == [(0,)]
    assert select(restored, "SELECT DISTINCT fact_transaction FROM gamify_participant") == [(0,)]


def test_a_database_moved_by_other_means_is_told_to_begin_anew(restored: str) -> None:
    select(restored, "UPDATE gamify_fact SET transaction = 999999999 RETURNING 1")
    select(restored, "UPDATE gamify_participant SET fact_transaction = 999999999 RETURNING 1")
    assert manage(restored, "begin_facts_anew") == "The facts begin anew."
    assert select(restored, "SELECT DISTINCT transaction FROM gamify_fact") == [(0,)]
    assert select(restored, "SELECT DISTINCT fact_transaction FROM gamify_participant") == [(0,)]


def test_a_backup_is_its_owner_s_alone_and_replaces_none(demo: str, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    before = file.read_bytes()
    assert "exists" in manage(demo, "backup", str(file), fails=True)
    assert file.read_bytes() == before


def test_a_database_with_tables_is_not_restored_into(demo: str, file: Path) -> None:
    before = content(demo)
    assert "Nothing was restored: The database is not empty" in manage(demo, "restore", str(file), fails=True)
    assert content(demo) == before


def test_of_a_file_cut_short_nothing_is_restored(file: Path, new_database: NewDatabase, tmp_path: Path) -> None:
    url, whole = new_database(), file.read_bytes()
    for share in (0.02, 0.5, 0.95):
        cut = tmp_path / f"cut-{share}"
        cut.write_bytes(whole[: int(len(whole) * share)])
        complaint = manage(url, "restore", str(cut), fails=True)
        assert "Nothing was restored" in complaint
        assert "Traceback" not in complaint
        assert select(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_of_what_the_database_refuses_nothing_is_restored(file: Path, new_database: NewDatabase) -> None:
    url = new_database()
    # In the way of the first table, with much more of the file to come.
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("CREATE TYPE gamify_account AS (n int)")
    complaint = manage(url, "restore", str(file), fails=True)
    assert "Nothing was restored" in complaint
    assert "gamify_account" in complaint
    assert select(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    url = "postgresql://nobody:secret@127.0.0.1:1/nowhere"
    complaint = manage(url, "backup", str(tmp_path / "never"), fails=True)
    assert "There is no backup" in complaint
    assert "secret" not in complaint
    assert list(tmp_path.iterdir()) == []


def test_a_restore_that_reaches_no_database_says_so(file: Path) -> None:
    complaint = manage("postgresql://nobody:secret@127.0.0.1:1/nowhere", "restore", str(file), fails=True)
    assert "Nothing was restored" in complaint
    assert "Traceback" not in complaint
    assert "secret" not in complaint


class TestEncryptedConnection:
    """The bundled programs cannot encrypt, so those of the machine have to."""

    @pytest.fixture
    def wire(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncryptedWire]:
        if not shutil.which("openssl"):
            pytest.skip("needs openssl, which makes a certificate")
        with encrypted_wire_to(os.environ["DATABASE_URL"], tmp_path_factory.mktemp("certificate")) as wire:
            yield wire

    # Where the URL says nothing, libpq prefers encryption; the bundled programs would send everything in the clear.
    @pytest.mark.parametrize("sslmode", ["verify-full", "prefer"])
    def test_without_programs_of_the_machine_there_is_no_backup(
        self, demo: str, wire: EncryptedWire, tmp_path: Path, sslmode: str
    ) -> None:
        nowhere, backups = tmp_path / "nowhere", tmp_path / "backups"
        nowhere.mkdir()
        backups.mkdir()
        url = wire.to(demo, sslmode=sslmode)
        complaint = manage(url, "backup", str(backups / "never"), fails=True, PATH=str(nowhere))
        assert "There is no backup" in complaint
        assert "no pg_dump, pg_restore, psql. Install PostgreSQL's client programs" in complaint
        assert list(backups.iterdir()) == []

    def test_without_programs_of_the_machine_nothing_is_restored(
        self, file: Path, wire: EncryptedWire, new_database: NewDatabase, tmp_path: Path
    ) -> None:
        # One of three is not enough.
        (tmp_path / "pg_restore").symlink_to("/bin/true")
        url = new_database()
        complaint = manage(wire.to(url), "restore", str(file), fails=True, PATH=str(tmp_path))
        assert "Nothing was restored" in complaint
        assert "no pg_dump, psql. Install PostgreSQL's client programs" in complaint
        assert select(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]

    def test_programs_of_the_machine_encrypt_and_refuse_newer_servers(
        self, demo: str, wire: EncryptedWire, new_database: NewDatabase, tmp_path: Path
    ) -> None:
        file = tmp_path / "encrypted.backup"
        if major_version_of_the_machine() < server_version(demo):
            complaint = manage(wire.to(demo), "backup", str(file), fails=True)
            assert "There is no backup" in complaint
            assert "server version mismatch" in complaint
            assert list(tmp_path.iterdir()) == []
            return
        manage(wire.to(demo), "backup", str(file))
        url = new_database()
        assert manage(wire.to(url), "restore", str(file)) == f"Restored {file}. Now run verify_ledger."
        assert content(url) == content(demo)


def major_version_of_the_machine() -> int:
    if not all(map(shutil.which, ("pg_dump", "pg_restore", "psql"))):
        pytest.skip("needs PostgreSQL's client programs")
    said = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PostgreSQL\) (\d+)", said)
    assert found, said
    return int(found[1])


def server_version(url: str) -> int:
    with psycopg.connect(url) as session:
        return session.info.server_version // 10_000


def manage(url: str, *arguments: str, fails: bool = False, **environment: str) -> str:
    """What it said on stdout; or, where it is to fail, on stderr."""
    command = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT_DIR,
        env={**os.environ, "DATABASE_URL": url, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert (command.returncode != 0) is fails, command.stdout + command.stderr
    return command.stderr.strip() if fails else command.stdout.strip()


def select(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as session:
        return session.execute(statement.encode()).fetchall()


_DIGEST = """
    SELECT count(*), md5(string_agg(row, ';' ORDER BY row))
      FROM (SELECT (to_jsonb(t) - 'transaction' - 'fact_transaction')::text AS row FROM TABLE t) rows
"""


def content(url: str) -> dict[str, Any]:
    """Of each table, how many rows, and a digest of them all, without what a restore numbers anew."""
    tables = select(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    assert tables
    return {
        table: select(
            url,
            _DIGEST.replace("TABLE", table),
        )
        for (table,) in tables
    }
