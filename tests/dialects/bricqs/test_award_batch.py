from typing import Any

import pytest

from gamify.models import Entry, Lot
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import counts, invalid, post_text, refused, rows
from tests.factories import Client, TenantFactory

BATCH = "/points/award-batch"


def item(participant: str = "u", amount: Any = 10, **fields: Any) -> dict[str, Any]:
    return {"participant_id": participant, "amount": amount, **fields}


def send(client: Client, *items: Any, key: str | None = None) -> Any:
    return client.post(BATCH, {"awards": list(items)}, key=key)


def test_example_of_the_document(client: Client) -> None:
    client.award("user_1", 400)
    response = send(
        client,
        {"participant_id": "user_1", "amount": 100, "reason": "Weekly bonus"},
        {"participant_id": "user_2", "amount": 100, "reason": "Weekly bonus"},
        {"participant_id": "user_3", "amount": 50, "reason": "Referral bonus"},
    )
    assert response.status_code == 200
    answer = response.json()
    ids = [line["transaction_id"] for line in answer["results"]]
    assert answer == {
        "processed": 3,
        "failed": 0,
        "results": [
            {"participant_id": "user_1", "transaction_id": ids[0], "new_balance": 500, "error": None},
            {"participant_id": "user_2", "transaction_id": ids[1], "new_balance": 100, "error": None},
            {"participant_id": "user_3", "transaction_id": ids[2], "new_balance": 50, "error": None},
        ],
    }
    assert sorted(ids) == sorted(str(id) for id in Entry.objects.exclude(amount=400).values_list("id", flat=True))


def test_results_keep_the_order_of_the_items(client: Client) -> None:
    names = [f"user_{n * 37 % 100}" for n in range(100)]
    results = send(client, *(item(name, index + 1) for index, name in enumerate(names))).json()["results"]
    assert [line["participant_id"] for line in results] == names
    assert [line["new_balance"] for line in results] == list(range(1, 101))


BAD_ITEMS: list[Any] = [
    item(amount=0),
    item(amount=1_000_001),
    item(amount="10"),
    item(amount=True),
    item(amount=10**400),
    item(participant=""),
    item(participant="x" * 256),
    item(participant="a\0b"),
    item(reason="x" * 501),
    item(metadata=[]),
    item(metadata={"a": "\0"}),
    item(idempotency_key=""),
    item(idempotency_key="x" * 256),
    {"participant_id": 5, "amount": 10},
    {"participant_id": None, "amount": 10},
    {"participant_id": "u"},
    {"amount": 10},
    {},
    [],
    None,
    "u",
    5,
    True,
]


@pytest.mark.parametrize("bad", BAD_ITEMS, ids=lambda bad: repr(bad)[:60])
def test_bad_item_fails_alone(client: Client, bad: Any) -> None:
    answer = send(client, item("one"), bad, item("two")).json()
    assert (answer["processed"], answer["failed"]) == (2, 1)
    first, failed, last = answer["results"]
    assert (first["new_balance"], last["new_balance"]) == (10, 10)
    given = bad.get("participant_id") if isinstance(bad, dict) else None
    assert failed == {
        "participant_id": given if isinstance(given, str) else None,
        "transaction_id": None,
        "new_balance": None,
        "error": failed["error"],
    }
    assert failed["error"].startswith("validation_error: ")
    assert counts()["Entry"] == counts()["Participant"] == 2


@pytest.mark.parametrize(
    "text", ['"participant_id":"\\ud800"', '"participant_id":"u","metadata":{"a":"\\ud800"}', '"\\ud800":1']
)
def test_lone_surrogate_fails_alone(client: Client, text: str) -> None:
    response = post_text(client, BATCH, f'{{"awards":[{{"participant_id":"one","amount":1}},{{"amount":"x",{text}}}]}}')
    assert response.status_code == 200
    answer = response.json()
    assert (answer["processed"], answer["failed"]) == (1, 1)
    assert client.balance("one") == 1


