"""The console. One module for each kind of page; what they share begins with an underscore.

A page for another kind of rule is one class on `_service.ServiceAdmin`, imported here, and one line of
`bricqs/console.py` for the navigation.
"""

from gamify.admin import audit, badges, dashboard, participants, points_systems, tenants, tiers

__all__ = ["audit", "badges", "dashboard", "participants", "points_systems", "tenants", "tiers"]
