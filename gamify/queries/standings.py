"""Where everybody would be under given rules, found out in one statement over all of a tenant's participants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Count,
    F,
    FilteredRelation,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models.functions import Coalesce

from gamify.criteria import Standing
from gamify.models import Entry, Participant
from gamify.queries.programme import Programme, TierRule

# For the one statement: a million participants and their accounts are joined in memory.
WORK_MEM = "256MB"
# How many participants are looked at at once for those who are not where they belong.
PAGE_SIZE = 5_000


@dataclass(frozen=True, slots=True)
class Move:
    """So many participants that would go from one tier to another; None is no tier."""

    from_tier: TierRule | None
    to_tier: TierRule | None
    participants: int


def moves(*, tenant_id: UUID, programme: Programme, now: datetime) -> list[Move]:
    """How many participants `programme` would move from where they are. Writes nothing; exact as of one moment.

    Participants are counted by what the criteria can tell apart; one of each kind is then evaluated like any other.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEM])
        kinds = _Kinds(programme)
        columns = ("tier_id", *kinds.flags)
        grouped = (
            kinds.participants(tenant_id, now)
            .values(*columns)
            .annotate(participants=Count("pk"), **{f"least_{name}": Min(name) for name in kinds.amounts})
        )
        rows = list(grouped.order_by())
    counts: dict[tuple[TierRule | None, TierRule | None], int] = {}
    for row in rows:
        current, target = kinds.move(row, {name: row[f"least_{name}"] for name in kinds.amounts})
        if target != current:
            counts[current, target] = counts.get((current, target), 0) + row["participants"]
    found = [Move(current, target, count) for (current, target), count in counts.items()]
    return sorted(found, key=lambda move: (_level(move.from_tier), _level(move.to_tier)))


def misplaced(
    *, tenant_id: UUID, programme: Programme, after: UUID | None, limit: int, now: datetime
) -> list[tuple[UUID, str]]:
    """The first `limit` participants behind the id `after` that are not where `programme` says: (id, external id)."""
    kinds = _Kinds(programme)
    found: list[tuple[UUID, str]] = []
    while len(found) < limit:
        page = kinds.participants(tenant_id, now)
        page = (page.filter(pk__gt=after) if after else page).order_by("pk")
        rows = list(page.values("pk", "external_id", "tier_id", *kinds.flags, *kinds.amounts)[:PAGE_SIZE])
        for row in rows:
            current, target = kinds.move(row, row)
            if target != current:
                found.append((row["pk"], row["external_id"]))
        if len(rows) < PAGE_SIZE:
            break
        after = rows[-1]["pk"]
    return found[:limit]


class _Kinds:
    """What a programme's criteria can tell apart: who agrees in all `flags` and in the tier is evaluated alike."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        criteria = [tier.criterion for tier in programme.ladder] + [badge.criterion for badge in programme.badges]
        conditions = dict.fromkeys(condition for each in criteria if (condition := each.condition()) is not None)
        self.badge_codes = sorted({code for each in criteria for code in each.badge_codes})
        self.conditions = {f"holds_{number}": condition for number, condition in enumerate(conditions)}
        self.badges = {f"badge_{number}": code for number, code in enumerate(self.badge_codes)}
        self.flags = (*self.conditions, *self.badges)
        self.amounts = ("total_earned", "award_count", *(f"earned_in_{days}_days" for days in programme.windows))

    def participants(self, tenant_id: UUID, now: datetime) -> QuerySet[Any, Any]:
        """All that evaluation may move, with the amounts that conditions name, and the flags."""
        system_id = self.programme.default_system.id
        windows = {f"earned_in_{days}_days": _earned_in(system_id, days, now) for days in self.programme.windows}
        conditions = {
            **self.conditions,
            **{name: Q(badge_codes__contains=[code]) for name, code in self.badges.items()},
        }
        return (
            Participant.objects.filter(tenant_id=tenant_id, tier_pinned=False)
            .annotate(account=FilteredRelation("accounts", condition=Q(accounts__points_system_id=system_id)))
            .annotate(
                total_earned=Coalesce(F("account__total_earned"), 0, output_field=BigIntegerField()),
                award_count=Coalesce(F("account__award_count"), 0, output_field=BigIntegerField()),
                **windows,
            )
            .annotate(
                **{
                    name: Case(When(condition, then=True), default=False, output_field=BooleanField())
                    for name, condition in conditions.items()
                }
            )
        )

    def move(self, row: Mapping[str, Any], amounts: Mapping[str, Any]) -> tuple[TierRule | None, TierRule | None]:
        """Where those of a kind are, and where they belong. Any amounts of the kind's will do."""
        current = self.programme.tiers[row["tier_id"]] if row["tier_id"] else None
        standing = Standing(
            total_earned=amounts["total_earned"],
            award_count=amounts["award_count"],
            earned_in_days={days: amounts[f"earned_in_{days}_days"] for days in self.programme.windows},
            badges=frozenset(code for name, code in self.badges.items() if row[name]),
        )
        return current, self.programme.settle(standing, current).tier


def _earned_in(system_id: UUID, days: int, now: datetime) -> Coalesce:
    awards = Entry.objects.filter(
        participant_id=OuterRef("pk"),
        points_system_id=system_id,
        kind="award",
        created_at__gt=now - timedelta(days=days),
    )
    total = awards.values("participant_id").annotate(sum=Sum("amount")).values("sum")
    return Coalesce(Subquery(total), 0, output_field=BigIntegerField())


def _level(tier: TierRule | None) -> int:
    return tier.level if tier else 0
