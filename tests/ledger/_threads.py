"""Several calls at the same time, as several processes would make them."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Barrier
from typing import TypeVar

from django.db import connection

SECONDS_MAX = 60

T = TypeVar("T")


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Run each call in a thread and on a connection of its own, all of them begun together."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        try:
            # Connecting takes longer than what is raced.
            connection.ensure_connection()
            barrier.wait(SECONDS_MAX)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(SECONDS_MAX) for future in [threads.submit(run, call) for call in calls]]


def at_once_behind(lock: AbstractContextManager[object], calls: Sequence[Callable[[], T]]) -> list[T]:
    """As `at_once`, but all that the calls need is let go only when every one of them waits for a lock.

    So each is held in the midst of what it does, with the locks that it took until then.
    """
    with ThreadPoolExecutor(1) as thread:
        with lock:
            results = thread.submit(at_once, calls)
            deadline = time.monotonic() + SECONDS_MAX
            while _waiting() < len(calls):
                assert time.monotonic() < deadline, f"only {_waiting()} of {len(calls)} wait"
                time.sleep(0.005)
        return results.result(SECONDS_MAX)


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), pg_stat_clear_snapshot() FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        )
        row = cursor.fetchone()
    assert row
    return int(row[0])
