"""A disk that is full: the ledger's entries on one of a few megabytes, and something else that takes up the rest."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.live.server import Server

SIZE = "2m"
ROWS_PER_FILL = 200

_TRIGGER = """
    CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE disk_full USING MESSAGE = 'could not extend file: No space left on device'; END $$;
    CREATE TRIGGER disk_is_full BEFORE INSERT ON gamify_entry FOR EACH ROW EXECUTE FUNCTION disk_is_full();
"""


@contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """While the block runs, PostgreSQL finds no space left for entries.

    Really so where this may mount a file system; elsewhere it says so in the same way.
    """
    folder = server.folder / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], capture_output=True).returncode:
        server.sql(_TRIGGER)
        yield
        server.sql("DROP TRIGGER disk_is_full ON gamify_entry")
        return
    try:
        _move_entries_to(server, folder)
        _fill(server)
        yield
        server.sql("DROP TABLE filling")
    finally:
        # Before it is unmounted: what is on it would be gone.
        server.sql("ALTER TABLE gamify_entry SET TABLESPACE pg_default")
        server.sql("DROP TABLE IF EXISTS filling")
        server.sql("DROP TABLESPACE small")
        subprocess.run(["umount", folder], check=True)


def _move_entries_to(server: Server, folder: Path) -> None:
    owner = (server.folder / "data/postgres").stat()
    os.chown(folder, owner.st_uid, owner.st_gid)
    shutil.chown(folder, owner.st_uid)
    server.sql(f"CREATE TABLESPACE small LOCATION '{folder}'")
    server.sql("ALTER TABLE gamify_entry SET TABLESPACE small")
    server.sql("CREATE TABLE filling (content text) TABLESPACE small")


def _fill(server: Server) -> None:
    """Until not even a page is free; and the pages of entries have no room for a row more."""
    for rows in (ROWS_PER_FILL, 1):
        try:
            while True:
                server.sql("INSERT INTO filling SELECT repeat('x', 2000) FROM generate_series(1, %s)", rows)
        except psycopg.errors.DiskFull:
            continue
