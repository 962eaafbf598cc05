"""Lock, load, write: all the SQL of the award path, for one operation or for a hundred, in the same few statements.

The participant's row is the lock of all that belongs to it. A statement that waits for a lock re-reads only the rows
that it locks, so everything else is read by the statements that follow. Locks are taken here only, in the order of
participant ids. On Citus, which cannot lock rows of several shards in one statement, `_LOCK` becomes a pipeline of
single-participant locks in that order.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gamify.ledger.lots import LotState
from gamify.ledger.posting import AccountState, Book
from tenants.database import Row, send

# Participant and points system: what an account is addressed by.
AccountKey = tuple[UUID, UUID]
# PostgreSQL takes 65,535 parameters a statement; an account can have any number of lots that expire at once.
ROWS_PER_STATEMENT_MAX = 2_000


@dataclass(slots=True)
class ParticipantState:
    id: UUID
    external_id: str
    window_started_at: datetime | None = None
    window_writes: int = 0
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class StoredOperation:
    id: UUID
    key: str
    input_hash: bytes
    outcome: str


@dataclass(frozen=True, slots=True)
class WantedLots:
    """Which lots of an account to load, should it have any: those that are due, and enough to cover `debit`."""

    account: AccountKey
    debit: int
    oldest_first: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was true once the locks were held. Unknown participants and accounts are there, with nothing in them."""

    programme_version: int
    participants: dict[UUID, ParticipantState]
    accounts: dict[AccountKey, AccountState]
    lots: dict[AccountKey, list[LotState]]
    operations: dict[UUID, StoredOperation]


_LOCK = """
    SELECT id, external_id, window_started_at, window_writes
      FROM gamify_participant WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
_VERSION = "SELECT programme_version FROM tenants_tenant WHERE id = %s"
_ACCOUNTS = """
    SELECT participant_id, points_system_id, balance, total_earned, total_spent, total_expired,
           lot_balance, next_expires_at, last_sequence, last_hash, last_earned_at
      FROM gamify_account WHERE participant_id = ANY(%s)
"""
_OPERATIONS = "SELECT id, key, input_hash, outcome FROM gamify_operation WHERE id = ANY(%s)"
# Reads nothing for an account with nothing due, unless there is a debit and lots to pay it from. Of the lots that are
# not due: as many as the debit takes, and the one that expires next, for the account's next_expires_at.
_LOTS = """
    SELECT participant_id, points_system_id, sequence, amount, remaining, expires_at
      FROM (SELECT lot.*,
                   sum(lot.remaining) FILTER (WHERE lot.expires_at IS NULL OR lot.expires_at > %s)
                       OVER (PARTITION BY lot.participant_id, lot.points_system_id
                             ORDER BY CASE WHEN wanted.oldest_first THEN NULL ELSE lot.expires_at END, lot.sequence)
                       - lot.remaining AS ahead,
                   min(lot.expires_at) FILTER (WHERE lot.expires_at > %s)
                       OVER (PARTITION BY lot.participant_id, lot.points_system_id) AS next,
                   wanted.debit
              FROM (VALUES {wanted}) AS wanted (participant_id, points_system_id, debit, oldest_first)
              JOIN gamify_account account USING (participant_id, points_system_id)
              JOIN gamify_lot lot USING (participant_id, points_system_id)
             WHERE lot.remaining > 0
               AND (account.next_expires_at <= %s OR (wanted.debit > 0 AND account.lot_balance > 0))) AS open
     WHERE expires_at <= %s OR ahead < debit OR expires_at = next
