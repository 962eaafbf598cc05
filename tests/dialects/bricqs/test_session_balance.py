"""`POST /api/v1/points/balance`."""

from datetime import timedelta
from typing import Any

import pytest

from engagements.models import Engagement
from gamify.queries import programme as programmes
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import award_at, counts
from tests.dialects.bricqs.session_helpers import (
    Page,
    change_engagement,
    make_engagement,
    make_system,
    open_page,
)
from tests.factories import Client, TenantFactory, now, ref
from tests.programmes import invalid, refused


@pytest.fixture
def quiz(shop: Tenant) -> Engagement:
    return make_engagement(shop)


def test_example_of_the_document(client: Client, quiz: Engagement) -> None:
    client.award("user_123", 500)
    client.deduct("user_123", 150)
    answer = open_page(quiz).balance()
    assert answer == {
        "available_points": 350,
        "total_points": 500,
        "currency_name": "Points",
        "last_earned_at": client.transactions("user_123")["transactions"][1]["created_at"],
    }
    assert answer["last_earned_at"].endswith("Z")


def test_unknown_participant_has_nothing_yet_and_is_not_made(quiz: Engagement) -> None:
    assert open_page(quiz, "nobody").balance() == {
        "available_points": 0,
        "total_points": 0,
        "currency_name": "Points",
        "last_earned_at": None,
    }
    assert set(counts().values()) == {0}


def test_last_earned_moves_with_what_is_earned_only(client: Client, shop: Tenant, quiz: Engagement) -> None:
    long_ago = now() - timedelta(days=9)
    award_at(long_ago, shop, "user_123", 10)
    page = open_page(quiz)
    first = page.balance()["last_earned_at"]
    assert first == long_ago.isoformat().replace("+00:00", "Z")
    client.deduct("user_123", 1)
    assert page.balance()["last_earned_at"] == first
    client.award("user_123", 1, transaction_type="bonus")
    assert page.balance()["last_earned_at"] > first


def test_what_has_expired_is_not_available_though_no_sweep_ran(shop: Tenant, quiz: Engagement) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "user_123", 100, expires_at=past + timedelta(days=1))
    award_at(past, shop, "user_123", 5)
    answer = open_page(quiz).balance()
    assert (answer["available_points"], answer["total_points"]) == (5, 105)


def test_shows_its_participant_and_nobody_else(client: Client, quiz: Engagement) -> None:
    client.award("one", 10)
    client.award("two", 5)
    page = open_page(quiz, "one")
    page.body["participant_id"] = "two"
    assert page.balance()["available_points"] == 10


def test_participants_of_the_sandbox_and_of_another_tenant_are_others(client: Client, shop: Tenant) -> None:
    client.award("user_123", 10)
    for other in (shop.sandbox, TenantFactory.create()):
        page = open_page(make_engagement(other))
        assert page.balance()["available_points"] == 0
        Client(other).award("user_123", 3)
        assert page.balance()["available_points"] == 3


class TestCurrency:
    def test_engagement_without_a_system_shows_the_tenants_wallet(self, client: Client, shop: Tenant) -> None:
        make_system(shop, "stars")
        client.award("user_123", 10)
        client.award("user_123", 5, points_system="stars")
        answer = open_page(make_engagement(shop)).balance()
        assert (answer["available_points"], answer["currency_name"]) == (10, "Points")

    def test_engagement_with_its_own_system_shows_that(self, client: Client, shop: Tenant) -> None:
        make_system(shop, "stars", name="Sterne ★")
        client.award("user_123", 10)
        client.award("user_123", 5, points_system="stars")
        answer = open_page(make_engagement(shop, points_system="stars")).balance()
        assert (answer["available_points"], answer["currency_name"]) == (5, "Sterne ★")

    def test_its_own_name_for_the_currency_wins(self, shop: Tenant) -> None:
        make_system(shop, "stars")
        quiz = make_engagement(shop, points_system="stars", currency_name="Quiz stars")
        page = open_page(quiz)
        assert page.balance()["currency_name"] == "Quiz stars"
        change_engagement(quiz, currency_name="")
        assert page.balance()["currency_name"] == "Stars"

    def test_open_session_follows_a_change_of_system(self, client: Client, shop: Tenant, quiz: Engagement) -> None:
        client.award("user_123", 10)
        page = open_page(quiz)
        assert page.balance()["available_points"] == 10
        make_system(shop, "stars")
        change_engagement(quiz, points_system="stars")
        assert page.balance()["available_points"] == 0

    def test_process_that_knows_older_rules_reads_the_new_ones(self, shop: Tenant) -> None:
        stale = programmes.of(ref(shop))
        quiz = make_engagement(shop)
        programmes._kept[shop.id] = stale
        assert open_page(quiz).balance()["available_points"] == 0


