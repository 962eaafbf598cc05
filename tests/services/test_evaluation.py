"""What an award leads to: which tier, and how much it credits."""

import json
from datetime import timedelta
from typing import Any

import pytest

from gamify.models import Entry, TierTransition
from gamify.services import points
from gamify.services.points import Award
from tenants.models import Tenant
from tests.factories import Client, ref
from tests.programmes import (
    NOW,
    admin,
    assign,
    award,
    change_tier,
    deduct,
    delete,
    facts,
    make_badge,
    make_ladder,
    make_tier,
    participant,
    tier_of,
)

DAY = timedelta(days=1)


def upgrade(code: str, level: int, previous: str | None = None, previous_level: int | None = None) -> dict[str, Any]:
    return {
        "code": code,
        "name": code.title(),
        "level": level,
        "previous_code": previous,
        "previous_level": previous_level,
    }


class TestTiers:
    def test_upgrades_name_the_tier_before(self, shop: Tenant) -> None:
        make_ladder(shop)
        assert [award(shop, "u", amount).tier_upgrade for amount in (99, 1, 399, 1, 1, 499)] == [
            None,
            upgrade("bronze", 1),
            None,
            upgrade("silver", 2, "bronze", 1),
            None,
            upgrade("gold", 3, "silver", 2),
        ]

    def test_several_levels_in_one_award_are_one_upgrade(self, shop: Tenant) -> None:
        make_ladder(shop)
        award(shop, "u", 100)
        assert award(shop, "u", 900).tier_upgrade == upgrade("gold", 3, "bronze", 1)
        codes = TierTransition.objects.order_by("pk").values_list("tier__code", "previous_tier__code", "cause")
        assert list(codes) == [("bronze", None, "award"), ("gold", "bronze", "award")]

    def test_upgrade_is_in_the_response_as_documented(self, shop: Tenant, client: Client) -> None:
        make_ladder(shop)
        body = client.award("u", 500, reason="Purchase").json()
        assert body["tier_upgrade"] == upgrade("silver", 2)
        assert tier_of(shop, "u") == "silver"

    def test_placement_keeps_the_time_of_the_award_that_led_to_it(self, shop: Tenant) -> None:
        make_ladder(shop)
        award(shop, "u", 100, now=NOW)
        award(shop, "u", 100, now=NOW + DAY)
        assert participant(shop, "u").tier_achieved_at == NOW

    def test_what_was_earned_for_life_is_not_lost_when_the_threshold_is_raised(self, shop: Tenant) -> None:
        tiers = make_ladder(shop)
        award(shop, "u", 500)
        change_tier(tiers["silver"], criteria_config={"min_points": 5000})
        assert award(shop, "u", 1).tier_upgrade is None
        assert tier_of(shop, "u") == "silver"

    def test_a_lowered_threshold_counts_from_the_next_award_on(self, shop: Tenant) -> None:
        tiers = make_ladder(shop)
        award(shop, "u", 400)
        change_tier(tiers["silver"], criteria_config={"min_points": 400})
        assert tier_of(shop, "u") == "bronze"
        assert award(shop, "u", 1).tier_upgrade == upgrade("silver", 2, "bronze", 1)

    def test_spending_takes_no_tier_away_and_deduct_never_evaluates(self, shop: Tenant) -> None:
        award(shop, "u", 600)
        make_ladder(shop)
        make_badge(shop, "rich", "points", min_points=1)
        outcome = deduct(shop, "u", 1)
        assert (outcome.tier_upgrade, outcome.badges_unlocked) == (None, ())
        assert (tier_of(shop, "u"), participant(shop, "u").badge_codes) == (None, [])
        award(shop, "u", 1)
        deduct(shop, "u", 600)
        assert tier_of(shop, "u") == "silver"

    @pytest.mark.parametrize(
        "fields",
        [
            {"award_type": "manual"},
            {"is_active": False},
            {"criteria_config": {}},
            {"criteria_type": "badges", "criteria_config": {"codes": ["none"]}},
        ],
        ids=["manual", "inactive", "points without min_points", "badge not held"],
    )
    def test_never_picked(self, shop: Tenant, fields: dict[str, Any]) -> None:
        tiers = make_ladder(shop)
        change_tier(tiers["gold"], **fields)
        assert award(shop, "u", 100_000).tier_upgrade == upgrade("silver", 2)

    def test_of_tiers_whose_criteria_hold_the_level_decides_and_not_the_points(self, shop: Tenant) -> None:
        make_tier(shop, "low", 1, 500)
        make_tier(shop, "high", 2, 100)
        assert award(shop, "u", 600).tier_upgrade == upgrade("high", 2)

    def test_zero_points_are_reached_with_the_first_award(self, shop: Tenant) -> None:
        make_tier(shop, "member", 1, 0)
        assert award(shop, "u", 1).tier_upgrade == upgrade("member", 1)

    def test_pinned_stays_through_awards(self, shop: Tenant) -> None:
        make_ladder(shop)
        assign(shop, "u", "bronze")
        assert award(shop, "u", 100_000).tier_upgrade is None
        assert tier_of(shop, "u") == "bronze"

    def test_each_item_of_a_batch_is_evaluated_after_the_one_before(self, shop: Tenant) -> None:
        make_tier(shop, "double", 1, 10, point_multiplier=2)
        items = [Award(name, 10) for name in ("u", "u", "other", "u")]
        results = points.award_batch(tenant=ref(shop), items=items, now=NOW).results
        assert [result.outcome.amount for result in results] == [10, 20, 10, 20]
        assert [bool(result.outcome.tier_upgrade) for result in results] == [True, False, True, False]

    def test_tiers_of_another_tenant_and_of_the_sandbox_do_not_count(self, shop: Tenant) -> None:
        make_ladder(shop.sandbox)
        assert award(shop, "u", 1000).tier_upgrade is None
        assert award(shop.sandbox, "u", 1000).tier_upgrade == upgrade("gold", 3)


