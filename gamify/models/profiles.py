"""Profiles: what a tenant tells us about a participant, none of which an award needs to read."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from gamify.models.fields import VerbatimJSONField
from gamify.models.participants import Participant
from tenants.models import Tenant


class Profile(models.Model):
    """One participant's profile, made by the first call that identifies it. Guarded by the participant's lock."""

    participant = models.OneToOneField(Participant, on_delete=models.PROTECT, primary_key=True, related_name="profile")
    # No constraint: every first identification would lock the one tenant row to check it.
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    name = models.CharField(max_length=255, null=True, blank=True)
    email = models.CharField(max_length=320, null=True, blank=True)
    avatar_url = models.CharField(max_length=500, null=True, blank=True)
    # Where the participant's days begin and end; null: in UTC, but for caps of reward rules: in the tenant's zone.
    time_zone = models.CharField(max_length=50, null=True, blank=True)
    subscribe_to_emails = models.BooleanField(default=True)
    device_tokens = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    # The tenant's own, any JSON by name. Rules may ask for them, as text: see gamify/rewards/attributes.py.
    attributes = VerbatimJSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # The console's search by the start of any word of a name, and by that of an email address.
            GinIndex(SearchVector("name", config="simple"), condition=Q(name__isnull=False), name="profile_by_name"),
            models.Index(OpClass(Lower("email"), name="varchar_pattern_ops"), "tenant", name="profile_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or str(self.participant_id)
