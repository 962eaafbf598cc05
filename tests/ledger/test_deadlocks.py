"""Batches that need the same rows in different orders, each stopped halfway by a lock that another one holds."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import transaction

from gamify.errors import IdempotencyKeyReused
from gamify.models import Account, Entry, Operation, Participant, participant_id
from gamify.services import _retries, audit, points
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award, Result
from tenants.refs import TenantRef
from tests.factories import TenantFactory, ref
from tests.ledger._threads import at_once_behind

THREADS = 16
PEOPLE = [f"user-{number}" for number in range(20)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def whole_ledger(transactional_db: None) -> Iterator[None]:
    yield
    assert [checked.breach for checked in audit.verify() if checked.breach] == []


@pytest.fixture(autouse=True)
def no_second_chance_after_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    # It would be retried, and so go unnoticed.
    monkeypatch.setattr(_retries, "DEADLOCK_DETECTED", "never")


@pytest.fixture
def shop() -> TenantRef:
    return ref(TenantFactory.create())


def orders(names: list[str]) -> list[list[str]]:
    """As many orders as threads: forth, back, and at random."""
    shuffled = [random.Random(number).sample(names, len(names)) for number in range(THREADS - 2)]
    return [names, names[::-1], *shuffled]


def batch(shop: TenantRef, items: list[Award]) -> Callable[[], list[Result]]:
    return lambda: points.award_batch(tenant=shop, items=items, now=NOW).results


@pytest.mark.parametrize("stopped_at", ["user-3", "user-10", "user-16"])
def test_known_participants_in_any_order(shop: TenantRef, stopped_at: str) -> None:
    points.award_batch(tenant=shop, items=[Award(name, 1) for name in PEOPLE], now=NOW)
    calls = [batch(shop, [Award(name, 1) for name in order]) for order in orders(PEOPLE)]
    results = at_once_behind(locked(shop, stopped_at), calls)
    assert [result.error for batch in results for result in batch if result.error] == []
    assert set(Account.objects.values_list("balance", flat=True)) == {1 + THREADS}


@pytest.mark.parametrize("stopped_at", ["user-3", "user-10", "user-16"])
def test_new_participants_in_any_order(shop: TenantRef, stopped_at: str) -> None:
    calls = [batch(shop, [Award(name, 1) for name in order]) for order in orders(PEOPLE)]
    results = at_once_behind(being_made(shop, stopped_at), calls)
    assert [result.error for batch in results for result in batch if result.error] == []
    assert set(Account.objects.values_list("balance", flat=True)) == {THREADS}
    assert Participant.objects.count() == len(PEOPLE)


def test_new_and_known_participants_that_overlap_in_part(shop: TenantRef) -> None:
    points.award_batch(tenant=shop, items=[Award(name, 1) for name in PEOPLE[::2]], now=NOW)
    # Each leaves out some, never the one that all wait for.
    chance = random.Random(0)
    chosen = [[name for name in order if name == "user-10" or chance.random() < 0.8] for order in orders(PEOPLE)]
    calls = [batch(shop, [Award(name, 1) for name in names]) for names in chosen]
    results = at_once_behind(locked(shop, "user-10"), calls)
    assert [result.error for batch in results for result in batch if result.error] == []
    assert sum(Account.objects.values_list("balance", flat=True)) == len(PEOPLE[::2]) + sum(map(len, chosen))


@pytest.mark.parametrize("stopped_at", ["user-3", "user-10", "user-16"])
def test_the_same_keys_for_different_participants_in_any_order(shop: TenantRef, stopped_at: str) -> None:
    calls = [
        batch(shop, [Award(f"{number} {name}", 1, key=IdempotencyKey(name)) for name in order])
        for number, order in enumerate(orders(PEOPLE))
    ]
    results = at_once_behind(being_used(shop, stopped_at), calls)
    errors = [result.error for batch in results for result in batch if result.error]
    assert [type(error) for error in errors] == [IdempotencyKeyReused] * (THREADS - 1) * len(PEOPLE)
    assert Entry.objects.count() == Operation.objects.count() == len(PEOPLE)


@contextmanager
def locked(shop: TenantRef, name: str) -> Iterator[None]:
    with transaction.atomic():
        Participant.objects.select_for_update(no_key=True).get(pk=participant_id(shop.id, name))
        yield


@contextmanager
def being_made(shop: TenantRef, name: str) -> Iterator[None]:
    """Another transaction makes the participant, and is rolled back in the end."""
    with transaction.atomic():
        Participant.objects.create(id=participant_id(shop.id, name), tenant_id=shop.id, external_id=name)
        yield
        transaction.set_rollback(True)


@contextmanager
def being_used(shop: TenantRef, key: str) -> Iterator[None]:
    """Another transaction uses the key, and is rolled back in the end."""
    with transaction.atomic():
        id = IdempotencyKey(key).operation_id(shop.id)
        Operation.objects.create(id=id, tenant_id=shop.id, key=key, input_hash=b"", outcome="", created_at=NOW)
        yield
        transaction.set_rollback(True)
