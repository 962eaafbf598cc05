"""`GET /users/{id}/points/{key}/event-summary`: points by day, week or month."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, refused
from tests.programmes import award, deduct

Steps = list[tuple[str, int, int]]


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def steps(client: Client, freeze: Callable[[datetime], None]) -> Callable[..., Steps]:
    def steps(aggregation: str, first: str, last: str) -> Steps:
        freeze(at(6, 1))
        query = f"aggregation={aggregation}&startDate={first}&endDate={last}"
        response = client.call("GET", f"/users/u/points/points/event-summary?{query}")
        assert response.status_code == 200, response.content
        return [(step["date"], step["total"], step["change"]) for step in response.json()]

    return steps


@pytest.fixture(autouse=True)
def history(shop: Tenant) -> None:
    award(shop, "u", 100, now=at(1, 31))
    award(shop, "u", 10, now=at(3, 2))
    award(shop, "u", 5, now=at(3, 2, 23))
    deduct(shop, "u", 3, now=at(3, 4))
    award(shop, "u", 20, now=at(4, 1, 0))


def test_every_day_also_those_without_any(steps: Any) -> None:
    assert steps("daily", "2026-03-01", "2026-03-05") == [
        ("2026-03-01", 100, 0),
        ("2026-03-02", 115, 15),
        ("2026-03-03", 115, 0),
        ("2026-03-04", 112, -3),
        ("2026-03-05", 112, 0),
    ]


def test_weeks_begin_on_monday(steps: Any) -> None:
    assert steps("weekly", "2026-03-01", "2026-03-09") == [
        ("2026-02-23", 100, 0),
        ("2026-03-02", 112, 12),
        ("2026-03-09", 112, 0),
    ]


def test_months(steps: Any) -> None:
    assert steps("monthly", "2026-01-01", "2026-04-30") == [
        ("2026-01-01", 100, 100),
        ("2026-02-01", 100, 0),
        ("2026-03-01", 112, 12),
        ("2026-04-01", 132, 20),
    ]


def test_only_what_is_between_the_two_days_counts(steps: Any) -> None:
    assert steps("monthly", "2026-03-03", "2026-03-31") == [("2026-03-01", 112, -3)]


def test_days_are_the_user_s(steps: Any, client: Client) -> None:
    client.call("PUT", "/users/u", {"tz": "Europe/Vienna"})
    assert steps("daily", "2026-03-02", "2026-03-03") == [("2026-03-02", 110, 10), ("2026-03-03", 115, 5)]
    # Summer time since March 29.
    assert steps("daily", "2026-04-01", "2026-04-01") == [("2026-04-01", 132, 20)]
    client.call("PUT", "/users/u", {"tz": "America/New_York"})
    assert steps("daily", "2026-03-31", "2026-04-01") == [("2026-03-31", 132, 20), ("2026-04-01", 132, 0)]


@pytest.mark.parametrize("zone", ["CET", "MET"])
def test_zones_that_postgresql_takes_for_abbreviations_have_summer_time(
    steps: Any, client: Client, shop: Tenant, zone: str
) -> None:
    client.call("PUT", "/users/u", {"tz": zone})
    # Half past midnight, in summer.
    award(shop, "u", 1, now=datetime(2026, 5, 9, 22, 30, tzinfo=UTC))
    assert steps("daily", "2026-05-09", "2026-05-10") == [("2026-05-09", 132, 0), ("2026-05-10", 133, 1)]
    assert steps("daily", "2026-05-10", "2026-05-10") == [("2026-05-10", 133, 1)]


def test_what_is_due_counts_as_expired_swept_or_not(steps: Any, shop: Tenant) -> None:
    award(shop, "u", 50, now=at(4, 2), expires_at=at(4, 4))
    award(shop, "u", 7, now=at(4, 2), expires_at=at(4, 2, 20))
    expected = [("2026-04-03", 182, 0), ("2026-04-04", 132, -50)]
    assert steps("daily", "2026-04-03", "2026-04-04") == expected
    assert steps("weekly", "2026-04-03", "2026-04-05") == [("2026-03-30", 132, -50)]
    award(shop, "u", 1, now=at(5, 1))
    assert steps("daily", "2026-04-03", "2026-04-04") == expected


def test_before_anything_happened(steps: Any) -> None:
    assert steps("daily", "2025-12-31", "2025-12-31") == [("2025-12-31", 0, 0)]
    assert steps("monthly", "1900-01-01", "1900-01-01") == [("1900-01-01", 0, 0)]


def test_four_hundred_days_and_no_more(steps: Any, client: Client) -> None:
    first = date(2025, 1, 1)
    last = first + timedelta(days=400)
    assert len(steps("daily", first.isoformat(), last.isoformat())) == 401
    query = f"aggregation=daily&startDate={first}&endDate={last + timedelta(days=1)}"
    refused(lambda: client.call("GET", f"/users/u/points/points/event-summary?{query}"), 422, "400")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("startDate=2026-01-01&endDate=2026-01-01", "aggregation"),
        ("aggregation=hourly&startDate=2026-01-01&endDate=2026-01-01", "aggregation"),
        ("aggregation=daily&endDate=2026-01-01", "startDate"),
        ("aggregation=daily&startDate=2026-01-01", "endDate"),
        ("aggregation=daily&startDate=2026-02-30&endDate=2026-03-01", "startDate"),
        ("aggregation=daily&startDate=01.01.2026&endDate=2026-03-01", "startDate"),
        ("aggregation=daily&startDate=2026-01-02&endDate=2026-01-01", "endDate"),
        ("aggregation=daily&startDate=2999-12-31&endDate=3000-01-01", "endDate"),
        ("aggregation=daily&startDate=1899-12-31&endDate=1900-01-01", "startDate"),
    ],
)
def test_refusals(client: Client, query: str, word: str) -> None:
    refused(lambda: client.call("GET", f"/users/u/points/points/event-summary?{query}"), 422, word)


def test_nobody_is_not_found(client: Client) -> None:
    query = "aggregation=daily&startDate=2026-01-01&endDate=2026-01-01"
    refused(lambda: client.call("GET", f"/users/nobody/points/points/event-summary?{query}"), 404)
    refused(lambda: client.call("GET", f"/users/u/points/no-such/event-summary?{query}"), 404)
