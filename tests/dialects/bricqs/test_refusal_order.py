"""Which refusal wins: of two faults in one call, the one that is listed first here."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tenants.models import Tenant
from tests.dialects.bricqs.helpers import refused
from tests.factories import Client, TenantFactory


class Call:
    """A call that would succeed, until faults are put into it."""

    def __init__(self, client: Client, tenant: Tenant) -> None:
        self.tenant = tenant
        self.method = "POST"
        self.headers = {"X-API-Key": client.key}
        self.content_type = "application/json"
        self.body: dict[str, Any] = {"participant_id": "u", "amount": 1}
        self.prefix, self.suffix = "", ""
        client.award("u", 9, key="used")
        self.http = client.http

    def send(self, path: str) -> Any:
        text = self.prefix + json.dumps(self.body) + self.suffix
        return self.http.generic(
            self.method, f"/api/v1/gamify/points/{path}", text, self.content_type, headers=self.headers
        )


Fault = Callable[[Call], Any]


def no_key(call: Call) -> None:
    del call.headers["X-API-Key"]


def disabled(call: Call) -> None:
    Tenant.objects.filter(pk=call.tenant.pk).update(is_active=False)


def method(call: Call) -> None:
    call.method = "PUT"


def bad_header_key(call: Call) -> None:
    call.headers["Idempotency-Key"] = "not valid"


def content_type(call: Call) -> None:
    call.content_type = "text/plain"


def too_large(call: Call) -> None:
    call.suffix += " " * 1024 * 1024


def malformed(call: Call) -> None:
    call.prefix = "{"


def bad_field(call: Call) -> None:
    call.body["reason"] = 5


def keys_differ(call: Call) -> None:
    call.headers.setdefault("Idempotency-Key", "used")
    call.body["idempotency_key"] = "another"


def reused(call: Call) -> None:
    call.headers.setdefault("Idempotency-Key", "used")


def past_expiry(call: Call) -> None:
    call.body["expires_at"] = "2020-01-01T00:00:00Z"


def capped(call: Call) -> None:
    Tenant.objects.filter(pk=call.tenant.pk).update(participant_write_rate="1/9999d")


def insufficient(call: Call) -> None:
    call.body["amount"] = 10


ORDER: list[tuple[Fault, int, str]] = [
    (no_key, 401, "unauthorized"),
    (disabled, 403, "forbidden"),
    (method, 405, "method_not_allowed"),
    (bad_header_key, 400, "IDEMPOTENCY_KEY_INVALID"),
    (content_type, 415, "unsupported_media_type"),
    (too_large, 413, "body_too_large"),
    (malformed, 400, "malformed_json"),
    (bad_field, 422, "validation_error"),
    (keys_differ, 400, "IDEMPOTENCY_KEY_MISMATCH"),
    (reused, 409, "IDEMPOTENCY_KEY_REUSED"),
    (past_expiry, 422, "validation_error"),
    (capped, 429, "RATE_LIMIT_PARTICIPANT_EXCEEDED"),
    (insufficient, 400, "insufficient_points"),
]


def pairs(*others: Fault) -> list[Any]:
    """Neighbours in ORDER, without the faults that an endpoint does not have."""
    order = [row for row in ORDER if row[0] not in others]
    return [
        pytest.param(*first, second[0], id=f"{first[0].__name__}-before-{second[0].__name__}")
        for first, second in pairwise(order)
    ]


@pytest.fixture
def call(db: None) -> Call:
    tenant = TenantFactory.create()
    return Call(Client(tenant), tenant)


@pytest.mark.parametrize(("first", "status", "code", "second"), pairs(insufficient))
def test_award(call: Call, first: Fault, status: int, code: str, second: Fault) -> None:
    first(call)
    second(call)
    refused(lambda: call.send("award"), status, code)


@pytest.mark.parametrize(("first", "status", "code", "second"), pairs(past_expiry))
def test_deduct(call: Call, first: Fault, status: int, code: str, second: Fault) -> None:
    first(call)
    second(call)
    refused(lambda: call.send("deduct"), status, code)


@pytest.mark.parametrize(("fault", "status", "code"), ORDER, ids=[fault.__name__ for fault, *_ in ORDER])
def test_each_fault_alone(call: Call, fault: Fault, status: int, code: str) -> None:
    fault(call)
    refused(lambda: call.send("award" if fault is past_expiry else "deduct"), status, code)


def test_call_without_fault(call: Call) -> None:
    assert call.send("deduct").status_code == call.send("award").status_code == 200
