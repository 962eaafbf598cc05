"""The dashboard's numbers, out of daily totals and small indexes: nothing here reads the ledger's tables as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Sum

from gamify.models import Account, DailyTotal, Lot, Participant, PointsSystem, Sweep, Tier
from tenants.database import send

REASONS_SHOWN = 8
CHANGES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Day:
    """What one day, or several together, did. All are positive; `outstanding` is what there was at its end."""

    day: date
    issued: int
    spent: int
    expired: int
    outstanding: int


@dataclass(frozen=True, slots=True)
class Reason:
    text: str
    is_rest: bool
    kind: str
    points: int
    entries: int


@dataclass(frozen=True, slots=True)
class TierShare:
    tier: Tier | None
    members: int


@dataclass(frozen=True, slots=True)
class TierChange:
    participant_id: UUID
    participant: str
    cause: str
    before: str | None
    after: str | None
    created_at: datetime


def days(system: PointsSystem, *, first: date, last: date) -> list[Day]:
    """Every day from `first` to `last`, also those on which nothing happened."""
    totals = DailyTotal.objects.filter(points_system=system)
    outstanding = totals.filter(day__lt=first).aggregate(sum=Sum("points"))["sum"] or 0
    sums = {
        (row["day"], row["kind"]): row["sum"]
        for row in totals.filter(day__range=(first, last)).values("day", "kind").annotate(sum=Sum("points")).order_by()
    }
    found = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        issued, spent, expired = (abs(sums.get((day, kind), 0)) for kind in ("award", "deduct", "expire"))
        outstanding += issued - spent - expired
        found.append(Day(day, issued, spent, expired, outstanding))
    return found


def by_week(found: Sequence[Day]) -> list[Day]:
    """The same, seven days at a time; the last part may be shorter."""
    weeks = [found[start : start + 7] for start in range(0, len(found), 7)]
    return [
        Day(
            week[0].day,
            sum(day.issued for day in week),
            sum(day.spent for day in week),
            sum(day.expired for day in week),
            week[-1].outstanding,
        )
        for week in weeks
    ]


def top_reasons(system: PointsSystem, *, first: date, last: date) -> list[Reason]:
    """What most points were given and taken for, debits among them."""
    rows = (
        DailyTotal.objects.filter(points_system=system, day__range=(first, last))
        .values("kind", "reason", "is_rest")
        .annotate(points_sum=Sum("points"), entries_sum=Sum("entries"))
        .order_by()
    )
    found = [Reason(r["reason"], r["is_rest"], r["kind"], r["points_sum"], r["entries_sum"]) for r in rows]
    return sorted(found, key=lambda reason: -abs(reason.points))[:REASONS_SHOWN]


def tier_distribution(tenant_id: UUID) -> list[TierShare]:
    """How many are at which tier, the lowest first; those without one at the beginning."""
    rows = Participant.objects.filter(tenant_id=tenant_id).values("tier_id").annotate(count=Count("pk")).order_by()
    counts: dict[UUID | None, int] = {row["tier_id"]: row["count"] for row in rows}
    tiers = Tier.objects.filter(tenant_id=tenant_id).order_by("level")
    held = [TierShare(tier, counts.get(tier.pk, 0)) for tier in tiers if tier.is_active or tier.pk in counts]
    return [TierShare(None, counts.get(None, 0)), *held]


_CHANGES = """
    SELECT f.participant_id, coalesce(profile.name, p.external_id), f.data::json->>'cause',
           f.data::json->'previous'->>'name', f.data::json->'new'->>'name', f.created_at
      FROM (SELECT * FROM gamify_fact WHERE tenant_id = $1 AND type = 'tier.changed'
             ORDER BY transaction DESC, id DESC LIMIT $2) AS f
      JOIN gamify_participant p ON p.id = f.participant_id
      LEFT JOIN gamify_profile profile ON profile.participant_id = p.id
     ORDER BY f.transaction DESC, f.id DESC
"""


def newest_tier_changes(tenant_id: UUID) -> list[TierChange]:
    return [TierChange(*row) for row in send(_CHANGES, [tenant_id, CHANGES_SHOWN]).fetchall()]


@dataclass(frozen=True, slots=True)
class SweepState:
    last: Sweep | None
    # Whether points wait to be written off. They count for nobody meanwhile.
    is_due: bool


def sweep_state(system: PointsSystem, *, now: datetime) -> SweepState:
    due = Lot.objects.filter(points_system=system, expires_at__lte=now)
    rests = Account.objects.filter(points_system=system, rest_expires_at__lte=now)
    return SweepState(Sweep.objects.filter(points_system=system).first(), due.exists() or rests.exists())


def systems(tenant_id: UUID) -> list[PointsSystem]:
    """The default one first."""
    return list(PointsSystem.objects.filter(tenant_id=tenant_id).order_by(F("is_default").desc(), "name"))
