"""Tiers: their definitions, and who came to which when."""

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from gamify.models.participants import Participant
from tenants.models import Tenant


class AwardType(models.TextChoices):
    AUTOMATIC = "automatic", "Automatic"
    MANUAL = "manual", "Manual"


class Tier(models.Model):
    """One tier of a tenant. Its code never changes; deactivating it leaves those who hold it where they are."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="tiers")
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    description = models.TextField(null=True, blank=True)
    level = models.IntegerField(validators=[MinValueValidator(1)])
    criteria_type = models.CharField(max_length=50, default="points")
    criteria_config = models.JSONField(default=dict, blank=True)
    benefits = models.JSONField(default=dict, blank=True)
    point_multiplier = models.DecimalField(
        max_digits=8, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(1)]
    )
    icon_url = models.TextField(null=True, blank=True)
    color = models.CharField(max_length=20, null=True, blank=True)
    badge_url = models.TextField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    award_type = models.CharField(max_length=10, choices=AwardType.choices, default=AwardType.AUTOMATIC)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ("level",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "code"], name="tier_code_unique"),
            models.UniqueConstraint(fields=["tenant", "level"], name="tier_level_unique"),
            models.CheckConstraint(condition=Q(level__gte=1), name="tier_level_positive"),
            models.CheckConstraint(
                condition=Q(point_multiplier__isnull=True) | Q(point_multiplier__gte=1),
                name="tier_multiplier_at_least_one",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TierTransition(models.Model):
    """A participant came to a tier, or, where `tier` is null, was left without one. Written once."""

    pk = models.CompositePrimaryKey("participant_id", "id")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    # From the application, in the order of time: the newest of a participant is the last of its primary key.
    id = models.UUIDField(default=uuid7)
    tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )
    previous_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )
    # award, event, identify, time, assign, release, reevaluate
    cause = models.CharField(max_length=12)
    reason = models.CharField(max_length=500, null=True)
    created_at = models.DateTimeField()
