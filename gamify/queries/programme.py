"""A tenant's programme: the rules that awards follow, kept in each process until its version number moves on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from engagements.models import Engagement, Status
from gamify import criteria
from gamify.criteria import Criterion, Standing
from gamify.models import Badge, BurnOrder, PointsSystem, RewardRule, Tier
from gamify.queries import earning
from gamify.queries.earning import Earning
from gamify.queries.reward_rules import Reward, reward_of
from tenants.models import Tenant
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class System:
    """A points system, as the award path needs to know it."""

    id: UUID
    key: str
    name: str
    oldest_first: bool
    expiry_policy: str
    expiry_periods: int
    timezone: str
    max_points: int | None
    description: str | None
    badge_url: str | None


@dataclass(frozen=True, slots=True)
class TierRule:
    """A tier definition, as evaluation needs to know it."""

    id: UUID
    code: str
    name: str
    level: int
    color: str | None
    multiplier: Decimal | None
    is_active: bool
    is_automatic: bool
    criterion: Criterion

    @property
    def is_picked(self) -> bool:
        """Whether evaluation may pick it."""
        return self.is_active and self.is_automatic and self.criterion.can_hold

    def keeps(self) -> bool:
        """Whether who holds it stays, though it would not be picked again: all but what was reached in a window."""
        return self.criterion.is_lifetime or not self.is_picked


@dataclass(frozen=True, slots=True)
class BadgeRule:
    id: UUID
    code: str
    criterion: Criterion
    name: str = ""
    description: str | None = None
    icon_url: str | None = None


@dataclass(frozen=True, slots=True)
class EngagementRule:
    """An engagement, as awards need to know it. `system_id` is that of its own points system, if it has one."""

    id: UUID
    system_id: UUID | None
    is_active: bool
    starts_at: datetime | None
    ends_at: datetime | None

    def is_running(self, now: datetime) -> bool:
        begun = self.starts_at is None or self.starts_at <= now
        return self.is_active and begun and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True)
class Programme:
    version: int
    default_system: System
    systems: Mapping[UUID, System]
    # All of them: what was earned in one that has ended can still be spent.
    engagements: Mapping[str, EngagementRule]
    # All of them: who holds a tier that was deactivated still holds it.
    tiers: Mapping[UUID, TierRule]
    # The active ones only.
    badges: tuple[BadgeRule, ...]
    # By the type of the event that they are for. The active ones only.
    rewards: Mapping[str, Reward]
    # Metrics, triggers, levels and boosts.
    earning: Earning

    def system(self, key: str) -> System | None:
        return next((system for system in self.systems.values() if system.key == key), None)

    @cached_property
    def ladder(self) -> tuple[TierRule, ...]:
        """The tiers that evaluation picks from, the highest first."""
        picked = (tier for tier in self.tiers.values() if tier.is_picked)
        return tuple(sorted(picked, key=lambda tier: -tier.level))

    @cached_property
    def windows(self) -> tuple[int, ...]:
        """The numbers of days over which somebody's earnings must be known."""
        rules = [*(tier.criterion for tier in self.ladder), *(badge.criterion for badge in self.badges)]
        return tuple(sorted({rule.window_days for rule in rules if rule.window_days is not None}))

    def evaluate(self, standing: Standing, current: TierRule | None, *, is_pinned: bool = False) -> "Evaluation":
        """The tier and the badges that follow from `standing` for somebody at `current`. Each may lead to the other, so
        until neither does; which comes to an end, as badges are only added, and tiers then only climb."""
        tier, rounds, standing = current, [], replace(standing)
        while True:
            standing.tier_level = tier.level if tier else None
            due = tuple(b for b in self.badges if b.code not in standing.badges and b.criterion.holds(standing))
            rounds.append(due)
            standing.badges |= {badge.code for badge in due}
            target = tier if is_pinned else self.tier_after(tier, self.best_tier(standing))
            if target == tier and not due:
                return Evaluation(tier, rounds[0], tuple(badge for later in rounds[1:] for badge in later))
            tier = target

    def best_tier(self, standing: Standing) -> TierRule | None:
        """The highest tier whose criteria hold."""
        return next((tier for tier in self.ladder if tier.criterion.holds(standing)), None)

    def tier_after(self, current: TierRule | None, best: TierRule | None) -> TierRule | None:
        """Where somebody at `current`, not pinned, belongs when `best` is the highest tier that can be had."""
        if current is None or (best is not None and best.level > current.level):
            return best
        return current if current.keeps() else best


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The tier that somebody belongs at; the badges that are due before the tier changes, and those due after."""

    tier: TierRule | None
    badges: tuple[BadgeRule, ...]
    badges_after: tuple[BadgeRule, ...]


_kept: dict[UUID, Programme] = {}


def of(tenant: TenantRef) -> Programme:
    """The programme, at least as new as `tenant` was when it was read. Who acts on it compares its version with the
    one that is read along with the locked rows, and calls `forget` and starts over where the two differ."""
    kept = _kept.get(tenant.id)
    if kept is None or kept.version < tenant.programme_version:
        kept = _kept[tenant.id] = load(tenant.id)
    return kept


def knowing(tenant: TenantRef, tier_ids: Collection[UUID]) -> Programme:
    """As `of`, for a read that has found `tier_ids`: read anew where another process made one of them since."""
    programme = of(tenant)
    if all(id in programme.tiers for id in tier_ids):
        return programme
    forget(tenant.id)
    return of(tenant)


def forget(tenant_id: UUID) -> None:
    _kept.pop(tenant_id, None)


def load(tenant_id: UUID) -> Programme:
    """The programme as it is in the database, now."""
    # The version first: should the rules change between these reads, the version is too old, and is found to be.
    version, timezone = Tenant.objects.values_list("programme_version", "time_zone").get(pk=tenant_id)
    systems = list(PointsSystem.objects.filter(tenant_id=tenant_id))
    rules = {system.id: system_of(system, timezone) for system in systems}
    return Programme(
        version=version,
        default_system=next(rules[system.id] for system in systems if system.is_default),
        systems=rules,
        engagements={
            str(engagement.id): engagement_rule(engagement)
            for engagement in Engagement.objects.filter(tenant_id=tenant_id)
        },
        tiers={tier.id: tier_rule(tier) for tier in Tier.objects.filter(tenant_id=tenant_id)},
        badges=tuple(badge_rule(badge) for badge in Badge.objects.filter(tenant_id=tenant_id, is_active=True)),
        rewards={
            rule.event_type: reward_of(rule) for rule in RewardRule.objects.filter(tenant_id=tenant_id, is_active=True)
        },
        earning=earning.load(tenant_id),
    )


def system_of(system: PointsSystem, timezone: str) -> System:
    return System(
        id=system.id,
        key=system.key,
        name=system.name,
        oldest_first=system.burn_order == BurnOrder.OLDEST_CREDIT_FIRST,
        expiry_policy=system.expiry_policy,
        expiry_periods=system.expiry_periods,
        timezone=timezone,
        max_points=system.max_points,
        description=system.description,
        badge_url=system.badge_url,
    )


def engagement_rule(engagement: Engagement) -> EngagementRule:
    return EngagementRule(
        id=engagement.id,
        system_id=engagement.points_system_id,
        is_active=engagement.status == Status.ACTIVE,
        starts_at=engagement.starts_at,
        ends_at=engagement.ends_at,
    )


def badge_rule(badge: Badge) -> BadgeRule:
    return BadgeRule(
        id=badge.id,
        code=badge.code,
        criterion=criteria.parse(badge.criteria_type, badge.criteria_config),
        name=badge.name,
        description=badge.description,
        icon_url=badge.icon_url,
    )


def tier_rule(tier: Tier) -> TierRule:
    return TierRule(
        id=tier.id,
        code=tier.code,
        name=tier.name,
        level=tier.level,
        color=tier.color,
        multiplier=tier.point_multiplier,
        is_active=tier.is_active,
        is_automatic=tier.award_type == "automatic",
        criterion=criteria.parse(tier.criteria_type, tier.criteria_config),
    )
