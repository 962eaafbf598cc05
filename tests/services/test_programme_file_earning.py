"""Metrics, triggers, levels and boosts in a programme file: recognised by what they are about."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gamify.errors import InvalidInput
from gamify.models import Boost, Level, Metric, Trigger
from gamify.services import programme_file
from tenants.models import Tenant
from tests.programmes import rows

SYSTEM = {"points_systems": [{"key": "xp", "name": "XP"}]}
METRIC = {"key": "words-written", "name": "Words written"}
TRIGGER = {"points_system": "xp", "type": "metric", "metric": "words-written", "threshold": 3, "points": 10}
LEVEL = {"points_system": "xp", "key": "novice", "name": "Novice", "points": 100}
BOOST = {"points_system": "xp", "name": "Double XP", "start": "2026-01-01", "end": None, "multiplier": 2}
MINIMAL: dict[str, Any] = {
    **SYSTEM,
    "metrics": [METRIC],
    "triggers": [TRIGGER],
    "levels": [LEVEL],
    "boosts": [BOOST],
}


def refusals(shop: Tenant, **sections: Any) -> tuple[tuple[str, str], ...]:
    before = rows()
    with pytest.raises(InvalidInput) as caught:
        programme_file.apply(shop, sections)
    assert rows() == before
    return caught.value.errors


def test_the_least_that_can_be_said_is_enough(shop: Tenant) -> None:
    programme_file.apply(shop, MINIMAL)
    assert Metric.objects.get().streak_frequency == "daily"
    trigger = Trigger.objects.get()
    assert (trigger.points, trigger.threshold, trigger.is_active) == (10, 3, True)
    assert (Level.objects.get().points, Level.objects.get().description) == (100, "")
    boost = Boost.objects.get()
    assert (boost.start, boost.end, boost.multiplier) == (date(2026, 1, 1), None, Decimal(2))
    assert boost.rounding == "down"


def test_twice_changes_nothing(shop: Tenant) -> None:
    programme_file.apply(shop, MINIMAL)
    before = rows()
    assert programme_file.apply(shop, MINIMAL) == []
    assert rows() == before


def test_what_it_pays_can_change(shop: Tenant) -> None:
    programme_file.apply(shop, MINIMAL)
    changes = programme_file.apply(
        shop, {"triggers": [TRIGGER | {"points": 20}], "boosts": [BOOST | {"end": "2026-02-01"}]}
    )
    assert changes == [
        "trigger xp metric words-written 3: points 10 → 20.",
        "boost xp Double XP 2026-01-01: end None → '2026-02-01'.",
    ]
    assert (Trigger.objects.get().points, Boost.objects.get().end) == (20, date(2026, 2, 1))


def test_what_it_is_about_makes_another_one(shop: Tenant) -> None:
    programme_file.apply(shop, MINIMAL)
    others = [TRIGGER | {"threshold": 4}, TRIGGER | {"user_attributes": {"plan": "pro"}}]
    programme_file.apply(shop, {"triggers": others, "boosts": [BOOST | {"start": "2027-01-01"}]})
    assert (Trigger.objects.count(), Boost.objects.count()) == (3, 2)


@pytest.mark.parametrize(
    ("section", "model"), [("metrics", Metric), ("triggers", Trigger), ("levels", Level), ("boosts", Boost)]
)
def test_inactive_is_deactivated_and_made_active_again(shop: Tenant, section: str, model: Any) -> None:
    programme_file.apply(shop, MINIMAL)
    for is_active in (False, True):
        [change] = programme_file.apply(shop, {section: [MINIMAL[section][0] | {"is_active": is_active}]})
        assert f"is_active {not is_active} → {is_active}" in change
        assert model.objects.get().is_active is is_active


def test_time_before_a_trigger_was_active_again_does_not_count(shop: Tenant) -> None:
    time = {"points_system": "xp", "type": "time", "time_unit": "day", "time_interval": 1, "points": 1}
    programme_file.apply(shop, SYSTEM | {"triggers": [time]})
    since = Trigger.objects.get().active_since
    programme_file.apply(shop, {"triggers": [time | {"is_active": False}]})
    assert Trigger.objects.get().active_since == since
    programme_file.apply(shop, {"triggers": [time | {"is_active": True}]})
    assert Trigger.objects.get().active_since > since


@pytest.mark.parametrize(
    ("section", "item", "path"),
    [
        ("metrics", METRIC | {"key": "words written"}, "metrics[0].key"),
        ("metrics", METRIC | {"streak_frequency": "yearly"}, "metrics[0].streak_frequency"),
        ("triggers", TRIGGER | {"metric": "no-such"}, "triggers[0].metric"),
        ("triggers", TRIGGER | {"metric": None}, "triggers[0].metric"),
        ("triggers", TRIGGER | {"threshold": None}, "triggers[0].threshold"),
        ("triggers", TRIGGER | {"threshold": 0}, "triggers[0].threshold"),
        ("triggers", TRIGGER | {"threshold": 1.5}, "triggers[0].threshold"),
        ("triggers", TRIGGER | {"points": 0}, "triggers[0].points"),
        ("triggers", TRIGGER | {"points_system": "no-such"}, "triggers[0].points_system"),
        ("triggers", TRIGGER | {"type": "no-such"}, "triggers[0].type"),
        ("triggers", TRIGGER | {"streak_length": 5}, "triggers[0].streak_length"),
        ("triggers", TRIGGER | {"event_attributes": {"a": 1}}, "triggers[0].event_attributes.a"),
        ("triggers", {"points_system": "xp", "type": "streak", "points": 1}, "triggers[0].streak_length"),
        ("triggers", {"points_system": "xp", "type": "achievement", "points": 1}, "triggers[0].badge"),
        (
            "triggers",
            {"points_system": "xp", "type": "time", "points": 1, "time_unit": "day"},
            "triggers[0].time_interval",
        ),
        (
            "triggers",
            {"points_system": "xp", "type": "user_creation", "points": 1, "event_attributes": {"a": "b"}},
            "triggers[0].event_attributes",
        ),
        ("levels", LEVEL | {"points": -1}, "levels[0].points"),
        ("levels", LEVEL | {"badge_url": 5}, "levels[0].badge_url"),
        ("boosts", BOOST | {"multiplier": 1}, "boosts[0].multiplier"),
        ("boosts", BOOST | {"multiplier": 100}, "boosts[0].multiplier"),
        ("boosts", BOOST | {"multiplier": 0}, "boosts[0].multiplier"),
        ("boosts", BOOST | {"multiplier": 1.1234567}, "boosts[0].multiplier"),
        ("boosts", BOOST | {"start": "2026-02-30"}, "boosts[0].start"),
        ("boosts", BOOST | {"start": "01.02.2026"}, "boosts[0].start"),
        ("boosts", BOOST | {"end": "2025-12-31"}, "boosts[0].end"),
        ("boosts", BOOST | {"rounding": "half"}, "boosts[0].rounding"),
    ],
)
def test_refusals_name_the_place(shop: Tenant, section: str, item: dict[str, Any], path: str) -> None:
    programme_file.apply(shop, MINIMAL)
    assert [where for where, _ in refusals(shop, **{section: [item]})] == [path]


def test_the_same_thing_twice_is_refused(shop: Tenant) -> None:
    [(path, message)] = refusals(shop, **SYSTEM, metrics=[METRIC], triggers=[TRIGGER, TRIGGER | {"badge": None}])
    assert (path, message) == ("triggers[1].points_system", "Stands there twice.")


def test_what_another_tenant_has_is_not_there(shop: Tenant) -> None:
    programme_file.apply(shop.sandbox, MINIMAL)
    programme_file.apply(shop, SYSTEM)
    assert [path for path, _ in refusals(shop, triggers=[TRIGGER])] == ["triggers[0].metric"]
