"""Postings against a naive ledger, over histories that Hypothesis makes up."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamify.errors import InsufficientPoints
from gamify.ledger.lots import LotState
from gamify.ledger.posting import AccountState, Book, Note
from tests.naive import NaiveAccount

START = datetime(2026, 1, 1, tzinfo=UTC)
PARTICIPANT, SYSTEM = UUID(int=1), UUID(int=2)

# Few distinct amounts and times, so that equal expiries, exact cover and the very instant of expiry are common.
amounts = st.integers(1, 12)


@dataclass(frozen=True)
class Step:
    """`wait` seconds, then this. `lifetime`: seconds until an award expires."""

    wait: int
    kind: str
    amount: int
    lifetime: int | None = None


awards = st.builds(Step, st.integers(0, 4), st.just("award"), amounts, st.none() | st.integers(1, 8))
deducts = st.builds(Step, st.integers(0, 4), st.just("deduct"), amounts)
histories = st.lists(awards | deducts, max_size=30)


class Ledger:
    """What is stored, between operations that each load a book of their own."""

    def __init__(self, oldest_first: bool, loaded: Callable[["Ledger", int, datetime], list[LotState]]) -> None:
        self.oldest_first, self.loaded = oldest_first, loaded
        self.account = AccountState(PARTICIPANT, SYSTEM)
        self.lots: dict[int, LotState] = {}
        self.books: list[Book] = []
        self.refused = 0

    def run(self, history: Sequence[Step]) -> "Ledger":
        now = START
        for step in history:
            now += timedelta(seconds=step.wait)
            self.post(step, now)
        return self

    def post(self, step: Step, now: datetime) -> None:
        book = self.open(step.amount if step.kind == "deduct" else 0, now)
        book.expire(now)
        before = deepcopy(book)
        try:
            if step.kind == "award":
                expires_at = None if step.lifetime is None else now + timedelta(seconds=step.lifetime)
                book.award(step.amount, note=Note(), now=now, expires_at=expires_at)
            else:
                book.deduct(step.amount, note=Note(), now=now)
        except InsufficientPoints as refusal:
            expected = InsufficientPoints(available=before.account.balance, requested=step.amount)
            assert (vars(refusal), contents(book)) == (vars(expected), contents(before))  # noqa: PT017 - mid-history
            self.refused += 1
        else:
            self.keep(book)

    def open(self, debit: int, now: datetime) -> Book:
        # By sequence, so that equal entries have equal hashes.
        ids = map(UUID, map("{:032x}".format, count(self.account.last_sequence + 1)))
        lots = deepcopy(self.loaded(self, debit, now))
        return Book(deepcopy(self.account), ids.__next__, oldest_first=self.oldest_first, lots=lots)

    def keep(self, book: Book) -> None:
        self.account = book.account
        self.lots.update({lot.sequence: lot for lot in book.lots})
        self.books.append(book)

    @property
    def entries(self) -> list[tuple[str, int, int, datetime]]:
        return [(e.kind, e.amount, e.balance_after, e.created_at) for book in self.books for e in book.entries]

    @property
    def consumptions(self) -> list[tuple[int, int, int]]:
        return [(debit, t.credit_sequence, t.amount) for book in self.books for debit, t in book.consumptions]


def all_lots(ledger: Ledger, debit: int, now: datetime) -> list[LotState]:
    return list(ledger.lots.values())


def wanted_lots(ledger: Ledger, debit: int, now: datetime) -> list[LotState]:
    """No more than the store promises: what is due, what covers the debit, and the next to expire."""
    account = ledger.account
    if not account.has_due(now) and not (debit and account.lot_balance):
        return []
    lots = [lot for lot in ledger.lots.values() if lot.remaining]
    due = [lot for lot in lots if lot.is_due(now)]
    rest = sorted((lot for lot in lots if not lot.is_due(now)), key=lambda lot: lot.sequence)
    expiring = sorted((lot.expires_at, lot.sequence) for lot in rest if lot.expires_at)
    if not ledger.oldest_first:
        rest = [ledger.lots[number] for _, number in expiring]
    covering, ahead = [], 0
    for lot in rest:
        if ahead < debit:
            covering.append(lot)
        ahead += lot.remaining
    following = [lot for lot in rest if expiring and lot.expires_at == expiring[0][0] and lot not in covering]
    return due + covering + following


both_ways_of_loading = pytest.mark.parametrize("loaded", [all_lots, wanted_lots])


@both_ways_of_loading
@given(history=histories, oldest_first=st.booleans())
@settings(max_examples=150)
def test_every_history_gives_the_entries_of_the_naive_ledger(
    loaded: Callable[[Ledger, int, datetime], list[LotState]], history: list[Step], oldest_first: bool
) -> None:
    ledger = Ledger(oldest_first, loaded).run(history)
    naive = NaiveAccount(oldest_first=oldest_first)
    now, refused = START, 0
    for step in history:
        now += timedelta(seconds=step.wait)
        if step.kind == "award":
            naive.award(step.amount, now, None if step.lifetime is None else now + timedelta(seconds=step.lifetime))
        elif naive.deduct(step.amount, now) is None:
            refused += 1
    assert ledger.entries == [(line.kind, line.amount, line.balance_after, line.created_at) for line in naive.lines]
    assert ledger.refused == refused
    # Of the naive ledger's points, those that no lot tells apart are not recorded.
    expected = {(*numbers, amount) for numbers, amount in naive.paid.items() if numbers[1] in ledger.lots}
    assert sorted(ledger.consumptions) == sorted(expected)


@both_ways_of_loading
@given(history=histories, oldest_first=st.booleans())
@settings(max_examples=100)
def test_after_every_step_the_totals_and_the_lots_add_up(
    loaded: Callable[[Ledger, int, datetime], list[LotState]], history: list[Step], oldest_first: bool
) -> None:
    ledger, now = Ledger(oldest_first, loaded), START
    for step in history:
        now += timedelta(seconds=step.wait)
        ledger.post(step, now)
        account, lots = ledger.account, ledger.lots.values()
        assert account.balance == sum(amount for _, amount, _, _ in ledger.entries)
        assert account.balance == account.total_earned - account.total_spent - account.total_expired
        assert account.last_sequence == len(ledger.entries)
        assert account.lot_balance == sum(lot.remaining for lot in lots)
        assert 0 <= account.lot_balance <= account.balance
        assert min(account.total_earned, account.total_spent, account.total_expired) >= 0
        assert all(balance >= 0 for _, _, balance, _ in ledger.entries)
        soonest = min((lot.expires_at for lot in lots if lot.expires_at and lot.remaining), default=None)
        assert soonest is None or (account.next_expires_at is not None and account.next_expires_at <= soonest)


@given(history=histories, oldest_first=st.booleans())
@settings(max_examples=100)
def test_consumptions_sum_up_to_what_is_gone_and_nothing_expired_is_spent(
    history: list[Step], oldest_first: bool
) -> None:
    ledger = Ledger(oldest_first, all_lots).run(history)
    by_credit: dict[int, int] = defaultdict(int)
    by_debit: dict[int, int] = defaultdict(int)
    for debit, credit, amount in ledger.consumptions:
        by_credit[credit] += amount
        by_debit[debit] += amount
        kind, _, _, created_at = ledger.entries[debit - 1]
        expires_at = ledger.lots[credit].expires_at
        assert amount > 0
        assert credit < debit
        assert kind in ("deduct", "expire")
        assert kind == "expire" or expires_at is None or expires_at > created_at
    for number, lot in ledger.lots.items():
        assert 0 <= lot.remaining <= lot.amount
        assert lot.amount - lot.remaining == by_credit[number]
    for number, (kind, amount, _, _) in enumerate(ledger.entries, start=1):
        assert kind != "expire" or by_debit[number] == -amount
        assert by_debit[number] <= max(0, -amount)


@given(history=histories, oldest_first=st.booleans(), sweeps=st.sets(st.integers(0, 60), max_size=10))
@settings(max_examples=150)
def test_expiring_early_or_late_gives_the_same_entries(
    history: list[Step], oldest_first: bool, sweeps: set[int]
) -> None:
    end = START + timedelta(hours=1)
    swept, late = Ledger(oldest_first, all_lots), Ledger(oldest_first, all_lots).run(history)
    now = START
    due = sorted(START + timedelta(seconds=second) for second in sweeps)
    for step in history:
        now += timedelta(seconds=step.wait)
        while due and due[0] <= now:
            sweep(swept, due.pop(0))
        swept.post(step, now)
    for at in (*(at for at in due if at > now), end):
        sweep(swept, at)
    sweep(late, end)
    assert [entry for book in swept.books for entry in book.entries] == [
        entry for book in late.books for entry in book.entries
    ]
    assert swept.account == late.account


@given(oldest_first=st.booleans(), lifetime=st.integers(1, 100))
def test_a_credit_is_spendable_up_to_the_instant_before_it_expires(oldest_first: bool, lifetime: int) -> None:
    expires_at = START + timedelta(seconds=lifetime)
    for now, is_spendable in ((expires_at - timedelta(microseconds=1), True), (expires_at, False)):
        book = Book(AccountState(PARTICIPANT, SYSTEM), lambda: UUID(int=9), oldest_first=oldest_first)
        book.award(5, note=Note(), now=START, expires_at=expires_at)
        book.expire(now)
        assert (book.account.balance == 5) is is_spendable
        assert [entry.kind for entry in book.entries[1:]] == ([] if is_spendable else ["expire"])


@given(history=histories, oldest_first=st.booleans())
@settings(max_examples=50)
def test_one_book_for_a_whole_history_writes_what_many_books_do(history: list[Step], oldest_first: bool) -> None:
    many = Ledger(oldest_first, all_lots).run(history)
    book, now = Ledger(oldest_first, all_lots).open(0, START), START
    for step in history:
        now += timedelta(seconds=step.wait)
        expires_at = None if step.lifetime is None else now + timedelta(seconds=step.lifetime)
        if step.kind == "award":
            book.expire(now)
            book.award(step.amount, note=Note(), now=now, expires_at=expires_at)
        elif step.amount <= sum(lot.remaining for lot in book.lots if not lot.is_due(now)) + (
            book.account.balance - book.account.lot_balance
        ):
            book.expire(now)
            book.deduct(step.amount, note=Note(), now=now)
    assert book.entries == [entry for each in many.books for entry in each.entries]
    assert {lot.sequence for lot in book.new_lots} == set(many.lots)
    # What the store updates: the lots that were there before, and changed.
    assert book.changed_lots == {credit for _, credit, _ in many.consumptions}


def sweep(ledger: Ledger, now: datetime) -> None:
    book = ledger.open(0, now)
    book.expire(now)
    ledger.keep(book)


def contents(book: Book) -> tuple[object, ...]:
    return (
        deepcopy(book.account),
        deepcopy(book.lots),
        book.entries[:],
        book.new_lots[:],
        book.consumptions[:],
        set(book.changed_lots),
    )
