"""Badges: their definitions, and who unlocked which when."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from gamify.models.participants import Participant
from tenants.models import Tenant


class Badge(models.Model):
    """One badge of a tenant, unlocked at most once by each participant."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="badges")
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    description = models.TextField(null=True, blank=True)
    icon_url = models.TextField(null=True, blank=True)
    criteria_type = models.CharField(max_length=50, default="points")
    criteria_config = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ("code",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "code"], name="badge_code_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class BadgeUnlock(models.Model):
    """A participant unlocked a badge. Its code also stands on the participant's row, which is what awards read."""

    pk = models.CompositePrimaryKey("participant_id", "badge_id")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    unlocked_at = models.DateTimeField()
