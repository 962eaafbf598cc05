"""`manage.py expire_points`."""

import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from gamify.models import Account, Entry, Fact, Lot, Participant, Sweep
from gamify.services import expiry
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY
from tests.factories import TenantFactory, now
from tests.ledger._threads import at_once
from tests.programmes import impatient


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    """A tenant with three lots of 10 that are due, one partly spent, and one that is not."""
    past = now() - 2 * DAY
    for name in ("anna", "ben", "cleo"):
        expiring.award(shop, name, 10, now=past, expires_at=past + DAY)
    expiring.award(shop, "anna", 10, now=past, expires_at=now() + DAY)
    expiring.deduct(shop, "ben", 4, now=past)
    return shop


def test_it_says_how_much_it_expired_and_then_nothing(shop: Tenant) -> None:
    assert run() == "Expired 26 points of 3 lots.\n"
    assert run() == "Expired 0 points of 0 lots.\n"
    assert [expiring.account(shop, name).balance for name in ("anna", "ben", "cleo")] == [10, 0, 0]


def test_dry_run_says_so_and_writes_nothing(shop: Tenant) -> None:
    before = [list(table.objects.order_by("pk").values_list()) for table in (Entry, Lot, Fact)]
    assert run(dry_run=True) == "Would expire 26 points of 3 lots.\n"
    assert [list(table.objects.order_by("pk").values_list()) for table in (Entry, Lot, Fact)] == before
    assert run() == "Expired 26 points of 3 lots.\n"
    assert run(dry_run=True) == "Would expire 0 points of 0 lots.\n"


def test_time_that_is_up_stops_it_after_a_batch(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "LOTS_PER_BATCH", 2)
    assert run(max_seconds=0).endswith(" points of 2 lots. Time is up: there may be more.\n")
    assert run(max_seconds=600).endswith(" points of 1 lots.\n")
    assert run(dry_run=True) == "Would expire 0 points of 0 lots.\n"


def test_system_whose_ledger_is_broken_keeps_no_other_from_its_turn(shop: Tenant) -> None:
    Account.objects.update(next_expires_at=now() + DAY)
    past = now() - 2 * DAY
    other = TenantFactory.create()
    expiring.award(other, "anna", 100, now=past, expires_at=past + DAY)
    with pytest.raises(CommandError, match="verify_ledger"):
        run()
    assert expiring.account(other, "anna").balance == 0
    assert Sweep.objects.get(points_system__tenant=shop).is_complete is False
    assert Sweep.objects.get(points_system__tenant=other).is_complete is True


@pytest.mark.django_db(transaction=True)
def test_somebody_who_is_kept_busy_keeps_no_other_system_from_its_turn(shop: Tenant) -> None:
    past = now() - 2 * DAY
    other = TenantFactory.create()
    expiring.award(other, "anna", 100, now=past, expires_at=past + DAY)

    def impatient_run() -> str:
        impatient()
        return run()

    with transaction.atomic():
        Participant.objects.select_for_update(no_key=True).get(tenant=shop, external_id="ben")
        with pytest.raises(CommandError, match=r"kept a participant busy for too long\..* run it again"):
            at_once([impatient_run])
    assert expiring.account(other, "anna").balance == 0
    assert Sweep.objects.get(points_system__tenant=shop).is_complete is False
    assert Sweep.objects.get(points_system__tenant=other).is_complete is True
    assert at_once([impatient_run]) == ["Expired 26 points of 3 lots.\n"]


def test_one_tenant_or_its_sandbox_or_all(shop: Tenant) -> None:
    past = now() - 2 * DAY
    other = TenantFactory.create()
    sandbox = Tenant.objects.by_slug(shop.slug, sandbox=True)
    expiring.award(other, "anna", 100, now=past, expires_at=past + DAY)
    expiring.award(sandbox, "anna", 1000, now=past, expires_at=past + DAY)
    assert run(tenant=shop.slug, sandbox=True, dry_run=True) == "Would expire 1000 points of 1 lots.\n"
    assert run(tenant=shop.slug, sandbox=True) == "Expired 1000 points of 1 lots.\n"
    assert run(tenant=shop.slug) == "Expired 26 points of 3 lots.\n"
    assert run() == "Expired 100 points of 1 lots.\n"


def test_points_lost_through_inactivity_count_too(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 1)
    expiring.award(shop, "dora", 7, now=now() - 2 * DAY)
    assert run(tenant=shop.slug, dry_run=True) == "Would expire 33 points of 4 lots.\n"
    assert run(tenant=shop.slug) == "Expired 33 points of 4 lots.\n"


@pytest.mark.parametrize("options", [{}, {"sandbox": True}, {"dry_run": True}])
def test_an_unknown_tenant_is_an_error(shop: Tenant, options: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="There is no tenant 'nobody'"):
        run(tenant="nobody", **options)
    assert not Entry.objects.filter(kind="expire").exists()


def test_sandbox_of_nobody_is_an_error_and_not_everybody(shop: Tenant) -> None:
    with pytest.raises(CommandError, match="--sandbox goes with --tenant"):
        run(sandbox=True)
    assert not Entry.objects.filter(kind="expire").exists()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_shown_on_a_terminal_only(shop: Tenant, is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", shown)
    run()
    assert ("3/3" in shown.getvalue()) is is_terminal
    assert bool(shown.getvalue()) is is_terminal


def run(**options: Any) -> str:
    out = StringIO()
    call_command("expire_points", stdout=out, **options)
    return out.getvalue()
