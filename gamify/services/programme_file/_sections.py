"""The sections of a programme file, in the order in which they are applied."""

from datetime import UTC, datetime

from engagements.models import Engagement
from engagements.origins import parse_origins
from gamify.models import Badge, Boost, Level, Metric, PointsSystem, RewardRule, Tier, Trigger
from gamify.services.definitions import (
    save_badge,
    save_engagement,
    save_points_system,
    save_reward_rule,
    save_tier,
)
from gamify.services.earning import save_boost, save_level, save_metric, save_trigger
from gamify.services.programme_file._section import Section


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("Is out of range.") from error


ALL = (
    Section(
        "points_systems",
        "points system",
        PointsSystem,
        "key",
        (
            "name",
            "description",
            "badge_url",
            "burn_order",
            "expiry_policy",
            "expiry_periods",
            "notice_days",
            "max_points",
        ),
        save_points_system,
    ),
    Section(
        "badges",
        "badge",
        Badge,
        "code",
        ("name", "description", "icon_url", "criteria_type", "criteria_config", "is_active"),
        save_badge,
    ),
    Section(
        "tiers",
        "tier",
        Tier,
        "code",
        (
            "name",
            "description",
            "level",
            "criteria_type",
            "criteria_config",
            "benefits",
            "point_multiplier",
            "icon_url",
            "color",
            "badge_url",
            "is_active",
            "award_type",
        ),
        save_tier,
        exchangeable="level",
    ),
    Section(
        "reward_rules",
        "reward rule",
        RewardRule,
        "event_type",
        (
            "name",
            "description",
            "points",
            "points_system",
            "starts_at",
            "ends_at",
            "cap_count",
            "cap_period",
            "is_active",
        ),
        save_reward_rule,
        references={"points_system": (PointsSystem, "key")},
        spelling={"starts_at": _in_utc, "ends_at": _in_utc},
    ),
    Section(
        "engagements",
        "engagement",
        Engagement,
        "name",
        ("status", "starts_at", "ends_at", "points_system", "currency_name", "allowed_origins"),
        save_engagement,
        references={"points_system": (PointsSystem, "key")},
        spelling={"starts_at": _in_utc, "ends_at": _in_utc, "allowed_origins": parse_origins},
    ),
    Section("metrics", "metric", Metric, "key", ("name", "streak_frequency", "is_active"), save_metric),
    Section(
        "triggers",
        "trigger",
        Trigger,
        "points_system",
        ("points", "is_active"),
        save_trigger,
        references={"points_system": (PointsSystem, "key"), "metric": (Metric, "key"), "badge": (Badge, "code")},
        also_by=(
            "type",
            "metric",
            "threshold",
            "badge",
            "streak_length",
            "streak_frequency",
            "time_unit",
            "time_interval",
            "user_attributes",
            "event_attributes",
        ),
    ),
    Section(
        "levels",
        "level",
        Level,
        "points_system",
        ("name", "description", "badge_url", "points", "is_active"),
        save_level,
        references={"points_system": (PointsSystem, "key")},
        also_by=("key",),
    ),
    Section(
        "boosts",
        "boost",
        Boost,
        "points_system",
        ("end", "multiplier", "rounding", "is_active"),
        save_boost,
        references={"points_system": (PointsSystem, "key")},
        also_by=("name", "start"),
    ),
)
