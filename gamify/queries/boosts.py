"""Lists of boosts, as whoever administers them sees them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Value
from django.db.models.fields import CharField

from gamify.models import Boost, ParticipantBoost, PointsSystem
from gamify.queries.earning import boost_rule
from gamify.queries.programme import System
from gamify.rewards.boosts import BoostRule
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class ListedBoost:
    """`participant`: whose it is; None: everybody's."""

    boost: BoostRule
    participant: str | None


def of_everybody(*, tenant: TenantRef, system: System, include_finished: bool, today: date) -> list[BoostRule]:
    """Those that are in force or will be, and, if asked for, those that were; in the order in which they were made."""
    rows = Boost.objects.filter(tenant_id=tenant.id, points_system_id=system.id, is_active=True).order_by("id")
    boosts = map(boost_rule, rows)
    return [boost for boost in boosts if include_finished or boost.status(today) != "finished"]


def page(*, tenant: TenantRef, system: System, offset: int, limit: int) -> list[ListedBoost]:
    """Everybody's and single participants', the newest first: `limit` of them after skipping `offset`."""
    columns = ("id", "points_system_id", "name", "start", "end", "multiplier", "rounding", "owner")
    ours = Boost.objects.filter(tenant_id=tenant.id, points_system_id=system.id, is_active=True)
    theirs = ParticipantBoost.objects.filter(points_system_id=system.id, is_active=True)
    both: Any = (
        ours.annotate(owner=Value(None, output_field=CharField(null=True)))
        .values_list(*columns)
        .union(theirs.annotate(owner=F("participant__external_id")).values_list(*columns), all=True)
        .order_by("-id")
    )
    return [ListedBoost(BoostRule(*row), owner) for *row, owner in both[offset : offset + limit]]


def systems(*, tenant: TenantRef, offset: int, limit: int) -> list[PointsSystem]:
    """The tenant's points systems by key."""
    rows = PointsSystem.objects.filter(tenant_id=tenant.id).order_by("key")
    return list(rows[offset : offset + limit])
