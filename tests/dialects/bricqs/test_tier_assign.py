from typing import Any

import pytest
from django.db import connection, transaction

from gamify.models import Operation, Participant, TierTransition
from tenants.models import Tenant
from tests.factories import Client, TenantFactory
from tests.ledger._threads import at_once
from tests.programmes import (
    assign,
    award,
    change_tier,
    facts,
    impatient,
    invalid,
    make_badge,
    make_ladder,
    make_tier,
    participant,
    refused,
    rows,
    tier_of,
)

PATH = "/tiers/assign"


def body(code: str = "gold", **fields: Any) -> dict[str, Any]:
    return {"participant_id": "u", "tier_code": code, **fields}


def test_example_of_the_document(shop: Tenant, client: Client) -> None:
    for level, code in enumerate(("bronze", "silver", "gold", "platinum"), 1):
        make_tier(shop, code, level)
    assign(shop, "user_42", "gold")
    response = client.post(
        PATH,
        {"participant_id": "user_42", "tier_code": "platinum", "reason": "Enterprise contract signed (Q2 2026)"},
        key="enterprise-contract-1234",
    )
    assert response.status_code == 200
    assert response.json() == {
        "participant_id": "user_42",
        "tier_code": "platinum",
        "tier_name": "Platinum",
        "level": 4,
        "previous_tier_code": "gold",
    }
    assert facts(shop)[-1] == (
        "tier.changed",
        {
            "participant_id": "user_42",
            "cause": "assign",
            "reason": "Enterprise contract signed (Q2 2026)",
            "previous": {"code": "gold", "name": "Gold", "level": 3},
            "new": {"code": "platinum", "name": "Platinum", "level": 4},
        },
    )


