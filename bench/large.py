"""Does it stay as fast when the ledger is large? A million participants with ten entries each, beside a hundredth of
that, in turns. `make bench-large` runs it; the large ledger takes minutes to make, and some 20 GB of disk meanwhile.

    python -m bench.large [--participants 1000000] [--entries 10] [--rounds 5] [--seconds 4]

Adds to bench/results.json. docs/benchmarks.md says how to read it.
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from typing import Any

from bench import history, load, people, report
from bench.load import CLIENTS
from bench.machine import doubts, machine, software
from bench.proof import prove
from bench.rounds import Row, measure
from bench.rows import DEEP_PARTICIPANTS, PAGE_SIZE, PAGES, shop_rows
from bench.servers import Shop, own_postgresql
from bench.targets import judged, stays
from tests.live.server import server_on_a_database_of

# The small ledger has as many participants as can be called without meeting the same one too often.
SMALLER = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--participants", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    load.require_wrk()
    facts = machine()
    url = own_postgresql()
    few, many = options.participants // SMALLER, options.participants
    with (
        server_on_a_database_of(url, name="bench_small") as small_server,
        server_on_a_database_of(url, name="bench_large") as large_server,
    ):
        small, large = Shop.create(small_server, "small"), Shop.create(large_server, "large")
        _fill(small, participants=few, entries=options.entries)
        seconds_to_fill = _fill(large, participants=many, entries=options.entries)
        filled_at = f"{datetime.now(tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
        [(bytes_large,)] = large.server.sql("SELECT pg_database_size('bench_large')")
        before = {each: each.entries() for each in (small, large)}
        rows = _rows(small, few, large, many)
        figures, acknowledged = measure(rows, rounds=options.rounds, seconds=options.seconds)
        result: dict[str, Any] = {
            "machine": facts | software(large.server),
            "conditions": {
                "clients": CLIENTS,
                "large": {"participants": many, "entries": before[large], "gb": round(bytes_large / 2**30, 1)},
                "small": {"participants": few, "entries": before[small]},
                "seconds_to_fill": round(seconds_to_fill),
                "rounds": options.rounds,
                "seconds": options.seconds,
            },
            "rows": figures,
            "targets": judged(stays(figures, "large_", "small_"), figures),
            # All accounts that were touched, from their first entry on; all of the large ledger would take minutes.
            "proofs": [
                prove(each, before=before[each], acknowledged=acknowledged, since=filled_at) for each in (small, large)
            ],
            "notes": doubts(facts, figures),
        }
    report.save("large", result)


def _rows(small: Shop, few: int, large: Shop, many: int) -> list[Row]:
    """Each of the small ledger, and right after it the same of the large one."""
    in_small = shop_rows(small, participants=few, prefix="small_", which=", small ledger")
    in_large = shop_rows(large, participants=many, prefix="large_", which=", large ledger")
    return [row for pair in zip(in_small, in_large, strict=True) for row in pair]


def _fill(shop: Shop, *, participants: int, entries: int) -> float:
    """Returns how many seconds it took."""
    started = time.monotonic()
    url = str(shop.server.database_url)
    print(f"writing {participants * entries:,} entries", file=sys.stderr)
    history.write(url, shop.slug, participants=participants, entries=entries)
    people.fill_deep(url, shop.slug, participants=DEEP_PARTICIPANTS, entries=PAGE_SIZE * PAGES)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
