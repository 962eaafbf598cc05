"""What is asked of a shop's server, one row each."""

from bench import load
from bench.load import CLIENTS, Run
from bench.programme import METRIC
from bench.rounds import Row
from bench.servers import Shop

# Participants with a long history, of so many pages.
DEEP_PARTICIPANTS, PAGE_SIZE, PAGES = 5, 20, 1000
BATCH_SIZE = 100
# A batch keeps a core busy by itself: more clients would only wait for each other.
BATCH_CLIENTS = 4


class Requests:
    """A row's `run`: seconds of one kind of request, by a key of `shop`."""

    def __init__(
        self, request: str, shop: Shop, *, port: int | None = None, clients: int = CLIENTS, **options: object
    ) -> None:
        self.request, self.port, self.clients = request, port or shop.server.port, clients
        self.options = {"key": shop.key, **options}

    def __call__(self, seconds: int, prefix: str) -> Run:
        options = {**self.options, "prefix": prefix}
        return load.send(self.port, self.request, seconds=seconds, clients=self.clients, **options)


def shop_rows(shop: Shop, *, participants: int, prefix: str = "", which: str = "") -> list[Row]:
    """Of a shop with participants p0, p1, …, and those with a long history.

    `prefix` and `which` tell its rows from another shop's.
    """
    deep = {"deep": DEEP_PARTICIPANTS, "pagesize": PAGE_SIZE}
    everybody = {"participants": participants}
    batch = Requests("batch", shop, clients=BATCH_CLIENTS, **everybody)
    rows = [
        Row("award", "single awards", Requests("award", shop, **everybody), writes_to=shop),
        Row("hot", "awards to one participant", Requests("hot", shop), writes_to=shop),
        Row("batch", "awards in batches of 100", batch, each=BATCH_SIZE, writes_to=shop),
        Row("deduct", "deducts", Requests("deduct", shop, **everybody), writes_to=shop),
        Row("event", "metric events", Requests("event", shop, metric=METRIC, **everybody), writes_to=shop),
        Row("balance", "balance reads", Requests("balance", shop, **everybody)),
        Row("first_page", "first pages of 20", Requests("page", shop, page=1, **deep)),
        Row("thousandth_page", "thousandth pages of 20", Requests("page", shop, page=PAGES, **deep)),
    ]
    return [row.named(prefix + row.key, f"{row.title}{which}") for row in rows]
