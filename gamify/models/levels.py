"""Levels: what a participant's current points in one system amount to. They are looked up, never kept."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from gamify.models.points import PointsSystem
from tenants.models import Tenant


class Level(models.Model):
    """One level of one points system: whoever has its points or more is at it, until the next one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="levels")
    points_system = models.ForeignKey(PointsSystem, on_delete=models.PROTECT, related_name="levels")
    key = models.SlugField(max_length=50)
    name = models.CharField(max_length=100)
    description = models.TextField(default="", blank=True)
    badge_url = models.TextField(null=True, blank=True)
    points = models.BigIntegerField()
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("points", "key")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["points_system", "key"], name="level_key_unique"),
            models.CheckConstraint(condition=Q(points__gte=0), name="level_points_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name
