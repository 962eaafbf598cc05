"""What is measured: the embedded PostgreSQL in a data folder of its own, and servers as `make run` starts them."""

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.programme import PROGRAMME
from bricqs import embedded, env
from tests.live.server import Server

# Of 16 MB each, as many as fill `min_wal_size`.
LOG_FILES = 130


def own_postgresql() -> str:
    """Start it, with the product's own settings, on the data folder's disk. It stops when this process ends. Returns
    the URL of a database of it."""
    os.environ.pop("DATABASE_URL", None)
    folder = env.data_dir() / "bench"
    os.environ["BRICQS_DATA_DIR"] = str(folder)
    # Runs after the stop that is registered next.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    embedded.provide_database_url()
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as session:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            row = session.execute(f"SHOW {setting}".encode()).fetchone()
            assert row == ("on",), f"{setting} is {row}: what is measured must survive a crash"
        # A server that has run for a while writes its log into files that were there before.
        for _ in range(LOG_FILES):
            session.execute("SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()")
        session.execute("CHECKPOINT")
    return url


@contextmanager
def server_with(settings: str, database_url: str) -> Iterator[Server]:
    """One more server on a database that has one, with other settings."""
    with tempfile.TemporaryDirectory(prefix="bricqs-") as folder:
        server = Server(Path(folder), database_url)
        server.environment["DJANGO_SETTINGS_MODULE"] = settings
        try:
            yield server.start()
        finally:
            server.stop()


@dataclass(frozen=True, slots=True, eq=False)
class Shop:
    """A tenant with the programme, and a key of it."""

    server: Server
    slug: str
    key: str

    @classmethod
    def create(cls, server: Server, slug: str) -> "Shop":
        # With a write cap that is looked at and counted on every write, and never reached.
        key = server.tenant(slug)
        file = server.folder / "programme.json"
        file.write_text(json.dumps(PROGRAMME))
        server.manage("apply_programme", slug, str(file))
        return cls(server, slug, key)

    def entries(self) -> int:
        """As the entries say, and not the accounts' counters."""
        [(count,)] = self.server.sql(
            """SELECT count(*) FROM gamify_entry WHERE points_system_id IN
                   (SELECT s.id FROM gamify_pointssystem s JOIN tenants_tenant t ON t.id = s.tenant_id
                     WHERE t.slug = %s AND t.sandbox_of_id IS NULL)""",
            self.slug,
        )
        return int(count)
