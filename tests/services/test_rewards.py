"""Reward rules at certain moments, in certain time zones; and what a reward asks of the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gamify.errors import InvalidInput, RewardCapReached, RewardRuleConflict, RewardRuleNotFound
from gamify.models import RewardCount, RewardRule
from gamify.services import definitions, programme_file, rewards
from gamify.services.participants import Identify, identify
from gamify.services.rewards import RewardEvent, reference_key
from tenants.models import Tenant
from tests.factories import TenantFactory, ref
from tests.ledger.test_statements import statements_of
from tests.programmes import NOW, done


def make_rule(tenant: Tenant, **fields: Any) -> RewardRule:
    fields = {"event_type": "signup", "points": 5, **fields}
    return definitions.save_reward_rule(RewardRule(tenant_id=tenant.id, **fields))


def reward(tenant: Tenant, now: datetime, user: str = "u", **fields: Any) -> Any:
    """The refusal, if there is one."""
    return rewards.award(tenant=ref(tenant), item=RewardEvent(user, "signup", **fields), now=now).error


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


class TestInForce:
    START, END = NOW, NOW + timedelta(days=1)

    @pytest.mark.parametrize(
        ("now", "is_in_force"),
        [
            (START - timedelta(microseconds=1), False),
            (START, True),
            (END - timedelta(microseconds=1), True),
            (END, False),
        ],
    )
    def test_from_its_start_until_before_its_end(self, shop: Tenant, now: datetime, is_in_force: bool) -> None:
        make_rule(shop, starts_at=self.START, ends_at=self.END)
        error = reward(shop, now)
        assert (error is None) == is_in_force
        assert error is None or isinstance(error, RewardRuleNotFound)


# Period, zone, an award, the last moment of its period and the first of the next.
PERIODS = [
    ("day", "UTC", "2026-01-01T00:00Z", "2026-01-01T23:59:59.999999Z", "2026-01-02T00:00Z"),
    ("day", "Europe/Vienna", "2026-01-01T00:00+01:00", "2026-01-01T23:59:59+01:00", "2026-01-02T00:00+01:00"),
    # Days of daylight saving: one of 23 hours, one of 25.
    ("day", "Europe/Vienna", "2026-03-29T00:00+01:00", "2026-03-29T23:59:59+02:00", "2026-03-30T00:00+02:00"),
    ("day", "Europe/Vienna", "2026-10-25T00:00+02:00", "2026-10-25T23:59:59+01:00", "2026-10-26T00:00+01:00"),
    ("day", "Pacific/Kiritimati", "2026-01-01T10:00Z", "2026-01-02T09:59:59Z", "2026-01-02T10:00Z"),
    ("day", "Pacific/Pago_Pago", "2026-01-01T11:00Z", "2026-01-02T10:59:59Z", "2026-01-02T11:00Z"),
    ("week", "UTC", "2026-01-01T12:00Z", "2026-01-04T23:59:59Z", "2026-01-05T00:00Z"),
    ("week", "UTC", "2026-01-05T00:00Z", "2026-01-11T23:59:59Z", "2026-01-12T00:00Z"),
    ("month", "UTC", "2026-01-01T00:00Z", "2026-01-31T23:59:59Z", "2026-02-01T00:00Z"),
    ("month", "UTC", "2026-02-28T00:00Z", "2026-02-28T23:59:59Z", "2026-03-01T00:00Z"),
    ("month", "America/New_York", "2026-12-31T00:00-05:00", "2026-12-31T23:59:59-05:00", "2027-01-01T00:00-05:00"),
]


class TestPeriods:
    @pytest.mark.parametrize(("period", "zone", "first", "last", "following"), PERIODS)
    @pytest.mark.parametrize("whose", ["tenant", "participant"])
    def test_cap_lifts_when_the_period_ends(
        self, shop: Tenant, whose: str, period: str, zone: str, first: str, last: str, following: str
    ) -> None:
        if whose == "tenant":
            Tenant.objects.filter(pk=shop.pk).update(time_zone=zone)
        else:
            done(identify(tenant=ref(shop), item=Identify("u", {"time_zone": zone}), now=at(first)))
        make_rule(shop, cap_count=1, cap_period=period)
        assert reward(shop, at(first)) is None
        for now in (at(first), at(last)):
            error = reward(shop, now)
            assert isinstance(error, RewardCapReached)
            assert error.retry_after_seconds is not None
            wait = at(following) - now
            assert timedelta() <= timedelta(seconds=error.retry_after_seconds) - wait < timedelta(seconds=1)
        assert reward(shop, at(following)) is None
        assert isinstance(reward(shop, at(following)), RewardCapReached)

    def test_for_ever_is_for_ever(self, shop: Tenant) -> None:
        make_rule(shop, cap_count=2)
        errors = [reward(shop, NOW + timedelta(days=days)) for days in (0, 400, 4000)]
        assert errors[:2] == [None, None]
        assert errors[2].retry_after_seconds is None

    def test_a_clock_that_steps_back_gives_no_second_allowance(self, shop: Tenant) -> None:
        make_rule(shop, cap_count=1, cap_period="day")
        assert reward(shop, NOW) is None
        assert reward(shop, NOW - timedelta(seconds=1)).retry_after_seconds == 86_401

    def test_nor_does_a_move_to_the_west(self, shop: Tenant) -> None:
        make_rule(shop, cap_count=1, cap_period="day")
        morning = at("2026-01-02T06:00+13:00")
        for zone, expected in (("Pacific/Auckland", None), ("America/New_York", RewardCapReached)):
            done(identify(tenant=ref(shop), item=Identify("u", {"time_zone": zone}), now=NOW))
            error = reward(shop, morning)
            assert error is None if expected is None else isinstance(error, expected)

    def test_a_longer_period_begins_with_what_was_had_in_the_shorter_one(self, shop: Tenant) -> None:
        rule = make_rule(shop, cap_count=2, cap_period="day")
        assert reward(shop, NOW + timedelta(days=14)) is None
        rule.cap_period = "month"
        definitions.save_reward_rule(rule)
        assert reward(shop, NOW + timedelta(days=15)) is None
        error = reward(shop, NOW + timedelta(days=16))
        assert timedelta(seconds=error.retry_after_seconds) == timedelta(days=15)
        assert reward(shop, NOW + timedelta(days=31)) is None


class TestReplay:
    @pytest.mark.parametrize("fields", [{"participant": "v"}, {"metadata": {"a": 1}}, {"name": "Bob"}])
    def test_same_key_repeats_the_first_reward_whatever_else_is_said(
        self, shop: Tenant, fields: dict[str, Any]
    ) -> None:
        make_rule(shop)
        said = {"participant": "u", "event_type": "signup", "key": reference_key("signup", "r")}
        first, second = (
            rewards.award(tenant=ref(shop), item=RewardEvent(**{**said, **more}), now=NOW)
            for more in (dict[str, Any](), fields)
        )
        assert (first.replayed, second.replayed, second.error) == (False, True, None)
        assert second.outcome == first.outcome


class TestDefinition:
    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"event_type": ""}, "event_type"),
            ({"event_type": "x" * 101}, "event_type"),
            ({"name": "x" * 101}, "name"),
            ({"points": 0}, "points"),
            ({"points": -5}, "points"),
            ({"points": 2**31}, "points"),
            ({"points": None}, "points"),
            ({"cap_count": 0}, "cap_count"),
            ({"cap_count": 2**31}, "cap_count"),
            ({"cap_period": "year"}, "cap_period"),
            ({"starts_at": NOW, "ends_at": NOW}, "ends_at"),
        ],
    )
    def test_bad_field_is_refused(self, shop: Tenant, fields: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            make_rule(shop, **fields)
        assert [name for name, _ in refusal.value.errors] == [field]
        assert not RewardRule.objects.exists()

    def test_another_tenants_points_system_is_refused(self, shop: Tenant) -> None:
        system = TenantFactory.create().points_systems.get()
        with pytest.raises(InvalidInput):
            make_rule(shop, points_system=system)

    def test_event_type_is_unique_within_a_tenant(self, shop: Tenant) -> None:
        make_rule(shop)
        make_rule(shop.sandbox)
        with pytest.raises(RewardRuleConflict):
            make_rule(shop)

    def test_change_is_followed_by_the_very_next_event(self, shop: Tenant) -> None:
        rule = make_rule(shop)
        early = ref(Tenant.objects.get(pk=shop.pk))
        assert reward(shop, NOW) is None
        rule.points = 7
        definitions.save_reward_rule(rule)
        item = RewardEvent("u", "signup")
        assert done(rewards.award(tenant=early, item=item, now=NOW)).amount == 7


@pytest.mark.django_db(transaction=True)
class TestStatements:
    LOAD = [
        *("BEGIN", "SELECT participant", "SELECT account", "SELECT operation", "SELECT lot"),
        *("SELECT profile", "SELECT rewardcount"),
    ]
    WRITE = ["INSERT account", "INSERT entry", "INSERT rewardcount", "INSERT fact", "INSERT operation", "COMMIT"]

    def event(self, shop: Tenant, reference: str, **fields: Any) -> list[str]:
        item = RewardEvent("u", "signup", key=reference_key("signup", reference), **fields)
        return statements_of(lambda: rewards.award(tenant=ref(shop), item=item, now=NOW))

    def test_a_reward_asks_for_two_and_writes_one_more_than_an_award(self) -> None:
        shop = TenantFactory.create()
        make_rule(shop, cap_count=100, cap_period="day")
        self.event(shop, "first")
        known = [*self.LOAD, "UPDATE participant", *self.WRITE]
        for n in range(5):
            assert self.event(shop, f"r{n}") == known
        named = self.event(shop, "named", name="Alice")
        assert named == [*self.LOAD, "UPDATE participant", "INSERT profile", *self.WRITE]
        # What is known already is not written again.
        assert self.event(shop, "named again", name="Alice") == known

    def test_a_duplicate_and_a_refusal_write_nothing(self) -> None:
        shop = TenantFactory.create()
        make_rule(shop, cap_count=1)
        self.event(shop, "first")
        assert self.event(shop, "first") == self.event(shop, "second") == [*self.LOAD, "COMMIT"]
        assert RewardCount.objects.get().count_ever == 1


def test_the_balance_of_the_answer_has_what_else_the_event_paid(shop: Tenant) -> None:
    make_rule(shop)
    programme_file.apply(shop, {"triggers": [{"points_system": "points", "type": "user_creation", "points": 100}]})
    item = RewardEvent("u", "signup", name="Ada")
    done = rewards.award(tenant=ref(shop), item=item, now=NOW)
    assert (done.outcome.amount, done.outcome.new_balance) == (5, 105)
