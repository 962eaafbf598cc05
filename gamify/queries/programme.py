"""A tenant's programme: the rules that awards follow, kept in each process until its version number moves on."""

from dataclasses import dataclass
from uuid import UUID

from gamify.models import PointsSystem
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class System:
    """A points system, as the award path needs to know it."""

    id: UUID
    key: str
    name: str
    oldest_first: bool


@dataclass(frozen=True, slots=True)
class Programme:
    version: int
    default_system: System


_kept: dict[UUID, Programme] = {}


def of(tenant_id: UUID) -> Programme:
    """The programme as this process knows it. Who acts on it compares its version with the one that is read along
    with the locked rows, and calls `forget` and starts over where the two differ."""
    return _kept.get(tenant_id) or _load(tenant_id)


def forget(tenant_id: UUID) -> None:
    _kept.pop(tenant_id, None)


def _load(tenant_id: UUID) -> Programme:
    # The version first: should the rules change between these reads, the version is too old, and is found to be.
    version = Tenant.objects.values_list("programme_version", flat=True).get(pk=tenant_id)
    default = PointsSystem.objects.get(tenant_id=tenant_id, is_default=True)
    programme = Programme(
        version,
        System(default.id, default.key, default.name, default.burn_order == "oldest_credit_first"),
    )
    _kept[tenant_id] = programme
    return programme
