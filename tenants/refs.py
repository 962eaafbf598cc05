"""What an operation needs to know of its tenant, as a value that was read once."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from tenants.models import Tenant
from tenants.rates import Rate, parse_rate


@dataclass(frozen=True, slots=True)
class TenantRef:
    id: UUID
    slug: str
    write_rate: Rate
    # Of the programme, when the tenant was read.
    programme_version: int
    # Recalled from this process's memory of the key, and not yet read from the database: see `tenants.keys.recall`.
    unconfirmed_key: UUID | None = None

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantRef":
        return cls(tenant.id, tenant.slug, write_rate(tenant.participant_write_rate), tenant.programme_version)


def write_rate(own: str | None) -> Rate:
    """A tenant's own write cap, or the installation's."""
    return parse_rate(own or settings.PARTICIPANT_WRITE_RATE)
