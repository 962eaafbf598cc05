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
    if db.execute_wrappers:
        cursor = db.make_cursor(cursor)
    with db.wrap_database_errors:
        cursor.execute(sql, params)
    if db.queries_logged:
        db.queries_log.append({"sql": sql, "time": "0"})
    return cursor


@lru_cache(maxsize=512)
def placeholders(rows: int, types: tuple[str, ...]) -> str:
    """A VALUES list: `($1::uuid,$2::bigint),($3::uuid,$4::bigint)`; where a type is empty, PostgreSQL finds it out."""
    casts = [f"::{type}" if type else "" for type in types]
    numbers = count(1)
    return ",".join("(" + ",".join(f"${next(numbers)}{cast}" for cast in casts) + ")" for _ in range(rows))


@contextmanager
def pipelined_transaction() -> Iterator[None]:
    """One transaction whose BEGIN travels with its first statements and whose COMMIT travels with its last.

    A service then waits for the database once to load and once to write and commit. Inside Django's own atomic block
    (the admin's forms, tests) it is a savepoint instead. Either way the block has taken effect, durably or as far as
    the outer block lets it, when the `with` statement is left without an exception.
    """
    if connection.in_atomic_block:
        with transaction.atomic(), _pipeline() as pipeline:
            yield
            # Errors of queued statements must surface before the savepoint is released.
            pipeline.sync()
        return
    connection.ensure_connection()
    with _pipeline() as pipeline:
        try:
            send("BEGIN")
            yield
            send("COMMIT")
            pipeline.sync()
        except BaseException:
            _roll_back(pipeline)
            raise


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that a statement ran into."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return diagnostics.constraint_name if diagnostics else None


def with_fresh_connection(read: Callable[[], T]) -> T:
    """Run a read that starts a request; once more on a new connection where the kept one turns out to be dead.

    Cheaper than asking every kept connection whether it lives, which would be a round trip on each request.
    """
    try:
        return read()
    except OperationalError:
        if connection.in_atomic_block or (connection.connection and not connection.connection.closed):
            raise
        connection.close()
        return read()


@contextmanager
def _pipeline() -> Iterator[psycopg.Pipeline]:
    with connection.wrap_database_errors, connection.connection.pipeline() as pipeline:
        yield pipeline


def _roll_back(pipeline: psycopg.Pipeline) -> None:
    raw = connection.connection
    if raw is None or raw.closed:
        return
    # The sync takes the connection out of the aborted state that a failed statement left it in.
    with suppress(psycopg.Error):
        pipeline.sync()
    # Not a ROLLBACK of our own: this one also forgets what was to be prepared after the statement that failed. The
    # server skipped it, and psycopg would go on to name statements that are not there.
    with suppress(psycopg.Error):
        raw.rollback()
