"""The fact points.expiring_soon: once per lot, and once per moment that inactivity would end in, so many days ahead."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from gamify.models import Account, Lot
from gamify.services import expiry
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, HOUR, NOW
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


class TestInactivity:
    """What is in no lot, and expires at once when nothing happened for ten days; told of seven days before."""

    @pytest.fixture
    def shop(self, shop: Tenant) -> Tenant:
        expiring.set_policy(shop, "inactivity", 10, notice_days=7)
        return shop

    def test_fact_says_what_is_lost_and_when(self, shop: Tenant) -> None:
        expiring.award(shop, "anna", 100)
        expiring.deduct(shop, "anna", 30)
        assert expiring.notify(shop, now=NOW + 5 * DAY) == 1
        assert expiring.facts(shop, "points.expiring_soon") == [
            {
                "participant_id": "anna",
                "points_system_id": str(expiring.system_of(shop).id),
                "amount": 70,
                "expires_at": "2026-01-11T12:00:00+00:00",
            }
        ]

    def test_it_is_told_of_once_from_notice_days_before_until_the_moment_itself(self, shop: Tenant) -> None:
        expiring.award(shop, "anna", 100)
        early, late = NOW + 3 * DAY - timedelta.resolution, NOW + 10 * DAY
        assert [expiring.notify(shop, now=now) for now in (early, late)] == [0, 0]
        assert [expiring.notify(shop, now=NOW + number * DAY) for number in range(3, 10)] == [1, 0, 0, 0, 0, 0, 0]

    def test_until_just_before_it_is_told_of(self, shop: Tenant) -> None:
        expiring.award(shop, "anna", 100)
        assert expiring.notify(shop, now=NOW + 10 * DAY - timedelta.resolution) == 1

    @pytest.mark.parametrize(("act", "amount"), [(expiring.award, 101), (expiring.deduct, 99)])
    def test_once_activity_has_moved_it_the_new_moment_is_told_of_when_it_is_near(
        self, shop: Tenant, act: Callable[..., object], amount: int
    ) -> None:
        expiring.award(shop, "anna", 100)
        assert expiring.notify(shop, now=NOW + 5 * DAY) == 1
        act(shop, "anna", 1, now=NOW + 6 * DAY)
        assert [expiring.notify(shop, now=NOW + number * DAY) for number in range(6, 12)] == [0, 0, 0, 1, 0, 0]
        assert told(shop)[1:] == [(amount, NOW + 16 * DAY)]

    def test_who_stays_active_is_never_told(self, shop: Tenant) -> None:
        for number in range(20):
            expiring.award(shop, "anna", 1, now=NOW + number * DAY)
            assert expiring.notify(shop, now=NOW + number * DAY) == 0

    def test_nothing_is_told_where_nothing_is_in_the_rest(self, shop: Tenant) -> None:
        expiring.award(shop, "spent", 100)
        expiring.deduct(shop, "spent", 100)
        expiring.award(shop, "lots", 100, expires_at=NOW + 90 * DAY)
        assert expiring.notify(shop, now=NOW + 5 * DAY) == 0
        # As no posting leaves it.
        Account.objects.update(rest_expires_at=NOW + 10 * DAY)
        assert expiring.notify(shop, now=NOW + 5 * DAY) == 0
        assert set(Account.objects.values_list("rest_noticed_for", flat=True)) == {None}

    def test_after_everything_was_spent_new_points_are_told_of(self, shop: Tenant) -> None:
        expiring.award(shop, "anna", 100)
        assert expiring.notify(shop, now=NOW + 5 * DAY) == 1
        expiring.deduct(shop, "anna", 100, now=NOW + 5 * DAY)
        assert expiring.notify(shop, now=NOW + 9 * DAY) == 0
        expiring.award(shop, "anna", 7, now=NOW + 9 * DAY)
        assert expiring.notify(shop, now=NOW + 12 * DAY) == 1
        assert told(shop)[1:] == [(7, NOW + 19 * DAY)]

    def test_lots_and_the_rest_are_told_of_each_with_its_own_moment(self, shop: Tenant) -> None:
        expiring.award(shop, "anna", 40, expires_at=NOW + 8 * DAY)
        expiring.award(shop, "anna", 100)
        expiring.award(shop, "ben", 5, expires_at=NOW + 10 * DAY)
        assert expiring.notify(shop, now=NOW + 4 * DAY) == 3
        assert sorted(told(shop)) == [(5, NOW + 10 * DAY), (40, NOW + 8 * DAY), (100, NOW + 10 * DAY)]
        assert expiring.notify(shop, now=NOW + 5 * DAY) == 0

    def test_what_was_told_of_is_what_expires(self, shop: Tenant) -> None:
        expiring.award(shop, "anna", 100)
        expiring.notify(shop, now=NOW + 5 * DAY)
        assert (expiring.balance(shop, "anna"), len(expiring.lines(shop, "anna"))) == (100, 1)
        expiring.sweep(shop, now=NOW + 30 * DAY)
        assert [(-line[1], line[3]) for line in expiring.lines(shop, "anna")[1:]] == told(shop)
        assert expiring.breaches() == []

    def test_a_policy_that_no_longer_holds_still_ends_what_it_began(self, shop: Tenant) -> None:
        expiring.award(shop, "anna", 100)
        expiring.set_policy(shop, "none")
        assert expiring.notify(shop, now=NOW + 5 * DAY) == 1

    def test_nothing_is_told_where_notice_days_is_not_set(self, shop: Tenant) -> None:
        expiring.set_policy(shop, "inactivity", 10, notice_days=None)
        expiring.award(shop, "anna", 100)
        assert expiring.notify(shop, now=NOW + 9 * DAY) == 0

    def test_other_systems_and_tenants_are_left_alone(self, shop: Tenant) -> None:
        other = TenantFactory.create()
        expiring.set_policy(other, "inactivity", 10, notice_days=3)
        expiring.award(other, "anna", 100)
        assert expiring.notify(shop, now=NOW + 9 * DAY) == 0
        assert expiring.notify(other, now=NOW + 9 * DAY) == 1

    @pytest.mark.parametrize("per_look", [1, 2, 3, 100])
    @pytest.mark.parametrize("apart", [timedelta(0), timedelta(hours=1)], ids=["at-one-moment", "apart"])
    def test_it_works_in_batches_and_looks_that_can_be_abandoned(
        self, shop: Tenant, per_look: int, apart: timedelta, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 2)
        monkeypatch.setattr(expiry, "LOTS_PER_LOOK", per_look)
        for number in range(7):
            expiring.award(shop, f"p{number}", 10, now=NOW + number * apart)
        now = NOW + 5 * DAY
        first = next(expiry.notify(expiring.system_of(shop), clock=lambda: now))
        batches = list(expiry.notify(expiring.system_of(shop), clock=lambda: now))
        assert (first, max(batches), first + sum(batches)) == (min(per_look, 2), min(per_look, 2), 7)
        assert expiring.notify(shop, now=now) == 0

    def test_whoever_was_active_since_the_look_is_not_told(self, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 1)
        expiring.award(shop, "anna", 10)
        expiring.award(shop, "ben", 20, now=NOW + HOUR)
        expiring.award(shop, "cleo", 30, now=NOW + 2 * HOUR)
        batches = expiry.notify(expiring.system_of(shop), clock=lambda: NOW + 5 * DAY)
        assert next(batches) == 1
        expiring.award(shop, "ben", 1, now=NOW + 5 * DAY)
        assert list(batches) == [0, 1]
        assert [amount for amount, _ in told(shop)] == [10, 30]

    def test_a_run_ends_though_activity_keeps_moving_moments_to_within_the_notice_days(
        self, shop: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 2)
        monkeypatch.setattr(expiry, "LOTS_PER_LOOK", 2)
        expiring.set_policy(shop, "inactivity", 10, notice_days=30)
        expiring.award(shop, "anna", 10)
        for minutes, told in enumerate(expiry.notify(expiring.system_of(shop), clock=lambda: NOW), 1):
            assert (minutes, told) == (1, 1)
            expiring.award(shop, "anna", 1, now=NOW + timedelta(minutes=minutes))
        assert expiring.notify(shop, now=NOW + HOUR) == 1


def told(shop: Tenant) -> list[tuple[int, datetime]]:
    facts = expiring.facts(shop, "points.expiring_soon")
    return [(fact["amount"], datetime.fromisoformat(fact["expires_at"])) for fact in facts]
