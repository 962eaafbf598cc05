"""When awards expire that do not say: a points system's policy, as `points.award` follows it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser

from gamify.errors import InsufficientPoints, InvalidInput
from gamify.queries import points as reads
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, HOUR, NOW
from tests.factories import Client, TenantFactory, ref


@pytest.mark.parametrize(
    ("policy", "periods", "now", "expected"),
    [
        ("none", 0, "2026-03-28T11:00Z", None),
        ("days", 1, "2026-03-28T11:00Z", "2026-03-29T10:00Z"),
        ("days", 365, "2026-03-28T11:00Z", "2027-03-28T10:00Z"),
        ("end_of_month", 0, "2026-03-31T21:59:59.999999Z", "2026-03-31T22:00Z"),
        ("end_of_month", 0, "2026-03-31T22:00Z", "2026-04-30T22:00Z"),
        ("end_of_month", 1, "2026-01-31T12:00Z", "2026-02-28T23:00Z"),
        ("end_of_month", 13, "2028-02-29T12:00Z", "2029-03-31T22:00Z"),
        ("end_of_year", 0, "2026-12-31T22:59:59.999999Z", "2026-12-31T23:00Z"),
        ("end_of_year", 1, "2026-12-31T23:00Z", "2028-12-31T23:00Z"),
    ],
)
def test_policy_decides_in_the_tenants_time_zone(
    db: None, policy: str, periods: int, now: str, expected: str | None
) -> None:
    shop = TenantFactory.create(time_zone="Europe/Vienna")
    expiring.set_policy(shop, policy, periods)
    expiring.award(shop, "anna", 100, now=datetime.fromisoformat(now))
    assert expiring.lots(shop, "anna") == ([(100, datetime.fromisoformat(expected))] if expected else [])


@pytest.mark.parametrize("policy", ["none", "days", "end_of_month", "end_of_year", "inactivity"])
def test_a_calls_own_expires_at_wins(shop: Tenant, policy: str) -> None:
    expiring.set_policy(shop, policy, 1)
    expiring.award(shop, "anna", 100, expires_at=NOW + 5 * HOUR)
    assert expiring.lots(shop, "anna") == [(100, NOW + 5 * HOUR)]
    assert expiring.account(shop, "anna").rest_expires_at is None


def test_policy_holds_for_later_awards_only(shop: Tenant) -> None:
    for policy, periods in (("none", 0), ("days", 10), ("days", 20), ("end_of_year", 0), ("none", 0)):
        expiring.set_policy(shop, policy, periods)
        expiring.award(shop, "anna", 1)
    assert expiring.lots(shop, "anna") == [
        (1, NOW + 10 * DAY),
        (1, NOW + 20 * DAY),
        (1, datetime.fromisoformat("2027-01-01T00:00Z")),
    ]
    assert expiring.account(shop, "anna").balance == 5


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00Z", "now"])
def test_expires_at_in_the_past_is_refused(client: Client, expires_at: str) -> None:
    if expires_at == "now":
        # By the time that it arrives.
        expires_at = datetime.now().astimezone().isoformat()
    response = client.award("anna", 100, expires_at=expires_at)
    assert response.status_code == 422
    assert response.json()["code"] == "validation_error"
    assert response.json()["errors"] == [{"field": "expires_at", "message": "Must be in the future."}]
    assert client.transactions("anna")["total"] == 0


def test_expires_at_is_in_the_past_from_its_very_moment_on(shop: Tenant) -> None:
    with pytest.raises(InvalidInput):
        expiring.award(shop, "anna", 100, expires_at=NOW)
    expiring.award(shop, "anna", 100, expires_at=NOW + timedelta.resolution)
    assert expiring.lots(shop, "anna") == [(100, NOW + timedelta.resolution)]


@pytest.mark.parametrize("act", [expiring.award, expiring.deduct])
def test_any_activity_puts_inactivity_off(shop: Tenant, act: Any) -> None:
    expiring.set_policy(shop, "inactivity", 10)
    expiring.award(shop, "anna", 100)
    assert expiring.account(shop, "anna").rest_expires_at == NOW + 10 * DAY
    act(shop, "anna", 1, now=NOW + 9 * DAY)
    assert expiring.account(shop, "anna").rest_expires_at == NOW + 19 * DAY
    assert expiring.balance(shop, "anna", now=NOW + 18 * DAY) > 0


@pytest.mark.parametrize("act", [expiring.award, expiring.deduct, expiring.sweep])
def test_after_inactivity_the_rest_expires_as_one_entry(shop: Tenant, act: Any) -> None:
    expiring.set_policy(shop, "inactivity", 10)
    expiring.award(shop, "anna", 60)
    expiring.award(shop, "anna", 40, now=NOW + DAY)
    expiring.award(shop, "anna", 5, expires_at=NOW + 90 * DAY)
    if act is expiring.sweep:
        act(shop, now=NOW + 30 * DAY)
    else:
        act(shop, "anna", 1, now=NOW + 30 * DAY)
    assert expiring.lines(shop, "anna")[3] == ("expire", -100, 5, NOW + 10 * DAY)
    assert sum(line[0] == "expire" for line in expiring.lines(shop, "anna")) == 1
    assert expiring.breaches() == []


def test_a_balance_does_not_count_what_inactivity_took_before_any_sweep(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 10)
    expiring.award(shop, "anna", 100)
    expiring.award(shop, "anna", 7, expires_at=NOW + 90 * DAY)
    moments = (NOW + 10 * DAY - timedelta.resolution, NOW + 10 * DAY, NOW + 90 * DAY)
    assert [expiring.balance(shop, "anna", now=now) for now in moments] == [107, 7, 0]
    assert len(expiring.lines(shop, "anna")) == 2


def test_what_inactivity_took_cannot_be_spent(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 10)
    expiring.award(shop, "anna", 100)
    expiring.award(shop, "anna", 7, expires_at=NOW + 90 * DAY)
    with pytest.raises(InsufficientPoints) as refusal:
        expiring.deduct(shop, "anna", 8, now=NOW + 10 * DAY)
    assert refusal.value.available == 7
    expiring.deduct(shop, "anna", 7, now=NOW + 10 * DAY)
    assert expiring.lines(shop, "anna")[2:] == [
        ("expire", -100, 7, NOW + 10 * DAY),
        ("deduct", -7, 0, NOW + 10 * DAY),
    ]


def test_inactivity_leaves_lots_their_own_time(shop: Tenant) -> None:
    expiring.award(shop, "anna", 7, expires_at=NOW + 90 * DAY)
    expiring.set_policy(shop, "inactivity", 10)
    expiring.award(shop, "anna", 100)
    expiring.award(shop, "anna", 1, now=NOW + 20 * DAY)
    assert expiring.lots(shop, "anna") == [(7, NOW + 90 * DAY)]
    moments = (NOW + 29 * DAY, NOW + 30 * DAY, NOW + 90 * DAY)
    assert [expiring.balance(shop, "anna", now=now) for now in moments] == [8, 7, 0]
    expiring.award(shop, "anna", 2, now=NOW + 90 * DAY)
    assert [line[:3] for line in expiring.lines(shop, "anna")[3:]] == [
        ("award", 1, 8),
        ("expire", -1, 7),
        ("expire", -7, 0),
        ("award", 2, 2),
    ]
    assert expiring.breaches() == []


def test_spending_everything_leaves_nothing_to_expire(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 10)
    expiring.award(shop, "anna", 100)
    expiring.deduct(shop, "anna", 100)
    assert expiring.account(shop, "anna").rest_expires_at is None
    assert expiring.sweep(shop, now=NOW + 99 * DAY) == (0, 0)


def test_once_inactivity_is_over_the_next_activity_lifts_it(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 10)
    expiring.award(shop, "anna", 100)
    expiring.set_policy(shop, "none")
    assert expiring.account(shop, "anna").rest_expires_at == NOW + 10 * DAY
    expiring.award(shop, "anna", 1, now=NOW + DAY)
    assert expiring.account(shop, "anna").rest_expires_at is None


@pytest.mark.parametrize(
    ("policy", "periods", "field"),
    [
        ("days", 0, "expiry_periods"),
        ("inactivity", 0, "expiry_periods"),
        ("weekly", 1, "expiry_policy"),
        # A hundred years from now; far beyond, dates come to an end.
        ("days", 36_501, "expiry_periods"),
        ("inactivity", 36_501, "expiry_periods"),
        ("end_of_month", 1_201, "expiry_periods"),
        ("end_of_year", 101, "expiry_periods"),
    ],
)
def test_policies_that_make_no_sense_are_refused(shop: Tenant, policy: str, periods: int, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        expiring.set_policy(shop, policy, periods)
    assert [error[0] for error in refusal.value.errors] == [field]
    assert expiring.system_of(shop).expiry_policy == "none"


def test_inactivity_and_oldest_credit_first_exclude_each_other(shop: Tenant) -> None:
    expiring.burn_oldest_first(shop)
    with pytest.raises(InvalidInput) as refusal:
        expiring.set_policy(shop, "inactivity", 10)
    assert [error[0] for error in refusal.value.errors] == ["expiry_policy"]


def test_a_change_of_the_tenants_time_zone_holds_from_the_next_award_on(shop: Tenant) -> None:
    expiring.set_policy(shop, "end_of_month")
    expiring.award(shop, "anna", 1)
    browser = Browser()
    browser.force_login(User.objects.create_superuser("root"))
    form = {"name": shop.name, "time_zone": "Pacific/Kiritimati", "is_active": "on"}
    assert browser.post(f"/admin/tenants/tenant/{shop.pk}/change/", form).status_code == 302
    shop.refresh_from_db()
    expiring.award(shop, "anna", 1)
    midnights = [datetime.fromisoformat(f"2026-{text}Z") for text in ("02-01T00:00", "01-31T10:00")]
    assert [at for _, at in expiring.lots(shop, "anna")] == midnights


def test_a_read_of_what_expires_shows_the_policys_doing(shop: Tenant) -> None:
    expiring.set_policy(shop, "end_of_month")
    expiring.award(shop, "anna", 100)
    system = reads.named_system(ref(shop), None)
    found = reads.expiring(tenant=ref(shop), participant="anna", system=system, within_days=31, now=NOW)
    assert [(each.amount, each.expires_at) for each in found.expiring] == [
        (100, datetime.fromisoformat("2026-02-01T00:00Z"))
    ]
