"""What is loaded and written, as values. An account's own rows are in `gamify.ledger.posting`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from gamify.ledger.lots import LotState
from gamify.ledger.posting import AccountState, Book
from gamify.rewards.boosts import BoostRule
from gamify.rewards.streaks import StreakState

# Participant and points system: what an account is addressed by.
AccountKey = tuple[UUID, UUID]
# Participant and counter; participant and frequency; participant and trigger.
CounterKey = tuple[UUID, UUID]
StreakKey = tuple[UUID, str]
PaymentKey = tuple[UUID, UUID]


@dataclass(slots=True)
class ParticipantState:
    is_new: bool
    id: UUID
    external_id: str
    window_started_at: datetime | None = None
    window_writes: int = 0
    tier_id: UUID | None = None
    tier_achieved_at: datetime | None = None
    tier_pinned: bool = False
    badge_codes: list[str] = field(default_factory=list)
    # No boost of its own is in force after this day; None: it never had one.
    boosted_until: date | None = None
    # Where its last facts stand; what it is afterwards is the database's affair.
    fact_transaction: int = 0


@dataclass(frozen=True, slots=True)
class ProfileState:
    """What is known of a participant beside its points."""

    participant_id: UUID
    name: str | None = None
    email: str | None = None
    avatar_url: str | None = None
    time_zone: str | None = None
    subscribe_to_emails: bool = True
    device_tokens: tuple[str, ...] = ()
    # Any JSON by name.
    attributes: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RewardCountState:
    """How often the participant has had the reward of one rule; the defaults are those of one that it never had."""

    participant_id: UUID
    rule_id: UUID
    count_ever: int = 0
    period_start: date | None = None
    count_in_period: int = 0


@dataclass(frozen=True, slots=True)
class StoredOperation:
    id: UUID
    key: str
    input_hash: bytes
    outcome: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of tier; None is no tier."""

    participant_id: UUID
    id: UUID
    tier_id: UUID | None
    previous_tier_id: UUID | None
    cause: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Unlock:
    participant_id: UUID
    badge_id: UUID


class FactRow(NamedTuple):
    participant_id: UUID
    id: UUID
    type: str
    # JSON text.
    data: str
    created_at: datetime


@dataclass(slots=True)
class Changes:
    """All that a transaction writes."""

    participants: list[ParticipantState] = field(default_factory=list)
    # Those of whom there are facts, but nothing else in their rows to change.
    told_of: list[ParticipantState] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    unlocks: list[Unlock] = field(default_factory=list)
    facts: list[FactRow] = field(default_factory=list)
    operations: list[StoredOperation] = field(default_factory=list)
    profiles: list[ProfileState] = field(default_factory=list)
    reward_counts: list[RewardCountState] = field(default_factory=list)
    totals: dict[CounterKey, Decimal] = field(default_factory=dict)
    streaks: dict[StreakKey, StreakState] = field(default_factory=dict)
    # Whose they are, and what they are.
    new_boosts: list[tuple[UUID, BoostRule]] = field(default_factory=list)
    payments: dict[PaymentKey, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WantedLots:
    """Which lots of an account to load, should it have any: those that are due, and enough to cover `debit`."""

    account: AccountKey
    debit: int
    oldest_first: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was true once the locks were held. Unknown participants are there, with nothing in them; unknown accounts
    are not."""

    programme_version: int
    participants: dict[UUID, ParticipantState]
    accounts: dict[AccountKey, AccountState]
    lots: dict[AccountKey, list[LotState]]
    operations: dict[UUID, StoredOperation]
    # Earned since each of the moments asked for, by participant.
    earned_since: dict[UUID, dict[datetime, int]]
    # Of the participants for whom they were asked, and of those with boosts; who was never identified has none.
    profiles: dict[UUID, ProfileState]
    # By participant and rule; what the participant never had is not there.
    reward_counts: dict[tuple[UUID, UUID], RewardCountState]
    earning: "EarningState"


@dataclass(slots=True)
class EarningState:
    """Where participants are with what earns points by itself. What is not there is nothing yet."""

    totals: dict[CounterKey, Decimal] = field(default_factory=dict)
    streaks: dict[StreakKey, StreakState] = field(default_factory=dict)
    # Until when somebody was paid by a time trigger.
    payments: dict[PaymentKey, datetime] = field(default_factory=dict)
    # The personal ones that are not over yet.
    boosts: dict[UUID, list[BoostRule]] = field(default_factory=dict)
