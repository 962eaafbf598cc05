from typing import Any

import pytest

from gamify.errors import InvalidInput
from gamify.services import programme_file
from tenants.models import Tenant
from tests.factories import TenantFactory
from tests.programmes import (
    change_tier,
    make_ladder,
    make_tier,
    rows,
)
from tests.whole_programme import FULL, edited


def refused(tenant: Tenant, programme: Any) -> dict[str, str]:
    """What was wrong with it, by path. Nothing was changed."""
    before = rows()
    for dry_run in (True, False):
        with pytest.raises(InvalidInput) as refusal:
            programme_file.apply(tenant, programme, dry_run=dry_run)
    assert rows() == before
    assert all(message for _, message in refusal.value.errors)
    return dict(refusal.value.errors)


class TestBadFiles:
    @pytest.mark.parametrize(
        ("programme", "path"),
        [
            ([], "the file"),
            ("text", "the file"),
            (None, "the file"),
            ({"unknown": []}, "the file"),
            ({"tiers": {}}, "tiers"),
            ({"tiers": [5]}, "tiers[0]"),
            ({"tiers": [{"code": "t", "name": "T"}]}, "tiers[0]"),
            (edited("tiers", 1, unknown=1), "tiers[1]"),
            (edited("tiers", 1, level="3"), "tiers[1].level"),
            (edited("tiers", 1, level=0), "tiers[1].level"),
            (edited("tiers", 1, level=2**31), "tiers[1].level"),
            (edited("tiers", 1, level=True), "tiers[1].level"),
            (edited("tiers", 1, code=""), "tiers[1].code"),
            (edited("tiers", 1, code="x" * 51), "tiers[1].code"),
            (edited("tiers", 1, name="a\0b"), "tiers[1].name"),
            (edited("tiers", 1, name="\ud800"), "tiers[1].name"),
            (edited("tiers", 1, color="x" * 21), "tiers[1].color"),
            (edited("tiers", 1, point_multiplier=0.9), "tiers[1].point_multiplier"),
            (edited("tiers", 1, point_multiplier="2"), "tiers[1].point_multiplier"),
            (edited("tiers", 1, point_multiplier=1.23456), "tiers[1].point_multiplier"),
            (edited("tiers", 1, point_multiplier=float("nan")), "tiers[1].point_multiplier"),
            (edited("tiers", 1, is_active=1), "tiers[1].is_active"),
            (edited("tiers", 1, award_type="other"), "tiers[1].award_type"),
            (edited("tiers", 1, criteria_type="award_count"), "tiers[1].criteria_type"),
            (edited("tiers", 1, criteria_config={"codes": []}), "tiers[1].criteria_config.codes"),
            (edited("tiers", 1, criteria_config={"min_points": 1}), "tiers[1].criteria_config.min_points"),
            (edited("tiers", 1, benefits={"a": ["\0"]}), "tiers[1].benefits.a[0]"),
            (edited("tiers", 1, benefits={"a": {"b\0": 1}}), "tiers[1].benefits.a"),
            (edited("tiers", 1, benefits={"a": float("inf")}), "tiers[1].benefits.a"),
            (edited("tiers", 1, level=20), "tiers[1].level"),
            (edited("tiers", 1, code="gold"), "tiers[1].code"),
            (edited("badges", 1, criteria_type="unknown"), "badges[1].criteria_type"),
            (edited("badges", 1, criteria_config={"level": 0}), "badges[1].criteria_config.level"),
            (edited("badges", 1, code="first"), "badges[1].code"),
            (edited("reward_rules", 1, points=0), "reward_rules[1].points"),
            (edited("reward_rules", 1, points=1_000_000_001), "reward_rules[1].points"),
            (edited("reward_rules", 1, points=5.5), "reward_rules[1].points"),
            (edited("reward_rules", 1, points="5"), "reward_rules[1].points"),
            (edited("reward_rules", 1, event_type=""), "reward_rules[1].event_type"),
            (edited("reward_rules", 1, event_type="x" * 101), "reward_rules[1].event_type"),
            (edited("reward_rules", 1, event_type="a\0b"), "reward_rules[1].event_type"),
            (edited("reward_rules", 1, event_type="purchase"), "reward_rules[1].event_type"),
            (edited("reward_rules", 1, name=""), "reward_rules[1].name"),
            (edited("reward_rules", 1, points_system="gems"), "reward_rules[1].points_system"),
            (edited("reward_rules", 1, cap_count=0), "reward_rules[1].cap_count"),
            (edited("reward_rules", 1, cap_period="year"), "reward_rules[1].cap_period"),
            (edited("reward_rules", 1, cap_period=None), "reward_rules[1].cap_period"),
            (edited("reward_rules", 1, starts_at="2026-06-01"), "reward_rules[1].starts_at"),
            (edited("reward_rules", 1, starts_at="2026-13-01T00:00:00Z"), "reward_rules[1].starts_at"),
            (edited("reward_rules", 0, ends_at="2026-06-01T00:00:00Z"), "reward_rules[0].ends_at"),
            (edited("points_systems", 1, key="a b"), "points_systems[1].key"),
            (edited("points_systems", 1, key="xp\n"), "points_systems[1].key"),
            (edited("points_systems", 0, burn_order="oldest_credit_first"), "points_systems[0].burn_order"),
            (edited("points_systems", 1, max_points=0), "points_systems[1].max_points"),
            (edited("points_systems", 1, max_points=10**15 + 1), "points_systems[1].max_points"),
            ({"engagements": [{}]}, "engagements[0]"),
            (edited("engagements", 1, name=""), "engagements[1].name"),
            (edited("engagements", 1, name="Spin the wheel"), "engagements[1].name"),
            (edited("engagements", 1, status="paused"), "engagements[1].status"),
            (edited("engagements", 1, points_system="unknown"), "engagements[1].points_system"),
            (edited("engagements", 1, points_system=5), "engagements[1].points_system"),
            (edited("engagements", 1, currency_name="x" * 101), "engagements[1].currency_name"),
            (edited("engagements", 1, currency_name=None), "engagements[1].currency_name"),
            (edited("engagements", 1, starts_at="2026-06-01"), "engagements[1].starts_at"),
            (edited("engagements", 1, starts_at="2026-06-01T00:00:00"), "engagements[1].starts_at"),
            (edited("engagements", 1, starts_at="2026-02-30T00:00:00Z"), "engagements[1].starts_at"),
            (edited("engagements", 1, starts_at="2026-06-01T25:00:00Z"), "engagements[1].starts_at"),
            (edited("engagements", 1, starts_at="2026-06-01T00:00:00+99:99"), "engagements[1].starts_at"),
            (edited("engagements", 1, starts_at="0000-01-01T00:00:00Z"), "engagements[1].starts_at"),
            (edited("engagements", 1, starts_at="0001-01-01T00:00:00+14:00"), "engagements[1].starts_at"),
            (edited("engagements", 1, ends_at="9999-12-31T23:59:59-01:00"), "engagements[1].ends_at"),
            (edited("reward_rules", 0, ends_at="9999-12-31T23:59:59-01:00"), "reward_rules[0].ends_at"),
            (edited("reward_rules", 0, starts_at="0001-01-01T00:00:00+14:00"), "reward_rules[0].starts_at"),
            (edited("engagements", 1, ends_at="2026-06-01T00:00:00Z"), "engagements[1].ends_at"),
            (edited("engagements", 1, ends_at="2026-06-01T00:00:00Z\n"), "engagements[1].ends_at"),
            (edited("engagements", 1, ends_at="٢٠٢٦-09-01T00:00:00Z"), "engagements[1].ends_at"),
            (edited("engagements", 1, allowed_origins="https://a.example"), "engagements[1].allowed_origins"),
            (edited("engagements", 1, allowed_origins=["*"]), "engagements[1].allowed_origins"),
            (edited("engagements", 1, allowed_origins=["null"]), "engagements[1].allowed_origins"),
            (edited("engagements", 1, allowed_origins=[""]), "engagements[1].allowed_origins"),
            (edited("engagements", 1, allowed_origins=["a\0"]), "engagements[1].allowed_origins[0]"),
            (edited("engagements", 1, allowed_origins=["https://a.example", 5]), "engagements[1].allowed_origins[1]"),
            (edited("engagements", 1, allowed_origins=["https://a.example"] * 51), "engagements[1].allowed_origins"),
        ],
    )
    def test_path_is_named_and_nothing_is_changed(self, shop: Tenant, programme: Any, path: str) -> None:
        assert list(refused(shop, programme)) == [path]

    def test_all_faults_of_form_are_named_at_once(self, shop: Tenant) -> None:
        programme = edited("tiers", 0, level=0)
        programme["tiers"][1]["color"] = 5
        programme["badges"][0]["name"] = ""
        assert set(refused(shop, programme)) == {"badges[0].name", "tiers[0].level", "tiers[1].color"}

    def test_level_of_a_tier_that_the_file_leaves_out(self, shop: Tenant) -> None:
        make_tier(shop, "other", 20)
        assert list(refused(shop, FULL)) == ["tiers[0].level"]

    def test_level_of_a_tier_that_the_file_leaves_out_in_an_exchange(self, shop: Tenant) -> None:
        tiers = make_ladder(shop)
        change_tier(tiers["gold"], level=2_000_000_000)
        tiers_of_file = [
            {"code": "bronze", "name": "B", "level": 2},
            {"code": "silver", "name": "S", "level": 2_000_000_000},
        ]
        assert list(refused(shop, {"tiers": tiers_of_file})) == ["tiers[1].level"]

    def test_system_of_another_tenant(self, shop: Tenant) -> None:
        programme_file.apply(TenantFactory.create(), FULL)
        found = refused(shop, {"engagements": FULL["engagements"]})
        assert found == {"engagements[1].points_system": "There is no 'xp'."}
