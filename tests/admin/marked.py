"""A tenant full of rows that all carry a mark, for tests that look for it; and a look at what came of them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from gamify.services import programme_file
from tenants import keys
from tenants.models import ApiKey, Membership, Tenant
from tests import programmes

# Stands in everything of the tenant that must not be seen.
MARK = "zzsecret"


def fill(tenant: Tenant, mark: str) -> None:
    """One row of each kind at least, and what people did."""
    programme_file.apply(
        tenant,
        {
            "points_systems": [{"key": f"{mark}-key", "name": f"{mark} points"}],
            "badges": [
                {
                    "code": f"{mark}_badge",
                    "name": f"{mark} badge",
                    "criteria_type": "award_count",
                    "criteria_config": {"min_awards": 1},
                }
            ],
            "tiers": [
                {"code": f"{mark}_tier", "name": f"{mark} tier", "level": 1, "criteria_config": {"min_points": 1}}
            ],
            "reward_rules": [{"event_type": f"{mark}_event", "points": 5}],
            "metrics": [{"key": f"{mark}-metric", "name": f"{mark} metric"}],
            "triggers": [
                {
                    "points_system": f"{mark}-key",
                    "type": "metric",
                    "metric": f"{mark}-metric",
                    "threshold": 3,
                    "points": 10,
                }
            ],
            "levels": [{"points_system": f"{mark}-key", "key": f"{mark}-level", "name": f"{mark} level", "points": 1}],
            "boosts": [
                {
                    "points_system": f"{mark}-key",
                    "name": f"{mark} boost",
                    "start": "2020-01-01",
                    "end": None,
                    "multiplier": 2,
                }
            ],
            "engagements": [{"name": f"{mark} game"}],
        },
    )
    programmes.award(tenant, f"{mark}_user", 10, reason=f"{mark} reason", now=timezone.now())
    keys.issue(tenant=tenant, name=f"{mark} key")


def kinds() -> list[type[Model]]:
    """Whatever is of a tenant and has pages in the console."""
    return [model for model in admin.site._registry if any(field.name == "tenant" for field in model._meta.fields)]


def rows_of(tenant: Tenant) -> list[Any]:
    return [tenant, *(row for model in kinds() for row in model._default_manager.filter(tenant=tenant))]


def page_of(row: Model) -> str:
    """What the addresses of all pages about the row begin with."""
    return f"{row._meta.app_label}/{row._meta.model_name}/{row.pk}/"


def everything() -> list[Any]:
    """All that the console can change, to the last value."""
    models: list[type[Model]] = [Tenant, Membership, ApiKey, User]
    return [programmes.rows(), *(list(model._default_manager.order_by("pk").values_list()) for model in models)]
