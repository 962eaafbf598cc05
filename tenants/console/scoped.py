"""The base of every page of the console: nobody sees a row of a tenant that is not theirs.

    @admin.register(Badge)
    class BadgeAdmin(TenantScopedAdmin[Badge]): ...

Lists show the tenant worked in; everything else (an id typed by hand, autocompletion, history) reaches whatever the
user may see and no more, because all of it goes through `get_queryset`.
"""

from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.options import ModelAdmin as DjangoModelAdmin
from django.db import DataError
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from tenants.access import BOTH, access_of
from tenants.console.current import OPERATORS, current_tenant, show
from tenants.models import Role, Tenant

M = TypeVar("M", bound=Model)


class ReadableChangeList(ChangeList):
    """No error page of a filter that somebody typed into the address, and that nobody can read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(*args, **kwargs)
        except (DataError, ValueError, OverflowError) as error:
            # The first is PostgreSQL's complaint, the others are Python's: there is no year 0, nor one of 20 digits.
            raise IncorrectLookupParameters(error) from error

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Read here: in the template it is too late to complain.
        len(self.result_list)


class TenantChangeList(ReadableChangeList):
    """Of the tenant worked in, and no count of the whole table."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model_admin.get_queryset(request)
        if self.model_admin.lists_current_tenant:
            tenant = current_tenant(request)
            rows = rows.filter(**{self.model_admin.tenant_path: tenant.pk if tenant else None})
        self.root_queryset = self.model_admin.for_list(rows)
        queryset: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return queryset

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Nothing is left out that "show all" would show: no link to it.
        self.full_result_count = self.result_count


# django-stubs knows ModelAdmin as generic, unfold's as Any: both at once, so that subclasses are checked.
class TenantScopedAdmin(ModelAdmin, DjangoModelAdmin[M], Generic[M]):
    # From a row to its tenant's id.
    tenant_path: ClassVar[str] = "tenant_id"
    # Whether the list is only of the tenant worked in.
    lists_current_tenant: ClassVar[bool] = True
    # Who sees such rows, and who makes and changes them.
    seen_by: ClassVar[frozenset[Role]] = BOTH
    changed_by: ClassVar[frozenset[Role]] = OPERATORS

    show_full_result_count = False
    list_per_page = 50
    warn_unsaved_form = True
    compressed_fields = True
    actions = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TenantChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        queryset: QuerySet[M] = super().get_queryset(request)
        return queryset.filter(access_of(request).scope(self.seen_by, self.tenant_path))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> M | None:
        """A page about one row bears the name of the row's tenant: another one may be worked in by now."""
        obj: M | None = super().get_object(request, object_id, from_field)
        if obj is not None:
            show(request, self.tenant_id_of(obj))
        return obj

    def for_list(self, queryset: QuerySet[M]) -> QuerySet[M]:
        """What only the list needs of each row."""
        return queryset

    def tenant_id_of(self, obj: M) -> UUID:
        value: Any = obj
        for name in self.tenant_path.split("__"):
            value = getattr(value, name)
        found: UUID = value
        return found

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access_of(request).has(self.seen_by)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return access_of(request).has(self.seen_by, self._tenant_id(obj))

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return access_of(request).has(self.changed_by, self._tenant_id(obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        tenant = current_tenant(request)
        return tenant is not None and access_of(request).has(self.changed_by, tenant.pk)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nothing is deleted: what points were given by must be known as long as the points are."""
        return False

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """No choice of another tenant's rows, whatever they are."""
        related = db_field.remote_field.model
        if "queryset" not in kwargs:
            if related is Tenant:
                kwargs["queryset"] = access_of(request).tenants()
            elif any(field.name == "tenant" for field in related._meta.fields):
                scope = access_of(request).scope(self.seen_by, "tenant_id")
                kwargs["queryset"] = related._default_manager.filter(scope)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _tenant_id(self, obj: Any) -> UUID | None:
        # Some of unfold's checks pass an id in the place of the object; the page itself asks again with the object.
        return self.tenant_id_of(cast(M, obj)) if isinstance(obj, Model) else None
