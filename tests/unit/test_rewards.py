"""What earns points by itself: the pure parts, against plain statements of what they are to be."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamify.ledger.amounts import AMOUNT_MAX, EARNED_MAX, capped, multiplied
from gamify.rewards.attributes import as_text, is_same, matches
from gamify.rewards.boosts import BoostRule, product, rounding_of
from gamify.rewards.days import day_of, days_on_earth, midnight, period_after, period_of
from gamify.rewards.metrics import added, crossings
from gamify.rewards.streaks import StreakState

DAYS = st.dates(date(1900, 1, 1), date(2999, 1, 1))
MOMENTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONES = st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Honolulu", "Europe/Vienna", "Asia/Kolkata", None])
FREQUENCIES = st.sampled_from(["daily", "weekly", "monthly"])
TOTALS = st.decimals(Decimal(-(10**15)), Decimal(10**15), places=20)
MULTIPLIERS = st.decimals(Decimal("0.000001"), Decimal("99.999999"), places=6)


def rule(start: date, end: date | None = None, multiplier: str = "2", rounding: str = "down") -> BoostRule:
    return BoostRule(uuid4(), uuid4(), "B", start, end, Decimal(multiplier), rounding)


class TestCrossings:
    @given(TOTALS, TOTALS, st.integers(1, 10**9))
    def test_are_the_multiples_between(self, before: Decimal, after: Decimal, threshold: int) -> None:
        first, last = Fraction(before) // threshold, Fraction(after) // threshold
        assert crossings(before, after, threshold) == max(0, last - first)

    @given(st.lists(TOTALS, min_size=1, max_size=20), st.integers(1, 1000))
    def test_in_small_steps_upwards_are_as_many_as_in_one(self, totals: list[Decimal], threshold: int) -> None:
        steps = sorted(totals)
        one_by_one = sum(crossings(*pair, threshold) for pair in pairwise(steps))
        assert one_by_one == crossings(steps[0], steps[-1], threshold)

    @given(st.lists(TOTALS, max_size=20))
    def test_totals_are_exact(self, values: list[Decimal]) -> None:
        total = Decimal(0)
        for value in values:
            total = added(total, value)
        assert Fraction(total) == sum(map(Fraction, values))

    @pytest.mark.parametrize(
        ("wanted", "has", "expected"),
        [
            ({}, {}, True),
            ({}, {"a": "b"}, True),
            ({"a": "b"}, {}, False),
            ({"a": "b"}, {"a": "c"}, False),
            ({"a": "1"}, {"a": 1}, True),
            ({"a": "1"}, {"a": True}, False),
            ({"a": "null"}, {"a": None}, True),
            ({"a": "null"}, {}, False),
        ],
    )
    def test_matches(self, wanted: dict[str, str], has: dict[str, Any], expected: bool) -> None:
        assert matches(wanted, has) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ('"a"', '"a"'),
        (5, "5"),
        (5.0, "5.0"),
        (1e22, "1e+22"),
        (True, "true"),
        (None, "null"),
        ({"b": "ö", "a": [1]}, '{"b": "ö", "a": [1]}'),
    ],
)
def test_attribute_that_is_no_text_is_its_json(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("one", [1, 1.0, True, [1], [True], {"a": 1}, {"a": 1.0}, None, "1"])
def test_attributes_are_the_same_to_the_letter_only(one: Any) -> None:
    others = [1, 1.0, True, [1], [True], {"a": 1}, {"a": 1.0}, None, "1"]
    assert [is_same({"x": one}, {"x": other}) for other in others].count(True) == 1
    assert is_same({"x": one}, {"x": one})


class TestDays:
    @given(MOMENTS, ZONES)
    def test_every_zone_s_day_is_one_of_those_on_earth(self, now: datetime, zone: str | None) -> None:
        assert day_of(now, zone) in days_on_earth(now)
        assert 1 <= len(days_on_earth(now)) <= 3

    @given(MOMENTS, ZONES)
    def test_a_day_begins_at_its_midnight(self, now: datetime, zone: str | None) -> None:
        day = day_of(now, zone)
        assert midnight(day, zone) <= now < midnight(day + timedelta(days=1), zone)

    @given(DAYS, FREQUENCIES)
    def test_periods_follow_each_other_without_gaps(self, day: date, frequency: str) -> None:
        start = period_of(day, frequency)
        following = period_after(start, frequency)
        assert start <= day < following
        assert period_of(following, frequency) == following
        assert period_of(following - timedelta(days=1), frequency) == start

    def test_a_zone_that_is_gone_is_utc(self) -> None:
        now = datetime(2026, 1, 1, 23, tzinfo=UTC)
        assert day_of(now, "Europe/Atlantis") == day_of(now, "../etc/passwd") == date(2026, 1, 1)


class TestStreaks:
    @given(st.sets(st.integers(0, 400), min_size=1), FREQUENCIES)
    def test_length_is_how_many_periods_in_a_row_end_with_the_last(self, numbers: set[int], frequency: str) -> None:
        days = [date(2026, 1, 1) + timedelta(days=number) for number in sorted(numbers)]
        streak = StreakState(frequency)
        for day in days:
            streak = streak.extended(day)
        periods = {period_of(day, frequency) for day in days}
        length, period = 0, max(periods)
        while period in periods:
            length, period = length + 1, period_of(period - timedelta(days=1), frequency)
        assert (streak.length, streak.last_period_on) == (length, max(periods))

    @given(DAYS, FREQUENCIES)
    def test_expires_on_the_last_day_on_which_it_can_be_extended(self, day: date, frequency: str) -> None:
        streak = StreakState(frequency).extended(day)
        expires = streak.bounds(day).expires
        assert expires
        assert (streak.extended(expires).length, streak.extended(expires + timedelta(days=1)).length) == (2, 1)
        assert (streak.on(expires).length, streak.on(expires + timedelta(days=1)).length) == (1, 0)

    @given(DAYS, st.integers(0, 400), FREQUENCIES)
    def test_going_back_in_time_changes_nothing(self, day: date, back: int, frequency: str) -> None:
        streak = StreakState(frequency).extended(day)
        assert streak.extended(day - timedelta(days=back)) == streak


class TestBoosts:
    @given(st.lists(MULTIPLIERS, max_size=30), st.integers(1, 10**9))
    def test_are_multiplied_and_rounded_once(self, multipliers: list[Decimal], amount: int) -> None:
        exact = Fraction(amount)
        for multiplier in multipliers:
            exact *= Fraction(multiplier)
        down, up, nearest = (multiplied(amount, product(multipliers), each) for each in ("down", "up", "nearest"))
        if exact <= AMOUNT_MAX:
            assert down == exact.__floor__()
            assert up == exact.__ceil__()
            assert nearest == (exact + Fraction(1, 2)).__floor__()
        else:
            assert down == up == nearest == AMOUNT_MAX

    def test_a_product_beyond_all_bounds_is_cut(self) -> None:
        endless = product([Decimal("99.999999")] * 1_000)
        assert multiplied(1, endless) == AMOUNT_MAX
        assert multiplied(5, product([Decimal("0.000001")] * 1_000), "down") == 0

    @pytest.mark.parametrize(
        ("roundings", "expected"),
        [
            ([], "down"),
            (["up"], "up"),
            (["up", "nearest"], "nearest"),
            (["nearest", "up", "down"], "down"),
        ],
    )
    def test_the_most_cautious_rounding_holds(self, roundings: list[str], expected: str) -> None:
        assert rounding_of([rule(date(2026, 1, 1), rounding=each) for each in roundings]) == expected

    @given(DAYS, st.integers(0, 10), st.integers(-20, 20))
    def test_are_on_from_the_first_day_to_the_last(self, start: date, length: int, offset: int) -> None:
        boost, day = rule(start, start + timedelta(days=length)), start + timedelta(days=offset)
        assert boost.is_on(day) is (0 <= offset <= length)
        assert boost.status(day) == ("scheduled" if offset < 0 else "finished" if offset > length else "active")

    @given(MOMENTS, st.integers(-3, 3), st.integers(0, 3), ZONES)
    def test_zones_are_asked_for_where_they_matter(
        self, now: datetime, offset: int, length: int, zone: str | None
    ) -> None:
        start = now.date() + timedelta(days=offset)
        boost = rule(start, start + timedelta(days=length))
        if not boost.depends_on_zone(days_on_earth(now)):
            assert boost.is_on(day_of(now, zone)) is boost.is_on(now.date())


class TestCap:
    @given(st.integers(0, AMOUNT_MAX), st.integers(0, 10**12), st.integers(1, 10**12) | st.none())
    def test_nobody_has_more_than_the_most(self, amount: int, balance: int, most: int | None) -> None:
        added = capped(amount, balance=balance, most=most)
        assert 0 <= added <= amount
        assert most is None or added == 0 or balance + added <= most

    def test_nobody_earns_more_than_fits_into_the_ledger(self) -> None:
        assert capped(100, balance=0, most=None, earned=EARNED_MAX - 7) == 7
        assert capped(100, balance=0, most=50, earned=EARNED_MAX) == 0
