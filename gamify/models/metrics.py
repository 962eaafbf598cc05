"""Metrics: what participants do, counted; and the streaks of doing it day after day."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from gamify.models.participants import Participant
from tenants.models import Tenant

# Events may be fractions; a total is exact to so many decimals.
TOTAL_DECIMALS = 20


class Frequency(models.TextChoices):
    DAILY = "daily", "Daily"
    WEEKLY = "weekly", "Weekly"
    MONTHLY = "monthly", "Monthly"


class Metric(models.Model):
    """Something that a tenant's participants do, such as writing words. Its key never changes: events name it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="metrics")
    key = models.SlugField(max_length=100)
    name = models.CharField(max_length=100)
    streak_frequency = models.CharField(
        max_length=10,
        choices=Frequency.choices,
        default=Frequency.DAILY,
        null=True,
        blank=True,
        help_text="Which of a participant's streaks its events extend. Empty: none.",
    )
    is_active = models.BooleanField(default=True, help_text="Events of one that is not are refused.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ("key",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "key"], name="metric_key_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class MetricTotal(models.Model):
    """The running total of one of a participant's counters. Guarded by the participant's lock.

    A counter is called by what it counts for: a metric, all of whose events it counts, or a trigger that asks for
    event attributes, for which it counts those events that have them.
    """

    pk = models.CompositePrimaryKey("participant_id", "counter_id")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    counter_id = models.UUIDField()
    total = models.DecimalField(max_digits=40, decimal_places=TOTAL_DECIMALS)


class Streak(models.Model):
    """How many periods in a row a participant did something, in each frequency. Guarded by the participant's lock."""

    pk = models.CompositePrimaryKey("participant_id", "frequency")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    frequency = models.CharField(max_length=10, choices=Frequency.choices)
    length = models.PositiveIntegerField()
    # The day on which it began, and the first day of the period that extended it last: both in the participant's zone.
    started_on = models.DateField()
    last_period_on = models.DateField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(length__gte=1), name="streak_has_a_length"),
        ]
