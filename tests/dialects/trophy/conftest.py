from collections.abc import Callable
from datetime import datetime

import pytest
from django.utils import timezone

from gamify.models import PointsSystem
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client


@pytest.fixture
def client(shop: Tenant) -> Client:
    """Calls of the Trophy dialect with a key of `shop`."""
    return Client(shop)


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Make it a given moment, for whoever asks Django what time it is."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture
def system_id(shop: Tenant) -> str:
    """Of the points system that the tests' programme makes."""
    return str(PointsSystem.objects.get(tenant=shop, key="xp").id)
