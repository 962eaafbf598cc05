"""Metric events that are refused, in the one shape that the clients can read."""

from typing import Any

import pytest

from gamify.models import MetricTotal, Participant
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, per, refused


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(3, 10)])


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({}, ["user: ", "value: "]),
            ({"user": {"id": "u"}}, ["value: "]),
            ({"user": "u", "value": 1}, ["user"]),
            ({"user": {}, "value": 1}, ["user.id: "]),
            ({"user": {"id": ""}, "value": 1}, ["user.id: "]),
            ({"user": {"id": 5}, "value": 1}, ["user.id: "]),
            ({"user": {"id": "x" * 256}, "value": 1}, ["user.id: "]),
            ({"user": {"id": "a\0"}, "value": 1}, ["user.id: "]),
            ({"user": {"id": "u"}, "value": "1"}, ["value: "]),
            ({"user": {"id": "u"}, "value": True}, ["value: "]),
            ({"user": {"id": "u"}, "value": None}, ["value: "]),
            ({"user": {"id": "u"}, "value": 10**15 + 1}, ["value: "]),
            ({"user": {"id": "u"}, "value": -1e300}, ["value: "]),
            ({"user": {"id": "u", "tz": "Mars/Olympus"}, "value": 1}, ["user.tz: "]),
            ({"user": {"id": "u", "tz": 5}, "value": 1}, ["user.tz: "]),
            ({"user": {"id": "u", "tz": "localtime"}, "value": 1}, ["user.tz: "]),
            ({"user": {"id": "u", "email": 5}, "value": 1}, ["user.email: "]),
            ({"user": {"id": "u", "attributes": {"a": 1}}, "value": 1}, ["user.attributes: "]),
            ({"user": {"id": "u", "attributes": ["a"]}, "value": 1}, ["user.attributes: "]),
            ({"user": {"id": "u", "deviceTokens": "t"}, "value": 1}, ["user.deviceTokens: "]),
            ({"user": {"id": "u", "deviceTokens": [5]}, "value": 1}, ["user.deviceTokens"]),
            ({"user": {"id": "u", "subscribeToEmails": "yes"}, "value": 1}, ["user.subscribeToEmails: "]),
            ({"user": {"id": "u"}, "value": 1, "attributes": {"a": None}}, ["attributes: "]),
            ({"user": {"id": "u"}, "value": 1, "attributes": {"a": "\0"}}, ["attributes: "]),
            ([], ["body: "]),
        ],
    )
    def test_of_what_is_sent(self, client: Client, body: Any, words: list[str]) -> None:
        refused(lambda: client.call("POST", "/metrics/words-written/event", body), 422, *words)

    @pytest.mark.parametrize("metric", ["no-such", "words%20written", "a/b", "%00", "é"])
    def test_of_an_unknown_metric_is_none_that_clients_cannot_read(self, client: Client, metric: str) -> None:
        refused(lambda: client.event("u", 1, metric), 422, "metric")

    def test_of_an_ended_metric(self, client: Client, shop: Tenant) -> None:
        apply(shop, metrics=[{"key": "words-written", "name": "W", "is_active": False}])
        refused(lambda: client.event("u"), 422, "words-written")

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\0"])
    def test_of_a_key(self, client: Client, key: str) -> None:
        refused(lambda: client.event("u", key=key), 400, "Idempotency-Key")

    def test_of_a_total_without_end(self, client: Client, shop: Tenant) -> None:
        client.event("u", 1, "visits")
        MetricTotal.objects.update(total=10**18)
        refused(lambda: client.event("u", 1, "visits"), 422, "value")
        assert client.event("u", -1, "visits").status_code == 201

    def test_other_tenants_metrics_are_unknown(self, client: Client, shop: Tenant) -> None:
        refused(lambda: Client(shop.sandbox).event("u"), 422, "words-written")

    def test_is_worded_before_anything_is_made(self, client: Client) -> None:
        client.event("u", 1, "no-such", about={"name": "Zoë"})
        assert not Participant.objects.exists()


def test_limits_that_are_taken(client: Client) -> None:
    assert client.event("x" * 255, key="k" * 255).status_code == 201
    assert client.event(" a/b ?#%🎈\n").status_code == 201
    assert client.event("u", 1e-25).json()["total"] == 0
