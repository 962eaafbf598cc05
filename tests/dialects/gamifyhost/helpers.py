"""What the tests of this dialect share: a client, rules, and refusals that leave nothing behind."""

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from gamify.models import PointsSystem, RewardRule
from gamify.services import definitions
from tenants.models import Tenant
from tests.factories import key_for
from tests.programmes import rows


class Api:
    """Calls the GamifyHost dialect in this process, with a key of `tenant`."""

    # One for all: each of its own would first look through all static files.
    http = APIClient(raise_request_exception=False)

    def __init__(self, tenant: Tenant, **key_options: Any) -> None:
        self.key = key_for(tenant, **{"family": "sk", **key_options})
        self.headers = {"X-API-Secret": self.key}

    def post(self, body: Any) -> Any:
        return self.http.post("/v1/points/award", body, format="json", headers=self.headers)

    def award(self, user: Any = "user_12345", event_type: Any = "signup", **fields: Any) -> Any:
        return self.post({"userId": user, "eventType": event_type, **fields})

    def send(
        self, text: str | bytes, *, method: str = "POST", content_type: str = "application/json", **headers: str
    ) -> Any:
        """A body that no JSON encoder would make, to the award endpoint."""
        data: Any = text
        return self.http.generic(method, "/v1/points/award", data, content_type, headers={**self.headers, **headers})

    def get(self, path: str, query: Any = None) -> Any:
        return self.http.get(f"/v1/users/{path}", query or {}, headers=self.headers)

    def balance(self, user: str = "user_12345") -> Any:
        """The data of the answer."""
        return done(self.get(f"{user}/balance"))["data"]

    def history(self, user: str = "user_12345", **query: Any) -> Any:
        return done(self.get(f"{user}/history", query))["data"]


def make_rule(tenant: Tenant, event_type: str = "signup", points: int = 500, **fields: Any) -> RewardRule:
    rule = RewardRule(tenant_id=tenant.id, event_type=event_type, points=points, **fields)
    return definitions.save_reward_rule(rule)


def make_system(tenant: Tenant, key: str, **fields: Any) -> PointsSystem:
    return definitions.save_points_system(PointsSystem(tenant_id=tenant.id, key=key, name=key.title(), **fields))


def done(response: Any) -> Any:
    """The body of an answer that says yes."""
    body = response.json()
    assert (response.status_code, body["code"], body["status"]) == (200, 200, "success"), body
    return body


def refused(call: Callable[[], Any], status: int, message: str | None = None) -> Any:
    """The response to `call`, which was refused in an envelope and wrote nothing."""
    before = rows()
    response = call()
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert (response.status_code, body["code"], body["status"]) == (status, status, "error"), body
    assert set(body) <= {"message", "code", "status", "meta"}
    assert isinstance(body["message"], str)
    assert body["message"]
    assert message is None or body["message"] == message
    assert rows() == before
    return response


def invalid(call: Callable[[], Any], *fields: str) -> None:
    """`call` was refused because of exactly these fields."""
    body = refused(call, 400).json()
    assert body["message"].startswith("Validation error")
    assert [error["field"] for error in body["meta"]["errors"]] == list(fields)
    assert all(field in body["message"] for field in fields)