def test_error_says_code_and_sentence(client: Client) -> None:
    error = send(client, item(amount=0)).json()["results"][0]["error"]
    assert error == "validation_error: amount: Ensure this value is greater than or equal to 1."


def test_batch_of_bad_items_only_writes_nothing(client: Client) -> None:
    before = rows()
    answer = send(client, *BAD_ITEMS, key="batch-1").json()
    assert (answer["processed"], answer["failed"]) == (0, len(BAD_ITEMS))
    assert rows() == before


@pytest.mark.parametrize("count", [0, 101, 1000])
def test_batch_size_out_of_limits_is_refused(client: Client, count: int) -> None:
    invalid(lambda: send(client, *[item()] * count), "awards")


@pytest.mark.parametrize("awards", [None, {}, {"0": item()}, "text", 5, True], ids=repr)
def test_awards_must_be_a_list(client: Client, awards: Any) -> None:
    invalid(lambda: client.post(BATCH, {"awards": awards}), "awards")


def test_awards_are_required(client: Client) -> None:
    invalid(lambda: client.post(BATCH, {}), "awards")


def test_one_participant_can_be_awarded_many_times(client: Client) -> None:
    results = send(client, *(item("u", 1) for _ in range(100))).json()["results"]
    assert [line["new_balance"] for line in results] == list(range(1, 101))
    assert len({line["transaction_id"] for line in results}) == 100
    assert client.get("/participants/u/points").json()["total_earned"] == 100
    assert client.transactions("u", page_size=1)["total"] == 100


def test_participant_over_the_cap_fails_alone(client: Client, shop: Tenant) -> None:
    tight = Client(TenantFactory.create(participant_write_rate="2/9999d"))
    answer = send(tight, item("u"), item("u"), item("u"), item("other"), item("u")).json()
    assert (answer["processed"], answer["failed"]) == (3, 2)
    errors = [line["error"] for line in answer["results"]]
    assert [error and error.partition(":")[0] for error in errors] == [
        None,
        None,
        "RATE_LIMIT_PARTICIPANT_EXCEEDED",
        None,
        "RATE_LIMIT_PARTICIPANT_EXCEEDED",
    ]
    assert (tight.balance("u"), tight.balance("other")) == (20, 10)


def test_expiry_of_an_item_is_ignored(client: Client) -> None:
    answer = send(client, item(expires_at="2020-01-01T00:00:00Z"), item(expires_at=5)).json()
    assert (answer["processed"], Lot.objects.count()) == (2, 0)


def test_metadata_and_reason_reach_the_transactions(client: Client) -> None:
    send(client, item(reason="Weekly", metadata={"week": 7}))
    entry = client.transactions("u")["transactions"][0]
    assert (entry["reason"], entry["metadata"]) == ("Weekly", {"week": 7})


def test_item_with_a_used_key_repeats_the_award(client: Client) -> None:
    single = client.award("u", 10, idempotency_key="order-1").json()
    before = rows()
    line = send(client, item("u", 10, idempotency_key="order-1")).json()["results"][0]
    assert (line["transaction_id"], line["new_balance"]) == (single["transaction_id"], 10)
    assert rows() == before


def test_key_twice_in_one_batch_awards_once(client: Client) -> None:
    answer = send(client, item(idempotency_key="k"), item("other"), item(idempotency_key="k")).json()
    first, _, again = answer["results"]
    assert first == again
    assert (answer["processed"], client.balance("u")) == (3, 10)


def test_key_twice_in_one_batch_with_another_payload_fails(client: Client) -> None:
    answer = send(client, item(idempotency_key="k"), item(amount=11, idempotency_key="k")).json()
    assert (answer["processed"], answer["failed"]) == (1, 1)
    assert answer["results"][1]["error"].startswith("IDEMPOTENCY_KEY_REUSED: ")
    assert client.balance("u") == 10


def test_retry_with_item_keys_awards_nothing_again(client: Client) -> None:
    items = [item(f"user_{n}", n + 1, idempotency_key=f"bonus-{n}") for n in range(5)]
    first = send(client, *items)
    before = rows()
    second = send(client, *items)
    assert second.content == first.content
    assert second["Idempotent-Replayed"] == "true"
    assert rows() == before


