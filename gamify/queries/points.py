"""Reads of balances and ledger pages. They make nothing, and an unknown participant simply has nothing yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gamify.errors import CallerOutdated, InvalidInput
from gamify.models import Operation, participant_id
from gamify.queries import _confirmed, programme
from gamify.queries.programme import System
from tenants import database
from tenants.database import Row
from tenants.rates import Window
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Balance:
    participant: str
    balance: int
    total_earned: int
    total_spent: int
    entries: int
    last_earned_at: datetime | None
    window: Window


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    id: UUID
    kind: str
    # What the caller called it, where it called it anything.
    transaction_type: str | None
    activity_id: str | None
    amount: int
    reason: str | None
    # JSON text, as it was stored.
    metadata: str | None
    created_at: datetime
    operation_id: UUID | None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    entries: list[LedgerEntry]
    total: int
    window: Window


def named_system(tenant: TenantRef, key: str | None, *, field: str = "points_system") -> System:
    """The points system `key`, or the default one. Raises InvalidInput; CallerOutdated where it may be new."""
    rules = programme.of(tenant)
    found = rules.default_system if key is None else rules.system(key)
    if found is None:
        if tenant.unconfirmed_key:
            raise CallerOutdated
        raise InvalidInput(((field, "There is no such points system here."),))
    return found


# What is past its time and not yet swept is taken off here, so that no reader ever counts it.
_BALANCE = """
    SELECT p.window_started_at, p.window_writes, a.balance, a.total_earned, a.total_spent, a.last_earned_at,
           a.last_sequence,
           CASE WHEN a.next_expires_at <= $1
                THEN (SELECT coalesce(sum(remaining), 0) FROM gamify_lot
                       WHERE participant_id = a.participant_id AND points_system_id = a.points_system_id
                         AND expires_at <= $1)
                ELSE 0 END::bigint
           + CASE WHEN a.rest_expires_at <= $1 THEN a.balance - a.lot_balance ELSE 0 END
      FROM gamify_participant p
      LEFT JOIN gamify_account a ON a.participant_id = p.id AND a.points_system_id = $2
     WHERE p.id = $3
"""
_BALANCE_COLUMNS = 8
# As far as PostgreSQL's bigint counts.
ENTRIES_MAX = 2**63 - 1


def balance(*, tenant: TenantRef, participant: str, system: System, now: datetime) -> Balance:
    """What the participant can spend at `now`, and the lifetime totals. Raises CallerOutdated."""
    params = [now, system.id, participant_id(tenant.id, participant)]
    rows = _confirmed.rows(tenant, _BALANCE, params, now=now)
    return _balance(tenant, participant, rows, now)


def _balance(tenant: TenantRef, participant: str, rows: Sequence[Row], now: datetime) -> Balance:
    """Out of rows that begin with what _BALANCE selects."""
    row: Row = rows[0][:_BALANCE_COLUMNS] if rows else (None, 0, *[None] * 5, 0)
    started_at, writes, amount, earned, spent, earned_at, entries, due = row
    return Balance(
        participant=participant,
        balance=(amount or 0) - due,
        total_earned=earned or 0,
        total_spent=spent or 0,
        entries=entries or 0,
        last_earned_at=earned_at,
        window=Window.at(tenant.write_rate, now, started_at=started_at, used=writes),
    )


# Beside the balance. Backwards along the primary key: a page of any depth costs the same.
_PAGE = f"""
    WITH current (started_at, writes, balance, earned, spent, earned_at, entries, due) AS MATERIALIZED ({_BALANCE})
    SELECT current.*, page.*
      FROM current
      LEFT JOIN LATERAL (
            SELECT sequence, id, kind, transaction_type, activity_id, amount, reason, metadata, created_at, operation_id
              FROM gamify_entry
             WHERE participant_id = $3 AND points_system_id = $2 AND sequence <= current.entries - $4
             ORDER BY sequence DESC LIMIT $5) AS page ON true
"""  # noqa: S608 - our own text


def transactions(
    *, tenant: TenantRef, participant: str, system: System, offset: int, limit: int, now: datetime
) -> LedgerPage:
    """A page of the participant's ledger, newest first: `limit` entries after skipping `offset`.

    Entries are numbered densely, so a page of any depth is one range of the primary key, and `total` is a counter.
    Raises CallerOutdated.
    """
    params = [now, system.id, participant_id(tenant.id, participant), min(offset, ENTRIES_MAX), limit]
    rows = _confirmed.rows(tenant, _PAGE, params, now=now)
    current = _balance(tenant, participant, rows, now)
    lines = [row[_BALANCE_COLUMNS:] for row in rows if row[_BALANCE_COLUMNS] is not None]
    # By their numbers.
    entries = [LedgerEntry(*line[1:]) for line in sorted(lines, reverse=True)]
    return LedgerPage(entries, current.entries, current.window)


def keys_of(entries: Sequence[LedgerEntry]) -> dict[UUID | None, str]:
    """The idempotency keys that entries were made under, by the id of their operation."""
    ids = {entry.operation_id for entry in entries if entry.operation_id}
    return dict(Operation.objects.filter(pk__in=ids).values_list("id", "key")) if ids else {}


@dataclass(frozen=True, slots=True)
class Expiring:
    """So many points that are lost at one moment, unless they are used before."""

    amount: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExpiringPoints:
    expiring: list[Expiring]
    window: Window

    @property
    def total(self) -> int:
        return sum(each.amount for each in self.expiring)


_EXPIRING = """
    SELECT expires_at, sum(amount)::bigint
      FROM (SELECT expires_at, remaining AS amount
              FROM gamify_lot
             WHERE participant_id = $1 AND points_system_id = $2
             UNION ALL
            SELECT rest_expires_at, balance - lot_balance
              FROM gamify_account
             WHERE participant_id = $1 AND points_system_id = $2) AS parts
     WHERE expires_at > $3 AND expires_at <= $4
     GROUP BY expires_at
     ORDER BY expires_at
"""


def expiring(*, tenant: TenantRef, participant: str, system: System, within_days: int, now: datetime) -> ExpiringPoints:
    """What will be lost in the coming days if it is not used, by the moment at which it is lost, soonest first."""
    current = balance(tenant=tenant, participant=participant, system=system, now=now)
    id = participant_id(tenant.id, participant)
    rows = database.send(_EXPIRING, [id, system.id, now, now + timedelta(days=within_days)]).fetchall()
    return ExpiringPoints([Expiring(amount, at) for at, amount in rows], current.window)
