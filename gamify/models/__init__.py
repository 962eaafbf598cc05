"""The tables. `docs/design.md` says which of them belong to a participant and are guarded by its lock."""

from gamify.models.badges import Badge, BadgeUnlock
from gamify.models.boosts import Boost, ParticipantBoost, Rounding
from gamify.models.facts import Fact
from gamify.models.ledger import Account, Consumption, Entry, Lot
from gamify.models.levels import Level
from gamify.models.metrics import Frequency, Metric, MetricTotal, Streak
from gamify.models.operations import Operation
from gamify.models.participants import Participant, participant_id
from gamify.models.points import BurnOrder, ExpiryPolicy, PointsSystem
from gamify.models.profiles import Profile
from gamify.models.rewards import CapPeriod, RewardCount, RewardRule
from gamify.models.tiers import AwardType, Tier, TierTransition
from gamify.models.totals import DailyTotal, Sweep, TotalsMark
from gamify.models.triggers import TimePayment, TimeUnit, Trigger, TriggerStatus, TriggerType

__all__ = [
    "Account",
    "AwardType",
    "Badge",
    "BadgeUnlock",
    "Boost",
    "BurnOrder",
    "CapPeriod",
    "Consumption",
    "DailyTotal",
    "Entry",
    "ExpiryPolicy",
    "Fact",
    "Frequency",
    "Level",
    "Lot",
    "Metric",
    "MetricTotal",
    "Operation",
    "Participant",
    "ParticipantBoost",
    "PointsSystem",
    "Profile",
    "RewardCount",
    "RewardRule",
    "Rounding",
    "Streak",
    "Sweep",
    "Tier",
    "TierTransition",
    "TimePayment",
    "TimeUnit",
    "TotalsMark",
    "Trigger",
    "TriggerStatus",
    "TriggerType",
    "participant_id",
]
