"""Tiers: the list, the form with its preview, order and activity."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from gamify.models import Tier
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console, fields_of, text_of

ADD = "gamify/tier/add/"
NEW = {
    "name": "Gold",
    "code": "gold",
    "level": "30",
    "is_active": "on",
    "award_type": "automatic",
    "criteria_type": "points",
    "points__min_points": "1000",
    "benefits": "Free shipping: true\nHotline: 0800 12",
    "color": "#EAB308",
}


def tier(shop: Tenant, code: str = "gold") -> Tier:
    return Tier.objects.get(tenant=shop, code=code)


def confirm(console: Console, path: str, response: Any) -> Any:
    """Press the button of the preview."""
    sent = fields_of(response)
    assert sent["_confirmed"] == "1"
    return console.post(path, sent)


def change(console: Console, shop: Tenant, which: str, **values: str) -> Any:
    found = tier(shop, which)
    path = f"gamify/tier/{found.pk}/change/"
    return path, console.post(path, {**NEW, "name": found.name, "level": str(found.level), **values})


def test_list_is_ordered_by_level_with_members(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    for name, amount in (("a", 100), ("b", 100), ("c", 1000)):
        programmes.award(shop, name, amount)
    page = operator.text("gamify/tier/")
    assert page.index("Bronze") < page.index("Silver") < page.index("Gold")
    assert "Bronze 1 bronze 100 points earned in a lifetime 2 Active" in page
    assert "Gold 3 gold 1,000 points earned in a lifetime 1 Active" in page


def test_new_tier_is_previewed_and_saved_once_it_was_seen(operator: Console, shop: Tenant) -> None:
    for name, amount in (("a", 1000), ("b", 1500), ("c", 10)):
        programmes.award(shop, name, amount)
    response = operator.post(ADD, NEW)
    assert "2 participants would move." in text_of(response)
    assert "No tier Gold up 2" in text_of(response)
    assert not Tier.objects.exists()
    assert confirm(operator, ADD, response).status_code == 302
    made = tier(shop)
    assert (made.level, made.criteria_config, made.color) == (30, {"min_points": 1000}, "#EAB308")
    assert made.benefits == {"Free shipping": True, "Hotline": "0800 12"}
    assert (made.description, made.icon_url, made.point_multiplier) == (None, None, None)
    # People move with their next award, or at once by the page for that.
    assert programmes.tier_of(shop, "a") is None
    assert LogEntry.objects.get().object_id == str(made.pk)


def test_save_cannot_skip_the_check_by_skipping_the_preview(operator: Console, shop: Tenant) -> None:
    response = operator.post(ADD, {**NEW, "points__min_points": "-5", "_confirmed": "1"})
    assert response.status_code == 200
    assert not Tier.objects.exists()


@pytest.mark.parametrize(
    ("values", "config"),
    [
        ({"criteria_type": "points", "points__min_points": ""}, {}),
        (
            {"criteria_type": "points_in_window", "points_in_window__min_points": "5", "points_in_window__days": "30"},
            {"min_points": 5, "days": 30},
        ),
        ({"criteria_type": "badges", "badges__codes": ["early", "late"]}, {"codes": ["early", "late"]}),
    ],
)
def test_form_knows_the_settings_of_each_type(
    operator: Console, shop: Tenant, values: dict[str, Any], config: dict[str, Any]
) -> None:
    for code in ("early", "late"):
        programmes.make_badge(shop, code, "award_count", min_awards=1)
    assert operator.post(ADD, {**NEW, **values, "_confirmed": "1"}).status_code == 302
    assert (tier(shop).criteria_type, tier(shop).criteria_config) == (values["criteria_type"], config)


def test_settings_of_another_type_do_not_count(operator: Console, shop: Tenant) -> None:
    values = {"points_in_window__days": "30", "points_in_window__min_points": "9"}
    assert operator.post(ADD, {**NEW, **values, "_confirmed": "1"}).status_code == 302
    assert tier(shop).criteria_config == {"min_points": 1000}


def test_setting_that_is_needed_is_asked_for(operator: Console, shop: Tenant) -> None:
    response = operator.post(ADD, {**NEW, "criteria_type": "points_in_window", "points_in_window__days": "30"})
    form = response.context["adminform"].form
    assert list(form.errors) == ["points_in_window__min_points"]


def test_badges_of_another_tenant_are_no_choice(operator: Console, shop: Tenant) -> None:
    programmes.make_badge(shop.sandbox, "foreign", "award_count", min_awards=1)
    response = operator.post(ADD, {**NEW, "criteria_type": "badges", "badges__codes": ["foreign"]})
    assert "badges__codes" in response.context["adminform"].form.errors
    assert not Tier.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"code": "bronze"}, "code", "Another tier already has the code “bronze”."),
        ({"level": "1"}, "level", "Another tier is already at level 1."),
        ({"point_multiplier": "0.5"}, "point_multiplier", "Ensure this value is greater than or equal to 1."),
        ({"color": "url(x)"}, "color", "Write it as #RRGGBB, such as #CD7F32."),
        ({"benefits": "no colon"}, "benefits", "“no colon” has no colon: write a name, a colon, and what it is."),
    ],
)
@pytest.mark.parametrize("confirmed", [{}, {"_confirmed": "1"}])
def test_refusals_are_shown_at_their_fields(
    operator: Console, shop: Tenant, values: dict[str, str], field: str, message: str, confirmed: dict[str, str]
) -> None:
    programmes.make_ladder(shop)
    before = programmes.rows()
    response = operator.post(ADD, {**NEW, "code": "new", **values, **confirmed})
    if field == "code" and not confirmed:
        # The preview does not look at codes; saving does.
        response = operator.post(ADD, fields_of(response))
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert {name: list(told) for name, told in errors.items()} == {field: [message]}
    assert programmes.rows() == before
    assert LogEntry.objects.count() == 0


def test_change_of_a_name_needs_no_preview(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    _, response = change(operator, shop, "gold", name="Golden")
    assert response.status_code == 302
    assert tier(shop).name == "Golden"


def test_change_of_the_criteria_is_previewed(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    programmes.award(shop, "anna", 600)
    path, response = change(operator, shop, "gold", points__min_points="600")
    assert "Silver Gold up 1" in text_of(response)
    assert tier(shop).criteria_config == {"min_points": 1000}
    confirm(operator, path, response)
    assert tier(shop).criteria_config == {"min_points": 600}


def test_code_never_changes(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    change(operator, shop, "gold", code="diamond")
    assert {each.code for each in Tier.objects.all()} == {"bronze", "silver", "gold"}


def test_change_of_another_is_not_undone(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    version = Tenant.objects.get(pk=shop.pk).programme_version
    change(operator, shop, "gold", name="Golden")
    assert tier(shop).benefits == {"Free shipping": True, "Hotline": "0800 12"}
    assert Tenant.objects.get(pk=shop.pk).programme_version > version


def test_deactivating_is_asked_first_and_keeps_members(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    programmes.award(shop, "anna", 1000)
    path = f"gamify/tier/{tier(shop).pk}/activity/"
    asked = operator.get(path)
    assert "Nobody would move." in text_of(asked)
    assert tier(shop).is_active
    # However often the button is clicked.
    for _ in range(2):
        assert operator.post(path, fields_of(asked)).status_code == 302
        assert not tier(shop).is_active
    assert programmes.tier_of(shop, "anna") == "gold"
    operator.post(path, operator.form(path))
    assert tier(shop).is_active
    assert LogEntry.objects.latest("pk").get_change_message() == "Activated."


def test_reorder_exchanges_levels_after_a_preview(operator: Console, shop: Tenant) -> None:
    tiers = programmes.make_ladder(shop)
    programmes.award(shop, "anna", 600)
    # The highest first: silver above gold.
    order = [str(tiers[code].pk) for code in ("silver", "gold", "bronze")]
    response = operator.post("gamify/tier/reorder/", {**operator.form("gamify/tier/reorder/"), "tier": order})
    assert "would move" in text_of(response)
    assert tier(shop).level == 3
    sent = {**fields_of(response), "tier": order}
    assert operator.post("gamify/tier/reorder/", sent).status_code == 302
    assert {each.code: each.level for each in Tier.objects.all()} == {"bronze": 1, "gold": 2, "silver": 3}


@pytest.mark.parametrize("wrong", ["missing", "twice"])
def test_reorder_of_other_tiers_than_there_are_is_refused(operator: Console, shop: Tenant, wrong: str) -> None:
    tiers = programmes.make_ladder(shop)
    ids = [str(each.pk) for each in tiers.values()]
    order = ids[:2] if wrong == "missing" else [*ids[:2], ids[0]]
    sent = {**operator.form("gamify/tier/reorder/"), "tier": order, "confirmed": "1"}
    assert "The tiers have changed meanwhile." in text_of(operator.post("gamify/tier/reorder/", sent))
    assert {each.code: each.level for each in Tier.objects.all()} == {"bronze": 1, "silver": 2, "gold": 3}


def test_everybody_is_moved_to_where_the_rules_say(operator: Console, shop: Tenant) -> None:
    for number in range(3):
        programmes.award(shop, f"user_{number}", 1000)
    programmes.make_ladder(shop)
    assert "3 participants would move." in operator.text("gamify/tier/reevaluate/")
    assert operator.post("gamify/tier/reevaluate/", {"for_tenant": str(shop.pk)}).status_code == 302
    assert [programmes.tier_of(shop, f"user_{number}") for number in range(3)] == ["gold"] * 3
    assert "3 participants were moved." in operator.text("gamify/tier/")


def test_long_move_reports_and_goes_on(operator: Console, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamify.services.reevaluation.BATCH_SIZE", 1)
    monkeypatch.setattr("gamify.admin._tier_pages.MOVE_SECONDS_MAX", 0)
    for number in range(2):
        programmes.award(shop, f"user_{number}", 1000)
    programmes.make_ladder(shop)
    sent: dict[str, str] = {"for_tenant": str(shop.pk)}
    for moved in (1, 2):
        response = operator.post("gamify/tier/reevaluate/", sent)
        assert f"{moved} moved so far." in text_of(response)
        sent = fields_of(response)
    assert operator.post("gamify/tier/reevaluate/", sent).status_code == 302
    assert "2 participants were moved." in operator.text("gamify/tier/")


def test_form_goes_to_the_tenant_that_it_was_shown_for(operator: Console, shop: Tenant) -> None:
    form = operator.form(ADD)
    assert form["for_tenant"] == str(shop.pk)
    # Another tab moves on.
    operator.open(shop.sandbox)
    operator.post(ADD, {**NEW, "for_tenant": form["for_tenant"], "_confirmed": "1"})
    assert tier(shop).tenant_id == shop.pk
    assert not Tier.objects.filter(tenant=shop.sandbox).exists()
