"""Which badges an award unlocks, and what they lead to; and that a replay tells it again."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from gamify.models import BadgeUnlock
from gamify.services import definitions, points, programme_file
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award
from tenants.models import Tenant
from tests.factories import Client, ref
from tests.programmes import (
    NOW,
    assign,
    award,
    change_tier,
    facts,
    make_badge,
    make_ladder,
    make_tier,
    participant,
    release,
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


class TestUnlocking:
    @pytest.mark.parametrize(
        ("criteria_type", "config", "awards"),
        [
            ("award_count", {"min_awards": 3}, 3),
            ("points", {"min_points": 20}, 2),
            ("points_in_window", {"min_points": 40, "days": 10}, 4),
            ("tier_reached", {"level": 1}, 2),
            ("badges", {"codes": ["first", "second"]}, 2),
        ],
    )
    def test_unlocked_when_due_and_once(
        self, shop: Tenant, criteria_type: str, config: dict[str, Any], awards: int
    ) -> None:
        make_tier(shop, "one", 1, 20)
        make_badge(shop, "first", "award_count", min_awards=1)
        make_badge(shop, "second", "award_count", min_awards=2)
        make_badge(shop, "tested", criteria_type, **config)
        unlocked = [award(shop, "u", 10, now=NOW + n * DAY).badges_unlocked for n in range(6)]
        assert ["tested" in codes for codes in unlocked] == [n == awards - 1 for n in range(6)]
        assert BadgeUnlock.objects.get(badge__code="tested").unlocked_at == NOW + (awards - 1) * DAY

    def test_all_badges_named_must_be_held(self, shop: Tenant) -> None:
        make_badge(shop, "held", "award_count", min_awards=1)
        make_badge(shop, "far", "award_count", min_awards=100)
        make_badge(shop, "both", "badges", codes=["held", "far"])
        assert award(shop, "u", 1).badges_unlocked == ("held",)

    def test_chain_of_badge_tier_and_badge_in_one_award(self, shop: Tenant) -> None:
        make_badge(shop, "first", "award_count", min_awards=1)
        make_tier(shop, "collector", 5, criteria_type="badges", criteria_config={"codes": ["first"]})
        make_badge(shop, "arrived", "tier_reached", level=5)
        make_badge(shop, "complete", "badges", codes=["first", "arrived"])
        make_tier(shop, "legend", 6, criteria_type="badges", criteria_config={"codes": ["complete"]})
        outcome = award(shop, "u", 1)
        assert outcome.tier_upgrade == upgrade("legend", 6)
        assert outcome.badges_unlocked == ("first", "arrived", "complete")
        assert [type for type, _ in facts(shop)] == [
            "points.awarded",
            "badge.unlocked",
            "tier.changed",
            "badge.unlocked",
            "badge.unlocked",
        ]

    def test_inactive_badge_is_not_unlocked_but_still_counts_where_it_is_held(self, shop: Tenant) -> None:
        badge = make_badge(shop, "held", "award_count", min_awards=1)
        award(shop, "u", 1)
        badge.is_active = False
        definitions.save_badge(badge)
        make_badge(shop, "set", "badges", codes=["held"])
        assert award(shop, "u", 1).badges_unlocked == ("set",)
        assert award(shop, "other", 1).badges_unlocked == ()

    def test_badge_made_later_is_unlocked_by_the_next_award(self, shop: Tenant) -> None:
        award(shop, "u", 1)
        make_badge(shop, "first", "award_count", min_awards=1)
        assert award(shop, "u", 1).badges_unlocked == ("first",)

    def test_pinned_participants_unlock_badges_too(self, shop: Tenant) -> None:
        make_ladder(shop)
        make_badge(shop, "bronzed", "tier_reached", level=1)
        make_badge(shop, "first", "award_count", min_awards=1)
        assign(shop, "u", "bronze")
        assert participant(shop, "u").badge_codes == ["bronzed"]
        assert award(shop, "u", 1000).badges_unlocked == ("first",)
        release(shop, "u")
        assert tier_of(shop, "u") == "gold"

    def test_a_badge_reached_with_a_tier_is_kept_when_the_tier_is_lost(self, shop: Tenant) -> None:
        config = {"days": 1, "min_points": 10}
        make_tier(shop, "hot", 1, criteria_type="points_in_window", criteria_config=config)
        make_badge(shop, "hot-once", "tier_reached", level=1)
        award(shop, "u", 10)
        award(shop, "u", 1, now=NOW + 5 * DAY)
        assert (tier_of(shop, "u"), participant(shop, "u").badge_codes) == (None, ["hot-once"])


class TestReplays:
    @pytest.fixture
    def programme(self, shop: Tenant) -> None:
        make_ladder(shop)
        make_badge(shop, "first", "award_count", min_awards=1)
        make_badge(shop, "bronzed", "tier_reached", level=1)

    @pytest.mark.usefixtures("programme")
    def test_replay_repeats_upgrade_and_badges_to_the_byte(self, shop: Tenant, client: Client) -> None:
        first = client.award("u", 500, key="k")
        assert first.json()["badges_unlocked"] == ["first", "bronzed"]
        client.award("u", 500)
        change_tier(shop.tiers.get(code="silver"), name="Renamed", is_active=False)
        before = len(facts(shop))
        second = client.award("u", 500, key="k")
        assert second.content == first.content
        assert second["Idempotent-Replayed"] == "true"
        assert len(facts(shop)) == before

    @pytest.mark.usefixtures("programme")
    def test_items_of_a_batch_replay_too(self, shop: Tenant) -> None:
        items = [Award("u", 500), Award("other", 1)]

        def send() -> points.BatchResult:
            return points.award_batch(tenant=ref(shop), items=items, key=IdempotencyKey("weekly"), now=NOW)

        first, second = (as_json(send) for _ in range(2))
        assert first == second


def as_json(send: Callable[[], points.BatchResult]) -> list[str]:
    return [json.dumps(asdict(result.outcome)) for result in send().results]


def test_the_balance_of_the_answer_has_what_the_badge_paid(shop: Tenant, client: Client) -> None:
    make_badge(shop, "first", "award_count", min_awards=1)
    paying = {"points_system": "points", "type": "achievement", "badge": "first", "points": 50}
    programme_file.apply(shop, {"triggers": [paying]})
    reply = client.award("u", 100, key="order-1")
    assert (reply.json()["amount"], reply.json()["new_balance"], client.balance("u")) == (100, 150, 150)
    assert client.award("u", 100, key="order-1").content == reply.content
    lines = client.post("/points/award-batch", {"awards": [{"participant_id": "v", "amount": 1}]}).json()["results"]
    assert [line["new_balance"] for line in lines] == [51]
