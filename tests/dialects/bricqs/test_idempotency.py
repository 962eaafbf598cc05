from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gamify.models import Operation
from gamify.services.idempotency import IdempotencyKey
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import award_at, invalid, post_text, refused, rows
from tests.factories import Client, TenantFactory, now


def is_replay(response: Any) -> bool:
    assert response.status_code == 200, response.content
    return bool(response.get("Idempotent-Replayed") == "true")


@pytest.mark.parametrize("key", ["a", "0", "x" * 255, "order-ord_abc", "A-z_0:9.", "-", "..", "::"])
def test_header_key_of_the_document_s_pattern(client: Client, key: str) -> None:
    assert not is_replay(client.award("u", 1, key=key))
    assert is_replay(client.award("u", 1, key=key))


BAD_KEYS = ["", " ", "x" * 256, "a b", "a/b", "a,b", "a\tb", "a@b", "a%20b", "é", "１", "🎈", "a;b", '"a"']


@pytest.mark.parametrize("key", BAD_KEYS, ids=lambda key: repr(key)[:12])
def test_header_key_of_another_pattern_is_refused(client: Client, key: str) -> None:
    refused(lambda: client.award("u", 1, key=key), 400, "IDEMPOTENCY_KEY_INVALID")
    refused(lambda: client.deduct("u", 1, key=key), 400, "IDEMPOTENCY_KEY_INVALID")


@pytest.mark.parametrize("key", ["x" * 255, "order 1", "a/b", " ", "ключ 🎈", "a\nb"], ids=lambda key: repr(key)[:12])
def test_body_key_may_be_any_text(client: Client, key: str) -> None:
    first = client.award("u", 1, idempotency_key=key)
    second = client.award("u", 1, idempotency_key=key)
    assert (is_replay(first), is_replay(second), first.content) == (False, True, second.content)
    assert client.balance("u") == 1


@pytest.mark.parametrize("key", ["x" * 256, "", "a\0b", 5, True, []], ids=lambda key: repr(key)[:12])
def test_bad_body_key_is_refused(client: Client, key: Any) -> None:
    client.award("u", 1)
    invalid(lambda: client.award("u", 1, idempotency_key=key), "idempotency_key")
    invalid(lambda: client.deduct("u", 1, idempotency_key=key), "idempotency_key")


def test_body_key_null_is_none(client: Client) -> None:
    for _ in range(2):
        assert not is_replay(client.award("u", 1, idempotency_key=None))
    assert is_replay(client.award("u", 1, key="k", idempotency_key=None)) is False
    assert is_replay(client.award("u", 1, key="k"))


def test_header_and_body_name_the_same_key(client: Client) -> None:
    first = client.award("u", 1, key="k")
    for again in (
        client.award("u", 1, idempotency_key="k"),
        client.award("u", 1, key="k", idempotency_key="k"),
    ):
        assert is_replay(again)
        assert again.content == first.content


@pytest.mark.parametrize("path", ["/points/award", "/points/deduct"])
def test_header_and_body_keys_that_differ_are_refused(client: Client, path: str) -> None:
    client.award("u", 1)
    body = {"participant_id": "u", "amount": 1, "idempotency_key": "K"}
    refused(lambda: client.post(path, body, key="k"), 400, "IDEMPOTENCY_KEY_MISMATCH")


PAYLOAD = {
    "participant_id": "u",
    "amount": 10,
    "reason": "r",
    "metadata": {"a": 1},
    "expires_at": "2999-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    "change",
    [
        {"participant_id": "U"},
        {"amount": 11},
        {"reason": "R"},
        {"reason": None},
        {"reason": ""},
        {"metadata": {"a": 2}},
        {"metadata": {"a": 1.0}},
        {"metadata": {"a": True}},
        {"metadata": {}},
        {"metadata": None},
        {"expires_at": "2999-01-01T00:00:01Z"},
        {"expires_at": None},
    ],
    ids=repr,
)
def test_key_with_another_payload_is_refused(client: Client, change: dict[str, Any]) -> None:
    client.post("/points/award", PAYLOAD, key="k")
    refused(lambda: client.post("/points/award", {**PAYLOAD, **change}, key="k"), 409, "IDEMPOTENCY_KEY_REUSED")


