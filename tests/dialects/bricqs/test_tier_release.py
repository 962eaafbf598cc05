from functools import partial
from typing import Any

import pytest

from tenants.models import Tenant
from tests.factories import Client, TenantFactory
from tests.programmes import (
    award,
    change_tier,
    facts,
    invalid,
    make_badge,
    make_ladder,
    make_tier,
    participant,
    refused,
    rows,
    tier_of,
)

PATH = "/tiers/release"


def assign(client: Client, code: str) -> None:
    assert client.post("/tiers/assign", {"participant_id": "u", "tier_code": code}).status_code == 200


@pytest.mark.parametrize(
    ("earned", "pinned", "expected", "level"),
    [(1000, "silver", "gold", 3), (500, "gold", "silver", 2), (500, "silver", "silver", 2), (0, "gold", None, None)],
    ids=["up", "down", "same", "to none"],
)
def test_puts_the_participant_where_its_points_say(
    shop: Tenant, client: Client, earned: int, pinned: str, expected: str | None, level: int | None
) -> None:
    make_ladder(shop)
    assign(client, pinned)
    if earned:
        award(shop, "u", earned)
    before = facts(shop)
    response = client.post(PATH, {"participant_id": "u", "reason": "Contract ended"})
    assert response.status_code == 200
    assert response.json() == {
        "participant_id": "u",
        "tier_code": expected,
        "tier_name": expected and expected.title(),
        "level": level,
        "previous_tier_code": pinned,
    }
    row = participant(shop, "u")
    assert (row.tier_pinned, row.tier_id is None) == (False, expected is None)
    told = [(data["cause"], data["reason"]) for _, data in facts(shop)[len(before) :]]
    assert told == ([] if expected == pinned else [("release", "Contract ended")])


def test_evaluation_works_again_afterwards(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    assign(client, "bronze")
    client.post(PATH, {"participant_id": "u"})
    assert award(shop, "u", 500).tier_upgrade
    assert tier_of(shop, "u") == "silver"


def test_of_an_unpinned_participant_evaluates_and_takes_nothing_away(shop: Tenant, client: Client) -> None:
    tiers = make_ladder(shop)
    award(shop, "u", 500)
    change_tier(tiers["silver"], criteria_config={"min_points": 5000})
    assert client.post(PATH, {"participant_id": "u"}).json()["tier_code"] == "silver"
    change_tier(tiers["gold"], criteria_config={"min_points": 500})
    assert client.post(PATH, {"participant_id": "u"}).json()["tier_code"] == "gold"


def test_of_one_never_seen_makes_it_and_finds_it_a_tier(shop: Tenant, client: Client) -> None:
    make_tier(shop, "member", 1, 0)
    assert client.post(PATH, {"participant_id": "u"}).json()["tier_code"] == "member"


def test_of_a_deactivated_tier_is_not_kept(shop: Tenant, client: Client) -> None:
    tiers = make_ladder(shop)
    assign(client, "gold")
    change_tier(tiers["gold"], is_active=False)
    assert client.post(PATH, {"participant_id": "u"}).json()["tier_code"] is None


def test_unlocks_badges_on_the_way(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    make_badge(shop, "silvered", "tier_reached", level=2)
    assign(client, "bronze")
    award(shop, "u", 500)
    client.post(PATH, {"participant_id": "u"})
    assert participant(shop, "u").badge_codes == ["silvered"]


def test_second_call_with_same_key_returns_first_answer_and_changes_nothing(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    assign(client, "gold")
    first = client.post(PATH, {"participant_id": "u"}, key="k")
    assign(client, "silver")
    before = rows()
    second = client.post(PATH, {"participant_id": "u"}, key="k")
    assert (second.content, second["Idempotent-Replayed"]) == (first.content, "true")
    assert rows() == before
    assert participant(shop, "u").tier_pinned


def test_refusals(db: None) -> None:
    shop = TenantFactory.create(participant_write_rate="1/9999d")
    make_ladder(shop)
    client = Client(shop)

    def release(key: str | None = None, **fields: Any) -> Any:
        return client.post(PATH, {"participant_id": "u"} | fields, key=key)

    faults: list[dict[str, Any]] = [
        {"participant_id": 5},
        {"participant_id": "x" * 256},
        {"reason": 5},
        {"reason": "x" * 501},
    ]
    for fault in faults:
        invalid(partial(release, **fault), *fault)
    refused(lambda: release(key="a b"), 400, "IDEMPOTENCY_KEY_INVALID")
    refused(lambda: release(key="a", idempotency_key="b"), 400, "IDEMPOTENCY_KEY_MISMATCH")
    assert release(key="k").status_code == 200
    refused(lambda: release(key="k", reason="other"), 409, "IDEMPOTENCY_KEY_REUSED")
    refused(release, 429, "RATE_LIMIT_PARTICIPANT_EXCEEDED")
