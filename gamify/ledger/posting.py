"""Posting: what an award, a deduct or an expiry does to one account. Pure: no I/O, no Django, no clock.

A `Book` is one account in memory. Postings change it and collect the rows that `gamify.ledger.store` then writes:

    book.expire(now)                # first, always: what is due is neither spendable nor counted
    entry = book.award(100, ...)    # or book.deduct(50, ...), which refuses before it changes anything
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from gamify.errors import InsufficientPoints
from gamify.ledger.chain import GENESIS, account_text, entry_hash, microseconds
from gamify.ledger.expiry import ExpiryRule
from gamify.ledger.lots import LotState, Take, burn


@dataclass(slots=True)
class AccountState:
    """An account's row; the defaults are those of an account that nothing was ever posted to."""

    participant_id: UUID
    points_system_id: UUID
    balance: int = 0
    total_earned: int = 0
    total_spent: int = 0
    total_expired: int = 0
    # How much of the balance is in lots, and a time before which none of them expires.
    lot_balance: int = 0
    next_expires_at: datetime | None = None
    last_sequence: int = 0
    last_hash: bytes = GENESIS
    last_earned_at: datetime | None = None
    award_count: int = 0
    # When all that is in no lot expires, unless something happens before.
    rest_expires_at: datetime | None = None

    @property
    def rest(self) -> int:
        """What is in no lot."""
        return self.balance - self.lot_balance

    def has_due(self, now: datetime) -> bool:
        return any(at is not None and at <= now for at in (self.next_expires_at, self.rest_expires_at))


@dataclass(frozen=True, slots=True)
class Note:
    """What an entry carries beside its numbers. `metadata` and `explanation` are JSON text, kept to the byte."""

    reason: str | None = None
    metadata: str | None = None
    explanation: str | None = None
    operation_id: UUID | None = None
    # What the caller says it was for, and calls it.
    engagement_id: UUID | None = None
    activity_id: str | None = None
    transaction_type: str | None = None


_NO_NOTE = Note()


# A tuple: a frozen dataclass takes several times as long to make, and a sweep makes many.
class EntryRow(NamedTuple):
    sequence: int
    id: UUID
    kind: str
    amount: int
    balance_after: int
    note: Note
    created_at: datetime
    expires_at: datetime | None
    hash: bytes


@dataclass(slots=True)
class Book:
    """One account, its lots as far as they were loaded, and what was posted to it since."""

    account: AccountState
    new_id: Callable[[], UUID]
    # Which lots pay for a debit: the oldest, or those that expire soonest.
    oldest_first: bool = False
    expiry: ExpiryRule = field(default_factory=ExpiryRule)
    lots: list[LotState] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)
    new_lots: list[LotState] = field(default_factory=list)
    # (sequence of the debit, what it took): one row each, once written.
    consumptions: list[tuple[int, Take]] = field(default_factory=list)
    changed_lots: set[int] = field(default_factory=set)

    def expire(self, now: datetime) -> None:
        """Write off what is left of every lot that is due, with one entry each, as of the moment it expired; likewise
        the rest, where nothing happened for too long.

        So the entries are the same whether the next operation writes them or the sweep does.
        """
        account = self.account
        if not account.has_due(now):
            return
        due = [lot for lot in self.lots if lot.is_due(now) and lot.remaining]
        for lot in sorted(due, key=lambda lot: (lot.expires_at, lot.sequence)):
            assert lot.expires_at is not None
            self._expire_rest(lot.expires_at)
            self._expire_lot(lot, lot.expires_at)
        self._expire_rest(now)
        # Where only the rest was due, the lots were not loaded, and their time stays as it is.
        if account.next_expires_at is not None and account.next_expires_at <= now:
            account.next_expires_at = min(
                (lot.expires_at for lot in self.lots if lot.expires_at and lot.remaining), default=None
            )

    def award(self, amount: int, *, note: Note, now: datetime, expires_at: datetime | None = None) -> EntryRow:
        """Credit `amount`. A credit that expires, or whose age will matter, becomes a lot."""
        assert amount > 0, amount
        expires_at = expires_at or self.expiry.of_credit(now)
        self.account.total_earned += amount
        self.account.last_earned_at = now
        self.account.award_count += 1
        entry = self._append("award", amount, note, now, expires_at)
        if expires_at is not None or self.oldest_first:
            lot = LotState(entry.sequence, amount, amount, expires_at)
            self.lots.append(lot)
            self.new_lots.append(lot)
            self.account.lot_balance += amount
            if expires_at is not None:
                self.account.next_expires_at = min(expires_at, self.account.next_expires_at or expires_at)
        self._note_activity(now)
        return entry

    def deduct(self, amount: int, *, note: Note, now: datetime) -> EntryRow:
        """Debit `amount`, lots first. Raises InsufficientPoints, having changed nothing."""
        assert amount > 0, amount
        if amount > self.account.balance:
            raise InsufficientPoints(available=self.account.balance, requested=amount)
        takes = burn(self.lots, amount, oldest_first=self.oldest_first)
        from_lots = sum(take.amount for take in takes)
        self.account.total_spent += amount
        self.account.lot_balance -= from_lots
        entry = self._append("deduct", -amount, note, now)
        self._consume(entry, takes)
        # Loading lots must have covered the debit: the rest may come only out of what is in no lot.
        assert 0 <= self.account.lot_balance <= self.account.balance, self.account
        self._note_activity(now)
        return entry

    def _expire_lot(self, lot: LotState, at: datetime) -> None:
        amount = lot.remaining
        lot.remaining = 0
        self.account.total_expired += amount
        self.account.lot_balance -= amount
        self._consume(self._append("expire", -amount, _NO_NOTE, at), [Take(lot.sequence, amount)])

    def _expire_rest(self, until: datetime) -> None:
        at = self.account.rest_expires_at
        if at is None or at > until:
            return
        self.account.rest_expires_at = None
        if amount := self.account.rest:
            self.account.total_expired += amount
            self._append("expire", -amount, _NO_NOTE, at)

    def _note_activity(self, now: datetime) -> None:
        self.account.rest_expires_at = self.expiry.of_rest(now) if self.account.rest else None

    def _append(
        self, kind: str, amount: int, note: Note, created_at: datetime, expires_at: datetime | None = None
    ) -> EntryRow:
        account = self.account
        account.balance += amount
        account.last_sequence += 1
        id = self.new_id()
        account.last_hash = entry_hash(
            account.last_hash,
            account_text(account.participant_id.bytes, account.points_system_id.bytes),
            sequence=account.last_sequence,
            id=id.bytes,
            kind=kind,
            amount=amount,
            balance_after=account.balance,
            reason=note.reason,
            metadata=note.metadata,
            explanation=note.explanation,
            operation_id=note.operation_id.bytes if note.operation_id else None,
            engagement_id=note.engagement_id.bytes if note.engagement_id else None,
            activity_id=note.activity_id,
            transaction_type=note.transaction_type,
            created_at=microseconds(created_at),
            expires_at=microseconds(expires_at) if expires_at else None,
        )
        entry = EntryRow(
            account.last_sequence, id, kind, amount, account.balance, note, created_at, expires_at, account.last_hash
        )
        self.entries.append(entry)
        return entry

    def _consume(self, entry: EntryRow, takes: list[Take]) -> None:
        self.consumptions += [(entry.sequence, take) for take in takes]
        self.changed_lots |= {take.credit_sequence for take in takes}
