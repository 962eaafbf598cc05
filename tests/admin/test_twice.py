"""Forms that are sent twice, or long after they were shown."""

from functools import partial
from typing import Any

import pytest

from gamify.models import Boost, PointsSystem, RewardRule, Tier, Trigger
from gamify.services import definitions
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console, fields_of, text_of
from tests.admin.test_transfer import upload
from tests.ledger._threads import at_once

REWARD = {"event_type": "signup", "points": "10", "cap_period": "ever", "is_active": "on"}


@pytest.fixture
def system(shop: Tenant) -> PointsSystem:
    return PointsSystem.objects.get(tenant=shop, is_default=True)


def twice(console: Console, path: str, fields: dict[str, Any]) -> list[int]:
    shown = console.form(path)
    sent = {**fields, "shown": shown["shown"], "for_tenant": shown["for_tenant"]}
    return [console.post(path, sent).status_code for _ in range(2)]


def test_boost_is_made_once(operator: Console, system: PointsSystem) -> None:
    fields = {"name": "B", "points_system": str(system.pk), "multiplier": "2", "rounding": "down", "is_active": "on"}
    assert twice(operator, "gamify/boost/add/", {**fields, "start": "2026-01-01"}) == [302, 302]
    assert Boost.objects.count() == 1


def test_trigger_is_made_once(operator: Console, system: PointsSystem) -> None:
    fields = {"points_system": str(system.pk), "points": "10", "status": "active", "type": "user_creation"}
    assert twice(operator, "gamify/trigger/add/", fields) == [302, 302]
    assert Trigger.objects.count() == 1


def test_two_forms_make_two(operator: Console, system: PointsSystem) -> None:
    fields = {"points_system": str(system.pk), "points": "10", "status": "active", "type": "user_creation"}
    for _ in range(2):
        twice(operator, "gamify/trigger/add/", fields)
    assert Trigger.objects.count() == 2


def test_what_somebody_else_saved_meanwhile_is_not_undone(operator: Console, shop: Tenant) -> None:
    rule = definitions.save_reward_rule(RewardRule(tenant=shop, event_type="signup", points=10))
    path = f"gamify/rewardrule/{rule.pk}/change/"
    shown = operator.form(path)["shown"]
    assert operator.post(path, {**REWARD, "points": "20", "shown": shown}).status_code == 302
    refused = operator.post(path, {**REWARD, "name": "Sign-up", "shown": shown})
    assert "Somebody has changed this meanwhile." in text_of(refused)
    # Nor by sending it once more.
    again = operator.post(path, {**REWARD, "name": "Sign-up", "shown": fields_of(refused)["shown"]})
    assert "Somebody has changed this meanwhile." in text_of(again)
    rule.refresh_from_db()
    assert (rule.points, rule.name) == (20, None)
    assert operator.post(path, {**REWARD, "points": "20", "name": "Sign-up", **operator.form(path)}).status_code == 302


def test_nor_behind_a_tier_s_preview(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    programmes.award(shop, "anna", 1000)
    tier = Tier.objects.get(tenant=shop, code="gold")
    path = f"gamify/tier/{tier.pk}/change/"
    fields = {
        "name": "Gold", "level": "3", "is_active": "on", "award_type": "automatic", "criteria_type": "points",
        "points__min_points": "5000", "shown": operator.form(path)["shown"], "for_tenant": str(shop.pk),
    }  # fmt: skip
    preview = operator.post(path, fields)
    assert "would move" in text_of(preview)
    programmes.change_tier(tier, name="Aurum")
    assert "Somebody has changed this meanwhile." in text_of(operator.post(path, fields_of(preview)))
    tier.refresh_from_db()
    assert (tier.name, tier.criteria_config) == ("Aurum", {"min_points": 1000})


def test_nor_by_a_new_order_of_tiers(operator: Console, shop: Tenant) -> None:
    tiers, path = programmes.make_ladder(shop), "gamify/tier/reorder/"
    orders = [[str(tiers[code].pk) for code in codes] for codes in (("silver", "gold", "bronze"), tiers)]
    arranged = {**operator.form(path), "tier": orders[0]}
    seen = {**fields_of(operator.post(path, arranged)), "tier": orders[0]}
    # Somebody else puts them in an order of their own.
    definitions.reorder_tiers(tenant_id=shop.pk, tier_ids=[tiers[code].pk for code in ("gold", "bronze", "silver")])
    for stale in (arranged, seen):
        told = operator.post(path, stale)
        assert "The rules have changed meanwhile. Please look again." in text_of(told)
        # Shown anew, as they are now.
        assert text_of(told).index("Silver") < text_of(told).index("Bronze") < text_of(told).index("Gold")
    assert dict(Tier.objects.values_list("code", "level")) == {"gold": 1, "bronze": 2, "silver": 3}
    preview = operator.post(path, {**fields_of(told), "tier": orders[1]})
    operator.post(path, {**fields_of(preview), "tier": orders[1]})
    assert dict(Tier.objects.values_list("code", "level")) == {"bronze": 3, "silver": 2, "gold": 1}


@pytest.mark.django_db(transaction=True)
def test_two_orders_confirmed_at_the_very_same_time(operator: Console, shop: Tenant) -> None:
    tiers, path = programmes.make_ladder(shop), "gamify/tier/reorder/"
    shown = {**operator.form(path), "confirmed": "1"}
    orders = [[str(tiers[code].pk) for code in codes] for codes in (("silver", "gold", "bronze"), tuple(tiers))]
    replies = at_once([partial(operator.post, path, {**shown, "tier": order}) for order in orders])
    assert sorted(reply.status_code for reply in replies) == [200, 302]


def test_nor_by_a_file(operator: Console, shop: Tenant) -> None:
    tier = programmes.make_tier(shop, "gold", 3, 100)
    seen = upload(operator, "code,name,level\ngold,Golden,3\n")
    programmes.change_tier(tier, name="Aurum")
    assert operator.post("gamify/tier/process_import/", fields_of(seen)).status_code == 302
    assert "The rules have changed meanwhile. Please look again." in operator.text("gamify/tier/")
    tier.refresh_from_db()
    assert tier.name == "Aurum"


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_very_same_time_make_one(operator: Console, system: PointsSystem) -> None:
    path, fields = "gamify/boost/add/", {"name": "B", "multiplier": "2", "rounding": "down", "is_active": "on"}
    sent = {**operator.form(path), **fields, "points_system": str(system.pk), "start": "2026-01-01"}
    assert at_once([lambda: operator.post(path, sent).status_code] * 2) == [302, 302]
    assert Boost.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_choose_the_same_key_at_once_are_told(operator: Console, system: PointsSystem) -> None:
    path = "gamify/metric/add/"
    forms = [{**operator.form(path), "name": name, "key": "words", "is_active": "on"} for name in ("A", "B")]
    replies = at_once([partial(operator.post, path, sent) for sent in forms])
    assert sorted(reply.status_code for reply in replies) == [200, 302]
    [told] = [text_of(reply) for reply in replies if reply.status_code == 200]
    assert "Another metric already has this key." in told
