import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from gamify.models import Entry
from tenants.models import Tenant
from tests.factories import Client, TenantFactory
from tests.ledger._waiting import settle
from tests.programmes import (
    NOW,
    admin,
    assign,
    award,
    deduct,
    facts,
    invalid,
    make_badge,
    make_ladder,
    refused,
    release,
    rows,
)

BRONZE = {"code": "bronze", "name": "Bronze", "level": 1}
SILVER = {"code": "silver", "name": "Silver", "level": 2}
LATER = NOW + timedelta(days=2)


def of(shop: Tenant, act: Callable[[], Any]) -> list[tuple[str, dict[str, Any]]]:
    """The facts that `act` adds."""
    before = facts(shop)
    act()
    after = facts(shop)
    assert after[: len(before)] == before
    return after[len(before) :]


class TestWhatIsTold:
    """The content of facts, read from the table: a test's own transaction is still running, so no reader sees them."""

    def test_award_and_deduct(self, shop: Tenant) -> None:
        told = of(shop, lambda: (award(shop, "ü", 100, reason="Purchase"), deduct(shop, "ü", 30)))
        ids = [str(id) for id in Entry.objects.order_by("sequence").values_list("id", flat=True)]
        common = {"participant_id": "ü", "points_system_id": str(shop.points_systems.get().id)}
        assert told == [
            (
                "points.awarded",
                common | {"transaction_id": ids[0], "amount": 100, "balance_after": 100, "reason": "Purchase"},
            ),
            ("points.deducted", common | {"transaction_id": ids[1], "amount": 30, "balance_after": 70, "reason": None}),
        ]

    @pytest.mark.parametrize("act", [award, deduct])
    def test_expiry_comes_before_what_brought_it_to_light(self, shop: Tenant, act: Callable[..., Any]) -> None:
        award(shop, "u", 5, expires_at=NOW + timedelta(days=1))
        award(shop, "u", 10)
        told = of(shop, lambda: act(shop, "u", 3, now=LATER))
        assert [type for type, _ in told] == ["points.expired", f"points.{act.__name__}ed"]
        assert (told[0][1]["amount"], told[0][1]["balance_after"]) == (5, 10)

    def test_consequences_come_after_their_cause(self, shop: Tenant) -> None:
        make_ladder(shop)
        make_badge(shop, "first", "award_count", min_awards=1)
        make_badge(shop, "silvered", "tier_reached", level=2)
        told = of(shop, lambda: award(shop, "u", 500, reason="Purchase"))
        assert [type for type, _ in told] == ["points.awarded", "badge.unlocked", "tier.changed", "badge.unlocked"]
        assert [data.get("code") for _, data in told] == [None, "first", None, "silvered"]
        assert told[2][1] == {
            "participant_id": "u",
            "cause": "award",
            "reason": "Purchase",
            "previous": None,
            "new": SILVER,
        }

    def test_items_of_a_batch_are_told_one_after_the_other(self, shop: Tenant, client: Client) -> None:
        make_ladder(shop)
        awards = [{"participant_id": "u", "amount": 100} for _ in range(2)]
        told = of(shop, lambda: client.post("/points/award-batch", {"awards": awards}))
        assert [type for type, _ in told] == ["points.awarded", "tier.changed", "points.awarded"]

    def test_assign_and_release(self, shop: Tenant) -> None:
        make_ladder(shop)
        award(shop, "u", 100)
        assert of(shop, lambda: assign(shop, "u", "silver", reason="VIP")) == [
            (
                "tier.changed",
                {"participant_id": "u", "cause": "assign", "reason": "VIP", "previous": BRONZE, "new": SILVER},
            )
        ]
        assert of(shop, lambda: assign(shop, "u", "silver", reason="VIP")) == []
        assert of(shop, lambda: release(shop, "u")) == [
            (
                "tier.changed",
                {"participant_id": "u", "cause": "release", "reason": None, "previous": SILVER, "new": BRONZE},
            )
        ]

    def test_replays_tell_nothing(self, shop: Tenant, client: Client) -> None:
        make_ladder(shop)
        batch = {"awards": [{"participant_id": "v", "amount": 100}]}
        calls: list[Callable[[], Any]] = [
            lambda: client.award("u", 500, key="a"),
            lambda: client.deduct("u", 5, key="d"),
            lambda: client.post("/points/award-batch", batch, key="b"),
            lambda: client.post("/tiers/assign", {"participant_id": "u", "tier_code": "gold"}, key="t"),
            lambda: client.post("/tiers/release", {"participant_id": "u"}, key="r"),
        ]
        assert all(of(shop, call) for call in calls)
        before = rows()
        for call in calls:
            assert call()["Idempotent-Replayed"] == "true"
        assert rows() == before

    def test_refused_calls_tell_nothing(self, shop: Tenant, client: Client) -> None:
        # What expired is due to be told, but not by a call that writes nothing.
        award(shop, "u", 5, expires_at=NOW + timedelta(days=1))
        refused(lambda: client.deduct("u", 1), 400, "insufficient_points")
        refused(lambda: client.post("/tiers/assign", {"participant_id": "u", "tier_code": "x"}), 404, "tier_not_found")


