"""Boosts and awards of any dialect: whose day decides, what is explained, what it costs."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gamify.errors import InvalidInput, PointsCapReached
from gamify.models import Entry, Operation, Participant, PointsSystem, RewardRule
from gamify.queries import programme
from gamify.services import boosts, definitions, participants, points, programme_file, rewards
from gamify.services.boosts import NewBoost
from gamify.services.participants import Identify
from gamify.services.points import Award
from gamify.services.rewards import RewardEvent, reference_key
from tenants.models import Tenant
from tests.factories import TenantFactory, ref
from tests.ledger.test_statements import statements_of
from tests.programmes import award, make_tier

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = date(2026, 3, 10)


def give(shop: Tenant, user: str | None, multiplier: str = "2", **fields: Any) -> None:
    shop.refresh_from_db()
    system = programme.of(ref(shop)).default_system
    terms: dict[str, Any] = {"name": "B", "start": DAY, "end": None, "multiplier": Decimal(multiplier), **fields}
    [made] = boosts.create(tenant=ref(shop), system_id=system.id, items=[NewBoost(participant=user, **terms)], now=NOON)
    assert isinstance(made, boosts.Made)
    shop.refresh_from_db()


def live_in(shop: Tenant, user: str, zone: str) -> None:
    participants.identify(tenant=ref(shop), item=Identify(user, {"time_zone": zone}), now=NOON)


def amount(shop: Tenant, user: str, moment: str, base: int = 10) -> int:
    return award(shop, user, base, now=datetime.fromisoformat(moment).replace(tzinfo=UTC)).amount


@pytest.mark.parametrize("user", ["own", None], ids=["personal", "global"])
class TestDays:
    """One that is on during March 10, in whatever zone."""

    @pytest.fixture(autouse=True)
    def boost(self, shop: Tenant, user: str | None) -> None:
        give(shop, user, end=DAY)

    @pytest.mark.parametrize(
        ("zone", "first", "last"),
        [
            (None, "2026-03-10T00:00", "2026-03-10T23:59"),
            ("Asia/Tokyo", "2026-03-09T15:00", "2026-03-10T14:59"),
            ("Pacific/Kiritimati", "2026-03-09T10:00", "2026-03-10T09:59"),
            ("America/Los_Angeles", "2026-03-10T07:00", "2026-03-11T06:59"),
            ("Etc/GMT+12", "2026-03-10T12:00", "2026-03-11T11:59"),
        ],
    )
    def test_are_the_participant_s(self, shop: Tenant, zone: str | None, first: str, last: str) -> None:
        if zone:
            live_in(shop, "own", zone)
        minute = timedelta(minutes=1)
        moments = [
            (datetime.fromisoformat(first) - minute).isoformat(),
            first,
            last,
            (datetime.fromisoformat(last) + minute).isoformat(),
        ]
        assert [amount(shop, "own", moment) for moment in moments] == [10, 20, 20, 10]


def test_summer_time_ends_and_the_day_is_longer(shop: Tenant) -> None:
    give(shop, None, start=date(2026, 10, 25), end=date(2026, 10, 25))
    live_in(shop, "u", "Europe/Vienna")
    moments = ("2026-10-24T21:59", "2026-10-24T22:00", "2026-10-25T22:59", "2026-10-25T23:00")
    assert [amount(shop, "u", moment) for moment in moments] == [10, 20, 20, 10]


def test_tier_and_boosts_are_multiplied_together_and_explained(shop: Tenant) -> None:
    make_tier(shop, "gold", 1, 0, point_multiplier="1.5")
    award(shop, "u", 1, now=NOON - timedelta(days=30))
    give(shop, "u", "1.1", rounding="up")
    give(shop, None, "3", rounding="nearest")
    outcome = award(shop, "u", 7, now=NOON)
    assert outcome.amount == 35  # 7 * 1.5 * 1.1 * 3 = 34.65
    entry = Entry.objects.get(id=outcome.transaction_id)
    explanation = json.loads(entry.explanation or "")
    ids = [boost.pop("id") for boost in explanation["boosts"]]
    assert len(set(ids)) == 2
    assert explanation == {
        "base": 7,
        "tier": "gold",
        "multiplier": "1.5000",
        "boosts": [{"multiplier": "3.000000"}, {"multiplier": "1.100000"}],
        "rounding": "nearest",
    }


def test_cap_cuts_what_was_boosted(shop: Tenant) -> None:
    programme_file.apply(shop, {"points_systems": [{"key": "points", "name": "Points", "max_points": 15}]})
    give(shop, "u")
    assert award(shop, "u", 10, now=NOON).amount == 15
    refused = points.award(tenant=ref(shop), item=Award("u", 10), now=NOON)
    assert isinstance(refused.error, PointsCapReached)


def test_boost_that_leaves_nothing_of_an_award_refuses_it(shop: Tenant) -> None:
    give(shop, "u", "0.1")
    refused = points.award(tenant=ref(shop), item=Award("u", 9), now=NOON)
    assert isinstance(refused.error, InvalidInput)
    assert not Entry.objects.exists()
    assert award(shop, "u", 10, now=NOON).amount == 1


def test_boost_that_leaves_nothing_of_a_reward_refuses_it(shop: Tenant) -> None:
    definitions.save_reward_rule(RewardRule(tenant_id=shop.id, event_type="signup", points=1))
    give(shop, "u", "0.5")
    event = RewardEvent("u", "signup", key=reference_key("signup", "r"))
    assert isinstance(rewards.award(tenant=ref(shop), item=event, now=NOON).error, InvalidInput)
    assert not Entry.objects.exists()
    assert not Operation.objects.exists()
    # Nor is it a cap that is to blame, as long as that is not reached.
    definitions.change(PointsSystem.objects.get(tenant=shop), {"max_points": 10}, save=definitions.save_points_system)
    shop.refresh_from_db()
    assert isinstance(rewards.award(tenant=ref(shop), item=event, now=NOON).error, InvalidInput)


def test_boosts_of_others_and_those_that_are_over_do_nothing(shop: Tenant) -> None:
    give(shop, "other")
    give(shop, "u", start=DAY - timedelta(days=9), end=DAY - timedelta(days=3))
    assert award(shop, "u", 10, now=NOON).amount == 10


def test_participant_row_says_until_when_it_has_boosts(shop: Tenant) -> None:
    give(shop, "u", end=DAY)
    give(shop, "u", end=DAY - timedelta(days=1), start=DAY - timedelta(days=1))
    assert Participant.objects.get().boosted_until == DAY
    give(shop, "u")
    assert Participant.objects.get().boosted_until == date.max


@pytest.mark.django_db(transaction=True)
class TestCost:
    @pytest.fixture
    def shop(self, transactional_db: None) -> Tenant:
        return TenantFactory.create(participant_write_rate="999999999/d")

    def cost(self, shop: Tenant, user: str, now: datetime = NOON) -> list[str]:
        award(shop, user, 10, now=now)
        return statements_of(lambda: award(shop, user, 10, now=now))

    def test_who_has_none_pays_nothing_for_those_who_do(self, shop: Tenant) -> None:
        before = self.cost(shop, "u")
        give(shop, "other")
        give(shop, None, start=DAY - timedelta(days=9))
        assert self.cost(shop, "u") == before

    def test_who_has_some_pays_two_statements(self, shop: Tenant) -> None:
        before = self.cost(shop, "u")
        give(shop, "u")
        after = self.cost(shop, "u")
        assert sorted(after) == sorted([*before, "SELECT participantboost", "SELECT profile"])

    def test_and_none_once_they_are_over(self, shop: Tenant) -> None:
        give(shop, "u", end=DAY)
        later = NOON + timedelta(days=2)
        assert "SELECT participantboost" not in self.cost(shop, "u", later)

    def test_zones_are_read_on_the_first_and_last_days_only(self, shop: Tenant) -> None:
        give(shop, None, end=DAY + timedelta(days=9))
        days = [
            offset for offset in range(-3, 13) if "SELECT profile" in self.cost(shop, "u", NOON + timedelta(offset))
        ]
        # At noon in UTC it is the next day somewhere, and nowhere the one before.
        assert days == [-1, 9]
