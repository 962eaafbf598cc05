"""`GET /users/{id}/points/{key}` and its boosts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, boost, per, refused, xp
from tests.factories import Client as BricqsClient
from tests.programmes import award

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(1, 10)])


def test_document_s_own_example(client: Client) -> None:
    client.event("user-123", 3)
    body = client.points("user-123").json()
    [shown] = body.pop("awards")
    assert body == {
        "id": body["id"],
        "key": "xp",
        "name": "XP",
        "description": None,
        "badgeUrl": None,
        "maxPoints": None,
        "total": 30,
        "level": None,
    }
    assert (shown["awarded"], shown["trigger"]["metricThreshold"], shown["boosts"]) == (30, 1, [])


def test_awards_are_those_that_credit_the_newest_first(client: Client, shop: Tenant) -> None:
    for value in (1, 2, 3):
        client.event("u", value)
    BricqsClient(shop).deduct("u", 5, points_system="xp")
    body = client.points("u").json()
    assert body["total"] == 55
    assert [(each["awarded"], each["total"]) for each in body["awards"]] == [(30, 60), (20, 30), (10, 10)]


def test_awards_of_other_dialects_have_no_trigger(client: Client, shop: Tenant) -> None:
    BricqsClient(shop).award("u", 7, points_system="xp")
    [shown] = client.points("u").json()["awards"]
    assert (shown["awarded"], "trigger" in shown) == (7, False)


@pytest.mark.parametrize(("query", "count"), [({}, 10), ({"awards": 1}, 1), ({"awards": 100}, 12)])
def test_so_many_awards(client: Client, query: dict[str, Any], count: int) -> None:
    for _ in range(12):
        client.event("u")
    assert len(client.points("u", **query).json()["awards"]) == count


@pytest.mark.parametrize("awards", ["0", "101", "-1", "1.5", "ten", ""])
def test_bad_number_of_awards(client: Client, awards: str) -> None:
    client.event("u")
    refused(lambda: client.points("u", awards=awards), 422, "awards")


def test_total_is_what_has_not_expired(client: Client, shop: Tenant, freeze: Any) -> None:
    award(shop, "u", 100, now=NOW, expires_at=NOW + timedelta(days=1))
    award(shop, "u", 5, now=NOW)
    freeze(NOW + timedelta(days=2))
    assert client.total("u", "points") == 5


def test_level_is_that_of_the_current_total(client: Client, shop: Tenant) -> None:
    levels = [xp(key=f"l{points}", name=f"L{points}", points=points) for points in (10, 20, 30)]
    apply(shop, levels=levels)
    client.event("u", 2)
    assert client.points("u").json()["level"]["key"] == "l20"
    BricqsClient(shop).deduct("u", 1, points_system="xp")
    assert client.points("u").json()["level"]["key"] == "l10"
    apply(shop, levels=[levels[0] | {"is_active": False}])
    assert client.points("u").json()["level"] is None


def test_boosts_of_an_award_are_shown_when_they_are_over(client: Client, shop: Tenant) -> None:
    apply(shop, boosts=[xp(name="All", start="2020-01-01", multiplier=2)])
    made = client.boost(boost("u", 3)).json()["created"]
    client.event("u")
    client.call("DELETE", f"/points/boosts/{made[0]['id']}", base=client.admin)
    apply(shop, boosts=[xp(name="All", start="2020-01-01", multiplier=2, is_active=False)])
    [shown] = client.points("u").json()["awards"]
    assert shown["awarded"] == 60
    assert [(each["multiplier"], each["status"]) for each in shown["boosts"]] == [(2, "finished"), (3, "finished")]


def test_nobody_and_nothing_are_not_found(client: Client, shop: Tenant) -> None:
    client.event("u")
    refused(lambda: client.points("nobody"), 404, "nobody")
    refused(lambda: client.points("u", "no-such"), 404, "no-such")
    refused(lambda: client.points("u", "x%20p"), 404, "x p")
    refused(lambda: Client(shop.sandbox).points("u"), 404)


@pytest.mark.parametrize("user", ["ann%20lee", "team%2Fann", "team/ann", "a/points/xp"])
def test_ids_in_paths(client: Client, user: str) -> None:
    client.call("POST", "/users", {"id": unquote(user)})
    for path in ("", "/boosts", "/event-summary?aggregation=daily&startDate=2026-01-01&endDate=2026-01-01"):
        assert client.call("GET", f"/users/{user}/points/xp{path}").status_code == 200


def test_statements_do_not_grow_with_the_awards(client: Client, shop: Tenant) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.points("u", awards=100).status_code == 200
        return len(captured)

    apply(shop, boosts=[xp(name="All", start="2020-01-01", multiplier=2)])
    client.boost(boost("u", 3))
    client.event("u")
    client.points("u")
    few = statements()
    for number in range(8):
        client.boost(boost("u", 1.5, name=str(number)))
        client.event("u")
    assert statements() == few <= 8


class TestBoosts:
    def boosts(self, client: Client, user: str = "u", system: str = "xp") -> list[str]:
        return [each["name"] for each in client.call("GET", f"/users/{user}/points/{system}/boosts").json()]

    def test_those_that_apply_now(self, client: Client, shop: Tenant, freeze: Any) -> None:
        freeze(NOW)
        apply(
            shop,
            boosts=[
                xp(name="all", start="2026-03-01", end="2026-03-01", multiplier=2),
                xp(name="over", start="2026-02-01", end="2026-02-28", multiplier=2),
                {"points_system": "coins", "name": "coins", "start": "2026-01-01", "multiplier": 2},
            ],
        )
        client.boost(
            boost("u", 3, name="own"), boost("v", 3, name="other's"), boost("u", 3, name="to come", start="2026-03-02")
        )
        assert self.boosts(client) == ["all", "own"]
        assert self.boosts(client, system="coins") == ["coins"]

    def test_days_are_the_user_s(self, client: Client, freeze: Any) -> None:
        freeze(NOW)
        for user, zone in (("west", "Pacific/Honolulu"), ("east", "Pacific/Kiritimati")):
            client.call("PUT", f"/users/{user}", {"tz": zone})
            client.boost(boost(user, 2, name="today", start="2026-03-01", end="2026-03-01"))
            client.boost(boost(user, 2, name="tomorrow", start="2026-03-02"))
        assert (self.boosts(client, "west"), self.boosts(client, "east")) == (["today"], ["tomorrow"])

    def test_nobody_and_nothing_are_not_found(self, client: Client) -> None:
        client.event("u")
        refused(lambda: client.call("GET", "/users/nobody/points/xp/boosts"), 404)
        refused(lambda: client.call("GET", "/users/u/points/no-such/boosts"), 404)
