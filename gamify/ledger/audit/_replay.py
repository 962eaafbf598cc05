"""One account, built up anew from its rows, and compared."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from gamify.ledger.audit._rows import AccountKey, Moment
from gamify.ledger.chain import GENESIS, account_text, entry_hash, moment
from gamify.models import BurnOrder
from gamify.models.participants import participant_id
from tenants.database import Row


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


class _Broken(Exception):
    def __init__(self, what: str, sequence: int | None = None) -> None:
        self.what, self.sequence = what, sequence


@dataclass(slots=True)
class Totals:
    """What an account's row says of its entries; the defaults are those of an account without any."""

    balance: int = 0
    total_earned: int = 0
    total_spent: int = 0
    total_expired: int = 0
    lot_balance: int = 0
    last_sequence: int = 0
    last_hash: bytes = GENESIS
    last_earned_at: Moment | None = None
    award_count: int = 0


class Replay:
    """One account, built up anew from its rows."""

    def __init__(self, key: AccountKey, lots: Iterator[Row], consumptions: Iterator[Row]) -> None:
        self.key = key
        self.text = account_text(*key)
        self.seen = Totals()
        self.entries = 0
        # By number. As stored: amount, remaining, expires_at. As the entries say: when it expires, and what is left.
        self.lots = {row[2]: row[3:] for row in lots}
        self.expiries: dict[int, Moment | None] = {}
        self.left: dict[int, int] = {}
        self.takes = groupby(consumptions, key=itemgetter(2))
        self.take = next(self.takes, None)

    def check(self, stored: Totals, next_expires_at: Moment | None, owner: Row, entries: Iterator[Row]) -> Checked:
        try:
            self._owner(*owner)
            for row in entries:
                self.entries += 1
                self._entry(*row)
            self._lots()
            self._account(stored, next_expires_at)
        except _Broken as broken:
            return Checked(self.entries, Breach(name_of(self.key, broken.sequence), broken.what))
        return Checked(self.entries, None)

    def _owner(self, tenant_id: bytes, external_id: str, system_tenant_id: bytes, burn_order: str) -> None:
        if participant_id(UUID(bytes=tenant_id), external_id).bytes != self.key[0]:
            raise _Broken("the participant's id is not the one computed from tenant and external id")
        if system_tenant_id != tenant_id:
            raise _Broken("the points system is not one of the participant's tenant")
        # Which is fixed once a system is made.
        self.every_award_is_a_lot = burn_order == BurnOrder.OLDEST_CREDIT_FIRST

    def _entry(
        self,
        participant_id: bytes,
        points_system_id: bytes,
        sequence: int,
        id: bytes,
        kind: str,
        amount: int,
        balance_after: int,
        reason: str | None,
        metadata: str | None,
        explanation: str | None,
        operation_id: bytes | None,
        engagement_id: bytes | None,
        activity_id: str | None,
        transaction_type: str | None,
        created_at: Moment,
        expires_at: Moment | None,
        hash: bytes,
    ) -> None:
        """Numbering, running balance, chain, totals, lots."""
        seen = self.seen
        if sequence != seen.last_sequence + 1:
            raise _Broken(f"the numbering jumps from {seen.last_sequence} to {sequence}", sequence)
        seen.last_sequence = sequence
        seen.balance += amount
        if balance_after != seen.balance:
            raise _Broken(f"balance_after is {balance_after}, the entries sum up to {seen.balance}", sequence)
        seen.last_hash = entry_hash(
            seen.last_hash,
            self.text,
            sequence=sequence,
            id=id,
            kind=kind,
            amount=amount,
            balance_after=balance_after,
            reason=reason,
            metadata=metadata,
            explanation=explanation,
            operation_id=operation_id,
            engagement_id=engagement_id,
            activity_id=activity_id,
            transaction_type=transaction_type,
            created_at=created_at,
            expires_at=expires_at,
        )
        if seen.last_hash != hash:
            raise _Broken("the hash does not fit its content and the entry before", sequence)
        if kind == "award":
            self._award(sequence, amount, created_at, expires_at)
        else:
            self._debit(sequence, kind, -amount, created_at)

    def _award(self, sequence: int, amount: int, created_at: Moment, expires_at: Moment | None) -> None:
        self.seen.total_earned += amount
        self.seen.last_earned_at = created_at
        self.seen.award_count += 1
        lot = self.lots.get(sequence)
        if expires_at is not None or self.every_award_is_a_lot:
            if lot and lot[0] != amount:
                raise _Broken("the lot's amount is not that of the entry that made it", sequence)
            if lot and lot[2] != expires_at:
                raise _Broken(f"the lot expires at {_at(lot[2])}, where its entry says {_at(expires_at)}", sequence)
            self.expiries[sequence], self.left[sequence] = expires_at, amount
            self.seen.lot_balance += amount
        elif lot:
            raise _Broken("a lot that its entry did not make", sequence)
        if self._paid(sequence):
            raise _Broken("lots paid for an award", sequence)

    def _debit(self, sequence: int, kind: str, amount: int, created_at: Moment) -> None:
        """A deduct takes all it can out of lots, and out of none that is past its expiry; an expiry takes what is left
        of one lot, as of that lot's time, or all that is in none."""
        seen, parts = self.seen, self._paid(sequence)
        if sequence in self.lots:
            raise _Broken("a lot that no award made", sequence)
        paid = 0
        for _, _, _, credit, part in parts:
            if credit not in self.left:
                raise _Broken(f"it consumes from lot {credit}, which does not exist", sequence)
            expires_at = self.expiries[credit]
            if kind == "deduct" and expires_at is not None and expires_at <= created_at:
                raise _Broken(f"it consumes from lot {credit} after that had expired", sequence)
            if kind == "expire" and expires_at != created_at:
                raise _Broken(f"lot {credit} expires at {_at(expires_at)}, not then", sequence)
            if part > self.left[credit]:
                raise _Broken(f"it consumes {part} from lot {credit}, which has {self.left[credit]} left", sequence)
            self.left[credit] -= part
            paid += part
        if kind == "deduct":
            seen.total_spent += amount
            due = min(amount, seen.lot_balance)
        else:
            seen.total_expired += amount
            is_rest = not parts and seen.balance == seen.lot_balance
            due = 0 if is_rest else amount
        if paid != due:
            raise _Broken(f"lots paid {paid} of {amount} points, where they owed {due}", sequence)
        seen.lot_balance -= paid

    def _paid(self, sequence: int) -> list[Row]:
        """The entry's consumptions."""
        if self.take is None or self.take[0] > sequence:
            return []
        if self.take[0] < sequence:
            raise _Broken("a consumption by an entry that does not exist", self.take[0])
        parts = list(self.take[1])
        self.take = next(self.takes, None)
        return parts

    def _lots(self) -> None:
        if self.take:
            raise _Broken("a consumption by an entry that does not exist", self.take[0])
        for sequence, left in self.left.items():
            # One with nothing left has no row.
            if left and sequence not in self.lots:
                raise _Broken(f"the lot that it made is gone, of which {left} should be left", sequence)
            remaining = self.lots[sequence][1] if sequence in self.lots else 0
            if remaining != left:
                raise _Broken(f"the lot has {remaining} left; less what was consumed it should be {left}", sequence)
        if unknown := self.lots.keys() - self.left.keys():
            raise _Broken("a lot of an entry that does not exist", min(unknown))

    def _account(self, stored: Totals, next_expires_at: Moment | None) -> None:
        seen = self.seen
        if stored.last_sequence != seen.last_sequence:
            first = min(stored.last_sequence, seen.last_sequence) + 1
            raise _Broken(f"there are {seen.last_sequence} entries, the account counts {stored.last_sequence}", first)
        soonest = min((at for _, _, at in self.lots.values() if at is not None), default=None)
        # A bound, not an equality: consuming the lot that it came from leaves it as it is.
        if soonest is not None and (next_expires_at is None or next_expires_at > soonest):
            raise _Broken(f"next_expires_at is {_at(next_expires_at)}, but a lot expires at {_at(soonest)}")
        if stored == seen:
            return
        for field in fields(Totals):
            expected, found = getattr(seen, field.name), getattr(stored, field.name)
            if expected != found:
                show = _at if field.name == "last_earned_at" else _show
                raise _Broken(f"{field.name} is {show(found)}, the rows give {show(expected)}")


def name_of(key: AccountKey, sequence: int | None = None) -> str:
    place = f"participant {UUID(bytes=key[0])}, points system {UUID(bytes=key[1])}"
    return place if sequence is None else f"{place}, entry {sequence}"


def _at(at: Moment | None) -> str:
    try:
        return str(None if at is None else moment(at))
    except OverflowError:  # Infinity, or past the year 9999: nothing that the product writes.
        return f"{at} µs after 2000"


def _show(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
