"""Proof that the ledger is whole: every account against its entries, lots and consumptions, in one pass.

Rows stream in the order of their keys through server-side cursors, so memory stays bounded, out of one snapshot.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, transaction

from gamify.ledger.chain import entry_hash
from gamify.ledger.posting import AccountState
from gamify.models.participants import participant_id
from tenants.database import Row

ROWS_PER_FETCH = 2_000


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that does not add up, and the first row where it shows."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One account: how many entries of it were read, and what is wrong with it, if anything."""

    entries: int
    breach: Breach | None


_ACCOUNTS = """
    SELECT a.participant_id, a.points_system_id, a.balance, a.total_earned, a.total_spent, a.total_expired,
           a.lot_balance, a.next_expires_at, a.last_sequence, a.last_hash, a.last_earned_at, a.award_count,
           a.rest_expires_at,
           p.tenant_id, p.external_id, s.tenant_id
      FROM gamify_account a
      JOIN gamify_participant p ON p.id = a.participant_id
      LEFT JOIN gamify_pointssystem s ON s.id = a.points_system_id
     WHERE {filter} ORDER BY a.participant_id, a.points_system_id
"""
_ENTRIES = """
    SELECT participant_id, points_system_id, sequence, id, kind, amount, balance_after, reason, metadata,
           explanation, operation_id, created_at, hash
      FROM gamify_entry r WHERE {filter} ORDER BY participant_id, points_system_id, sequence
"""
_HASHED = (
    "participant_id",
    "points_system_id",
    "sequence",
    "id",
    "kind",
    "amount",
    "balance_after",
    "reason",
    "metadata",
    "explanation",
    "operation_id",
    "created_at",
)
_LOTS = """
    SELECT participant_id, points_system_id, sequence, amount, remaining, expires_at
      FROM gamify_lot r WHERE {filter} ORDER BY participant_id, points_system_id, sequence
"""
_CONSUMPTIONS = """
    SELECT participant_id, points_system_id, debit_sequence, credit_sequence, amount
      FROM gamify_consumption r WHERE {filter}
     ORDER BY participant_id, points_system_id, debit_sequence, credit_sequence
"""


def verify(tenant_id: UUID | None = None, since: datetime | None = None) -> Iterator[Checked]:
    """Check every account (of one tenant; to which something was posted since a moment), one at a time, in the order
    of their keys. Those that are checked are checked from their first entry on."""
    scope = _Scope(tenant_id, since)
    with _snapshot():
        accounts = scope.stream("accounts", _ACCOUNTS, alias="a")
        parts = [
            _Groups(scope.stream(name, sql, alias="r"))
            for name, sql in (("entries", _ENTRIES), ("lots", _LOTS), ("consumptions", _CONSUMPTIONS))
        ]
        for row in accounts:
            key = (row[0], row[1])
            yield from _orphans(parts, key)
            entries, lots, consumptions = (part.of(key) for part in parts)
            yield _Replay(AccountState(*row[:13]), lots, consumptions).check(row[13:], entries)
        yield from _orphans(parts, None)


def count_accounts(tenant_id: UUID | None = None, since: datetime | None = None) -> int:
    """How many accounts `verify` would check."""
    return _Scope(tenant_id, since).count()


class _Broken(Exception):
    def __init__(self, what: str, sequence: int | None = None) -> None:
        self.what, self.sequence = what, sequence


