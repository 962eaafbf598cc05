"""The sweep reads what is due and nothing else, however much there is; notices, what soon will be."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from gamify.ledger.store import _load
from gamify.models import Account, Lot
from gamify.services import expiry, points
from gamify.services.points import Award
from tenants.database import send
from tenants.models import Tenant
from tests import expiring
from tests.expiring import DAY, NOW
from tests.factories import ref

NOT_DUE, DUE = 20_000, 10
LATER = NOW + 2 * DAY

# Copies of the first account and its lot: NOT_DUE that are due in a year, and some that are used up.
COPIES = """
    INSERT INTO gamify_participant (id, tenant_id, external_id, window_writes, tier_pinned, badge_codes, created_at)
    SELECT gen_random_uuid(), %(tenant)s, 'copy-' || n, 0, false, '{}', now() FROM generate_series(1, %(number)s) AS n;
    INSERT INTO gamify_account (participant_id, points_system_id, balance, total_earned, total_spent, total_expired,
                                lot_balance, next_expires_at, last_sequence, last_hash, award_count, rest_expires_at)
    SELECT id, %(system)s, 2, 2, 0, 0, 1, %(at)s, 2, '', 2, %(at)s
      FROM gamify_participant WHERE external_id LIKE 'copy-%%';
    INSERT INTO gamify_lot (participant_id, points_system_id, sequence, amount, remaining, expires_at)
    SELECT id, %(system)s, 1, 1, 1, %(at)s FROM gamify_participant WHERE external_id LIKE 'copy-%%';
    ANALYZE gamify_participant, gamify_account, gamify_lot
"""


@pytest.fixture
def shop(shop: Tenant) -> Tenant:
    """Ten participants with a lot and a rest that are due LATER, among 20,000 others."""
    for number in range(DUE):
        expiring.award(shop, f"due-{number}", 1, expires_at=NOW + DAY)
    expiring.set_policy(shop, "inactivity", 1)
    for number in range(DUE):
        expiring.award(shop, f"due-{number}", 1)
    params: dict[str, Any] = {
        "tenant": shop.id,
        "system": expiring.system_of(shop).id,
        "number": NOT_DUE,
        "at": NOW + 365 * DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(COPIES, params)
    return shop


@pytest.mark.parametrize(
    ("sql", "indexes"),
    [
        (_load._DUE, {"lot_by_expiry", "account_rest_by_expiry"}),
        (expiry._COUNT, {"lot_by_expiry", "account_rest_by_expiry"}),
    ],
    ids=["due", "count"],
)
@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
def test_what_is_due_is_found_through_the_partial_indexes_alone(
    shop: Tenant, sql: str, indexes: set[str], plans: str
) -> None:
    params: list[Any] = [expiring.system_of(shop).id, LATER]
    if "$4" in sql:
        params += [expiry._BEGINNING, expiry.LOTS_PER_LOOK, []]
    scans = explain(sql, params, plans)
    assert {scan.get("Index Name") for scan in scans} >= indexes
    assert all("Seq Scan" not in scan["Node Type"] for scan in scans)
    # Rows that an index gave back, or that were thrown away after.
    assert sum(
        (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) * scan["Actual Loops"] for scan in scans
    ) <= (4 * DUE)
    assert sum(scan["Shared Hit Blocks"] + scan["Shared Read Blocks"] for scan in scans) <= 12 * DUE


@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
def test_rests_to_tell_of_are_found_through_the_sweeps_index_alone(shop: Tenant, plans: str) -> None:
    params = [expiring.system_of(shop).id, NOW, LATER, NOW, expiry.LOTS_PER_LOOK]
    (scan,) = explain(expiry._RESTS, params, plans)
    assert scan["Index Name"] == "account_rest_by_expiry"
    assert (scan["Actual Rows"], scan.get("Rows Removed by Filter", 0)) == (DUE, 0)


def test_a_whole_run_of_notices_reads_nothing_that_does_not_expire_soon(shop: Tenant) -> None:
    expiring.set_policy(shop, "inactivity", 1, notice_days=2)
    before = rows_read()
    assert expiring.notify(shop, now=NOW) == 2 * DUE
    for table, (scanned, fetched) in rows_read().items():
        assert scanned == before[table][0], table
        assert fetched - before[table][1] <= 20 * DUE, table


def test_a_whole_sweep_reads_no_lot_that_is_not_due(shop: Tenant) -> None:
    before = rows_read()
    assert expiring.sweep(shop, now=LATER) == (2 * DUE, 2 * DUE)
    after = rows_read()
    assert Lot.objects.count() == Account.objects.filter(balance__gt=0).count() == NOT_DUE
    for table, (scanned, fetched) in after.items():
        assert scanned == before[table][0], table
        assert fetched - before[table][1] <= 20 * DUE, table


def test_of_an_account_with_many_lots_only_those_due_are_loaded(shop: Tenant) -> None:
    for start in (0, 100, 200):
        items = [Award("due-0", 1, expires_at=NOW + (3 + start + number) * DAY) for number in range(100)]
        points.award_batch(tenant=ref(shop), items=items, now=NOW + timedelta(minutes=start))
    before = rows_read()
    assert expiring.sweep(shop, now=LATER)[0] == 2 * DUE
    assert rows_read()["gamify_lot"][1] - before["gamify_lot"][1] <= 20 * DUE
    assert expiring.account(shop, "due-0").next_expires_at == NOW + 3 * DAY


def explain(sql: str, params: list[Any], plans: str) -> list[dict[str, Any]]:
    """The plan's scans, as they were run."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode = {plans}")
    send(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
    rows = send(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params).fetchone()[0]
    plan = rows if isinstance(rows, list) else json.loads(rows)
    return list(scans_of(plan[0]["Plan"]))


def scans_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    children = node.get("Plans", [])
    if "Relation Name" in node or "Index Name" in node:
        yield node
    for child in children:
        yield from scans_of(child)


def rows_read() -> dict[str, tuple[int, int]]:
    """By table, of this transaction: rows that sequential scans read, and rows that index scans fetched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('gamify_lot', 'gamify_account', 'gamify_participant')"
        )
        return {table: (scanned, fetched) for table, scanned, fetched in cursor.fetchall()}
