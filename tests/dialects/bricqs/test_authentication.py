import hashlib
from datetime import timedelta
from typing import Any

import pytest

from tenants import keys
from tenants.models import ApiKey, Tenant
from tests.dialects.bricqs.helpers import refused
from tests.factories import Client, TenantFactory, key_for, now

BALANCE = "/api/v1/gamify/participants/u/points"
ENDPOINTS = [
    ("post", "/points/award", {"participant_id": "u", "amount": 1}),
    ("post", "/points/deduct", {"participant_id": "u", "amount": 1}),
    ("post", "/points/award-batch", {"awards": [{"participant_id": "u", "amount": 1}]}),
    ("get", "/participants/u/points", None),
    ("get", "/participants/u/points/transactions", None),
]


def call(client: Client, method: str, path: str, body: Any) -> Any:
    return client.post(path, body) if method == "post" else client.get(path)


def unauthorized(client: Client, **headers: str) -> str:
    """The sentence of the refusal."""
    response = refused(lambda: client.http.get(BALANCE, headers=headers), 401, "unauthorized")
    assert response["WWW-Authenticate"].startswith("ApiKey ")
    # Of the installation's default, of which nothing was taken.
    assert (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"]) == ("120", "120")
    assert int(response["X-RateLimit-Reset"]) > now().timestamp() - 60
    return str(response.json()["detail"])


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_every_endpoint_takes_any_valid_key(client: Client, method: str, path: str, body: Any) -> None:
    client.award("u", 5)
    assert call(client, method, path, body).status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_every_endpoint_refuses_an_unknown_key(client: Client, method: str, path: str, body: Any) -> None:
    client.key = "bq_live_" + "0" * 32
    refused(lambda: call(client, method, path, body), 401, "unauthorized")


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_every_endpoint_refuses_a_disabled_tenant(
    client: Client, shop: Tenant, method: str, path: str, body: Any
) -> None:
    Tenant.objects.filter(pk=shop.pk).update(is_active=False)
    refused(lambda: call(client, method, path, body), 403, "forbidden")


def test_missing_key(client: Client) -> None:
    assert "missing" in unauthorized(client)
    assert "missing" in unauthorized(client, **{"X-API-Key": ""})


def test_other_headers_carry_no_key(client: Client) -> None:
    for headers in ({"Authorization": f"Bearer {client.key}"}, {"X-API-Secret": client.key}):
        assert "missing" in unauthorized(client, **headers)


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1],
        lambda key: key + "0",
        lambda key: key + "\n",
        lambda key: key.upper(),
        lambda key: key.replace("live", "test"),
        lambda key: key.replace("bq", "sk"),
        lambda key: f"{key},{key}",
        lambda key: f'"{key}"',
        lambda key: hashlib.sha256(key.encode()).hexdigest(),
        lambda key: "é",
        lambda key: "🎈" * 40,
        lambda key: "bq_live_" + "١" * 32,
        lambda key: "x" * 100_000,
        lambda key: "\0",
    ],
)
def test_malformed_or_unknown_key(client: Client, change: Any) -> None:
    assert "not known" in unauthorized(client, **{"X-API-Key": change(client.key)})


def test_revoked_key_is_refused_from_the_next_request_on(client: Client) -> None:
    assert client.award("u", 1).status_code == 200
    keys.revoke(ApiKey.objects.get(), now=now())
    assert "revoked" in unauthorized(client, **{"X-API-Key": client.key})


def test_expired_key(shop: Tenant) -> None:
    client = Client(shop, expires_at=now() - timedelta(seconds=1))
    assert "expired" in unauthorized(client, **{"X-API-Key": client.key})


def test_key_works_until_it_expires(shop: Tenant) -> None:
    assert Client(shop, expires_at=now() + timedelta(minutes=1)).award("u", 1).status_code == 200


def test_disabled_tenant_is_refused_with_its_sandbox_until_enabled_again(client: Client, shop: Tenant) -> None:
    sandbox = Client(shop.sandbox)
    Tenant.objects.filter(pk=shop.pk).update(is_active=False)
    for each in (client, sandbox):
        refused(lambda each=each: each.award("u", 1), 403, "forbidden")  # type: ignore[misc]
    Tenant.objects.filter(pk=shop.pk).update(is_active=True)
    assert client.award("u", 1).status_code == sandbox.award("u", 1).status_code == 200


def test_disabled_sandbox_leaves_its_tenant_alone(client: Client, shop: Tenant) -> None:
    sandbox = Client(shop.sandbox)
    Tenant.objects.filter(pk=shop.sandbox.pk).update(is_active=False)
    refused(lambda: sandbox.award("u", 1), 403, "forbidden")
    assert client.award("u", 1).status_code == 200


def test_revoked_key_of_a_disabled_tenant_is_unauthorized(client: Client, shop: Tenant) -> None:
    Tenant.objects.filter(pk=shop.pk).update(is_active=False)
    keys.revoke(ApiKey.objects.get(), now=now())
    assert "revoked" in unauthorized(client, **{"X-API-Key": client.key})


def test_prefix_says_live_or_sandbox(shop: Tenant) -> None:
    assert key_for(shop).startswith("bq_live_")
    assert key_for(shop.sandbox).startswith("bq_test_")
    assert len(key_for(shop)) == len("bq_live_") + 32


def test_key_is_that_of_its_own_tenant(client: Client) -> None:
    other = Client(TenantFactory.create())
    client.award("u", 5)
    assert (client.balance("u"), other.balance("u")) == (5, 0)


def test_only_a_hash_of_the_key_is_kept(client: Client) -> None:
    stored = ApiKey.objects.filter().values().get()
    assert stored["digest"] == hashlib.sha256(client.key.encode()).hexdigest()
    secret = client.key.removeprefix("bq_live_")
    assert secret not in str(stored)
    assert (stored["prefix"], stored["last_four"]) == ("bq_live_", secret[-4:])


def test_last_use_is_noted_at_most_once_a_minute(client: Client) -> None:
    def last_used() -> Any:
        return ApiKey.objects.get().last_used_at

    assert last_used() is None
    client.balance("u")
    first = last_used()
    assert now() - first < timedelta(seconds=10)
    client.balance("u")
    assert last_used() == first
    recent, old = first - timedelta(seconds=50), first - timedelta(seconds=61)
    ApiKey.objects.update(last_used_at=recent)
    # As in another process, or in this one a minute later.
    keys.forget(client.key)
    client.balance("u")
    assert last_used() == recent
    ApiKey.objects.update(last_used_at=old)
    keys.forget(client.key)
    client.balance("u")
    assert last_used() > recent


def test_refused_key_s_use_is_not_noted(client: Client) -> None:
    keys.revoke(ApiKey.objects.get(), now=now())
    unauthorized(client, **{"X-API-Key": client.key})
    assert ApiKey.objects.get().last_used_at is None
