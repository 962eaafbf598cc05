"""Ending whole trees of processes, as a crash does."""

from contextlib import suppress

import psutil


def kill(*parents: psutil.Process, seconds_max: float) -> None:
    """`kill -9` of each with all its descendants; returns once all of them are gone."""
    # The parent first: it must not replace the children.
    victims = [each for parent in parents for each in (parent, *parent.children(recursive=True))]
    for victim in victims:
        # What served another victim ends by itself once that is gone: a session of PostgreSQL, for one.
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    _, alive = psutil.wait_procs(victims, seconds_max)
    assert not alive, alive
