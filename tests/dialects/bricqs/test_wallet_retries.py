"""Awards to several wallets in one batch, and keys of calls that name a wallet."""

from typing import Any
from uuid import uuid4

import pytest

from engagements.models import Engagement
from gamify.models import Entry
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import invalid, refused
from tests.dialects.bricqs.session_helpers import balances, change_engagement, make_engagement, make_system
from tests.factories import Client


@pytest.fixture(autouse=True)
def systems(shop: Tenant) -> None:
    make_system(shop, "stars")
    make_system(shop, "aged", burn_order="oldest_credit_first")


@pytest.fixture
def quiz(shop: Tenant) -> Engagement:
    """With its own wallet."""
    return make_engagement(shop, "Quiz", points_system="stars")


class TestBatch:
    def test_items_go_to_their_wallets_and_fail_alone(self, client: Client, quiz: Engagement) -> None:
        change = {"participant_id": "u", "amount": 1}
        items: list[dict[str, Any]] = [
            {},
            {"points_system": "stars", "transaction_type": "bonus", "activity_id": "a"},
            {"engagement_id": str(quiz.id)},
            {"points_system": "unknown"},
            {"engagement_id": str(uuid4())},
            {"engagement_id": str(quiz.id), "points_system": "aged"},
            {"transaction_type": "redemption"},
            {"points_system": "aged"},
        ]
        answer = client.post("/points/award-batch", {"awards": [{**change, **item} for item in items]}).json()
        assert [line["new_balance"] for line in answer["results"]] == [1, 1, 2, None, None, None, None, 1]
        errors = [line["error"] for line in answer["results"]]
        assert [error and error.partition(": ")[2].partition(": ")[0] for error in errors] == [
            *[None] * 3,
            "points_system",
            "engagement_id",
            "points_system",
            "transaction_type",
            None,
        ]
        assert (answer["processed"], answer["failed"]) == (4, 4)
        assert balances(client) == {"points": 1, "stars": 2, "aged": 1}
        assert Entry.objects.get(activity_id="a").transaction_type == "bonus"

    def test_retry_repeats_it(self, client: Client) -> None:
        awards = [{"participant_id": "u", "amount": 5, "points_system": key} for key in ("points", "stars")]
        answers = [client.post("/points/award-batch", {"awards": awards}, key="b") for _ in range(2)]
        assert answers[0].content == answers[1].content
        assert balances(client) == {"points": 5, "stars": 5, "aged": 0}
        awards[1]["points_system"] = "aged"
        refused(lambda: client.post("/points/award-batch", {"awards": awards}, key="b"), 409, "IDEMPOTENCY_KEY_REUSED")


class TestIdempotency:
    SAID = {"points_system": "stars", "activity_id": "a"}

    @pytest.mark.parametrize(
        "change",
        [
            {"points_system": "aged"},
            {"points_system": None},
            {"activity_id": "b"},
            {"activity_id": None},
            {"transaction_type": "award"},
            {"engagement_id": "QUIZ"},
        ],
        ids=repr,
    )
    def test_key_goes_with_all_that_was_said(self, client: Client, quiz: Engagement, change: dict[str, Any]) -> None:
        first = client.award("u", 10, key="order-1", **self.SAID)
        again = client.award("u", 10, key="order-1", **self.SAID)
        assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
        if "engagement_id" in change:
            change = {"engagement_id": str(quiz.id)}
        refused(lambda: client.award("u", 10, key="order-1", **(self.SAID | change)), 409, "IDEMPOTENCY_KEY_REUSED")

    def test_words_of_one_field_are_not_those_of_another(self, client: Client) -> None:
        client.award("u", 1, key="k", activity_id="x")
        refused(lambda: client.award("u", 1, key="k", reason="x"), 409, "IDEMPOTENCY_KEY_REUSED")

    def test_refused_wallet_uses_up_no_key(self, client: Client, shop: Tenant) -> None:
        invalid(lambda: client.award("u", 10, key="order-1", points_system="later"), "points_system")
        make_system(shop, "later")
        assert client.award("u", 10, key="order-1", points_system="later").status_code == 200

    def test_retry_is_repeated_though_the_engagement_has_moved_to_another_wallet(
        self, client: Client, quiz: Engagement
    ) -> None:
        said = {"engagement_id": str(quiz.id), "points_system": "stars"}
        first = client.award("u", 10, key="order-1", **said)
        change_engagement(quiz, points_system="aged")
        assert client.award("u", 10, key="order-1", **said).content == first.content
        invalid(lambda: client.award("u", 10, key="order-2", **said), "points_system")
