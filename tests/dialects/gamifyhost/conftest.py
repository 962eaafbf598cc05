import pytest

from tenants.models import Tenant
from tests.dialects.gamifyhost.helpers import Api, make_rule


@pytest.fixture
def api(shop: Tenant) -> Api:
    """Calls with a key of `shop`, which gives 500 points for a signup."""
    make_rule(shop)
    return Api(shop)