class _Replay:
    """One account, built up anew from its rows."""

    def __init__(self, stored: AccountState, lots: Iterator[Row], consumptions: Iterator[Row]) -> None:
        self.stored = stored
        self.key = (stored.participant_id, stored.points_system_id)
        self.seen = AccountState(*self.key)
        self.entries = 0
        # By number: amount, remaining, expires_at; and how much of it was consumed.
        self.lots = {row[2]: row[3:] for row in lots}
        self.consumed = dict.fromkeys(self.lots, 0)
        self.takes = groupby(consumptions, key=itemgetter(2))
        self.take = next(self.takes, None)

    def check(self, owner: Row, entries: Iterator[Row]) -> Checked:
        try:
            self._owner(*owner)
            for row in entries:
                self.entries += 1
                self._entry(row)
                self._total(row)
                self._consumption(row)
            self._lots()
            self._account()
        except _Broken as broken:
            return Checked(self.entries, Breach(_name(self.key, broken.sequence), broken.what))
        return Checked(self.entries, None)

    def _owner(self, tenant_id: UUID, external_id: str, system_tenant_id: UUID) -> None:
        if participant_id(tenant_id, external_id) != self.stored.participant_id:
            raise _Broken("the participant's id is not the one computed from tenant and external id")
        if system_tenant_id != tenant_id:
            raise _Broken("the points system is not one of the participant's tenant")

    def _entry(self, row: Row) -> None:
        """Numbering, running balance, chain."""
        seen, sequence, amount, balance_after = self.seen, row[2], row[5], row[6]
        if sequence != seen.last_sequence + 1:
            raise _Broken(f"the numbering jumps from {seen.last_sequence} to {sequence}", sequence)
        seen.last_sequence = sequence
        seen.balance += amount
        if balance_after != seen.balance:
            raise _Broken(f"balance_after is {balance_after}, the entries sum up to {seen.balance}", sequence)
        seen.last_hash = entry_hash(seen.last_hash, **dict(zip(_HASHED, row[:12], strict=True)))
        if seen.last_hash != row[12]:
            raise _Broken("the hash does not fit its content and the entry before", sequence)

    def _total(self, row: Row) -> None:
        sequence, kind, amount, created_at = row[2], row[4], row[5], row[11]
        if kind == "award":
            self.seen.total_earned += amount
            self.seen.last_earned_at = created_at
            self.seen.award_count += 1
            if sequence in self.lots and self.lots[sequence][0] != amount:
                raise _Broken("the lot's amount is not that of the entry that made it", sequence)
        elif kind == "deduct":
            self.seen.total_spent -= amount
        else:
            self.seen.total_expired -= amount

    def _consumption(self, row: Row) -> None:
        """What lots paid for the entry: no more than its amount, nothing past expiry; an expiry in full."""
        sequence, kind, amount, created_at = row[2], row[4], row[5], row[11]
        if self.take and self.take[0] < sequence:
            raise _Broken("a consumption by an entry that does not exist", self.take[0])
        paid = 0
        if self.take and self.take[0] == sequence:
            for *_, credit, part in self.take[1]:
                if credit not in self.lots:
                    raise _Broken(f"it consumes from lot {credit}, which does not exist", sequence)
                expires_at = self.lots[credit][2]
                if kind == "deduct" and expires_at is not None and expires_at <= created_at:
                    raise _Broken(f"it consumes from lot {credit} after that had expired", sequence)
                self.consumed[credit] += part
                paid += part
            self.take = next(self.takes, None)
        rest = self.seen.balance - amount - self.seen.lot_balance
        # An expiry takes what is left of one lot, or all that is in none.
        if paid > max(0, -amount) or (kind == "expire" and paid != -amount and not (paid == 0 and rest == -amount)):
            raise _Broken(f"lots paid {paid} for an entry of {amount}", sequence)
        self.seen.lot_balance += (self.lots[sequence][0] if sequence in self.lots else 0) - paid

    def _lots(self) -> None:
        if self.take:
            raise _Broken("a consumption by an entry that does not exist", self.take[0])
        for sequence, (amount, remaining, _) in self.lots.items():
            if sequence > self.seen.last_sequence:
                raise _Broken("a lot of an entry that does not exist", sequence)
            left = amount - self.consumed[sequence]
            if remaining != left:
                raise _Broken(f"the lot has {remaining} left; less what was consumed it should be {left}", sequence)

    def _account(self) -> None:
        stored, seen = self.stored, self.seen
        soonest = min((at for _, remaining, at in self.lots.values() if at and remaining), default=None)
        if soonest and (stored.next_expires_at is None or stored.next_expires_at > soonest):
            raise _Broken(f"next_expires_at is {stored.next_expires_at}, but a lot expires at {soonest}")
        # A bound, not an equality: consuming the lot that it came from leaves it as it is.
        seen.next_expires_at = stored.next_expires_at
        # No row to derive it from: it is the time of the last entry and the policy of then.
        seen.rest_expires_at = stored.rest_expires_at
        for field in fields(AccountState):
            expected, found = getattr(seen, field.name), getattr(stored, field.name)
            if expected != found:
                raise _Broken(f"{field.name} is {_show(found)}, the rows give {_show(expected)}")


