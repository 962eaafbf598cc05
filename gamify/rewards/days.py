"""Days, weeks and months, as a participant's calendar has them."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"

# How far apart two calendars on earth can be: UTC-12 and UTC+14.
WEST, EAST = timedelta(hours=-12), timedelta(hours=14)


def day_of(now: datetime, zone: str | None) -> date:
    """The day that it is `now` in `zone`; in UTC where that is not known."""
    return now.astimezone(_zone(zone)).date()


def days_on_earth(now: datetime) -> tuple[date, ...]:
    """All the days that it is `now` somewhere, the earliest first."""
    utc = now.astimezone(UTC)
    first, last = (utc + WEST).date(), (utc + EAST).date()
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def midnight(day: date, zone: str | None) -> datetime:
    """The moment at which `day` begins in `zone`."""
    return datetime(day.year, day.month, day.day, tzinfo=_zone(zone)).astimezone(UTC)


def period_of(day: date, frequency: str) -> date:
    """The first day of the period that `day` is in: itself, its Monday, or the first of its month."""
    if frequency == WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if frequency == MONTHLY else day


def period_after(start: date, frequency: str) -> date:
    """The first day of the period that follows the one which `start` begins."""
    if frequency == MONTHLY:
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if frequency == WEEKLY else 1)


@cache
def _zone(name: str | None) -> ZoneInfo:
    # A zone that was known when it was stored may be gone from a later edition of the database.
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
