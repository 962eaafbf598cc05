"""Tiers and badges that somebody holds, as every Bricqs answer shows them."""

from collections.abc import Iterable
from typing import Any

from gamify.http.fields import instant
from gamify.queries.tiers import HeldBadge, HeldTier, NextTier


def held_tier(tier: HeldTier | None) -> dict[str, Any] | None:
    if tier is None:
        return None
    return {
        "code": tier.code,
        "name": tier.name,
        "level": tier.level,
        "color": tier.color,
        "achieved_at": tier.achieved_at and instant(tier.achieved_at),
        "next_tier": next_tier(tier.next_tier),
    }


def next_tier(tier: NextTier | None) -> dict[str, Any] | None:
    if tier is None:
        return None
    return {
        "code": tier.code,
        "name": tier.name,
        "points_required": tier.points_required,
        "points_remaining": tier.points_remaining,
    }


def held_badges(badges: Iterable[HeldBadge]) -> list[dict[str, Any]]:
    return [
        {
            "code": badge.code,
            "name": badge.name,
            "description": badge.description,
            "icon_url": badge.icon_url,
            "unlocked_at": instant(badge.unlocked_at),
        }
        for badge in badges
    ]
