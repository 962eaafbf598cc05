"""Burning lots, against walking them one point at a time."""

from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gamify.ledger.lots import LotState, Take, burn

START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=1)


@st.composite
def some_lots(draw: st.DrawFn) -> list[LotState]:
    numbers = draw(st.lists(st.integers(1, 50), unique=True, max_size=8))
    days = st.none() | st.integers(0, 3).map(lambda day: START + timedelta(days=day))
    return [LotState(n, 9, draw(st.integers(0, 9)), draw(days)) for n in numbers]


lots = some_lots()


@given(lots=lots, amount=st.integers(0, 60), oldest_first=st.booleans())
def test_it_takes_what_a_walk_of_one_point_at_a_time_takes(
    lots: list[LotState], amount: int, oldest_first: bool
) -> None:
    left = {lot.sequence: lot.remaining for lot in lots}
    walked: Counter[int] = Counter()
    for _ in range(amount):
        open_lots = [lot for lot in lots if left[lot.sequence]]
        if not open_lots:
            break
        best = open_lots[0]
        for lot in open_lots[1:]:
            best = lot if comes_before(lot, best, oldest_first=oldest_first) else best
        left[best.sequence] -= 1
        walked[best.sequence] += 1
    takes = burn(lots, amount, oldest_first=oldest_first)
    assert {take.credit_sequence: take.amount for take in takes} == walked
    assert {lot.sequence: lot.remaining for lot in lots} == left


@given(lots=lots, amount=st.integers(0, 60), oldest_first=st.booleans())
def test_what_is_taken_is_what_is_gone(lots: list[LotState], amount: int, oldest_first: bool) -> None:
    before = deepcopy(lots)
    takes = burn(lots, amount, oldest_first=oldest_first)
    held = sum(lot.remaining for lot in before)
    assert sum(take.amount for take in takes) == min(amount, held) == held - sum(lot.remaining for lot in lots)
    assert all(take.amount > 0 for take in takes)
    assert len({take.credit_sequence for take in takes}) == len(takes)
    assert all(lot.remaining >= 0 for lot in lots)


def test_soonest_expiry_first_then_oldest_then_what_never_expires() -> None:
    lots = [LotState(1, 5, 5, None), LotState(2, 5, 5, LATER), LotState(3, 5, 5, START), LotState(4, 5, 5, START)]
    assert burn(lots, 17, oldest_first=False) == [Take(3, 5), Take(4, 5), Take(2, 5), Take(1, 2)]


def test_oldest_credit_first_whatever_expires_when() -> None:
    lots = [LotState(4, 5, 5, START), LotState(2, 5, 5, LATER), LotState(1, 5, 5, None)]
    assert burn(lots, 11, oldest_first=True) == [Take(1, 5), Take(2, 5), Take(4, 1)]


def test_a_lot_is_due_from_the_very_instant_on() -> None:
    lot = LotState(1, 5, 5, START)
    assert [lot.is_due(START + timedelta(microseconds=shift)) for shift in (-1, 0, 1)] == [False, True, True]
    assert not LotState(1, 5, 5, None).is_due(datetime.max.replace(tzinfo=UTC))


def comes_before(lot: LotState, other: LotState, *, oldest_first: bool) -> bool:
    if not oldest_first and lot.expires_at != other.expires_at:
        return other.expires_at is None or (lot.expires_at is not None and lot.expires_at < other.expires_at)
    return lot.sequence < other.sequence
