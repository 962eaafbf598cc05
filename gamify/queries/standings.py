"""Where everybody would be under given rules, found out in one statement over all of a tenant's participants."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from gamify.models import Entry, Participant
from gamify.queries.programme import Programme, TierRule

# For the one statement: a million participants and their accounts are joined in memory.
WORK_MEM = "256MB"


@dataclass(frozen=True, slots=True)
class Move:
    """So many participants that would go from one tier to another; None is no tier."""

    from_tier: TierRule | None
    to_tier: TierRule | None
    participants: int


def moves(*, tenant_id: UUID, programme: Programme, now: datetime) -> list[Move]:
    """How many participants `programme` would move from where they are. Writes nothing; exact as of one moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEM])
        standings = _standings(tenant_id, programme, now)
        rows = standings.values_list("tier_id", "best").annotate(participants=Count("pk")).order_by()
        found_rows: list[tuple[UUID | None, UUID | None, int]] = list(rows)
    counts: dict[tuple[TierRule | None, TierRule | None], int] = {}
    for tier_id, best_id, count in found_rows:
        current = programme.tiers[tier_id] if tier_id else None
        target = programme.tier_after(current, programme.tiers[best_id] if best_id else None)
        if target != current:
            counts[current, target] = counts.get((current, target), 0) + count
    found = [Move(current, target, count) for (current, target), count in counts.items()]
    return sorted(found, key=lambda move: (_level(move.from_tier), _level(move.to_tier)))


def misplaced(
    *, tenant_id: UUID, programme: Programme, after: UUID | None, limit: int, now: datetime
) -> Iterator[tuple[UUID, str]]:
    """The first `limit` participants behind the id `after` that are not where `programme` says: (id, external id)."""
    by_current = [
        Q(tier_id=tier.id if tier else None) & _belongs_elsewhere(programme, tier)
        for tier in (None, *programme.tiers.values())
    ]
    condition = by_current[0]
    for each in by_current[1:]:
        condition |= each
    found = _standings(tenant_id, programme, now).filter(condition)
    if after:
        found = found.filter(pk__gt=after)
    yield from found.order_by("pk").values_list("pk", "external_id")[:limit]


def _belongs_elsewhere(programme: Programme, current: TierRule | None) -> Q:
    """For somebody at `current`: which values of `best` mean a move."""
    moving = [
        best.id if best else None
        for best in (None, *programme.ladder)
        if programme.tier_after(current, best) != current
    ]
    condition = Q(best__in=[id for id in moving if id])
    return condition | Q(best__isnull=True) if None in moving else condition


def _standings(tenant_id: UUID, programme: Programme, now: datetime) -> QuerySet[Any, Any]:
    """All participants that evaluation may move, each with `best`: the highest tier whose criteria hold, or null.

    The annotations are the ones that `Criterion.condition` may name.
    """
    system_id = programme.default_system.id
    windows: dict[str, Any] = {
        f"earned_in_{days}_days": Coalesce(
            Subquery(
                Entry.objects.filter(
                    participant_id=OuterRef("pk"),
                    points_system_id=system_id,
                    kind="award",
                    created_at__gt=now - timedelta(days=days),
                )
                .values("participant_id")
                .annotate(sum=Sum("amount"))
                .values("sum")
            ),
            0,
            output_field=BigIntegerField(),
        )
        for days in programme.windows
    }
    levels = [When(tier_id=tier.id, then=Value(tier.level)) for tier in programme.tiers.values()]
    return (
        Participant.objects.filter(tenant_id=tenant_id, tier_pinned=False)
        .annotate(account=FilteredRelation("accounts", condition=Q(accounts__points_system_id=system_id)))
        .annotate(
            total_earned=Coalesce(F("account__total_earned"), 0, output_field=BigIntegerField()),
            award_count=Coalesce(F("account__award_count"), 0, output_field=BigIntegerField()),
            tier_level=Case(*levels, default=None, output_field=IntegerField()),
            **windows,
        )
        .annotate(
            best=Case(
                *(When(tier.criterion.condition(), then=Value(tier.id)) for tier in programme.ladder),
                default=None,
                output_field=UUIDField(),
            )
        )
    )


def _level(tier: TierRule | None) -> int:
    return tier.level if tier else 0
