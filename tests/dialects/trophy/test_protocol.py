"""HTTP itself in this dialect: whatever comes in, `{"error": text}` and nothing else goes out."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client as Browser

from gamify.models import Participant
from tenants import keys
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, per, refused
from tests.factories import key_for
from tests.programmes import impatient

EVENT = "/v1/metrics/words-written/event"
GOOD = '{"user": {"id": "u"}, "value": 1}'


@pytest.fixture(autouse=True)
def programme(shop: Tenant) -> None:
    apply(shop, triggers=[per(1, 10)])


@pytest.fixture
def browser(client: Client) -> Any:
    """Calls with everything that a real client's requests go through, CSRF checks too."""
    return Browser(enforce_csrf_checks=True, raise_request_exception=False, headers={"X-API-KEY": client.key})


ROUTES = [
    ("POST", EVENT),
    ("POST", "/v1/users"),
    ("GET", "/v1/users/u"),
    ("PUT", "/v1/users/u"),
    ("PATCH", "/v1/users/u"),
    ("GET", "/v1/users/u/points/xp"),
    ("GET", "/v1/users/u/points/xp/boosts"),
    ("GET", "/v1/users/u/points/xp/event-summary"),
    ("GET", "/v1/points/xp"),
    ("GET", "/v1/points/xp/boosts"),
    ("GET", "/v1/points/xp/levels"),
    ("GET", "/v1/points/xp/level-summary"),
    ("GET", "/v1/points/xp/summary"),
    ("POST", "/v1/points/boosts"),
    ("POST", "/admin-api/v1/points/boosts"),
    ("DELETE", "/admin-api/v1/points/boosts"),
    ("DELETE", "/admin-api/v1/points/boosts/x"),
    ("GET", "/admin-api/v1/points"),
    ("GET", "/admin-api/v1/points/xp/boosts"),
    ("POST", "/admin-api/v1/points/xp/boosts"),
    ("DELETE", "/admin-api/v1/points/xp/boosts"),
]


class TestKeys:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "bq_live_" + "0" * 32}, {"X-API-KEY": "é"}])
    def test_no_route_is_open(self, client: Client, method: str, path: str, headers: dict[str, str]) -> None:
        response = refused(lambda: client.http.generic(method, path, GOOD, "application/json", headers=headers), 401)
        assert "X-API-Key" in response["WWW-Authenticate"]

    @pytest.mark.parametrize("family", keys.FAMILIES)
    def test_every_family_of_keys_opens_it(self, client: Client, shop: Tenant, family: str) -> None:
        client.key = key_for(shop, family=family)
        assert client.event("u").status_code == 201
        assert client.call("GET", "/points", base=client.admin).status_code == 200

    def test_tenant_that_is_disabled(self, client: Client, shop: Tenant) -> None:
        shop.is_active = False
        shop.save()
        refused(lambda: client.event("u"), 403, "disabled")


@pytest.mark.parametrize(
    "text",
    ["{", "", " ", "nope", GOOD + "x", '{"user": {"id": "u"}, "value": NaN}', '{"value": 1, "value": 2}', "[" * 1000],
)
def test_body_that_is_no_json(client: Client, text: str) -> None:
    headers = {"X-API-KEY": client.key}
    status = 422 if text == "" else 400
    refused(lambda: client.http.generic("POST", EVENT, text, "application/json", headers=headers), status)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "é"])
def test_other_content_types(client: Client, content_type: str) -> None:
    headers = {"X-API-KEY": client.key}
    refused(lambda: client.http.generic("POST", EVENT, GOOD, content_type, headers=headers), 415, "application/json")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_other_methods(client: Client, method: str, path: str) -> None:
    allowed = {each for each, same in ROUTES if same == path}
    for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"} - allowed:
        response = refused(lambda other=other: client.http.generic(other, path, headers={"X-API-KEY": client.key}), 405)  # type: ignore[misc]
        assert set(response["Allow"].split(", ")) - {"HEAD"} == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v1/nope",
        "/v1/users/",
        "/v1/metrics/event",
        "/v1/metrics/words-written/event/",
        "/v1/metrics/words-written/event%0A",
        "/v1/points/xp/nope",
        "/v1/points/a/b/levels",
        "/admin-api",
        "/admin-api/v1",
        "/admin-api/v1/nope",
        "/admin-api/v1/points/",
        "/admin-api/v2/points",
        "/v1/%00",
        "/v1/%FF",
    ],
)
def test_unknown_routes(browser: Any, settings: Any, path: str) -> None:
    for settings.DEBUG in (False, True):
        refused(lambda: browser.get(path), 404)
        refused(lambda: browser.post(path, GOOD, "application/json"), 404)


def test_routes_of_others_keep_their_own_words(browser: Any) -> None:
    assert set(browser.get("/api/v1/nope").json()) == {"detail", "code"}
    assert set(browser.get("/v1x").json()) == {"detail", "code"}


def test_body_over_the_limit(client: Client) -> None:
    headers = {"X-API-KEY": client.key}
    text = GOOD.ljust(2**20 + 1)
    refused(lambda: client.http.generic("POST", EVENT, text, "application/json", headers=headers), 413)


@pytest.mark.parametrize("path", [EVENT, "/v1/users/u", "/v1/nope", "/admin-api/v1/points"])
def test_host_that_is_not_listed(browser: Any, settings: Any, path: str) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    refused(lambda: browser.get(path, headers={"Host": "evil.example"}), 400)


def test_fault_is_answered_in_the_same_shape(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gamify.dialects.trophy.users.reads.person", None)
    refused(lambda: browser.get("/v1/users/u"), 500)


def test_no_call_needs_a_csrf_token(browser: Any) -> None:
    assert browser.post(EVENT, GOOD, "application/json").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_busy_is_worth_a_retry(client: Client) -> None:
    client.event("u")
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        Participant.objects.select_for_update().get()

        def call() -> Any:
            try:
                impatient()
                return client.event("u")
            finally:
                connection.close()

        response = thread.submit(call).result(60)
    assert (response.status_code, response["Retry-After"], list(response.json())) == (503, "1", ["error"])
