"""Keep the dashboard's daily totals: add up what the stream of facts says that is new.

Every entry has its fact, written in the same transaction, and the stream is read behind the oldest transaction still
running: so each entry is added once, however late it commits, and an award has nothing to do with it.
"""

import time
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import transaction

from gamify.models import DailyTotal, TotalsMark
from tenants import zones
from tenants.database import send
from tenants.models import Tenant

FACTS_PER_STEP = 20_000
ROWS_PER_STATEMENT = 1_000
# Of one points system, day and kind. Further ones are added up together.
REASONS_PER_DAY_MAX = 100
NO_FACT, LAST_FACT = UUID(int=0), UUID(int=2**128 - 1)

# Points system, day, kind, reason, points, entries.
Sum = tuple[UUID, date, str, str, int, int]
DayKind = tuple[UUID, date, str]


def catch_up(tenant_id: UUID) -> bool:
    """Add up to FACTS_PER_STEP more facts; whether that was all there is, for now.

    What cannot go on is added up anew, out of the whole ledger: old facts may have been pruned.
    """
    tenant = _with_mark(tenant_id)
    with transaction.atomic():
        mark = TotalsMark.objects.select_for_update(skip_locked=True).filter(pk=tenant_id).first()
        if mark is None:
            # Somebody else is at it.
            return False
        if not _goes_on(mark, tenant):
            _add_all(mark, tenant)
            return True
        return _add_new(mark)


def catch_up_wholly(tenant_id: UUID) -> None:
    """Add up all facts that there are, however long it takes."""
    while not catch_up(tenant_id):
        # Perhaps because somebody else is at it.
        time.sleep(0.01)


def rebuild(tenant_id: UUID) -> int:
    """Add up all entries of the ledger anew; how many there are. For totals that anybody doubts."""
    tenant = _with_mark(tenant_id)
    with transaction.atomic():
        return _add_all(TotalsMark.objects.select_for_update().get(pk=tenant_id), tenant)


def _with_mark(tenant_id: UUID) -> Tenant:
    """In a transaction of its own: others who want to make the mark wait for that, however long the adding takes."""
    tenant = Tenant.objects.get(pk=tenant_id)
    new = TotalsMark(tenant=tenant, transaction=0, fact_id=NO_FACT, time_zone=tenant.time_zone)
    TotalsMark.objects.bulk_create([new], ignore_conflicts=True)
    return tenant


