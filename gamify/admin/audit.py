"""The audit log: who did what in the console, and when. Nobody changes it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, UUIDField, When
from django.db.models.functions import Cast
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from engagements.models import Engagement
from gamify.models import (
    Badge,
    Boost,
    Level,
    Metric,
    Participant,
    PointsSystem,
    RewardRule,
    Tier,
    Trigger,
)
from tenants.access import BOTH, Access, access_of
from tenants.console.scoped import ReadableChangeList
from tenants.models import ApiKey, Tenant

# Whose rows the log is about, and how each is of a tenant.
RULES = (Badge, Boost, Engagement, Level, Metric, PointsSystem, RewardRule, Tier, Trigger)
OF_TENANTS: dict[type[Any], str] = {
    **dict.fromkeys((*RULES, Participant, ApiKey), "tenant_id"),
    Tenant: "id",
}
_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


@admin.register(LogEntry)
class AuditAdmin(ModelAdmin):
    list_display = ("action_time", "display_person", "display_kind", "display_object", "get_change_message")
    list_display_links = None
    list_select_related = ("user", "content_type")
    list_per_page = 50
    # No count of the whole table.
    paginator = InfinitePaginator
    show_full_result_count = False
    sortable_by = ()
    ordering = ("-action_time", "-pk")
    actions = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ReadableChangeList]:
        return ReadableChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        queryset: QuerySet[LogEntry] = super().get_queryset(request)
        access = access_of(request)
        if access.is_superuser:
            return queryset
        # Only what is one is read as an id: rows of other tables have numbers.
        uuid = Case(When(object_id__regex=_UUID, then=Cast("object_id", UUIDField())), output_field=UUIDField())
        return queryset.annotate(uuid=uuid).filter(_about(access))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return access_of(request).has(BOTH)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access_of(request).has(BOTH)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Who")
    def display_person(self, entry: LogEntry) -> str:
        return entry.user.get_full_name() or entry.user.get_username()

    @display(description="What")
    def display_kind(self, entry: LogEntry) -> str:
        return str(entry.content_type.name).capitalize() if entry.content_type else ""

    @display(description="Which")
    def display_object(self, entry: LogEntry) -> str:
        return entry.object_repr


def _about(access: Access) -> Q:
    """Entries about rows of the tenants that somebody may see."""
    condition = Q(pk__in=[])
    for model, path in OF_TENANTS.items():
        own = model._default_manager.filter(access.scope(BOTH, path), pk=OuterRef("uuid"))
        condition |= Q(Exists(own), content_type=ContentType.objects.get_for_model(model))
    return condition
