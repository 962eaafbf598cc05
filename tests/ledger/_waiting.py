"""Waiting for what other connections do."""

import time
from collections.abc import Callable

from django.db import connection

from tests.ledger._threads import SECONDS_MAX

ATTEMPTS_MAX = 2_000


def settle() -> None:
    """Return once every transaction that is running now, of anybody on this server, has ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        [mine] = cursor.fetchone()
        for _ in range(ATTEMPTS_MAX):
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", [mine])
            if cursor.fetchone() == (True,):
                return
            # The server waits, so that whoever is waited for can work.
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("an older transaction does not end")


def wait_for_a_waiter() -> None:
    """Return once some transaction waits for one of this connection."""
    with connection.cursor() as cursor:
        for _ in range(ATTEMPTS_MAX):
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.rowcount:
                return
            cursor.execute("SELECT pg_sleep(0.005)")
    raise AssertionError("nobody waits")


def eventually(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds."""
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "it never comes about"
        time.sleep(0.005)
