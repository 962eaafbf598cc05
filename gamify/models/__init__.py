"""The tables. `docs/design.md` says which of them belong to a participant and are guarded by its lock."""

from gamify.models.badges import Badge, BadgeUnlock
from gamify.models.facts import Fact
from gamify.models.ledger import Account, Consumption, Entry, Lot
from gamify.models.operations import Operation
from gamify.models.participants import Participant, participant_id
from gamify.models.points import BurnOrder, ExpiryPolicy, PointsSystem
from gamify.models.profiles import Profile
from gamify.models.rewards import CapPeriod, RewardCount, RewardRule
from gamify.models.tiers import AwardType, Tier, TierTransition

__all__ = [
    "Account",
    "AwardType",
    "Badge",
    "BadgeUnlock",
    "BurnOrder",
    "CapPeriod",
    "Consumption",
    "Entry",
    "ExpiryPolicy",
    "Fact",
    "Lot",
    "Operation",
    "Participant",
    "PointsSystem",
    "Profile",
    "RewardCount",
    "RewardRule",
    "Tier",
    "TierTransition",
    "participant_id",
]