def _goes_on(mark: TotalsMark, tenant: Tenant) -> bool:
    """Not so of a new one; nor where days begin at other times since, or a restored database counts anew."""
    current = send("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()[0]
    return 0 < mark.transaction <= current and mark.time_zone == tenant.time_zone


def _add_new(mark: TotalsMark) -> bool:
    zone = zones.in_sql(mark.time_zone)
    rows = send(_NEW, [mark.pk, mark.transaction, mark.fact_id, FACTS_PER_STEP, zone]).fetchall()
    if not rows:
        return True
    seen, mark.transaction, mark.fact_id = rows[0][:3]
    # Without points in any of the facts there is one row, with nothing in it but how far they go.
    _add([(row[3], row[4], _KIND_OF[row[5]], row[6], row[7], row[8]) for row in rows if row[3] is not None])
    mark.save(update_fields=["transaction", "fact_id"])
    return int(seen) < FACTS_PER_STEP


def _add_all(mark: TotalsMark, tenant: Tenant) -> int:
    rows = send(_ALL, [tenant.pk, zones.in_sql(tenant.time_zone), REASONS_PER_DAY_MAX]).fetchall()
    mark.transaction, mark.fact_id, mark.time_zone = rows[0][0] - 1, LAST_FACT, tenant.time_zone
    mark.save()
    DailyTotal.objects.filter(points_system__tenant=tenant).delete()
    # Without any entries there is one row, with nothing in it but from which transaction on facts are still to come.
    sums = [row[1:] for row in rows if row[1] is not None]
    names = ("points_system_id", "day", "kind", "reason", "is_rest", "points", "entries")
    # Those without entries are all still to come.
    found = [DailyTotal(**dict(zip(names, row, strict=True))) for row in sums if row[-1]]
    DailyTotal.objects.bulk_create(found, batch_size=ROWS_PER_STATEMENT)
    return sum(row[-1] for row in sums)


def _add(sums: Sequence[Sum]) -> None:
    known = _reasons({row[0] for row in sums}, {row[1] for row in sums})
    for system, day, kind, reason, points, entries in sums:
        reasons = known.setdefault((system, day, kind), set())
        is_rest = reason not in reasons and len(reasons) >= REASONS_PER_DAY_MAX
        if not is_rest:
            reasons.add(reason)
        _upsert(system, day, kind, "" if is_rest else reason, is_rest, points, entries)


def _reasons(systems: set[UUID], days: set[date]) -> dict[DayKind, set[str]]:
    known: dict[DayKind, set[str]] = {}
    rows = DailyTotal.objects.filter(points_system_id__in=systems, day__in=days, is_rest=False)
    for system, day, kind, reason in rows.values_list("points_system_id", "day", "kind", "reason"):
        known.setdefault((system, day, kind), set()).add(reason)
    return known


def _upsert(*row: object) -> None:
    send(_UPSERT, list(row))


_KIND_OF = {"points.awarded": "award", "points.deducted": "deduct", "points.expired": "expire"}

_NEW = """
    WITH part AS MATERIALIZED (
        SELECT transaction, id, type, data, created_at FROM gamify_fact
         WHERE tenant_id = $1 AND (transaction, id) > ($2, $3)
           AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         ORDER BY transaction, id LIMIT $4),
    sums AS (
        SELECT (data::json->>'points_system_id')::uuid AS system, (created_at AT TIME ZONE $5)::date AS day, type,
               coalesce(data::json->>'reason', '') AS reason,
               sum((data::json->>'amount')::bigint * CASE type WHEN 'points.awarded' THEN 1 ELSE -1 END)::bigint
                   AS points,
               count(*) AS entries
          FROM part WHERE type IN ('points.awarded', 'points.deducted', 'points.expired')
         GROUP BY 1, 2, 3, 4)
    SELECT (SELECT count(*) FROM part), last.transaction, last.id,
           sums.system, sums.day, sums.type, sums.reason, sums.points, sums.entries
      FROM (SELECT transaction, id FROM part ORDER BY transaction DESC, id DESC LIMIT 1) AS last
      LEFT JOIN sums ON true
     ORDER BY sums.system, sums.day, sums.type, sums.reason
"""
# All entries, less those whose facts `catch_up` will find behind the mark: transactions that ended while others, older
# than they, were running. In one statement, and so as of one moment.
_ALL = """
    WITH mark AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS next_transaction),
    sums AS (
        SELECT system, day, kind, reason, sum(points)::bigint AS points, sum(entries)::bigint AS entries FROM (
            SELECT points_system_id AS system, (created_at AT TIME ZONE $2)::date AS day, kind,
                   coalesce(reason, '') AS reason, sum(amount) AS points, count(*) AS entries
              FROM gamify_entry
             WHERE points_system_id IN (SELECT id FROM gamify_pointssystem WHERE tenant_id = $1)
             GROUP BY 1, 2, 3, 4
             UNION ALL
            SELECT (data::json->>'points_system_id')::uuid, (created_at AT TIME ZONE $2)::date,
                   CASE type WHEN 'points.awarded' THEN 'award' WHEN 'points.deducted' THEN 'deduct' ELSE 'expire' END,
                   coalesce(data::json->>'reason', ''),
                   -(data::json->>'amount')::bigint * CASE type WHEN 'points.awarded' THEN 1 ELSE -1 END, -1
              FROM gamify_fact
             WHERE tenant_id = $1 AND transaction >= (SELECT next_transaction FROM mark)
               AND type IN ('points.awarded', 'points.deducted', 'points.expired')) AS parts
         GROUP BY 1, 2, 3, 4),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY system, day, kind ORDER BY abs(points) DESC, reason) > $3 AS is_rest
          FROM sums)
    SELECT next_transaction, system, day, kind, CASE WHEN is_rest THEN '' ELSE reason END, is_rest,
           sum(points)::bigint, sum(entries)::bigint
      FROM mark LEFT JOIN ranked ON true GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 2, 3, 4, 5
"""
_UPSERT = """
    INSERT INTO gamify_dailytotal AS total (points_system_id, day, kind, reason, is_rest, points, entries)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (points_system_id, day, kind, reason, is_rest)
    DO UPDATE SET points = total.points + excluded.points, entries = total.entries + excluded.entries
"""
