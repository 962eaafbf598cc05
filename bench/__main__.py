"""How fast it is, beside what the same machine does at best and what the same does row by row. `make bench` runs it.

    python -m bench [--rounds 7] [--seconds 4] [--participants 100000]

Starts the embedded PostgreSQL in a data folder of its own, fsync on, and servers as `make run` does; removes all of it
in the end. Prints a table and writes bench/results.json. docs/benchmarks.md says how to read them.
"""

import argparse
from collections.abc import Sequence

from bench import load, people, report
from bench.limit import Limit
from bench.load import CLIENTS, Run
from bench.proof import prove
from bench.rounds import Row, measure
from bench.servers import Shop, own_postgresql, server_with
from bench.targets import SPEED, judged
from tests.live.server import Server, server_on_a_database_of

SHOP, BY_HAND = "bench", "by-hand"
DEEP_PARTICIPANTS, PAGE_SIZE, DEEPEST_PAGE = 5, 20, 1000
BATCH_SIZE = 100
LIMIT_TRIAL_SECONDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--participants", type=int, default=100_000)
    options = parser.parse_args()
    load.require_wrk()
    with (
        server_on_a_database_of(own_postgresql(), name="bench") as server,
        server_with("bench.by_hand.settings", str(server.database_url)) as by_hand_server,
    ):
        shop, by_hand = Shop.create(server, SHOP), Shop.create(server, BY_HAND)
        for each in (shop, by_hand):
            people.award_once(str(server.database_url), each.slug, participants=options.participants)
        people.fill_deep(
            str(server.database_url), SHOP, participants=DEEP_PARTICIPANTS, entries=PAGE_SIZE * DEEPEST_PAGE
        )
        server.sql("VACUUM ANALYZE")
        limit = Limit(str(server.database_url), participants=options.participants)
        limit.find_clients(seconds=min(options.seconds, LIMIT_TRIAL_SECONDS))
        rows = _rows(shop, by_hand, by_hand_server, limit, options.participants)
        before = {each.slug: each.entries() for each in (shop, by_hand)}
        figures, acknowledged = measure(rows, rounds=options.rounds, seconds=options.seconds)
        limit.prove()
        proofs = [prove(each, before=before[each.slug], acknowledged=acknowledged) for each in (shop, by_hand)]
        result = {
            "machine": report.machine(server),
            "conditions": {
                "clients": CLIENTS,
                "limit_clients": limit.clients,
                "participants": options.participants,
                "rounds": options.rounds,
                "seconds": options.seconds,
            },
            "rows": figures,
            "targets": judged(SPEED, figures),
            "proofs": proofs,
        }
    report.save("speed", result)
    report.show("speed", result)


def _rows(shop: Shop, by_hand: Shop, by_hand_server: Server, limit: Limit, participants: int) -> Sequence[Row]:
    def http(shop: Shop, request: str, server: Server | None = None, **options: object) -> "_Http":
        return _Http((server or shop.server).port, request, {"key": shop.key, "participants": participants, **options})

    page = {"deep": DEEP_PARTICIPANTS, "pagesize": PAGE_SIZE}
    rows = [
        Row("limit", "the limit: one minimal award statement", lambda seconds, _: limit.run(seconds=seconds)),
        Row("empty", "an empty view", http(by_hand, "empty", by_hand_server)),
        Row("keyed", "an empty view, with a key", http(by_hand, "keyed", by_hand_server)),
        Row("award", "single awards", http(shop, "award"), writes_to=SHOP),
        Row("by_hand", "the same, row by row", http(by_hand, "byhand", by_hand_server), writes_to=BY_HAND),
        Row("hot", "awards to one participant", http(shop, "hot"), writes_to=SHOP),
        Row("batch", "awards in batches of 100", http(shop, "batch"), each=BATCH_SIZE, writes_to=SHOP),
        Row("deduct", "deducts", http(shop, "deduct"), writes_to=SHOP),
        Row("balance", "balance reads", http(shop, "balance")),
        Row("first_page", "first pages of 20", http(shop, "page", page=1, **page)),
        Row("thousandth_page", "thousandth pages of 20", http(shop, "page", page=DEEPEST_PAGE, **page)),
    ]
    return rows


class _Http:
    """A row's `run`."""

    def __init__(self, port: int, request: str, options: dict[str, object]) -> None:
        self.port, self.request, self.options = port, request, options

    def __call__(self, seconds: int, prefix: str) -> Run:
        return load.send(self.port, self.request, seconds=seconds, prefix=prefix, **self.options)


if __name__ == "__main__":
    main()
