"""`manage.py update_totals`."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gamify.models import DailyTotal
from tenants.models import Tenant
from tests import expiring
from tests.factories import TenantFactory
from tests.ledger._waiting import settle


def run(**options: Any) -> str:
    settle()
    out = StringIO()
    call_command("update_totals", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_all_tenants_or_one(shop: Tenant) -> None:
    other = TenantFactory.create()
    for tenant in (shop, other):
        expiring.award(tenant, "anna", 5)
    assert run(tenant=shop.slug) == "The totals of 1 tenants are up to date.\n"
    assert DailyTotal.objects.count() == 1
    assert run() == "The totals of 4 tenants are up to date.\n"
    assert DailyTotal.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_rebuild(shop: Tenant) -> None:
    expiring.award(shop, "anna", 5)
    run()
    DailyTotal.objects.update(points=99)
    run(rebuild=True)
    assert DailyTotal.objects.get().points == 5


@pytest.mark.django_db(transaction=True)
def test_unknown_tenant_is_said(shop: Tenant) -> None:
    with pytest.raises(CommandError, match="There is no tenant 'nobody'"):
        run(tenant="nobody")
