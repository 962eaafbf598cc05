"""How the statements that every request sends reach PostgreSQL: bound and prepared on the server, in pipelines.

The ORM composes its statements anew each time and binds values into the text; for the handful of statements of the
award path that is most of their cost. They are written by hand and sent through here instead. Whoever watches Django's
queries (tests that count, lints) sees them too.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, IntegrityError, OperationalError, connection, connections, transaction

from tenants import telemetry

Row = tuple[Any, ...]
T = TypeVar("T")


def send(sql: str, params: Sequence[Any] = ()) -> Any:
    """Send one statement, its parameters numbered `$1`, and return its cursor.

    Inside a pipeline nothing is waited for until a row is fetched.
    """
    db = connections[DEFAULT_DB_ALIAS]
    db.ensure_connection()
    # Raw: psycopg parses no placeholders, which takes it longer than PostgreSQL takes for a long VALUES list. Binary:
    # ids and times come back as they are, without going through text.
    cursor: Any = psycopg.RawCursor(db.connection)
    cursor.format = psycopg.pq.Format.BINARY
    if db.execute_wrappers != _ONLY_COUNTING:
        cursor = db.make_cursor(cursor)
    else:
        # What the one wrapper does, at a tenth of what Django's way to it costs.
        telemetry.notes().statements += 1
    with db.wrap_database_errors:
        cursor.execute(sql, params)
    if db.queries_logged:
        db.queries_log.append({"sql": sql, "time": "0"})
    return cursor


def count_statement(execute: Callable[..., T], *args: Any) -> T:
    """Django's execute wrapper for the statements of the ORM."""
    telemetry.notes().statements += 1
    return execute(*args)


_ONLY_COUNTING = [count_statement]


@lru_cache(maxsize=512)
def placeholders(rows: int, columns: tuple[str, ...]) -> str:
    """A VALUES list, numbered: of `("$::uuid", "$")`, twice, `($1::uuid,$2),($3::uuid,$4)`."""
    numbers = count(1)
    return ",".join(
        "(" + ",".join(column.replace("$", f"${next(numbers)}") for column in columns) + ")" for _ in range(rows)
    )


@contextmanager
def pipelined_transaction() -> Iterator[None]:
    """One transaction whose BEGIN travels with its first statements and whose COMMIT travels with its last.

    A service then waits for the database once to load and once to write and commit. Inside Django's own atomic block
    (the admin's forms, tests) it is a savepoint instead, and nothing is queued: a statement that fails must do so
    before the savepoint is released. Either way the block has taken effect, durably or as far as the outer block lets
    it, when the `with` statement is left without an exception.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    connection.ensure_connection()
    raw = connection.connection
    try:
        # Leaving the pipeline waits for COMMIT, and raises the first error of whatever was queued before it.
        with connection.wrap_database_errors, raw.pipeline():
            send("BEGIN")
            yield
            send("COMMIT")
    except BaseException:
        # psycopg's own, not a ROLLBACK of ours: it also forgets what was to be prepared after the statement that
        # failed. The server skipped that, and psycopg would go on to name statements that are not there.
        with suppress(psycopg.Error):
            raw.rollback()
        raise


@contextmanager
def snapshot() -> Iterator[None]:
    """All reads of the block see one moment. Inside an outer transaction (a test's), what that one sees."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that a statement ran into."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return diagnostics.constraint_name if diagnostics else None


def with_fresh_connection(read: Callable[[], T]) -> T:
    """Run a read that starts a request; once more on a new connection where the kept one turns out to be dead.

    Cheaper than asking every kept connection whether it lives, which would be a round trip on each request.
    """
    kept = connection.connection
    try:
        return read()
    except OperationalError:
        # Leaving an atomic block, Django may have made a new one already.
        is_dead = kept is not None and (connection.connection is not kept or not connection.is_usable())
        if connection.in_atomic_block or not is_dead:
            raise
        connection.close()
        return read()
