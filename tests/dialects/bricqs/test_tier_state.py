from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gamify.models import Participant
from gamify.queries import programme as programmes
from gamify.queries import tiers as reads
from tenants.models import Tenant
from tests.factories import Client, now, ref
from tests.programmes import (
    NOW,
    assign,
    award,
    change_tier,
    deduct,
    invalid,
    make_ladder,
    make_tier,
    refused,
    release,
)


def state(client: Client, participant: str = "u") -> Any:
    response = client.get(f"/participants/{participant}/tier")
    assert response.status_code == 200, response.content
    return response.json()


def next_tier(client: Client, participant: str = "u") -> Any:
    return state(client, participant)["next_tier"]


def test_example_of_the_document(shop: Tenant, client: Client) -> None:
    for level, (code, min_points) in enumerate(
        {"bronze": 100, "silver": 500, "gold": 1500, "platinum": 10_000}.items(), 1
    ):
        make_tier(shop, code, level, min_points, color="#FFD700" if code == "gold" else None)
    for amount, month, day in ((100, 1, 1), (400, 1, 15), (1000, 2, 1)):
        award(shop, "user_42", amount, now=datetime(2026, month, day, 10, tzinfo=UTC))
    next_tier = {"code": "platinum", "name": "Platinum", "points_required": 10_000, "points_remaining": 8500}
    assert state(client, "user_42") == {
        "participant_id": "user_42",
        "current_tier": {
            "code": "gold",
            "name": "Gold",
            "level": 3,
            "color": "#FFD700",
            "achieved_at": "2026-02-01T10:00:00Z",
            # The example leaves it out; the description of the field names it.
            "next_tier": next_tier,
        },
        "next_tier": next_tier,
        "tier_history": [
            {"code": "bronze", "name": "Bronze", "achieved_at": "2026-01-01T10:00:00Z"},
            {"code": "silver", "name": "Silver", "achieved_at": "2026-01-15T10:00:00Z"},
            {"code": "gold", "name": "Gold", "achieved_at": "2026-02-01T10:00:00Z"},
        ],
    }


@pytest.mark.parametrize("participant", ["nobody", "Zoë 🎈", "a/b", "x" * 255])
def test_a_participant_never_seen_has_no_tier_and_is_not_made(shop: Tenant, client: Client, participant: str) -> None:
    make_ladder(shop)
    assert state(client, participant) == {
        "participant_id": participant,
        "current_tier": None,
        "next_tier": {"code": "bronze", "name": "Bronze", "points_required": 100, "points_remaining": 100},
        "tier_history": [],
    }
    assert not Participant.objects.exists()


def test_without_any_tiers_there_is_nothing_next(client: Client) -> None:
    assert state(client) == {"participant_id": "u", "current_tier": None, "next_tier": None, "tier_history": []}


