"""Makes what tests need, through the same services as the product."""

from typing import Any

import factory
from django.utils import timezone
from rest_framework.test import APIClient

from gamify.services import tenants
from tenants import keys
from tenants.models import Tenant
from tenants.refs import TenantRef


class TenantFactory(factory.Factory[Tenant]):
    """A tenant with its sandbox and its points system, as `create_tenant` makes them."""

    class Meta:
        model = Tenant

    slug = factory.Sequence(lambda n: f"shop-{n}")
    name = factory.LazyAttribute(lambda tenant: tenant.slug.title())

    @classmethod
    def _create(cls, model_class: type[Tenant], *args: Any, slug: str, name: str, **fields: Any) -> Tenant:
        tenant, _ = tenants.create(slug=slug, name=name)
        for field, value in fields.items():
            setattr(tenant, field, value)
        tenant.save()
        return tenant


def ref(tenant: Tenant) -> TenantRef:
    return TenantRef.of(tenant)


def key_for(tenant: Tenant, **options: Any) -> str:
    """A raw API key."""
    return keys.issue(tenant=tenant, **options)[0]


class Client:
    """Calls the Bricqs dialect in this process, with a key of `tenant`."""

    base = "/api/v1/gamify"
    # One for all: each would load the middleware, and with it the list of static files, anew.
    http = APIClient(raise_request_exception=False)

    def __init__(self, tenant: Tenant, **key_options: Any) -> None:
        self.key = key_for(tenant, **key_options)

    def post(
        self, path: str, body: Any = None, *, key: str | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """`key` is the Idempotency-Key header."""
        headers = {"X-API-Key": self.key, **({"Idempotency-Key": key} if key is not None else {}), **(headers or {})}
        return self.http.post(self.base + path, body, format="json", headers=headers)

    def get(self, path: str, query: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> Any:
        return self.http.get(self.base + path, query or {}, headers={"X-API-Key": self.key, **(headers or {})})

    def award(self, participant: str, amount: int, *, key: str | None = None, **fields: Any) -> Any:
        return self.post("/points/award", {"participant_id": participant, "amount": amount, **fields}, key=key)

    def deduct(self, participant: str, amount: int, *, key: str | None = None, **fields: Any) -> Any:
        return self.post("/points/deduct", {"participant_id": participant, "amount": amount, **fields}, key=key)

    def balance(self, participant: str) -> int:
        return int(self.get(f"/participants/{participant}/points").json()["balance"])

    def transactions(self, participant: str, **query: Any) -> Any:
        return self.get(f"/participants/{participant}/points/transactions", query).json()


now = timezone.now
