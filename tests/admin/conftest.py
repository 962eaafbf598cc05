import pytest
from django.core.cache import cache

from tenants.models import Role, Tenant
from tests.admin.console import Console, member, superuser


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
