"""Several processes for one command, where what Python does takes longer than what PostgreSQL does."""

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any

import django
from django.core.management.base import CommandError
from django.db import connection

# Behind the web's processes where a processor is short, but not so far that a batch keeps its locks for long.
NICENESS = 10
OBJECTS_BETWEEN_COLLECTIONS = 10_000
# What is handed out to each process: the one that it does, and some to go on with while others are waited for.
AHEAD = 4


@contextmanager
def mapper(processes: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Python's `map`; or, of several processes, one that has them do the work, each with a connection of its own.

    They end with this process, however it ends. Raises CommandError where one of them was ended.
    """
    if processes == 1:
        yield map
        return
    # Spawned, because a forked one would speak on this one's connection.
    spawn = multiprocessing.get_context("spawn")
    database = connection.settings_dict["NAME"]
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin, initargs=(database,)) as pool:
        try:
            yield partial(_map, pool, AHEAD * processes)
        except BrokenProcessPool as error:
            raise CommandError(
                "One of its processes was ended. What was done until then stays; run it again."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _map(pool: ProcessPoolExecutor, ahead: int, do: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """`pool.map`, which would take all of `items` at once: here whoever makes them can stop while they are done."""
    handed_out: deque[Future[Any]] = deque()
    for item in items:
        handed_out.append(pool.submit(do, item))
        if len(handed_out) >= ahead:
            yield handed_out.popleft().result()
    for each in handed_out:
        yield each.result()


def _begin(database: str) -> None:
    os.nice(NICENESS)
    django.setup()
    # What Django is made of stays, and batches leave few cycles: looking for them took a thirtieth of all time.
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    # Where this one's is not the one that the settings name: a test's.
    connection.settings_dict["NAME"] = database
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # Whoever waits for work would wait for ever once the one that hands it out was killed.
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)
