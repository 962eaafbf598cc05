import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from gamify.models import Entry, Lot, Operation, Participant
from tests.dialects.bricqs.helpers import counts, invalid, post_text, refused
from tests.factories import Client, now

AWARD = "/points/award"


def test_example_of_the_document(client: Client) -> None:
    body = {
        "participant_id": "user_123",
        "amount": 100,
        "reason": "Purchase completed",
        "metadata": {"order_id": "ord_abc", "amount_usd": 49.99},
    }
    response = client.post(AWARD, body, key="order-ord_abc")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    answer = response.json()
    assert answer == {
        "transaction_id": answer["transaction_id"],
        "participant_id": "user_123",
        "amount": 100,
        "new_balance": 100,
        "tier_upgrade": None,
        "badges_unlocked": [],
    }
    assert UUID(answer["transaction_id"]) == Entry.objects.get().id


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


def test_without_key_every_call_awards(client: Client) -> None:
    answers = [client.award("user_123", 100).json() for _ in range(3)]
    assert [answer["new_balance"] for answer in answers] == [100, 200, 300]
    assert len({answer["transaction_id"] for answer in answers}) == 3
    assert counts() == {"Entry": 3, "Account": 1, "Participant": 1, "Operation": 0, "Lot": 0, "Consumption": 0}


@pytest.mark.parametrize("amount", [1, 1_000_000])
def test_amount_within_limits(client: Client, amount: int) -> None:
    assert client.award("user_123", amount).json()["new_balance"] == amount


NO_AMOUNTS = [0, -1, 1_000_001, "100", "", 100.5, 100.0, True, False, None, [1], {}, 2**63, -(2**63), 10**400]


@pytest.mark.parametrize("amount", NO_AMOUNTS, ids=lambda amount: repr(amount)[:12])
def test_amount_out_of_limits_is_refused(client: Client, amount: Any) -> None:
    client.award("user_123", 1000)
    invalid(lambda: client.award("user_123", amount), "amount")
    invalid(lambda: client.deduct("user_123", amount), "amount")


@pytest.mark.parametrize("text", ["1e2", "1E+2", "-0", "100.0000000000000000001"])
def test_number_that_is_no_positive_integer_literal_is_refused(client: Client, text: str) -> None:
    invalid(lambda: post_text(client, AWARD, f'{{"participant_id": "user_123", "amount": {text}}}'), "amount")


@pytest.mark.parametrize("path", [AWARD, "/points/deduct"])
def test_all_bad_fields_are_named_at_once(client: Client, path: str) -> None:
    body = {"reason": 5, "metadata": [], "idempotency_key": ""}
    invalid(lambda: client.post(path, body), "participant_id", "amount", "reason", "metadata", "idempotency_key")


@pytest.mark.parametrize("reason", [None, "", " ", "x" * 500, "🎈" * 500, " trailing ", "a\nb", "مرحبا"])
def test_reason_is_kept_to_the_character(client: Client, reason: str | None) -> None:
    assert client.award("user_123", 1, reason=reason).status_code == 200
    assert client.transactions("user_123")["transactions"][0]["reason"] == reason


