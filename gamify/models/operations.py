"""Operations: what makes a retry safe."""

from functools import lru_cache
from uuid import UUID, uuid5

from django.db import models

from tenants.models import Tenant


# One operation asks for it several times.
@lru_cache(maxsize=4096)
def operation_id(tenant_id: UUID, scope: str, key: str) -> UUID:
    """An operation's primary key: computed, so that the primary key alone makes a key unique in its scope."""
    return uuid5(tenant_id, f"{scope}\n{key}")


class Operation(models.Model):
    """An idempotency key, what it was used for, and the outcome: written in the transaction that it stands for."""

    id = models.UUIDField(primary_key=True, editable=False)
    # No constraint: every award would lock the one tenant row to check it.
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    key = models.CharField(max_length=300)
    input_hash = models.BinaryField()
    # JSON as text, so that a replay repeats the outcome to the byte.
    outcome = models.TextField()
    created_at = models.DateTimeField()
