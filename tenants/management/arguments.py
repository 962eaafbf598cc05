"""Arguments that several commands take."""

from datetime import UTC, datetime
from typing import overload

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime


@overload
def moment_of(text: str) -> datetime: ...
@overload
def moment_of(text: str | None) -> datetime | None: ...
def moment_of(text: str | None) -> datetime | None:
    """A date and time in ISO 8601, in UTC where it names no offset; None for None. Raises CommandError."""
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
        # What is past the year 9999 in UTC could be stored, but not be read again.
        moment = moment and (moment if timezone.is_aware(moment) else timezone.make_aware(moment)).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise CommandError(f"{text!r} is no date and time. Write it like 2027-01-31T00:00:00Z.")
    return moment
