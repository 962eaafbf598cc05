"""What an award leads to: badges and tiers, read and written row by row."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from gamify import criteria
from gamify.criteria import Standing
from gamify.models import Account, Badge, BadgeUnlock, Entry, Fact, Participant, Tier, TierTransition


def evaluate(
    person: Participant, account: Account, *, reason: str | None, now: datetime
) -> tuple[dict[str, Any] | None, list[str]]:
    """Unlock badges and move to the tier that is due, until neither leads on. Returns the upgrade, and the badges."""
    tiers = list(Tier.objects.filter(tenant_id=person.tenant_id).order_by("-level"))
    badges = list(Badge.objects.filter(tenant_id=person.tenant_id, is_active=True))
    definitions: list[Tier | Badge] = [*tiers, *badges]
    before = next((tier for tier in tiers if tier.id == person.tier_id), None)
    earned_in_days = {
        days: _earned_in(person, account, days, now)
        for each in definitions
        if (days := criteria.parse(each.criteria_type, each.criteria_config).window_days)
    }
    tier, unlocked = before, []
    while True:
        standing = Standing(
            total_earned=account.total_earned,
            award_count=account.award_count,
            earned_in_days=earned_in_days,
            badges=frozenset(person.badge_codes),
            tier_level=tier.level if tier else None,
        )
        due = [badge for badge in badges if badge.code not in person.badge_codes and _holds(badge, standing)]
        for badge in due:
            person.badge_codes.append(badge.code)
            BadgeUnlock.objects.create(participant=person, badge=badge, unlocked_at=now)
            fact(person, "badge.unlocked", {"code": badge.code}, now)
        unlocked += [badge.code for badge in due]
        target = tier if person.tier_pinned else _tier_after(tiers, tier, standing)
        if target == tier and not due:
            break
        tier = target
    if tier == before:
        return None, unlocked
    _place(person, before, tier, reason=reason, now=now)
    return _upgrade(before, tier), unlocked


def fact(person: Participant, type: str, data: dict[str, Any], at: datetime) -> None:
    text = json.dumps({"participant_id": person.external_id, **data}, ensure_ascii=False)
    Fact.objects.create(participant=person, tenant_id=person.tenant_id, type=type, data=text, created_at=at)


def _earned_in(person: Participant, account: Account, days: int, now: datetime) -> int:
    awards = Entry.objects.filter(
        participant=person,
        points_system_id=account.points_system_id,
        kind="award",
        created_at__gt=now - timedelta(days=days),
    )
    return awards.aggregate(sum=Sum("amount"))["sum"] or 0


def _holds(definition: Tier | Badge, standing: Standing) -> bool:
    return criteria.parse(definition.criteria_type, definition.criteria_config).holds(standing)


def _tier_after(tiers: list[Tier], current: Tier | None, standing: Standing) -> Tier | None:
    ladder = [tier for tier in tiers if tier.is_active and tier.award_type == "automatic"]
    best = next((tier for tier in ladder if _holds(tier, standing)), None)
    if current is None or (best and best.level > current.level):
        return best
    is_lifetime = criteria.parse(current.criteria_type, current.criteria_config).is_lifetime
    return current if is_lifetime or current not in ladder else best


def _place(person: Participant, before: Tier | None, tier: Tier | None, *, reason: str | None, now: datetime) -> None:
    person.tier_id = tier.id if tier else None
    person.tier_achieved_at = now if tier else None
    TierTransition.objects.create(
        participant=person, tier=tier, previous_tier=before, cause="award", reason=reason, created_at=now
    )
    data = {"cause": "award", "reason": reason, "previous": _brief(before), "new": _brief(tier)}
    fact(person, "tier.changed", data, now)


def _upgrade(before: Tier | None, after: Tier | None) -> dict[str, Any] | None:
    if after is None or (before and after.level < before.level):
        return None
    return {
        "code": after.code,
        "name": after.name,
        "level": after.level,
        "previous_code": before.code if before else None,
        "previous_level": before.level if before else None,
    }


def _brief(tier: Tier | None) -> dict[str, Any] | None:
    return {"code": tier.code, "name": tier.name, "level": tier.level} if tier else None
