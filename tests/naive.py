"""A ledger too simple to be wrong, to compare the product with: each point is an object, moved one at a time."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Point:
    """One point: the number of the entry that credited it, and when it goes."""

    credit: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    kind: str
    amount: int
    balance_after: int
    created_at: datetime


@dataclass(slots=True)
class NaiveAccount:
    oldest_first: bool = False
    points: list[Point] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    earned: int = 0
    spent: int = 0
    # (number of the debit, number of the credit that paid): how many points.
    paid: Counter[tuple[int, int]] = field(default_factory=Counter)

    def available(self, now: datetime) -> int:
        return sum(point.expires_at > now for point in self.points)

    def expire(self, now: datetime) -> None:
        while due := [point for point in self.points if point.expires_at <= now]:
            first = min(due, key=lambda point: (point.expires_at, point.credit))
            self._debit("expire", [point for point in due if point == first], first.expires_at)

    def award(self, amount: int, now: datetime, expires_at: datetime | None = None) -> Line:
        self.expire(now)
        number = len(self.lines) + 1
        for _ in range(amount):
            self.points.append(Point(number, expires_at or NEVER))
        self.earned += amount
        return self._line("award", amount, now)

    def deduct(self, amount: int, now: datetime) -> Line | None:
        """None, with nothing changed, where there is too little."""
        if amount > self.available(now):
            return None
        self.expire(now)
        order = sorted(self.points, key=lambda point: point.credit)
        if not self.oldest_first:
            # Sorting is stable: of those that go at the same time, the older first.
            order = sorted(order, key=lambda point: point.expires_at)
        self.spent += amount
        return self._debit("deduct", order[:amount], now)

    def copy(self) -> "NaiveAccount":
        return NaiveAccount(
            self.oldest_first, self.points[:], self.lines[:], self.earned, self.spent, Counter(self.paid)
        )

    def _debit(self, kind: str, points: list[Point], now: datetime) -> Line:
        for point in points:
            self.points.remove(point)
            self.paid[len(self.lines) + 1, point.credit] += 1
        return self._line(kind, -len(points), now)

    def _line(self, kind: str, amount: int, now: datetime) -> Line:
        self.lines.append(Line(kind, amount, len(self.points), now))
        return self.lines[-1]
