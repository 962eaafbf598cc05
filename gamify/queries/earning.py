"""What earns points by itself, as awards and events need to know it: metrics, triggers, levels, boosts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from gamify.models import Boost, Frequency, Level, Metric, ParticipantBoost, TimeUnit, Trigger
from gamify.rewards.attributes import matches
from gamify.rewards.boosts import BoostRule


@dataclass(frozen=True, slots=True)
class MetricRule:
    id: UUID
    streak_frequency: str | None


@dataclass(frozen=True, slots=True)
class LevelRule:
    id: UUID
    key: str
    name: str
    description: str
    badge_url: str | None
    points: int

    def as_json(self) -> dict[str, Any]:
        """In plain JSON values, as answers keep it."""
        return {
            "id": str(self.id),
            "key": self.key,
            "name": self.name,
            "description": self.description,
            "badge_url": self.badge_url,
            "points": self.points,
        }


@dataclass(frozen=True, slots=True)
class TriggerRule:
    """One way to earn points; which fields are set depends on its type. See gamify/models/triggers.py."""

    id: UUID
    system_id: UUID
    type: str
    points: int
    status: str
    metric_id: UUID | None
    metric_name: str | None
    threshold: int | None
    badge_id: UUID | None
    badge_name: str | None
    streak_length: int | None
    streak_frequency: str | None
    time_unit: str | None
    time_interval: int | None
    user_attributes: Mapping[str, str]
    event_attributes: Mapping[str, str]
    active_since: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def counter_id(self) -> UUID:
        """Which counter its threshold is about: see gamify/models/metrics.py."""
        assert self.metric_id is not None
        return self.id if self.event_attributes else self.metric_id

    @property
    def interval(self) -> timedelta:
        """Of a time trigger: a day is 24 hours."""
        assert self.time_interval is not None
        return timedelta(hours=self.time_interval * (24 if self.time_unit == TimeUnit.DAY else 1))

    def is_for(self, attributes: Mapping[str, Any]) -> bool:
        """Whether it pays participants who have these attributes, each as text."""
        return matches(self.user_attributes, attributes)

    def as_json(self) -> dict[str, Any]:
        """In plain JSON values, as answers keep it."""
        return {
            "id": str(self.id),
            "type": self.type,
            "points": self.points,
            "status": self.status,
            "metric_id": self.metric_id and str(self.metric_id),
            "metric_name": self.metric_name,
            "threshold": self.threshold,
            "badge_id": self.badge_id and str(self.badge_id),
            "badge_name": self.badge_name,
            "streak_length": self.streak_length,
            "time_unit": self.time_unit,
            "time_interval": self.time_interval,
            "user_attributes": dict(self.user_attributes),
            "event_attributes": dict(self.event_attributes),
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
        }


@dataclass(frozen=True)
class Earning:
    """What is in force: metrics and triggers that are active, levels by their points, boosts that were not ended."""

    # By key.
    metrics: Mapping[str, MetricRule] = field(default_factory=dict)
    triggers: tuple[TriggerRule, ...] = ()
    # By points system, the lowest first.
    levels: Mapping[UUID, tuple[LevelRule, ...]] = field(default_factory=dict)
    # Everybody's.
    boosts: tuple[BoostRule, ...] = ()

    @cached_property
    def by_type(self) -> Mapping[str, tuple[TriggerRule, ...]]:
        types = {trigger.type for trigger in self.triggers}
        return {type: tuple(trigger for trigger in self.triggers if trigger.type == type) for type in types}

    def of_type(self, type: str) -> tuple[TriggerRule, ...]:
        return self.by_type.get(type, ())

    def systems_of(self, *types: str) -> set[UUID]:
        """The points systems that triggers of these types pay into."""
        return {trigger.system_id for type in types for trigger in self.of_type(type)}

    def level(self, system_id: UUID, points: int) -> LevelRule | None:
        """The highest level that so many points are enough for."""
        reached = [level for level in self.levels.get(system_id, ()) if level.points <= points]
        return reached[-1] if reached else None

    def depends_on_zone(self, days: tuple[date, ...]) -> bool:
        """Whether some boost is in force on some of these days and not on others: then awards must know the zone."""
        return any(boost.depends_on_zone(days) for boost in self.boosts)


def load(tenant_id: UUID) -> Earning:
    levels: dict[UUID, tuple[LevelRule, ...]] = {}
    for level in Level.objects.filter(tenant_id=tenant_id, is_active=True).order_by("points", "key"):
        levels[level.points_system_id] = (*levels.get(level.points_system_id, ()), level_rule(level))
    return Earning(
        metrics={
            metric.key: MetricRule(metric.id, metric.streak_frequency)
            for metric in Metric.objects.filter(tenant_id=tenant_id, is_active=True)
        },
        triggers=triggers(Trigger.objects.filter(tenant_id=tenant_id, status="active")),
        levels=levels,
        boosts=tuple(map(boost_rule, Boost.objects.filter(tenant_id=tenant_id, is_active=True).order_by("id"))),
    )


def triggers(rows: Any) -> tuple[TriggerRule, ...]:
    """Of a queryset of them, in the order in which they were made."""
    return tuple(map(trigger_rule, rows.select_related("metric", "badge").order_by("id")))


def trigger_rule(trigger: Trigger) -> TriggerRule:
    return TriggerRule(
        id=trigger.id,
        system_id=trigger.points_system_id,
        type=trigger.type,
        points=trigger.points,
        status=trigger.status,
        metric_id=trigger.metric_id,
        metric_name=trigger.metric.name if trigger.metric else None,
        threshold=trigger.threshold,
        badge_id=trigger.badge_id,
        badge_name=trigger.badge.name if trigger.badge else None,
        streak_length=trigger.streak_length,
        streak_frequency=trigger.streak_frequency or Frequency.DAILY.value,
        time_unit=trigger.time_unit,
        time_interval=trigger.time_interval,
        user_attributes=trigger.user_attributes,
        event_attributes=trigger.event_attributes,
        active_since=trigger.active_since,
        created_at=trigger.created_at,
        updated_at=trigger.updated_at,
    )


def level_rule(level: Level) -> LevelRule:
    return LevelRule(level.id, level.key, level.name, level.description, level.badge_url, level.points)


def boost_rule(boost: Boost | ParticipantBoost) -> BoostRule:
    return BoostRule(
        id=boost.id,
        system_id=boost.points_system_id,
        name=boost.name,
        start=boost.start,
        end=boost.end,
        multiplier=boost.multiplier,
        rounding=boost.rounding,
        is_ended=not boost.is_active,
    )


def boost_json(boost: BoostRule, day: date) -> dict[str, Any]:
    """In plain JSON values, as answers keep it, with its status on `day`."""
    return {
        "id": str(boost.id),
        "name": boost.name,
        "status": boost.status(day),
        "start": boost.start.isoformat(),
        "end": boost.end and boost.end.isoformat(),
        "multiplier": str(boost.multiplier),
        "rounding": boost.rounding,
    }


def in_force(boosts: Iterable[BoostRule], system_id: UUID, day: date) -> list[BoostRule]:
    """Those that multiply awards in a points system on a day."""
    return [boost for boost in boosts if boost.system_id == system_id and boost.is_on(day)]
