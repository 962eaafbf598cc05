"""Metric events: somebody did something, so many times, and earns what triggers promise for it.

    result = events.record(tenant=shop, item=Event("user_123", "words-written", Decimal(250)), now=now)

`Event.apply`, below, is what an event does: it identifies the participant, moves the metric's total, extends a streak,
pays triggers, and sees what that led to. An event with a key is recorded once for each participant and metric; a
retry repeats its outcome whatever else it says. Refusals, in the order they are checked: MetricNotFound, InvalidInput.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from uuid_utils.compat import uuid7

from gamify.errors import InvalidInput, MetricNotFound
from gamify.ledger.store import NO_EARNING, Unlock, WantedEarning
from gamify.queries.earning import MetricRule, TriggerRule, boost_json
from gamify.queries.programme import Programme, System
from gamify.rewards.attributes import matches
from gamify.rewards.days import DAILY
from gamify.rewards.metrics import added, crossings
from gamify.rewards.streaks import StreakState
from gamify.services import _joining
from gamify.services._batch import Result as Result
from gamify.services._credit import Credit
from gamify.services._member import Member
from gamify.services._operation import Operation
from gamify.services.idempotency import IdempotencyKey, input_hash
from gamify.services.participants import identified
from tenants.refs import TenantRef

# No total goes further, up or down.
TOTAL_MAX = Decimal(10) ** 18


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of an event, in plain JSON values: kept with the key as it is, and repeated for every retry."""

    event_id: str
    metric_id: str
    # A decimal number.
    total: str
    streak: dict[str, Any]
    # The badges that it unlocked.
    achievements: Sequence[dict[str, Any]] = ()
    # By the key of the points system, as far as it credited anything there.
    points: Mapping[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event(Operation):
    """`value` more, or less, of what `metric` counts. `known`: what is to change in the participant's profile."""

    participant: str
    metric: str
    value: Decimal
    attributes: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    key: IdempotencyKey | None = None

    # Events come at the rate at which people do things, not at that of purchases.
    is_capped: ClassVar[bool] = False
    wants_profile: ClassVar[bool] = True
    outcome_type: ClassVar[type[Recorded]] = Recorded

    def input_hash(self) -> bytes:
        # Not the value: a retry repeats the outcome whatever it says.
        return input_hash("event", self.participant, self.metric)

    def postings(self, programme: Programme) -> Iterable[tuple[System, int]]:
        triggers = (*self._triggers(programme), *programme.earning.of_type("streak"))
        return [(programme.systems[id], 0) for id in {trigger.system_id for trigger in triggers}]

    def earning(self, programme: Programme) -> WantedEarning:
        metric = programme.earning.metrics.get(self.metric)
        if metric is None:
            return NO_EARNING
        counters = {metric.id, *(trigger.counter_id for trigger in self._triggers(programme))}
        return WantedEarning(counters=counters)

    def check(self, programme: Programme, now: datetime) -> None:
        if self.metric not in programme.earning.metrics:
            raise MetricNotFound(self.metric)

    def apply(self, member: Member) -> Recorded:
        """Raises InvalidInput."""
        metric = member.programme.earning.metrics[self.metric]
        if abs(added(member.total(metric.id), self.value)) > TOTAL_MAX:
            raise InvalidInput((("value", f"Would take the total beyond {TOTAL_MAX:f}."),))
        credited, unlocked = len(member.credits), len(member.unlocks)
        identified(member, self.known, adds_attributes=True)
        self._count(member, metric)
        streak, is_extended = self._keep_up(member, metric)
        if len(member.credits) > credited:
            member.evaluate(cause="event", reason=None)
        return Recorded(
            event_id=str(uuid7()),
            metric_id=str(metric.id),
            total=f"{member.total(metric.id):f}",
            streak=_streak_json(streak, member.day, is_extended=is_extended),
            achievements=_achievements(member, member.unlocks[unlocked:]),
            points=_points(member, member.credits[credited:]),
        )

    def _triggers(self, programme: Programme) -> list[TriggerRule]:
        """Those of the metric; those that ask for attributes only where the event has them."""
        metric = programme.earning.metrics.get(self.metric)
        return [
            trigger
            for trigger in programme.earning.of_type("metric")
            if metric and trigger.metric_id == metric.id and matches(trigger.event_attributes, self.attributes)
        ]

    def _count(self, member: Member, metric: MetricRule) -> None:
        triggers = self._triggers(member.programme)
        before = {id: member.total(id) for id in {metric.id, *(trigger.counter_id for trigger in triggers)}}
        member.totals |= {id: added(total, self.value) for id, total in before.items()}
        for trigger in triggers:
            assert trigger.threshold
            id = trigger.counter_id
            member.pay(trigger, crossings(before[id], member.total(id), trigger.threshold))

    def _keep_up(self, member: Member, metric: MetricRule) -> tuple[StreakState, bool]:
        """The streak that the metric is about, and whether the event made it longer: one that adds nothing does not."""
        streak = member.streak(metric.streak_frequency or DAILY)
        longer = streak.extended(member.day)
        if metric.streak_frequency is None or self.value <= 0 or longer == streak:
            return streak.on(member.day), False
        member.streaks[streak.frequency] = longer
        for trigger in member.programme.earning.of_type("streak"):
            if (trigger.streak_frequency, trigger.streak_length) == (longer.frequency, longer.length):
                member.pay(trigger)
        return longer, True


def record(*, tenant: TenantRef, item: Event, now: datetime) -> Result:
    """Record an event of a participant, who is made if unknown. Refusals: MetricNotFound, InvalidInput. Raises Busy."""
    return _joining.run(tenant, item, now=now)


def event_key(text: str, *, participant: str, metric: str) -> IdempotencyKey:
    """A caller's key: the same text says something else of another participant or metric."""
    return IdempotencyKey(text, scope=f"event\n{len(metric)}\n{metric}\n{participant}")


def _streak_json(streak: StreakState, day: date, *, is_extended: bool) -> dict[str, Any]:
    bounds = streak.bounds(day)
    return {
        "length": streak.length,
        "frequency": streak.frequency,
        "extended": is_extended,
        "started": streak.started_on and streak.started_on.isoformat(),
        "period_start": bounds.start.isoformat(),
        "period_end": bounds.end.isoformat(),
        "expires": bounds.expires and bounds.expires.isoformat(),
    }


def _achievements(member: Member, unlocks: Sequence[Unlock]) -> list[dict[str, Any]]:
    badges = {badge.id: badge for badge in member.programme.badges}
    return [
        {
            "id": str(badge.id),
            "code": badge.code,
            "name": badge.name,
            "description": badge.description,
            "icon_url": badge.icon_url,
            "achieved_at": member.now.isoformat(),
        }
        for badge in (badges[unlock.badge_id] for unlock in unlocks)
    ]


def _points(member: Member, made: Sequence[Credit]) -> dict[str, dict[str, Any]]:
    by_system: dict[System, list[Credit]] = {}
    for credit in made:
        by_system.setdefault(credit.system, []).append(credit)
    return {system.key: _points_of(member, system, mine) for system, mine in by_system.items()}


def _points_of(member: Member, system: System, made: Sequence[Credit]) -> dict[str, Any]:
    first, last = made[0].entry, made[-1].entry
    before = member.programme.earning.level(system.id, first.balance_after - first.amount)
    level = member.programme.earning.level(system.id, last.balance_after)
    return {
        "id": str(system.id),
        "key": system.key,
        "name": system.name,
        "description": system.description,
        "badge_url": system.badge_url,
        "max_points": system.max_points,
        "total": last.balance_after,
        "added": sum(credit.entry.amount for credit in made),
        # Only where the event changed it.
        "level": level.as_json() if level and level != before else None,
        "awards": [
            {
                "id": str(credit.entry.id),
                "awarded": credit.entry.amount,
                "date": credit.entry.created_at.isoformat(),
                "total": credit.entry.balance_after,
                "trigger": credit.trigger.as_json() if credit.trigger else None,
                "boosts": [boost_json(boost, member.day) for boost in credit.boosts],
            }
            for credit in reversed(made)
        ],
    }
