"""`pay_time_triggers`: so many points each time an interval has passed; once, however often it runs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from gamify.models import Account, Participant, Profile, TimePayment, Trigger
from gamify.services import earning, participants, time_triggers
from gamify.services.participants import Identify
from tenants.models import Tenant
from tests.dialects.trophy.helpers import apply, xp
from tests.factories import TenantFactory, ref
from tests.ledger._threads import at_once
from tests.programmes import award, make_badge

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Freeze = Callable[[datetime], None]


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch) -> Freeze:
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


def every(interval: int, unit: str = "day", points: int = 5, **fields: Any) -> dict[str, Any]:
    return xp(type="time", time_unit=unit, time_interval=interval, points=points, **fields)


def set_up(shop: Tenant, *triggers: dict[str, Any], at: datetime = START) -> None:
    apply(shop, triggers=list(triggers))
    Trigger.objects.update(active_since=at)


def here(shop: Tenant, *names: str, at: datetime = START, **known: Any) -> None:
    for name in names:
        participants.identify(tenant=ref(shop), item=Identify(name, known), now=at)


def pay(*arguments: str) -> str:
    output = StringIO()
    call_command("pay_time_triggers", *arguments, stdout=output)
    return output.getvalue().strip()


def points(name: str) -> int:
    accounts = Account.objects.filter(participant__external_id=name, points_system__key="xp")
    return sum(accounts.values_list("balance", flat=True))


@pytest.mark.parametrize(
    ("interval", "unit", "passed", "expected"),
    [
        (1, "day", DAY - timedelta(seconds=1), 0),
        (1, "day", DAY, 5),
        (30, "day", 30 * DAY, 5),
        (1, "hour", HOUR, 5),
        (2, "hour", 7 * HOUR, 15),
        (1, "day", 10 * DAY, 50),
    ],
)
def test_pays_for_every_interval_that_has_passed(
    shop: Tenant, freeze: Freeze, interval: int, unit: str, passed: timedelta, expected: int
) -> None:
    set_up(shop, every(interval, unit))
    here(shop, "u")
    freeze(START + passed)
    people = int(expected > 0)
    assert pay() == f"Paid {expected} points for time that has passed, to {people} participants."
    assert points("u") == expected


def test_again_pays_nothing_and_later_what_has_passed_since(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, every(1))
    here(shop, "u")
    totals = []
    for passed in (1.5 * DAY, 1.9 * DAY, 2 * DAY, 4.2 * DAY, 4.2 * DAY):
        freeze(START + passed)
        pay()
        totals.append(points("u"))
    assert totals == [5, 5, 10, 20, 20]


def test_time_counts_from_when_both_are_there(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, every(1))
    here(shop, "earlier", at=START - 10 * DAY)
    here(shop, "later", at=START + DAY)
    freeze(START + 2 * DAY)
    pay()
    assert (points("earlier"), points("later")) == (10, 5)


def test_everybody_is_paid_whatever_dialect_they_are_known_from(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, every(1))
    award(shop, "u", 1, now=START)
    freeze(START + DAY)
    pay()
    assert points("u") == 5
    assert not Profile.objects.exists()


def test_whom_it_is_not_for_is_not_owed_the_past(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, every(1, user_attributes={"plan": "pro"}))
    here(shop, "u")
    freeze(START + 3 * DAY)
    pay()
    here(shop, "u", at=START + 3 * DAY, attributes={"plan": "pro"})
    freeze(START + 4 * DAY)
    pay()
    assert points("u") == 5


def test_inactive_ones_pay_nothing_and_their_pause_is_not_made_up_for(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, every(1))
    here(shop, "u")
    apply(shop, triggers=[every(1, is_active=False)])
    freeze(START + 5 * DAY)
    assert pay() == "Paid 0 points for time that has passed, to 0 participants."
    apply(shop, triggers=[every(1, is_active=True)])
    freeze(START + 6 * DAY)
    pay()
    assert points("u") == 5


@pytest.mark.parametrize("terms", [{"time_interval": 1, "time_unit": "hour"}, {"time_interval": 12}])
def test_new_terms_pay_for_no_time_of_before(shop: Tenant, freeze: Freeze, terms: dict[str, Any]) -> None:
    set_up(shop, every(30))
    here(shop, "u")
    freeze(START + 29 * DAY)
    trigger = Trigger.objects.get()
    for name, value in terms.items():
        setattr(trigger, name, value)
    earning.save_trigger(trigger)
    pay()
    assert points("u") == 0
    freeze(START + 29 * DAY + trigger_interval(trigger))
    pay()
    assert points("u") == 5


def test_new_terms_during_a_run_pay_for_no_time_of_before(
    shop: Tenant, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_triggers, "BATCH_SIZE", 1)
    set_up(shop, every(30))
    here(shop, "u", "v")
    freeze(START + 30 * DAY)
    [(owner, rule)] = time_triggers.triggers(None)
    run = time_triggers.pay(owner, rule, clock=timezone.now)
    assert next(run).points == 5
    trigger = Trigger.objects.get()
    trigger.time_interval, trigger.time_unit = 1, "hour"
    earning.save_trigger(trigger)
    assert [paid.points for paid in run] == [0]
    freeze(START + 30 * DAY + HOUR)
    pay()
    assert points("u") + points("v") == 15


def test_another_type_that_becomes_time_pays_for_no_time_of_before(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, xp(type="user_creation", points=5))
    here(shop, "u")
    freeze(START + 300 * DAY)
    trigger = Trigger.objects.get()
    trigger.type, trigger.time_unit, trigger.time_interval = "time", "hour", 1
    earning.save_trigger(trigger)
    before = points("u")
    pay()
    assert points("u") == before
    freeze(START + 300 * DAY + HOUR)
    pay()
    assert points("u") == before + 5


def test_whoever_gets_nothing_is_not_counted(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, every(1, user_attributes={"plan": "pro"}))
    here(shop, "free")
    here(shop, "pro", attributes={"plan": "pro"})
    freeze(START + DAY)
    assert pay() == "Paid 5 points for time that has passed, to 1 participants."


def trigger_interval(trigger: Trigger) -> timedelta:
    assert trigger.time_interval
    return trigger.time_interval * (HOUR if trigger.time_unit == "hour" else DAY)


def test_cap_holds_and_what_it_cut_is_not_owed(shop: Tenant, freeze: Freeze) -> None:
    set_up(shop, every(1))
    apply(shop, points_systems=[{"key": "xp", "name": "XP", "max_points": 7}])
    here(shop, "u")
    for days in (5, 6):
        freeze(START + days * DAY)
        pay()
    assert points("u") == 7


def test_leads_on_to_badges(shop: Tenant, freeze: Freeze) -> None:
    make_badge(shop, "patient", "points", min_points=5)
    set_up(shop, {**every(1), "points_system": "points"}, xp(type="achievement", badge="patient", points=100))
    here(shop, "u")
    freeze(START + DAY)
    pay()
    assert (points("u"), Participant.objects.get().badge_codes) == (100, ["patient"])


def test_in_batches(shop: Tenant, freeze: Freeze, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_triggers, "BATCH_SIZE", 3)
    set_up(shop, every(1))
    here(shop, *(f"u{number}" for number in range(8)))
    freeze(START + DAY)
    owner, trigger = time_triggers.triggers(None)[0]
    assert [paid.participants for paid in time_triggers.pay(owner, trigger, clock=timezone.now)] == [3, 3, 2]
    assert [points(f"u{number}") for number in range(8)] == [5] * 8


def test_goes_on_where_it_was_stopped(shop: Tenant, freeze: Freeze, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_triggers, "BATCH_SIZE", 3)
    set_up(shop, every(1))
    here(shop, *(f"u{number}" for number in range(8)))
    freeze(START + DAY)
    owner, trigger = time_triggers.triggers(None)[0]
    next(time_triggers.pay(owner, trigger, clock=timezone.now))
    assert TimePayment.objects.count() == 3
    assert pay() == "Paid 25 points for time that has passed, to 5 participants."


def test_one_tenant_or_its_sandbox(shop: Tenant, freeze: Freeze) -> None:
    for tenant in (shop, shop.sandbox):
        set_up(tenant, every(1))
        here(tenant, "u")
    freeze(START + DAY)
    assert "5 points" in pay("--tenant", shop.slug, "--sandbox")
    assert "5 points" in pay("--tenant", shop.slug)
    assert "Paid 0 points" in pay()
    with pytest.raises(CommandError):
        pay("--tenant", "no-such")


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_pays_once(freeze: Freeze) -> None:
    shop = TenantFactory.create()
    set_up(shop, every(1))
    here(shop, *(f"u{number}" for number in range(20)))
    freeze(START + DAY)
    at_once([pay] * 4)
    assert [points(f"u{number}") for number in range(20)] == [5] * 20
