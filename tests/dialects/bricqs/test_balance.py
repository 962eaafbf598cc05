from datetime import timedelta

import pytest

from gamify.services import points
from gamify.services.points import Deduct
from tenants.models import Tenant
from tests.dialects.bricqs.helpers import award_at, counts, invalid, rows
from tests.factories import Client, TenantFactory, now, ref


def test_example_of_the_document(client: Client) -> None:
    client.award("user_123", 5000)
    client.deduct("user_123", 3500)
    response = client.get("/participants/user_123/points")
    assert response.status_code == 200
    assert response.json() == {
        "participant_id": "user_123",
        "balance": 1500,
        "total_earned": 5000,
        "total_spent": 3500,
    }


def test_unknown_participant_has_zeros_and_is_not_made(client: Client) -> None:
    assert client.get("/participants/nobody/points").json() == {
        "participant_id": "nobody",
        "balance": 0,
        "total_earned": 0,
        "total_spent": 0,
    }
    assert set(counts().values()) == {0}


def test_participants_of_another_tenant_and_of_the_sandbox_are_others(client: Client, shop: Tenant) -> None:
    client.award("u", 100)
    for other in (Client(TenantFactory.create()), Client(shop.sandbox)):
        assert other.balance("u") == 0
        other.award("u", 5)
        assert other.balance("u") == 5
    assert client.balance("u") == 100


def test_expired_points_are_not_counted_though_no_sweep_ran(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "u", 100, expires_at=past + timedelta(days=1))
    award_at(past, shop, "u", 50, expires_at=past + timedelta(days=2))
    award_at(past, shop, "u", 7, expires_at=past + timedelta(days=100))
    award_at(past, shop, "u", 3)
    before = rows()
    assert client.get("/participants/u/points").json() == {
        "participant_id": "u",
        "balance": 10,
        "total_earned": 160,
        "total_spent": 0,
    }
    assert rows() == before


def test_balance_is_earned_less_spent_less_expired(client: Client, shop: Tenant) -> None:
    past = now() - timedelta(days=10)
    award_at(past, shop, "u", 100, expires_at=past + timedelta(days=1))
    points.deduct(tenant=ref(shop), item=Deduct("u", 30), now=past)
    for expected in (0, 20):
        if expected:
            client.award("u", 20)
        body = client.get("/participants/u/points").json()
        assert (body["balance"], body["total_spent"]) == (expected, 30)
    assert body["total_earned"] - body["total_spent"] - 70 == body["balance"]


def test_points_are_gone_at_the_very_moment_of_expiry(shop: Tenant) -> None:
    start = now()
    expiry = start + timedelta(days=1)
    award_at(start, shop, "u", 100, expires_at=expiry)
    just_before = points.deduct(tenant=ref(shop), item=Deduct("u", 1), now=expiry - timedelta(microseconds=1))
    assert just_before.outcome
    at_expiry = points.deduct(tenant=ref(shop), item=Deduct("u", 1), now=expiry)
    assert at_expiry.outcome is None


@pytest.mark.parametrize("path", ["", "/transactions"])
def test_too_long_an_id_is_refused(client: Client, path: str) -> None:
    assert client.get(f"/participants/{'x' * 255}/points{path}").status_code == 200
    invalid(lambda: client.get(f"/participants/{'x' * 256}/points{path}"), "participant_id")


def test_head_has_the_headers_of_get(client: Client) -> None:
    response = client.http.head(client.base + "/participants/u/points", headers={"X-API-Key": client.key})
    assert (response.status_code, response["X-RateLimit-Limit"]) == (200, "120")