def test_at_the_top_nothing_is_next(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    award(shop, "u", 1000)
    held = state(client)
    assert (held["current_tier"]["code"], held["current_tier"]["next_tier"], held["next_tier"]) == ("gold", None, None)


def test_next_is_the_nearest_above_that_evaluation_may_pick(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    make_tier(shop, "invited", 10, award_type="manual")
    change_tier(make_tier(shop, "paused", 20, 2000), is_active=False)
    make_tier(shop, "diamond", 30, 5000)
    award(shop, "u", 1500)
    assert next_tier(client) == {
        "code": "diamond",
        "name": "Diamond",
        "points_required": 5000,
        "points_remaining": 3500,
    }


def test_tier_that_nobody_reaches_by_points_is_never_next(shop: Tenant, client: Client) -> None:
    make_tier(shop, "odd", 1, criteria_config={})
    assert next_tier(client) is None
    make_tier(shop, "gold", 2, 5000)
    assert (next_tier(client)["code"], next_tier(client)["points_remaining"]) == ("gold", 5000)


def test_remaining_counts_what_was_earned_and_not_what_is_left(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    award(shop, "u", 90)
    deduct(shop, "u", 80)
    assert next_tier(client)["points_remaining"] == 10


def test_remaining_is_never_negative(shop: Tenant, client: Client) -> None:
    award(shop, "u", 5000)
    make_ladder(shop)
    assert next_tier(client) == {"code": "bronze", "name": "Bronze", "points_required": 100, "points_remaining": 0}


def test_remaining_of_a_window_counts_what_was_earned_in_it(shop: Tenant, client: Client) -> None:
    config = {"days": 7, "min_points": 100}
    make_tier(shop, "active", 1, criteria_type="points_in_window", criteria_config=config)
    award(shop, "u", 60, now=now() - timedelta(days=8))
    award(shop, "u", 30, now=now() - timedelta(days=6))
    assert next_tier(client)["points_remaining"] == 70


def test_points_of_a_tier_that_is_no_matter_of_points_are_null(shop: Tenant, client: Client) -> None:
    make_tier(shop, "collector", 1, criteria_type="badges", criteria_config={"codes": ["first"]})
    assert next_tier(client) == {
        "code": "collector",
        "name": "Collector",
        "points_required": None,
        "points_remaining": None,
    }


def test_history_holds_the_last_ten_the_newest_last(shop: Tenant, client: Client) -> None:
    for level in range(1, 13):
        make_tier(shop, f"t{level}", level, level * 10)
    for n in range(12):
        award(shop, "u", 10, now=NOW + timedelta(days=n))
    assert [past["code"] for past in state(client)["tier_history"]] == [f"t{level}" for level in range(3, 13)]


def test_history_tells_nothing_of_being_without_a_tier(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    assign(shop, "u", "gold")
    release(shop, "u")
    assign(shop, "u", "silver")
    assert [past["code"] for past in state(client)["tier_history"]] == ["gold", "silver"]


def test_a_deactivated_tier_is_still_shown_to_who_holds_it(shop: Tenant, client: Client) -> None:
    tiers = make_ladder(shop)
    award(shop, "u", 500)
    change_tier(tiers["silver"], is_active=False, name="Silver (old)")
    assert state(client)["current_tier"]["name"] == state(client)["tier_history"][0]["name"] == "Silver (old)"
    assert next_tier(client)["code"] == "gold"


def test_tenant_and_sandbox_are_apart(shop: Tenant, client: Client) -> None:
    make_ladder(shop.sandbox)
    award(shop.sandbox, "u", 1000)
    assert state(client)["current_tier"] is None
    assert state(Client(shop.sandbox))["current_tier"]["code"] == "gold"


def test_a_tier_made_and_given_while_the_request_was_under_way_is_known(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The key was looked up, and the programme kept, before another process made the tier and assigned it.
    early = ref(shop)
    kept = programmes.load(shop.id)
    make_tier(shop, "new", 1, award_type="manual")
    assign(shop, "u", "new")
    monkeypatch.setitem(programmes._kept, shop.id, kept)
    held = reads.tier_state(tenant=early, participant="u", now=NOW)
    assert held.current_tier
    assert held.current_tier.code == "new"
    assert [past.code for past in held.tier_history] == ["new"]


def test_a_read_shows_the_write_window_and_takes_nothing_from_it(shop: Tenant, client: Client) -> None:
    Tenant.objects.filter(pk=shop.pk).update(participant_write_rate="120/9999d")
    client.award("u", 1)
    assert [state(client) and client.get("/participants/u/tier")["X-RateLimit-Remaining"] for _ in range(2)] == [
        "119",
        "119",
    ]


def test_refusals(shop: Tenant, client: Client) -> None:
    path = "/participants/u/tier"
    refused(lambda: client.http.get(client.base + path), 401, "unauthorized")
    invalid(lambda: client.get(f"/participants/{'x' * 256}/tier"), "participant_id")
    invalid(lambda: client.get("/participants/a%00b/tier"), "participant_id")
    Tenant.objects.update(is_active=False)
    refused(lambda: client.get(path), 403, "forbidden")
