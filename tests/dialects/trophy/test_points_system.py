"""`GET /points/{key}` and what is below it: triggers, boosts, levels, and who has how many."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gamify.models import Badge
from gamify.services import participants
from gamify.services.participants import Identify
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, per, refused, xp
from tests.factories import Client as BricqsClient
from tests.factories import ref
from tests.programmes import award, make_badge

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def get(client: Client, path: str) -> Any:
    response = client.call("GET", f"/points/{path}")
    assert response.status_code == 200, response.content
    return response.json()


class TestSystem:
    def test_with_its_active_triggers(self, client: Client, shop: Tenant) -> None:
        make_badge(shop, "first", "award_count", min_awards=1)
        apply(
            shop,
            points_systems=[
                {"key": "xp", "name": "XP", "description": "For progress", "max_points": 100},
                {"key": "coins", "name": "Coins"},
            ],
            triggers=[
                per(3, 10, event_attributes={"a": "b"}),
                xp(type="achievement", badge="first", points=5),
                xp(type="streak", streak_length=7, points=6, user_attributes={"plan": "pro"}),
                xp(type="time", time_unit="hour", time_interval=2, points=7),
                xp(type="user_creation", points=8),
                per(4, 1, is_active=False),
                {**per(5, 1), "points_system": "coins"},
            ],
        )
        body = get(client, "xp")
        triggers = [
            {k: v for k, v in t.items() if k not in ("id", "created", "updated", "metricId")}
            for t in body.pop("triggers")
        ]
        assert body == {
            "id": body["id"],
            "key": "xp",
            "name": "XP",
            "description": "For progress",
            "badgeUrl": None,
            "maxPoints": 100,
        }
        same: dict[str, Any] = {"status": "active", "userAttributes": []}
        assert triggers == [
            {
                **same,
                "type": "metric",
                "points": 10,
                "metricName": "Words written",
                "metricThreshold": 3,
                "eventAttributes": [{"key": "a", "value": "b"}],
            },
            {
                **same,
                "type": "achievement",
                "points": 5,
                "achievementId": str(Badge.objects.get().id),
                "achievementName": "First",
            },
            {
                **same,
                "type": "streak",
                "points": 6,
                "streakLengthThreshold": 7,
                "userAttributes": [{"key": "plan", "value": "pro"}],
            },
            {**same, "type": "time", "points": 7, "timeUnit": "hour", "timeInterval": 2},
            {**same, "type": "user_creation", "points": 8},
        ]

    @pytest.mark.parametrize("path", ["", "/boosts", "/levels", "/level-summary", "/summary"])
    def test_unknown_one_is_not_found(self, client: Client, shop: Tenant, path: str) -> None:
        apply(shop.sandbox)
        for key in ("no-such", "xp", "a%20b", "%00"):
            refused(lambda key=key: client.call("GET", f"/points/{key}{path}"), 404)  # type: ignore[misc]


class TestBoosts:
    def test_in_force_or_to_come_and_those_that_are_over_if_asked(
        self, client: Client, shop: Tenant, freeze: Any
    ) -> None:
        freeze(NOW)
        apply(
            shop,
            boosts=[
                xp(name="now", start="2026-03-01", multiplier=2, rounding="up"),
                xp(name="over", start="2026-02-01", end="2026-02-28", multiplier=0.5),
                xp(name="soon", start="2026-03-02", end="2026-03-03", multiplier=1.25),
                xp(name="ended", start="2026-03-01", multiplier=2, is_active=False),
                {"points_system": "coins", "name": "coins", "start": "2026-03-01", "multiplier": 2},
            ],
        )
        shown = [(each["name"], each["status"]) for each in get(client, "xp/boosts")]
        assert shown == [("now", "active"), ("soon", "scheduled")]
        shown = [(each["name"], each["status"]) for each in get(client, "xp/boosts?includeFinished=true")]
        assert shown == [("now", "active"), ("over", "finished"), ("soon", "scheduled")]
        assert get(client, "xp/boosts?includeFinished=True") == get(client, "xp/boosts?includeFinished=true")
        assert get(client, "xp/boosts?includeFinished=false")[1] | {"id": ""} == {
            "id": "",
            "name": "soon",
            "status": "scheduled",
            "start": "2026-03-02",
            "end": "2026-03-03",
            "multiplier": 1.25,
            "rounding": "down",
        }

    def test_bad_flag(self, client: Client, shop: Tenant) -> None:
        apply(shop)
        refused(lambda: client.call("GET", "/points/xp/boosts?includeFinished=maybe"), 422, "includeFinished")


class TestLevels:
    @pytest.fixture(autouse=True)
    def levels(self, shop: Tenant) -> None:
        names = {"gold": 100, "bronze": 0, "silver": 50, "old": 10}
        levels = [xp(key=key, name=key.title(), points=points, is_active=key != "old") for key, points in names.items()]
        apply(shop, levels=levels, triggers=[per(1, 1)])

    def test_the_lowest_first(self, client: Client) -> None:
        assert [(each["key"], each["points"]) for each in get(client, "xp/levels")] == [
            ("bronze", 0),
            ("silver", 50),
            ("gold", 100),
        ]

    def test_summary_counts_everybody_by_current_points(self, client: Client, shop: Tenant) -> None:
        for user, words in {"a": 49, "b": 50, "c": 99, "d": 100, "e": 1000}.items():
            client.event(user, words)
        client.call("PUT", "/users/f", {})
        BricqsClient(shop).deduct("d", 1, points_system="xp")
        Client(shop.sandbox).call("PUT", "/users/g", {})
        lines = get(client, "xp/level-summary")
        assert {line["level"]["key"]: line["users"] for line in lines} == {"bronze": 2, "silver": 3, "gold": 1}

    def test_summary_without_levels_or_users(self, client: Client) -> None:
        assert get(client, "coins/level-summary") == []
        assert [line["users"] for line in get(client, "xp/level-summary")] == [0, 0, 0]


class TestSummary:
    @pytest.fixture(autouse=True)
    def programme(self, shop: Tenant) -> None:
        apply(shop, triggers=[per(1, 1)])

    def counts(self, client: Client, query: str = "") -> list[tuple[int, int, int]]:
        return [(each["from"], each["to"], each["users"]) for each in get(client, f"xp/summary{query}")]

    @pytest.mark.parametrize(
        ("points", "top"),
        [([], 10), ([0], 10), ([1], 10), ([10], 10), ([11], 100), ([100], 100), ([101], 1000), ([10**9 + 1], 10**10)],
    )
    def test_ten_ranges_up_to_a_power_of_ten(self, client: Client, points: list[int], top: int) -> None:
        for user, words in enumerate(points):
            client.event(str(user), words)
        bounds = [(start, end) for start, end, _ in self.counts(client)]
        size = top // 10
        assert bounds == [(0, 0), *((n * size + 1, (n + 1) * size) for n in range(10))]
        assert sum(users for *_, users in self.counts(client)) == len(points)

    def test_more_than_ten_ranges_of_64_bits_hold(self, client: Client, shop: Tenant) -> None:
        for _ in range(101):
            award(shop, "u", 10**16, now=NOW)
        last = get(client, "points/summary")[-1]
        assert (last["from"], last["to"]) == (9 * 10**18 + 1, 10**19)
        assert [each["users"] for each in get(client, "points/summary")][:3] == [0, 0, 1]

    def test_bounds_are_included(self, client: Client) -> None:
        for user, words in enumerate([0, 1, 10, 11, 20, 91, 100]):
            client.event(str(user), words)
        assert [users for *_, users in self.counts(client)] == [1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 2]

    def test_of_users_with_attributes(self, client: Client) -> None:
        for user, attributes in {"a": {"plan": "pro"}, "b": {"plan": "pro", "region": "eu"}, "c": {}}.items():
            client.event(user, 5, about={"attributes": attributes})
        for query, users in {
            "?userAttributes=plan:pro": 2,
            "?userAttributes=plan:pro,region:eu": 1,
            "?userAttributes=plan:": 0,
            "?userAttributes=": 3,
            "": 3,
        }.items():
            assert sum(count for *_, count in self.counts(client, query)) == users

    @pytest.mark.parametrize(
        ("value", "text"),
        [(5, "5"), (5.0, "5.0"), (True, "true"), (None, "null"), (1e22, "1e%2B22"), (["ö"], '["ö"]'), ("5", "5")],
    )
    def test_of_users_whose_attributes_are_not_text(self, client: Client, shop: Tenant, value: Any, text: str) -> None:
        for user, attributes in {"u": {"x": value}, "other": {"x": [value]}, "none": {}}.items():
            participants.identify(tenant=ref(shop), item=Identify(user, {"attributes": attributes}), now=NOW)
        award(shop, "never identified", 1)
        assert sum(count for *_, count in self.counts(client, f"?userAttributes=x:{text}")) == 1

    @pytest.mark.parametrize("text", ["plan", ":pro", "plan:pro,", ","])
    def test_bad_attributes(self, client: Client, text: str) -> None:
        refused(lambda: client.call("GET", f"/points/xp/summary?userAttributes={text}"), 422, "userAttributes")

    def test_what_is_due_counts_nowhere(self, client: Client, shop: Tenant, freeze: Any) -> None:
        award(shop, "u", 90, now=NOW, expires_at=NOW + timedelta(days=1))
        award(shop, "u", 5, now=NOW)
        freeze(NOW + timedelta(days=2))
        shown = [(each["to"], each["users"]) for each in get(client, "points/summary") if each["users"]]
        assert shown == [(5, 1)]

    @pytest.mark.parametrize("path", ["xp/summary", "xp/level-summary"])
    def test_statements_do_not_grow_with_the_users(self, client: Client, shop: Tenant, path: str) -> None:
        def statements() -> int:
            with CaptureQueriesContext(connection) as captured:
                get(client, path)
            return len(captured)

        apply(shop, levels=[xp(key="a", name="A", points=1)])
        get(client, path)
        few = statements()
        for user in range(20):
            client.event(str(user), user)
        assert statements() == few <= 2
