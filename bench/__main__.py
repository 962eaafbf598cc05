"""How fast it is, beside what the same machine does at best and what the same does row by row. `make bench` runs it.

    python -m bench [--rounds 7] [--seconds 4] [--participants 100000]

Starts the embedded PostgreSQL in a data folder of its own, fsync on, and servers as `make run` does; removes all of it
in the end. Prints a table and writes bench/results.json. docs/benchmarks.md says how to read them.
"""

import argparse

from bench import load, people, report
from bench.limit import Limit
from bench.load import CLIENTS
from bench.machine import doubts, machine, software
from bench.proof import prove
from bench.rounds import Row, measure
from bench.rows import BATCH_CLIENTS, DEEP_PARTICIPANTS, PAGE_SIZE, PAGES, Requests, shop_rows
from bench.servers import Shop, own_postgresql, server_with
from bench.targets import SPEED, judged
from tests.live.server import Server, server_on_a_database_of

LIMIT_TRIAL_SECONDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--participants", type=int, default=100_000)
    options = parser.parse_args()
    load.require_wrk()
    facts = machine()
    with (
        server_on_a_database_of(own_postgresql(), name="bench") as server,
        server_with("bench.by_hand.settings", str(server.database_url)) as by_hand_server,
    ):
        url = str(server.database_url)
        shop, by_hand = Shop.create(server, "bench"), Shop.create(server, "by-hand")
        for each in (shop, by_hand):
            people.award_once(url, each.slug, participants=options.participants)
        people.fill_deep(url, shop.slug, participants=DEEP_PARTICIPANTS, entries=PAGE_SIZE * PAGES)
        server.sql("VACUUM ANALYZE")
        limit = Limit(url, participants=options.participants)
        limit.find_clients(seconds=min(options.seconds, LIMIT_TRIAL_SECONDS))
        rows = [
            *_yardsticks(limit, by_hand, by_hand_server, participants=options.participants),
            *shop_rows(shop, participants=options.participants),
        ]
        before = {each: each.entries() for each in (shop, by_hand)}
        figures, acknowledged = measure(rows, rounds=options.rounds, seconds=options.seconds)
        limit.prove()
        result = {
            "machine": facts | software(server),
            "conditions": {
                "clients": CLIENTS,
                "clients_of_batches": BATCH_CLIENTS,
                "clients_of_limit": limit.clients,
                "participants": options.participants,
                "rounds": options.rounds,
                "seconds": options.seconds,
            },
            "rows": figures,
            "targets": judged(SPEED, figures),
            "proofs": [prove(each, before=before[each], acknowledged=acknowledged) for each in (shop, by_hand)],
            "notes": doubts(facts, figures),
        }
    report.save("speed", result)


def _yardsticks(limit: Limit, by_hand: Shop, server: Server, *, participants: int) -> list[Row]:
    """What the engine is held against."""
    port = server.port
    awards = Requests("byhand", by_hand, port=port, participants=participants)
    return [
        Row("limit", "the limit: a minimal award statement", lambda seconds, _: limit.run(seconds=seconds)),
        Row("empty", "an empty view", Requests("empty", by_hand, port=port)),
        Row("keyed", "an empty view, with a key", Requests("keyed", by_hand, port=port)),
        Row("by_hand", "single awards row by row", awards, writes_to=by_hand),
    ]


if __name__ == "__main__":
    main()
