"""The tables. `docs/design.md` says which of them belong to a participant and are guarded by its lock."""

from gamify.models.badges import Badge, BadgeUnlock
from gamify.models.facts import Fact
from gamify.models.ledger import Account, Consumption, Entry, Lot
from gamify.models.operations import Operation
from gamify.models.participants import Participant, participant_id
from gamify.models.points import BurnOrder, ExpiryPolicy, PointsSystem
from gamify.models.tiers import AwardType, Tier, TierTransition
from gamify.models.totals import DailyTotal, Sweep, TotalsMark

__all__ = [
    "Account",
    "AwardType",
    "Badge",
    "BadgeUnlock",
    "BurnOrder",
    "Consumption",
    "DailyTotal",
    "Entry",
    "ExpiryPolicy",
    "Fact",
    "Lot",
    "Operation",
    "Participant",
    "PointsSystem",
    "Sweep",
    "Tier",
    "TierTransition",
    "TotalsMark",
    "participant_id",
]
