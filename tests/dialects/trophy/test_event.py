"""`POST /metrics/{key}/event`: the full answer, and everything that it promises."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gamify.models import Entry, Metric, MetricTotal
from gamify.services import participants
from gamify.services.participants import Identify
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, per, xp
from tests.factories import Client as BricqsClient
from tests.factories import now, ref
from tests.programmes import make_badge


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(3, 10)])


def test_document_s_own_example(client: Client, shop: Tenant) -> None:
    response = client.event("user-123", 1)
    assert response.status_code == 201
    body = response.json()
    assert body["metricId"] == str(Metric.objects.get(key="words-written").id)
    assert body["total"] == 1
    assert set(body) == {"eventId", "metricId", "total", "achievements", "currentStreak", "points", "leaderboards"}
    assert (body["achievements"], body["points"], body["leaderboards"]) == ([], {}, {})


def test_crossing_a_multiple_of_the_threshold_pays(client: Client) -> None:
    assert client.event("u", 2).json()["points"] == {}
    points = client.event("u", 1).json()["points"]["xp"]
    [award] = points.pop("awards")
    trigger = award.pop("trigger")
    assert points | {"id": ""} == {
        "id": "",
        "key": "xp",
        "name": "XP",
        "description": None,
        "badgeUrl": None,
        "maxPoints": None,
        "total": 10,
        "added": 10,
    }
    assert award == {
        "id": str(Entry.objects.get().id),
        "awarded": 10,
        "date": Entry.objects.get().created_at.isoformat().replace("+00:00", "Z"),
        "total": 10,
        "boosts": [],
    }
    assert trigger == {
        "id": trigger["id"],
        "type": "metric",
        "points": 10,
        "status": "active",
        "metricId": trigger["metricId"],
        "metricName": "Words written",
        "metricThreshold": 3,
        "userAttributes": [],
        "eventAttributes": [],
        "created": trigger["created"],
        "updated": trigger["updated"],
    }


@pytest.mark.parametrize(
    ("values", "totals", "added"),
    [
        ([10], [10], [30]),
        ([2.5, 0.5], [2.5, 3], [0, 10]),
        ([0.1] * 3 + [2.7], [0.1, 0.2, 0.3, 3], [0, 0, 0, 10]),
        ([-4, 4], [-4, 0], [0, 10 + 10]),
        ([4, -4, 3], [4, 0, 3], [10, 0, 10]),
        ([3, -0.5, 0.5], [3, 2.5, 3], [10, 0, 10]),
        ([0, 3], [0, 3], [0, 10]),
        ([1e-7, 2.9999999], [1e-7, 3], [0, 10]),
        ([10**15], [10**15], [10 * (10**15 // 3)]),
    ],
)
def test_running_totals_are_exact(client: Client, values: list[float], totals: list[float], added: list[int]) -> None:
    replies = [client.event("u", value).json() for value in values]
    assert [reply["total"] for reply in replies] == totals
    assert [reply["points"].get("xp", {}).get("added", 0) for reply in replies] == added
    assert client.total("u") == sum(added)


def test_what_is_worth_more_than_64_bits_is_cut(client: Client, shop: Tenant) -> None:
    apply(shop, triggers=[{**per(1, 1_000_000), "points_system": "coins"}])
    assert client.event("u", 10**15).json()["points"]["coins"]["added"] == 10**16


def test_total_that_is_whole_is_an_integer_on_the_wire(client: Client) -> None:
    assert '"total":3,' in client.event("u", 3.0).content.decode()
    assert '"total":3.5,' in client.event("u", 0.5).content.decode()


def test_every_system_s_triggers_pay(client: Client, shop: Tenant) -> None:
    coins = {**per(2, 1), "points_system": "coins"}
    apply(shop, triggers=[coins, per(1, 2)])
    points = client.event("u", 3).json()["points"]
    assert {key: (each["added"], len(each["awards"])) for key, each in points.items()} == {
        "xp": (16, 2),
        "coins": (1, 1),
    }
    # The newest first, each with the total after it.
    assert [(award["awarded"], award["total"]) for award in points["xp"]["awards"]] == [(6, 16), (10, 10)]


def test_user_is_made_and_changed_along_the_way(client: Client) -> None:
    about = {
        "email": "zoe@example.com",
        "name": "Zoë 🎈",
        "tz": "Europe/Vienna",
        "deviceTokens": ["t1"],
        "subscribeToEmails": False,
        "attributes": {"plan": "pro"},
    }
    client.event("u", about=about)
    client.event("u", about={"name": None, "attributes": {"region": "eu"}})
    user = client.call("GET", "/users/u").json()
    expected = about | {"id": "u", "name": None, "attributes": {"plan": "pro", "region": "eu"}}
    assert {name: user[name] for name in expected} == expected


class TestFilters:
    def test_user_attributes_decide_who_is_paid(self, client: Client, shop: Tenant) -> None:
        apply(shop, triggers=[per(1, 5, "visits", user_attributes={"plan": "pro", "region": "eu"})])
        assert client.event("u", 1, "visits", about={"attributes": {"plan": "pro"}}).json()["points"] == {}
        reply = client.event("u", 1, "visits", about={"attributes": {"region": "eu"}}).json()
        assert reply["points"]["xp"]["added"] == 5
        assert reply["points"]["xp"]["awards"][0]["trigger"]["userAttributes"] == [
            {"key": "plan", "value": "pro"},
            {"key": "region", "value": "eu"},
        ]

    @pytest.mark.parametrize(
        ("value", "text"),
        [(5, "5"), (True, "true"), (None, "null"), (1e22, "1e+22"), ({"b": "ö", "a": [1]}, '{"b": "ö", "a": [1]}')],
    )
    def test_user_attributes_of_another_dialect_are_compared_as_text(
        self, client: Client, shop: Tenant, value: Any, text: str
    ) -> None:
        apply(shop, triggers=[per(1, 5, "visits", user_attributes={"x": text})])
        for user, attributes in {"u": {"x": value}, "other": {"x": [value]}, "none": {}}.items():
            participants.identify(tenant=ref(shop), item=Identify(user, {"attributes": attributes}), now=now())
        paid = {user: bool(client.event(user, 1, "visits").json()["points"]) for user in ("u", "other", "none")}
        assert paid == {"u": True, "other": False, "none": False}

    def test_event_attributes_decide_what_is_counted(self, client: Client, shop: Tenant) -> None:
        apply(shop, triggers=[per(2, 7, "visits", event_attributes={"page": "shop"})])
        pages: list[Any] = [{"page": "shop"}, {"page": "home"}, {}, None, {"page": "shop", "x": "y"}]
        replies = [client.event("u", 1, "visits", attributes=page).json() for page in pages]
        assert [reply["total"] for reply in replies] == [1, 2, 3, 4, 5]
        assert [bool(reply["points"]) for reply in replies] == [False, False, False, False, True]

    def test_each_of_two_filters_counts_for_itself(self, client: Client, shop: Tenant) -> None:
        pages = [per(2, points, "visits", event_attributes={"page": page}) for page, points in (("a", 1), ("b", 10))]
        apply(shop, triggers=pages)
        for page in ("a", "b", "b", "a"):
            client.event("u", 1, "visits", attributes={"page": page})
        assert client.total("u") == 11
        assert sorted(map(int, MetricTotal.objects.values_list("total", flat=True))) == [2, 2, 4]

    def test_inactive_triggers_pay_nothing(self, client: Client, shop: Tenant) -> None:
        apply(shop, triggers=[per(3, 10, is_active=False)])
        assert client.event("u", 9).json()["points"] == {}


class TestAchievements:
    def test_unlocked_badge_is_an_achievement(self, client: Client, shop: Tenant) -> None:
        apply(shop, triggers=[{**per(1, 50, "visits"), "points_system": "points"}])
        badge = make_badge(shop, "fifty", "points", min_points=50)
        [achievement] = client.event("u", 1, "visits").json()["achievements"]
        assert achievement | {"achievedAt": ""} == {
            "id": str(badge.id),
            "key": "fifty",
            "name": "Fifty",
            "trigger": "api",
            "description": None,
            "badgeUrl": None,
            "userAttributes": [],
            "achievedAt": "",
        }
        assert client.event("u", 1, "visits").json()["achievements"] == []

    def test_achievement_pays_and_leads_to_further_ones(self, client: Client, shop: Tenant) -> None:
        make_badge(shop, "first", "award_count", min_awards=1)
        make_badge(shop, "second", "points", min_points=100)
        apply(
            shop,
            triggers=[
                {**per(1, 50, "visits"), "points_system": "points"},
                {"points_system": "points", "type": "achievement", "badge": "first", "points": 60},
                xp(type="achievement", badge="second", points=7),
            ],
        )
        reply = client.event("u", 1, "visits").json()
        assert [each["key"] for each in reply["achievements"]] == ["first", "second"]
        assert {key: each["added"] for key, each in reply["points"].items()} == {"points": 110, "xp": 7}
        assert reply["points"]["xp"]["awards"][0]["trigger"]["achievementName"] == "Second"

    def test_award_of_another_dialect_pays_for_its_badge(self, client: Client, shop: Tenant) -> None:
        make_badge(shop, "first", "award_count", min_awards=1)
        apply(shop, triggers=[xp(type="achievement", badge="first", points=7)])
        assert BricqsClient(shop).award("u", 1).json()["badges_unlocked"] == ["first"]
        assert client.total("u") == 7


class TestUserCreation:
    @pytest.fixture(autouse=True)
    def welcome(self, programme: None, shop: Tenant) -> None:
        apply(shop, triggers=[xp(type="user_creation", points=100)])

    def test_first_event_pays_it_and_no_other(self, client: Client) -> None:
        replies = [client.event("u", 3).json()["points"]["xp"] for _ in range(2)]
        assert [reply["added"] for reply in replies] == [110, 10]
        assert [award["trigger"]["type"] for award in replies[0]["awards"]] == ["metric", "user_creation"]
        assert "eventAttributes" not in replies[0]["awards"][1]["trigger"]

    def test_who_was_awarded_in_another_dialect_is_identified_now(self, client: Client, shop: Tenant) -> None:
        BricqsClient(shop).award("u", 1)
        assert client.event("u", 1).json()["points"]["xp"]["added"] == 100

    def test_not_whom_it_is_not_for(self, client: Client, shop: Tenant) -> None:
        apply(shop, triggers=[xp(type="user_creation", points=1, user_attributes={"plan": "pro"})])
        assert client.event("u", 1, about={"attributes": {"plan": "free"}}).json()["points"]["xp"]["added"] == 100
        assert client.event("v", 1, about={"attributes": {"plan": "pro"}}).json()["points"]["xp"]["added"] == 101


class TestLevels:
    @pytest.fixture(autouse=True)
    def levels(self, programme: None, shop: Tenant) -> None:
        level = {"points_system": "xp", "badge_url": "https://cdn.example.com/l.png"}
        names = {"novice": 10, "adept": 30}
        apply(shop, levels=[level | {"key": key, "name": key.title(), "points": at} for key, at in names.items()])

    def test_is_there_only_when_the_event_changed_it(self, client: Client) -> None:
        replies = [client.event("u", value).json()["points"]["xp"] for value in (3, 3, 3)]
        assert [reply.get("level", {}).get("key") for reply in replies] == ["novice", None, "adept"]
        assert "level" not in replies[1]
        assert replies[0]["level"] | {"id": ""} == {
            "id": "",
            "key": "novice",
            "name": "Novice",
            "description": "",
            "badgeUrl": "https://cdn.example.com/l.png",
            "points": 10,
        }

    def test_may_be_reached_over_others(self, client: Client) -> None:
        assert client.event("u", 9).json()["points"]["xp"]["level"]["key"] == "adept"


class TestCap:
    def test_award_is_cut_to_what_may_be_had(self, client: Client, shop: Tenant) -> None:
        apply(shop, points_systems=[{"key": "xp", "name": "XP", "max_points": 25}])
        replies = [client.event("u", 3).json()["points"] for _ in range(4)]
        assert [reply.get("xp", {}).get("awards", [{}])[0].get("awarded") for reply in replies] == [10, 10, 5, None]
        assert (replies[2]["xp"]["total"], replies[2]["xp"]["maxPoints"]) == (25, 25)


def test_write_cap_of_bricqs_does_not_apply(client: Client, shop: Tenant) -> None:
    shop.participant_write_rate = "1/d"
    shop.save()
    assert [client.event("u").status_code for _ in range(3)] == [201] * 3


def test_attributes_of_the_call_s_time_are_those_of_the_answer(client: Client, freeze: Any) -> None:
    freeze(datetime(2026, 3, 1, 12, tzinfo=UTC))
    client.event("u", 3)
    assert client.points("u").json()["awards"][0]["date"] == "2026-03-01T12:00:00Z"