"""


def lock_and_load(
    *,
    tenant_id: UUID,
    participants: Mapping[UUID, str],
    wanted_lots: Sequence[WantedLots],
    operation_ids: Collection[UUID],
    now: datetime,
) -> Snapshot:
    """Lock `participants` (id to external id) and read what an operation on them needs, waiting once.

    Inside `database.pipelined_transaction`. Raises LockNotAvailable of the database when a lock takes too long.
    """
    ids = sorted(participants)
    locked = send(_LOCK, [ids])
    version = send(_VERSION, [tenant_id])
    accounts = send(_ACCOUNTS, [ids])
    operations = send(_OPERATIONS, [sorted(operation_ids)])
    wanted = ",".join(["(%s::uuid,%s::uuid,%s::bigint,%s::bool)"] * len(wanted_lots))
    lots = send(
        _LOTS.format(wanted=wanted),
        [now, now, *(v for w in wanted_lots for v in (*w.account, w.debit, w.oldest_first)), now, now],
    )

    states = {id: ParticipantState(id, external_id) for id, external_id in participants.items()}
    for id, external_id, started_at, writes in locked.fetchall():
        states[id] = ParticipantState(id, external_id, started_at, writes, is_new=False)
    return Snapshot(
        programme_version=version.fetchone()[0],
        participants=states,
        accounts={(row[0], row[1]): AccountState(*row) for row in accounts.fetchall()},
        operations={row[0]: StoredOperation(*row) for row in operations.fetchall()},
        lots=_by_account(lots.fetchall()),
    )


def write(
    *,
    tenant_id: UUID,
    participants: Iterable[ParticipantState],
    books: Iterable[Book],
    operations: Iterable[StoredOperation],
    now: datetime,
) -> None:
    """Write what was decided, without waiting: participants that are new and those that are not, accounts, entries,
    lots, operations. Every list is sorted, so that two transactions that wait for each other's rows cannot both wait.

    The transaction fails with a unique violation where another one made the same participant or used the same key at
    the same time; nothing is written then, and the operation is to be run again.
    """
    people = sorted(participants, key=lambda state: state.id)
    books = sorted(books, key=lambda book: (book.account.participant_id, book.account.points_system_id))
    _insert_participants([state for state in people if state.is_new], tenant_id, now)
    _update_participants([state for state in people if not state.is_new])
    _upsert_accounts([book.account for book in books])
    _insert_entries(books)
    _insert_lots(books)
    _update_lots(books)
    _insert_consumptions(books)
    _insert_operations(sorted(operations, key=lambda operation: operation.id), tenant_id, now)


def _insert_participants(states: Sequence[ParticipantState], tenant_id: UUID, now: datetime) -> None:
    # A plain INSERT: two first awards at once must not both believe that the account is empty.
    _insert(
        "gamify_participant (id, tenant_id, external_id, window_started_at, window_writes, created_at)",
        [(s.id, tenant_id, s.external_id, s.window_started_at, s.window_writes, now) for s in states],
    )


def _update_participants(states: Sequence[ParticipantState]) -> None:
    _send_rows(
        """UPDATE gamify_participant AS p SET window_started_at = v.started_at, window_writes = v.writes
             FROM (VALUES {rows}) AS v (id, started_at, writes) WHERE p.id = v.id""",
        [(s.id, s.window_started_at, s.window_writes) for s in states],
        row="(%s::uuid,%s::timestamptz,%s::int)",
    )


def _upsert_accounts(accounts: Sequence[AccountState]) -> None:
    _insert(
        """gamify_account (participant_id, points_system_id, balance, total_earned, total_spent, total_expired,
                           lot_balance, next_expires_at, last_sequence, last_hash, last_earned_at)""",
        [
            (
                a.participant_id,
                a.points_system_id,
                a.balance,
                a.total_earned,
                a.total_spent,
                a.total_expired,
                a.lot_balance,
                a.next_expires_at,
                a.last_sequence,
                a.last_hash,
                a.last_earned_at,
            )
            for a in accounts
        ],
        # Values as they are to be, not increments: the lock guarantees what they were.
        """ON CONFLICT (participant_id, points_system_id) DO UPDATE SET
               balance = excluded.balance, total_earned = excluded.total_earned,
               total_spent = excluded.total_spent, total_expired = excluded.total_expired,
               lot_balance = excluded.lot_balance, next_expires_at = excluded.next_expires_at,
               last_sequence = excluded.last_sequence, last_hash = excluded.last_hash,
               last_earned_at = excluded.last_earned_at""",
    )


def _insert_entries(books: Sequence[Book]) -> None:
    _insert(
        """gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after,
                         reason, metadata, explanation, operation_id, created_at, hash)""",
        [
            (
                *_key(book),
                e.sequence,
                e.id,
                e.kind,
                e.amount,
                e.balance_after,
                e.note.reason,
                e.note.metadata,
                e.note.explanation,
                e.note.operation_id,
                e.created_at,
                e.hash,
            )
            for book in books
            for e in book.entries
        ],
    )


def _insert_lots(books: Sequence[Book]) -> None:
    _insert(
        "gamify_lot (participant_id, points_system_id, sequence, amount, remaining, expires_at)",
        [
            (*_key(book), lot.sequence, lot.amount, lot.remaining, lot.expires_at)
            for book in books
            for lot in book.new_lots
        ],
    )


def _update_lots(books: Sequence[Book]) -> None:
    changed = []
    for book in books:
        new = {lot.sequence for lot in book.new_lots}
        changed += [
            (*_key(book), lot.sequence, lot.remaining) for lot in book.lots if lot.sequence in book.changed_lots - new
        ]
    _send_rows(
        """UPDATE gamify_lot AS lot SET remaining = v.remaining
             FROM (VALUES {rows}) AS v (participant_id, points_system_id, sequence, remaining)
            WHERE lot.participant_id = v.participant_id AND lot.points_system_id = v.points_system_id
              AND lot.sequence = v.sequence""",
        changed,
        row="(%s::uuid,%s::uuid,%s::bigint,%s::bigint)",
    )


def _insert_consumptions(books: Sequence[Book]) -> None:
    _insert(
        "gamify_consumption (participant_id, points_system_id, debit_sequence, credit_sequence, amount)",
        [
            (*_key(book), debit_sequence, take.credit_sequence, take.amount)
            for book in books
            for debit_sequence, take in book.consumptions
        ],
    )


def _insert_operations(operations: Sequence[StoredOperation], tenant_id: UUID, now: datetime) -> None:
    _insert(
        "gamify_operation (id, tenant_id, key, input_hash, outcome, created_at)",
        [(o.id, tenant_id, o.key, o.input_hash, o.outcome, now) for o in operations],
    )


def _insert(target: str, rows: Sequence[Row], on_conflict: str = "") -> None:
    if rows:
        row = f"({','.join(['%s'] * len(rows[0]))})"
        _send_rows(f"INSERT INTO {target} VALUES {{rows}} {on_conflict}", rows, row=row)  # noqa: S608 - this module's own text


def _send_rows(sql: str, rows: Sequence[Row], *, row: str) -> None:
    """Send `sql` with `rows` in the place of its VALUES list, `row` being the placeholders of one."""
    for start in range(0, len(rows), ROWS_PER_STATEMENT_MAX):
        chunk = rows[start : start + ROWS_PER_STATEMENT_MAX]
        send(sql.format(rows=",".join([row] * len(chunk))), [value for values in chunk for value in values])


def _key(book: Book) -> AccountKey:
    return book.account.participant_id, book.account.points_system_id


def _by_account(rows: Iterable[Row]) -> dict[AccountKey, list[LotState]]:
    lots: dict[AccountKey, list[LotState]] = {}
    for participant_id, points_system_id, *lot in rows:
        lots.setdefault((participant_id, points_system_id), []).append(LotState(*lot))
    return lots
