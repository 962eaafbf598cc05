"""Crediting: from what an award is worth to what the ledger gains. Every dialect's awards come through here."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gamify.errors import DomainError, InvalidInput, PointsCapReached
from gamify.ledger.amounts import EARNED_MAX, capped, multiplied
from gamify.ledger.posting import EntryRow, Note
from gamify.queries.earning import TriggerRule
from gamify.queries.programme import System
from gamify.rewards.boosts import BoostRule, product, rounding_of

if TYPE_CHECKING:
    # Members credit, too: what a trigger pays follows from what happens to them.
    from gamify.services._member import Member


# Not orjson: a trigger can be worth more than fits into 64 bits. Made once: json.dumps makes an encoder for each call.
_to_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Credit:
    """An entry that credits, and what it came from."""

    system: System
    entry: EntryRow
    trigger: TriggerRule | None
    boosts: tuple[BoostRule, ...]


def credit(
    member: "Member",
    system: System,
    base: int,
    *,
    note: Note,
    expires_at: datetime | None = None,
    trigger: TriggerRule | None = None,
) -> EntryRow | None:
    """Credit `base` points times what the tier held so far and the boosts in force grant, rounded once, and cut to
    what the system lets anybody have.

    None where that leaves nothing to credit. How the amount came about is kept with the entry.
    """
    book = member.book(system)
    explanation: dict[str, Any] = {"base": base}
    if trigger:
        explanation |= {"trigger": str(trigger.id)}
    # Tiers are about the default system, and so is what they grant.
    tier = member.tier if system == member.programme.default_system else None
    granted = tier.multiplier if tier else None
    if tier and granted:
        explanation |= {"tier": tier.code, "multiplier": str(granted)}
    boosts, rounding = member.boosts(system), "down"
    if boosts:
        rounding = rounding_of(boosts)
        listed = [{"id": str(boost.id), "multiplier": str(boost.multiplier)} for boost in boosts]
        explanation |= {"boosts": listed, "rounding": rounding}
    amount = multiplied(base, product([granted, *(boost.multiplier for boost in boosts)]), rounding)
    room = capped(amount, balance=book.account.balance, most=system.max_points, earned=book.account.total_earned)
    if room < amount:
        amount = room
        explanation |= {"max_points": system.max_points}
    if amount == 0:
        return None
    if len(explanation) > 1:
        note = replace(note, explanation=_to_json(explanation))
    entry = book.award(amount, note=note, now=member.now, expires_at=expires_at)
    member.credits.append(Credit(system, entry, trigger, tuple(boosts)))
    return entry


def nothing_credited(member: "Member", system: System, amount_field: str) -> DomainError:
    """Why `credit` came to nothing. `amount_field`: what the caller knows the amount as."""
    account = member.book(system).account
    if system.max_points is not None and account.balance >= system.max_points:
        return PointsCapReached(system.max_points)
    if account.total_earned >= EARNED_MAX:
        return PointsCapReached(EARNED_MAX)
    return InvalidInput(((amount_field, "Boosts that are in force now leave nothing of it."),))
