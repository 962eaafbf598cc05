"""Backup and restore of the whole database, with PostgreSQL's own programs, which come along.

A backup is of one instant, whatever is written meanwhile. A restore goes into an empty database, in one transaction: it
is all there, or nothing is.
"""

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django.db import connection

from bricqs import embedded
from gamify.services import facts

# What libpq, which these programs are built on, calls the parameters of a connection. By the environment, as everybody
# on the machine can read the arguments of a command.
_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
# Said by pg_restore 17 and newer to every server; older ones do not know it.
_UNKNOWN_TO_OLD_SERVERS = b"SET transaction_timeout = 0;\n"


class BackupFailed(Exception):
    """With what PostgreSQL's program said."""


def backup(file: Path) -> int:
    """Write a backup to `file` and return its size in bytes. Raises BackupFailed; FileExistsError."""
    if file.exists():
        raise FileExistsError(file)
    draft = file.with_name(f"{file.name}.{os.getpid()}.part")
    # Keys and passwords are in it, if only as hashes.
    draft.touch(mode=0o600)
    try:
        _run("pg_dump", "--format=custom", "--no-owner", "--no-acl", "--file", draft)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        if file.exists():
            raise FileExistsError(file)
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def restore(file: Path) -> None:
    """Fill the empty database from `file`. Raises BackupFailed, having changed nothing."""
    _run("pg_restore", "--list", file)
    if _has_tables():
        raise BackupFailed("The database is not empty. Restore into a new one.")
    connection.close()
    command = [_program("pg_restore"), "--no-owner", "--no-acl", "--file=-", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as archive:  # noqa: S603 - arguments of our own, no shell
        assert archive.stdout
        assert archive.stderr
        _write(archive.stdout, archive)


def _write(script: IO[bytes], archive: "subprocess.Popen[bytes]") -> None:
    command = [_program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=_environment(), **pipes) as database:  # noqa: S603 - arguments of our own, no shell
        assert database.stdin
        assert database.stderr
        # It stops at its first error, and takes no more.
        with suppress(BrokenPipeError):
            database.stdin.write(b"BEGIN;\n")
            database.stdin.writelines(line for line in script if line != _UNKNOWN_TO_OLD_SERVERS)
            # Without its COMMIT, the transaction ends with the connection as if it had never begun.
            if archive.wait() == 0:
                # Backups set an empty search path.
                last = ["RESET search_path", *facts.BEGIN_ANEW, "COMMIT", "ANALYZE"]
                database.stdin.writelines(f"{statement};\n".encode() for statement in last)
        with suppress(BrokenPipeError):
            database.stdin.close()
        complaint = database.stderr.read()
        database.stdin = None
    # Where psql stopped first, pg_restore still waits for somebody to read on.
    script.close()
    archive.wait()
    assert archive.stderr
    if archive.returncode or database.returncode:
        raise BackupFailed((archive.stderr.read() + complaint).decode().strip())


def _has_tables() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_class WHERE relkind = 'r' AND oid >= 16384)")
        return bool(cursor.fetchone()[0])


def _run(program: str, *arguments: object) -> None:
    command = [_program(program), *map(str, arguments)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True)  # noqa: S603 - arguments of our own, no shell
    if done.returncode:
        raise BackupFailed(done.stderr.strip())


def _program(name: str) -> str:
    return str(embedded.programs() / name)


def _environment() -> dict[str, str]:
    parameters = connection.get_connection_params()
    own = {_ENVIRONMENT[name]: str(value) for name, value in parameters.items() if name in _ENVIRONMENT and value}
    return {**os.environ, **own}
