from gamify.models import Entry, Operation, Participant
from tests.factories import Client


def test_example_of_the_document(client: Client) -> None:
    body = {
        "participant_id": "user_123",
        "amount": 100,
        "reason": "Purchase completed",
        "metadata": {"order_id": "ord_abc", "amount_usd": 49.99},
    }
    response = client.post("/points/award", body, key="order-ord_abc")
    assert response.status_code == 200
    answer = response.json()
    assert answer == {
        "transaction_id": answer["transaction_id"],
        "participant_id": "user_123",
        "amount": 100,
        "new_balance": 100,
        "tier_upgrade": None,
        "badges_unlocked": [],
    }


def test_second_call_with_same_key_returns_first_award(client: Client) -> None:
    first = client.award("user_123", 100, key="order-1")
    client.award("user_123", 7)
    second = client.award("user_123", 100, key="order-1")
    assert second.content == first.content
    assert (first.get("Idempotent-Replayed"), second.get("Idempotent-Replayed")) == (None, "true")
    assert client.balance("user_123") == 107
    assert Entry.objects.count() == 2
    assert Operation.objects.count() == 1
    assert Participant.objects.count() == 1
