from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from gamify.models import Tier
from tenants.models import Tenant
from tests.factories import Client, TenantFactory, now
from tests.programmes import (
    admin,
    assign,
    award,
    invalid,
    make_badge,
    make_ladder,
    make_tier,
    patch,
    refused,
    rows,
)

PATH = "/admin/tiers/preview"


@pytest.fixture
def client(shop: Tenant) -> Client:
    return admin(shop)


@pytest.fixture
def tiers(shop: Tenant) -> dict[str, Tier]:
    """Bronze, silver and gold, and as many participants as their names say that have earned so much."""
    tiers = make_ladder(shop)
    for earned, people in ((50, 1), (100, 2), (500, 3), (1000, 1)):
        for n in range(people):
            award(shop, f"{earned}-{n}", earned)
    return tiers


def preview(client: Client, **fields: Any) -> Any:
    """The moves as (from, to): participants. What was asked for was only asked."""
    before = rows()
    response = client.post(PATH, fields)
    assert response.status_code == 200, response.content
    assert rows() == before
    body = response.json()
    assert body["total"] == sum(move["participants"] for move in body["moves"])
    return {(move["from"], move["to"]): move["participants"] for move in body["moves"]}


def test_answers_who_would_move_from_where_to_where(client: Client, tiers: dict[str, Tier]) -> None:
    response = client.post(PATH, {"tier_id": str(tiers["gold"].id), "criteria_config": {"min_points": 100}})
    assert response.json() == {
        "total": 5,
        "moves": [
            {"from": "bronze", "to": "gold", "participants": 2},
            {"from": "silver", "to": "gold", "participants": 3},
        ],
    }


@pytest.mark.parametrize(
    ("code", "fields", "moves"),
    [
        ("bronze", {"criteria_config": {"min_points": 50}}, {(None, "bronze"): 1}),
        ("silver", {"criteria_config": {"min_points": 100}}, {("bronze", "silver"): 2}),
        ("silver", {"criteria_config": {"min_points": 9999}}, {}),
        ("silver", {"level": 9}, {("gold", "silver"): 1}),
        ("silver", {"is_active": False}, {}),
        ("gold", {"award_type": "manual"}, {}),
        ("gold", {"name": "Other", "point_multiplier": 2}, {}),
        ("gold", {}, {}),
    ],
)
def test_of_a_change(
    client: Client, tiers: dict[str, Tier], code: str, fields: dict[str, Any], moves: dict[Any, int]
) -> None:
    assert preview(client, tier_id=str(tiers[code].id), **fields) == moves


@pytest.mark.usefixtures("tiers")
def test_of_a_new_tier(client: Client) -> None:
    new = {"code": "platinum", "name": "Platinum", "level": 4, "criteria_config": {"min_points": 500}}
    assert preview(client, **new) == {("silver", "platinum"): 3, ("gold", "platinum"): 1}
    assert preview(client, **new, award_type="manual") == preview(client, **new, is_active=False) == {}
    # Nothing but the level is needed to ask.
    assert preview(client, level=4, tier_id=None) == {}


def test_pinned_participants_stay(shop: Tenant, client: Client, tiers: dict[str, Tier]) -> None:
    assign(shop, "100-0", "bronze")
    assert preview(client, tier_id=str(tiers["gold"].id), criteria_config={"min_points": 100})["bronze", "gold"] == 1


def test_windows(shop: Tenant, client: Client) -> None:
    config = {"days": 7, "min_points": 10}
    tier = make_tier(shop, "active", 1, criteria_type="points_in_window", criteria_config=config)
    for name, days in (("late", 8), ("early", 6)):
        award(shop, name, 10, now=now() - timedelta(days=days))
    assert preview(client, tier_id=str(tier.id)) == {("active", None): 1}
    assert preview(client, tier_id=str(tier.id), criteria_config=config | {"days": 9}) == {}


def test_badges(shop: Tenant, client: Client) -> None:
    make_badge(shop, "first", "award_count", min_awards=1)
    make_badge(shop, "second", "award_count", min_awards=2)
    for name in ("u", "u", "v"):
        award(shop, name, 1)
    new = {"level": 1, "criteria_type": "badges", "code": "new"}
    assert preview(client, **new, criteria_config={"codes": ["first"]}) == {(None, "new"): 2}
    assert preview(client, **new, criteria_config={"codes": ["first", "second"]}) == {(None, "new"): 1}


def test_badges_that_a_move_would_unlock_lead_on(shop: Tenant, client: Client) -> None:
    make_badge(shop, "arrived", "tier_reached", level=1)
    make_tier(shop, "top", 2, criteria_type="badges", criteria_config={"codes": ["arrived"]})
    award(shop, "u", 10)
    assert preview(client, level=1, code="new", criteria_config={"min_points": 10}) == {(None, "top"): 1}


@pytest.mark.usefixtures("tiers")
def test_counts_only_participants_of_the_tenant(shop: Tenant, client: Client) -> None:
    for tenant in (shop.sandbox, TenantFactory.create()):
        award(tenant, "u", 1000)
    assert preview(client, level=9, code="new", criteria_config={"min_points": 1000}) == {("gold", "new"): 1}


def test_comes_true(shop: Tenant, client: Client, tiers: dict[str, Tier]) -> None:
    change = {"criteria_config": {"min_points": 100}}
    assert preview(client, tier_id=str(tiers["gold"].id), **change)
    patch(client, f"/admin/tiers/{tiers['gold'].id}", change)
    assert preview(client, tier_id=str(tiers["gold"].id)) == {("bronze", "gold"): 2, ("silver", "gold"): 3}


def test_refusals(shop: Tenant, client: Client, tiers: dict[str, Tier]) -> None:
    def call(**fields: Any) -> Any:
        return lambda: client.post(PATH, fields)

    gold = str(tiers["gold"].id)
    invalid(call(code="new"), "level")
    invalid(call(tier_id="no-uuid"), "tier_id")
    invalid(call(tier_id=gold, level="3"), "level")
    invalid(call(tier_id=gold, criteria_type="award_count"), "criteria_type")
    invalid(call(tier_id=gold, criteria_config={"min": 1}), "criteria_config.min")
    invalid(call(tier_id=gold, award_type="other"), "award_type")
    refused(call(tier_id=gold, level=1), 400, "tier_level_conflict")
    refused(call(level=3), 400, "tier_level_conflict")
    for tier_id in (uuid4(), make_tier(shop.sandbox, "t", 1).id):
        refused(call(tier_id=str(tier_id)), 404, "tier_not_found")
