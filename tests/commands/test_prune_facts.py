"""Removing old facts, and nothing else."""

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from gamify.models import Entry, Fact
from gamify.services import points
from gamify.services.points import Award
from tenants.ids import first_id
from tenants.models import Tenant
from tests import expiring
from tests.factories import TenantFactory, now, ref
from tests.ledger._threads import at_once
from tests.ledger._waiting import settle

# Facts of a transaction that still runs are left alone, and a test of its own would be one.
pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def award(tenant: Tenant, amount: int, *, days_ago: float, name: str = "anna") -> None:
    """Written so long ago: its id tells."""
    moment = now() - days_ago * DAY
    points.award(tenant=ref(tenant), item=Award(name, amount), now=moment)
    newest = Fact.objects.filter(tenant=tenant).latest("id")
    Fact.objects.filter(pk=newest.pk).update(id=UUID(int=first_id(moment).int + newest.id.int % 2**64))


def run(**options: Any) -> str:
    settle()
    out = StringIO()
    call_command("prune_facts", stdout=out, **options)
    return out.getvalue()


def test_old_facts_are_removed_and_younger_ones_kept(shop: Tenant) -> None:
    award(shop, 1, days_ago=91)
    award(shop, 2, days_ago=89)
    assert run(older_than=90).startswith("Removed 1 facts from before ")
    assert '"amount":2' in Fact.objects.get().data
    assert Entry.objects.count() == 2


def test_one_tenant_or_all(shop: Tenant) -> None:
    other = TenantFactory.create()
    for tenant in (shop, other):
        award(tenant, 1, days_ago=91)
    run(older_than=90, tenant=other.slug)
    assert Fact.objects.get().tenant_id == shop.id
    run(older_than=90)
    assert not Fact.objects.exists()


def test_expiry_is_as_old_as_its_writing_whenever_it_was_due(shop: Tenant) -> None:
    expiring.award(shop, "anna", 10, now=now() - 100 * DAY, expires_at=now() - 95 * DAY)
    expiring.sweep(shop, now=now())
    run(older_than=90)
    assert "points.expired" in Fact.objects.values_list("type", flat=True)


def test_less_than_a_day_is_refused(shop: Tenant) -> None:
    with pytest.raises(CommandError):
        run(older_than=0)


def test_facts_that_no_reader_is_shown_yet_stay(shop: Tenant) -> None:
    def late() -> None:
        with transaction.atomic():
            award(shop, 1, days_ago=91)
            at_once([lambda: award(shop, 2, days_ago=91, name="ben")])
            at_once([lambda: call_command("prune_facts", older_than=90, stdout=StringIO())])

    at_once([late])
    assert Fact.objects.count() == 2
