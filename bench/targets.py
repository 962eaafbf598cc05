"""What the measurements are held against. Ratios are taken within each round; what counts is their median."""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ratio:
    """Row `of` makes at least so much of row `to`, both a second."""

    name: str
    of: str
    to: str
    least: float
    aim: float | None = None

    def judge(self, rows: dict[str, Any]) -> dict[str, Any] | None:
        """None where one of the rows was not measured."""
        if self.of not in rows or self.to not in rows:
            return None
        pairs = zip(rows[self.of]["rounds"], rows[self.to]["rounds"], strict=True)
        value = round(statistics.median(of / to for of, to in pairs), 3)
        return {**asdict(self), "value": value, "met": value >= self.least}


@dataclass(frozen=True, slots=True)
class Most:
    """The figure `of` a row is at most so much."""

    name: str
    of: str
    figure: str
    most: float

    def judge(self, rows: dict[str, Any]) -> dict[str, Any] | None:
        if self.of not in rows:
            return None
        value = rows[self.of][self.figure]
        return {**asdict(self), "value": value, "met": value < self.most}


Target = Ratio | Most

SPEED: tuple[Target, ...] = (
    Ratio("single awards, of the limit", "award", "limit", least=0.08, aim=0.12),
    Ratio("single awards, of the same row by row", "award", "by_hand", least=2.0),
    Most("p99 of single awards at 16 clients, in ms", "award", "p99_ms", most=50),
    Ratio("awards to one participant, of those to all", "hot", "award", least=0.5),
    Ratio("awards in batches of 100, of the limit", "batch", "limit", least=1.0, aim=1.5),
    Ratio("balance reads, of an empty view", "balance", "empty", least=0.5),
    Ratio("first pages, of an empty view", "first_page", "empty", least=0.5),
    Ratio("thousandth pages, of first pages", "thousandth_page", "first_page", least=0.9),
)

MEMORY: tuple[Target, ...] = (
    Most("the largest worker in a million requests, in MB", "workers", "largest_mb", most=150),
    # Six bytes a request would be a leak; what a heap has now and then is not.
    Most(
        "what a worker grew by over a million requests, but for the first fifth, in MB", "workers", "grown_mb", most=5
    ),
)


def stays(rows: dict[str, Any], of: str, to: str, *, least: float = 0.85) -> list[Ratio]:
    """Every row of the large ledger (its key begins with `of`) beside the same of the small one."""
    pairs = [(key, to + key.removeprefix(of)) for key in rows if key.startswith(of)]
    return [Ratio(f"{rows[large]['title']}, of the small", large, small, least) for large, small in pairs]


def judged(targets: Iterable[Target], rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [verdict for target in targets if (verdict := target.judge(rows))]
