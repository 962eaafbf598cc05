"""Crediting: from what an award is worth to what the ledger gains. Every dialect's awards come through here."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from gamify.ledger.amounts import capped, multiplied
from gamify.ledger.posting import EntryRow, Note
from gamify.queries.programme import System
from gamify.services._member import Member


def credit(
    member: Member, system: System, base: int, *, note: Note, expires_at: datetime | None = None
) -> EntryRow | None:
    """Credit `base` points times what the tier held so far grants, cut to what the system lets anybody have.

    None where that leaves nothing to credit. How the amount came about is kept with the entry.
    """
    book = member.book(system)
    explanation: dict[str, Any] = {"base": base}
    amount = base
    # Tiers are about the default system, and so is what they grant.
    tier = member.tier if system == member.programme.default_system else None
    if tier and tier.multiplier:
        amount = multiplied(amount, tier.multiplier)
        explanation |= {"tier": tier.code, "multiplier": str(tier.multiplier)}
    room = capped(amount, balance=book.account.balance, most=system.max_points)
    if room < amount:
        amount = room
        explanation |= {"max_points": system.max_points}
    if amount == 0:
        return None
    if len(explanation) > 1:
        note = replace(note, explanation=orjson.dumps(explanation).decode())
    return book.award(amount, note=note, now=member.now, expires_at=expires_at)
