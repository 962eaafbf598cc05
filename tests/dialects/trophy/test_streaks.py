"""`currentStreak` of a metric event: days, weeks and months in a row, by the user's calendar."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gamify.models import Streak
from tenants.models import Tenant
from tests.dialects.trophy.helpers import Client, apply, xp

Event = Callable[..., Any]


@pytest.fixture
def event(client: Client, shop: Tenant, freeze: Callable[[datetime], None]) -> Event:
    """An event of a moment, and the streak in its answer."""
    apply(
        shop,
        metrics=[
            {"key": "monthly", "name": "Monthly", "streak_frequency": "monthly"},
            {"key": "words-written", "name": "Words written"},
            {"key": "lessons", "name": "Lessons", "streak_frequency": "weekly"},
            {"key": "visits", "name": "Visits", "streak_frequency": None},
        ],
    )

    def event(moment: str, metric: str = "words-written", value: float = 1, **fields: Any) -> Any:
        freeze(datetime.fromisoformat(moment).replace(tzinfo=UTC))
        response = client.event("u", value, metric, **fields)
        assert response.status_code == 201, response.content
        return response.json()["currentStreak"]

    return event


def test_a_first_event_begins_one(event: Event) -> None:
    assert event("2026-03-04T12:00") == {
        "length": 1,
        "frequency": "daily",
        "extended": True,
        "started": "2026-03-04",
        "periodStart": "2026-03-04",
        "periodEnd": "2026-03-04",
        "expires": "2026-03-05",
    }


def test_every_day_makes_it_longer_once(event: Event) -> None:
    moments = ("2026-02-27T23:59", "2026-02-28T00:00", "2026-02-28T23:59", "2026-03-01T00:00")
    streaks = [event(moment) for moment in moments]
    assert [(each["length"], each["extended"]) for each in streaks] == [(1, True), (2, True), (2, False), (3, True)]
    assert {each["started"] for each in streaks} == {"2026-02-27"}


def test_a_day_left_out_ends_it(event: Event) -> None:
    event("2026-03-01T12:00")
    event("2026-03-02T12:00")
    streak = event("2026-03-04T12:00")
    assert (streak["length"], streak["extended"], streak["started"]) == (1, True, "2026-03-04")


def test_weeks_are_from_monday_to_sunday(event: Event) -> None:
    # The example of the hosted system's own documentation: a Wednesday.
    assert event("2025-04-02T12:00", "lessons") == {
        "length": 1,
        "frequency": "weekly",
        "extended": True,
        "started": "2025-04-02",
        "periodStart": "2025-03-31",
        "periodEnd": "2025-04-06",
        "expires": "2025-04-13",
    }
    lengths = [event(f"2025-04-{day}T12:00", "lessons")["length"] for day in ("06", "07", "13", "20", "21")]
    assert lengths == [1, 2, 2, 3, 4]
    assert event("2025-05-12T12:00", "lessons")["length"] == 1


def test_months(event: Event) -> None:
    days = ("2025-12-31", "2026-01-01", "2026-02-28", "2026-04-01")
    streaks = [event(f"{day}T12:00", "monthly") for day in days]
    assert [each["length"] for each in streaks] == [1, 2, 3, 1]
    assert (streaks[2]["periodStart"], streaks[2]["periodEnd"]) == ("2026-02-01", "2026-02-28")
    assert streaks[2]["expires"] == "2026-03-31"


def test_each_frequency_has_its_own_and_all_metrics_of_it_share_one(event: Event, shop: Tenant) -> None:
    apply(shop, metrics=[{"key": "other", "name": "Other"}])
    assert event("2026-03-01T12:00")["length"] == 1
    assert event("2026-03-02T12:00", "other")["length"] == 2
    assert event("2026-03-02T12:00", "lessons")["length"] == 1
    assert event("2026-03-02T12:00")["extended"] is False
    assert dict(Streak.objects.values_list("frequency", "length")) == {"daily": 2, "weekly": 1}


def test_metric_without_one_shows_the_daily_one_as_it_stands(event: Event) -> None:
    nothing = event("2026-03-01T12:00", "visits")
    assert (nothing["length"], nothing["frequency"], nothing["extended"]) == (0, "daily", False)
    assert (nothing["started"], nothing["expires"]) == (None, None)
    assert (nothing["periodStart"], nothing["periodEnd"]) == ("2026-03-01", "2026-03-01")
    event("2026-03-01T12:00")
    assert event("2026-03-02T12:00", "visits")["length"] == 1
    assert event("2026-03-03T12:00", "visits")["length"] == 0


@pytest.mark.parametrize("value", [0, -1])
def test_event_that_adds_nothing_does_not_extend_it(event: Event, value: float) -> None:
    assert event("2026-03-01T12:00", value=value)["length"] == 0
    event("2026-03-01T12:00")
    streak = event("2026-03-02T12:00", value=value)
    assert (streak["length"], streak["extended"], streak["expires"]) == (1, False, "2026-03-02")


class TestZones:
    def test_days_are_the_user_s(self, event: Event) -> None:
        tokyo = {"about": {"tz": "Asia/Tokyo"}}
        assert event("2026-03-01T14:59", **tokyo)["started"] == "2026-03-01"
        assert event("2026-03-01T15:00")["length"] == 2

    def test_without_one_they_are_those_of_utc(self, event: Event, shop: Tenant) -> None:
        shop.time_zone = "Asia/Tokyo"
        shop.save()
        assert event("2026-03-01T15:00")["started"] == "2026-03-01"

    def test_summer_time_neither_loses_nor_gains_a_day(self, event: Event) -> None:
        event("2026-03-28T22:30", about={"tz": "Europe/Vienna"})
        moments = ("2026-03-28T23:30", "2026-03-29T21:59", "2026-03-29T22:00", "2026-03-30T22:00")
        assert [event(moment)["length"] for moment in moments] == [2, 2, 3, 4]

    def test_travelling_west_is_not_punished(self, event: Event) -> None:
        assert event("2026-03-01T23:00", about={"tz": "Pacific/Auckland"})["started"] == "2026-03-02"
        streak = event("2026-03-01T23:30", about={"tz": "America/Los_Angeles"})
        assert (streak["length"], streak["extended"]) == (1, False)
        assert [event(f"2026-03-0{day}T23:30")["length"] for day in (2, 3)] == [1, 2]


class TestTriggers:
    @pytest.fixture(autouse=True)
    def programme(self, shop: Tenant) -> None:
        apply(
            shop,
            triggers=[
                xp(type="streak", streak_length=1, points=1),
                xp(type="streak", streak_length=3, points=100),
                xp(type="streak", streak_length=2, streak_frequency="weekly", points=1000),
            ],
        )

    def test_pay_when_the_length_is_reached_and_again_when_another_one_reaches_it(
        self, event: Event, client: Client
    ) -> None:
        totals = []
        for day in (1, 2, 3, 3, 4, 5, 6, 8, 9, 10):
            event(f"2026-03-{day:02}T12:00")
            totals.append(client.total("u"))
        assert totals == [1, 1, 101, 101, 101, 101, 101, 102, 102, 202]

    def test_are_about_one_frequency(self, event: Event, client: Client) -> None:
        for day in ("02", "09", "16"):
            event(f"2026-03-{day}T12:00", "lessons")
        assert client.total("u") == 1000

    def test_award_says_which_it_was(self, event: Event, client: Client) -> None:
        for day in (1, 2, 3):
            event(f"2026-03-0{day}T12:00")
        trigger = client.points("u").json()["awards"][0]["trigger"]
        assert (trigger["type"], trigger["streakLengthThreshold"]) == ("streak", 3)