def test_header_key_covers_the_batch(client: Client) -> None:
    items = [item("one"), item("two"), item("one", 5), item("three", idempotency_key="own")]
    first = send(client, *items, key="batch-1")
    client.award("one", 1000)
    before = rows()
    second = send(client, *items, key="batch-1")
    assert second.content == first.content
    assert (first.get("Idempotent-Replayed"), second.get("Idempotent-Replayed")) == (None, "true")
    assert rows() == before


@pytest.mark.parametrize(
    "changed",
    [
        [item("one"), item("two", 11)],
        [item("two"), item("one")],
        [item("one")],
        [item("one"), item("two"), item("three")],
        [item("one"), item("two", reason="x")],
        [item("one", 0), item("two", -1)],
    ],
    ids=["amount", "order", "fewer", "more", "reason", "only bad ones"],
)
def test_header_key_with_another_batch_is_refused(client: Client, changed: list[Any]) -> None:
    send(client, item("one"), item("two"), key="batch-1")
    refused(lambda: send(client, *changed, key="batch-1"), 409, "IDEMPOTENCY_KEY_REUSED")


def test_retry_with_header_key_tries_failed_items_again(shop: Tenant) -> None:
    tenant = TenantFactory.create(participant_write_rate="1/9999d")
    client = Client(tenant)
    items = [item("one"), item("one", 5), item("two")]
    first = send(client, *items, key="batch-1").json()
    assert (first["processed"], first["failed"]) == (2, 1)
    tenant.participant_write_rate = "9/9999d"
    tenant.save()
    second = send(client, *items, key="batch-1")
    assert second.json()["processed"] == 3
    assert "Idempotent-Replayed" not in second
    results = second.json()["results"]
    assert [results[0], results[2]] == [first["results"][0], first["results"][2]]
    assert (client.balance("one"), client.balance("two")) == (15, 10)
    third = send(client, *items, key="batch-1")
    assert (third.content, third["Idempotent-Replayed"]) == (second.content, "true")


def test_header_key_of_an_award_cannot_cover_a_batch(client: Client) -> None:
    client.award("u", 10, key="k")
    refused(lambda: send(client, item(), key="k"), 409, "IDEMPOTENCY_KEY_REUSED")
    refused(lambda: send(client, *BAD_ITEMS, key="k"), 409, "IDEMPOTENCY_KEY_REUSED")


def test_header_key_of_a_batch_cannot_serve_an_award(client: Client) -> None:
    send(client, item(), key="k")
    refused(lambda: client.award("u", 10, key="k"), 409, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["k-0", "k:0", "k\n0", "k#0", "api-item\nk#0", "-item\nk#0"])
def test_no_caller_s_key_meets_that_of_an_item(client: Client, key: str) -> None:
    send(client, item(), key="k")
    assert "Idempotent-Replayed" not in client.award("u", 10, idempotency_key=key)
    assert client.balance("u") == 20


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_bad_header_key_is_refused(client: Client, key: str) -> None:
    refused(lambda: send(client, item(), key=key), 400, "IDEMPOTENCY_KEY_INVALID")


def test_batch_and_single_awards_cost_the_same_few_statements(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    send(client, item())
    with django_assert_max_num_queries(20):
        assert send(client, *(item(f"user_{n}") for n in range(100))).json()["processed"] == 100


def test_item_with_the_key_of_the_whole_batch_fails_the_first_time_and_every_time(client: Client) -> None:
    items = (item("x", idempotency_key="k"), item("y"))
    first = send(client, *items, key="k")
    assert [line["error"] is None for line in first.json()["results"]] == [False, True]
    assert send(client, *items, key="k").content == first.content


def test_retry_with_other_keys_for_its_items_is_another_batch(client: Client) -> None:
    send(client, item("x", idempotency_key="first"), key="k")
    retry = send(client, item("x", idempotency_key="second"), key="k")
    assert (retry.status_code, retry.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert client.balance("x") == 10