class TestRequest:
    @pytest.mark.parametrize("value", [None, "", 5, True, [], {}, "x" * 256, "a\0b"], ids=lambda value: repr(value)[:9])
    def test_bad_session_or_engagement(self, quiz: Engagement, value: Any) -> None:
        page = open_page(quiz)
        for field in ("session_id", "engagement_id"):
            invalid(lambda field=field: page.call("balance", **{field: value}), field)  # type: ignore[misc]

    def test_missing_fields_are_all_named(self, db: None) -> None:
        invalid(lambda: Page.http.post("/api/v1/points/balance", {}, format="json"), "session_id", "engagement_id")

    def test_key_is_neither_needed_nor_looked_at(self, client: Client, quiz: Engagement) -> None:
        page = open_page(quiz)
        for key in (client.key, "bq_live_" + "0" * 32, "nonsense"):
            assert page.call("balance", {"X-API-Key": key}).status_code == 200
        page.body["session_id"] = client.key
        refused(lambda: page.call("balance", {"X-API-Key": client.key}), 401, "unauthorized")

    def test_session_is_taken_from_the_body_alone(self, quiz: Engagement) -> None:
        session = open_page(quiz).body["session_id"]
        page = Page("sess_" + "0" * 32, quiz.id)
        headers = {"Authorization": f"Bearer {session}", "X-Session-Id": session, "Cookie": f"session_id={session}"}
        refused(lambda: page.call("balance", headers), 401, "unauthorized")

    def test_session_opens_no_endpoint_of_keys(self, client: Client, quiz: Engagement) -> None:
        client.key = open_page(quiz).body["session_id"]
        refused(lambda: client.award("user_123", 1), 401, "unauthorized")
        refused(lambda: client.get("/participants/user_123/points"), 401, "unauthorized")

    def test_engagement_id_is_the_same_in_any_writing(self, quiz: Engagement) -> None:
        page = open_page(quiz)
        for id in (str(quiz.id).upper(), quiz.id.hex):
            page.body["engagement_id"] = id
            assert page.is_open()

    @pytest.mark.parametrize("path", ["balance", "transactions"])
    def test_protocol(self, db: None, path: str) -> None:
        url = f"/api/v1/points/{path}"
        http = Page.http
        get = refused(lambda: http.get(url), 405, "method_not_allowed")
        assert get["detail"]
        refused(lambda: http.generic("POST", url, "{}", "text/plain"), 415, "unsupported_media_type")
        refused(lambda: http.generic("POST", url, "{", "application/json"), 400, "malformed_json")
        refused(lambda: http.generic("POST", url, " " * (1024 * 1024 + 1), "application/json"), 413, "body_too_large")
        refused(lambda: http.generic("POST", url + "/", "{}", "application/json"), 404, "not_found")
        invalid(lambda: http.generic("POST", url, "[]", "application/json"), "body")


def test_answers_show_the_participants_write_cap(shop: Tenant, client: Client, quiz: Engagement) -> None:
    Tenant.objects.filter(pk=shop.pk).update(participant_write_rate="120/9999d")
    reply = client.award("user_123", 500)
    page = open_page(quiz)
    for response in (page.call("balance"), page.call("transactions")):
        shown = {name: value for name, value in response.headers.items() if name.startswith("X-RateLimit-")}
        assert shown == {name: reply[name] for name in shown}
        assert len(shown) == 3
