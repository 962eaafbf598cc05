"""Streaks: how many days, weeks or months in a row."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from gamify.rewards.days import period_after, period_of


@dataclass(frozen=True, slots=True)
class StreakState:
    """`length` periods in a row; the last of them begins on `last_period_on`. Of nothing yet: length 0, no dates."""

    frequency: str
    length: int = 0
    started_on: date | None = None
    last_period_on: date | None = None

    def extended(self, today: date) -> Self:
        """As it is once something was done `today`: one longer in the period after its last, begun anew in a later
        one. In the same period nothing changes; nor in an earlier one, where somebody travelled west."""
        period = period_of(today, self.frequency)
        if self.last_period_on is not None and period <= self.last_period_on:
            return self
        if self.last_period_on is not None and period == period_after(self.last_period_on, self.frequency):
            return type(self)(self.frequency, self.length + 1, self.started_on, period)
        return type(self)(self.frequency, 1, today, period)

    def on(self, today: date) -> Self:
        """As it stands `today`: of nothing, once a whole period went by in which nothing was done."""
        if self.last_period_on is None:
            return self
        is_alive = period_of(today, self.frequency) <= period_after(self.last_period_on, self.frequency)
        return self if is_alive else type(self)(self.frequency)

    def bounds(self, today: date) -> "Bounds":
        """The period that `today` is in; and the last day on which the streak can still be extended."""
        period = period_of(today, self.frequency)
        alive = self.on(today)
        expires = None
        if alive.last_period_on is not None:
            following = period_after(alive.last_period_on, self.frequency)
            expires = period_after(following, self.frequency) - timedelta(days=1)
        return Bounds(period, period_after(period, self.frequency) - timedelta(days=1), expires)


@dataclass(frozen=True, slots=True)
class Bounds:
    """First and last day of a period, and the last day of the streak, unless it is extended."""

    start: date
    end: date
    expires: date | None
