"""Backup and restore of the whole database, with PostgreSQL's own programs, which come along.

A backup is of one instant, whatever is written meanwhile. A restore goes into an empty database, in one transaction: it
is all there, or nothing is.

The programs that come along cannot encrypt. Where the service's own connection is encrypted, those of the machine are
used instead, so that nothing goes over the network in a way that the service would not send it.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django.db import OperationalError, connection

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
_PROGRAMS = ("pg_dump", "pg_restore", "psql")
# Said by pg_restore 17 and newer to every server; older ones do not know it.
_UNKNOWN_TO_OLD_SERVERS = b"SET transaction_timeout = 0;\n"


class BackupFailed(Exception):
    """With what PostgreSQL or its program said."""


def backup(file: Path) -> int:
    """Write a backup to `file` and return its size in bytes. Raises BackupFailed; FileExistsError."""
    if file.exists():
        raise FileExistsError(file)
    programs = _programs()
    draft = file.with_name(f"{file.name}.{os.getpid()}.part")
    # Keys and passwords are in it, if only as hashes.
    draft.touch(mode=0o600)
    try:
        _run(programs["pg_dump"], "--format=custom", "--no-owner", "--no-acl", "--file", draft)
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
    programs = _programs()
    _run(programs["pg_restore"], "--list", file)
    if _has_tables():
        raise BackupFailed("The database is not empty. Restore into a new one.")
    connection.close()
    command = [programs["pg_restore"], "--no-owner", "--no-acl", "--file=-", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as archive:  # noqa: S603 - arguments of our own, no shell
        assert archive.stdout
        assert archive.stderr
        _write(archive.stdout, archive, psql=programs["psql"])


def _write(script: IO[bytes], archive: "subprocess.Popen[bytes]", *, psql: str) -> None:
    command = [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
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


def _programs() -> dict[str, str]:
    """Where each program is: the bundled one, which fits servers from 15 to 18, unless it would have to encrypt."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise BackupFailed(str(error).strip()) from error
    service = connection.connection
    if not service.pgconn.ssl_in_use:
        return {name: str(embedded.programs() / name) for name in _PROGRAMS}
    found = {name: path for name in _PROGRAMS if (path := shutil.which(name))}
    if missing := [name for name in _PROGRAMS if name not in found]:
        raise BackupFailed(
            "The connection to the database is encrypted, as the bundled programs of PostgreSQL cannot do, and this"
            f" machine has no {', '.join(missing)}. Install PostgreSQL's client programs, of version"
            f" {service.info.server_version // 10_000} or newer; on Debian, the package postgresql-client."
        )
    return found


def _run(program: str, *arguments: object) -> None:
    command = [program, *map(str, arguments)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True)  # noqa: S603 - arguments of our own, no shell
    if done.returncode:
        raise BackupFailed(done.stderr.strip())


def _environment() -> dict[str, str]:
    parameters = connection.get_connection_params()
    own = {_ENVIRONMENT[name]: str(value) for name, value in parameters.items() if name in _ENVIRONMENT and value}
    return {**os.environ, **own}
