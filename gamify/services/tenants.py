"""Tenants: made together with their sandbox and their first points system."""

from django.db import transaction

from gamify.models import PointsSystem
from tenants.models import Tenant

DEFAULT_SYSTEM = {"key": "points", "name": "Points", "is_default": True}


def create(*, slug: str, name: str) -> tuple[Tenant, bool]:
    """Make the tenant `slug` and its sandbox twin, or find them; the flag says whether the tenant was made.

    Repeating it completes what is missing and leaves the rest as it is. Raises ValidationError (slug, name).
    """
    with transaction.atomic():
        tenant = Tenant.objects.filter(slug=slug, sandbox_of=None).first()
        created = tenant is None
        if tenant is None:
            tenant = Tenant(slug=slug, name=name)
            tenant.full_clean()
            tenant.save()
        sandbox, _ = Tenant.objects.get_or_create(sandbox_of=tenant, defaults={"slug": slug, "name": name})
        for each in (tenant, sandbox):
            if not each.points_systems.filter(is_default=True).exists():
                PointsSystem.objects.create(tenant=each, **DEFAULT_SYSTEM)
        return tenant, created
