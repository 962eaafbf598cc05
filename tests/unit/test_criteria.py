from typing import Any

import pytest

from gamify import criteria
from gamify.criteria import BadConfig, Standing

HELD = Standing(
    total_earned=500,
    award_count=3,
    earned_in_days={7: 100, 30: 200},
    badges=frozenset({"first", "second"}),
    tier_level=2,
)
NOTHING = Standing()


def test_which_types_are_for_what() -> None:
    assert criteria.types_for("tier") == ["badges", "points", "points_in_window"]
    assert criteria.types_for("badge") == ["award_count", "badges", "points", "points_in_window", "tier_reached"]


@pytest.mark.parametrize(
    ("type", "config", "holds", "holds_from_nothing"),
    [
        ("points", {"min_points": 500}, True, False),
        ("points", {"min_points": 501}, False, False),
        ("points", {"min_points": 0}, True, True),
        ("points", {}, False, False),
        ("points_in_window", {"min_points": 100, "days": 7}, True, False),
        ("points_in_window", {"min_points": 101, "days": 7}, False, False),
        ("points_in_window", {"min_points": 200, "days": 30}, True, False),
        ("badges", {"codes": ["first"]}, True, False),
        ("badges", {"codes": ["second", "first", "first"]}, True, False),
        ("badges", {"codes": ["first", "third"]}, False, False),
        ("award_count", {"min_awards": 3}, True, False),
        ("award_count", {"min_awards": 4}, False, False),
        ("tier_reached", {"level": 1}, True, False),
        ("tier_reached", {"level": 2}, True, False),
        ("tier_reached", {"level": 3}, False, False),
    ],
)
def test_holds(type: str, config: dict[str, Any], holds: bool, holds_from_nothing: bool) -> None:
    criterion = criteria.parse(type, config)
    assert (criterion.holds(HELD), criterion.holds(NOTHING)) == (holds, holds_from_nothing)


@pytest.mark.parametrize(
    ("type", "key", "good", "bad"),
    [
        ("points", "min_points", [0, 10**15], [-1, 10**15 + 1, "5", 5.0, True, None, [], {}]),
        ("points_in_window", "min_points", [1, 10**15], [0, 10**15 + 1, "5", 5.0, True, None]),
        ("points_in_window", "days", [1, 3660], [0, 3661, "5", 5.0, True, None]),
        ("award_count", "min_awards", [1, 10**9], [0, 10**9 + 1, "5", 5.0, True, None]),
        ("tier_reached", "level", [1, 2_000_000_000], [0, 2_000_000_001, "5", 5.0, True, None]),
        (
            "badges",
            "codes",
            [["x"], ["x" * 50] * 100],
            [[], "x", None, {}, [5], [None], [["x"]], [""], ["x" * 51], ["x"] * 101, {"x": 1}],
        ),
    ],
)
def test_limits_of_each_setting(type: str, key: str, good: list[Any], bad: list[Any]) -> None:
    rest = {"min_points": 1, "days": 1} if type == "points_in_window" else {}
    for value in good:
        assert criteria.parse(type, {**rest, key: value})
    for value in bad:
        with pytest.raises(BadConfig) as refusal:
            criteria.parse(type, {**rest, key: value})
        assert (refusal.value.key, bool(refusal.value.message)) == (key, True)


@pytest.mark.parametrize("type", ["points_in_window", "award_count", "tier_reached", "badges"])
def test_what_is_needed_must_be_there(type: str) -> None:
    with pytest.raises(BadConfig):
        criteria.parse(type, {})


@pytest.mark.parametrize("type", criteria.types_for("badge"))
def test_settings_that_nobody_reads_are_refused_by_name(type: str) -> None:
    with pytest.raises(BadConfig) as refusal:
        criteria.parse(type, {"mistyped": 1})
    assert refusal.value.key == "mistyped"


@pytest.mark.parametrize(
    ("type", "config", "lifetime", "required", "so_far"),
    [
        ("points", {"min_points": 700}, True, 700, 500),
        ("points", {}, True, None, 500),
        ("points_in_window", {"min_points": 700, "days": 30}, False, 700, 200),
        ("badges", {"codes": ["first"]}, True, None, 500),
    ],
)
def test_progress(type: str, config: dict[str, Any], lifetime: bool, required: int | None, so_far: int) -> None:
    criterion = criteria.parse(type, config)
    assert criterion.is_lifetime is lifetime
    assert (criterion.points_required(), criterion.points_so_far(HELD)) == (required, so_far)
