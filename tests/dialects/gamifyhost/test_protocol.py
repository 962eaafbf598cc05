"""Keys, HTTP itself, and which refusal wins: whatever comes in, an envelope goes out, and never a 500."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client as Browser

from tenants import keys
from tenants.models import ApiKey, Tenant
from tests.dialects.gamifyhost.helpers import Api, make_rule, refused
from tests.factories import key_for, now

MISSING = "Missing X-API-Key / X-API-Secret header"
INVALID = "Invalid API key"
REVOKED = "API key has been revoked"
BODY = {"userId": "u", "eventType": "signup"}
PATHS = ["/v1/points/award", "/v1/users/u/balance", "/v1/users/u/history"]


def call(api: Api, path: str) -> Any:
    if path == PATHS[0]:
        return api.http.post(path, BODY, format="json", headers=api.headers)
    return api.http.get(path, headers=api.headers)


@pytest.mark.parametrize("path", PATHS)
class TestKeys:
    @pytest.fixture(autouse=True)
    def user(self, api: Api) -> None:
        api.award("u")

    @pytest.mark.parametrize("header", ["X-API-Secret", "X-API-Key", "x-api-secret"])
    @pytest.mark.parametrize("family", ["sk", "bq"])
    def test_both_families_work_in_both_headers(
        self, api: Api, shop: Tenant, path: str, header: str, family: str
    ) -> None:
        api.headers = {header: key_for(shop, family=family)}
        assert call(api, path).status_code == 200

    def test_secret_comes_before_key(self, api: Api, path: str) -> None:
        api.headers = {"X-API-Secret": api.key, "X-API-Key": "nonsense"}
        assert call(api, path).status_code == 200
        api.headers = {"X-API-Secret": "nonsense", "X-API-Key": api.key}
        refused(lambda: call(api, path), 401, INVALID)

    @pytest.mark.parametrize("headers", [{}, {"X-API-Secret": ""}, {"Authorization": "Bearer x"}])
    def test_missing(self, api: Api, path: str, headers: dict[str, str]) -> None:
        api.headers = headers
        response = refused(lambda: call(api, path), 401, MISSING)
        assert response["WWW-Authenticate"] == 'ApiKey realm="points", header="X-API-Secret"'

    @pytest.mark.parametrize("key", ["x", "sk_live_" + "0" * 32, "é", "x" * 100_000])
    def test_unknown(self, api: Api, path: str, key: str) -> None:
        api.headers = {"X-API-Secret": key}
        refused(lambda: call(api, path), 401, INVALID)

    def test_expired(self, api: Api, shop: Tenant, path: str) -> None:
        api.headers = {"X-API-Secret": key_for(shop, family="sk", expires_at=now() - timedelta(seconds=1))}
        refused(lambda: call(api, path), 401, INVALID)

    def test_revoked(self, api: Api, path: str) -> None:
        keys.revoke(ApiKey.objects.get(), now=now())
        refused(lambda: call(api, path), 403, REVOKED)

    def test_disabled_tenant(self, api: Api, shop: Tenant, path: str) -> None:
        Tenant.objects.filter(pk=shop.pk).update(is_active=False)
        refused(lambda: call(api, path), 403)

    def test_live_and_test_data_are_apart(self, api: Api, shop: Tenant, path: str) -> None:
        make_rule(shop.sandbox, points=1)
        sandbox = Api(shop.sandbox)
        assert (api.key[:8], sandbox.key[:8]) == ("sk_live_", "sk_test_")
        sandbox.award("u")
        assert (api.balance("u")["totalPoints"], sandbox.balance("u")["totalPoints"]) == (500, 1)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "*/*"])
def test_other_content_type_is_refused(api: Api, content_type: str) -> None:
    refused(lambda: api.send(json.dumps(BODY), content_type=content_type), 415)


def test_body_over_the_limit_is_refused(api: Api, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 200
    assert api.send(json.dumps(BODY).ljust(200)).status_code == 200
    refused(lambda: api.send(json.dumps(BODY).ljust(201)), 413)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"])
def test_other_method_is_refused(api: Api, method: str) -> None:
    assert refused(lambda: api.send(json.dumps(BODY), method=method), 405)["Allow"] == "POST"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", PATHS[1:])
def test_other_method_on_a_read_is_refused(api: Api, path: str, method: str) -> None:
    response = refused(lambda: api.http.generic(method, path, headers=api.headers), 405)
    assert response["Allow"] == "GET, HEAD"


NEAR_MISSES = [
    "/v1/points/award/",
    "/v1/users//balance",
    "/v1/users/u/balance/",
    "/v1/users/u/history/",
    "/v1/users//history",
]


@pytest.mark.parametrize("path", NEAR_MISSES)
def test_route_that_misses_by_a_slash_is_not_found(api: Api, settings: Any, path: str) -> None:
    browser: Any = Browser(enforce_csrf_checks=True, raise_request_exception=False, headers=api.headers)
    for settings.DEBUG in (False, True):
        refused(lambda: browser.get(path), 404)
        refused(lambda: browser.post(path, BODY, "application/json"), 404)


def test_no_call_needs_a_csrf_token(api: Api) -> None:
    browser: Any = Browser(enforce_csrf_checks=True, headers=api.headers)
    assert browser.post(PATHS[0], BODY, "application/json").status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "garbage", ""])
def test_answers_are_json_whatever_is_accepted(api: Api, accept: str) -> None:
    api.headers["Accept"] = accept
    for path in PATHS:
        assert call(api, path)["Content-Type"] == "application/json"


@pytest.mark.parametrize("host", ["evil.example", "", "a b"])
def test_host_that_is_not_listed_is_refused(api: Api, settings: Any, host: str) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    api.headers["Host"] = host
    for path in PATHS:
        refused(lambda path=path: call(api, path), 400)  # type: ignore[misc]


def test_more_parameters_than_django_takes_are_refused(api: Api) -> None:
    api.award("u")
    refused(lambda: api.http.get(f"{PATHS[2]}?" + "a=1&" * 1001, headers=api.headers), 400)


@pytest.mark.parametrize("path", PATHS)
def test_fault_is_answered_in_an_envelope(api: Api, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    for module in ("rewards.award", "profiles.profile"):
        monkeypatch.setattr(f"gamify.dialects.gamifyhost.points.{module}", None)
    refused(lambda: call(api, path), 500)


class Call:
    """An award that would succeed, until faults are put into it."""

    def __init__(self, api: Api, tenant: Tenant) -> None:
        self.api, self.tenant = api, tenant
        self.method, self.content_type = "POST", "application/json"
        self.body: dict[str, Any] = {"userId": "u", "eventType": "signup", "reference": "new"}
        self.prefix, self.suffix = "", ""
        api.award("u", reference="used")

    def send(self) -> Any:
        text = self.prefix + json.dumps(self.body) + self.suffix
        return self.api.send(text, method=self.method, content_type=self.content_type)


Fault = Callable[[Call], Any]


def no_key(call: Call) -> None:
    call.api.headers = {}


def revoked(call: Call) -> None:
    ApiKey.objects.update(revoked_at=now())


def disabled(call: Call) -> None:
    Tenant.objects.filter(pk=call.tenant.pk).update(is_active=False)


def method(call: Call) -> None:
    call.method = "PUT"


def content_type(call: Call) -> None:
    call.content_type = "text/plain"


def too_large(call: Call) -> None:
    call.suffix += " " * 1024 * 1024


def malformed(call: Call) -> None:
    call.prefix = "{"


def bad_field(call: Call) -> None:
    call.body["metadata"] = 5


def duplicate(call: Call) -> None:
    call.body["reference"] = "used"


def no_rule(call: Call) -> None:
    call.tenant.reward_rules.update(is_active=False)
    Tenant.objects.filter(pk=call.tenant.pk).update(programme_version=100)


def capped(call: Call) -> None:
    call.tenant.reward_rules.update(cap_count=1)
    Tenant.objects.filter(pk=call.tenant.pk).update(programme_version=100)


def full(call: Call) -> None:
    call.tenant.points_systems.update(max_points=500)
    Tenant.objects.filter(pk=call.tenant.pk).update(programme_version=100)


ORDER: list[tuple[Fault, int]] = [
    (no_key, 401),
    (revoked, 403),
    (disabled, 403),
    (method, 405),
    (content_type, 415),
    (too_large, 413),
    (malformed, 400),
    (bad_field, 400),
    (duplicate, 409),
    (no_rule, 404),
    (capped, 429),
    (full, 422),
]


@pytest.mark.parametrize(("first", "second"), [*pairwise(ORDER)], ids=lambda fault: fault[0].__name__)
def test_of_two_faults_the_first_is_told(
    api: Api, shop: Tenant, first: tuple[Fault, int], second: tuple[Fault, int]
) -> None:
    call = Call(api, shop)
    first[0](call)
    message = refused(call.send, first[1]).json()["message"]
    second[0](call)
    refused(call.send, first[1], message)


@pytest.mark.parametrize("fault", ORDER, ids=lambda fault: fault[0].__name__)
def test_each_fault_alone(api: Api, shop: Tenant, fault: tuple[Fault, int]) -> None:
    call = Call(api, shop)
    fault[0](call)
    refused(call.send, fault[1])


def test_call_without_fault(api: Api, shop: Tenant) -> None:
    assert Call(api, shop).send().status_code == 200
