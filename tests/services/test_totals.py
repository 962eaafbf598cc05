"""Daily totals: equal to what the ledger adds up to, however they came about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from gamify.models import DailyTotal, Entry, Fact, TotalsMark
from gamify.services import facts, pruning, totals
from tenants.models import Tenant
from tests import expiring, programmes
from tests.expiring import DAY, NOW
from tests.factories import TenantFactory
from tests.ledger._threads import at_once
from tests.ledger._waiting import settle

pytestmark = pytest.mark.django_db(transaction=True)


def kept(tenant: Tenant) -> list[Any]:
    rows = DailyTotal.objects.filter(points_system__tenant=tenant).order_by("day", "kind", "is_rest", "reason")
    return list(rows.values_list("day", "kind", "reason", "is_rest", "points", "entries"))


def added_up(tenant: Tenant) -> list[Any]:
    """The same out of the ledger itself, in the tenant's time zone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (e.created_at AT TIME ZONE %s)::date, e.kind, coalesce(e.reason, ''), false,
                      sum(e.amount)::bigint, count(*)
                 FROM gamify_entry e JOIN gamify_participant p ON p.id = e.participant_id
                WHERE p.tenant_id = %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 4, 3""",
            [Tenant.objects.get(pk=tenant.pk).time_zone, tenant.pk],
        )
        return list(cursor.fetchall())


def catch_up(tenant: Tenant) -> None:
    settle()
    for _ in range(100):
        if totals.catch_up(tenant.pk):
            return
    raise AssertionError("it never ends")


def some_history(tenant: Tenant) -> None:
    for day in range(3):
        for name in ("anna", "ben"):
            now = NOW + day * DAY
            expiring.award(tenant, name, 100 + day, now=now, reason="Purchase", expires_at=now + 2 * DAY)
            expiring.award(tenant, name, 7, now=now)
            expiring.deduct(tenant, name, 20, now=now, reason="Drink")
    expiring.sweep(tenant, now=NOW + 30 * DAY)


def test_totals_are_what_the_ledger_adds_up_to(shop: Tenant) -> None:
    # From here on, facts are followed; what was before is added up out of the ledger.
    catch_up(shop)
    some_history(shop)
    catch_up(shop)
    assert kept(shop) == added_up(shop)
    assert {row[1] for row in kept(shop)} == {"award", "deduct", "expire"}


def test_adding_up_again_adds_only_what_is_new(shop: Tenant) -> None:
    some_history(shop)
    catch_up(shop)
    catch_up(shop)
    expiring.award(shop, "anna", 5, now=NOW + 40 * DAY)
    catch_up(shop)
    assert kept(shop) == added_up(shop)


def test_small_steps_come_to_the_same(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    catch_up(shop)
    programmes.make_ladder(shop)
    some_history(shop)
    settle()
    monkeypatch.setattr(totals, "FACTS_PER_STEP", 1)
    # One that stands among the facts without any points in it, too.
    steps = 1
    while not totals.catch_up(shop.pk):
        steps += 1
    assert steps == Fact.objects.count() + 1
    assert Fact.objects.filter(type="tier.changed").exists()
    assert kept(shop) == added_up(shop)


def test_days_are_those_of_the_tenant_and_follow_its_time_zone(shop: Tenant) -> None:
    late = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    expiring.award(shop, "anna", 5, now=late)
    catch_up(shop)
    assert [row[0] for row in kept(shop)] == [date(2026, 1, 1)]
    Tenant.objects.filter(pk=shop.pk).update(time_zone="Europe/Vienna")
    catch_up(shop)
    assert [row[0] for row in kept(shop)] == [date(2026, 1, 2)]
    assert kept(shop) == added_up(shop)


def test_what_was_pruned_is_not_lost_to_them(shop: Tenant) -> None:
    some_history(shop)
    catch_up(shop)
    some_history(shop)
    settle()
    # Half of it read, half not; then all facts go, and the days are to be counted anew.
    for _ in pruning.facts(before=datetime.now(tz=UTC) + DAY, tenant_id=None):
        pass
    assert not Fact.objects.exists()
    assert kept(shop) == added_up(shop)
    Tenant.objects.filter(pk=shop.pk).update(time_zone="Europe/Vienna")
    catch_up(shop)
    assert kept(shop) == added_up(shop)


def test_entry_of_a_transaction_that_ends_late_is_not_passed_over(shop: Tenant) -> None:
    def late() -> None:
        with transaction.atomic():
            expiring.award(shop, "anna", 5)
            # Others come and go meanwhile, and are added up or held back.
            at_once([lambda: expiring.award(shop, "ben", 7)])
            at_once([lambda: totals.catch_up(shop.pk)])
            seen.extend(kept(shop))

    seen: list[Any] = []
    at_once([late])
    assert seen == []
    catch_up(shop)
    assert kept(shop) == added_up(shop)
    assert sum(row[4] for row in kept(shop)) == 12


def test_several_at_once_add_each_entry_once(shop: Tenant) -> None:
    some_history(shop)
    at_once([lambda: totals.catch_up(shop.pk)] * 4)
    catch_up(shop)
    assert kept(shop) == added_up(shop)


def test_awards_while_it_is_added_up(shop: Tenant) -> None:
    def award(name: str) -> None:
        for number in range(10):
            expiring.award(shop, name, number + 1)

    def follow() -> None:
        for _ in range(20):
            totals.catch_up(shop.pk)

    at_once([lambda: award("anna"), lambda: award("ben"), follow, follow])
    catch_up(shop)
    assert kept(shop) == added_up(shop)


def test_further_reasons_of_a_day_are_added_up_together(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "REASONS_PER_DAY_MAX", 2)
    for number in range(5):
        expiring.award(shop, "anna", 10, reason=f"Order {number}")
    catch_up(shop)
    expiring.award(shop, "anna", 10, reason="Order 0")
    expiring.award(shop, "anna", 10, reason="Order 9")
    catch_up(shop)
    day = NOW.date()
    assert kept(shop) == [
        (day, "award", "Order 0", False, 20, 2),
        (day, "award", "Order 1", False, 10, 1),
        (day, "award", "", True, 40, 4),
    ]


def test_rebuild_out_of_the_ledger_comes_to_the_same(shop: Tenant) -> None:
    some_history(shop)
    catch_up(shop)
    before = kept(shop)
    DailyTotal.objects.update(points=0)
    assert totals.rebuild(shop.pk) == Entry.objects.count()
    assert kept(shop) == before
    expiring.award(shop, "anna", 5, now=NOW + 40 * DAY)
    catch_up(shop)
    assert kept(shop) == added_up(shop)


def test_rebuild_needs_no_facts(shop: Tenant) -> None:
    some_history(shop)
    Fact.objects.all().delete()
    totals.rebuild(shop.pk)
    catch_up(shop)
    assert kept(shop) == added_up(shop)


def test_rebuild_while_an_older_transaction_runs_adds_nothing_twice(shop: Tenant) -> None:
    def late() -> None:
        with transaction.atomic():
            expiring.award(shop, "anna", 5)
            # Ended, but behind the one that runs: visible as an entry, and held back as a fact.
            at_once([lambda: expiring.award(shop, "ben", 7)])
            at_once([lambda: totals.rebuild(shop.pk)])

    at_once([late])
    catch_up(shop)
    assert kept(shop) == added_up(shop)
    assert sum(row[4] for row in kept(shop)) == 12


def test_database_whose_transactions_were_counted_anew(shop: Tenant) -> None:
    some_history(shop)
    catch_up(shop)
    # As the README says for a restore: the facts begin anew; the mark is where no transaction has been yet.
    Fact.objects.update(transaction=0)
    TotalsMark.objects.update(transaction=2**60)
    expiring.award(shop, "anna", 5)
    catch_up(shop)
    assert kept(shop) == added_up(shop)


def test_each_tenant_has_its_own(shop: Tenant) -> None:
    other = TenantFactory.create()
    some_history(shop)
    expiring.award(other, "anna", 3)
    for tenant in (shop, other, shop.sandbox):
        catch_up(tenant)
    assert kept(shop) == added_up(shop)
    assert [row[4] for row in kept(other)] == [3]
    assert kept(shop.sandbox) == []


def test_award_writes_no_totals(shop: Tenant) -> None:
    expiring.award(shop, "anna", 5, now=NOW + timedelta(days=1))
    assert not DailyTotal.objects.exists()
    assert not TotalsMark.objects.exists()


def test_after_a_restore_into_the_same_postgresql(shop: Tenant) -> None:
    some_history(shop)
    catch_up(shop)
    # As in a backup: written, and not added up yet.
    expiring.award(shop, "anna", 5)
    facts.begin_anew()
    catch_up(shop)
    assert kept(shop) == added_up(shop)
