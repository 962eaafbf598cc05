"""Several calls at the same time, as several processes would make them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
