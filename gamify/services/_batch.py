"""One batch of awards and deducts in memory, between the load and the write."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from gamify.errors import DomainError, IdempotencyKeyReused, InvalidInput, RateLimitExceeded
from gamify.ledger import store
from gamify.ledger.lots import OLDEST_CREDIT_FIRST, SOONEST_EXPIRY_FIRST
from gamify.ledger.posting import AccountState, Book, EntryRow, Note
from gamify.models.participants import participant_id
from gamify.queries.programme import Programme
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.rates import Window
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Award:
    """Points for one participant. Without a `key`, a retry awards again."""

    participant: str
    amount: int
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    expires_at: datetime | None = None
    key: IdempotencyKey | None = None

    def input_hash(self) -> bytes:
        return input_hash("award", self.participant, self.amount, self.reason, self.metadata, self.expires_at)


@dataclass(frozen=True, slots=True)
class Deduct:
    """Points off one participant's balance."""

    participant: str
    amount: int
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    key: IdempotencyKey | None = None

    def input_hash(self) -> bytes:
        return input_hash("deduct", self.participant, self.amount, self.reason, self.metadata)


Item = Award | Deduct


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
class Result:
    """An outcome or a refusal; and how much of the participant's write cap is left, where it was looked at."""

    outcome: Outcome | None = None
    error: DomainError | None = None
    replayed: bool = False
    window: Window | None = None


class ProgrammeChanged(Exception):
    """The rules that this process knows are not the ones that hold."""


