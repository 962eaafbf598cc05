"""The rows of all accounts, or of some, in the order of their keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

from tenants.database import Row
from tenants.ids import first_id

ROWS_PER_FETCH = 2_000

# Participant and points system, as bytes.
AccountKey = tuple[bytes, bytes]
# As `chain.microseconds`.
Moment = int

ACCOUNTS = """
    SELECT a.participant_id, a.points_system_id, a.next_expires_at,
           a.balance, a.total_earned, a.total_spent, a.total_expired, a.lot_balance, a.last_sequence, a.last_hash,
           a.last_earned_at, a.award_count,
           p.tenant_id, p.external_id, s.tenant_id, s.burn_order
      FROM gamify_account a
      JOIN gamify_participant p ON p.id = a.participant_id
      LEFT JOIN gamify_pointssystem s ON s.id = a.points_system_id
     WHERE {filter} ORDER BY a.participant_id, a.points_system_id
"""
ENTRIES = """
    SELECT participant_id, points_system_id, sequence, id, kind, amount, balance_after, reason, metadata,
           explanation, operation_id, engagement_id, activity_id, transaction_type, created_at, expires_at, hash
      FROM gamify_entry r WHERE {filter} ORDER BY participant_id, points_system_id, sequence
"""
LOTS = """
    SELECT participant_id, points_system_id, sequence, amount, remaining, expires_at
      FROM gamify_lot r WHERE {filter} ORDER BY participant_id, points_system_id, sequence
"""
CONSUMPTIONS = """
    SELECT participant_id, points_system_id, debit_sequence, credit_sequence, amount
      FROM gamify_consumption r WHERE {filter}
     ORDER BY participant_id, points_system_id, debit_sequence, credit_sequence
"""


class Groups:
    """A stream of rows, handed out account by account."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._groups = groupby(rows, key=itemgetter(0, 1))
        self._next = next(self._groups, None)
        self._handed_out = False

    def before(self, key: AccountKey | None) -> AccountKey | None:
        """Move on to `key` (None: the end) and return the first account that was passed over."""
        passed = None
        while self._next and (self._handed_out or key is None or self._next[0] < key):
            if not self._handed_out:
                passed = passed or self._next[0]
            self._handed_out = False
            self._next = next(self._groups, None)
        return passed

    def of(self, key: AccountKey) -> Iterator[Row]:
        if self._next and self._next[0] == key:
            self._handed_out = True
            return self._next[1]
        return iter(())


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts are looked at."""

    tenant_id: UUID | None
    since: datetime | None

    def stream(self, name: str, sql: str, *, alias: str) -> Iterator[Row]:
        raw: Any = psycopg.ServerCursor(connection.connection, f"audit_{name}")
        raw.format = psycopg.pq.Format.BINARY
        # As PostgreSQL sends them: they are compared and hashed, and objects would take longer than both.
        raw.adapters.register_loader("uuid", ByteaBinaryLoader)
        raw.adapters.register_loader("timestamptz", Int8BinaryLoader)
        with raw as cursor:
            cursor.execute(sql.format(filter=self._filter(alias)), self._params())
            # Row by row the cursor would take longer than the check.
            while rows := cursor.fetchmany(ROWS_PER_FETCH):
                yield from rows

    def count(self) -> int:
        with connection.cursor() as cursor:
            sql = f"SELECT count(*) FROM gamify_account a WHERE {self._filter('a')}"  # noqa: S608
            cursor.execute(sql, self._params())
            return int(cursor.fetchone()[0])

    def _params(self) -> dict[str, Any]:
        since_id = first_id(self.since) if self.since else None
        return {"tenant": self.tenant_id, "since": self.since, "since_id": since_id}

    def _filter(self, alias: str) -> str:
        conditions = ["true"]
        if self.tenant_id:
            systems = "SELECT id FROM gamify_pointssystem WHERE tenant_id = %(tenant)s"
            conditions.append(f"{alias}.points_system_id IN ({systems})")
        if self.since:
            # The newest entry of an account is the one that its counter points at, should it be there. An expiry has
            # the time at which points were lost; when it was written, its id tells.
            active = """
                SELECT x.participant_id, x.points_system_id FROM gamify_account x
                  LEFT JOIN gamify_entry e ON e.participant_id = x.participant_id
                   AND e.points_system_id = x.points_system_id AND e.sequence = x.last_sequence
                 WHERE e.created_at >= %(since)s OR e.id >= %(since_id)s OR e.id IS NULL"""
            conditions.append(f"({alias}.participant_id, {alias}.points_system_id) IN ({active})")
        return " AND ".join(conditions)