class TestWindows:
    @pytest.fixture
    def active(self, shop: Tenant) -> None:
        make_tier(shop, "base", 1, 10)
        config = {"days": 30, "min_points": 100}
        make_tier(shop, "active", 2, criteria_type="points_in_window", criteria_config=config)

    @pytest.mark.usefixtures("active")
    def test_what_was_reached_in_a_window_is_lost_at_a_later_award(self, shop: Tenant) -> None:
        assert award(shop, "u", 100).tier_upgrade == upgrade("active", 2)
        assert award(shop, "u", 1, now=NOW + 29 * DAY).tier_upgrade is None
        assert tier_of(shop, "u") == "active"
        assert award(shop, "u", 1, now=NOW + 31 * DAY).tier_upgrade is None
        assert tier_of(shop, "u") == "base"
        assert award(shop, "u", 99, now=NOW + 32 * DAY).tier_upgrade == upgrade("active", 2, "base", 1)

    @pytest.mark.usefixtures("active")
    def test_down_to_no_tier_at_all(self, shop: Tenant) -> None:
        award(shop, "u", 100)
        change_tier(shop.tiers.get(code="base"), criteria_config={"min_points": 10_000})
        assert award(shop, "u", 1, now=NOW + 60 * DAY).tier_upgrade is None
        row = participant(shop, "u")
        assert (row.tier_id, row.tier_achieved_at) == (None, None)
        assert facts(shop)[-1][1]["new"] is None

    @pytest.mark.parametrize(("seconds", "expected"), [(-1, "active"), (0, "base")])
    @pytest.mark.usefixtures("active")
    def test_window_is_as_many_times_24_hours_to_the_instant(self, shop: Tenant, seconds: int, expected: str) -> None:
        award(shop, "u", 99)
        award(shop, "u", 1, now=NOW + 30 * DAY + timedelta(seconds=seconds))
        assert tier_of(shop, "u") == expected

    @pytest.mark.usefixtures("active")
    def test_spent_and_expired_points_were_still_earned(self, shop: Tenant) -> None:
        award(shop, "u", 60, expires_at=NOW + DAY)
        award(shop, "u", 30)
        deduct(shop, "u", 20)
        assert award(shop, "u", 10, now=NOW + 2 * DAY).tier_upgrade == upgrade("active", 2, "base", 1)

    @pytest.mark.usefixtures("active")
    def test_windows_of_different_lengths(self, shop: Tenant) -> None:
        config = {"days": 1, "min_points": 50}
        make_tier(shop, "hot", 3, criteria_type="points_in_window", criteria_config=config)
        award(shop, "u", 60)
        assert tier_of(shop, "u") == "hot"
        award(shop, "u", 40, now=NOW + 2 * DAY)
        assert tier_of(shop, "u") == "active"

    @pytest.mark.usefixtures("active")
    def test_a_deactivated_window_tier_is_kept(self, shop: Tenant) -> None:
        award(shop, "u", 100)
        change_tier(shop.tiers.get(code="active"), is_active=False)
        award(shop, "u", 1, now=NOW + 60 * DAY)
        assert tier_of(shop, "u") == "active"


class TestMultiplier:
    def test_the_tier_held_before_the_award_multiplies_it(self, shop: Tenant) -> None:
        make_tier(shop, "double", 1, 100, point_multiplier=2)
        assert [award(shop, "u", 100).amount for _ in range(2)] == [100, 200]

    @pytest.mark.parametrize(
        ("multiplier", "amount", "credited"),
        [("1.5", 3, 4), ("1.9999", 1, 1), ("1.1", 10, 11), ("1.1", 9, 9), ("1", 7, 7), ("1000", 1_000_000, 10**9)],
    )
    def test_rounds_down_and_says_why(self, shop: Tenant, multiplier: str, amount: int, credited: int) -> None:
        make_tier(shop, "vip", 1, award_type="manual", point_multiplier=multiplier)
        assign(shop, "u", "vip")
        assert award(shop, "u", amount).amount == credited
        explanation = json.loads(Entry.objects.get().explanation or "")
        assert (explanation["base"], explanation["tier"]) == (amount, "vip")
        assert float(explanation["multiplier"]) == float(multiplier)

    def test_without_one_there_is_nothing_to_explain(self, shop: Tenant) -> None:
        make_tier(shop, "plain", 1, 0)
        award(shop, "u", 1)
        award(shop, "u", 1)
        assert list(Entry.objects.values_list("explanation", flat=True)) == [None, None]

    def test_multiplied_points_count_towards_tiers_and_windows(self, shop: Tenant) -> None:
        make_tier(shop, "double", 1, 10, point_multiplier=2)
        make_tier(shop, "top", 2, 30)
        award(shop, "u", 10)
        assert award(shop, "u", 10).tier_upgrade == upgrade("top", 2, "double", 1)

    def test_a_deactivated_tier_keeps_its_holders_and_its_multiplier(self, shop: Tenant) -> None:
        tier = make_tier(shop, "double", 1, 10, point_multiplier=2)
        award(shop, "u", 10)
        delete(admin(shop), f"/admin/tiers/{tier.id}")
        assert (award(shop, "u", 5).amount, tier_of(shop, "u")) == (10, "double")
        assert award(shop, "other", 10).tier_upgrade is None

    def test_deduct_is_not_multiplied(self, shop: Tenant) -> None:
        make_tier(shop, "double", 1, 10, point_multiplier=2)
        award(shop, "u", 10)
        assert deduct(shop, "u", 3).amount == 3
