"""Forgetting old idempotency keys, and nothing else."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gamify.models import Account, Entry, Fact, Operation
from gamify.services import points, pruning
from gamify.services.idempotency import IdempotencyKey
from gamify.services.points import Award
from tenants.models import Tenant
from tests.factories import TenantFactory, now, ref

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def award(tenant: Tenant, key: str, *, days_ago: float) -> Any:
    item = Award("anna", 5, key=IdempotencyKey(key))
    return points.award(tenant=ref(tenant), item=item, now=now() - days_ago * DAY)


def run(**options: Any) -> str:
    out = StringIO()
    call_command("prune_operations", stdout=out, **options)
    return out.getvalue()


def keys() -> set[str]:
    return set(Operation.objects.values_list("key", flat=True))


def test_old_keys_are_forgotten_and_younger_ones_kept(shop: Tenant) -> None:
    award(shop, "old", days_ago=31)
    award(shop, "older", days_ago=400)
    award(shop, "young", days_ago=29)
    assert run(older_than=30).startswith("Forgot 2 operations from before ")
    assert keys() == {"young"}
    assert run(older_than=30).startswith("Forgot 0 operations")


def test_a_forgotten_key_can_be_used_anew_and_a_kept_one_not(shop: Tenant) -> None:
    award(shop, "old", days_ago=31)
    award(shop, "young", days_ago=29)
    run(older_than=30)
    assert award(shop, "young", days_ago=0).replayed
    assert not award(shop, "old", days_ago=0).replayed
    assert Account.objects.get().balance == 15


def test_the_ledger_is_untouched(shop: Tenant) -> None:
    award(shop, "old", days_ago=31)
    before = [list(table.objects.values_list()) for table in (Entry, Account, Fact)]
    run(older_than=30)
    assert [list(table.objects.values_list()) for table in (Entry, Account, Fact)] == before
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert out.getvalue() == "Verified 1 entries of 1 accounts: 0 broken.\n"


def test_one_tenant_or_its_sandbox_or_all(shop: Tenant) -> None:
    sandbox, other = Tenant.objects.by_slug(shop.slug, sandbox=True), TenantFactory.create()
    for tenant, key in ((shop, "live"), (sandbox, "sandbox"), (other, "other")):
        award(tenant, key, days_ago=31)
    run(older_than=30, tenant=shop.slug, sandbox=True)
    assert keys() == {"live", "other"}
    run(older_than=30, tenant=shop.slug)
    assert keys() == {"other"}
    run(older_than=30)
    assert keys() == set()


def test_a_table_of_many_batches_is_read_to_its_end(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BLOCKS_PER_BATCH", 1)
    for number in range(60):
        award(shop, f"{'x' * 250}-{number}", days_ago=31 if number % 2 else 29)
    assert pruning.blocks_of_operations() > 2
    assert run(older_than=30).startswith("Forgot 30 operations")
    assert {int(key.rpartition("-")[2]) % 2 for key in keys()} == {0}
    assert len(keys()) == 30


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_nothing_is_forgotten_before_a_day_is_over_or_time_began(shop: Tenant, days: int) -> None:
    award(shop, "old", days_ago=31)
    with pytest.raises(CommandError):
        run(older_than=days)
    assert keys() == {"old"}


def test_how_old_must_be_said(shop: Tenant) -> None:
    with pytest.raises(CommandError, match="--older-than"):
        call_command("prune_operations")
