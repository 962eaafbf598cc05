"""Metric events as operations: in races, in batches, and what they cost."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from gamify.models import Account, Entry, MetricTotal, Operation, Profile
from gamify.services import _batch, audit, events, points
from gamify.services.events import Event, Recorded, event_key
from gamify.services.points import Award
from tenants.models import Tenant
from tests.dialects.trophy.helpers import apply, per, xp
from tests.factories import TenantFactory, ref
from tests.ledger._threads import at_once
from tests.ledger.test_statements import statements_of
from tests.programmes import award, done, facts, make_badge

# Real threads: outside a test's transaction.
pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
THREADS = 8


@pytest.fixture
def shop() -> Tenant:
    return TenantFactory.create(participant_write_rate="999999999/d")


def record(tenant: Tenant, user: str, value: Any = 1, *, key: str | None = None, **fields: Any) -> Recorded:
    metric = fields.pop("metric", "words-written")
    named = event_key(key, participant=user, metric=metric) if key else None
    item = Event(user, metric, Decimal(str(value)), key=named, **fields)
    outcome: Recorded = done(events.record(tenant=ref(tenant), item=item, now=fields.pop("now", NOW)))
    return outcome


def balance(user: str) -> int:
    accounts = Account.objects.filter(participant__external_id=user, points_system__key="xp")
    return sum(accounts.values_list("balance", flat=True))


class TestRaces:
    def test_same_key_at_once_counts_once(self, shop: Tenant) -> None:
        apply(shop, triggers=[per(1, 10)])
        outcomes = at_once([lambda: record(shop, "u", 1, key="k")] * THREADS)
        assert len({outcome.event_id for outcome in outcomes}) == 1
        assert (balance("u"), int(MetricTotal.objects.get().total), Operation.objects.count()) == (10, 1, 1)

    def test_no_event_is_lost_and_no_crossing_paid_twice(self, shop: Tenant) -> None:
        apply(shop, triggers=[per(3, 10)])
        outcomes = at_once([lambda: record(shop, "u", "0.5")] * 30)
        assert sorted(Decimal(outcome.total) for outcome in outcomes) == [Decimal(n) / 2 for n in range(1, 31)]
        assert balance("u") == 50

    def test_cap_is_exact(self, shop: Tenant) -> None:
        apply(shop, points_systems=[{"key": "xp", "name": "XP", "max_points": 25}], triggers=[per(1, 10)])
        outcomes = at_once([lambda: record(shop, "u")] * THREADS)
        awarded = [outcome.points.get("xp", {}).get("added", 0) for outcome in outcomes]
        assert sorted(awarded, reverse=True)[:4] == [10, 10, 5, 0]
        assert (balance("u"), Entry.objects.count()) == (25, 3)

    def test_first_identification_pays_once(self, shop: Tenant) -> None:
        apply(shop, triggers=[xp(type="user_creation", points=100)])
        at_once([lambda: record(shop, "u", known={"name": "Zoë"})] * THREADS)
        assert (balance("u"), Profile.objects.get().name) == (100, "Zoë")

    def test_badge_pays_once_whatever_unlocks_it(self, shop: Tenant) -> None:
        make_badge(shop, "first", "award_count", min_awards=1)
        apply(
            shop,
            triggers=[{**per(1, 1), "points_system": "points"}, xp(type="achievement", badge="first", points=7)],
        )
        calls: list[Callable[[], Any]] = [lambda: record(shop, "u"), lambda: award(shop, "u", 1, now=NOW)]
        at_once(calls * 4)
        assert balance("u") == 7

    def test_ledger_is_whole_afterwards(self, shop: Tenant) -> None:
        make_badge(shop, "first", "award_count", min_awards=1)
        apply(
            shop,
            triggers=[
                per(2, 3),
                {**per(1, 1), "points_system": "points"},
                xp(type="achievement", badge="first", points=7),
            ],
            boosts=[xp(name="All", start="2020-01-01", multiplier=1.5)],
        )
        at_once([lambda user=user: record(shop, user, 3, key=user) for user in "aabbcc"])  # type: ignore[misc]
        checked = list(audit.verify(shop.id))
        assert len(checked) == 6
        assert [each.breach for each in checked if each.breach] == []


class TestBatch:
    def test_many_events_in_their_order(self, shop: Tenant) -> None:
        apply(shop, triggers=[per(2, 10)])
        calls = [("u", "words-written", 1), ("v", "words-written", 5), ("u", "no-such", 1), ("u", "words-written", 1)]
        items = [Event(user, metric, Decimal(value)) for user, metric, value in calls]
        results = _batch.run(ref(shop), items, now=NOW).results
        totals = [result.outcome and result.outcome.total for result in results]
        assert totals == ["1", "5", None, "2"]
        assert (balance("u"), balance("v")) == (10, 20)

    def test_each_answer_has_its_own_awards(self, shop: Tenant) -> None:
        apply(shop, triggers=[per(1, 10)])
        items = [Event("u", "words-written", Decimal(1)), Award("u", 5), Event("u", "words-written", Decimal(1))]
        results = _batch.run(ref(shop), items, now=NOW).results
        assert [results[index].outcome.points["xp"]["added"] for index in (0, 2)] == [10, 10]


class TestCost:
    @pytest.fixture(autouse=True)
    def programme(self, shop: Tenant) -> None:
        apply(shop, triggers=[per(2, 10), per(2, 1, event_attributes={"a": "b"})])

    def test_event_that_pays_nothing(self, shop: Tenant) -> None:
        record(shop, "u", 2)
        seen = statements_of(lambda: record(shop, "u", 1))
        load = ["BEGIN", "SELECT participant", "SELECT account", "SELECT lot", "SELECT profile"]
        assert seen == [*load, "SELECT streak", "UPDATE participant", "INSERT metrictotal", "COMMIT"]

    def test_event_that_pays_is_an_award_and_three(self, shop: Tenant) -> None:
        record(shop, "u", 2)
        points.award(tenant=ref(shop), item=Award("u", 1), now=NOW)
        of_award = statements_of(lambda: points.award(tenant=ref(shop), item=Award("u", 1), now=NOW))
        of_event = statements_of(lambda: record(shop, "u", 2))
        assert sorted(of_event) == sorted([*of_award, "SELECT profile", "SELECT streak", "INSERT metrictotal"])

    def test_more_triggers_and_a_longer_history_cost_nothing(self, shop: Tenant) -> None:
        record(shop, "u", 2)
        before = statements_of(lambda: record(shop, "u", 2))
        apply(shop, triggers=[per(threshold, 1) for threshold in range(3, 30)])
        for _ in range(10):
            record(shop, "u", 2)
        assert statements_of(lambda: record(shop, "u", 60)) == before

    def test_a_hundred_events_cost_what_one_does(self, shop: Tenant) -> None:
        def run(*users: str) -> None:
            items = [Event(user, "words-written", Decimal(2), {"a": "b"}) for user in users]
            _batch.run(ref(shop), items, now=NOW)

        everyone = [f"u{number}" for number in range(100)]
        run(*everyone)
        assert statements_of(lambda: run(*everyone)) == statements_of(lambda: run("u0"))


def test_awards_of_events_are_facts(shop: Tenant) -> None:
    apply(shop, triggers=[per(1, 10)])
    record(shop, "u")
    [(type, data)] = facts(shop)
    assert (type, data["participant_id"], data["amount"]) == ("points.awarded", "u", 10)


def test_entries_know_their_operation_and_trigger(shop: Tenant) -> None:
    apply(shop, triggers=[per(1, 10)])
    trigger = record(shop, "u", 2, key="k").points["xp"]["awards"][0]["trigger"]
    entry = Entry.objects.get()
    assert entry.operation_id == Operation.objects.get().id
    assert json.loads(entry.explanation or "") == {"base": 20, "trigger": trigger["id"]}
