"""Boosts, for whoever administers them: made, listed and ended, in the forms of old clients and of new ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gamify.models import Participant, ParticipantBoost, PointsSystem
from tenants.models import Tenant
from tests.dialects.trophy.helpers import NOBODY, Client, admin, apply, boost, listed, per, refused
from tests.programmes import award, rows

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(1, 10)])


class TestCreateForUsers:
    @pytest.mark.parametrize("base", ["/v1", "/admin-api/v1"])
    def test_document_s_own_example(self, client: Client, base: str, freeze: Any) -> None:
        freeze(NOW)
        terms = {"name": "Double XP Weekend", "start": "2024-01-01", "end": "2024-01-03", "multiplier": 2}
        response = client.boost({"userId": "user-123", **terms}, base=base)
        [made] = response.json()["created"]
        assert (response.status_code, response.json()["issues"]) == (201, [])
        assert made == {
            "id": str(ParticipantBoost.objects.get().id),
            **terms,
            "status": "finished",
            "rounding": "down",
            "userId": "user-123",
        }

    def test_each_succeeds_or_fails_alone(self, client: Client) -> None:
        response = client.boost(boost("a", 2), boost("b", 1), boost("c", 3), {"userId": "d"}, 5)  # type: ignore[arg-type]
        body = response.json()
        assert response.status_code == 201
        assert [made["userId"] for made in body["created"]] == ["a", "c"]
        assert [(issue["index"], issue["userId"]) for issue in body["issues"]] == [(1, "b"), (3, "d"), (4, "")]
        assert set(Participant.objects.values_list("external_id", flat=True)) == {"a", "c"}

    def test_issue_speaks_to_both_generations(self, client: Client) -> None:
        [issue] = client.boost(boost("b", 1)).json()["issues"]
        message = "multiplier: Must be greater than 0, less than 100, and not 1."
        assert issue == {
            "userId": "b",
            "level": "error",
            "reason": message,
            "severity": "error",
            "message": message,
            "index": 0,
        }

    def test_none_made_is_200(self, client: Client) -> None:
        assert client.boost(boost("b", 1)).status_code == 200
        assert client.boost().status_code == 200
        assert client.boost().json() == {"created": [], "issues": []}

    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({"multiplier": 0}, "multiplier"),
            ({"multiplier": -2}, "multiplier"),
            ({"multiplier": 100}, "multiplier"),
            ({"multiplier": 1.0}, "multiplier"),
            ({"multiplier": "2"}, "multiplier"),
            ({"multiplier": None}, "multiplier"),
            ({"multiplier": 1.0000001}, "multiplier"),
            ({"multiplier": 1e-20}, "multiplier"),
            ({"name": ""}, "name"),
            ({"name": "x" * 256}, "name"),
            ({"name": "\0"}, "name"),
            ({"start": "2026-02-30"}, "start"),
            ({"start": "2026-01-01T00:00:00Z"}, "start"),
            ({"start": None}, "start"),
            ({"end": "soon"}, "end"),
            ({"end": "2019-12-31"}, "end"),
            ({"rounding": "half"}, "rounding"),
            ({"userId": ""}, "userId"),
            ({"userId": None}, "userId"),
            ({"userId": 5}, "userId"),
            ({"userId": "x" * 256}, "userId"),
            ({"userId": "\ud800"}, "userId"),
        ],
    )
    def test_bad_ones_are_issues(self, client: Client, fields: dict[str, Any], word: str) -> None:
        before = rows()
        response = client.boost(boost("u", 2) | fields)
        [issue] = response.json()["issues"]
        assert (response.status_code, response.json()["created"]) == (200, [])
        assert word in issue["message"]
        assert rows() == before

    @pytest.mark.parametrize("multiplier", [0.000001, 0.5, 1.5, 99.999999])
    @pytest.mark.parametrize("end", ["2020-01-01", "9999-12-31", None])
    def test_good_ones_are_not(self, client: Client, multiplier: float, end: str | None) -> None:
        [made] = client.boost(boost("u", multiplier, end=end, rounding="nearest")).json()["created"]
        assert (made["multiplier"], made["end"], made["rounding"]) == (multiplier, end, "nearest")

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            ({}, "systemKey"),
            ({"systemKey": "xp"}, "boosts"),
            ({"systemKey": "xp", "boosts": {}}, "boosts"),
            ({"systemKey": 5, "boosts": []}, "systemKey"),
            ([], "body"),
        ],
    )
    def test_bad_bodies(self, client: Client, body: Any, word: str) -> None:
        refused(lambda: admin(client, "POST", "/points/boosts", body), 422, word)

    def test_unknown_system(self, client: Client) -> None:
        refused(lambda: client.boost(boost("u", 2), system="no-such"), 404, "no-such")

    def test_a_thousand_and_no_more_in_as_many_statements_as_one(self, client: Client) -> None:
        def statements(*boosts: Any) -> int:
            with CaptureQueriesContext(connection) as captured:
                assert client.boost(*boosts).status_code == 201
            return len(captured)

        client.boost(boost("warm", 2))
        one = statements(boost("one", 2))
        many = [boost(f"u{number}", 2) for number in range(1000)]
        assert statements(*many) == one
        assert ParticipantBoost.objects.count() == 1002
        refused(lambda: client.boost(*many, boost("u", 2)), 422, "boosts")


class TestInOneSystem:
    def test_without_a_user_it_is_everybody_s(self, client: Client, system_id: str) -> None:
        items = [boost(None, 2), boost("u", 3), boost(None, 1)]
        response = admin(client, "POST", f"/points/{system_id}/boosts", items)
        body = response.json()
        assert response.status_code == 201
        assert [(made["multiplier"], made["userId"]) for made in body["created"]] == [(2, None), (3, "u")]
        assert [issue["index"] for issue in body["issues"]] == [2]
        assert [client.event(user).json()["points"]["xp"]["added"] for user in ("u", "v")] == [60, 20]

    def test_also_by_its_key(self, client: Client) -> None:
        assert admin(client, "POST", "/points/xp/boosts", [boost(None, 2)]).status_code == 201

    def test_up_to_a_hundred(self, client: Client, system_id: str) -> None:
        items = [boost(f"u{number}", 2) for number in range(101)]
        refused(lambda: admin(client, "POST", f"/points/{system_id}/boosts", items), 422, "100")
        assert len(admin(client, "POST", f"/points/{system_id}/boosts", items[1:]).json()["created"]) == 100

    @pytest.mark.parametrize("body", [{}, "x", 5, {"boosts": []}])
    def test_bad_bodies(self, client: Client, system_id: str, body: Any) -> None:
        refused(lambda: admin(client, "POST", f"/points/{system_id}/boosts", body), 422, "array")

    def test_attributes_are_refused_rather_than_ignored(self, client: Client, system_id: str) -> None:
        item = {**boost(None, 2), "userAttributes": [{"attributeId": "a", "attributeValue": "b"}]}
        [issue] = admin(client, "POST", f"/points/{system_id}/boosts", [item]).json()["issues"]
        assert "userAttributes" in issue["message"]

    def test_unknown_system(self, client: Client, shop: Tenant) -> None:
        other = PointsSystem.objects.filter(tenant=shop.sandbox)[0].id
        for id in (NOBODY, "no-such", other):
            refused(lambda id=id: admin(client, "POST", f"/points/{id}/boosts", []), 404)  # type: ignore[misc]
            refused(lambda id=id: admin(client, "GET", f"/points/{id}/boosts"), 404)  # type: ignore[misc]
            refused(lambda id=id: admin(client, "DELETE", f"/points/{id}/boosts?ids=x"), 404)  # type: ignore[misc]


class TestList:
    def test_all_of_the_system_the_newest_first(self, client: Client, system_id: str) -> None:
        for user in ("a", None, "b"):
            admin(client, "POST", f"/points/{system_id}/boosts", [boost(user, 2)])
        client.boost(boost("c", 2), system="coins")
        assert [each["userId"] for each in listed(client, system_id)] == ["b", None, "a"]
        assert set(listed(client, system_id)[0]) == {
            "id",
            "name",
            "status",
            "start",
            "end",
            "multiplier",
            "rounding",
            "userId",
        }

    def test_pages(self, client: Client, system_id: str) -> None:
        client.boost(*(boost(f"u{number:02}", 2) for number in range(12)))
        users = [each["userId"] for each in listed(client, system_id, "?limit=100")]
        assert len(users) == 12
        assert [each["userId"] for each in listed(client, system_id)] == users[:10]
        assert [each["userId"] for each in listed(client, system_id, "?limit=2&skip=10")] == users[10:]

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "skip=-1", "limit=x", "skip=99999999999"])
    @pytest.mark.parametrize("path", ["/points", "/points/xp/boosts"])
    def test_bad_pages(self, client: Client, path: str, query: str) -> None:
        refused(lambda: admin(client, "GET", f"{path}?{query}"), 422, query.partition("=")[0])

    def test_other_tenants_boosts_are_not_there(self, client: Client, shop: Tenant, system_id: str) -> None:
        apply(shop.sandbox)
        Client(shop.sandbox).boost(boost("u", 2))
        assert listed(client, system_id) == []


def test_systems(client: Client, shop: Tenant) -> None:
    apply(shop, points_systems=[xp_with_all()])
    shown = admin(client, "GET", "/points").json()
    assert [each["key"] for each in shown] == ["coins", "points", "xp"]
    assert shown[0] | {"id": ""} == {
        "id": "",
        "key": "coins",
        "name": "Coins",
        "description": "",
        "status": "active",
        "badge": None,
        "maxPoints": None,
    }
    assert shown[2] | xp_with_all_shown() == shown[2]
    assert [each["key"] for each in admin(client, "GET", "/points?limit=1&skip=1").json()] == ["points"]


def xp_with_all() -> dict[str, Any]:
    return {"key": "xp", "name": "XP", "description": "D", "badge_url": "https://x.example/b.png", "max_points": 5}


def xp_with_all_shown() -> dict[str, Any]:
    return {"description": "D", "badge": {"url": "https://x.example/b.png"}, "maxPoints": 5}


def test_boosts_multiply_awards_of_every_dialect(client: Client, shop: Tenant) -> None:
    apply(shop, boosts=[{"points_system": "points", "name": "All", "start": "2020-01-01", "multiplier": 1.5}])
    client.boost(boost("u", 2), system="points")
    assert [award(shop, user, 5, now=NOW).amount for user in ("u", "v")] == [15, 7]
