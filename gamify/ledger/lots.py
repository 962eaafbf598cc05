"""Lots: credits that must be told apart from the rest of a balance, and the order in which they are used up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class LotState:
    """What is left of one credit. `sequence` is that of the entry that made it, so it orders lots by age."""

    sequence: int
    amount: int
    remaining: int
    expires_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Past its time: from the very instant of `expires_at` on, it can neither be spent nor counted."""
        return self.expires_at is not None and self.expires_at <= now


class Take(NamedTuple):
    """`amount` taken out of the lot that entry `credit_sequence` made."""

    credit_sequence: int
    amount: int


def burn(lots: Iterable[LotState], amount: int, *, oldest_first: bool) -> list[Take]:
    """Take up to `amount` out of `lots`, which change, and say how much came from which.

    Soonest expiry first, the older of two that expire together; or the oldest first, whatever expires when. What the
    lots do not cover is left to the caller: it comes out of what never expires.
    """
    takes = []
    for lot in sorted(lots, key=_by_age if oldest_first else _by_expiry):
        if amount == 0:
            break
        taken = min(lot.remaining, amount)
        if taken:
            lot.remaining -= taken
            amount -= taken
            takes.append(Take(lot.sequence, taken))
    return takes


def _by_expiry(lot: LotState) -> tuple[datetime, int]:
    return lot.expires_at or _NEVER, lot.sequence


def _by_age(lot: LotState) -> int:
    return lot.sequence
