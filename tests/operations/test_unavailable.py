"""What the database's own troubles are to callers: 503 and a time to retry, with nothing half-written."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client as DjangoClient

from gamify.models import Entry, Fact, Operation, Participant
from tenants.models import Tenant
from tests.factories import Client
from tests.operations.lines import logged

# Real connections, whose transactions end as they do in production.
pytestmark = pytest.mark.django_db(transaction=True)

UNAVAILABLE = {
    "code": "unavailable",
    "detail": "The service is not available for the moment. Retry with the same idempotency key: nothing is done"
    " twice.",
}

# PostgreSQL raises what it is told to, from inside the statement that writes entries.
Failing = Callable[[str], None]
_TRIGGER = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {}; RETURN NEW; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON gamify_entry FOR EACH ROW EXECUTE FUNCTION fail();
"""
_NO_TRIGGER = "DROP TRIGGER IF EXISTS fail ON gamify_entry; DROP FUNCTION IF EXISTS fail"


@pytest.fixture
def other(client: Client) -> "Iterator[psycopg.Connection[Any]]":
    """Another session: an administrator's."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_URL"], dbname=name, autocommit=True) as session:
        yield session


@pytest.fixture
def failing(other: "psycopg.Connection[Any]") -> Iterator[Failing]:
    def fail(statement: str) -> None:
        other.execute(_TRIGGER.format(statement).encode())

    yield fail
    other.execute(_NO_TRIGGER)


@pytest.mark.parametrize(
    "state",
    ["53100", "53200", "53300", "53400", "57014", "57P01", "57P02", "57P03", "58030", "25006", "08006", "55P03"],
)
def test_trouble_of_the_server_is_a_503_that_says_when_to_retry(client: Client, failing: Failing, state: str) -> None:
    failing(f"RAISE SQLSTATE '{state}'")
    reply = client.award("anna", 5, key="order-1")
    # An operation that waits for a lock is told apart: it knows that nothing was done.
    expected = {"55P03": "busy"}.get(state, "unavailable")
    assert (reply.status_code, reply.json()["code"]) == (503, expected)
    assert int(reply["Retry-After"]) >= 1


@pytest.mark.parametrize("state", ["XX000", "22012", "42P01"])
def test_faults_of_ours_stay_faults(client: Client, failing: Failing, state: str) -> None:
    failing(f"RAISE SQLSTATE '{state}'")
    reply = client.award("anna", 5)
    assert (reply.status_code, reply.json()["code"]) == (500, "internal_error")


def test_nothing_is_half_written_and_the_same_key_then_awards_once(
    client: Client, failing: Failing, other: "psycopg.Connection[Any]"
) -> None:
    failing("RAISE disk_full")
    assert client.award("anna", 5, key="order-1").json() == UNAVAILABLE
    assert [table.objects.count() for table in (Participant, Entry, Fact, Operation)] == [0, 0, 0, 0]
    other.execute(_NO_TRIGGER)
    assert client.award("anna", 5, key="order-1").json()["new_balance"] == 5
    assert client.award("anna", 5, key="order-1")["Idempotent-Replayed"] == "true"
    assert client.balance("anna") == 5


def test_an_administrator_who_ends_the_connection_in_the_middle_costs_one_503(client: Client, failing: Failing) -> None:
    failing("PERFORM pg_terminate_backend(pg_backend_pid(), 1000)")
    client.balance("warm-up")
    assert client.award("anna", 5, key="order-1").json() == UNAVAILABLE
    assert client.balance("anna") == 0


@pytest.mark.parametrize("path", ["/participants/anna/points", "/admin/tiers"])
def test_a_kept_connection_that_died_meanwhile_costs_nobody_anything(
    shop: Tenant, other: "psycopg.Connection[Any]", path: str
) -> None:
    client = Client(shop, scopes=["admin"])
    assert client.get(path).status_code == 200
    ended = other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    assert ended.fetchone() == (True,)
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/admin/"])
def test_nor_those_who_look_after_it(
    admin_client: DjangoClient, other: "psycopg.Connection[Any]", settings: Any, path: str
) -> None:
    settings.METRICS_TOKEN = "a-token-of-some-length"
    admin_client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {settings.METRICS_TOKEN}"
    assert admin_client.get(path).status_code == 200
    other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    reply = admin_client.get(path)
    assert reply.status_code == 200
    assert b"bricqs_database_up 0" not in reply.content


def test_a_fault_in_the_console_is_a_page(admin_client: DjangoClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gamify.admin.boosts.BoostAdmin.get_queryset", fail)
    admin_client.raise_request_exception = False
    reply = admin_client.get("/admin/gamify/boost/")
    assert (reply.status_code, reply["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "Something went wrong here" in reply.content.decode()


def test_a_server_that_cannot_be_reached_is_a_503_on_every_kind_of_route(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {})
    session = {"session_id": "sess_" + "0" * 32, "engagement_id": "550e8400-e29b-41d4-a716-446655440000"}
    replies = [
        client.award("anna", 5),
        client.get("/participants/anna/points"),
        client.get("/facts"),
        client.http.post("/api/v1/points/balance", session, format="json"),
    ]
    monkeypatch.undo()
    assert [reply.json() for reply in replies] == [UNAVAILABLE] * 4
    assert {reply["Retry-After"] for reply in replies} == {"2"}
    assert client.award("anna", 5).status_code == 200


def test_operators_get_the_traceback(client: Client, failing: Failing) -> None:
    failing("RAISE disk_full")
    with logged() as lines:
        client.award("anna", 5)
    # Where the error comes back before all is sent, psycopg adds that it gave up the pipeline.
    fault, request = (line for line in lines.all if line["logger"] != "psycopg")
    assert (fault["event"], fault["level"]) == ("The database failed", "error")
    assert "psycopg.errors.DiskFull" in fault["exception"]
    assert (request["status"], request["refusal"], request["level"]) == (503, "unavailable", "warning")
