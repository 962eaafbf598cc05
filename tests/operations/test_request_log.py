"""One line for each request, that says enough and nothing secret."""

import json
import logging
import os
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as DjangoClient
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from bricqs.logs import Line, LineHandler
from gamify.services import points
from tenants import database
from tenants.models import Tenant
from tests.factories import Client
from tests.operations.lines import logged

pytestmark = pytest.mark.django_db


def test_an_award_is_one_line_with_what_operators_ask_for(shop: Tenant, client: Client) -> None:
    client.award("warm-up", 1)
    with logged() as lines:
        client.award("anna", 100, reason="Purchase")
    line = lines.request()
    assert line.pop("duration_ms") > 0
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", line.pop("timestamp"))
    assert re.fullmatch(r"[0-9a-f]{32}", line.pop("request_id"))
    assert line.pop("statements") > 0
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "bricqs.request",
        "method": "POST",
        "route": "/api/v1/gamify/points/award",
        "status": 200,
        "tenant": shop.slug,
        "tenant_id": str(shop.id),
        "entries": {"award": 1},
    }


def test_a_refusal_says_its_code(client: Client) -> None:
    with logged() as lines:
        client.deduct("anna", 100)
    line = lines.request()
    assert (line["status"], line["refusal"], line["level"]) == (400, "insufficient_points", "info")
    assert "entries" not in line


def test_what_one_request_noted_is_not_told_of_the_next(client: Client) -> None:
    client.award("anna", 100)
    with logged() as lines:
        client.http.get("/nowhere")
    line = lines.request()
    assert (line["route"], line["status"], line["statements"]) == ("(none)", 404, 0)
    assert line.keys().isdisjoint({"tenant", "tenant_id", "refusal", "entries"})


def test_neither_keys_nor_bodies_nor_participants_are_logged(client: Client) -> None:
    with logged() as lines:
        client.award(
            "anna-the-secret", 100, reason="reason-secret", metadata={"a": "metadata-secret"}, key="key-secret"
        )
        client.award("anna-the-secret", -1, reason="reason-secret")
        client.get("/participants/anna-the-secret/points", {"points_system": "query-secret"})
        client.http.get("/api/v1/gamify/participants/anna-the-secret/points", headers={"X-API-Key": "bq_live_secret"})
    assert len(lines.all) == 4
    assert "secret" not in lines.text
    assert client.key not in lines.text


def test_statements_are_counted_once_however_they_are_sent(shop: Tenant, client: Client) -> None:
    admin = Client(shop, scopes=["admin"])
    reads: list[Callable[[], Any]] = [
        lambda: client.get("/participants/anna/points/expiring"),
        lambda: admin.get("/admin/tiers"),
    ]
    for read in reads:
        read()  # The programme is read once a process; a key's use is noted once a minute.
        with CaptureQueriesContext(connection) as captured, logged() as lines:
            read()
        seen = len(captured)
        with logged() as unobserved:
            read()
        assert lines.request()["statements"] == unobserved.request()["statements"] == seen > 1


