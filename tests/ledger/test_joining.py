"""Single operations that arrive while a transaction is under way share the next one, and are none the worse for it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from gamify.errors import Busy, CallerOutdated, InsufficientPoints, RateLimitExceeded
from gamify.ledger import store
from gamify.models import Account, Entry, participant_id
from gamify.services import _batch, _joining, points
from gamify.services._batch import Result
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award, Deduct
from tenants import keys
from tenants.models import ApiKey, Tenant
from tenants.refs import TenantRef
from tests.factories import TenantFactory, key_for, ref
from tests.ledger._threads import at_once
from tests.ledger._waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 8


@pytest.fixture(autouse=True)
def joined_operations_max(settings: Settings) -> None:
    settings.JOINED_OPERATIONS_MAX = 100


@pytest.fixture
def shop() -> TenantRef:
    return ref(TenantFactory.create(participant_write_rate="999999/d"))


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many participants each transaction wrote."""
    seen: list[int] = []
    write = store.write

    def noted(changes: store.Changes, **rest: Any) -> None:
        seen.append(len(changes.participants))
        write(changes, **rest)

    monkeypatch.setattr(store, "write", noted)
    return seen


@contextmanager
def line_held_up(shop: TenantRef, size: int) -> Iterator[None]:
    """A transaction of the tenant is under way, until `size` others stand in line behind it."""
    line = _joining._lines[shop.id]
    line._under_way = True

    def release() -> None:
        try:
            eventually(lambda: len(line._waiting) == size)
        finally:
            # Or those who wait would wait for ever.
            line._hand_over()

    releasing = threading.Thread(target=release)
    releasing.start()
    yield
    releasing.join()
    assert not line._under_way


def together(shop: TenantRef, items: list[Award | Deduct], now: datetime = NOW) -> list[Result]:
    def call(item: Award | Deduct) -> Callable[[], Result]:
        act: Any = points.award if isinstance(item, Award) else points.deduct
        return lambda: act(tenant=shop, item=item, now=now)

    with line_held_up(shop, len(items)):
        return at_once([call(item) for item in items])


def test_those_in_line_share_one_transaction(shop: TenantRef, transactions: list[int]) -> None:
    results = together(shop, [Award(f"user-{n}", 5 + n) for n in range(SIZE)])
    assert transactions == [SIZE]
    assert [result.outcome.new_balance for result in results] == [5 + n for n in range(SIZE)]
    assert [result.outcome.participant for result in results] == [f"user-{n}" for n in range(SIZE)]


def test_one_alone_does_not_wait_for_company(shop: TenantRef, transactions: list[int]) -> None:
    for number in range(3):
        assert points.award(tenant=shop, item=Award(f"user-{number}", 5), now=NOW).outcome
    assert transactions == [1, 1, 1]


def test_one_refused_leaves_the_others_alone(shop: TenantRef) -> None:
    items: list[Award | Deduct] = [Award(f"user-{n}", 5) for n in range(SIZE)]
    refused, *done = together(shop, [Deduct("poor", 1), *items])
    assert isinstance(refused.error, InsufficientPoints)
    assert all(result.outcome for result in done)
    assert Entry.objects.count() == SIZE


def test_the_same_key_twice_in_one_transaction_awards_once(shop: TenantRef, transactions: list[int]) -> None:
    results = together(shop, [Award("anna", 5, key=IdempotencyKey("order-1")) for _ in range(SIZE)])
    assert sum(not result.replayed for result in results) == 1
    assert len({result.outcome.transaction_id for result in results}) == 1
    assert Entry.objects.count() == 1
    assert transactions == [1]


def test_a_participant_that_is_held_elsewhere_holds_up_nobody_else_for_long(shop: TenantRef) -> None:
    points.award(tenant=shop, item=Award("held", 1), now=NOW)
    finished: list[str] = []

    def award(name: str) -> Callable[[], None]:
        def call() -> None:
            points.award(tenant=shop, item=Award(name, 5), now=NOW)
            finished.append(name)

        return call

    held, release = threading.Event(), threading.Event()
    holder = threading.Thread(target=hold, args=(shop, "held", held, release))
    holder.start()
    assert held.wait(60)
    others = ["ben", "carl", "dora"]

    def let_go() -> None:
        eventually(lambda: len(finished) == len(others))
        release.set()

    watcher = threading.Thread(target=let_go)
    watcher.start()
    with line_held_up(shop, len(others) + 1):
        at_once([award(name) for name in ["held", *others]])
    watcher.join()
    holder.join()
    assert finished[-1] == "held"
    assert Account.objects.get(participant_id=participant_id(shop.id, "held")).balance == 6


def hold(shop: TenantRef, participant: str, held: threading.Event, release: threading.Event) -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT 1 FROM gamify_participant WHERE id = %s FOR UPDATE", [participant_id(shop.id, participant)]
        )
        held.set()
        release.wait(60)
        cursor.execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize("fault", [Busy(), RuntimeError("a fault of ours")])
