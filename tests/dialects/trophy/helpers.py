"""What the tests of this dialect share: a programme, a client, and refusals in the dialect's own shape."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from gamify.services import programme_file
from tenants.models import Tenant
from tests.factories import Client as BricqsClient
from tests.programmes import rows

# A well-formed id that is nobody's.
NOBODY = "0199a0c1-0000-7000-8000-000000000000"

METRICS = [
    {"key": "words-written", "name": "Words written"},
    {"key": "lessons", "name": "Lessons", "streak_frequency": "weekly"},
    {"key": "visits", "name": "Visits", "streak_frequency": None},
]


def xp(**fields: Any) -> dict[str, Any]:
    return {"points_system": "xp", **fields}


def per(threshold: int, points: int, metric: str = "words-written", **fields: Any) -> dict[str, Any]:
    """So many points whenever so many more words were written."""
    return xp(type="metric", metric=metric, threshold=threshold, points=points, **fields)


def apply(tenant: Tenant, **sections: Any) -> None:
    """Points systems xp and coins, three metrics, and whatever else a test wants."""
    systems = [{"key": "xp", "name": "XP"}, {"key": "coins", "name": "Coins"}]
    programme_file.apply(tenant, {"points_systems": systems, "metrics": METRICS, **sections})
    tenant.refresh_from_db()


class Client(BricqsClient):
    """Calls the Trophy dialect in this process, with a key of `tenant`."""

    base = "/v1"
    admin = "/admin-api/v1"

    def call(self, method: str, path: str, body: Any = None, *, base: str | None = None, **headers: str) -> Any:
        return self.http.generic(
            method,
            (base or self.base) + path,
            "" if body is None else json.dumps(body),
            "application/json",
            headers={"X-API-KEY": self.key, **headers},
        )

    def event(
        self, user: str, value: float = 1, metric: str = "words-written", *, key: str | None = None, **fields: Any
    ) -> Any:
        about = fields.pop("about", {})
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.call(
            "POST", f"/metrics/{metric}/event", {"user": {"id": user, **about}, "value": value, **fields}, **headers
        )

    def points(self, user: str, system: str = "xp", **query: Any) -> Any:
        return self.call("GET", f"/users/{user}/points/{system}?{urlencode(query)}")

    def total(self, user: str, system: str = "xp") -> int:
        return int(self.points(user, system).json()["total"])

    def boost(
        self, *boosts: dict[str, Any], system: str = "xp", base: str | None = None, key: str | None = None
    ) -> Any:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.call("POST", "/points/boosts", {"systemKey": system, "boosts": list(boosts)}, base=base, **headers)


def boost(user: str | None, multiplier: float, *, start: str = "2020-01-01", **fields: Any) -> dict[str, Any]:
    whose = {} if user is None else {"userId": user}
    return {**whose, "name": f"times {multiplier}", "start": start, "multiplier": multiplier, **fields}


def refused(call: Callable[[], Any], status: int, *words: str) -> Any:
    """`call` was refused with `status`, in the one shape that the clients can read, and wrote nothing."""
    before = rows()
    response = call()
    body = response.json()
    assert (response.status_code, list(body)) == (status, ["error"]), body
    assert isinstance(body["error"], str)
    assert body["error"]
    assert [word for word in words if word not in body["error"]] == []
    assert rows() == before
    return response


def admin(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.call(method, path, body, base=client.admin)


def listed(client: Client, system_id: str, query: str = "") -> list[Any]:
    shown: list[Any] = admin(client, "GET", f"/points/{system_id}/boosts{query}").json()
    return shown
