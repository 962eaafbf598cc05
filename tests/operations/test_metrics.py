"""What `/metrics` tells, and whom."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client as DjangoClient
from prometheus_client.parser import text_string_to_metric_families

from gamify.queries import backlog
from tenants.models import Tenant
from tests import expiring
from tests.factories import Client, TenantFactory, now

TOKEN = "a-token-of-some-length"
SECONDS_MAX = 60
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(token: str = TOKEN) -> Any:
    return DjangoClient().get("/metrics", headers={"Authorization": f"Bearer {token}"})


def samples() -> Samples:
    reply = scrape()
    assert reply.status_code == 200
    families = text_string_to_metric_families(reply.content.decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((f"bricqs_{name}", frozenset(labels.items())), 0)


@pytest.mark.django_db
class TestAccess:
    def test_without_a_token_in_the_environment_it_is_closed(self, settings: Any) -> None:
        settings.METRICS_TOKEN = ""
        assert scrape("").status_code == scrape().status_code == 404

    @pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
    def test_whoever_does_not_know_it_is_refused(self, header: dict[str, str]) -> None:
        reply = DjangoClient().get("/metrics", headers=header)
        assert reply.status_code == 401
        assert reply["WWW-Authenticate"].startswith("Bearer")
        assert b"bricqs_" not in reply.content

    def test_an_api_key_does_not_open_it(self, client: Client) -> None:
        assert scrape(client.key).status_code == 401


@pytest.mark.django_db
class TestCounters:
    def test_awards_and_deducts_are_counted_by_dialect(self, client: Client) -> None:
        before = samples()
        client.award("anna", 100)
        client.post("/points/award-batch", {"awards": [{"participant_id": name, "amount": 7} for name in "abc"]})
        client.deduct("anna", 30)
        after = samples()
        for name, kind, more in (
            ("entries_total", "award", 4),
            ("points_total", "award", 121),
            ("entries_total", "deduct", 1),
            ("points_total", "deduct", 30),
        ):
            labels = {"dialect": "bricqs", "kind": kind}
            assert value(after, name, **labels) - value(before, name, **labels) == more

    def test_a_replay_is_counted_as_one_and_awards_nothing(self, client: Client) -> None:
        client.award("anna", 100, key="order-1")
        before = samples()
        client.award("anna", 100, key="order-1")
        after = samples()
        assert value(after, "replays_total", dialect="bricqs") - value(before, "replays_total", dialect="bricqs") == 1
        labels = {"dialect": "bricqs", "kind": "award"}
        assert value(after, "entries_total", **labels) == value(before, "entries_total", **labels)

    def test_refusals_are_counted_by_their_code(self, client: Client) -> None:
        before = samples()
        client.deduct("anna", 1)
        after = samples()
        labels = {"dialect": "bricqs", "code": "insufficient_points"}
        assert value(after, "refusals_total", **labels) - value(before, "refusals_total", **labels) == 1

    def test_requests_are_counted_and_timed_by_route(self, client: Client) -> None:
        labels = {"method": "GET", "route": "/api/v1/gamify/participants/{participant_id}/points"}
        before = samples()
        client.balance("anna")
        client.balance("ben")
        after = samples()
        assert (
            value(after, "requests_total", status="200", **labels)
            - value(before, "requests_total", status="200", **labels)
            == value(after, "request_seconds_count", **labels) - value(before, "request_seconds_count", **labels)
            == 2
        )
        assert value(after, "request_seconds_sum", **labels) > value(before, "request_seconds_sum", **labels)

    def test_what_callers_make_up_is_no_label(self, client: Client, shop: Tenant) -> None:
        client.balance("participant-made-up")
        client.http.get("/path-made-up", headers={"X-API-Key": "key-made-up"})
        client.http.generic("METHODMADEUP", "/healthz")
        text = scrape().content.decode()
        assert not re.search("made.?up", text, re.IGNORECASE)
        assert shop.slug not in text
        assert 'method="other"' in text


@pytest.mark.django_db(transaction=True)
class TestDatabase:
    def test_lots_that_are_due_are_counted_until_they_are_swept(self, shop: Tenant) -> None:
        past = now() - timedelta(hours=3)
        assert value(samples(), "expiry_due") == 0
        for name in ("anna", "ben"):
            expiring.award(shop, name, 10, now=past, expires_at=past + timedelta(hours=1))
        found = samples()
        assert value(found, "expiry_due") == 2
        assert 7_200 <= value(found, "expiry_lag_seconds") < 7_300

    def test_inactivity_of_long_ago_is_seen_behind_many_lots(
        self, shop: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backlog, "COUNT_MAX", 3)
        past = now() - timedelta(hours=3)
        for number in range(5):
            expiring.award(shop, f"user-{number}", 10, now=past, expires_at=past + timedelta(hours=2))
        expiring.set_policy(shop, "inactivity", 1)
        expiring.award(shop, "idle", 10, now=now() - timedelta(days=4))
        found = samples()
        assert value(found, "expiry_due") == 3
        assert value(found, "expiry_lag_seconds") > 2 * 86_400

    def test_counting_stops_where_there_is_too_much(self, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backlog, "COUNT_MAX", 3)
        past = now() - timedelta(hours=3)
        for number in range(5):
            expiring.award(shop, f"user-{number}", 10, now=past, expires_at=past + timedelta(hours=1))
        assert value(samples(), "expiry_due") == 3

    def test_facts_behind_an_open_transaction_are_held_back(
        self, client: Client, open_transaction: "psycopg.Connection[Any]"
    ) -> None:
        Client(TenantFactory.create()).award("zoe", 1)
        client.award("anna", 1)
        client.award("anna", 1)
        found = samples()
        assert value(found, "facts_held_back") == 3
        assert value(found, "facts_held_back_seconds") > 0
        open_transaction.rollback()
        # Those of other test processes hold them back as well, each for a moment.
        deadline = time.monotonic() + SECONDS_MAX
        while value(samples(), "facts_held_back"):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def test_a_database_that_takes_too_long_is_down_and_the_rest_is_still_told(
        self, client: Client, open_transaction: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert value(samples(), "database_up") == 1
        open_transaction.execute("LOCK TABLE gamify_lot")
        with monkeypatch.context() as patch:
            patch.setattr(backlog, "STATEMENT_SECONDS_MAX", 0.05)
            found = samples()
        assert found["bricqs_database_up", frozenset()] == 0
        assert any(name == "bricqs_requests_total" for name, _ in found)
        open_transaction.rollback()
        assert value(samples(), "database_up") == 1


@pytest.fixture
def open_transaction(transactional_db: None) -> "Iterator[psycopg.Connection[Any]]":
    """Another session, in a transaction that has begun to write."""
    parameters = connection.get_connection_params()
    with psycopg.connect(
        **{name: parameters[name] for name in ("dbname", "user", "host") if name in parameters}
    ) as other:
        other.execute("SELECT pg_current_xact_id()")
        yield other
        other.rollback()