def test_same_payload_written_otherwise_is_a_replay(client: Client) -> None:
    payload = '{"participant_id":"u","amount":1,"metadata":{"a":1,"b":2},"expires_at":"2999-01-01T00:00:00Z"}'
    same = (
        '{ "expires_at": "2999-01-01T01:00:00+01:00", "metadata": {"b": 2, "\\u0061": 1},'
        ' "amount": 1, "reason": null, "unknown": 5, "participant_id": "\\u0075" }'
    )
    first = post_text(client, "/points/award", payload, **{"Idempotency-Key": "k"})
    second = post_text(client, "/points/award", same, **{"Idempotency-Key": "k"})
    assert (is_replay(first), is_replay(second), first.content) == (False, True, second.content)


def test_deduct_key_with_another_payload_is_refused(client: Client) -> None:
    client.award("u", 10)
    client.deduct("u", 1, key="k")
    refused(lambda: client.deduct("u", 2, key="k"), 409, "IDEMPOTENCY_KEY_REUSED")


def test_award_and_deduct_share_their_keys(client: Client) -> None:
    client.award("u", 10, key="k")
    refused(lambda: client.deduct("u", 10, key="k"), 409, "IDEMPOTENCY_KEY_REUSED")
    client.deduct("u", 1, key="d")
    refused(lambda: client.award("u", 1, key="d"), 409, "IDEMPOTENCY_KEY_REUSED")


def test_replay_writes_nothing(client: Client) -> None:
    client.award("u", 10, key="k")
    before = rows()
    assert is_replay(client.award("u", 10, key="k"))
    assert rows() == before


def test_replay_returns_the_balance_of_then(client: Client) -> None:
    first = client.award("u", 10, key="k")
    client.deduct("u", 10)
    assert client.award("u", 10, key="k").content == first.content
    assert client.balance("u") == 0


def test_replay_after_the_credit_expired(client: Client, shop: Tenant) -> None:
    past = datetime(2026, 1, 1, tzinfo=UTC)
    expiry = past + timedelta(days=1)
    outcome = award_at(past, shop, "u", 10, expires_at=expiry, key=IdempotencyKey("k"))
    replay = client.award("u", 10, expires_at=expiry.isoformat(), key="k")
    assert is_replay(replay)
    assert replay.json()["transaction_id"] == outcome.transaction_id
    assert replay.json()["new_balance"] == 10
    assert client.balance("u") == 0


def test_key_never_expires(client: Client, shop: Tenant) -> None:
    award_at(now() - timedelta(days=4000), shop, "u", 10, key=IdempotencyKey("k"))
    assert is_replay(client.award("u", 10, key="k"))


def test_insufficient_points_burn_no_key(client: Client) -> None:
    refused(lambda: client.deduct("u", 10, key="k"), 400, "insufficient_points")
    client.award("u", 10)
    assert not is_replay(client.deduct("u", 10, key="k"))
    assert is_replay(client.deduct("u", 10, key="k"))


def test_validation_error_burns_no_key(client: Client) -> None:
    invalid(lambda: client.award("u", 0, key="k"), "amount")
    assert not is_replay(client.award("u", 1, key="k"))


def test_cap_burns_no_key(db: None) -> None:
    tenant = TenantFactory.create(participant_write_rate="1/9999d")
    client = Client(tenant)
    client.award("u", 1)
    refused(lambda: client.award("u", 5, key="k"), 429, "RATE_LIMIT_PARTICIPANT_EXCEEDED")
    tenant.participant_write_rate = "2/9999d"
    tenant.save()
    assert not is_replay(client.award("u", 5, key="k"))


def test_refused_reuse_leaves_the_key_to_its_first_use(client: Client) -> None:
    first = client.award("u", 10, key="k")
    refused(lambda: client.award("u", 11, key="k"), 409, "IDEMPOTENCY_KEY_REUSED")
    assert client.award("u", 10, key="k").content == first.content


def test_tenants_and_their_sandboxes_share_no_keys(client: Client, shop: Tenant) -> None:
    others = [Client(shop.sandbox), Client(TenantFactory.create())]
    client.award("u", 1, key="k")
    for other in others:
        assert not is_replay(other.award("u", 2, key="k"))
    assert Operation.objects.count() == 3


def test_two_keys_of_one_tenant_share_its_idempotency_keys(client: Client, shop: Tenant) -> None:
    client.award("u", 1, key="k")
    assert is_replay(Client(shop).award("u", 1, key="k"))


def test_keys_differ_by_case(client: Client) -> None:
    client.award("u", 1, key="k")
    assert not is_replay(client.award("u", 1, key="K"))


def test_reads_take_no_notice_of_a_key(client: Client) -> None:
    client.award("u", 1, key="k")
    response = client.get("/participants/u/points", headers={"Idempotency-Key": "k"})
    assert not is_replay(response)
    assert client.get("/participants/u/points", headers={"Idempotency-Key": "a b"}).status_code == 200
