"""Engagements: campaigns and games in which points are earned; sessions in which participants see theirs."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from engagements.origins import parse_origin
from tenants.models import Tenant


def validate_origin(text: str) -> None:
    try:
        parse_origin(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class Status(models.TextChoices):
    ACTIVE = "active", "Active"
    ENDED = "ended", "Ended"


class Engagement(models.Model):
    """One campaign or game of a tenant. Its id is what integrators and browsers call it by."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="engagements")
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it has always been running.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it runs until it is ended.")
    points_system = models.ForeignKey(
        "gamify.PointsSystem",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="A wallet of its own. Empty: points go to the tenant's default points system.",
    )
    currency_name = models.CharField(
        max_length=100, blank=True, help_text="What players see. Empty: the name of the points system."
    )
    allowed_origins = ArrayField(
        models.CharField(max_length=255, validators=[validate_origin]),
        default=list,
        blank=True,
        help_text="Web pages that may ask for points in a session, such as https://play.example.com.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "name"], name="engagement_name_unique"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="engagement_ends_after_it_starts",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Preflights: whether any engagement allows an origin.
            GinIndex(fields=["allowed_origins"], name="engagement_by_origin"),
        ]

    def __str__(self) -> str:
        return self.name


class Session(models.Model):
    """What a participant's browser holds: a bearer secret, of which only a hash is kept. See `engagements.sessions`."""

    # Computed from the secret, and the look-up of every call.
    id = models.UUIDField(primary_key=True, editable=False)
    engagement = models.ForeignKey(Engagement, on_delete=models.PROTECT, related_name="sessions")
    # The participant's external id; whose tenant that is, the engagement says.
    participant = models.CharField(max_length=255)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # Pruning what has expired.
            models.Index(fields=["expires_at"], name="session_by_expiry"),
        ]
