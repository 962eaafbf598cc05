"""The console. One module for each kind of page; what they share begins with an underscore.

A page for another kind of rule is one class on `_service.ServiceAdmin`, imported here, and one line of
`bricqs/console.py` for the navigation.
"""

from gamify.admin import (
    audit,
    badges,
    boosts,
    dashboard,
    engagements,
    levels,
    metrics,
    participants,
    points_systems,
    reward_rules,
    tenants,
    tiers,
)

__all__ = [
    "audit",
    "badges",
    "boosts",
    "dashboard",
    "engagements",
    "levels",
    "metrics",
    "participants",
    "points_systems",
    "reward_rules",
    "tenants",
    "tiers",
]