@pytest.mark.parametrize("reason", ["x" * 501, "a\0b", 5, True, ["x"], {}], ids=lambda reason: repr(reason)[:12])
def test_bad_reason_is_refused(client: Client, reason: Any) -> None:
    client.award("u", 1)
    invalid(lambda: client.award("u", 1, reason=reason), "reason")
    invalid(lambda: client.deduct("u", 1, reason=reason), "reason")


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "{}",
        '{"order_id":"ord_abc","amount_usd":49.99}',
        '{"huge":123456789012345678901234567890,"least":-9223372036854775809}',
        '{"float":1.0,"small":1e-300,"big":1.7976931348623157e+308,"zero":-0.0}',
        '{"nested":[{"a":[null,true,false,"",{}]}],"":"empty name"}',
        '{"text":"no NUL: \\\\u0000"}',
        '{"скрипт":"🎈 مرحبا","html":"</script>"}',
        '{"b":1,"a":2}',
    ],
)
def test_metadata_comes_back_to_the_character(client: Client, text: str) -> None:
    assert post_text(client, AWARD, f'{{"participant_id":"u","amount":1,"metadata":{text}}}').status_code == 200
    page = client.get("/participants/u/points/transactions").content.decode()
    assert f'"metadata":{text}}}' in page


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '"text"',
        "5",
        "true",
        '{"a":"\\u0000"}',
        '{"a":[{"b\\u0000":1}]}',
        '{"a":[[{"b":"x\\u0000y"}]]}',
        '{"a":"\\ud800"}',
        '{"\\udfff":1}',
        '{"a":["\\udc00\\ud800"]}',
    ],
)
def test_bad_metadata_is_refused(client: Client, text: str) -> None:
    client.award("u", 1)
    body = f'{{"participant_id":"u","amount":1,"metadata":{text}}}'
    invalid(lambda: post_text(client, AWARD, body), "metadata")
    invalid(lambda: post_text(client, "/points/deduct", body), "metadata")


def test_metadata_has_a_largest_size(client: Client) -> None:
    fits = {"a": "x" * (64 * 1024 - len('{"a": ""}'))}
    assert client.award("u", 1, metadata=fits).status_code == 200
    invalid(lambda: client.award("u", 1, metadata={"a": fits["a"] + "x"}), "metadata")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2999-01-02T03:04:05Z", datetime(2999, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2999-01-02T03:04:05.123456Z", datetime(2999, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2999-01-02T03:04:05+05:30", datetime(2999, 1, 1, 21, 34, 5, tzinfo=UTC)),
        ("2999-01-02T03:04:05", datetime(2999, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_expiry_is_a_moment(client: Client, text: str, moment: datetime) -> None:
    assert client.award("u", 10, expires_at=text).status_code == 200
    assert Lot.objects.get().expires_at == moment
    assert client.balance("u") == 10


def test_without_expiry_no_lot_is_kept(client: Client) -> None:
    client.award("u", 10, expires_at=None)
    assert Lot.objects.count() == 0


@pytest.mark.parametrize(
    "expires_at",
    [
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "2999-02-30T00:00:00Z",
        "2999-01-01T00:00:00+99:99",
        "tomorrow",
        "",
        4102444800,
        True,
        ["2999-01-01T00:00:00Z"],
    ],
    ids=repr,
)
def test_bad_expiry_is_refused(client: Client, expires_at: Any) -> None:
    invalid(lambda: client.award("u", 10, expires_at=expires_at), "expires_at")


def test_expiry_of_this_very_moment_is_past(client: Client) -> None:
    invalid(lambda: client.award("u", 10, expires_at=now().isoformat()), "expires_at")
    assert client.award("u", 10, expires_at=(now() + timedelta(minutes=1)).isoformat()).status_code == 200


def test_unknown_members_are_ignored(client: Client) -> None:
    assert client.award("u", 10, points=5, tenant="other").json()["amount"] == 10


def test_award_to_someone_else_changes_nothing_here(client: Client) -> None:
    client.award("one", 10)
    client.award("two", 5)
    assert (client.balance("one"), client.balance("two")) == (10, 5)


def test_numbers_that_json_has_not_are_refused(client: Client) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 5000, "0x10", "01", "+1", "1_000"):
        text = f'{{"participant_id":"u","amount":1,"metadata":{{"a":{number}}}}}'
        refused(lambda text=text: post_text(client, AWARD, text), 400, "malformed_json")  # type: ignore[misc]


def test_body_in_the_document_s_own_layout_is_read(client: Client) -> None:
    body = json.dumps({"participant_id": "u", "amount": 3}, indent=2)
    assert post_text(client, AWARD, body).json()["new_balance"] == 3
