"""A programme file that has everything, with no two fields alike by accident."""

import copy
from typing import Any


def _trigger(type: str, **fields: Any) -> dict[str, Any]:
    others = ("metric", "threshold", "badge", "streak_length", "streak_frequency", "time_unit", "time_interval")
    trigger = {"points_system": "xp", "type": type} | dict.fromkeys(others)
    return trigger | {"user_attributes": {}, "event_attributes": {}, "is_active": True} | fields


FULL: dict[str, Any] = {
    "points_systems": [
        {
            "key": "points",
            "name": "Points",
            "description": None,
            "badge_url": None,
            "burn_order": "soonest_expiry_first",
            "expiry_policy": "none",
            "expiry_periods": 0,
            "notice_days": None,
            "max_points": None,
        },
        {
            "key": "xp",
            "name": "Experience",
            "description": "For progress",
            "badge_url": "https://cdn.example.com/xp.png",
            "burn_order": "oldest_credit_first",
            "expiry_policy": "end_of_year",
            "expiry_periods": 1,
            "notice_days": 30,
            "max_points": 100_000,
        },
    ],
    "badges": [
        {
            "code": "first",
            "name": "First award",
            "description": "Zoë 🎈",
            "icon_url": "https://cdn.example.com/first.png",
            "criteria_type": "award_count",
            "criteria_config": {"min_awards": 1},
            "is_active": True,
        },
        {
            "code": "retired",
            "name": "Retired",
            "description": None,
            "icon_url": None,
            "criteria_type": "tier_reached",
            "criteria_config": {"level": 2},
            "is_active": False,
        },
    ],
    "tiers": [
        {
            "code": "gold",
            "name": "Gold",
            "description": "Premium",
            "level": 20,
            "criteria_type": "points_in_window",
            "criteria_config": {"min_points": 500, "days": 30},
            "benefits": {"discount_pct": 10, "deep": [{"a": None, "b": 1.5, "c": True}]},
            "point_multiplier": 1.25,
            "icon_url": "",
            "color": "#FFD700",
            "badge_url": "https://cdn.example.com/gold.png",
            "is_active": True,
            "award_type": "automatic",
        },
        {
            "code": "silver",
            "name": "Silver",
            "description": None,
            "level": 10,
            "criteria_type": "badges",
            "criteria_config": {"codes": ["first"]},
            "benefits": {},
            "point_multiplier": None,
            "icon_url": None,
            "color": None,
            "badge_url": None,
            "is_active": False,
            "award_type": "manual",
        },
    ],
    "reward_rules": [
        {
            "event_type": "purchase",
            "name": "Purchase completed",
            "description": "Once a day",
            "points": 50,
            "points_system": "xp",
            "starts_at": "2026-06-01T00:00:00+00:00",
            "ends_at": "2026-09-01T00:00:00+00:00",
            "cap_count": 1,
            "cap_period": "day",
            "is_active": True,
        },
        {
            "event_type": "signup",
            "name": None,
            "description": None,
            "points": 500,
            "points_system": None,
            "starts_at": None,
            "ends_at": None,
            "cap_count": None,
            "cap_period": "ever",
            "is_active": False,
        },
    ],
    "engagements": [
        {
            "name": "Spin the wheel",
            "status": "ended",
            "starts_at": None,
            "ends_at": None,
            "points_system": None,
            "currency_name": "",
            "allowed_origins": [],
        },
        {
            "name": "Summer quiz",
            "status": "active",
            "starts_at": "2026-06-01T00:00:00+00:00",
            "ends_at": "2026-09-01T00:00:00+00:00",
            "points_system": "xp",
            "currency_name": "Stars",
            "allowed_origins": ["https://play.example.com"],
        },
    ],
    "metrics": [
        {"key": "lessons", "name": "Lessons", "streak_frequency": None, "is_active": False},
        {"key": "words-written", "name": "Words written", "streak_frequency": "weekly", "is_active": True},
    ],
    "triggers": [
        _trigger("metric", metric="words-written", threshold=3, points=10, event_attributes={"language": "en"}),
        _trigger("achievement", badge="first", points=5, is_active=False),
        _trigger("streak", streak_length=7, streak_frequency="monthly", points=50),
        _trigger("time", time_unit="day", time_interval=30, points=1, user_attributes={"plan": "pro"}),
    ],
    "levels": [
        {
            "points_system": "xp",
            "key": "novice",
            "name": "Novice",
            "description": "Well begun",
            "badge_url": "https://cdn.example.com/novice.png",
            "points": 100,
            "is_active": True,
        },
    ],
    "boosts": [
        {
            "points_system": "xp",
            "name": "Double XP",
            "start": "2020-01-01",
            "end": "2020-01-31",
            "multiplier": 2.5,
            "rounding": "nearest",
            "is_active": True,
        },
    ],
}
KINDS = {
    "points_systems": "points_system",
    "badges": "badge",
    "tiers": "tier",
    "reward_rules": "reward_rule",
    "engagements": "engagement",
    "metrics": "metric",
    "triggers": "trigger",
    "levels": "level",
    "boosts": "boost",
}


def edited(section: str, index: int, **fields: Any) -> dict[str, Any]:
    programme = copy.deepcopy(FULL)
    programme[section][index] |= fields
    return programme