def test_makes_an_unknown_participant_and_pins_it(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    assert client.post(PATH, body()).json()["previous_tier_code"] is None
    row = participant(shop, "u")
    assert (tier_of(shop, "u"), row.tier_pinned, row.window_writes) == ("gold", True, 1)
    assert TierTransition.objects.get().cause == "assign"
    assert client.balance("u") == 0


@pytest.mark.parametrize("code", ["bronze", "invited"])
def test_downward_and_to_manual_tiers_too(shop: Tenant, client: Client, code: str) -> None:
    make_ladder(shop)
    make_tier(shop, "invited", 9, award_type="manual")
    award(shop, "u", 500)
    assert client.post(PATH, body(code)).json()["previous_tier_code"] == "silver"
    award(shop, "u", 500)
    assert tier_of(shop, "u") == code


def test_the_tier_already_held_is_pinned_without_a_transition(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    award(shop, "u", 500)
    before = (len(facts(shop)), participant(shop, "u").tier_achieved_at)
    response = client.post(PATH, body("silver")).json()
    assert (response["tier_code"], response["previous_tier_code"]) == ("silver", "silver")
    row = participant(shop, "u")
    assert row.tier_pinned
    assert (len(facts(shop)), row.tier_achieved_at) == before
    award(shop, "u", 1000)
    assert tier_of(shop, "u") == "silver"


def test_unlocks_the_badges_of_the_tier(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    make_badge(shop, "golden", "tier_reached", level=3)
    client.post(PATH, body())
    assert [type for type, _ in facts(shop)] == ["tier.changed", "badge.unlocked"]


def test_second_call_with_same_key_returns_first_answer_and_changes_nothing(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    first = client.post(PATH, body("gold"), key="k")
    client.post(PATH, body("silver"))
    before = rows()
    second = client.post(PATH, body("gold"), key="k")
    assert second.content == first.content
    assert (first.get("Idempotent-Replayed"), second.get("Idempotent-Replayed")) == (None, "true")
    assert rows() == before
    assert tier_of(shop, "u") == "silver"


def test_replay_outlives_the_tier(shop: Tenant, client: Client) -> None:
    tiers = make_ladder(shop)
    first = client.post(PATH, body(), key="k")
    change_tier(tiers["gold"], is_active=False, name="Other")
    assert client.post(PATH, body(), key="k").content == first.content


def test_key_in_the_body_is_the_same_key(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    first = client.post(PATH, body(idempotency_key="k"))
    assert client.post(PATH, body(), key="k").content == first.content
    assert client.post(PATH, body(idempotency_key="k"), key="k")["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ä", "a/b"])
def test_bad_key(client: Client, key: str) -> None:
    refused(lambda: client.post(PATH, body(), key=key), 400, "IDEMPOTENCY_KEY_INVALID")


def test_keys_that_differ(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    refused(lambda: client.post(PATH, body(idempotency_key="b"), key="a"), 400, "IDEMPOTENCY_KEY_MISMATCH")


@pytest.mark.parametrize("other", [{"tier_code": "silver"}, {"participant_id": "v"}, {"reason": "other"}])
def test_key_of_another_assignment(shop: Tenant, client: Client, other: dict[str, str]) -> None:
    make_ladder(shop)
    client.post(PATH, body(), key="k")
    refused(lambda: client.post(PATH, body(**other), key="k"), 409, "IDEMPOTENCY_KEY_REUSED")


def test_keys_are_shared_with_awards(shop: Tenant, client: Client) -> None:
    make_ladder(shop)
    client.award("u", 1, key="k")
    refused(lambda: client.post(PATH, body(), key="k"), 409, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("code", ["unknown", "GOLD", "paused", "foreign", "sandboxed"])
def test_no_such_active_tier(shop: Tenant, client: Client, code: str) -> None:
    make_ladder(shop)
    change_tier(make_tier(shop, "paused", 9), is_active=False)
    make_tier(TenantFactory.create(), "foreign", 9)
    make_tier(shop.sandbox, "sandboxed", 9)
    refused(lambda: client.post(PATH, body(code), key="k"), 404, "tier_not_found")
    assert not Participant.objects.exists()
    # The key was not used up.
    assert client.post(PATH, body(), key="k").status_code == 200


@pytest.mark.parametrize("value", [None, 5, "", True, [], {}])
@pytest.mark.parametrize("field", ["participant_id", "tier_code"])
def test_required_strings(client: Client, field: str, value: Any) -> None:
    invalid(lambda: client.post(PATH, body() | {field: value}), field)
    invalid(lambda: client.post(PATH, {name: text for name, text in body().items() if name != field}), field)


@pytest.mark.parametrize(("field", "length"), [("participant_id", 255), ("tier_code", 50), ("reason", 500)])
def test_lengths(shop: Tenant, client: Client, field: str, length: int) -> None:
    make_tier(shop, "x" * 50, 1)
    fields = body("x" * 50) | {field: "x" * length}
    assert client.post(PATH, fields).status_code == 200
    invalid(lambda: client.post(PATH, fields | {field: "x" * (length + 1)}), field)
    invalid(lambda: client.post(PATH, fields | {field: "a\0b"}), field)


@pytest.mark.parametrize(("reason", "status"), [(None, 200), ("", 200), (5, 422)])
def test_reason_is_optional(shop: Tenant, client: Client, reason: Any, status: int) -> None:
    make_ladder(shop)
    assert client.post(PATH, body(reason=reason)).status_code == status


def test_counts_against_the_write_cap(db: None) -> None:
    shop = TenantFactory.create(participant_write_rate="2/9999d")
    make_ladder(shop)
    client = Client(shop)
    client.award("u", 1)
    assert client.post(PATH, body(), key="k")["X-RateLimit-Remaining"] == "0"
    refused(lambda: client.post(PATH, body("silver")), 429, "RATE_LIMIT_PARTICIPANT_EXCEEDED")
    assert int(client.post(PATH, body("silver"))["Retry-After"]) > 0
    assert client.post(PATH, body(), key="k")["Idempotent-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [PATH, "/tiers/release"])
def test_conflict_when_another_transaction_holds_the_participant_for_too_long(path: str) -> None:
    shop = TenantFactory.create()
    make_ladder(shop)
    award(shop, "u", 500)
    client = Client(shop)

    def call() -> Any:
        connection.ensure_connection()
        impatient()
        return client.post(path, body(), key="k")

    before = rows()
    with transaction.atomic():
        Participant.objects.select_for_update(no_key=True).get()
        [response] = at_once([call])
    assert (response.status_code, response.json()["code"]) == (409, "TIER_ASSIGN_CONFLICT")
    assert rows() == before
    assert not Operation.objects.exists()
    # The same key, once the other is gone.
    assert at_once([call])[0].status_code == 200
