"""Facts: what happened, for whoever follows the stream. Written in the same transaction as their cause."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from gamify.models.participants import Participant
from tenants.models import Tenant


class Fact(models.Model):
    """One thing that happened to one participant.

    Ordered by the transaction that wrote it: a reader who stops at the oldest transaction still running never passes
    over one that commits late. See gamify/queries/facts.py. Where a later one wrote about the same participant before,
    by that: what happened to one participant is told in the order in which it happened.
    """

    pk = models.CompositePrimaryKey("participant_id", "id")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    id = models.UUIDField(default=uuid7)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    transaction = models.BigIntegerField(
        db_default=models.Func(template="(pg_current_xact_id()::text::bigint)", output_field=models.BigIntegerField())
    )
    type = models.CharField(max_length=30)
    # JSON as text: written once, passed on as it is.
    data = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # The stream of one tenant.
            models.Index(fields=["tenant", "transaction", "id"], name="fact_stream"),
            # The console's newest changes of tier, among many more facts about points.
            models.Index(
                fields=["tenant", "transaction", "id"], condition=Q(type="tier.changed"), name="fact_tier_changes"
            ),
        ]
