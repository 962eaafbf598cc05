from datetime import timedelta
from uuid import UUID

import pytest

from gamify.models import Consumption, Entry, Lot
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import award_at, invalid, refused
from tests.factories import Client, now


def test_example_of_the_document(client: Client) -> None:
    client.award("user_123", 1500)
    body = {"participant_id": "user_123", "amount": 50, "reason": "Reward redemption"}
    response = client.post("/points/deduct", body, key="redemption-rdm_42")
    assert response.status_code == 200
    answer = response.json()
    assert answer == {
        "transaction_id": answer["transaction_id"],
        "participant_id": "user_123",
        "amount": 50,
        "new_balance": 1450,
        "tier_upgrade": None,
        "badges_unlocked": [],
    }
    entry = Entry.objects.get(kind="deduct")
    assert UUID(answer["transaction_id"]) == entry.id
    assert (entry.amount, entry.reason) == (-50, "Reward redemption")


def test_second_call_with_same_key_returns_first_deduction(client: Client) -> None:
    client.award("u", 100)
    first = client.deduct("u", 60, key="redemption-1")
    client.award("u", 7)
    second = client.deduct("u", 60, key="redemption-1")
    assert second.content == first.content
    assert (first.get("Idempotent-Replayed"), second.get("Idempotent-Replayed")) == (None, "true")
    assert client.balance("u") == 47


def test_more_than_there_is_is_refused_with_the_document_s_sentence(client: Client) -> None:
    client.award("u", 40)
    response = refused(lambda: client.deduct("u", 41), 400, "insufficient_points")
    assert response.json()["detail"] == "Insufficient points. Available: 40, requested: 41"


def test_unknown_participant_has_nothing_and_is_not_made(client: Client) -> None:
    response = refused(lambda: client.deduct("nobody", 1), 400, "insufficient_points")
    assert response.json()["detail"] == "Insufficient points. Available: 0, requested: 1"


def test_all_of_it_can_be_spent(client: Client) -> None:
    client.award("u", 1_000_000)
    assert client.deduct("u", 1_000_000).json()["new_balance"] == 0
    refused(lambda: client.deduct("u", 1), 400, "insufficient_points")


@pytest.mark.parametrize("body", [{"participant_id": "u"}, {"participant_id": "u", "amount": None}])
def test_amount_is_required(client: Client, body: dict[str, object]) -> None:
    client.award("u", 5)
    invalid(lambda: client.post("/points/deduct", body), "amount")


def test_metadata_is_returned_by_the_transactions(client: Client) -> None:
    client.award("u", 5)
    client.deduct("u", 2, metadata={"reward": "mug"}, reason="Mug")
    newest = client.transactions("u")["transactions"][0]
    assert (newest["amount"], newest["reason"], newest["metadata"]) == (-2, "Mug", {"reward": "mug"})


def test_deduct_takes_no_expiry(client: Client) -> None:
    client.award("u", 5)
    assert client.deduct("u", 2, expires_at="no date at all").status_code == 200


def test_soonest_to_expire_is_spent_first_and_what_never_expires_last(client: Client, shop: Tenant) -> None:
    start = now()
    award_at(start, shop, "u", 10)
    award_at(start, shop, "u", 20, expires_at=start + timedelta(days=20))
    award_at(start, shop, "u", 30, expires_at=start + timedelta(days=10))

    def left() -> dict[int, int]:
        return dict(Lot.objects.values_list("sequence", "remaining"))

    client.deduct("u", 25)
    assert left() == {2: 20, 3: 5}
    client.deduct("u", 15)
    assert left() == {2: 10}
    client.deduct("u", 15)
    assert left() == {}
    assert client.balance("u") == 5
    taken = Consumption.objects.order_by("pk").values_list("debit_sequence", "credit_sequence", "amount")
    assert list(taken) == [(4, 3, 25), (5, 2, 10), (5, 3, 5), (6, 2, 10)]


def test_of_two_that_expire_together_the_older_is_spent_first(client: Client, shop: Tenant) -> None:
    start = now()
    for amount in (10, 20):
        award_at(start, shop, "u", amount, expires_at=start + timedelta(days=1))
    client.deduct("u", 12)
    assert dict(Lot.objects.values_list("sequence", "remaining")) == {2: 18}


def test_expired_points_cannot_be_spent_though_no_sweep_ran(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "u", 100, expires_at=past + timedelta(days=1))
    award_at(past, shop, "u", 30)
    response = refused(lambda: client.deduct("u", 31), 400, "insufficient_points")
    assert response.json()["detail"] == "Insufficient points. Available: 30, requested: 31"
    assert client.deduct("u", 30).json()["new_balance"] == 0


def test_only_the_unspent_rest_expires(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "u", 100, expires_at=past + timedelta(days=20))
    client.deduct("u", 60)
    later = past + timedelta(days=21)
    assert award_at(later, shop, "u", 1).new_balance == 1
    assert list(Entry.objects.order_by("sequence").values_list("kind", "amount")) == [
        ("award", 100),
        ("deduct", -60),
        ("expire", -40),
        ("award", 1),
    ]
