"""Reward rules: what an event is worth; and how often each participant has had a reward."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from gamify.models.participants import Participant
from gamify.models.points import PointsSystem
from tenants.models import Tenant

POINTS_MAX = 1_000_000_000
CAP_COUNT_MAX = 1_000_000_000


class CapPeriod(models.TextChoices):
    DAY = "day", "Day"
    WEEK = "week", "Week, from Monday"
    MONTH = "month", "Month"
    EVER = "ever", "For ever"


class RewardRule(models.Model):
    """So many points for events of one type."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="reward_rules")
    event_type = models.CharField(max_length=100, help_text="As callers send it, such as signup.")
    name = models.CharField(
        max_length=100,
        null=True,
        blank=True,
        help_text="What the ledger gives as the reason. Empty: the event type.",
    )
    description = models.TextField(null=True, blank=True)
    points = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(POINTS_MAX)])
    points_system = models.ForeignKey(
        PointsSystem,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Where the points go. Empty: to the tenant's default points system.",
    )
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it has always been in force.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it stays in force.")
    cap_count = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(CAP_COUNT_MAX)],
        help_text="How often a participant can have it within the period. Empty: any number of times.",
    )
    cap_period = models.CharField(
        max_length=10,
        choices=CapPeriod.choices,
        default=CapPeriod.EVER,
        help_text="In the participant's time zone where that is known, in the tenant's otherwise.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        ordering = ("event_type",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "event_type"], name="reward_rule_event_type_unique"),
            models.CheckConstraint(condition=Q(points__gte=1), name="reward_rule_points_positive"),
            models.CheckConstraint(
                condition=Q(cap_count__isnull=True) | Q(cap_count__gte=1), name="reward_rule_cap_positive"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="reward_rule_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.event_type


class RewardCount(models.Model):
    """How often one participant has had the reward of one rule. Guarded by the participant's lock, so caps are exact.

    One row, not one for each period: it is found without knowing in which of them the participant lives, and there
    are never more than there are rules. Kept for rules without a cap too: one that is set later holds for all.
    """

    pk = models.CompositePrimaryKey("participant_id", "rule_id")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    # No constraint: every reward would lock the one rule's row to check it.
    rule = models.ForeignKey(
        RewardRule, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    count_ever = models.PositiveIntegerField()
    # The first day of the period last counted in, and how often within it.
    period_start = models.DateField()
    count_in_period = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(count_in_period__gte=1) & Q(count_in_period__lte=F("count_ever")),
                name="reward_count_within_all",
            ),
        ]
