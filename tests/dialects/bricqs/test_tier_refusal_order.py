"""Which refusal of a tier endpoint wins: of two faults in one call, the one that is listed first here."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tenants.models import Tenant
from tests.factories import Client
from tests.programmes import admin, assign, make_ladder, refused


class Call:
    """A call that would succeed, until faults are put into it."""

    def __init__(self, shop: Tenant, client: Client, method: str, path: str, body: dict[str, Any]) -> None:
        self.shop = shop
        self.http = client.http
        self.method, self.path, self.body = method, path, body
        self.headers = {"X-API-Key": client.key}
        self.content_type = "application/json"
        self.prefix, self.suffix = "", ""

    def send(self) -> Any:
        text = self.prefix + json.dumps(self.body) + self.suffix
        return self.http.generic(self.method, self.path, text, self.content_type, headers=self.headers)


Fault = Callable[[Call], Any]


def no_key(call: Call) -> None:
    del call.headers["X-API-Key"]


def disabled(call: Call) -> None:
    Tenant.objects.filter(pk=call.shop.pk).update(is_active=False)


def no_scope(call: Call) -> None:
    if "X-API-Key" in call.headers:
        call.headers["X-API-Key"] = Client(call.shop).key


def method(call: Call) -> None:
    call.method = "PUT"


def bad_header_key(call: Call) -> None:
    call.headers["Idempotency-Key"] = "not valid"


def unknown_tier_in_path(call: Call) -> None:
    call.path = call.path.rpartition("/")[0] + "/no-uuid"


def content_type(call: Call) -> None:
    call.content_type = "text/plain"


def too_large(call: Call) -> None:
    call.suffix += " " * 1024 * 1024


def malformed(call: Call) -> None:
    call.prefix = "{"


def bad_field(call: Call) -> None:
    call.body |= {"reason": 5, "name": 5}


def keys_differ(call: Call) -> None:
    call.headers.setdefault("Idempotency-Key", "used")
    call.body["idempotency_key"] = "another"


def reused(call: Call) -> None:
    call.headers.setdefault("Idempotency-Key", "used")


def capped(call: Call) -> None:
    Tenant.objects.filter(pk=call.shop.pk).update(participant_write_rate="1/9999d")


def unknown_code(call: Call) -> None:
    call.body["tier_code"] = "unknown"


def unknown_type(call: Call) -> None:
    call.body["criteria_type"] = "unknown"


def unreadable_config(call: Call) -> None:
    call.body["criteria_config"] = {"unknown": 1}


def code_taken(call: Call) -> None:
    call.body["code"] = "bronze"


def level_taken(call: Call) -> None:
    call.body["level"] = 1


BEGINNING: list[tuple[Fault, int, str]] = [(no_key, 401, "unauthorized"), (disabled, 403, "forbidden")]
BODY: list[tuple[Fault, int, str]] = [
    (content_type, 415, "unsupported_media_type"),
    (too_large, 413, "body_too_large"),
    (malformed, 400, "malformed_json"),
    (bad_field, 422, "validation_error"),
]
RELEASE: list[tuple[Fault, int, str]] = [
    *BEGINNING,
    (method, 405, "method_not_allowed"),
    (bad_header_key, 400, "IDEMPOTENCY_KEY_INVALID"),
    *BODY,
    (keys_differ, 400, "IDEMPOTENCY_KEY_MISMATCH"),
    (reused, 409, "IDEMPOTENCY_KEY_REUSED"),
    (capped, 429, "RATE_LIMIT_PARTICIPANT_EXCEEDED"),
]
ASSIGN: list[tuple[Fault, int, str]] = [*RELEASE, (unknown_code, 404, "tier_not_found")]
CONTENT: list[tuple[Fault, int, str]] = [
    (unknown_type, 422, "validation_error"),
    (unreadable_config, 422, "validation_error"),
]
CREATE: list[tuple[Fault, int, str]] = [
    *BEGINNING,
    (no_scope, 403, "forbidden"),
    (method, 405, "method_not_allowed"),
    *BODY,
    *CONTENT,
    (code_taken, 400, "tier_code_conflict"),
    (level_taken, 400, "tier_level_conflict"),
]
UPDATE: list[tuple[Fault, int, str]] = [
    *BEGINNING,
    (no_scope, 403, "forbidden"),
    (method, 405, "method_not_allowed"),
    (unknown_tier_in_path, 404, "tier_not_found"),
    *BODY,
    *CONTENT,
    (level_taken, 400, "tier_level_conflict"),
]
ORDERS = {"assign": ASSIGN, "release": RELEASE, "create": CREATE, "update": UPDATE}


@pytest.fixture
def calls(shop: Tenant, client: Client) -> dict[str, Call]:
    tier = make_ladder(shop)["gold"]
    assign(shop, "u", "gold")
    client.award("u", 1, key="used")
    manager = admin(shop)
    base = client.base
    return {
        "assign": Call(shop, client, "POST", f"{base}/tiers/assign", {"participant_id": "u", "tier_code": "gold"}),
        "release": Call(shop, client, "POST", f"{base}/tiers/release", {"participant_id": "u"}),
        "create": Call(shop, manager, "POST", f"{base}/admin/tiers", {"code": "new", "name": "New", "level": 9}),
        "update": Call(shop, manager, "PATCH", f"{base}/admin/tiers/{tier.id}", {"name": "Other"}),
    }


def named(fault: Fault) -> str:
    return fault.__name__  # type: ignore[attr-defined, no-any-return, unused-ignore]


@pytest.mark.parametrize(
    ("name", "first", "status", "code", "second"),
    [
        pytest.param(name, *first, second[0], id=f"{name}-{named(first[0])}-before-{named(second[0])}")
        for name, order in ORDERS.items()
        for first, second in pairwise(order)
    ],
)
def test_of_two_faults_the_first_wins(
    calls: dict[str, Call], name: str, first: Fault, status: int, code: str, second: Fault
) -> None:
    call = calls[name]
    first(call)
    second(call)
    refused(call.send, status, code)


@pytest.mark.parametrize("name", ORDERS)
def test_last_fault_alone(calls: dict[str, Call], name: str) -> None:
    fault, status, code = ORDERS[name][-1]
    fault(calls[name])
    refused(calls[name].send, status, code)


@pytest.mark.parametrize("name", ORDERS)
def test_call_without_fault(calls: dict[str, Call], name: str) -> None:
    assert calls[name].send().status_code == (201 if name == "create" else 200)
