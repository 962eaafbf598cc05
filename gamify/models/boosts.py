"""Boosts: for some days, awards in one points system are multiplied: everybody's, or one participant's."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from gamify.models.participants import Participant
from gamify.models.points import PointsSystem
from tenants.models import Tenant

MULTIPLIER_DECIMALS = 6


class Rounding(models.TextChoices):
    DOWN = "down", "Down"
    UP = "up", "Up"
    NEAREST = "nearest", "To the nearest, halves up"


class BoostTerms(models.Model):
    """What global and personal boosts have in common. Days are those of the participant's time zone."""

    name = models.CharField(max_length=255)
    start = models.DateField()
    end = models.DateField(null=True, blank=True, help_text="Its last day. Empty: it has none.")
    multiplier = models.DecimalField(max_digits=8, decimal_places=MULTIPLIER_DECIMALS)
    rounding = models.CharField(max_length=10, choices=Rounding.choices, default=Rounding.DOWN)
    is_active = models.BooleanField(default=True, help_text="One that is not multiplies nothing and is shown nowhere.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


def _bounds(prefix: str) -> list[models.BaseConstraint]:
    return [
        models.CheckConstraint(
            condition=Q(multiplier__gt=0) & Q(multiplier__lt=100) & ~Q(multiplier=1), name=f"{prefix}_multiplies"
        ),
        models.CheckConstraint(
            condition=Q(end__isnull=True) | Q(end__gte=F("start")), name=f"{prefix}_ends_after_it_starts"
        ),
    ]


class Boost(BoostTerms):
    """A boost for everybody."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="boosts")
    points_system = models.ForeignKey(PointsSystem, on_delete=models.PROTECT, related_name="boosts")

    class Meta:
        ordering = ("id",)
        constraints: ClassVar[list[models.BaseConstraint]] = _bounds("boost")

    def __str__(self) -> str:
        return self.name


class ParticipantBoost(BoostTerms):
    """A boost for one participant. `Participant.boosted_until` says whether there is any to be read."""

    pk = models.CompositePrimaryKey("participant_id", "id")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=uuid7)
    points_system = models.ForeignKey(
        PointsSystem, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = _bounds("participant_boost")
        indexes: ClassVar[list[models.Index]] = [
            # Ending one of which only the id is known.
            models.Index(fields=["id"], name="participant_boost_by_id"),
            # The list of all of one points system, newest first.
            models.Index(fields=["points_system", "id"], name="participant_boost_by_system"),
        ]
