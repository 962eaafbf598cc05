"""One batch of operations on participants, between the load and the write.

What an operation does to its participant is its own business (`Operation.apply`); what all have in common is here:
idempotency, the write cap, and that what was refused leaves nothing behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from gamify.errors import CallerOutdated, DomainError, IdempotencyKeyReused, RateLimitExceeded
from gamify.ledger import store
from gamify.models.participants import participant_id
from gamify.queries import programme as programmes
from gamify.queries.programme import Programme
from gamify.services._facts import entry_facts
from gamify.services._member import Member, days_before
from gamify.services._needs import Needs
from gamify.services._operation import Operation
from gamify.services._retries import ProgrammeChanged, with_retries
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants import keys, telemetry
from tenants.database import pipelined_transaction, send
from tenants.rates import Window
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome or a refusal; and how much of the participant's write cap is left, where it was looked at."""

    outcome: Any = None
    error: DomainError | None = None
    replayed: bool = False
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One result per item, in the order of the items. `replayed`: the call repeated an earlier one, writing nothing."""

    results: list[Result]
    replayed: bool


def run(
    tenant: TenantRef,
    items: Sequence[Operation | DomainError],
    *,
    now: datetime,
    callers: Sequence[TenantRef] | None = None,
    batch_key: IdempotencyKey | None = None,
    lock_patience: str | None = None,
) -> BatchResult:
    """Lock and load, decide, write; from the start again where another transaction got in between.

    `callers`: for each item, the tenant as its caller knows it. Its key may still have to be confirmed, which this
    transaction then does; see `tenants.keys.recall`.
    `lock_patience`: how long to wait for a lock, such as 250ms, where that is not the installation's LOCK_TIMEOUT.

    Raises IdempotencyKeyReused (only for `batch_key`), Busy.
    """

    def attempt() -> BatchResult:
        batch = Batch(tenant, items, callers or [tenant] * len(items), batch_key, programmes.of(tenant), now)
        with pipelined_transaction():
            if lock_patience:
                send("SELECT set_config('lock_timeout', $1, true)", [lock_patience])
            batch.lock_and_load()
            results = batch.decide()
            batch.write()
        # It is committed: what raised from here on would have it done again.
        batch.count(results)
        return BatchResult(results, replayed=not batch.posted and any(result.replayed for result in results))

    return with_retries(tenant.id, attempt)


class Batch:
    """Loads what its items need, decides them in their order, writes what was decided."""

    def __init__(
        self,
        tenant: TenantRef,
        items: Sequence[Operation | DomainError],
        callers: Sequence[TenantRef],
        batch_key: IdempotencyKey | None,
        programme: Programme,
        now: datetime,
    ) -> None:
        self.tenant = tenant
        self.items = [_with_key(item, index, batch_key) for index, item in enumerate(items)]
        self.callers = callers
        self.batch_key = batch_key
        self.programme = programme
        self.now = now
        self.members: dict[UUID, Member] = {}
        # What is to be written: every participant that something was done to, and every key that was used.
        self.posted: dict[UUID, Member] = {}
        self.new_operations: dict[UUID, store.StoredOperation] = {}

    def lock_and_load(self) -> None:
        """Raises ProgrammeChanged."""
        items = [item for item in self.items if not isinstance(item, DomainError)]
        idempotency_keys = [item.key for item in items if item.key] + ([self.batch_key] if self.batch_key else [])
        needs = Needs(self.tenant.id, items, self.programme, self.now)
        confirmed = keys.confirm(self.callers, now=self.now)
        self.snapshot = store.lock_and_load(
            tenant_id=self.tenant.id,
            participants={participant_id(self.tenant.id, item.participant): item.participant for item in items},
            wanted_lots=needs.lots(),
            operation_ids={key.operation_id(self.tenant.id) for key in idempotency_keys},
            earned_since=[days_before(self.now, days) for days in self.programme.windows],
            earned_in=self.programme.default_system.id,
            profiles_of=needs.profiles(),
            reward_rules=needs.reward_rules(),
            wanted_earning=needs.earning(),
            now=self.now,
        )
        if self.snapshot.programme_version != self.programme.version:
            raise ProgrammeChanged
        self.confirmed_rates = confirmed()

    def decide(self) -> list[Result]:
        """Raises IdempotencyKeyReused when the batch's own key was used for another batch."""
        if self.batch_key:
            hash = self._batch_hash()
            self._recall(self.batch_key, hash)
            # Before the items: one of them that carries the same key of its own is refused, now and in every retry.
            self._remember(self.batch_key, hash, outcome="")
        return [self._decide(item, caller) for item, caller in zip(self.items, self.callers, strict=True)]

    def write(self) -> None:
        if not self.posted:
            return
        changes = store.Changes(operations=list(self.new_operations.values()))
        for member in self.posted.values():
            changes.participants.append(member.state)
            for book in member.books.values():
                if book.entries:
                    changes.books.append(book)
                    changes.facts += entry_facts(member.state, book)
            changes.transitions += member.transitions
            changes.unlocks += member.unlocks
            changes.facts += member.facts
            changes.reward_counts += member.reward_counts.values()
            changes.profiles += [member.new_profile] if member.new_profile else []
            _add_earning(changes, member)
        store.write(changes, tenant_id=self.tenant.id, now=self.now)

    def count(self, results: Sequence[Result]) -> None:
        """For the metrics and the log: what was written, once it is."""
        notes = telemetry.notes()
        notes.replays += sum(result.replayed for result in results)
        for member in self.posted.values():
            for book in member.books.values():
                for entry in book.entries:
                    notes.count_entry(entry.kind, abs(entry.amount))

    def _decide(self, item: Operation | DomainError, caller: TenantRef) -> Result:
        if isinstance(item, DomainError):
            return Result(error=item)
        if caller.unconfirmed_key and self.confirmed_rates.get(caller.unconfirmed_key) != caller.write_rate:
            return Result(error=CallerOutdated())
        member = self._member(item)
        window = Window.at(
            # Of several callers, one may know of a change that the others do not.
            caller.write_rate,
            self.now,
            started_at=member.state.window_started_at,
            used=member.state.window_writes,
        )
        hash = item.input_hash() if item.key else b""
        try:
            if item.key and (earlier := self._recall(item.key, hash)):
                return Result(item.outcome_type(**orjson.loads(earlier.outcome)), replayed=True, window=window)
            item.check(self.programme, self.now)
            if item.is_capped:
                _refuse_over_cap(window, self.now)
            member.operation_id = item.operation_id(self.tenant.id)
            outcome = item.apply(member)
        except DomainError as error:
            return Result(error=error, window=window)
        # Below here nothing may be refused: it is done.
        if item.is_capped:
            window = window.one_more()
            member.state.window_started_at, member.state.window_writes = window.started_at, window.used
        self.posted[member.state.id] = member
        if item.key:
            self._remember(item.key, hash, _to_json(outcome))
        return Result(outcome, window=window)

    def _member(self, item: Operation) -> Member:
        id = participant_id(self.tenant.id, item.participant)
        if id not in self.members:
            self.members[id] = Member(
                self.tenant.id, self.snapshot.participants[id], self.snapshot, self.programme, self.now
            )
        return self.members[id]

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
        # With the items' own keys: a retry with others would not find what its items did, and would do it again.
        return input_hash(
            "batch",
            [
                None if isinstance(item, DomainError) else [item.input_hash().hex(), item.key and item.key.text]
                for item in self.items
            ],
        )


def _to_json(outcome: Any) -> str:
    # Its values are plain JSON already; dataclasses.asdict would copy each of them.
    return orjson.dumps({field.name: getattr(outcome, field.name) for field in fields(outcome)}).decode()


def _add_earning(changes: store.Changes, member: Member) -> None:
    id = member.state.id
    changes.totals |= {(id, counter): total for counter, total in member.totals.items()}
    changes.streaks |= {(id, frequency): streak for frequency, streak in member.streaks.items()}
    changes.payments |= {(id, trigger): paid_until for trigger, paid_until in member.payments.items()}
    changes.new_boosts += [(id, boost) for boost in member.new_boosts]


def _with_key(item: Any, index: int, batch_key: IdempotencyKey | None) -> Any:
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
