"""`manage.py notify_expiring`."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY
from tests.factories import TenantFactory, now


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    """A tenant that is told a week ahead, with two lots that expire tomorrow."""
    soon(shop, "anna")
    soon(shop, "ben")
    return shop


def test_it_says_of_how_many_it_told_and_then_of_none(shop: Tenant) -> None:
    assert run() == "Told of 2 lots that expire soon.\n"
    assert run() == "Told of 0 lots that expire soon.\n"
    assert len(expiring.facts(shop, "points.expiring_soon")) == 2


def test_what_inactivity_is_about_to_take_counts_as_a_lot(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 3, notice_days=7)
    expiring.award(shop, "anna", 5, now=now())
    assert run() == "Told of 3 lots that expire soon.\n"
    assert run() == "Told of 0 lots that expire soon.\n"


def test_one_tenant_or_its_sandbox_or_all(shop: Tenant) -> None:
    other, sandbox = TenantFactory.create(), Tenant.objects.by_slug(shop.slug, sandbox=True)
    soon(other, "anna")
    soon(sandbox, "anna")
    told = [run(tenant=shop.slug, sandbox=True), run(tenant=shop.slug), run()]
    assert told == [f"Told of {count} lots that expire soon.\n" for count in (1, 2, 1)]


def test_an_unknown_tenant_is_an_error(shop: Tenant) -> None:
    with pytest.raises(CommandError, match="There is no tenant 'nobody'"):
        run(tenant="nobody")


def test_sandbox_of_nobody_is_an_error_and_not_everybody(shop: Tenant) -> None:
    with pytest.raises(CommandError, match="--sandbox goes with --tenant"):
        run(sandbox=True)
    assert expiring.facts(shop, "points.expiring_soon") == []


def soon(tenant: Tenant, participant: str) -> None:
    expiring.set_policy(tenant, "none", notice_days=7)
    expiring.award(tenant, participant, 10, now=now(), expires_at=now() + DAY)


def run(**options: Any) -> str:
    out = StringIO()
    call_command("notify_expiring", stdout=out, **options)
    return out.getvalue()
