"""Award and deduct points: the path that every award of every dialect takes.

    result = points.award(tenant=shop, item=Award("user_123", 100, key=IdempotencyKey("order-42")), now=now)

`_run` is its whole course: load under the participants' locks, decide in memory (`_batch.Batch`), write. One award is a
batch of one: a hundred cost the same few statements. Each item succeeds or fails alone. A refusal is a value and leaves
nothing behind: no entry, no participant, no used-up key. Refusals are checked in this order: IdempotencyKeyReused,
InvalidInput (expires_at is past), RateLimitExceeded, InsufficientPoints.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import DatabaseError

from gamify.errors import Busy, DomainError
from gamify.queries import programme
from gamify.services._batch import Award as Award
from gamify.services._batch import Batch, ProgrammeChanged
from gamify.services._batch import Deduct as Deduct
from gamify.services._batch import Item as Item
from gamify.services._batch import Outcome as Outcome
from gamify.services._batch import Result as Result
from gamify.services.idempotency import IdempotencyKey
from tenants.database import pipelined_transaction
from tenants.refs import TenantRef

BATCH_SIZE_MAX = 100
# How often an operation is run again because another transaction got in between. The second run finds what the other
# one wrote, so more than two take a new coincidence each.
ATTEMPTS_MAX = 6

UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK_DETECTED = "23505", "40001", "40P01"
LOCK_NOT_AVAILABLE = "55P03"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One result per item, in the order of the items. `replayed`: the call repeated an earlier one, writing nothing."""

    results: list[Result]
    replayed: bool


def award(*, tenant: TenantRef, item: Award, now: datetime) -> Result:
    """Credit a participant, who is made if unknown.

    Refusals: IdempotencyKeyReused, InvalidInput, RateLimitExceeded. Raises Busy.
    """
    return _run(tenant, [item], now=now).results[0]


def deduct(*, tenant: TenantRef, item: Deduct, now: datetime) -> Result:
    """Debit a participant, expiring credits first.

    Refusals: IdempotencyKeyReused, RateLimitExceeded, InsufficientPoints. Raises Busy.
    """
    return _run(tenant, [item], now=now).results[0]


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
    if all(isinstance(item, DomainError) for item in items):
        return BatchResult([Result(error=item) for item in items if isinstance(item, DomainError)], replayed=False)
    return _run(tenant, items, now=now, batch_key=key)


def _run(
    tenant: TenantRef,
    items: Sequence[Item | DomainError],
    *,
    now: datetime,
    batch_key: IdempotencyKey | None = None,
) -> BatchResult:
    """Lock and load, decide, write; from the start again where another transaction got in between."""

    def attempt() -> BatchResult:
        batch = Batch(tenant, items, batch_key, programme.of(tenant.id), now)
        with pipelined_transaction():
            batch.lock_and_load()
            results = batch.decide()
            batch.write()
        return BatchResult(results, replayed=not batch.posted and any(result.replayed for result in results))

    return _with_retries(tenant, attempt)


def _with_retries(tenant: TenantRef, attempt: Callable[[], T]) -> T:
    for _ in range(ATTEMPTS_MAX):
        try:
            return attempt()
        except ProgrammeChanged:
            programme.forget(tenant.id)
        except DatabaseError as error:
            code = getattr(error.__cause__, "sqlstate", None)
            if code == LOCK_NOT_AVAILABLE:
                raise Busy from error
            if code not in (UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK_DETECTED):
                raise
    raise Busy
