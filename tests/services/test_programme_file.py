import json
import re
from typing import Any

import jsonschema
import pytest
from django.conf import settings

from gamify.models import Badge, PointsSystem, Tier
from gamify.services import programme_file
from tenants.models import Tenant
from tests.factories import TenantFactory
from tests.programmes import (
    admin,
    award,
    make_badge,
    make_ladder,
    make_tier,
    rows,
    tier_of,
)
from tests.whole_programme import FULL, KINDS, edited


class TestSchema:
    def test_is_a_valid_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(programme_file.schema())

    def test_takes_what_is_exported(self, shop: Tenant) -> None:
        programme_file.apply(shop, FULL)
        jsonschema.validate(programme_file.export(shop), programme_file.schema())

    def test_knows_every_section_and_field(self) -> None:
        schema = programme_file.schema()
        assert set(schema["properties"]) == set(FULL)
        assert set(KINDS) == set(FULL)
        for section, kind in KINDS.items():
            assert set(schema["$defs"][kind]["properties"]) == set(FULL[section][0])


@pytest.mark.parametrize("name", ["README.md", "docs/moving-from-gamifyhost.md"])
def test_example_in_the_documentation_is_taken(shop: Tenant, name: str) -> None:
    text = (settings.PROJECT_DIR / name).read_text()
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    [example] = [block for block in blocks if "reward_rules" in block]
    assert programme_file.apply(shop, example)


class TestExport:
    def test_of_a_new_tenant(self, shop: Tenant) -> None:
        empty: dict[str, Any] = {section: [] for section in FULL}
        assert programme_file.export(shop) == empty | {"points_systems": FULL["points_systems"][:1]}

    def test_applied_elsewhere_and_exported_is_the_same(self, shop: Tenant) -> None:
        programme_file.apply(shop, FULL)
        exported = json.loads(json.dumps(programme_file.export(shop)))
        assert exported == FULL
        other = TenantFactory.create()
        programme_file.apply(other, exported)
        assert programme_file.export(other) == exported

    def test_takes_whatever_the_api_has_taken(self, shop: Tenant) -> None:
        fields = {"code": "Zoë/🎈", "name": " ", "level": 2_000_000_000, "point_multiplier": 1000, "color": ""}
        assert admin(shop).post("/admin/tiers", fields).status_code == 201
        fields = {"code": "t", "name": "T", "level": 1, "description": "x" * 5000, "point_multiplier": 1.0001}
        assert admin(shop).post("/admin/tiers", fields).status_code == 201
        exported = programme_file.export(shop)
        programme_file.apply(shop.sandbox, exported)
        assert programme_file.export(shop.sandbox) == exported

    def test_holds_one_tenant_only(self, shop: Tenant) -> None:
        programme_file.apply(shop.sandbox, FULL)
        assert programme_file.export(shop)["tiers"] == []


