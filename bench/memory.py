"""Does a worker's memory stay flat? A million requests of all kinds, and the size of the workers on the way.
`make bench-memory` runs it; it takes as long as a million requests take.

    python -m bench.memory [--requests 1000000] [--minutes-max 60] [--participants 100000]

Adds to bench/results.json. docs/benchmarks.md says how to read it.
"""

import argparse
import sys
import time
from typing import Any

import psutil

from bench import load, people, report
from bench.load import CLIENTS
from bench.machine import machine, software
from bench.proof import prove
from bench.rounds import Acknowledged
from bench.rows import PAGE_SIZE, Requests
from bench.servers import Shop, own_postgresql
from bench.targets import MEMORY, judged
from tests.live.server import Server, server_on_a_database_of

SECONDS_BETWEEN_LOOKS = 20
# By then every thread has its connection, its statements and its caches.
WARM_SHARE = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--minutes-max", type=float, default=60)
    parser.add_argument("--participants", type=int, default=100_000)
    options = parser.parse_args()
    load.require_wrk()
    facts = machine()
    with server_on_a_database_of(own_postgresql(), name="bench_memory") as server:
        shop = Shop.create(server, "bench")
        people.award_once(str(server.database_url), shop.slug, participants=options.participants)
        before = shop.entries()
        mixed = Requests("mixed", shop, participants=options.participants, page=1, pagesize=PAGE_SIZE)
        looks, acknowledged = _run(server, shop, mixed, requests=options.requests, minutes_max=options.minutes_max)
        figures = {"workers": _figures(looks, options.requests)}
        result = {
            "machine": facts | software(server),
            "conditions": {
                "clients": CLIENTS,
                "participants": options.participants,
                "requests": looks[-1][0],
            },
            "rows": figures,
            "targets": judged(MEMORY, figures),
            "proofs": [prove(shop, before=before, acknowledged=acknowledged)],
            "notes": [],
        }
    report.save("memory", result)


# Requests done, and the megabytes of each worker, by its process id.
Look = tuple[int, dict[int, float]]


def _run(
    server: Server, shop: Shop, mixed: Requests, *, requests: int, minutes_max: float
) -> tuple[list[Look], Acknowledged]:
    acknowledged, done, looks = Acknowledged(), 0, list[Look]()
    deadline = time.monotonic() + 60 * minutes_max
    while done < requests:
        if time.monotonic() > deadline:
            raise SystemExit(f"{done:,} requests in {minutes_max:g} minutes: too slow, so nothing was measured.")
        run = mixed(SECONDS_BETWEEN_LOOKS, f"run{len(looks)}")
        done += run.answered
        # Those under way at the end of a run, if any, are among the writes or not.
        acknowledged.entries[shop] += run.writes - run.unanswered
        acknowledged.in_doubt[shop] += run.unanswered
        looks.append((done, _workers(server)))
        print(f"{done:>9,} requests: {' '.join(f'{mb:.1f}' for mb in looks[-1][1].values())} MB", file=sys.stderr)
    return looks, acknowledged


def _workers(server: Server) -> dict[int, float]:
    """Resident memory, what is shared with others included."""
    assert server.process
    children = psutil.Process(server.process.pid).children()
    return {child.pid: child.memory_info().rss / 2**20 for child in children}


def _figures(looks: list[Look], requests: int) -> dict[str, Any]:
    if len({frozenset(workers) for _, workers in looks}) > 1:
        raise SystemExit("A worker was replaced meanwhile: its memory tells nothing.")
    warm = next(workers for done, workers in looks if done >= WARM_SHARE * requests)
    last = looks[-1][1]
    return {
        "title": "memory of a worker",
        "largest_mb": round(max(mb for _, workers in looks for mb in workers.values()), 1),
        "grown_mb": round(max(last[pid] - warm[pid] for pid in last), 1),
        "looks": [{"requests": done, "mb": [round(mb, 1) for mb in workers.values()]} for done, workers in looks],
    }


if __name__ == "__main__":
    main()