@pytest.mark.parametrize("given", ["4bf92f3577b34da6a3ce929d0e0e4736", "web-1:42.7_a", "x" * 128])
def test_a_sane_request_id_is_taken_over_and_echoed(client: Client, given: str) -> None:
    with logged() as lines:
        reply = client.get("/participants/anna/points", headers={"X-Request-ID": given})
    assert reply["X-Request-ID"] == lines.request()["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "two words", "line\x85break", 'quo"te', "ümlaut"])
def test_any_other_is_replaced(client: Client, given: str) -> None:
    with logged() as lines:
        reply = client.get("/participants/anna/points", headers={"X-Request-ID": given})
    assert reply["X-Request-ID"] == lines.request()["request_id"] != given
    assert re.fullmatch(r"[0-9a-f]{32}", reply["X-Request-ID"])


def test_each_request_has_an_id_of_its_own(client: Client) -> None:
    first, second = (client.get("/participants/anna/points")["X-Request-ID"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_that_find_all_well_are_no_news(path: str) -> None:
    with logged() as lines:
        assert DjangoClient().get(path).status_code == 200
    assert lines.all == []


@pytest.mark.parametrize(("token", "status"), [("", 404), ("a-token-of-some-length", 401)])
def test_nor_is_a_scrape_that_may_not_read(settings: Any, token: str, status: int) -> None:
    settings.METRICS_TOKEN = token
    with logged() as lines:
        assert DjangoClient().get("/metrics").status_code == status
    assert lines.all == []


def test_a_fault_is_logged_with_its_traceback_under_the_same_id_and_without_the_path(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: Any) -> None:
        local = "local-secret"
        raise RuntimeError(f"broken after {len(local)} letters")

    monkeypatch.setattr("gamify.queries.points.balance", fail)
    with logged() as lines:
        reply = client.get("/participants/anna-secret/points")
    assert reply.status_code == 500
    fault, request = lines.all
    assert "RuntimeError: broken after 12 letters" in fault["exception"]
    assert fault["event"].endswith(r"points\Z")
    assert fault["level"] == "error"
    assert fault["request_id"] == request["request_id"] == reply["X-Request-ID"]
    assert (request["status"], request["level"]) == (500, "warning")
    assert "secret" not in lines.text


def test_a_fault_under_a_path_that_is_not_ascii_is_logged_without_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**arguments: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("gamify.queries.points.balance", fail)
    with logged() as lines:
        assert client.get("/participants/ännä-secret/points").status_code == 500
    assert lines.of("django.request")[0]["event"].endswith(r"points\Z")
    assert "secret" not in lines.text


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/admin/gamify/participant/anna-secret/change/", "admin/gamify/participant/<path:object_id>/change/"),
        ("/admin/gamify/participant/ännä-secret/change/", "admin/gamify/participant/<path:object_id>/change/"),
        ("/admin/secret/", "admin/(?P<url>.*)$"),
    ],
)
def test_a_form_without_its_token_is_logged_with_the_reason_and_without_the_path(path: str, route: str) -> None:
    with logged() as lines:
        assert DjangoClient(enforce_csrf_checks=True).post(path, {"a": "secret"}).status_code == 403
    [refusal] = lines.of("django.security.csrf")
    assert refusal["event"] == f"Forbidden (CSRF cookie not set.): {route}"
    assert lines.request()["status"] == 403
    assert "secret" not in lines.text


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        (
            {"Referer": "https://other.example/anna-secret/?q=secret x#secret"},
            "Referer checking failed - https://other.example",
        ),
        ({"Referer": "https://other.example?secret"}, "Referer checking failed - https://other.example"),
        ({"Referer": "https://other.example"}, "Referer checking failed - https://other.example"),
        ({"Origin": "https://other.example:8443"}, "Origin checking failed - https://other.example:8443"),
        ({"Origin": "null"}, "Origin checking failed - null"),
    ],
)
def test_a_form_from_elsewhere_is_logged_with_the_host_of_its_page_alone(headers: dict[str, str], page: str) -> None:
    browser = DjangoClient(enforce_csrf_checks=True)
    with logged() as lines:
        assert browser.post("/admin/login/", secure=True, headers=headers).status_code == 403
    [refusal] = lines.of("django.security.csrf")
    assert refusal["event"] == f"Forbidden ({page} does not match any trusted origins.): admin/login/"
    assert "secret" not in lines.text


def test_what_a_line_counts_stays_a_number() -> None:
    request = RequestFactory().post("/secret/")
    with logged() as lines:
        logging.getLogger("django.security.csrf").warning("%s: %d", request.path, 5, extra={"request": request})
    assert lines.of("django.security.csrf")[0]["event"] == "(no route): 5"


def test_on_a_terminal_a_traceback_shows_no_local_variables(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*, participant: str, **arguments: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("gamify.queries.points.balance", fail)
    with logged("console") as lines:
        client.get("/participants/anna-secret/points")
    assert "RuntimeError" in lines.text
    assert "secret" not in lines.text


def test_what_postgresql_says_of_a_broken_row_is_left_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.award("row-of-secret", 5)

    def break_a_constraint(**arguments: Any) -> None:
        database.send("UPDATE gamify_participant SET window_writes = NULL")

    monkeypatch.setattr(points, "award", break_a_constraint)
    with logged() as lines:
        assert client.award("anna", 5).status_code == 500
    assert "IntegrityError" in lines.text
    assert "secret" not in lines.text


@pytest.mark.parametrize("length", [500, 10_000])
def test_lines_of_many_threads_stay_whole(length: int) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as written, os.fdopen(writer, "w") as stream:
        handler = LineHandler(stream)
        handler.setFormatter(Line(is_console=False))

        def log(thread: int) -> None:
            for number in range(50):
                event = f"{thread} {number} {'ü' * length}"
                handler.handle(logging.LogRecord("n", logging.INFO, "f", 1, event, None, None))

        threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        lines = [json.loads(written.readline())["event"] for _ in range(400)]
        for thread in threads:
            thread.join()
    assert sorted(lines) == sorted(f"{thread} {number} {'ü' * length}" for thread in range(8) for number in range(50))