class TestApply:
    def test_says_what_it_made_and_makes_it(self, shop: Tenant) -> None:
        assert programme_file.apply(shop, FULL) == [
            "points system xp: made.",
            "badge first: made.",
            "badge retired: made.",
            "tier gold: made.",
            "tier silver: made.",
            "reward rule purchase: made.",
            "reward rule signup: made.",
            "engagement Spin the wheel: made.",
            "engagement Summer quiz: made.",
            "metric lessons: made.",
            "metric words-written: made.",
            "trigger xp metric words-written 3 {'language': 'en'}: made.",
            "trigger xp achievement first: made.",
            "trigger xp streak 7 monthly: made.",
            "trigger xp time day 30 {'plan': 'pro'}: made.",
            "level xp novice: made.",
            "boost xp Double XP 2020-01-01: made.",
        ]
        outcome = award(shop, "u", 500)
        assert outcome.badges_unlocked == ("first",)
        assert (tier_of(shop, "u"), award(shop, "u", 10).amount) == ("gold", 12)

    def test_again_changes_nothing_not_even_the_version(self, shop: Tenant) -> None:
        programme_file.apply(shop, FULL)
        before = rows()
        assert programme_file.apply(shop, FULL) == []
        assert rows() == before

    @pytest.mark.parametrize("programme", [{}, {"tiers": []}, {"badges": [], "tiers": []}])
    def test_what_is_left_out_is_left_alone(self, shop: Tenant, programme: dict[str, Any]) -> None:
        programme_file.apply(shop, FULL)
        assert programme_file.apply(shop, programme) == []
        assert programme_file.export(shop) == FULL

    def test_fields_left_out_are_left_alone(self, shop: Tenant) -> None:
        programme_file.apply(shop, FULL)
        change = {"tiers": [{"code": "gold", "name": "Golden", "level": 20}]}
        assert programme_file.apply(shop, change) == ["tier gold: name 'Gold' → 'Golden'."]
        assert programme_file.export(shop) == edited("tiers", 0, name="Golden")

    def test_fields_left_out_of_a_new_one_have_their_defaults(self, shop: Tenant) -> None:
        programme_file.apply(shop, {"tiers": [{"code": "t", "name": "T", "level": 1}]})
        tier = Tier.objects.get()
        made = (tier.criteria_type, tier.criteria_config, tier.benefits, tier.is_active, tier.award_type)
        assert made == ("points", {}, {}, True, "automatic")

    @pytest.mark.parametrize(
        ("section", "index", "field", "value"),
        [
            ("points_systems", 0, "name", "Coins"),
            ("badges", 0, "criteria_config", {"min_awards": 2}),
            ("badges", 1, "is_active", True),
            ("tiers", 0, "description", None),
            ("tiers", 0, "level", 5),
            ("tiers", 0, "criteria_config", {"min_points": 5, "days": 5}),
            ("tiers", 0, "benefits", {"discount_pct": True}),
            ("tiers", 0, "point_multiplier", None),
            ("tiers", 1, "point_multiplier", 2),
            ("tiers", 1, "icon_url", ""),
            ("tiers", 1, "award_type", "automatic"),
            ("reward_rules", 0, "points", 1),
            ("reward_rules", 0, "points_system", None),
            ("reward_rules", 0, "ends_at", "2026-06-02T00:00:00+00:00"),
            ("reward_rules", 0, "cap_count", None),
            ("reward_rules", 0, "cap_period", "month"),
            ("reward_rules", 1, "is_active", True),
            ("engagements", 0, "status", "active"),
            ("engagements", 0, "starts_at", "2026-01-01T00:00:00.000001+00:00"),
            ("engagements", 0, "points_system", "points"),
            ("engagements", 0, "currency_name", "Zoë 🎈"),
            ("engagements", 0, "allowed_origins", ["http://[::1]:8080", "http://localhost"]),
            ("engagements", 1, "ends_at", None),
            ("engagements", 1, "points_system", None),
            ("engagements", 1, "allowed_origins", []),
            ("metrics", 1, "streak_frequency", None),
            ("triggers", 0, "points", 11),
            ("triggers", 1, "is_active", True),
            ("levels", 0, "points", 0),
            ("boosts", 0, "end", None),
            ("boosts", 0, "multiplier", 0.5),
            ("boosts", 0, "is_active", False),
        ],
    )
    def test_one_field(self, shop: Tenant, section: str, index: int, field: str, value: Any) -> None:
        programme_file.apply(shop, FULL)
        [change] = programme_file.apply(shop, edited(section, index, **{field: value}))
        assert f": {field} " in change
        assert programme_file.export(shop) == edited(section, index, **{field: value})
        assert programme_file.apply(shop, edited(section, index, **{field: value})) == []

    def test_reward_rule_of_an_event_type_and_points_alone(self, shop: Tenant) -> None:
        programme = {"reward_rules": [{"event_type": "signup", "points": 500}]}
        assert programme_file.apply(shop, programme) == ["reward rule signup: made."]
        assert programme_file.export(shop)["reward_rules"] == [FULL["reward_rules"][1] | {"is_active": True}]
        assert programme_file.apply(shop, programme) == []

    @pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (True, 1), ({"a": [1]}, {"a": [True]})])
    def test_true_is_not_one(self, shop: Tenant, before: Any, after: Any) -> None:
        tier: dict[str, Any] = {"code": "t", "name": "T", "level": 1}
        for value in (before, after):
            assert programme_file.apply(shop, {"tiers": [tier | {"benefits": {"a": value}}]})
        assert json.dumps(Tier.objects.get().benefits) == json.dumps({"a": after})

    def test_inactive_is_deactivated_and_its_holders_keep_it(self, shop: Tenant) -> None:
        make_ladder(shop)
        badge = make_badge(shop, "first", "award_count", min_awards=1)
        award(shop, "u", 1000)
        programme = programme_file.export(shop)
        programme["tiers"][1]["is_active"] = programme["badges"][0]["is_active"] = False
        assert programme["tiers"][1]["code"] == "gold"
        assert programme_file.apply(shop, programme) == [
            "badge first: is_active True → False.",
            "tier gold: is_active True → False.",
        ]
        badge.refresh_from_db()
        assert not badge.is_active
        assert tier_of(shop, "u") == "gold"
        outcome = award(shop, "v", 1000)
        assert (tier_of(shop, "v"), outcome.badges_unlocked) == ("silver", ())

    def test_exchanged_levels(self, shop: Tenant) -> None:
        make_ladder(shop)
        programme = programme_file.export(shop)
        levels = {"bronze": 3, "silver": 1, "gold": 2}
        for tier in programme["tiers"]:
            tier["level"] = levels[tier["code"]]
        assert len(programme_file.apply(shop, programme)) == 3
        assert dict(Tier.objects.values_list("code", "level")) == levels

    def test_a_new_tier_takes_the_level_that_another_one_leaves(self, shop: Tenant) -> None:
        make_tier(shop, "gold", 1)
        tiers = [{"code": "new", "name": "New", "level": 1}, {"code": "gold", "name": "Gold", "level": 2}]
        programme_file.apply(shop, {"tiers": tiers})
        assert dict(Tier.objects.values_list("code", "level")) == {"new": 1, "gold": 2}

    def test_dry_run_says_the_same_and_changes_nothing(self, shop: Tenant) -> None:
        make_tier(shop, "gold", 10, 100)
        before = rows()
        changes = programme_file.apply(shop, FULL, dry_run=True)
        assert rows() == before
        assert programme_file.apply(shop, FULL) == changes != []

    def test_the_next_award_follows_it(self, shop: Tenant) -> None:
        make_ladder(shop)
        award(shop, "u", 1)
        programme_file.apply(
            shop, {"tiers": [{"code": "t", "name": "T", "level": 9, "criteria_config": {"min_points": 0}}]}
        )
        award(shop, "u", 1)
        assert tier_of(shop, "u") == "t"

    def test_of_one_tenant_leaves_others_alone(self, shop: Tenant) -> None:
        make_ladder(shop.sandbox)
        before = programme_file.export(shop.sandbox)
        programme_file.apply(shop, FULL)
        assert programme_file.export(shop.sandbox) == before
        assert (Badge.objects.count(), PointsSystem.objects.filter(tenant=shop).count()) == (2, 2)
