"""Facts: what others are told of an operation, written with it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from gamify.ledger.posting import Book, EntryRow
from gamify.ledger.store import FactRow, ParticipantState

_TYPES = {"award": "points.awarded", "deduct": "points.deducted", "expire": "points.expired"}


def fact(state: ParticipantState, type: str, data: dict[str, Any], at: datetime, *, id: UUID | None = None) -> FactRow:
    """Facts of one transaction are told in the order of their ids, so in the order in which they are made here."""
    text = orjson.dumps({"participant_id": state.external_id, **data}).decode()
    return FactRow(state.id, id or uuid7(), type, text, at)


def entry_facts(state: ParticipantState, book: Book) -> list[FactRow]:
    """One of each entry posted to `book`, with the entry's id: so they come before the facts of what followed."""
    system_id = book.account.points_system_id
    return [
        fact(state, _TYPES[entry.kind], _entry_data(entry, system_id), entry.created_at, id=entry.id)
        for entry in book.entries
    ]


def _entry_data(entry: EntryRow, points_system_id: UUID) -> dict[str, Any]:
    return {
        "transaction_id": entry.id,
        "points_system_id": points_system_id,
        "amount": abs(entry.amount),
        "balance_after": entry.balance_after,
        "reason": entry.note.reason,
    }
