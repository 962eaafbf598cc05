"""When points expire, by policy: on the wall clock of the tenant's time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamify.ledger.expiry import ExpiryRule

CLOCK_CHANGES = [
    # Europe/Vienna moves its clock on 2026-03-29, 02:00 → 03:00, and on 2026-10-25, 03:00 → 02:00.
    pytest.param("Europe/Vienna", "2026-03-28T11:00Z", "2026-03-29T10:00Z", id="a-day-of-23-hours"),
    pytest.param("Europe/Vienna", "2026-10-24T10:00Z", "2026-10-25T11:00Z", id="a-day-of-25-hours"),
    pytest.param("Europe/Vienna", "2026-03-28T01:30Z", "2026-03-29T01:30Z", id="half-past-two-does-not-exist"),
    pytest.param("Europe/Vienna", "2026-10-24T00:30Z", "2026-10-25T00:30Z", id="the-first-half-past-two-of-two"),
    pytest.param("Europe/Vienna", "2026-10-25T00:30Z", "2026-10-26T01:30Z", id="from-the-first-of-two"),
    pytest.param("Europe/Vienna", "2026-10-25T01:30Z", "2026-10-26T01:30Z", id="from-the-second-of-two"),
    pytest.param("America/New_York", "2026-03-07T17:00Z", "2026-03-08T16:00Z", id="new-york-in-spring"),
    pytest.param("America/New_York", "2026-10-31T16:00Z", "2026-11-01T17:00Z", id="new-york-in-autumn"),
    pytest.param("America/Havana", "2026-03-07T05:00Z", "2026-03-08T05:00Z", id="midnight-does-not-exist"),
    pytest.param("Australia/Lord_Howe", "2026-04-04T01:00Z", "2026-04-05T01:30Z", id="half-an-hour"),
    pytest.param("Pacific/Apia", "2011-12-29T22:00Z", "2011-12-30T22:00Z", id="a-day-that-was-left-out"),
    pytest.param("Asia/Kathmandu", "2026-03-28T11:00Z", "2026-03-29T11:00Z", id="no-change"),
]


@pytest.mark.parametrize(("policy", "method"), [("days", "of_credit"), ("inactivity", "of_rest")])
@pytest.mark.parametrize(("zone", "now", "expected"), CLOCK_CHANGES)
def test_a_day_later_is_the_same_time_on_the_wall(policy: str, method: str, zone: str, now: str, expected: str) -> None:
    rule = ExpiryRule(policy, 1, zone)
    assert getattr(rule, method)(moment(now)) == moment(expected)


@pytest.mark.parametrize(
    ("now", "days", "expected"),
    [
        ("2026-01-01T10:15:30.000001Z", 30, "2026-01-31T10:15:30.000001Z"),
        ("2028-02-28T00:00Z", 1, "2028-02-29T00:00Z"),
        ("2028-02-29T00:00Z", 365, "2029-02-28T00:00Z"),
        # Half a year later the clock shows another offset, and the same time.
        ("2026-01-01T11:00Z", 181, "2026-07-01T10:00Z"),
        ("2026-01-01T11:00Z", 36_500, "2125-12-08T11:00Z"),
    ],
)
def test_days_are_counted_on_the_calendar(now: str, days: int, expected: str) -> None:
    assert ExpiryRule("days", days, "Europe/Vienna").of_credit(moment(now)) == moment(expected)


@pytest.mark.parametrize(
    ("now", "after"),
    [
        ("2026-01-01", ["2026-02-01", "2026-03-01", "2027-03-01"]),
        ("2026-01-31", ["2026-02-01", "2026-03-01", "2027-03-01"]),
        ("2026-02-28", ["2026-03-01", "2026-04-01", "2027-04-01"]),
        ("2027-12-31", ["2028-01-01", "2028-02-01", "2029-02-01"]),
        ("2028-01-31", ["2028-02-01", "2028-03-01", "2029-03-01"]),
        ("2028-02-29", ["2028-03-01", "2028-04-01", "2029-04-01"]),
        ("2026-03-31", ["2026-04-01", "2026-05-01", "2027-05-01"]),
        ("2026-04-30", ["2026-05-01", "2026-06-01", "2027-06-01"]),
        ("2026-11-30", ["2026-12-01", "2027-01-01", "2028-01-01"]),
        ("2026-12-31", ["2027-01-01", "2027-02-01", "2028-02-01"]),
    ],
)
@pytest.mark.parametrize("time", ["00:00:00.000000", "23:59:59.999999"])
def test_end_of_month_is_the_first_moment_after_it(now: str, after: list[str], time: str) -> None:
    found = [ExpiryRule("end_of_month", n).of_credit(moment(f"{now}T{time}Z")) for n in (0, 1, 13)]
    assert found == [moment(f"{day}T00:00Z") for day in after]


@pytest.mark.parametrize(
    ("now", "years", "expected"),
    [
        ("2026-01-01T00:00Z", 0, "2027-01-01"),
        ("2026-12-31T23:59:59.999999Z", 0, "2027-01-01"),
        ("2028-02-29T12:00Z", 1, "2030-01-01"),
        ("2026-07-01T12:00Z", 10, "2037-01-01"),
    ],
)
def test_end_of_year_is_the_first_moment_after_it(now: str, years: int, expected: str) -> None:
    assert ExpiryRule("end_of_year", years).of_credit(moment(now)) == moment(f"{expected}T00:00Z")


@pytest.mark.parametrize(
    ("policy", "zone", "now", "expected"),
    [
        # Fourteen hours ahead of UTC, and eleven behind.
        ("end_of_month", "Pacific/Kiritimati", "2026-01-31T09:59:59.999999Z", "2026-01-31T10:00Z"),
        ("end_of_month", "Pacific/Kiritimati", "2026-01-31T10:00Z", "2026-02-28T10:00Z"),
        ("end_of_month", "Pacific/Pago_Pago", "2026-02-01T10:59:59.999999Z", "2026-02-01T11:00Z"),
        ("end_of_month", "Pacific/Pago_Pago", "2026-02-01T11:00Z", "2026-03-01T11:00Z"),
        ("end_of_year", "Pacific/Kiritimati", "2025-12-31T09:59:59.999999Z", "2025-12-31T10:00Z"),
        ("end_of_year", "Pacific/Kiritimati", "2025-12-31T10:00Z", "2026-12-31T10:00Z"),
        ("end_of_year", "Pacific/Pago_Pago", "2026-01-01T10:59:59.999999Z", "2026-01-01T11:00Z"),
        ("end_of_year", "Pacific/Pago_Pago", "2026-01-01T11:00Z", "2027-01-01T11:00Z"),
        # The clock changes between the award and the end of its month.
        ("end_of_month", "Europe/Vienna", "2026-03-01T00:00Z", "2026-03-31T22:00Z"),
        ("end_of_month", "Europe/Vienna", "2026-10-01T00:00Z", "2026-10-31T23:00Z"),
        # The month begins twice: its midnight is repeated an hour later.
        ("end_of_month", "America/Havana", "2026-10-15T00:00Z", "2026-11-01T04:00Z"),
        # It begins at one o'clock: there was no midnight.
        ("end_of_month", "America/Asuncion", "2017-09-15T00:00Z", "2017-10-01T04:00Z"),
    ],
)
def test_months_and_years_end_in_the_tenants_time_zone(policy: str, zone: str, now: str, expected: str) -> None:
    assert ExpiryRule(policy, 0, zone).of_credit(moment(now)) == moment(expected)


@pytest.mark.parametrize(("policy", "credit", "rest"), [("none", False, False), ("inactivity", False, True)])
def test_which_policies_let_what_expire(policy: str, credit: bool, rest: bool) -> None:
    rule, now = ExpiryRule(policy, 1), moment("2026-01-01T00:00Z")
    assert (rule.of_credit(now) is not None, rule.of_rest(now) is not None) == (credit, rest)


@pytest.mark.parametrize("policy", ["days", "end_of_month", "end_of_year"])
def test_what_expires_credit_by_credit_does_not_expire_with_the_rest(policy: str) -> None:
    assert ExpiryRule(policy, 1).of_rest(moment("2026-01-01T00:00Z")) is None


moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
# The first look at a zone reads a file.
patient = settings(deadline=None)
zones = st.sampled_from(sorted(available_timezones()))


@patient
@given(now=moments, zone=zones, periods=st.integers(0, 2000), policy=st.sampled_from(["end_of_month", "end_of_year"]))
def test_ends_of_periods_are_after_now(now: datetime, zone: str, periods: int, policy: str) -> None:
    expires_at = ExpiryRule(policy, periods, zone).of_credit(now)
    assert expires_at
    assert expires_at > now


@patient
@given(now=moments, zone=zones, days=st.integers(1, 36_500))
def test_days_later_is_after_now_and_on_that_date(now: datetime, zone: str, days: int) -> None:
    expires_at = ExpiryRule("days", days, zone).of_credit(now)
    assert expires_at
    assert expires_at > now
    assert expires_at == ExpiryRule("inactivity", days, zone).of_rest(now)
    here = ZoneInfo(zone)
    # A date that a zone left out when it crossed the date line is the one after.
    late = expires_at.astimezone(here).date() - (now.astimezone(here).date() + timedelta(days=days))
    assert late in (timedelta(0), timedelta(days=1))


@patient
@given(now=moments, zone=zones, months=st.integers(0, 1200))
def test_month_ends_where_the_next_date_begins(now: datetime, zone: str, months: int) -> None:
    expires_at = ExpiryRule("end_of_month", months, zone).of_credit(now)
    assert expires_at
    start, last, first = (
        instant.astimezone(ZoneInfo(zone)).date() for instant in (now, expires_at - timedelta.resolution, expires_at)
    )
    assert first.day == 1
    assert month_number(first) - 1 == month_number(last) == month_number(start) + months


@patient
@given(now=moments, zone=zones, years=st.integers(0, 100))
def test_year_ends_where_the_next_date_begins(now: datetime, zone: str, years: int) -> None:
    expires_at = ExpiryRule("end_of_year", years, zone).of_credit(now)
    assert expires_at
    start, last, first = (
        instant.astimezone(ZoneInfo(zone)).date() for instant in (now, expires_at - timedelta.resolution, expires_at)
    )
    assert (first.month, first.day) == (1, 1)
    assert first.year - 1 == last.year == start.year + years


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def month_number(day: date) -> int:
    return day.year * 12 + day.month
