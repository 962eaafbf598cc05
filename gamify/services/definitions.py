"""Change a tenant's rules: points systems, tiers, badges, reward rules, engagements.

Every change moves the programme's version on, in its own transaction, so that every process follows the new rules
from its next award on.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from engagements.models import Engagement
from engagements.origins import ORIGINS_MAX, parse_origins
from gamify import criteria
from gamify.criteria import BadConfig
from gamify.criteria.tier_reached import LEVEL_MAX as LEVEL_MAX
from gamify.errors import (
    BadgeCodeConflict,
    DomainError,
    EngagementNameConflict,
    EngagementNotFound,
    InvalidInput,
    RewardRuleConflict,
    TierCodeConflict,
    TierLevelConflict,
    TierNotFound,
)
from gamify.models import (
    AwardType,
    Badge,
    Boost,
    BurnOrder,
    ExpiryPolicy,
    Level,
    Metric,
    PointsSystem,
    RewardRule,
    Tier,
    Trigger,
)
from tenants.database import constraint_of
from tenants.models import Tenant

D = TypeVar("D", Tier, Badge, PointsSystem, RewardRule, Engagement)
R = TypeVar("R", Tier, Badge, PointsSystem, RewardRule, Engagement, Metric, Trigger, Level, Boost)

MULTIPLIER_MAX = 1_000
# Of points systems: `/v1/points/award`, `/v1/points/boosts`, `/v1/users/…/balance` and `…/history` are paths already.
RESERVED_KEYS = frozenset({"award", "boosts", "balance", "history"})
# A hundred years: dates come to an end, and an award must never fail because of its expiry.
EXPIRY_PERIODS_MAX = {
    ExpiryPolicy.NONE: 36_500,
    ExpiryPolicy.DAYS: 36_500,
    ExpiryPolicy.END_OF_MONTH: 1_200,
    ExpiryPolicy.END_OF_YEAR: 100,
    ExpiryPolicy.INACTIVITY: 36_500,
}


def create_tier(*, tenant_id: UUID, fields: Mapping[str, Any]) -> Tier:
    """Raises InvalidInput, TierCodeConflict, TierLevelConflict."""
    return save_tier(Tier(tenant_id=tenant_id, **fields))


def update_tier(*, tenant_id: UUID, tier_id: UUID, fields: Mapping[str, Any]) -> Tier:
    """Change the fields given and no others. Raises TierNotFound, InvalidInput, TierLevelConflict."""
    assert "code" not in fields, "a code never changes: awards refer to it"
    with transaction.atomic():
        # Before the tier is locked: whoever applies a file locks the tenant first, too.
        move_on(tenant_id)
        tier = Tier.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, pk=tier_id).first()
        if tier is None:
            raise TierNotFound(str(tier_id))
        for name, value in fields.items():
            setattr(tier, name, value)
        return save_tier(tier)


def deactivate_tier(*, tenant_id: UUID, tier_id: UUID) -> Tier:
    """The evaluator stops picking it; who holds it keeps it. Raises TierNotFound."""
    return update_tier(tenant_id=tenant_id, tier_id=tier_id, fields={"is_active": False})


def reorder_tiers(*, tenant_id: UUID, tier_ids: Sequence[UUID]) -> None:
    """Give the levels that the tenant's tiers have to the same tiers in another order, the lowest first.

    Raises InvalidInput where `tier_ids` are not exactly the tenant's tiers.
    """
    with transaction.atomic():
        move_on(tenant_id)
        tiers = list(Tier.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id).order_by("level"))
        moved = [(tier, level) for tier, level in in_order(tiers, tier_ids) if tier.level != level]
        # Two that exchange their levels would meet half-way: all step aside first.
        for index, (tier, _) in enumerate(moved):
            Tier.objects.filter(pk=tier.pk).update(level=2**31 - 1 - index)
        for tier, level in moved:
            tier.level = level
            save_tier(tier)


def in_order(tiers: Sequence[Tier], tier_ids: Sequence[UUID]) -> list[tuple[Tier, int]]:
    """Each of `tier_ids` with the level that it has in this order. Raises InvalidInput."""
    by_id = {tier.pk: tier for tier in tiers}
    if len(tier_ids) != len(by_id) or set(tier_ids) != set(by_id):
        raise InvalidInput((("tiers", "The tiers have changed meanwhile. Please look at their order again."),))
    levels = sorted(tier.level for tier in tiers)
    return [(by_id[id], level) for id, level in zip(tier_ids, levels, strict=True)]


def check_tier(tier: Tier) -> None:
    """Raises InvalidInput."""
    if tier.award_type not in AwardType.values:
        raise InvalidInput((("award_type", f"Must be one of: {', '.join(AwardType.values)}."),))
    _check_field(tier, "point_multiplier")
    if tier.point_multiplier is not None and Decimal(tier.point_multiplier) > MULTIPLIER_MAX:
        raise InvalidInput((("point_multiplier", f"Must be at most {MULTIPLIER_MAX}."),))
    if not isinstance(tier.benefits, dict):
        raise InvalidInput((("benefits", "Must be an object."),))
    if tier.level > LEVEL_MAX:
        raise InvalidInput((("level", f"Must be at most {LEVEL_MAX}."),))
    _check_criterion("tier", tier.criteria_type, tier.criteria_config)


def save_badge(badge: Badge) -> Badge:
    """Create or change a badge. Raises InvalidInput, BadgeCodeConflict."""
    _check_criterion("badge", badge.criteria_type, badge.criteria_config)
    return save_and_move_on(badge, badge_code_unique=BadgeCodeConflict(badge.code))


def save_tier(tier: Tier) -> Tier:
    """Create or change a tier. Raises InvalidInput, TierCodeConflict, TierLevelConflict."""
    check_tier(tier)
    return save_and_move_on(
        tier, tier_code_unique=TierCodeConflict(tier.code), tier_level_unique=TierLevelConflict(tier.level)
    )


def change(definition: D, fields: Mapping[str, Any], *, save: Callable[[D], D]) -> D:
    """Change the fields given and no others of a definition that was read a while ago. Raises what `save` does."""
    with transaction.atomic():
        # In the order of `update_tier`.
        move_on(definition.tenant_id)
        fresh = type(definition)._default_manager.select_for_update(no_key=True).get(pk=definition.pk)
        for name, value in fields.items():
            setattr(fresh, name, value)
        return save(fresh)


def save_points_system(system: PointsSystem) -> PointsSystem:
    """Create or change a points system. Raises InvalidInput."""
    for name in ("key", "max_points", "notice_days"):
        _check_field(system, name)
    before = PointsSystem.objects.filter(pk=system.pk).first()
    if system.key in RESERVED_KEYS and not (before and before.key == system.key):
        raise InvalidInput((("key", f"The API's paths use this word: {system.key}."),))
    if before and before.burn_order != system.burn_order:
        raise InvalidInput((("burn_order", "Is fixed once the system is made."),))
    if system.expiry_policy not in ExpiryPolicy.values:
        raise InvalidInput((("expiry_policy", f"Must be one of: {', '.join(ExpiryPolicy.values)}."),))
    if system.expiry_policy in (ExpiryPolicy.DAYS, ExpiryPolicy.INACTIVITY) and system.expiry_periods < 1:
        raise InvalidInput((("expiry_periods", "Must be at least 1 day."),))
    if system.expiry_periods > (most := EXPIRY_PERIODS_MAX[ExpiryPolicy(system.expiry_policy)]):
        raise InvalidInput((("expiry_periods", f"Must be at most {most}, which is a hundred years."),))
    if system.expiry_policy == ExpiryPolicy.INACTIVITY and system.burn_order == BurnOrder.OLDEST_CREDIT_FIRST:
        raise InvalidInput(
            (("expiry_policy", "Where all expires together, there is no oldest credit to use up first."),)
        )
    return save_and_move_on(
        system, points_system_key_unique=InvalidInput((("key", "Another points system already has this key."),))
    )


def save_reward_rule(rule: RewardRule) -> RewardRule:
    """Create or change a reward rule. Raises InvalidInput, RewardRuleConflict."""
    for name in ("event_type", "name", "points", "cap_count", "cap_period"):
        _check_field(rule, name)
    if rule.points_system and rule.points_system.tenant_id != rule.tenant_id:
        raise InvalidInput((("points_system", "There is no such points system here."),))
    if rule.starts_at and rule.ends_at and rule.ends_at <= rule.starts_at:
        raise InvalidInput((("ends_at", "Must be after starts_at."),))
    return save_and_move_on(rule, reward_rule_event_type_unique=RewardRuleConflict(rule.event_type))


def create_engagement(*, tenant_id: UUID, fields: Mapping[str, Any]) -> Engagement:
    """`points_system` is the key of one. Raises InvalidInput, EngagementNameConflict."""
    engagement = Engagement(tenant_id=tenant_id)
    _set_engagement(engagement, fields)
    return save_engagement(engagement)


def update_engagement(*, tenant_id: UUID, engagement_id: UUID, fields: Mapping[str, Any]) -> Engagement:
    """Change the fields given and no others. Raises EngagementNotFound, InvalidInput, EngagementNameConflict."""
    with transaction.atomic():
        move_on(tenant_id)
        found = Engagement.objects.select_for_update(no_key=True, of=("self",)).select_related("points_system")
        engagement = found.filter(tenant_id=tenant_id, pk=engagement_id).first()
        if engagement is None:
            raise EngagementNotFound(str(engagement_id))
        _set_engagement(engagement, fields)
        return save_engagement(engagement)


def save_engagement(engagement: Engagement) -> Engagement:
    """Create or change an engagement. Raises InvalidInput, EngagementNameConflict."""
    for name in ("name", "status", "currency_name", "allowed_origins"):
        _check_field(engagement, name)
    if engagement.points_system and engagement.points_system.tenant_id != engagement.tenant_id:
        raise InvalidInput((("points_system", "There is no such points system here."),))
    if engagement.starts_at and engagement.ends_at and engagement.ends_at <= engagement.starts_at:
        raise InvalidInput((("ends_at", "Must be after starts_at."),))
    engagement.allowed_origins = parse_origins(engagement.allowed_origins)
    if len(engagement.allowed_origins) > ORIGINS_MAX:
        raise InvalidInput((("allowed_origins", f"Must be at most {ORIGINS_MAX}."),))
    return save_and_move_on(engagement, engagement_name_unique=EngagementNameConflict(engagement.name))


def _set_engagement(engagement: Engagement, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name == "points_system" and value is not None:
            value = PointsSystem.objects.filter(tenant_id=engagement.tenant_id, key=value).first()
            if value is None:
                raise InvalidInput((("points_system", "There is no such points system here."),))
        setattr(engagement, name, value)


def save_and_move_on(definition: R, **refusals: DomainError) -> R:
    """Raises the one of `refusals` that is named like the constraint which another row holds it to."""
    try:
        with transaction.atomic():
            move_on(definition.tenant_id)
            definition.save()
    except IntegrityError as error:
        if refusal := refusals.get(constraint_of(error) or ""):
            raise refusal from error
        raise
    return definition


def move_on(tenant_id: UUID) -> None:
    """The programme has changed: in the same transaction as the change, so that nobody sees one without the other."""
    Tenant.objects.filter(pk=tenant_id).update(programme_version=models.F("programme_version") + 1)


def _check_field(definition: Tier | PointsSystem | RewardRule | Engagement, name: str) -> None:
    """What the database would refuse in another way, or round. Raises InvalidInput."""
    field: Any = definition._meta.get_field(name)
    try:
        field.clean(getattr(definition, name), definition)
    except ValidationError as error:
        raise InvalidInput(((name, " ".join(error.messages)),)) from error


def _check_criterion(use: str, criteria_type: str, config: Any) -> None:
    known = criteria.types_for(use)
    if criteria_type not in known:
        raise InvalidInput((("criteria_type", f"Must be one of: {', '.join(known)}."),))
    if not isinstance(config, dict):
        raise InvalidInput((("criteria_config", "Must be an object."),))
    try:
        criteria.parse(criteria_type, config)
    except BadConfig as error:
        raise InvalidInput(
            ((f"criteria_config.{error.key}", error.message[:1].upper() + error.message[1:]),)
        ) from error
