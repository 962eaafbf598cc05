"""Points systems: the currencies of a tenant."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from tenants.models import Tenant

# Far from where sums of 64 bits end, and within what JSON's readers keep exactly.
MAX_POINTS_MAX = 10**15
NOTICE_DAYS_MAX = 3_650


class BurnOrder(models.TextChoices):
    SOONEST_EXPIRY_FIRST = "soonest_expiry_first", "Soonest expiry first"
    OLDEST_CREDIT_FIRST = "oldest_credit_first", "Oldest credit first"


class ExpiryPolicy(models.TextChoices):
    NONE = "none", "Never"
    DAYS = "days", "Days after the award"
    END_OF_MONTH = "end_of_month", "End of the month, so many months after the award"
    END_OF_YEAR = "end_of_year", "End of the year, so many years after the award"
    INACTIVITY = "inactivity", "After so many days without an award or a deduct"


class PointsSystem(models.Model):
    """One currency of one tenant. A tenant starts with one, named Points, which is its default."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="points_systems")
    key = models.SlugField(max_length=50)
    name = models.CharField(max_length=100)
    description = models.TextField(null=True, blank=True)
    badge_url = models.TextField(null=True, blank=True)
    is_default = models.BooleanField(default=False)
    burn_order = models.CharField(
        max_length=30,
        choices=BurnOrder.choices,
        default=BurnOrder.SOONEST_EXPIRY_FIRST,
        # Lots are kept for what the order needs to know; see gamify/ledger/posting.py.
        help_text="Which credits a deduct uses up first. Fixed once the system is made.",
    )
    expiry_policy = models.CharField(
        max_length=20,
        choices=ExpiryPolicy.choices,
        default=ExpiryPolicy.NONE,
        help_text="When credits expire whose award does not say. In the tenant's time zone; for later awards only.",
    )
    expiry_periods = models.PositiveIntegerField(
        default=0, help_text="How many days, months or years; 0 months is the end of the current one."
    )
    notice_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(NOTICE_DAYS_MAX)],
        help_text="How many days before a credit expires notify_expiring says so. Empty: not at all.",
    )
    max_points = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_POINTS_MAX)],
        help_text="The most that anybody can have; awards are cut to it. Empty: no limit.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("key",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "key"], name="points_system_key_unique"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(is_default=True), name="points_system_default_unique"
            ),
            models.CheckConstraint(
                condition=Q(expiry_periods__gte=1) | Q(expiry_policy__in=("none", "end_of_month", "end_of_year")),
                name="points_system_expires_after_some_days",
            ),
            models.CheckConstraint(
                condition=Q(max_points__isnull=True) | Q(max_points__gte=1), name="points_system_cap_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name
