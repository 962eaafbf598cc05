"""Real threads on real connections: whatever happens at once, the ledger is as if one had come after the other."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from gamify.errors import Busy, IdempotencyKeyReused, InsufficientPoints, RateLimitExceeded
from gamify.models import Account, Entry, Operation, Participant, participant_id
from gamify.services import audit, points
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award, Deduct, Result
from tenants.models import Tenant
from tenants.refs import TenantRef
from tests.factories import TenantFactory, ref
from tests.ledger._threads import at_once

THREADS = 16
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True, params=[1, 100], ids=["apart", "joined"])
def joined_operations_max(request: pytest.FixtureRequest, settings: Settings) -> None:
    settings.JOINED_OPERATIONS_MAX = request.param


@pytest.fixture(autouse=True)
def whole_ledger(transactional_db: None) -> Iterator[None]:
    """After each test: nothing is wrong with any account."""
    yield
    assert [checked.breach for checked in audit.verify() if checked.breach] == []


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(participant_write_rate="100000/d")


@pytest.fixture
def shop(tenant: Tenant) -> TenantRef:
    return ref(tenant)


@pytest.fixture(params=["new", "known"])
def user(request: pytest.FixtureRequest, shop: TenantRef) -> str:
    """A participant that was never seen, or one that has had an award."""
    if request.param == "known":
        points.award(tenant=shop, item=Award("user", 1), now=NOW)
    return "user"


def test_awards_at_once_are_all_made(shop: TenantRef, user: str) -> None:
    before = balance_of(shop, user)
    results = at_once([award(shop, Award(user, 10, key=IdempotencyKey(f"order-{n}"))) for n in range(THREADS)])
    assert [result.error for result in results] == [None] * THREADS
    assert {outcome_of(result).new_balance for result in results} == {before + 10 * n for n in range(1, THREADS + 1)}
    assert not any(result.replayed for result in results)
    assert balance_of(shop, user) == before + 10 * THREADS


def test_one_award_sent_at_once_is_made_once_and_replayed_to_the_others(shop: TenantRef, user: str) -> None:
    before = balance_of(shop, user)
    results = at_once([award(shop, Award(user, 10, key=IdempotencyKey("order")))] * THREADS)
    assert [result.error for result in results] == [None] * THREADS
    assert sorted(result.replayed for result in results) == [False] + [True] * (THREADS - 1)
    assert len({outcome_of(result).transaction_id for result in results}) == 1
    assert balance_of(shop, user) == before + 10
    assert Operation.objects.count() == 1


def test_awards_without_a_key_make_one_participant(shop: TenantRef) -> None:
    results = at_once([award(shop, Award("user", 1))] * THREADS)
    assert [result.error for result in results] == [None] * THREADS
    assert balance_of(shop, "user") == THREADS
    assert Participant.objects.count() == 1


def test_of_different_awards_with_the_same_key_one_wins(shop: TenantRef, user: str) -> None:
    before = balance_of(shop, user)
    results = at_once([award(shop, Award(user, 10 + n, key=IdempotencyKey("order"))) for n in range(THREADS)])
    won = [result for result in results if result.outcome]
    assert len(won) == 1
    assert [type(result.error) for result in results if result.error] == [IdempotencyKeyReused] * (THREADS - 1)
    assert balance_of(shop, user) == before + outcome_of(won[0]).amount


def test_a_key_is_used_once_across_participants(shop: TenantRef) -> None:
    results = at_once([award(shop, Award(f"user-{n}", 10, key=IdempotencyKey("order"))) for n in range(THREADS)])
    assert sum(result.outcome is not None for result in results) == 1
    assert [type(result.error) for result in results if result.error] == [IdempotencyKeyReused] * (THREADS - 1)
    # A refusal leaves nothing behind, the participant included.
    assert Participant.objects.count() == Entry.objects.count() == Operation.objects.count() == 1


@pytest.mark.parametrize("lifetime", [None, timedelta(hours=1)])
def test_the_last_points_are_spent_once(shop: TenantRef, lifetime: timedelta | None) -> None:
    expires_at = NOW + lifetime if lifetime else None
    points.award(tenant=shop, item=Award("user", 10, expires_at=expires_at), now=NOW)
    results = at_once([deduct(shop, Deduct("user", 10))] * THREADS)
    assert sum(result.outcome is not None for result in results) == 1
    refused = [result.error for result in results if result.error]
    assert [type(error) for error in refused] == [InsufficientPoints] * (THREADS - 1)
    assert balance_of(shop, "user") == 0


def test_points_are_spent_down_to_nothing_and_no_further(shop: TenantRef) -> None:
    points.award(tenant=shop, item=Award("user", 10), now=NOW)
    results = at_once([deduct(shop, Deduct("user", 3))] * THREADS)
    assert sum(result.outcome is not None for result in results) == 3
    assert balance_of(shop, "user") == 1


def test_one_deduct_sent_at_once_is_made_once_and_replayed_to_the_others(shop: TenantRef) -> None:
    points.award(tenant=shop, item=Award("user", 10), now=NOW)
    results = at_once([deduct(shop, Deduct("user", 10, key=IdempotencyKey("redemption")))] * THREADS)
    assert [result.error for result in results] == [None] * THREADS
    assert sum(not result.replayed for result in results) == 1


def test_one_batch_sent_at_once_is_made_once_and_replayed_to_the_others(shop: TenantRef) -> None:
    items = [Award(f"user-{n}", n + 1) for n in range(10)]

    def send() -> points.BatchResult:
        return points.award_batch(tenant=shop, items=items, key=IdempotencyKey("weekly"), now=NOW)

    batches = at_once([send] * THREADS)
    assert sorted(batch.replayed for batch in batches) == [False] + [True] * (THREADS - 1)
    assert len({tuple(outcome_of(result).transaction_id for result in batch.results) for batch in batches}) == 1
    assert Entry.objects.count() == len(items)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("order", ["soonest_expiry_first", "oldest_credit_first"])
def test_awards_and_deducts_while_lots_expire(tenant: Tenant, order: str, seed: int) -> None:
    tenant.points_systems.update(burn_order=order)
    shop, chance = ref(tenant), random.Random(seed)
    for minute in range(1, 41):
        points.award(tenant=shop, item=Award("user", 5, expires_at=NOW + timedelta(minutes=minute)), now=NOW)

    def turn() -> Callable[[], list[Result]]:
        # Each thread has its own idea of the time, as processes of several machines do.
        steps: list[tuple[Award | Deduct, datetime]] = []
        for minute in sorted(chance.sample(range(40), 5)):
            now = NOW + timedelta(minutes=minute)
            lifetime = timedelta(minutes=chance.randint(1, 20))
            item: Award | Deduct = Deduct("user", chance.randint(1, 12))
            if chance.random() < 0.5:
                item = Award("user", chance.randint(1, 9), expires_at=chance.choice([None, now + lifetime]))
            steps.append((item, now))
        return lambda: [run(shop, item, now) for item, now in steps]

    results = [result for turn in at_once([turn() for _ in range(THREADS)]) for result in turn]
    assert {type(result.error) for result in results if result.error} <= {InsufficientPoints}
    account = Account.objects.get()
    entries = Entry.objects.values_list("kind", "amount")
    assert account.balance == sum(amount for _, amount in entries) >= 0
    assert len(entries) == 40 + sum(result.error is None for result in results) + sum(
        kind == "expire" for kind, _ in entries
    )


def test_the_write_cap_is_exact(tenant: Tenant, user: str) -> None:
    tenant.participant_write_rate = "6/d"
    shop = ref(tenant)
    before = Entry.objects.count()
    results = at_once([award(shop, Award(user, 1)), deduct(shop, Deduct(user, 1))] * (THREADS // 2))
    refused = [type(result.error) for result in results if result.error]
    assert Entry.objects.count() == 6
    assert sum(result.outcome is not None for result in results) == 6 - before
    assert set(refused) <= {RateLimitExceeded, InsufficientPoints}
    assert Participant.objects.get().window_writes == 6


def test_the_write_cap_is_each_participants_own(tenant: Tenant) -> None:
    tenant.participant_write_rate = "2/d"
    shop = ref(tenant)
    results = at_once([award(shop, Award(f"user-{n % 4}", 1)) for n in range(THREADS)])
    assert sum(result.outcome is not None for result in results) == 2 * 4
    assert {type(result.error) for result in results if result.error} == {RateLimitExceeded}


def test_a_participant_that_is_held_up_holds_up_nobody_else(tenant: Tenant) -> None:
    shop, other_shop = ref(tenant), ref(TenantFactory.create())
    for each in (shop, other_shop):
        points.award(tenant=each, item=Award("user", 1), now=NOW)
    with locked(shop, "user"):
        # Were any of these to wait, it would wait for what ends after them, and be Busy.
        results = at_once(
            [
                award(other_shop, Award("user", 1)),
                award(other_shop, Award("new", 1)),
                award(shop, Award("other", 1)),
                deduct(other_shop, Deduct("user", 1)),
            ]
        )
    assert [result.error for result in results] == [None] * 4


def test_a_participant_held_up_for_too_long_is_busy_and_nothing_is_done(shop: TenantRef) -> None:
    points.award(tenant=shop, item=Award("user", 1), now=NOW)

    def impatient() -> Result:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        return points.award(tenant=shop, item=Award("user", 1, key=IdempotencyKey("order")), now=NOW)

    with locked(shop, "user"), pytest.raises(Busy):
        at_once([impatient])
    assert balance_of(shop, "user") == 1
    assert Operation.objects.count() == 0
    # The key was not used up.
    assert outcome_of(at_once([impatient])[0]).new_balance == 2


@contextmanager
def locked(shop: TenantRef, user: str) -> Iterator[None]:
    """Meanwhile another transaction, which has this thread's connection, holds the participant's lock."""
    with transaction.atomic():
        Participant.objects.select_for_update(no_key=True).get(pk=participant_id(shop.id, user))
        yield


def run(shop: TenantRef, item: Award | Deduct, now: datetime) -> Result:
    if isinstance(item, Award):
        return points.award(tenant=shop, item=item, now=now)
    return points.deduct(tenant=shop, item=item, now=now)


def award(shop: TenantRef, item: Award) -> Callable[[], Result]:
    return lambda: run(shop, item, NOW)


def deduct(shop: TenantRef, item: Deduct) -> Callable[[], Result]:
    return lambda: run(shop, item, NOW)


def outcome_of(result: Result) -> points.Outcome:
    assert isinstance(result.outcome, points.Outcome), result.error
    return result.outcome


def balance_of(shop: TenantRef, user: str) -> int:
    account = Account.objects.filter(participant_id=participant_id(shop.id, user)).first()
    return account.balance if account else 0
