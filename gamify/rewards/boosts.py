"""Boosts: when they are in force, and what several of them amount to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from uuid import UUID

# Digits enough for any number of boosts that a programme can mean; beyond all bounds it is infinite, not an error.
_CONTEXT = Context(prec=200, traps=[])

# What several boosts of different roundings are rounded by: the first of these that any of them has.
CAUTION = ("down", "nearest", "up")


@dataclass(frozen=True, slots=True)
class BoostRule:
    """Awards in one points system, times `multiplier`, from the day `start` to the day `end`, that one included, or
    until somebody ends it."""

    id: UUID
    system_id: UUID
    name: str
    start: date
    end: date | None
    multiplier: Decimal
    rounding: str
    is_ended: bool = False

    def status(self, day: date) -> str:
        if self.is_ended:
            return "finished"
        if day < self.start:
            return "scheduled"
        return "finished" if self.end is not None and day > self.end else "active"

    def is_on(self, day: date) -> bool:
        return self.status(day) == "active"

    def depends_on_zone(self, days: Sequence[date]) -> bool:
        """Whether it is in force on some of `days` and not on others."""
        return len({self.is_on(day) for day in days}) > 1


def product(multipliers: Iterable[Decimal | None]) -> Decimal | None:
    """All of them together, unrounded; None where there are none."""
    result = None
    for multiplier in multipliers:
        if multiplier is not None:
            result = multiplier if result is None else _CONTEXT.multiply(result, multiplier)
    return result


def rounding_of(boosts: Iterable[BoostRule]) -> str:
    """The most cautious rounding of all of them: together they never promise more than one of them does alone."""
    found = {boost.rounding for boost in boosts}
    return next((rounding for rounding in CAUTION if rounding in found), "down")
