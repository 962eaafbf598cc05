import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from tenants.models import Role, Tenant
from tests.admin import marked
from tests.admin.console import Console, member, superuser
from tests.admin.marked import MARK
from tests.factories import TenantFactory


@pytest.fixture(autouse=True)
def _no_counts_of_another_test() -> None:
    cache.clear()


@pytest.fixture
def root(shop: Tenant) -> Console:
    """A superuser who works in `shop`."""
    return superuser().open(shop)


@pytest.fixture
def operator(shop: Tenant) -> Console:
    return member(shop)


@pytest.fixture
def auditor(shop: Tenant) -> Console:
    return member(shop, Role.AUDITOR, name="audrey")


@pytest.fixture
def other(shop: Tenant) -> Tenant:
    """Another tenant, full of rows that all carry the mark, in a console that everybody used."""
    other = TenantFactory.create(slug=f"{MARK}-shop", name=f"{MARK} Shop")
    for tenant in (other, other.sandbox):
        marked.fill(tenant, MARK)
    marked.fill(shop, "own")
    User.objects.create_user(f"{MARK}-person", is_staff=True)
    return other
