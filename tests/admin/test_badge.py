"""The badge over a page names the tenant of what the page shows, whichever one another tab has chosen."""

from typing import Any

import pytest

from gamify.models import Badge, Tier
from gamify.services import definitions
from tenants import keys
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console, fields_of, participant_path, text_of

ACTIONS = ("award", "deduct", "assign", "release")


@pytest.fixture
def elsewhere(root: Console, shop: Tenant) -> Console:
    """Somebody who works in the sandbox, with pages of the live tenant still open."""
    programmes.make_ladder(shop)
    programmes.award(shop, "anna", 50)
    return root.open(shop.sandbox)


def badge(response: Any) -> str:
    assert response.status_code == 200, response
    return str(response.context["environment"][0])


def test_pages_of_a_participant(elsewhere: Console, shop: Tenant) -> None:
    for action in ("change", *ACTIONS, "history"):
        assert badge(elsewhere.get(participant_path(shop, "anna", action))) == shop.name
    assert badge(elsewhere.get("gamify/participant/")) == f"{shop.name} · sandbox"


@pytest.mark.parametrize("action", ACTIONS)
def test_form_says_where_it_goes(elsewhere: Console, shop: Tenant, action: str) -> None:
    assert f"In {shop.name}. " in elsewhere.text(participant_path(shop, "anna", action))


def test_form_that_comes_back_with_a_mistake(elsewhere: Console, shop: Tenant) -> None:
    response = elsewhere.post(participant_path(shop, "anna", "award"), {"amount": "-1"})
    assert badge(response) == shop.name


def test_pages_of_rules(elsewhere: Console, shop: Tenant) -> None:
    made = definitions.save_badge(Badge(tenant=shop, code="early", name="Early", criteria_config={"min_points": 1}))
    tier = Tier.objects.get(tenant=shop, code="gold")
    for path in (f"badge/{made.pk}/change/", f"tier/{tier.pk}/change/", f"tier/{tier.pk}/activity/"):
        assert badge(elsewhere.get(f"gamify/{path}")) == shop.name


def test_pages_of_keys_and_tenants(elsewhere: Console, shop: Tenant) -> None:
    _, key = keys.issue(tenant=shop)
    for path in (f"apikey/{key.pk}/change/", f"apikey/{key.pk}/revoke/", f"tenant/{shop.pk}/disable/"):
        assert badge(elsewhere.get(f"tenants/{path}")) == shop.name


def test_forms_of_new_rows_and_their_previews(elsewhere: Console, shop: Tenant) -> None:
    form = {**elsewhere.open(shop).form("gamify/tier/add/"), "name": "VIP", "code": "vip", "criteria_type": "points"}
    order = elsewhere.form("gamify/tier/reorder/")
    elsewhere.open(shop.sandbox)
    assert badge(elsewhere.post("gamify/tier/add/", {**form, "level": "9", "award_type": "automatic"})) == shop.name
    with_mistake = elsewhere.post("gamify/tier/add/", form)
    assert badge(with_mistake) == shop.name
    assert fields_of(with_mistake)["for_tenant"] == str(shop.pk)
    tiers = [str(tier.pk) for tier in Tier.objects.filter(tenant=shop)]
    preview = elsewhere.post("gamify/tier/reorder/", {**order, "tier": tiers})
    assert "would move" in text_of(preview)
    assert badge(preview) == shop.name


def test_choice_itself_stays(elsewhere: Console, shop: Tenant) -> None:
    elsewhere.get(participant_path(shop, "anna"))
    assert badge(elsewhere.get("")) == f"{shop.name} · sandbox"
