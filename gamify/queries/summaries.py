"""Sums over days, and over everybody: points by day, week or month; participants by level and by points.

What is past its time and not yet swept counts nowhere here either.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from gamify.queries import programme as programmes
from gamify.queries.earning import LevelRule
from gamify.queries.programme import System
from gamify.queries.users import person
from gamify.rewards.days import midnight, period_after, period_of
from tenants import database
from tenants.refs import TenantRef

RANGES = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One period: the day on which it begins, the total at its end, and what the total changed by within it."""

    date: date
    total: int
    change: int


@dataclass(frozen=True, slots=True)
class AtLevel:
    level: LevelRule
    users: int


@dataclass(frozen=True, slots=True)
class Range:
    """So many users have so many points, both bounds included."""

    start: int
    end: int
    users: int


# The balance before a moment is that after the last entry before it: entries are numbered in the order of time.
_BEFORE = """
    SELECT sequence, balance_after FROM gamify_entry
     WHERE participant_id = $1 AND points_system_id = $2 AND created_at < $3
     ORDER BY sequence DESC LIMIT 1
"""
# What will be written as an expiry, as of the moment at which it was due, stands beside what was written. Periods are
# numbered from 1; 0 is what was before them. When each begins is not left to PostgreSQL, whose time zones may be those
# of another year.
_CHANGES = """
    SELECT width_bucket(at, $5::timestamptz[]), sum(amount)::bigint
      FROM (SELECT created_at AS at, amount FROM gamify_entry
             WHERE participant_id = $1 AND points_system_id = $2 AND sequence > $3
             UNION ALL
            SELECT expires_at, -remaining FROM gamify_lot
             WHERE participant_id = $1 AND points_system_id = $2 AND expires_at <= $6
             UNION ALL
            SELECT rest_expires_at, lot_balance - balance FROM gamify_account
             WHERE participant_id = $1 AND points_system_id = $2 AND rest_expires_at <= $6) AS changes
     WHERE at < $4 GROUP BY 1
"""


def by_period(
    *, tenant: TenantRef, participant: str, system: System, frequency: str, first: date, last: date, now: datetime
) -> list[Step]:
    """The participant's points, period by period, from the day `first` to the day `last` of its time zone.

    Of a period that begins before `first`, or ends after `last`, only what happened within these days counts. Raises
    ParticipantNotFound.
    """
    who = person(tenant=tenant, participant=participant)
    start, end = midnight(first, who.time_zone), midnight(last + timedelta(days=1), who.time_zone)
    row = database.send(_BEFORE, [who.id, system.id, start]).fetchone()
    sequence, total = row or (0, 0)
    periods = [period_of(first, frequency)]
    while (following := period_after(periods[-1], frequency)) <= last:
        periods.append(following)
    begins = [start, *(midnight(period, who.time_zone) for period in periods[1:])]
    changes = dict(database.send(_CHANGES, [who.id, system.id, sequence, end, begins, now]).fetchall())
    # What was due before the first day, and is not written yet.
    total += changes.get(0, 0)
    steps = []
    for number, period in enumerate(periods, 1):
        change = changes.get(number, 0)
        total += change
        steps.append(Step(period, total, change))
    return steps


# Everybody's points now: those of who has no account are 0. Attributes are asked for as rewards/attributes.py has them.
_POINTS = """
    WITH points (total) AS (
        SELECT (coalesce(a.balance, 0)
               - CASE WHEN a.next_expires_at <= %(now)s
                      THEN (SELECT coalesce(sum(remaining), 0) FROM gamify_lot
                             WHERE participant_id = a.participant_id AND points_system_id = a.points_system_id
                               AND expires_at <= %(now)s)
                      ELSE 0 END
               - CASE WHEN a.rest_expires_at <= %(now)s THEN a.balance - a.lot_balance ELSE 0 END)::bigint
          FROM gamify_participant p
          LEFT JOIN gamify_account a ON a.participant_id = p.id AND a.points_system_id = %(system)s
         WHERE p.tenant_id = %(tenant)s
           AND (cardinality(%(names)s::text[]) = 0 OR EXISTS (
                SELECT FROM gamify_profile f
                 WHERE f.participant_id = p.id AND NOT EXISTS (
                       SELECT FROM unnest(%(names)s::text[], %(texts)s::text[]) AS wanted (name, text)
                        WHERE text IS DISTINCT FROM CASE json_typeof(f.attributes -> name)
                              WHEN 'string' THEN f.attributes ->> name ELSE (f.attributes -> name)::text END))))
"""
_BY_LEVEL = f"{_POINTS} SELECT width_bucket(total, %(bounds)s::bigint[]), count(*) FROM points GROUP BY 1"  # noqa: S608
_BY_RANGE = f"""{_POINTS},
    top AS (SELECT ('1' || repeat('0', length((greatest(max(total), 10) - 1)::text)))::numeric AS points FROM points)
    SELECT top.points, CASE WHEN total > 0 THEN div(total - 1, top.points / {RANGES}) + 1 ELSE 0 END, count(*)
      FROM points, top GROUP BY 1, 2
"""  # noqa: S608 - our own text


def by_level(*, tenant: TenantRef, system: System, now: datetime) -> list[AtLevel]:
    """How many of the tenant's participants are at each level, the lowest first."""
    levels = programmes.of(tenant).earning.levels.get(system.id, ())
    counts: dict[int, int] = {}
    if levels:
        counts = dict(_rows(_BY_LEVEL, tenant, system, now, bounds=[level.points for level in levels]))
    return [AtLevel(level, counts.get(number, 0)) for number, level in enumerate(levels, 1)]


def by_range(
    *, tenant: TenantRef, system: System, attributes: dict[str, str] | None = None, now: datetime
) -> list[Range]:
    """How many of the tenant's participants, or of those who have all `attributes` as text, have how many points:
    none; and ten ranges of the same size, up to a power of ten that nobody has more than."""
    names, texts = list(attributes or ()), list((attributes or {}).values())
    rows = _rows(_BY_RANGE, tenant, system, now, names=names, texts=texts)
    size = int(rows[0][0] if rows else RANGES) // RANGES
    counts = {int(number): count for _, number, count in rows}
    bounds = [(0, 0), *((number * size + 1, (number + 1) * size) for number in range(RANGES))]
    return [Range(start, end, counts.get(number, 0)) for number, (start, end) in enumerate(bounds)]


def _rows(sql: str, tenant: TenantRef, system: System, now: datetime, **params: Any) -> list[Any]:
    everything = {"tenant": tenant.id, "system": system.id, "now": now, "names": [], "texts": [], **params}
    with connection.cursor() as cursor:
        cursor.execute(sql, everything)
        return list(cursor.fetchall())
