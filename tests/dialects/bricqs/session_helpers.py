"""What the tests of sessions and engagements share."""

from datetime import datetime
from typing import Any
from uuid import UUID

from engagements.models import Engagement
from gamify.models import PointsSystem
from gamify.services import definitions, sessions
from tenants.models import Tenant
from tests.factories import Client, now, ref

HOUR_SECONDS = 3600


class EngagementClient(Client):
    """Calls the endpoints of engagements, with a key of `tenant`."""

    base = "/api/v1"

    def start(self, engagement: Any, participant: str = "user_123", **fields: Any) -> Any:
        return self.post(f"/engagements/{engagement}/sessions", {"participant_id": participant, **fields})

    def end(self, engagement: Any, session_id: str) -> Any:
        path = f"{self.base}/engagements/{engagement}/sessions/{session_id}"
        return self.http.delete(path, headers={"X-API-Key": self.key})


class Page:
    """What a participant's browser knows: a session and its engagement, and no key."""

    http = Client.http

    def __init__(self, session_id: Any, engagement_id: Any) -> None:
        self.body = {"session_id": session_id, "engagement_id": str(engagement_id)}

    def call(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        return self.http.post(f"/api/v1/points/{path}", {**self.body, **fields}, format="json", headers=headers)

    def balance(self) -> Any:
        response = self.call("balance")
        assert response.status_code == 200, response.content
        return response.json()

    def transactions(self, **fields: Any) -> Any:
        response = self.call("transactions", **fields)
        assert response.status_code == 200, response.content
        return response.json()

    def is_open(self) -> bool:
        """Refused or answered: nothing else is taken."""
        response = self.call("balance")
        assert response.status_code in (200, 401), response.content
        return bool(response.status_code == 200)


def make_system(tenant: Tenant, key: str, **fields: Any) -> PointsSystem:
    return definitions.save_points_system(PointsSystem(tenant=tenant, key=key, **{"name": key.title(), **fields}))


def make_engagement(tenant: Tenant, name: str = "Summer quiz", **fields: Any) -> Engagement:
    """`points_system` is the key of one."""
    return definitions.create_engagement(tenant_id=tenant.id, fields={"name": name, **fields})


def change_engagement(engagement: Engagement, **fields: Any) -> Engagement:
    return definitions.update_engagement(tenant_id=engagement.tenant_id, engagement_id=engagement.id, fields=fields)


def open_page(
    engagement: Engagement,
    participant: str = "user_123",
    *,
    at: datetime | None = None,
    ttl_seconds: int = HOUR_SECONDS,
    tenant: Tenant | None = None,
) -> Page:
    """A page with a session that was started at that time."""
    started = sessions.start(
        tenant=ref(tenant or engagement.tenant),
        engagement_id=str(engagement.id),
        participant=participant,
        ttl_seconds=ttl_seconds,
        now=at or now(),
    )
    assert isinstance(started.engagement_id, UUID)
    return Page(started.session_id, started.engagement_id)


def balances(client: Client, participant: str = "u") -> dict[str, int]:
    """By the keys of the systems that the tests of wallets make."""
    path = f"/participants/{participant}/points"
    return {key: client.get(path, {"points_system": key}).json()["balance"] for key in ("points", "stars", "aged")}