def test_where_all_is_rolled_back_each_goes_alone(
    shop: TenantRef, transactions: list[int], monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    write = store.write

    def failing(changes: store.Changes, **rest: Any) -> None:
        write(changes, **rest)
        if len(changes.participants) > 1:
            raise fault

    monkeypatch.setattr(store, "write", failing)
    results = together(shop, [Award(f"user-{n}", 5) for n in range(SIZE)])
    assert [result.outcome.new_balance for result in results] == [5] * SIZE
    assert transactions == [SIZE, *[1] * SIZE]
    assert Entry.objects.count() == SIZE


def test_where_the_end_is_unknown_nobody_tries_again(shop: TenantRef, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(changes: store.Changes, **rest: Any) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(store, "write", lost)
    seen: list[Exception] = []

    def call() -> None:
        try:
            points.award(tenant=shop, item=Award("anna", 5), now=NOW)
        except OperationalError as error:
            seen.append(error)

    with line_held_up(shop, SIZE):
        at_once([call] * SIZE)
    assert len(seen) == SIZE
    assert len({id(error) for error in seen}) == 1


def test_clocks_far_apart_do_not_share(shop: TenantRef, transactions: list[int]) -> None:
    def award(now: datetime) -> Callable[[], Result]:
        return lambda: points.award(tenant=shop, item=Award("anna", 5), now=now)

    with line_held_up(shop, 4):
        at_once([award(NOW), award(NOW), award(NOW + timedelta(minutes=1)), award(NOW + timedelta(minutes=1))])
    assert transactions == [1, 1]
    assert Entry.objects.count() == 4


class TestRecalledCallers:
    """Keys that are only remembered are confirmed in the transaction itself."""

    @pytest.fixture
    def tenant(self) -> Tenant:
        return TenantFactory.create(participant_write_rate="999999/d")

    def test_a_revoked_key_spoils_nobody_elses_award(self, tenant: Tenant) -> None:
        now = timezone.now()
        good, bad = recalled(tenant, now), recalled(tenant, now)
        keys.revoke(_key(bad), now=now)
        with line_held_up(ref(tenant), 4):
            results = at_once(
                [
                    lambda: points.award(tenant=bad, item=Award("anna", 5), now=now),
                    *[lambda: points.award(tenant=good, item=Award("ben", 5), now=now)] * 3,
                ]
            )
        assert [type(result.error) for result in results] == [CallerOutdated, *[type(None)] * 3]
        assert Account.objects.get().balance == 15

    @pytest.mark.parametrize("change", [{"is_active": False}, {"participant_write_rate": "1/d"}])
    def test_a_changed_tenant_is_looked_up_again(self, tenant: Tenant, change: dict[str, Any]) -> None:
        now = timezone.now()
        caller = recalled(tenant, now)
        Tenant.objects.filter(pk=tenant.pk).update(**change)
        result = points.award(tenant=caller, item=Award("anna", 5), now=now)
        assert isinstance(result.error, CallerOutdated)
        assert not Entry.objects.exists()

    def test_the_cap_is_the_one_that_each_caller_knows(self, tenant: Tenant) -> None:
        now = timezone.now()
        before = recalled(tenant, now)
        points.award(tenant=before, item=Award("anna", 1), now=now)
        Tenant.objects.filter(pk=tenant.pk).update(participant_write_rate="1/d")
        after = recalled(tenant, now)
        batch = _batch.run(before, [Award("anna", 2), Award("anna", 4)], callers=[before, after], now=now)
        assert [type(result.error) for result in batch.results] == [CallerOutdated, RateLimitExceeded]

    def test_a_sandbox_of_a_disabled_tenant_too(self, tenant: Tenant) -> None:
        now = timezone.now()
        caller = recalled(tenant.sandbox, now)
        Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
        result = points.award(tenant=caller, item=Award("anna", 5), now=now)
        assert isinstance(result.error, CallerOutdated)

    def test_nobody_is_remembered_past_expiry_nor_for_long(self, tenant: Tenant) -> None:
        now = timezone.now()
        raw_key = key_for(tenant, expires_at=now + timedelta(seconds=30))
        keys.resolve(raw_key, now=now)
        assert keys.recall(raw_key, now=now + timedelta(seconds=29))
        assert keys.recall(raw_key, now=now + timedelta(seconds=30)) is None
        unlimited = key_for(tenant)
        keys.resolve(unlimited, now=now)
        assert keys.recall(unlimited, now=now + keys.LAST_USE_STEP) is None


def recalled(tenant: Tenant, now: datetime) -> TenantRef:
    raw_key = key_for(tenant)
    keys.resolve(raw_key, now=now)
    caller = keys.recall(raw_key, now=now)
    assert caller
    return caller.tenant


def _key(tenant: TenantRef) -> ApiKey:
    assert tenant.unconfirmed_key
    return ApiKey.objects.get(pk=tenant.unconfirmed_key)
