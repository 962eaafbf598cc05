"""Refusals in the console's words: which field of a form each belongs to, and a sentence for people."""

import re
from collections.abc import Callable
from typing import Any

from gamify import errors
from gamify.errors import DomainError

# (field or None, sentence) pairs.
Complaints = list[tuple[str | None, str]]

_TABLE: dict[type[DomainError], Callable[[Any], Complaints]] = {
    errors.InvalidInput: lambda e: [(path, message) for path, message in e.errors],
    errors.TierCodeConflict: lambda e: [("code", f"Another tier already has the code “{e.code}”.")],
    errors.TierLevelConflict: lambda e: [("level", f"Another tier is already at level {e.level}.")],
    errors.TierNotFound: lambda e: [("tier", "There is no such active tier here any more.")],
    errors.BadgeCodeConflict: lambda e: [("code", f"Another badge already has the code “{e.code}”.")],
    errors.InsufficientPoints: lambda e: [
        ("amount", f"Only {e.available:,} points can be spent; {e.requested:,} were asked for.")
    ],
    errors.PointsCapReached: lambda e: [("amount", "There is no room: nobody can have more in this points system.")],
    errors.RewardRuleConflict: lambda e: [("event_type", f"Another rule is already for “{e.event_type}”.")],
    errors.EngagementNameConflict: lambda e: [("name", "Another engagement already has this name.")],
    errors.IdempotencyKeyReused: lambda e: [
        (None, "This form was sent before, with other values. Open it again and check the ledger first.")
    ],
    errors.RateLimitExceeded: lambda e: [
        (None, f"This participant has had its {e.limit} changes for now. Try again in {e.retry_after_seconds} seconds.")
    ],
    errors.TierAssignConflict: lambda e: [(None, "Other changes got in between. Nothing was done; please try again.")],
    errors.Busy: lambda e: [(None, "The participant is busy with other changes. Nothing was done; please try again.")],
}


def complaints(error: DomainError) -> Complaints:
    explain = _TABLE.get(type(error))
    if explain:
        return explain(error)
    # A refusal without words of its own here: its name and its facts still say more than a page of error 500.
    name = re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()
    facts = ", ".join(f"{name} {value}" for name, value in vars(error).items())
    return [(None, f"Refused: {name}" + (f" ({facts})." if facts else "."))]


def sentence(error: DomainError) -> str:
    return " ".join(message for _, message in complaints(error))
