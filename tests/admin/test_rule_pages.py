"""Reward rules, metrics, triggers, levels, boosts and engagements, made and changed in the console."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from engagements.models import Engagement
from gamify.models import Boost, Level, Metric, PointsSystem, RewardRule, Trigger
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console
from tests.factories import TenantFactory

REWARD = {"event_type": "signup", "points": "500", "cap_count": "3", "cap_period": "day", "is_active": "on"}
METRIC = {"key": "words-written", "name": "Words written", "streak_frequency": "weekly", "is_active": "on"}
ENGAGEMENT = {"name": "Summer quiz", "status": "active", "allowed_origins": "https://a.example, https://b.example:443"}


@pytest.fixture
def system(shop: Tenant) -> PointsSystem:
    return PointsSystem.objects.get(tenant=shop, is_default=True)


def errors_of(response: Any) -> set[str]:
    assert response.status_code == 200
    return set(response.context["adminform"].form.errors)


def test_reward_rule(operator: Console, shop: Tenant) -> None:
    version = Tenant.objects.get(pk=shop.pk).programme_version
    assert operator.post("gamify/rewardrule/add/", REWARD).status_code == 302
    rule = RewardRule.objects.get(tenant=shop)
    assert (rule.event_type, rule.points, rule.cap_count, rule.name) == ("signup", 500, 3, None)
    assert Tenant.objects.get(pk=shop.pk).programme_version > version
    listed = operator.text("gamify/rewardrule/")
    assert "3 times a day" in listed
    assert "In force" in listed
    operator.post(f"gamify/rewardrule/{rule.pk}/change/", {**REWARD, "points": "5", "event_type": "other"})
    rule.refresh_from_db()
    assert (rule.event_type, rule.points) == ("signup", 5)
    assert errors_of(operator.post("gamify/rewardrule/add/", REWARD)) == {"event_type"}


def test_metric(operator: Console, shop: Tenant) -> None:
    assert operator.post("gamify/metric/add/", METRIC).status_code == 302
    metric = Metric.objects.get(tenant=shop)
    assert (metric.key, metric.streak_frequency) == ("words-written", "weekly")
    assert "Words written" in operator.text("gamify/metric/")
    assert errors_of(operator.post("gamify/metric/add/", METRIC)) == {"key"}


def test_trigger(operator: Console, shop: Tenant, system: PointsSystem) -> None:
    operator.post("gamify/metric/add/", METRIC)
    metric = Metric.objects.get(tenant=shop)
    fields = {
        "points_system": str(system.pk),
        "points": "10",
        "status": "active",
        "type": "metric",
        "metric": str(metric.pk),
        "threshold": "3",
        "user_attributes": '{"plan": "pro"}',
        "event_attributes": "",
    }
    assert operator.post("gamify/trigger/add/", fields).status_code == 302
    trigger = Trigger.objects.get(tenant=shop)
    assert (trigger.metric, trigger.threshold, trigger.user_attributes) == (metric, 3, {"plan": "pro"})
    assert "Every 3 of Words written" in operator.text("gamify/trigger/")
    assert errors_of(operator.post("gamify/trigger/add/", {**fields, "threshold": ""})) == {"threshold"}
    assert errors_of(operator.post("gamify/trigger/add/", {**fields, "user_attributes": "[1]"})) == {"user_attributes"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"type": "streak", "streak_length": "7"}, "A daily streak of 7"),
        ({"type": "time", "time_unit": "hour", "time_interval": "4"}, "Every 4 hours"),
        ({"type": "user_creation"}, "Being identified for the first time"),
    ],
)
def test_other_triggers(operator: Console, system: PointsSystem, settings: dict[str, str], told: str) -> None:
    fields = {"points_system": str(system.pk), "points": "10", "status": "active", **settings}
    assert operator.post("gamify/trigger/add/", fields).status_code == 302
    assert told in operator.text("gamify/trigger/")


def test_trigger_for_a_badge(operator: Console, shop: Tenant, system: PointsSystem) -> None:
    badge = programmes.make_badge(shop, "first", "award_count", min_awards=1)
    fields = {"points_system": str(system.pk), "points": "10", "status": "active", "type": "achievement"}
    assert errors_of(operator.post("gamify/trigger/add/", fields)) == {"badge"}
    assert operator.post("gamify/trigger/add/", {**fields, "badge": str(badge.pk)}).status_code == 302
    assert f"The badge {badge.name}" in operator.text("gamify/trigger/")


def test_level(operator: Console, shop: Tenant, system: PointsSystem) -> None:
    fields = {"points_system": str(system.pk), "key": "novice", "name": "Novice", "points": "100", "is_active": "on"}
    assert operator.post("gamify/level/add/", fields).status_code == 302
    assert Level.objects.get(tenant=shop).points == 100
    assert "Novice" in operator.text("gamify/level/")
    assert errors_of(operator.post("gamify/level/add/", {**fields, "name": "Again"}))


def test_boost_and_its_calendar(operator: Console, shop: Tenant, system: PointsSystem) -> None:
    today = timezone.now().date()
    fields = {
        "points_system": str(system.pk),
        "name": "Double XP",
        "multiplier": "2",
        "rounding": "down",
        "is_active": "on",
        "start": str(today),
        "end": str(today + timedelta(days=6)),
    }
    assert operator.post("gamify/boost/add/", fields).status_code == 302
    assert Boost.objects.get(tenant=shop).multiplier == 2
    listed = operator.get("gamify/boost/").content.decode()
    # Seven of ninety days, from the fifteenth on.
    assert "left: 15.6%; width: 7.8%" in listed
    for name, days in (("Tomorrow", 1), ("A month ago", -30)):
        day = str(today + timedelta(days=days))
        operator.post("gamify/boost/add/", {**fields, "name": name, "start": day, "end": day})
    listed = operator.text("gamify/boost/")
    for name, first, last, state in (
        ("Double XP", 0, 6, "Active"),
        ("Tomorrow", 1, 1, "Scheduled"),
        ("A month ago", -30, -30, "Finished"),
    ):
        start, end = (f"{today + timedelta(days=days):%-d %b %Y}" for days in (first, last))
        assert f"{name} {system.name} × 2 {start} – {end} {state}" in listed
    assert errors_of(operator.post("gamify/boost/add/", {**fields, "multiplier": "1"})) == {"multiplier"}
    assert errors_of(operator.post("gamify/boost/add/", {**fields, "end": "2020-01-01"})) == {"end"}


def test_engagement(operator: Console, shop: Tenant, system: PointsSystem) -> None:
    assert (
        operator.post("engagements/engagement/add/", {**ENGAGEMENT, "points_system": str(system.pk)}).status_code == 302
    )
    engagement = Engagement.objects.get(tenant=shop)
    assert engagement.allowed_origins == ["https://a.example", "https://b.example"]
    assert str(engagement.pk) in operator.text("engagements/engagement/")
    assert errors_of(operator.post("engagements/engagement/add/", ENGAGEMENT)) == {"name"}
    refused = operator.post("engagements/engagement/add/", {**ENGAGEMENT, "name": "B", "allowed_origins": "example"})
    assert errors_of(refused) == {"allowed_origins"}


def test_another_tenants_points_system_is_no_choice(operator: Console, shop: Tenant) -> None:
    other = PointsSystem.objects.get(tenant=TenantFactory.create(), is_default=True)
    response = operator.post("gamify/rewardrule/add/", {**REWARD, "points_system": str(other.pk)})
    assert errors_of(response) == {"points_system"}
    assert not RewardRule.objects.exists()
