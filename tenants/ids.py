"""Ids of version 7, which begin with the milliseconds at which they were made."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_BITS_BEHIND = 80


def first_id(moment: datetime) -> UUID:
    """A bound: whatever was made at `moment`, or later, is not smaller."""
    return UUID(int=max(0, (moment - _EPOCH) // _MILLISECOND) << _BITS_BEHIND)


def made_at(id: UUID) -> datetime:
    """To the millisecond."""
    return _EPOCH + (id.int >> _BITS_BEHIND) * _MILLISECOND
