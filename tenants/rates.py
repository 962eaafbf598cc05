"""Rates such as `120/m`, and fixed windows counted against them. Pure: no I/O, no clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PATTERN = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,3})?([smhd])", re.ASCII)


class Rate(NamedTuple):
    limit: int
    window_seconds: int


@lru_cache(maxsize=1024)
def parse_rate(text: str) -> Rate:
    """Read `120/m` or `5/10s`. Raises ValueError with a sentence that says what is expected."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a rate. Write a number, a slash and a window: 120/m, 10/s, 1000/12h.")
    limit, count, unit = match.groups()
    return Rate(int(limit), int(count or 1) * _UNIT_SECONDS[unit])


@dataclass(frozen=True, slots=True)
class Window:
    """How much of a rate is used in the fixed window that `started_at` begins. Windows are aligned to the epoch."""

    rate: Rate
    started_at: datetime
    used: int

    @classmethod
    def at(cls, rate: Rate, now: datetime, *, started_at: datetime | None, used: int) -> "Window":
        """The window of `now`, given the one last counted in. A later one counts on: a clock that steps back
        gives nobody a second allowance."""
        start = datetime.fromtimestamp(int(now.timestamp()) // rate.window_seconds * rate.window_seconds, tz=UTC)
        if started_at is not None and started_at >= start:
            return cls(rate, started_at, used)
        return cls(rate, start, 0)

    @property
    def remaining(self) -> int:
        return max(0, self.rate.limit - self.used)

    @property
    def resets_at(self) -> datetime:
        return self.started_at + timedelta(seconds=self.rate.window_seconds)

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(1, -int((now - self.resets_at).total_seconds() // 1))

    def one_more(self) -> "Window":
        return Window(self.rate, self.started_at, self.used + 1)
