"""The fact points.expiring_soon: once per lot, so many days ahead."""

from datetime import timedelta

import pytest

from gamify.models import Lot
from gamify.services import expiry
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, NOW
from tests.factories import TenantFactory


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    expiring.set_policy(shop, "none", notice_days=7)
    return shop


def test_fact_says_what_is_lost_and_when(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + 5 * DAY)
    expiring.deduct(shop, "anna", 30)
    assert expiring.notify(shop, now=NOW) == 1
    assert expiring.facts(shop, "points.expiring_soon") == [
        {
            "participant_id": "anna",
            "points_system_id": str(expiring.system_of(shop).id),
            "amount": 70,
            "expires_at": "2026-01-06T12:00:00+00:00",
        }
    ]


def test_a_lot_is_told_of_once(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + 5 * DAY)
    assert [expiring.notify(shop, now=NOW + number * DAY) for number in range(3)] == [1, 0, 0]
    expiring.award(shop, "anna", 100, expires_at=NOW + 5 * DAY)
    assert expiring.notify(shop, now=NOW) == 1
    assert len(expiring.facts(shop, "points.expiring_soon")) == 2


def test_from_notice_days_before_until_the_moment_itself(shop: Tenant) -> None:
    moments = [NOW + 7 * DAY, NOW + 7 * DAY + timedelta.resolution, NOW + timedelta.resolution, NOW]
    for number, moment in enumerate(moments, 1):
        expiring.award(shop, "anna", number, expires_at=moment, now=NOW - DAY)
    assert expiring.notify(shop, now=NOW) == 2
    assert {fact["amount"] for fact in expiring.facts(shop, "points.expiring_soon")} == {1, 3}


def test_nothing_is_told_of_lots_that_are_used_up(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + 5 * DAY)
    expiring.deduct(shop, "anna", 100)
    assert expiring.notify(shop, now=NOW) == 0


def test_nothing_is_told_where_notice_days_is_not_set(shop: Tenant) -> None:
    expiring.set_policy(shop, "none", notice_days=None)
    expiring.award(shop, "anna", 100, expires_at=NOW + DAY)
    assert expiring.notify(shop, now=NOW) == 0
    assert Lot.objects.get().noticed_at is None


def test_each_tenants_own_notice_days_hold(shop: Tenant) -> None:
    other = TenantFactory.create()
    expiring.set_policy(other, "none", notice_days=3)
    for tenant in (shop, other):
        expiring.award(tenant, "anna", 100, expires_at=NOW + 5 * DAY)
    assert [expiring.notify(tenant, now=NOW) for tenant in (shop, other)] == [1, 0]
    assert expiring.notify(other, now=NOW + 2 * DAY) == 1


def test_a_notice_changes_neither_balance_nor_ledger(shop: Tenant) -> None:
    expiring.award(shop, "anna", 100, expires_at=NOW + 5 * DAY)
    expiring.notify(shop, now=NOW)
    assert (expiring.balance(shop, "anna"), len(expiring.lines(shop, "anna"))) == (100, 1)
    assert expiring.breaches() == []
    expiring.sweep(shop, now=NOW + 5 * DAY)
    assert expiring.balance(shop, "anna", now=NOW + 5 * DAY) == 0


def test_it_works_in_batches_that_can_be_abandoned(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 2)
    for number in range(5):
        expiring.award(shop, f"p{number}", 10, expires_at=NOW + DAY)
    first = next(expiry.notify(expiring.system_of(shop), clock=lambda: NOW))
    assert (first, expiring.notify(shop, now=NOW)) == (2, 3)
