"""Which wallet an award, a deduct or a read is about (`points_system`, `engagement_id`), what it was for
(`activity_id`) and is called (`transaction_type`)."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from engagements.models import Engagement
from gamify.models import Entry
from gamify.services import audit, points
from gamify.services.points import Award, Wallet
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import invalid, refused
from tests.dialects.bricqs.session_helpers import balances, change_engagement, make_engagement, make_system
from tests.factories import Client, TenantFactory, now, ref

PATHS = ["/points/award", "/points/deduct"]


@pytest.fixture(autouse=True)
def systems(shop: Tenant) -> None:
    make_system(shop, "stars")
    make_system(shop, "aged", burn_order="oldest_credit_first")


@pytest.fixture
def quiz(shop: Tenant) -> Engagement:
    """With its own wallet."""
    return make_engagement(shop, "Quiz", points_system="stars")


@pytest.fixture
def wheel(shop: Tenant) -> Engagement:
    """Which shares the tenant's wallet."""
    return make_engagement(shop, "Wheel")


def send(client: Client, path: str, **fields: Any) -> Any:
    return client.post(path, {"participant_id": "u", "amount": 1, **fields})


class TestWhere:
    def test_each_system_is_a_wallet_of_its_own(self, client: Client) -> None:
        assert client.award("u", 100).json()["new_balance"] == 100
        assert client.award("u", 10, points_system="stars").json()["new_balance"] == 10
        assert client.award("u", 1, points_system="aged").json()["new_balance"] == 1
        assert client.award("u", 100, points_system="points").json()["new_balance"] == 200
        assert client.deduct("u", 4, points_system="stars").json()["new_balance"] == 6
        assert balances(client) == {"points": 200, "stars": 6, "aged": 1}
        assert client.balance("u") == 200

    def test_deduct_reaches_into_no_other_wallet(self, client: Client) -> None:
        client.award("u", 100)
        body = refused(lambda: client.deduct("u", 1, points_system="stars"), 400, "insufficient_points").json()
        assert body["detail"] == "Insufficient points. Available: 0, requested: 1"

    def test_engagement_with_its_own_system_takes_and_gives_there(self, client: Client, quiz: Engagement) -> None:
        client.award("u", 10, engagement_id=str(quiz.id))
        client.award("u", 5, engagement_id=str(quiz.id).upper(), points_system="stars")
        assert client.deduct("u", 3, engagement_id=str(quiz.id)).json()["new_balance"] == 12
        assert balances(client) == {"points": 0, "stars": 12, "aged": 0}

    def test_engagement_without_shares_the_tenants_or_takes_what_is_named(
        self, client: Client, wheel: Engagement
    ) -> None:
        client.award("u", 10, engagement_id=str(wheel.id))
        client.award("u", 5, engagement_id=str(wheel.id), points_system="aged")
        assert balances(client) == {"points": 10, "stars": 0, "aged": 5}

    def test_null_is_as_if_it_were_not_there(self, client: Client) -> None:
        nothing = dict.fromkeys(("points_system", "engagement_id", "activity_id", "transaction_type"))
        client.award("u", 5, **nothing)
        client.deduct("u", 2, **nothing)
        assert balances(client)["points"] == 3

    @pytest.mark.parametrize("path", PATHS)
    def test_what_is_unknown_is_refused(self, client: Client, quiz: Engagement, path: str) -> None:
        client.award("u", 9)
        for key in ("unknown", "Points", "points ", str(uuid4()), "x" * 50):
            invalid(partial(send, client, path, points_system=key), "points_system")
        for id in (str(uuid4()), "quiz", "Quiz", quiz.id.hex, "x" * 36):
            invalid(partial(send, client, path, engagement_id=id), "engagement_id")

    @pytest.mark.parametrize("path", PATHS)
    def test_another_tenants_are_unknown(self, client: Client, shop: Tenant, path: str) -> None:
        client.award("u", 9)
        for other in (shop.sandbox, TenantFactory.create()):
            make_system(other, "theirs")
            theirs = make_engagement(other, points_system="theirs")
            invalid(partial(send, client, path, points_system="theirs"), "points_system")
            invalid(partial(send, client, path, engagement_id=str(theirs.id)), "engagement_id")

    @pytest.mark.parametrize("path", PATHS)
    def test_other_system_than_the_engagements_own_is_refused(
        self, client: Client, quiz: Engagement, path: str
    ) -> None:
        client.award("u", 9)
        for key in ("points", "aged"):
            invalid(partial(send, client, path, engagement_id=str(quiz.id), points_system=key), "points_system")

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("value", ["", 5, True, [], {}, "a\0b"], ids=repr)
    def test_bad_form(self, client: Client, path: str, value: Any) -> None:
        client.award("u", 9)
        for field in ("points_system", "engagement_id", "activity_id"):
            invalid(partial(send, client, path, **{field: value}), field)
        invalid(
            lambda: send(client, path, engagement_id="x" * 37, activity_id="x" * 256), "engagement_id", "activity_id"
        )

    def test_refusal_of_an_unknown_system_names_those_there_are(self, client: Client) -> None:
        body = refused(lambda: client.award("u", 1, points_system="x"), 422, "validation_error").json()
        assert "Known: aged, points, stars." in body["detail"]


