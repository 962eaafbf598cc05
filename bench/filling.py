"""Fills a tenant's ledger fast, and truly: entries, chains and lots come out of the product's own `Book`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from gamify.ledger.posting import AccountState, Book, Note
from gamify.models import PointsSystem, participant_id
from tenants.models import Tenant

PARTICIPANTS_PER_COPY = 5_000

# What an award expires at, by its number among the participant's awards; None: never.
ExpiryOf = Callable[[int, datetime], datetime | None]

_PARTICIPANT = "gamify_participant (id, tenant_id, external_id, window_writes, tier_pinned, badge_codes, created_at)"
_ACCOUNT = (
    "gamify_account (participant_id, points_system_id, balance, total_earned, total_spent, total_expired, lot_balance,"
    " next_expires_at, last_sequence, last_hash, last_earned_at, award_count)"
)
_ENTRY = (
    "gamify_entry (participant_id, points_system_id, sequence, id, kind, amount, balance_after, reason, created_at,"
    " expires_at, hash)"
)
_LOT = "gamify_lot (participant_id, points_system_id, sequence, amount, remaining, expires_at)"


def fill(
    tenant: Tenant,
    *,
    participants: int | range,
    awards: int,
    expires_at: ExpiryOf = lambda number, at: None,
    prefix: str = "p",
) -> None:
    """Make `participants` named p0, p1, … (after `prefix`) with `awards` awards of ten points
    each, over the last hundred days."""
    numbers = range(participants) if isinstance(participants, int) else participants
    system = PointsSystem.objects.get(tenant=tenant, is_default=True)
    for start in range(0, len(numbers), PARTICIPANTS_PER_COPY):
        names = [f"{prefix}{n}" for n in numbers[start : start + PARTICIPANTS_PER_COPY]]
        books = [_book(participant_id(tenant.id, name), system.id, awards, expires_at) for name in names]
        now = datetime.now(tz=UTC)
        _copy(
            _PARTICIPANT,
            ((b.account.participant_id, tenant.id, n, 0, False, "{}", now) for n, b in zip(names, books, strict=True)),
        )
        _copy(_ACCOUNT, (_account(book) for book in books))
        _copy(_ENTRY, _entries(books))
        _copy(_LOT, _lots(books))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _book(id: UUID, system_id: UUID, awards: int, expires_at: ExpiryOf) -> Book:
    book = Book(AccountState(id, system_id), new_id=uuid7)
    start = datetime.now(tz=UTC) - timedelta(days=100)
    for number in range(awards):
        at = start + timedelta(days=99) * number / awards
        book.award(10, note=Note(reason="Purchase completed"), now=at, expires_at=expires_at(number, at))
    return book


def _account(book: Book) -> tuple[Any, ...]:
    a = book.account
    totals = (a.balance, a.total_earned, a.total_spent, a.total_expired, a.lot_balance)
    return (
        a.participant_id,
        a.points_system_id,
        *totals,
        a.next_expires_at,
        a.last_sequence,
        a.last_hash,
        a.last_earned_at,
        a.award_count,
    )


def _entries(books: list[Book]) -> Iterator[tuple[Any, ...]]:
    for book in books:
        key = (book.account.participant_id, book.account.points_system_id)
        for e in book.entries:
            at = (e.created_at, e.expires_at)
            yield (*key, e.sequence, e.id, e.kind, e.amount, e.balance_after, e.note.reason, *at, e.hash)


def _lots(books: list[Book]) -> Iterator[tuple[Any, ...]]:
    for book in books:
        key = (book.account.participant_id, book.account.points_system_id)
        for lot in book.new_lots:
            yield (*key, lot.sequence, lot.amount, lot.remaining, lot.expires_at)


def _copy(target: str, rows: Iterator[tuple[Any, ...]] | Any) -> None:
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
