"""Award and deduct points: the path that every award of every dialect takes.

    result = points.award(tenant=shop, item=Award("user_123", 100, key=IdempotencyKey("order-42")), now=now)

`_batch.run` is its course: load under the participants' locks, decide in memory, write. What an award does to its
participant is `Award.apply`, below. One award is a batch of one: a hundred cost the same few statements. Each item
succeeds or fails alone. A refusal is a value and leaves nothing behind: no entry, no participant, no used-up key.
Refusals are checked in this order: CallerOutdated (the view looks the key up and asks again), IdempotencyKeyReused,
InvalidInput (expires_at is past, unknown points_system or engagement_id), RateLimitExceeded, InsufficientPoints or
PointsCapReached, InvalidInput (boosts leave nothing).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from gamify.errors import DomainError, InvalidInput
from gamify.ledger.posting import Book, EntryRow, Note
from gamify.queries.programme import Programme, System
from gamify.services import _batch, _joining
from gamify.services._batch import BatchResult as BatchResult
from gamify.services._batch import Result as Result
from gamify.services._credit import credit, nothing_credited
from gamify.services._member import Member, Progress
from gamify.services._operation import Operation
from gamify.services._wallet import DEFAULT
from gamify.services._wallet import Wallet as Wallet
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.refs import TenantRef

BATCH_SIZE_MAX = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, in plain JSON values: kept with the key as it is, and repeated for every retry."""

    transaction_id: str
    participant: str
    amount: int
    new_balance: int
    created_at: str
    tier_upgrade: dict[str, Any] | None = None
    badges_unlocked: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Award(Operation):
    """Points for one participant. Without a `key`, a retry awards again."""

    participant: str
    amount: int
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    expires_at: datetime | None = None
    wallet: Wallet = DEFAULT
    activity_id: str | None = None
    # What the caller calls it: "bonus", or nothing special.
    transaction_type: str | None = None
    key: IdempotencyKey | None = None

    outcome_type: ClassVar[type[Outcome]] = Outcome

    def input_hash(self) -> bytes:
        return input_hash("award", self.participant, self.amount, self.expires_at, *_common_input(self))

    def postings(self, programme: Programme) -> Iterable[tuple[System, int]]:
        return _posting(self, programme, 0)

    def check(self, programme: Programme, now: datetime) -> None:
        if self.expires_at and self.expires_at <= now:
            raise InvalidInput((("expires_at", "Must be in the future."),))
        self.wallet.system(programme)
        self.wallet.refuse_closed(programme, now)

    def apply(self, member: Member) -> Outcome:
        """Credit the amount; then see what it led to. Raises PointsCapReached, InvalidInput."""
        system = self.wallet.system(member.programme)
        entry = credit(member, system, self.amount, note=_note(self, member), expires_at=self.expires_at)
        if entry is None:
            raise nothing_credited(member, system, "amount")
        progress = member.evaluate(cause="award", reason=self.reason)
        return _outcome(self, entry, member.book(system), progress)


@dataclass(frozen=True, slots=True)
class Deduct(Operation):
    """Points off one participant's balance."""

    participant: str
    amount: int
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    wallet: Wallet = DEFAULT
    activity_id: str | None = None
    # What the caller calls it: "redemption", or nothing special.
    transaction_type: str | None = None
    key: IdempotencyKey | None = None

    # Tiers and badges follow what was earned.
    evaluates: ClassVar[bool] = False
    outcome_type: ClassVar[type[Outcome]] = Outcome

    def input_hash(self) -> bytes:
        return input_hash("deduct", self.participant, self.amount, *_common_input(self))

    def postings(self, programme: Programme) -> Iterable[tuple[System, int]]:
        return _posting(self, programme, self.amount)

    def check(self, programme: Programme, now: datetime) -> None:
        self.wallet.system(programme)

    def apply(self, member: Member) -> Outcome:
        """Debit the amount, in the points system's order. Raises InsufficientPoints."""
        book = member.book(self.wallet.system(member.programme))
        entry = book.deduct(self.amount, note=_note(self, member), now=member.now)
        return _outcome(self, entry, book)


def award(*, tenant: TenantRef, item: Award, now: datetime) -> Result:
    """Credit a participant, who is made if unknown.

    Refusals: CallerOutdated, IdempotencyKeyReused, InvalidInput, RateLimitExceeded, PointsCapReached. Raises Busy.
    """
    return _joining.run(tenant, item, now=now)


def deduct(*, tenant: TenantRef, item: Deduct, now: datetime) -> Result:
    """Debit a participant.

    Refusals: CallerOutdated, IdempotencyKeyReused, InvalidInput, RateLimitExceeded, InsufficientPoints. Raises Busy.
    """
    return _joining.run(tenant, item, now=now)


def award_batch(
    *,
    tenant: TenantRef,
    items: Sequence[Award | DomainError],
    key: IdempotencyKey | None = None,
    now: datetime,
) -> BatchResult:
    """Credit up to BATCH_SIZE_MAX participants, each item on its own; one already refused passes through.

    `key` covers the whole batch: a retry repeats the results of the items that succeeded and tries again those that
    failed, since a refusal uses up no key. Raises IdempotencyKeyReused (the key was used for another batch), Busy.
    """
    assert len(items) <= BATCH_SIZE_MAX
    # A key has to be looked up even so: it may be another batch's.
    if key is None and all(isinstance(item, DomainError) for item in items):
        return BatchResult([Result(error=item) for item in items if isinstance(item, DomainError)], replayed=False)
    return _batch.run(tenant, items, now=now, batch_key=key)


def _posting(item: Award | Deduct, programme: Programme, debit: int) -> list[tuple[System, int]]:
    try:
        return [(item.wallet.system(programme), debit)]
    except InvalidInput:
        # Nothing to load: `check` will refuse it. Not refused here, because a replay must not be.
        return []


def _common_input(item: Award | Deduct) -> list[Any]:
    """What awards and deducts can both say, for the hash that recognises a retry."""
    wallet = item.wallet
    return [
        *(item.reason, item.metadata, item.activity_id, item.transaction_type),
        *(wallet.points_system, wallet.engagement_id),
    ]


def _note(item: Award | Deduct, member: Member) -> Note:
    return Note(
        reason=item.reason,
        metadata=None if item.metadata is None else _to_json(item.metadata),
        operation_id=item.operation_id(member.tenant_id),
        engagement_id=item.wallet.id_of_engagement(),
        activity_id=item.activity_id,
        transaction_type=item.transaction_type,
    )


_to_json = json.JSONEncoder(ensure_ascii=False).encode


def _outcome(item: Award | Deduct, entry: EntryRow, book: Book, progress: Progress | None = None) -> Outcome:
    return Outcome(
        transaction_id=str(entry.id),
        participant=item.participant,
        amount=abs(entry.amount),
        # With what the badges paid that it unlocked.
        new_balance=book.account.balance,
        created_at=entry.created_at.isoformat(),
        tier_upgrade=progress.tier_upgrade if progress else None,
        badges_unlocked=progress.badges if progress else (),
    )
