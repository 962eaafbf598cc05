"""Reads of engagements."""

from uuid import UUID

from django.db.models import QuerySet

from engagements.models import Engagement
from gamify.errors import EngagementNotFound


def all_of(tenant_id: UUID) -> QuerySet[Engagement]:
    return Engagement.objects.filter(tenant_id=tenant_id).select_related("points_system").order_by("name")


def one(*, tenant_id: UUID, engagement_id: str) -> Engagement:
    """Raises EngagementNotFound, also for an id that is none and for another tenant's engagement."""
    try:
        return all_of(tenant_id).get(pk=UUID(engagement_id))
    except (ValueError, Engagement.DoesNotExist) as error:
        raise EngagementNotFound(engagement_id) from error