class _Groups:
    """A stream of rows, handed out account by account."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._groups = groupby(rows, key=itemgetter(0, 1))
        self._next = next(self._groups, None)
        self._handed_out = False

    def before(self, key: tuple[UUID, UUID] | None) -> tuple[UUID, UUID] | None:
        """Move on to `key` (None: the end) and return the first account that was passed over."""
        passed = None
        while self._next and (self._handed_out or key is None or self._next[0] < key):
            if not self._handed_out:
                passed = passed or self._next[0]
            self._handed_out = False
            self._next = next(self._groups, None)
        return passed

    def of(self, key: tuple[UUID, UUID]) -> Iterator[Row]:
        if self._next and self._next[0] == key:
            self._handed_out = True
            return self._next[1]
        return iter(())


def _orphans(parts: Sequence[_Groups], key: tuple[UUID, UUID] | None) -> Iterator[Checked]:
    # Every part moves on, whatever the others passed over: one left behind would miss the rows of `key`.
    if passed := [found for part in parts if (found := part.before(key))]:
        yield Checked(0, Breach(_name(min(passed)), "rows of an account that does not exist"))


@contextmanager
def _snapshot() -> Iterator[None]:
    """One moment for all streams. Inside an outer transaction (a test's), that one's view."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which accounts are looked at."""

    tenant_id: UUID | None
    since: datetime | None

    def stream(self, name: str, sql: str, *, alias: str) -> Iterator[Row]:
        raw: Any = psycopg.ServerCursor(connection.connection, f"audit_{name}")
        raw.format = psycopg.pq.Format.BINARY
        with raw as cursor:
            cursor.itersize = ROWS_PER_FETCH
            cursor.execute(sql.format(filter=self._filter(alias)), {"tenant": self.tenant_id, "since": self.since})
            yield from cursor

    def count(self) -> int:
        with connection.cursor() as cursor:
            sql = f"SELECT count(*) FROM gamify_account a WHERE {self._filter('a')}"  # noqa: S608
            cursor.execute(sql, {"tenant": self.tenant_id, "since": self.since})
            return int(cursor.fetchone()[0])

    def _filter(self, alias: str) -> str:
        conditions = ["true"]
        if self.tenant_id:
            systems = "SELECT id FROM gamify_pointssystem WHERE tenant_id = %(tenant)s"
            conditions.append(f"{alias}.points_system_id IN ({systems})")
        if self.since:
            # The newest entry of an account is the one that its counter points at.
            active = """
                SELECT x.participant_id, x.points_system_id FROM gamify_account x
                  JOIN gamify_entry e ON e.participant_id = x.participant_id
                   AND e.points_system_id = x.points_system_id AND e.sequence = x.last_sequence
                 WHERE e.created_at >= %(since)s"""
            conditions.append(f"({alias}.participant_id, {alias}.points_system_id) IN ({active})")
        return " AND ".join(conditions)


def _name(key: tuple[UUID, UUID], sequence: int | None = None) -> str:
    place = f"participant {key[0]}, points system {key[1]}"
    return place if sequence is None else f"{place}, entry {sequence}"


def _show(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
