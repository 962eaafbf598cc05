"""Triggers: what earns points by itself, without anybody asking for an award."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from gamify.models.badges import Badge
from gamify.models.metrics import Frequency, Metric
from gamify.models.participants import Participant
from gamify.models.points import PointsSystem
from tenants.models import Tenant

POINTS_MAX = 1_000_000
THRESHOLD_MAX = 1_000_000_000


class TriggerType(models.TextChoices):
    METRIC = "metric", "A metric's total passes a multiple of the threshold"
    ACHIEVEMENT = "achievement", "A badge is unlocked"
    STREAK = "streak", "A streak reaches a length"
    TIME = "time", "Time has passed"
    USER_CREATION = "user_creation", "A participant is identified for the first time"


class TriggerStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"
    ARCHIVED = "archived", "Archived"


class TimeUnit(models.TextChoices):
    HOUR = "hour", "Hour"
    DAY = "day", "Day"


class Trigger(models.Model):
    """One way to earn points in one points system. What else it says depends on its type."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="triggers")
    points_system = models.ForeignKey(PointsSystem, on_delete=models.PROTECT, related_name="triggers")
    type = models.CharField(max_length=20, choices=TriggerType.choices)
    points = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(POINTS_MAX)], help_text="What it pays each time."
    )
    status = models.CharField(max_length=10, choices=TriggerStatus.choices, default=TriggerStatus.ACTIVE)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="triggers", null=True, blank=True)
    threshold = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(THRESHOLD_MAX)],
        help_text="It pays whenever the metric's total passes a multiple of this upwards.",
    )
    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, related_name="triggers", null=True, blank=True)
    streak_length = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100_000)],
        help_text="It pays when a streak comes to this length; again, when another one does.",
    )
    streak_frequency = models.CharField(
        max_length=10, choices=Frequency.choices, null=True, blank=True, help_text="Empty: daily."
    )
    time_unit = models.CharField(max_length=10, choices=TimeUnit.choices, null=True, blank=True)
    time_interval = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100_000)],
        help_text="It pays each time so many units have passed since both it and the participant are there.",
    )
    # Text by key. All must be the participant's, or the event's, for it to pay.
    user_attributes = models.JSONField(default=dict, blank=True)
    event_attributes = models.JSONField(default=dict, blank=True)
    # When it was last made active: time that passed before does not count.
    active_since = models.DateTimeField(default=timezone.now, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(points__gte=1), name="trigger_points_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.points} for {self.type}"

    @property
    def is_active(self) -> bool:
        return self.status == TriggerStatus.ACTIVE

    @is_active.setter
    def is_active(self, value: bool) -> None:
        if value != self.is_active:
            self.status = TriggerStatus.ACTIVE if value else TriggerStatus.INACTIVE


class TimePayment(models.Model):
    """Until when a participant has been paid by a time trigger. Guarded by the participant's lock."""

    pk = models.CompositePrimaryKey("participant_id", "trigger_id")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    trigger = models.ForeignKey(
        Trigger, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    paid_until = models.DateTimeField()