class Batch:
    """Loads what its items need, decides them in their order, writes what was decided."""

    def __init__(
        self,
        tenant: TenantRef,
        items: Sequence[Item | DomainError],
        batch_key: IdempotencyKey | None,
        programme: Programme,
        now: datetime,
    ) -> None:
        self.tenant = tenant
        self.items = [_with_key(item, index, batch_key) for index, item in enumerate(items)]
        self.batch_key = batch_key
        self.programme = programme
        self.now = now
        self.books: dict[store.AccountKey, Book] = {}
        # What is to be written: every participant posted to, and every key that was used.
        self.posted: dict[UUID, store.ParticipantState] = {}
        self.new_operations: dict[UUID, store.StoredOperation] = {}

    def lock_and_load(self) -> None:
        """Raises ProgrammeChanged."""
        items = [item for item in self.items if not isinstance(item, DomainError)]
        keys = [item.key for item in items if item.key] + ([self.batch_key] if self.batch_key else [])
        self.snapshot = store.lock_and_load(
            tenant_id=self.tenant.id,
            participants={participant_id(self.tenant.id, item.participant): item.participant for item in items},
            wanted_lots=self._wanted_lots(items),
            operation_ids={key.operation_id(self.tenant.id) for key in keys},
            now=self.now,
        )
        if self.snapshot.programme_version != self.programme.version:
            raise ProgrammeChanged

    def decide(self) -> list[Result]:
        """Raises IdempotencyKeyReused when the batch's own key was used for another batch."""
        if self.batch_key:
            self._recall(self.batch_key, self._batch_hash())
        results = [self._decide(item) for item in self.items]
        if self.batch_key and self.posted:
            self._remember(self.batch_key, self._batch_hash(), outcome="")
        return results

    def write(self) -> None:
        if self.posted:
            store.write(
                tenant_id=self.tenant.id,
                participants=self.posted.values(),
                books=[book for (id, _), book in self.books.items() if id in self.posted],
                operations=self.new_operations.values(),
                now=self.now,
            )

    def _decide(self, item: Item | DomainError) -> Result:
        if isinstance(item, DomainError):
            return Result(error=item)
        participant = self.snapshot.participants[participant_id(self.tenant.id, item.participant)]
        window = Window.at(
            self.tenant.write_rate,
            self.now,
            started_at=participant.window_started_at,
            used=participant.window_writes,
        )
        try:
            if item.key and (earlier := self._recall(item.key, item.input_hash())):
                return Result(Outcome(**json.loads(earlier.outcome)), replayed=True, window=window)
            if isinstance(item, Award) and item.expires_at and item.expires_at <= self.now:
                raise InvalidInput((("expires_at", "Must be in the future."),))
            _refuse_over_cap(window, self.now)
            entry = self._post(item, participant)
        except DomainError as error:
            return Result(error=error, window=window)
        # Below here nothing may be refused: the entry stands.
        window = window.one_more()
        participant.window_started_at, participant.window_writes = window.started_at, window.used
        self.posted[participant.id] = participant
        outcome = Outcome(
            transaction_id=str(entry.id),
            participant=item.participant,
            amount=abs(entry.amount),
            new_balance=entry.balance_after,
            created_at=entry.created_at.isoformat(),
        )
        if item.key:
            self._remember(item.key, item.input_hash(), json.dumps(asdict(outcome)))
        return Result(outcome, window=window)

    def _post(self, item: Item, participant: store.ParticipantState) -> EntryRow:
        """Raises InsufficientPoints, having changed nothing but what expired by itself."""
        book = self._book(participant.id)
        note = Note(
            reason=item.reason,
            metadata=None if item.metadata is None else json.dumps(item.metadata, ensure_ascii=False),
            operation_id=item.key.operation_id(self.tenant.id) if item.key else None,
        )
        book.expire(self.now)
        if isinstance(item, Award):
            return book.award(item.amount, note=note, now=self.now, expires_at=item.expires_at)
        return book.deduct(item.amount, note=note, now=self.now)

    def _book(self, participant: UUID) -> Book:
        system = self.programme.default_system
        key = (participant, system.id)
        if key not in self.books:
            self.books[key] = Book(
                account=self.snapshot.accounts.get(key) or AccountState(*key),
                lots=self.snapshot.lots.get(key, []),
                burn_order=OLDEST_CREDIT_FIRST if system.oldest_first else SOONEST_EXPIRY_FIRST,
                new_id=uuid7,
            )
        return self.books[key]

    def _wanted_lots(self, items: Sequence[Item]) -> list[store.WantedLots]:
        system = self.programme.default_system
        debits: dict[UUID, int] = {}
        for item in items:
            id = participant_id(self.tenant.id, item.participant)
            debits[id] = debits.get(id, 0) + (item.amount if isinstance(item, Deduct) else 0)
        return [store.WantedLots((id, system.id), debit, system.oldest_first) for id, debit in debits.items()]

    def _recall(self, key: IdempotencyKey, hash: bytes) -> store.StoredOperation | None:
        """The operation that used `key` before, in this batch or an earlier call. Raises IdempotencyKeyReused."""
        id = key.operation_id(self.tenant.id)
        earlier = self.new_operations.get(id) or self.snapshot.operations.get(id)
        if earlier and earlier.input_hash != hash:
            raise IdempotencyKeyReused(key=key.text)
        return earlier

    def _remember(self, key: IdempotencyKey, hash: bytes, outcome: str) -> None:
        id = key.operation_id(self.tenant.id)
        if id not in self.snapshot.operations:
            self.new_operations[id] = store.StoredOperation(id, key.text, hash, outcome)

    def _batch_hash(self) -> bytes:
        return input_hash(
            "award-batch",
            [None if isinstance(item, DomainError) else item.input_hash().hex() for item in self.items],
        )


def _with_key(item: Item | DomainError, index: int, batch_key: IdempotencyKey | None) -> Item | DomainError:
    if batch_key is None or isinstance(item, DomainError) or item.key:
        return item
    return replace(item, key=batch_key.for_item(index))


def _refuse_over_cap(window: Window, now: datetime) -> None:
    if window.remaining == 0:
        raise RateLimitExceeded(
            limit=window.rate.limit,
            window_seconds=window.rate.window_seconds,
            resets_at=window.resets_at,
            retry_after_seconds=window.seconds_left(now),
        )