class TestReading:
    def test_what_a_running_transaction_wrote_is_held_back(self, shop: Tenant) -> None:
        # The test's own.
        award(shop, "u", 1)
        body = admin(shop).get("/facts").json()
        assert body == {"facts": [], "next": None, "has_more": False}

    @pytest.mark.django_db(transaction=True)
    def test_pages_filters_and_tenants(self) -> None:
        shop, other = TenantFactory.create(), TenantFactory.create()
        make_ladder(shop)
        client = admin(shop)
        for tenant in (other, shop.sandbox):
            award(tenant, "u", 1)
        award(shop, "u", 500, reason="Purchase")
        deduct(shop, "u", 1)
        award(shop, "v", 1)
        settle()

        def read(**query: Any) -> Any:
            response = client.get("/facts", query)
            assert response.status_code == 200, response.content
            return response.json()

        everything = read()
        assert [fact["type"] for fact in everything["facts"]] == [
            "points.awarded",
            "tier.changed",
            "points.deducted",
            "points.awarded",
        ]
        assert (everything["has_more"], everything["next"]) == (False, everything["facts"][-1]["position"])
        assert [(fact["type"], fact["data"]) for fact in everything["facts"]] == facts(shop)
        fact = everything["facts"][1]
        assert fact == {
            "position": fact["position"],
            "id": fact["id"],
            "type": "tier.changed",
            "created_at": "2026-01-01T00:00:00Z",
            "data": {
                "participant_id": "u",
                "cause": "award",
                "reason": "Purchase",
                "previous": None,
                "new": SILVER,
            },
        }
        assert re.fullmatch(rf"[0-9]+-{fact['id'].replace('-', '')}", fact["position"])

        found: list[Any] = []
        after: dict[str, str] = {}
        for has_more in (True, True, True, False):
            page = read(limit=1, **after)
            found += page["facts"]
            after = {"after": page["next"]}
            assert page["has_more"] == has_more
        assert found == everything["facts"]
        # At the end: nothing, and the same place to go on from.
        assert read(**after) == {"facts": [], "next": after["after"], "has_more": False}
        award(shop, "v", 7)
        settle()
        assert [fact["data"]["amount"] for fact in read(**after)["facts"]] == [7]

        assert [fact["type"] for fact in read(type="tier.changed")["facts"]] == ["tier.changed"]
        two = read(type=["tier.changed", "points.deducted"], limit=1)
        assert (two["facts"][0]["type"], two["has_more"]) == ("tier.changed", True)
        more = read(type=["tier.changed", "points.deducted"], after=two["next"])
        assert [fact["type"] for fact in more["facts"]] == ["points.deducted"]
        assert read(type="badge.unlocked")["facts"] == []

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            (
                "after",
                ["", "x", "1", "1-", "-1-" + "0" * 32, "1-" + "0" * 31, "1-" + "G" * 32, "9" * 19 + "-" + "0" * 32],
            ),
            ("type", ["", "other", ["tier.changed", "points"]]),
            ("limit", ["0", "1001", "a", "-1", "1.0", ""]),
        ],
    )
    def test_refused_queries(self, shop: Tenant, field: str, values: list[Any]) -> None:
        client = admin(shop)
        for value in values:
            invalid(partial(client.get, "/facts", {field: value}), field)

    @pytest.mark.parametrize(
        "query", [{"limit": "1000"}, {"after": "0-" + "0" * 32}, {"after": "9" * 18 + "-" + "f" * 32}]
    )
    def test_queries_at_their_limits(self, shop: Tenant, query: dict[str, str]) -> None:
        assert admin(shop).get("/facts", query).json()["facts"] == []
