"""Reads by a key that the process remembers: what has changed since holds all the same, for the very next call."""

from typing import Any

import pytest

from tenants import keys
from tenants.models import ApiKey, Tenant
from tests.dialects.bricqs.helpers import invalid, refused
from tests.dialects.bricqs.session_helpers import make_system
from tests.factories import Client, now

READS = ["/participants/u/points", "/participants/u/points/transactions"]

pytestmark = pytest.mark.parametrize("path", READS)


@pytest.fixture
def client(client: Client) -> Client:
    client.award("u", 5)
    assert keys.recall(client.key, now=now())
    return client


def test_revoked_key(client: Client, settings: Any, path: str) -> None:
    settings.PARTICIPANT_WRITE_RATE = "9/9999d"
    keys.revoke(ApiKey.objects.get(), now=now())
    response = refused(lambda: client.get(path), 401, "unauthorized")
    # The tenant's cap, and what the award took of it, are no longer shown.
    assert (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"]) == ("9", "9")
    # For good, and not only while it was remembered.
    refused(lambda: client.get(path), 401, "unauthorized")


def test_disabled_tenant(client: Client, shop: Tenant, path: str) -> None:
    Tenant.objects.filter(pk=shop.pk).update(is_active=False)
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("named", [{}, {"points_system": "stars"}])
def test_points_system_that_is_new(client: Client, shop: Tenant, path: str, named: dict[str, Any]) -> None:
    make_system(shop, "stars")
    body = client.get(path, named).json()
    found = body["total"] if "transactions" in path else body["balance"] // 5
    assert found == (0 if named else 1)


def test_points_system_that_there_is_not(client: Client, path: str) -> None:
    invalid(lambda: client.get(path, {"points_system": "moons"}), "points_system")


def test_changed_cap(client: Client, shop: Tenant, path: str) -> None:
    Tenant.objects.filter(pk=shop.pk).update(participant_write_rate="7/h")
    assert client.get(path).headers["X-RateLimit-Limit"] == "7"
