"""Reads of tiers and badges: where a participant stands, what it would take to move on, what there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet, Sum

from gamify.criteria import Standing
from gamify.errors import TierNotFound
from gamify.models import Account, BadgeUnlock, Entry, Participant, Tier, TierTransition, participant_id
from gamify.queries import programme as programmes
from gamify.queries.programme import Programme, TierRule
from tenants.rates import Window
from tenants.refs import TenantRef

HISTORY_LENGTH_MAX = 10


@dataclass(frozen=True, slots=True)
class NextTier:
    """What it takes to come to the next tier; None where that is not a matter of points."""

    code: str
    name: str
    points_required: int | None
    points_remaining: int | None


@dataclass(frozen=True, slots=True)
class HeldTier:
    code: str
    name: str
    level: int
    color: str | None
    achieved_at: datetime | None
    next_tier: NextTier | None


@dataclass(frozen=True, slots=True)
class PastTier:
    code: str
    name: str
    achieved_at: datetime


@dataclass(frozen=True, slots=True)
class TierState:
    participant: str
    current_tier: HeldTier | None
    next_tier: NextTier | None
    tier_history: list[PastTier]
    window: Window


@dataclass(frozen=True, slots=True)
class HeldBadge:
    code: str
    name: str
    description: str | None
    icon_url: str | None
    unlocked_at: datetime


def tier_state(*, tenant: TenantRef, participant: str, now: datetime) -> TierState:
    """Current tier, the next one above it, and how it came about. An unknown participant simply has no tier yet."""
    id = participant_id(tenant.id, participant)
    row = Participant.objects.filter(pk=id).first()
    past = _past_tiers(id)
    programme = programmes.knowing(
        tenant, {tier for tier, _ in past} | ({row.tier_id} if row and row.tier_id else set())
    )
    current = programme.tiers[row.tier_id] if row and row.tier_id else None
    next_tier = _next_tier(programme, current, points_standing(programme, id, now))
    held = _held_tier(current, row.tier_achieved_at, next_tier) if row and current else None
    return TierState(
        participant=participant,
        current_tier=held,
        next_tier=next_tier,
        tier_history=[PastTier(programme.tiers[tier].code, programme.tiers[tier].name, at) for tier, at in past],
        window=_window(tenant, row, now),
    )


def current_tier(*, tenant: TenantRef, participant: str, now: datetime) -> HeldTier | None:
    """The one of `tier_state`, without what else is there: who holds none costs one statement."""
    id = participant_id(tenant.id, participant)
    row = Participant.objects.filter(pk=id).first()
    if row is None or row.tier_id is None:
        return None
    programme = programmes.knowing(tenant, {row.tier_id})
    tier = programme.tiers[row.tier_id]
    return _held_tier(tier, row.tier_achieved_at, _next_tier(programme, tier, points_standing(programme, id, now)))


def write_window(*, tenant: TenantRef, participant: str, now: datetime) -> Window:
    """How much of its write cap the participant has used."""
    return _window(tenant, Participant.objects.filter(pk=participant_id(tenant.id, participant)).first(), now)


def badges(*, tenant_id: UUID, participant: str) -> list[HeldBadge]:
    """The badges unlocked, the oldest first."""
    unlocks = BadgeUnlock.objects.filter(participant_id=participant_id(tenant_id, participant)).select_related("badge")
    return [
        HeldBadge(u.badge.code, u.badge.name, u.badge.description, u.badge.icon_url, u.unlocked_at)
        for u in unlocks.order_by("unlocked_at", "badge__code")
    ]


def definitions(tenant_id: UUID) -> QuerySet[Tier]:
    """All tier definitions of a tenant, by level."""
    return Tier.objects.filter(tenant_id=tenant_id).order_by("level")


def definition(*, tenant_id: UUID, tier_id: str) -> Tier:
    """Raises TierNotFound, also for an id that is none and for another tenant's tier."""
    try:
        return definitions(tenant_id).get(pk=UUID(tier_id))
    except (ValueError, Tier.DoesNotExist) as error:
        raise TierNotFound(tier_id) from error


def _window(tenant: TenantRef, row: Participant | None, now: datetime) -> Window:
    started_at, used = (row.window_started_at, row.window_writes) if row else (None, 0)
    return Window.at(tenant.write_rate, now, started_at=started_at, used=used)


def _held_tier(tier: TierRule, achieved_at: datetime | None, next_tier: NextTier | None) -> HeldTier:
    return HeldTier(tier.code, tier.name, tier.level, tier.color, achieved_at, next_tier)


def _next_tier(programme: Programme, current: TierRule | None, standing: Standing) -> NextTier | None:
    level = current.level if current else 0
    above = [tier for tier in programme.ladder if tier.level > level]
    if not above:
        return None
    tier = above[-1]
    required = tier.criterion.points_required()
    remaining = None if required is None else max(0, required - tier.criterion.points_so_far(standing))
    return NextTier(tier.code, tier.name, required, remaining)


def points_standing(programme: Programme, id: UUID, now: datetime) -> Standing:
    """Only what progress towards a tier needs: not for an evaluation, which asks for badges and awards as well."""
    system_id = programme.default_system.id
    account = Account.objects.filter(participant_id=id, points_system_id=system_id).first()
    awards = Entry.objects.filter(participant_id=id, points_system_id=system_id, kind="award")
    return Standing(
        total_earned=account.total_earned if account else 0,
        earned_in_days={
            days: awards.filter(created_at__gt=now - timedelta(days=days)).aggregate(sum=Sum("amount"))["sum"] or 0
            for days in programme.windows
        },
    )


def _past_tiers(id: UUID) -> list[tuple[UUID, datetime]]:
    """The ids of the tiers that were come to last, and when; the newest at the end."""
    changes = TierTransition.objects.filter(participant_id=id, tier_id__isnull=False).order_by("-id")
    newest = changes[:HISTORY_LENGTH_MAX]
    return [(change.tier_id, change.created_at) for change in reversed(newest) if change.tier_id]
