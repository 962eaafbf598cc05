"""Who may see and change what in the console: the one place that knows the roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from tenants.models import Membership, Role, Tenant

BOTH = frozenset({Role.OPERATOR, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Access:
    """What one user may do. `roles`: by the tenant, its sandbox listed beside it."""

    is_superuser: bool
    roles: Mapping[UUID, Role]

    def has(self, roles: frozenset[Role], tenant_id: UUID | None = None) -> bool:
        """Whether the user has one of `roles` in the tenant, or, without one, anywhere. A superuser has them all."""
        if self.is_superuser:
            return True
        if tenant_id is None:
            return any(role in roles for role in self.roles.values())
        return self.roles.get(tenant_id) in roles

    def scope(self, roles: frozenset[Role], path: str) -> Q:
        """The condition that a query needs, where `path` leads from its rows to their tenant's id."""
        if self.is_superuser:
            return Q()
        return Q(**{f"{path}__in": [id for id, role in self.roles.items() if role in roles]})

    def tenants(self) -> QuerySet[Tenant]:
        return Tenant.objects.filter(self.scope(BOTH, "id")).select_related("sandbox_of")


def access_of(request: HttpRequest) -> Access:
    """Read once for each request, so that a role taken away is gone with the next one."""
    found: Access | None = getattr(request, "_access", None)
    if found is None:
        found = _read(request.user)
        request._access = found  # type: ignore[attr-defined] # ours: kept with the request
    return found


def _read(user: Any) -> Access:
    if not user.is_active:
        return Access(is_superuser=False, roles={})
    if user.is_superuser:
        return Access(is_superuser=True, roles={})
    rows = Membership.objects.filter(user=user).values_list("tenant_id", "tenant__sandbox__id", "role")
    return Access(False, {id: Role(role) for live, sandbox, role in rows for id in (live, sandbox) if id})
