"""What all tests share: a real PostgreSQL, and a tenant with a client for each test."""

import os

import pytest
from django.core.cache import cache

from bricqs import embedded

# Before pytest-django reads the settings. Many threads wait for one lock here, on a machine that may be busy; who tests
# that a wait ends asks for less.
os.environ.setdefault("LOCK_TIMEOUT", "30s")
# Where no DATABASE_URL names a server, the bundled one is started.
embedded.provide_database_url()

# pytest rewrites asserts of the modules that it loads itself; these come after the database.
from tenants.models import Tenant  # noqa: E402
from tests.factories import Client, TenantFactory  # noqa: E402


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    """All tests call from one address: what one of them did must not limit the next."""
    cache.clear()


@pytest.fixture
def shop(db: None) -> Tenant:
    """A tenant with its sandbox."""
    return TenantFactory.create()


@pytest.fixture
def client(shop: Tenant) -> Client:
    """Calls of the Bricqs dialect with a key of `shop`."""
    return Client(shop)
