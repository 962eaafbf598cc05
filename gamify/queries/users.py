"""Reads of participants as their tenants know them: profiles, and what they have in a points system."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from gamify.errors import ParticipantNotFound
from gamify.models import Boost, Entry, Participant, ParticipantBoost, Profile, Trigger, participant_id
from gamify.queries import earning
from gamify.queries import programme as programmes
from gamify.queries.earning import LevelRule, TriggerRule
from gamify.queries.points import balance
from gamify.queries.programme import System
from gamify.rewards.boosts import BoostRule
from gamify.rewards.days import day_of
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Person:
    """A participant; who was never identified has no profile."""

    id: UUID
    external_id: str
    created_at: datetime
    profile: Profile | None

    @property
    def time_zone(self) -> str | None:
        return self.profile.time_zone if self.profile else None

    def day(self, now: datetime) -> date:
        return day_of(now, self.time_zone)


@dataclass(frozen=True, slots=True)
class PastAward:
    """One entry that credits. `boosts`: those that multiplied it."""

    id: UUID
    amount: int
    created_at: datetime
    balance_after: int
    trigger: TriggerRule | None
    boosts: list[BoostRule]


@dataclass(frozen=True, slots=True)
class UserPoints:
    system: System
    total: int
    level: LevelRule | None
    # The newest first.
    awards: list[PastAward]
    # What day it is for the participant.
    day: date


def person(*, tenant: TenantRef, participant: str) -> Person:
    """Raises ParticipantNotFound."""
    id = participant_id(tenant.id, participant)
    row = Participant.objects.filter(pk=id).select_related("profile").first()
    if row is None:
        raise ParticipantNotFound(participant)
    return Person(id, row.external_id, row.created_at, getattr(row, "profile", None))


def user_points(*, tenant: TenantRef, participant: str, system: System, awards: int, now: datetime) -> UserPoints:
    """What the participant has in `system`, and its last `awards`. Raises ParticipantNotFound."""
    who = person(tenant=tenant, participant=participant)
    total = balance(tenant=tenant, participant=participant, system=system, now=now).balance
    rows = Entry.objects.filter(participant_id=who.id, points_system_id=system.id, kind="award")
    newest = rows.order_by("-sequence").values_list("id", "amount", "created_at", "balance_after", "explanation")
    return UserPoints(
        system=system,
        total=total,
        level=programmes.of(tenant).earning.level(system.id, total),
        awards=_awards(who, list(newest[:awards])),
        day=who.day(now),
    )


def active_boosts(*, tenant: TenantRef, participant: str, system: System, now: datetime) -> list[BoostRule]:
    """What multiplies the participant's awards in `system` now. Raises ParticipantNotFound."""
    who = person(tenant=tenant, participant=participant)
    own = ParticipantBoost.objects.filter(participant_id=who.id, points_system_id=system.id, is_active=True)
    everybodys = programmes.of(tenant).earning.boosts
    boosts = (*everybodys, *map(earning.boost_rule, own.order_by("id")))
    return earning.in_force(boosts, system.id, who.day(now))


def _awards(who: Person, rows: list[Any]) -> list[PastAward]:
    explanations = [json.loads(explanation) if explanation else {} for *_, explanation in rows]
    triggers = _triggers({each["trigger"] for each in explanations if "trigger" in each})
    boosts = _boosts(who, {boost["id"] for each in explanations for boost in each.get("boosts", ())})
    return [
        PastAward(
            id=id,
            amount=amount,
            created_at=created_at,
            balance_after=balance_after,
            trigger=triggers.get(explanation.get("trigger")),
            boosts=[boosts[boost["id"]] for boost in explanation.get("boosts", ())],
        )
        for (id, amount, created_at, balance_after, _), explanation in zip(rows, explanations, strict=True)
    ]


def _triggers(ids: set[str]) -> dict[str, TriggerRule]:
    found = earning.triggers(Trigger.objects.filter(pk__in=ids)) if ids else ()
    return {str(trigger.id): trigger for trigger in found}


def _boosts(who: Person, ids: set[str]) -> dict[str, BoostRule]:
    """Also those that have ended."""
    if not ids:
        return {}
    found: Iterable[Boost | ParticipantBoost] = (
        *Boost.objects.filter(pk__in=ids),
        *ParticipantBoost.objects.filter(participant_id=who.id, id__in=ids),
    )
    return {str(boost.id): earning.boost_rule(boost) for boost in found}
