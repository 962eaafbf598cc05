from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.models import Tenant
from tests.dialects.bricqs.helpers import award_at, counts, invalid, rows
from tests.factories import Client, TenantFactory, now

PATH = "/participants/user_123/points/transactions"


def test_example_of_the_document(client: Client) -> None:
    client.award("user_123", 100)
    client.deduct("user_123", 50, reason="Reward redemption")
    client.award("user_123", 100, reason="Purchase completed", metadata={"order_id": "ord_abc"})
    response = client.get(PATH, {"page": 1, "page_size": 2})
    assert response.status_code == 200
    answer = response.json()
    first, second = answer["transactions"]
    assert answer == {
        "participant_id": "user_123",
        "transactions": [
            {
                "id": first["id"],
                "amount": 100,
                "reason": "Purchase completed",
                "transaction_type": "award",
                "created_at": first["created_at"],
                "metadata": {"order_id": "ord_abc"},
            },
            {
                "id": second["id"],
                "amount": -50,
                "reason": "Reward redemption",
                "transaction_type": "deduct",
                "created_at": second["created_at"],
                "metadata": None,
            },
        ],
        "total": 3,
        "page": 1,
        "page_size": 2,
    }
    assert UUID(first["id"]) != UUID(second["id"])
    assert first["created_at"].endswith("Z")
    assert now() - datetime.fromisoformat(first["created_at"]) < timedelta(minutes=1)


def test_id_is_the_transaction_id_of_the_write(client: Client) -> None:
    written = [client.award("user_123", 5).json(), client.deduct("user_123", 2).json()]
    listed = client.transactions("user_123")["transactions"]
    assert [entry["id"] for entry in reversed(listed)] == [answer["transaction_id"] for answer in written]


def test_defaults_are_first_page_of_fifty(client: Client) -> None:
    answer = client.get(PATH).json()
    assert (answer["page"], answer["page_size"]) == (1, 50)


def test_unknown_participant_has_an_empty_page_and_is_not_made(client: Client) -> None:
    assert client.get(PATH).json() == {
        "participant_id": "user_123",
        "transactions": [],
        "total": 0,
        "page": 1,
        "page_size": 50,
    }
    assert set(counts().values()) == {0}


def test_pages_are_newest_first_without_gap_or_overlap(client: Client, shop: Tenant) -> None:
    start = now() - timedelta(hours=1)
    for n in range(1, 8):
        award_at(start + timedelta(minutes=n), shop, "user_123", n)
    pages = [client.transactions("user_123", page=page, page_size=3) for page in (1, 2, 3, 4)]
    amounts = [[entry["amount"] for entry in page["transactions"]] for page in pages]
    assert amounts == [[7, 6, 5], [4, 3, 2], [1], []]
    assert {page["total"] for page in pages} == {7}


@pytest.mark.parametrize("page", [2, 1000, 999_999_999_999_999_999])
def test_page_beyond_the_end_is_empty(client: Client, page: int) -> None:
    client.award("user_123", 1)
    answer = client.transactions("user_123", page=page)
    assert (answer["transactions"], answer["total"], answer["page"]) == ([], 1, page)


@pytest.mark.parametrize("size", [1, 100])
def test_page_size_within_limits(client: Client, size: int) -> None:
    assert client.transactions("user_123", page_size=size)["page_size"] == size


NO_NUMBERS = ["0", "-1", "", " ", "x", "１", "1.0", "1e1", "+1", " 1", "1 ", "1\0", "null", "9" * 30]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_bad_page_is_refused(client: Client, text: str) -> None:
    invalid(lambda: client.get(PATH, {"page": text}), "page")
    invalid(lambda: client.get(PATH, {"page_size": text}), "page_size")


def test_page_size_over_the_limit_is_refused(client: Client) -> None:
    invalid(lambda: client.get(PATH, {"page_size": 101, "page": 0}), "page", "page_size")


def test_expiry_appears_once_something_is_written(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    expiry = past + timedelta(days=1)
    award_at(past, shop, "user_123", 100, expires_at=expiry, reason="Campaign", metadata={"a": 1})
    assert client.transactions("user_123")["total"] == 1
    client.award("user_123", 5)
    answer = client.transactions("user_123")
    assert answer["total"] == 3
    newest, expired, oldest = answer["transactions"]
    assert (newest["amount"], oldest["amount"]) == (5, 100)
    assert expired == {
        "id": expired["id"],
        "amount": -100,
        "reason": None,
        "transaction_type": "expire",
        "created_at": expiry.isoformat().replace("+00:00", "Z"),
        "metadata": None,
    }


def test_transactions_of_another_tenant_and_of_the_sandbox_are_others(client: Client, shop: Tenant) -> None:
    client.award("user_123", 100)
    for other in (Client(TenantFactory.create()), Client(shop.sandbox)):
        assert other.transactions("user_123")["total"] == 0
    assert client.transactions("user_123")["total"] == 1


def test_reading_writes_nothing(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "user_123", 100, expires_at=past + timedelta(days=1))
    before = rows()
    client.transactions("user_123")
    assert rows() == before


def test_page_of_any_depth_costs_the_same_few_statements(client: Client, shop: Tenant) -> None:
    for _ in range(50):
        award_at(now(), shop, "user_123", 1)

    def statements(**query: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.transactions("user_123", **query)["total"] == 50
        return len(queries)

    statements()
    assert statements(page=1, page_size=1) == statements(page=50, page_size=1) == statements(page_size=100) <= 3
