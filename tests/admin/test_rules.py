"""Badges and points systems."""

from typing import Any

import pytest

from gamify.models import Badge, PointsSystem
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console, text_of

BADGE = {
    "name": "Early",
    "code": "early",
    "is_active": "on",
    "criteria_type": "award_count",
    "award_count__min_awards": "3",
}
SYSTEM = {
    "name": "Stars",
    "key": "stars",
    "expiry_policy": "days",
    "expiry_periods": "90",
    "burn_order": "soonest_expiry_first",
}


def errors_of(response: Any) -> dict[str, list[str]]:
    return {name: list(told) for name, told in response.context["adminform"].form.errors.items()}


def test_badge_is_made_and_changed_through_the_service(operator: Console, shop: Tenant) -> None:
    version = Tenant.objects.get(pk=shop.pk).programme_version
    assert operator.post("gamify/badge/add/", BADGE).status_code == 302
    badge = Badge.objects.get(tenant=shop)
    assert (badge.criteria_type, badge.criteria_config) == ("award_count", {"min_awards": 3})
    assert Tenant.objects.get(pk=shop.pk).programme_version > version
    path = f"gamify/badge/{badge.pk}/change/"
    operator.post(path, {**BADGE, "criteria_type": "tier_reached", "tier_reached__level": "20", "code": "other"})
    badge.refresh_from_db()
    assert (badge.code, badge.criteria_config) == ("early", {"level": 20})
    assert "A tier of level 20 or higher" in operator.text("gamify/badge/")


def test_badge_code_that_is_taken_is_shown_at_its_field(operator: Console, shop: Tenant) -> None:
    programmes.make_badge(shop, "early", "award_count", min_awards=1)
    before = programmes.rows()
    response = operator.post("gamify/badge/add/", BADGE)
    assert errors_of(response) == {"code": ["Another badge already has the code “early”."]}
    assert programmes.rows() == before


def test_points_system_is_made_and_changed(operator: Console, shop: Tenant) -> None:
    assert operator.post("gamify/pointssystem/add/", SYSTEM).status_code == 302
    system = PointsSystem.objects.get(tenant=shop, key="stars")
    assert (system.expiry_policy, system.expiry_periods, system.is_default) == ("days", 90, False)
    path = f"gamify/pointssystem/{system.pk}/change/"
    changed = {**SYSTEM, "expiry_periods": "30", "burn_order": "oldest_credit_first", "key": "other"}
    assert operator.post(path, changed).status_code == 302
    system.refresh_from_db()
    assert (system.expiry_periods, system.burn_order, system.key) == (30, "soonest_expiry_first", "stars")
    assert "After 30 days" in operator.text("gamify/pointssystem/")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"key": "points"}, "key"),
        ({"key": "no spaces"}, "key"),
        ({"key": "award"}, "key"),
        ({"expiry_periods": "0"}, "expiry_periods"),
        ({"expiry_periods": "36501"}, "expiry_periods"),
        ({"notice_days": "0"}, "notice_days"),
        ({"notice_days": "3651"}, "notice_days"),
        ({"expiry_policy": "inactivity", "burn_order": "oldest_credit_first"}, "expiry_policy"),
    ],
)
def test_refusals_of_a_points_system_are_shown_at_their_fields(
    operator: Console, shop: Tenant, values: dict[str, str], field: str
) -> None:
    before = programmes.rows()
    response = operator.post("gamify/pointssystem/add/", {**SYSTEM, **values})
    assert response.status_code == 200
    assert list(errors_of(response)) == [field]
    assert programmes.rows() == before


def test_nothing_is_deleted(root: Console, shop: Tenant) -> None:
    badge = programmes.make_badge(shop, "early", "award_count", min_awards=1)
    assert root.post(f"gamify/badge/{badge.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete" not in text_of(root.get(f"gamify/badge/{badge.pk}/change/")).lower()
