"""Retries of metric events: one key for each user and metric, and one answer for ever."""

import pytest

from gamify.models import Profile
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, per
from tests.factories import Client as BricqsClient
from tests.programmes import rows


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(3, 10)])


class TestIdempotency:
    def test_replay_repeats_the_answer_and_changes_nothing(self, client: Client, shop: Tenant) -> None:
        first = client.event("u", 3, key="k")
        assert first.status_code == 201
        assert first.json()["idempotencyKey"] == "k"
        assert first.json()["idempotentReplayed"] is False
        before = rows()
        replay = client.event("u", 3, key="k")
        assert replay.status_code == 202
        assert replay.json() == first.json() | {"idempotentReplayed": True}
        assert rows() == before

    def test_whatever_the_payload_says(self, client: Client) -> None:
        first = client.event("u", 3, key="k").json()
        replay = client.event("u", 9, key="k", attributes={"a": "b"}, about={"name": "Zoë"})
        assert (replay.status_code, replay.json()["eventId"]) == (202, first["eventId"])
        assert Profile.objects.get().name is None

    def test_scope_is_user_and_metric(self, client: Client) -> None:
        calls = [("u", "words-written"), ("v", "words-written"), ("u", "visits")]
        assert [client.event(user, 3, metric, key="k").status_code for user, metric in calls] == [201] * 3

    def test_and_the_tenant(self, client: Client, shop: Tenant) -> None:
        apply(shop.sandbox)
        assert client.event("u", key="k").status_code == 201
        assert Client(shop.sandbox).event("u", key="k").status_code == 201

    def test_keys_of_the_other_dialect_are_others(self, client: Client, shop: Tenant) -> None:
        assert BricqsClient(shop).award("u", 1, key="k").status_code == 200
        assert client.event("u", key="k").status_code == 201

    def test_metric_that_was_ended_meanwhile_is_replayed(self, client: Client, shop: Tenant) -> None:
        client.event("u", 3, key="k")
        apply(shop, metrics=[{"key": "words-written", "name": "W", "is_active": False}])
        assert client.event("u", 3, key="k").status_code == 202

    def test_without_a_key_every_event_counts(self, client: Client) -> None:
        assert [client.event("u", 1).json()["total"] for _ in range(3)] == [1, 2, 3]

    def test_refusal_uses_up_no_key(self, client: Client) -> None:
        assert client.event("u", "3", key="k").status_code == 422  # type: ignore[arg-type]
        assert client.event("u", 3, key="k").status_code == 201