class TestRunning:
    """Nothing is earned in an engagement that does not run; what was earned can be spent."""

    @pytest.mark.parametrize(
        "fields",
        [
            {"status": "ended"},
            {"ends_at": now() - timedelta(minutes=1)},
            {"starts_at": now() + timedelta(days=1)},
        ],
        ids=["ended", "over", "not begun"],
    )
    def test_takes_no_awards_and_allows_deducts(self, client: Client, quiz: Engagement, fields: Any) -> None:
        said = {"engagement_id": str(quiz.id)}
        client.award("u", 10, **said)
        change_engagement(quiz, **fields)
        invalid(lambda: client.award("u", 1, **said), "engagement_id")
        assert client.deduct("u", 4, **said).json()["new_balance"] == 6
        # The wallet itself is not closed.
        assert client.award("u", 1, points_system="stars").json()["new_balance"] == 7

    def test_runs_from_its_first_moment_until_before_its_last(self, shop: Tenant) -> None:
        start = now()
        quiz = make_engagement(shop, starts_at=start, ends_at=start + timedelta(hours=1))
        moment = timedelta(microseconds=1)

        def runs(at: Any) -> bool:
            item = Award("u", 1, wallet=Wallet(engagement_id=str(quiz.id)))
            return points.award(tenant=ref(shop), item=item, now=at).error is None

        moments = [start - moment, start, start + timedelta(hours=1) - moment, start + timedelta(hours=1)]
        assert [runs(at) for at in moments] == [False, True, True, False]

    def test_retry_of_an_award_is_repeated_after_the_end(self, client: Client, quiz: Engagement) -> None:
        said = {"engagement_id": str(quiz.id)}
        first = client.award("u", 10, key="order-1", **said)
        change_engagement(quiz, status="ended")
        second = client.award("u", 10, key="order-1", **said)
        assert (second.status_code, second.content) == (200, first.content)
        assert second["Idempotent-Replayed"] == "true"


class TestNotes:
    @pytest.mark.parametrize(("path", "types"), [(PATHS[0], ["award", "bonus"]), (PATHS[1], ["deduct", "redemption"])])
    def test_type_is_shown_as_the_caller_called_it(self, client: Client, path: str, types: list[str]) -> None:
        client.award("u", 10)
        for type in types:
            assert send(client, path, transaction_type=type).status_code == 200
        lines = client.transactions("u")["transactions"]
        assert [line["transaction_type"] for line in lines] == [*reversed(types), "award"]

    @pytest.mark.parametrize(
        ("path", "types"),
        [
            (PATHS[0], ["deduct", "redemption", "expire", "expiry", "Award", "", 5, True, []]),
            (PATHS[1], ["award", "bonus", "expire", "refund", "", 5]),
        ],
    )
    def test_other_types_are_refused(self, client: Client, path: str, types: list[Any]) -> None:
        client.award("u", 10)
        for type in types:
            invalid(partial(send, client, path, transaction_type=type), "transaction_type")

    def test_entry_says_what_it_was_for_and_its_hash_proves_it(self, client: Client, quiz: Engagement) -> None:
        said = {"engagement_id": str(quiz.id).upper(), "activity_id": "quiz_1"}
        client.award("u", 10, transaction_type="bonus", **said)
        client.deduct("u", 1, transaction_type="redemption", **said)
        for entry, type in zip(Entry.objects.order_by("sequence"), ("bonus", "redemption"), strict=True):
            assert (entry.engagement_id, entry.activity_id, entry.transaction_type) == (quiz.id, "quiz_1", type)
        assert [checked.breach for checked in audit.verify() if checked.breach] == []


class TestReads:
    def test_balance_and_lines_are_of_the_system_that_is_asked_for(self, client: Client) -> None:
        client.award("u", 10, reason="points")
        client.award("u", 5, reason="stars", points_system="stars")
        client.deduct("u", 2, reason="spent", points_system="stars")
        path = "/participants/u/points"
        assert client.get(path, {"points_system": "stars"}).json() == {
            "participant_id": "u",
            "balance": 3,
            "total_earned": 5,
            "total_spent": 2,
        }
        page = client.transactions("u", points_system="stars")
        assert ([line["reason"] for line in page["transactions"]], page["total"]) == (["spent", "stars"], 2)
        assert client.transactions("u", points_system="aged")["total"] == 0
        assert [line["reason"] for line in client.transactions("u")["transactions"]] == ["points"]

    def test_what_expires_is_of_the_system_that_is_asked_for(self, client: Client) -> None:
        soon = (now() + timedelta(days=3)).isoformat()
        client.award("u", 10, expires_at=soon)
        client.award("u", 5, expires_at=soon, points_system="stars")
        path = "/participants/u/points/expiring"
        found = [client.get(path, query).json()["total"] for query in ({}, {"points_system": "stars"})]
        assert found == [10, 5]

    @pytest.mark.parametrize("path", ["", "/transactions", "/expiring"])
    @pytest.mark.parametrize("key", ["unknown", "", "x" * 51])
    def test_unknown_system_is_refused(self, client: Client, path: str, key: str) -> None:
        invalid(lambda: client.get(f"/participants/u/points{path}", {"points_system": key}), "points_system")
