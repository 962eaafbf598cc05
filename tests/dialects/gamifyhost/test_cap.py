"""A rule's cap: how often a user can have it, in which period, and when the next one begins."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gamify.models import RewardCount
from gamify.services import definitions
from tenants.models import Tenant
from tests.dialects.gamifyhost.helpers import Api, make_rule, refused


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No day ends meanwhile."""
    monkeypatch.setattr("gamify.http.views.timezone.now", lambda: datetime(2026, 1, 1, 12, tzinfo=UTC))


def test_award_over_the_cap_is_refused_with_the_time_of_the_next(
    api: Api, shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = datetime(2026, 1, 1, 23, 58, 59, 500_000, tzinfo=UTC)
    monkeypatch.setattr("gamify.http.views.timezone.now", lambda: evening)
    make_rule(shop, "daily", 5, cap_count=2, cap_period="day")
    assert [api.award(event_type="daily").status_code for _ in range(2)] == [200, 200]
    response = refused(lambda: api.award(event_type="daily"), 429)
    assert "Reward cap reached" in response.json()["message"]
    assert response["Retry-After"] == "61"


def test_cap_for_ever_names_no_time(api: Api, shop: Tenant) -> None:
    make_rule(shop, "referral", 5, cap_count=1)
    api.award(event_type="referral")
    assert "Retry-After" not in refused(lambda: api.award(event_type="referral"), 429)


def test_cap_is_each_users_and_each_rules_own(api: Api, shop: Tenant) -> None:
    make_rule(shop, "one", 5, cap_count=1)
    make_rule(shop, "two", 5, cap_count=1)
    calls = [api.award(user, event_type) for user in ("u", "v") for event_type in ("one", "two")]
    assert [call.status_code for call in calls] == [200] * 4
    refused(lambda: api.award("u", "one"), 429)


def test_duplicates_and_refusals_do_not_count(api: Api, shop: Tenant) -> None:
    make_rule(shop, "one", 5, cap_count=2)
    api.award(event_type="one", reference="r")
    refused(lambda: api.award(event_type="one", reference="r"), 409)
    refused(lambda: api.award(event_type="one", metadata=5), 400)
    assert api.award(event_type="one").status_code == 200
    refused(lambda: api.award(event_type="one"), 429)


@pytest.mark.parametrize(("cap", "period", "status"), [(3, "ever", 429), (3, "day", 429), (4, "ever", 200)])
def test_cap_set_later_counts_what_was_had_before(
    api: Api, shop: Tenant, noon: None, cap: int, period: str, status: int
) -> None:
    rule: Any = make_rule(shop, "purchase", 5)
    for _ in range(3):
        api.award(event_type="purchase")
    rule.cap_count, rule.cap_period = cap, period
    definitions.save_reward_rule(rule)
    assert api.award(event_type="purchase").status_code == status


def test_counts_of_one_user_are_as_many_rows_as_rules(api: Api, shop: Tenant, noon: None) -> None:
    make_rule(shop, "one", 5, cap_count=1000, cap_period="day")
    for _ in range(5):
        api.award(event_type="one")
    assert RewardCount.objects.values_list("count_ever", "count_in_period").get() == (5, 5)
