"""Rates and the fixed windows counted against them."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.rates import Rate, Window, parse_rate

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)

limits = st.integers(1, 5)
sizes = st.sampled_from([1, 7, 60])
# Few seconds around one moment: many calls a window, and windows that begin and end between calls.
moments = st.lists(st.integers(0, 200_000_000).map(lambda us: NOON + timedelta(microseconds=us)), max_size=60)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("120/m", Rate(120, 60)),
        ("5/10s", Rate(5, 10)),
        ("1000/12h", Rate(1000, 43_200)),
        ("1/d", Rate(1, 86_400)),
        ("999999999/9999d", Rate(999_999_999, 9999 * 86_400)),
    ],
)
def test_a_rate_is_a_number_a_slash_and_a_window(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@given(limit=st.integers(1, 999_999_999), count=st.integers(1, 9999), unit=st.sampled_from(sorted(SECONDS)))
def test_what_is_written_is_what_is_read(limit: int, count: int, unit: str) -> None:
    assert parse_rate(f"{limit}/{count}{unit}") == Rate(limit, count * SECONDS[unit])


@pytest.mark.parametrize(
    "text",
    [
        *("", "120", "120/", "/m", "m", "120/60", "1//m", "1/m,2/s"),
        *("0/m", "01/m", "-1/m", "+1/m", "1.5/m", "1e3/m", "1000000000/m", "١/m"),
        *("1/0s", "1/01s", "1/10000s", "1/w", "1/M", "1/min"),
        *("1 /m", " 1/m", "1/m ", "1/m\n"),
    ],
)
def test_anything_else_is_refused_with_a_sentence_that_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a rate\. Write a number, a slash and a window: 120/m") as refused:
        parse_rate(text)
    assert repr(text) in str(refused.value)


@given(limit=limits, size=sizes, calls=moments)
def test_exactly_the_limit_is_granted_in_each_window(limit: int, size: int, calls: list[datetime]) -> None:
    calls.sort()
    granted = Counter(window_number(at, size) for at in granted_of(Rate(limit, size), calls))
    asked = Counter(window_number(at, size) for at in calls)
    assert granted == {number: min(limit, times) for number, times in asked.items()}


@given(limit=limits, size=sizes, calls=moments)
def test_a_clock_that_steps_back_gives_no_second_allowance(limit: int, size: int, calls: list[datetime]) -> None:
    # As many as a clock would be given that never stepped back, but stood still until it was overtaken.
    steady = [max(calls[: place + 1]) for place in range(len(calls))]
    assert len(granted_of(Rate(limit, size), calls)) == len(granted_of(Rate(limit, size), steady))
    windows = {window_number(at, size) for at in calls}
    assert len(granted_of(Rate(limit, size), calls)) <= limit * len(windows)


@given(limit=limits, size=sizes, calls=moments)
def test_what_is_said_of_a_window_is_true(limit: int, size: int, calls: list[datetime]) -> None:
    rate = Rate(limit, size)
    started_at, used = None, 0
    for now in sorted(calls):
        window = Window.at(rate, now, started_at=started_at, used=used)
        assert 0 <= window.remaining <= limit
        assert window.started_at <= now < window.resets_at
        assert window.resets_at - window.started_at == timedelta(seconds=size)
        assert int(window.started_at.timestamp()) % size == 0
        # Whoever waits that long, and no less, is in the next window.
        left = window.seconds_left(now)
        assert now + timedelta(seconds=left) >= window.resets_at
        assert left == 1 or now + timedelta(seconds=left - 1) < window.resets_at
        if window.remaining:
            window = window.one_more()
        started_at, used = window.started_at, window.used


def test_a_limit_that_was_lowered_leaves_nothing_of_the_window() -> None:
    window = Window.at(Rate(2, 60), NOON, started_at=NOON, used=100)
    assert window.remaining == 0
    assert window.seconds_left(NOON) == 60


@given(old=sizes, new=sizes, used=st.integers(0, 5))
def test_a_changed_window_never_takes_longer_than_itself_to_end(old: int, new: int, used: int) -> None:
    before = Window.at(Rate(5, old), NOON, started_at=None, used=0)
    now = NOON + timedelta(seconds=3)
    after = Window.at(Rate(5, new), now, started_at=before.started_at, used=used)
    assert now < after.resets_at <= now + timedelta(seconds=new)


def granted_of(rate: Rate, calls: list[datetime]) -> list[datetime]:
    """The calls that are let through, one after the other, the window being kept as the participant's row keeps it."""
    started_at, used, granted = None, 0, []
    for now in calls:
        window = Window.at(rate, now, started_at=started_at, used=used)
        if window.remaining:
            window = window.one_more()
            started_at, used = window.started_at, window.used
            granted.append(now)
    return granted


def window_number(now: datetime, size: int) -> int:
    return int(now.timestamp()) // size
