"""When points expire whose award does not say: the expiry policies of points systems. Pure: no I/O, no clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """A policy, how many periods, and the tenant's time zone, in which days, months and years are counted."""

    policy: str = "none"
    periods: int = 0
    timezone: str = "UTC"

    def of_credit(self, now: datetime) -> datetime | None:
        """When a credit made `now` expires; None: not by itself.

        A number of days later, at the same time of the clock on the wall, whatever daylight saving did in between; or
        the first moment after the month or year.
        """
        if self.policy == "none":
            return None
        local = now.astimezone(ZoneInfo(self.timezone))
        if self.policy == "days":
            return (local + timedelta(days=self.periods)).astimezone(UTC)
        if self.policy == "end_of_month":
            years, month = divmod(local.month + self.periods, 12)
            return self._midnight(local.year + years, month + 1)
        if self.policy == "end_of_year":
            return self._midnight(local.year + self.periods + 1, 1)
        return None

    def of_rest(self, now: datetime) -> datetime | None:
        """When all that is in no lot expires, unless something happens before; None: never."""
        if self.policy != "inactivity":
            return None
        local = now.astimezone(ZoneInfo(self.timezone))
        return (local + timedelta(days=self.periods)).astimezone(UTC)

    def _midnight(self, year: int, month: int) -> datetime:
        return datetime(year, month, 1, tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)
