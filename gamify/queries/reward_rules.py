"""Reward rules, as awards need to know them: when they are in force, and the periods of their caps."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from gamify.models import CapPeriod, RewardRule
from gamify.rewards.days import day_of, midnight


@dataclass(frozen=True, slots=True)
class Reward:
    """So many points for an event, and how often within a period. `system_id`: None for the tenant's default one."""

    id: UUID
    event_type: str
    name: str
    points: int
    system_id: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    cap_count: int | None
    cap_period: str

    def is_in_force(self, now: datetime) -> bool:
        begun = self.starts_at is None or self.starts_at <= now
        return begun and (self.ends_at is None or now < self.ends_at)

    def period_start(self, now: datetime, zone: str) -> date:
        """The first day of the period of the cap; of a cap for ever, which never begins anew, today."""
        today = day_of(now, zone)
        if self.cap_period == CapPeriod.WEEK:
            return today - timedelta(days=today.weekday())
        if self.cap_period == CapPeriod.MONTH:
            return today.replace(day=1)
        return today

    def period_end(self, start: date, zone: str) -> datetime | None:
        """When the period that `start` is in ends; None: never."""
        if self.cap_period == CapPeriod.EVER:
            return None
        if self.cap_period == CapPeriod.MONTH:
            day = (start.replace(day=1) + timedelta(days=31)).replace(day=1)
        elif self.cap_period == CapPeriod.WEEK:
            day = start + timedelta(days=7 - start.weekday())
        else:
            day = start + timedelta(days=1)
        return midnight(day, zone)


def reward_of(rule: RewardRule) -> Reward:
    return Reward(
        id=rule.id,
        event_type=rule.event_type,
        name=rule.name or rule.event_type,
        points=rule.points,
        system_id=rule.points_system_id,
        starts_at=rule.starts_at,
        ends_at=rule.ends_at,
        cap_count=rule.cap_count,
        cap_period=rule.cap_period,
    )
