"""`POST /api/v1/points/transactions`."""

from datetime import timedelta
from typing import Any

import pytest

from engagements.models import Engagement
from tenants.models import Tenant
from tests import expiring
from tests.dialects.bricqs.helpers import award_at, rows
from tests.dialects.bricqs.session_helpers import Page, make_engagement, make_system, open_page
from tests.factories import Client, now
from tests.programmes import invalid, refused

EMPTY = {"transactions": [], "total": 0, "has_more": False}


@pytest.fixture
def quiz(shop: Tenant) -> Engagement:
    return make_engagement(shop)


def test_example_of_the_document(client: Client, quiz: Engagement) -> None:
    said: dict[str, Any] = {"engagement_id": str(quiz.id)}
    client.award("user_123", 50, reason="Spin wheel bonus", activity_id="spin_1", **said)
    client.award("user_123", 100, reason="Quiz completed", activity_id="quiz_1", **said)
    client.deduct("user_123", 150, reason="Reward claimed: 20% Off Coupon", **said)
    answer = open_page(quiz).transactions(limit=10, offset=0)
    ledger = client.transactions("user_123")["transactions"]
    assert answer == {
        "transactions": [
            {
                "id": ledger[0]["id"],
                "type": "redemption",
                "amount": -150,
                "reason": "Reward claimed: 20% Off Coupon",
                "created_at": ledger[0]["created_at"],
            },
            {
                "id": ledger[1]["id"],
                "type": "award",
                "amount": 100,
                "reason": "Quiz completed",
                "activity_id": "quiz_1",
                "created_at": ledger[1]["created_at"],
            },
            {
                "id": ledger[2]["id"],
                "type": "award",
                "amount": 50,
                "reason": "Spin wheel bonus",
                "activity_id": "spin_1",
                "created_at": ledger[2]["created_at"],
            },
        ],
        "total": 3,
        "has_more": False,
    }


def test_types_are_the_documents_whatever_the_caller_calls_it(client: Client, shop: Tenant, quiz: Engagement) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "user_123", 7, expires_at=past + timedelta(days=1))
    for type in (None, "award", "bonus"):
        client.award("user_123", 10, transaction_type=type)
    for type in (None, "deduct", "redemption"):
        client.deduct("user_123", 1, transaction_type=type)
    lines = open_page(quiz).transactions()["transactions"]
    assert [(line["type"], line["amount"]) for line in lines] == [
        *[("redemption", -1)] * 3,
        ("bonus", 10),
        *[("award", 10)] * 2,
        ("expiry", -7),
        ("award", 7),
    ]
    assert lines[-2]["reason"] is None


def test_swept_expiry_is_there_with_the_moment_it_expired(shop: Tenant, quiz: Engagement) -> None:
    past = now() - timedelta(days=10)
    expiry = past + timedelta(days=1)
    award_at(past, shop, "user_123", 7, expires_at=expiry)
    expiring.sweep(shop, now=now())
    [line, _] = open_page(quiz).transactions()["transactions"]
    assert (line["type"], line["amount"]) == ("expiry", -7)
    assert line["created_at"] == expiry.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("activity", ["quiz_1", "x" * 255, " ", "Zoë 🎈"])
def test_activity_is_there_where_there_is_one(client: Client, quiz: Engagement, activity: str) -> None:
    client.award("user_123", 2, activity_id=activity)
    client.deduct("user_123", 1, activity_id=activity)
    client.award("user_123", 1, activity_id=None)
    client.award("user_123", 1)
    lines = open_page(quiz).transactions()["transactions"]
    assert [line.get("activity_id", "none") for line in lines] == ["none", "none", activity, activity]


def test_metadata_and_explanation_are_not_for_browsers(client: Client, quiz: Engagement) -> None:
    client.award("user_123", 2, metadata={"margin": "secret"})
    [line] = open_page(quiz).transactions()["transactions"]
    assert set(line) == {"id", "type", "amount", "reason", "created_at"}


class TestPages:
    @pytest.fixture
    def page(self, shop: Tenant, quiz: Engagement) -> Page:
        """Of a participant with 45 entries, of 1 to 45 points."""
        for amount in range(1, 46):
            award_at(now(), shop, "user_123", amount)
        return open_page(quiz)

    @pytest.mark.parametrize(
        ("fields", "newest", "oldest", "has_more"),
        [
            ({}, 45, 26, True),
            ({"limit": 100}, 45, 1, False),
            ({"limit": 1}, 45, 45, True),
            ({"limit": 45}, 45, 1, False),
            ({"limit": 44}, 45, 2, True),
            ({"offset": 20}, 25, 6, True),
            ({"offset": 25}, 20, 1, False),
            ({"offset": 26}, 19, 1, False),
            ({"limit": 2, "offset": 3}, 42, 41, True),
            ({"limit": 1, "offset": 44}, 1, 1, False),
        ],
    )
    def test_page(self, page: Page, fields: dict[str, int], newest: int, oldest: int, has_more: bool) -> None:
        answer = page.transactions(**fields)
        assert [line["amount"] for line in answer["transactions"]] == list(range(newest, oldest - 1, -1))
        assert (answer["total"], answer["has_more"]) == (45, has_more)

    @pytest.mark.parametrize("offset", [45, 46, 10_000, 2**31, 2**63 - 1])
    def test_behind_the_last(self, page: Page, offset: int) -> None:
        assert page.transactions(offset=offset) == {"transactions": [], "total": 45, "has_more": False}

    def test_pages_together_are_the_whole(self, page: Page) -> None:
        ids, offset = [], 0
        while True:
            answer = page.transactions(limit=7, offset=offset)
            ids += [line["id"] for line in answer["transactions"]]
            offset += 7
            if not answer["has_more"]:
                break
        assert ids == [line["id"] for line in page.transactions(limit=100)["transactions"]]
        assert len(set(ids)) == 45

    @pytest.mark.parametrize("limit", [0, -1, 101, 2**63, "10", 10.0, True, None, [10]], ids=repr)
    def test_bad_limit(self, page: Page, limit: Any) -> None:
        invalid(lambda: page.call("transactions", limit=limit), "limit")

    @pytest.mark.parametrize("offset", [-1, 2**63, "0", 0.0, False, None], ids=repr)
    def test_bad_offset(self, page: Page, offset: Any) -> None:
        invalid(lambda: page.call("transactions", offset=offset), "offset")

    def test_a_read_writes_nothing(self, page: Page) -> None:
        before = rows()
        page.transactions()
        assert rows() == before


def test_unknown_participant_has_no_lines(quiz: Engagement) -> None:
    assert open_page(quiz, "nobody").transactions() == EMPTY


def test_lines_of_the_engagements_own_wallet_and_no_others(client: Client, shop: Tenant) -> None:
    make_system(shop, "stars")
    own, shared = make_engagement(shop, "Own", points_system="stars"), make_engagement(shop, "Shared")
    client.award("user_123", 1, reason="tenant")
    client.award("user_123", 2, reason="own", engagement_id=str(own.id))
    client.award("user_123", 4, reason="shared", engagement_id=str(shared.id))
    shown = {
        engagement.name: [line["reason"] for line in open_page(engagement).transactions()["transactions"]]
        for engagement in (own, shared)
    }
    assert shown == {"Own": ["own"], "Shared": ["shared", "tenant"]}


def test_session_is_looked_at_after_the_form_of_the_request(quiz: Engagement) -> None:
    page = Page("sess_" + "0" * 32, quiz.id)
    invalid(lambda: page.call("transactions", limit=0, offset=-1), "limit", "offset")
    refused(lambda: page.call("transactions"), 401, "unauthorized")
