"""Awards at a fixed rate, in a process of its own, as a web process would make them: how long did each take?"""

import itertools
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

THREADS = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """An award to somebody of `group`, due at `at` of the monotonic clock; `seconds` from then on, waiting included."""

    group: str
    at: float
    seconds: float


@contextmanager
def awarding(slug: str, *, groups: Mapping[str, Sequence[str]], per_second: float) -> Iterator[list[Sample]]:
    """Award while the block runs, to each of `groups` in turn. The list is filled when the block is left."""
    spawn = multiprocessing.get_context("spawn")
    stop, results = spawn.Event(), spawn.Queue()
    process = spawn.Process(target=_run, args=(slug, groups, per_second, stop, results))
    process.start()
    samples: list[Sample] = []
    try:
        yield samples
    finally:
        stop.set()
        samples += results.get(timeout=60)
        process.join()


def quantile(samples: Sequence[Sample], share: float) -> float:
    """In milliseconds: so many of the samples took no longer."""
    seconds = sorted(sample.seconds for sample in samples)
    return 1000 * seconds[min(len(seconds) - 1, int(share * len(seconds)))]


def _run(slug: str, groups: Mapping[str, Sequence[str]], per_second: float, stop: Any, results: Any) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bricqs.settings")
    import django

    django.setup()
    from gamify.services import points
    from gamify.services.points import Award
    from tenants.models import Tenant
    from tenants.refs import TenantRef

    tenant = TenantRef.of(Tenant.objects.by_slug(slug))
    turns = itertools.cycle(groups)
    started, numbers = time.monotonic(), itertools.count()
    samples: list[Sample] = []
    lock = threading.Lock()

    def work() -> None:
        while not stop.is_set():
            with lock:
                at, group = started + next(numbers) / per_second, next(turns)
            time.sleep(max(0.0, at - time.monotonic()))
            item = Award(random.choice(groups[group]), 10, reason="Purchase completed")
            assert points.award(tenant=tenant, item=item, now=datetime.now(tz=UTC)).error is None
            samples.append(Sample(group, at, time.monotonic() - at))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(samples)
