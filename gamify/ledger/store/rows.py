"""What is loaded and written, as values. An account's own rows are in `gamify.ledger.posting`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gamify.ledger.lots import LotState
from gamify.ledger.posting import AccountState, Book

# Participant and points system: what an account is addressed by.
AccountKey = tuple[UUID, UUID]


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
    # Where its last facts stand; what it is afterwards is the database's affair.
    fact_transaction: int = 0


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
    """All that an operation writes."""

    participants: list[ParticipantState] = field(default_factory=list)
    books: list[Book] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    unlocks: list[Unlock] = field(default_factory=list)
    facts: list[FactRow] = field(default_factory=list)
    operations: list[StoredOperation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WantedLots:
    """Which lots of an account to load, should it have any: those that are due, and enough to cover `debit`."""

    account: AccountKey
    debit: int
    oldest_first: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was true once the locks were held. Unknown participants and accounts are there, with nothing in them."""

    programme_version: int
    participants: dict[UUID, ParticipantState]
    accounts: dict[AccountKey, AccountState]
    lots: dict[AccountKey, list[LotState]]
    operations: dict[UUID, StoredOperation]
    # Earned since each of the moments asked for, by participant.
    earned_since: dict[UUID, dict[datetime, int]]
