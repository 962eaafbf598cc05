"""Participants: whom points belong to. The row is the lock of all that belongs to it."""

from functools import lru_cache
from typing import ClassVar
from uuid import UUID, uuid5

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tenants.models import Tenant

EXTERNAL_ID_LENGTH_MAX = 255


# One operation asks for it several times.
@lru_cache(maxsize=4096)
def participant_id(tenant_id: UUID, external_id: str) -> UUID:
    """A participant's primary key: computed, so that addressing one needs no look-up."""
    return uuid5(tenant_id, external_id)


class Participant(models.Model):
    """One user of one tenant. Made by the first write about it; a read about an unknown one makes nothing."""

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    # Compared by bytes: one index orders them and finds those with the same start, whatever the database's collation.
    external_id = models.CharField(max_length=EXTERNAL_ID_LENGTH_MAX, db_collation="C")
    # The write cap's fixed window: how many writes since it began. Exact, because it is on the locked row.
    window_started_at = models.DateTimeField(null=True, editable=False)
    window_writes = models.PositiveIntegerField(default=0, editable=False)
    # The tier held, since when, and whether it was assigned, in which case evaluation leaves it alone. No constraint:
    # every first award would lock the one row of its tier to check it.
    tier_id = models.UUIDField(null=True, editable=False)
    tier_achieved_at = models.DateTimeField(null=True, editable=False)
    tier_pinned = models.BooleanField(default=False, editable=False)
    # The codes of the badges unlocked, so that an award need not read gamify_badgeunlock.
    badge_codes = ArrayField(models.CharField(max_length=50), default=list, editable=False)
    # After this day it has no boost of its own, so that an award need not look for any. Null: it never had one.
    boosted_until = models.DateField(null=True, editable=False)
    # Where its last facts stand in the stream. The next must not come before them, though the transaction that writes
    # them may have begun earlier: it begins when it starts to wait for this row, not when it has it.
    fact_transaction = models.BigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # The console's list of a tenant's participants, and its search by the start of an external id.
            models.Index(fields=["tenant", "external_id"], name="participant_by_external_id"),
            # The console's counts of a tier's members, and its list of them.
            models.Index(fields=["tenant", "tier_id"], name="participant_by_tier"),
        ]

    def __str__(self) -> str:
        return self.external_id
