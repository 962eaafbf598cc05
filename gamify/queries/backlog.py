"""What waits to be done or seen, of everybody: for whoever watches over the service. Bounded, however much there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tenants.database import send
from tenants.ids import made_at

COUNT_MAX = 1_000
STATEMENT_SECONDS_MAX = 2
TABLES = ("entry", "fact", "lot", "operation", "participant")


@dataclass(frozen=True, slots=True)
class Backlog:
    # Lots past their time, and accounts past their inactivity, that nobody has written off yet.
    due: int
    due_seconds: float
    # Facts that no reader is shown yet, because an older transaction still runs, in any database of the server.
    held_back: int
    held_back_seconds: float
    # By table, as the planner estimates them.
    rows: Mapping[str, int]


def read(*, now: datetime) -> Backlog:
    """Raises DatabaseError where that takes more than STATEMENT_SECONDS_MAX."""
    with transaction.atomic():
        send("SELECT set_config('statement_timeout', $1, true)", [f"{STATEMENT_SECONDS_MAX}s"])
        due, due_since = send(_DUE, [now, COUNT_MAX]).fetchone()
        held_back, first_held_back = send(_HELD_BACK, [COUNT_MAX]).fetchone()
        rows = dict(send(_ROWS, [[f"gamify_{table}" for table in TABLES]]).fetchall())
    return Backlog(
        due=due,
        due_seconds=_seconds(due_since, now),
        held_back=held_back,
        # By its id: a fact's own time can be long before it was written.
        held_back_seconds=_seconds(made_at(first_held_back) if first_held_back else None, now),
        rows={table: rows.get(f"gamify_{table}", 0) for table in TABLES},
    )


def _seconds(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


# For each points system, along the indexes of the sweep.
_DUE = """
    SELECT coalesce(sum(due.count), 0)::bigint, min(due.since)
      FROM gamify_pointssystem s
     CROSS JOIN LATERAL (
            SELECT least(count(*), $2) AS count, min(since) AS since
              FROM ((SELECT expires_at AS since FROM gamify_lot
                      WHERE points_system_id = s.id AND expires_at <= $1 ORDER BY expires_at LIMIT $2)
                    UNION ALL
                    (SELECT rest_expires_at FROM gamify_account
                      WHERE points_system_id = s.id AND rest_expires_at <= $1 ORDER BY rest_expires_at LIMIT $2)
                   ) AS earliest
           ) AS due
"""
# For each tenant, along the index of its stream.
_HELD_BACK = """
    SELECT count(fact.id), (min(fact.id::text))::uuid
      FROM tenants_tenant t
     CROSS JOIN LATERAL (
            SELECT id FROM gamify_fact
             WHERE tenant_id = t.id AND transaction >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
             ORDER BY transaction, id LIMIT $1
           ) AS fact
"""
_ROWS = """
    SELECT relname::text, greatest(0, reltuples)::bigint FROM pg_class
     WHERE relname = ANY($1::text[]) AND relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""
