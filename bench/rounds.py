"""Everything in turns, A B C A B C …, so that whatever else the machine does hits all of it alike."""

import itertools
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.load import Run
from bench.servers import Shop

WARM_UP_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is measured. `run` does it for so many seconds; its second argument no other call was given."""

    key: str
    title: str
    run: Callable[[int, str], Run]
    # How many of what is counted a request does: awards in a batch.
    each: int = 1
    # Whose ledger gets an entry for each.
    writes_to: Shop | None = None

    def named(self, key: str, title: str) -> "Row":
        return replace(self, key=key, title=title)


@dataclass(slots=True)
class Acknowledged:
    """How many entries the answers of all runs said were made, warm-up included, by shop; and how many may have been
    made beside."""

    entries: Counter[Shop] = field(default_factory=Counter)
    in_doubt: Counter[Shop] = field(default_factory=Counter)


def measure(rows: Sequence[Row], *, rounds: int, seconds: int) -> tuple[dict[str, Any], Acknowledged]:
    """Run all rows `rounds` times in turns, after a warm-up. Returns rates by key of the row, with those of each
    round, and the latency in milliseconds: medians over the rounds."""
    runs: dict[str, list[Run]] = {row.key: [] for row in rows}
    acknowledged = Acknowledged()
    numbers = itertools.count(1)
    for number in range(rounds + 1):
        for row in rows:
            _say(f"round {number} of {rounds}: {row.title}" if number else f"warm-up: {row.title}")
            run = row.run(seconds if number else WARM_UP_SECONDS, f"run{next(numbers)}")
            if shop := row.writes_to:
                acknowledged.entries[shop] += run.answered * row.each
                acknowledged.in_doubt[shop] += run.unanswered * row.each
            if number:
                runs[row.key].append(run)
    _say("")
    return {row.key: _summary(row, runs[row.key]) for row in rows}, acknowledged


def _summary(row: Row, runs: Sequence[Run]) -> dict[str, Any]:
    rates = [run.per_second * row.each for run in runs]
    summary: dict[str, Any] = {
        "title": row.title,
        "per_second": round(statistics.median(rates), 1),
        "rounds": [round(rate, 1) for rate in rates],
    }
    for name in ("p50", "p99", "max"):
        values = [value for run in runs if (value := getattr(run, name)) is not None]
        if values:
            summary[f"{name}_ms"] = round(statistics.median(values), 2)
    return summary


def _say(sentence: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{sentence}", end="", file=sys.stderr, flush=True)
