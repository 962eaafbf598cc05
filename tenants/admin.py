"""The console's pages for tenants and keys. Keys are issued by `manage.py issue_key`; here they are seen."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from tenants.models import ApiKey, Tenant


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin[Tenant]):
    list_display = ("slug", "name", "is_sandbox", "is_active", "participant_write_rate")
    search_fields = ("slug", "name")
    readonly_fields = ("slug",)

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """Its time zone is one of the rules that processes keep: their version moves on with it."""
        with transaction.atomic():
            # No more than was changed: the version may have moved on since it was read.
            obj.save(update_fields=form.changed_data)
            if "time_zone" in form.changed_data:
                Tenant.objects.filter(pk=obj.pk).update(programme_version=F("programme_version") + 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    list_display = ("__str__", "tenant", "name", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("tenant__sandbox_of",)
    search_fields = ("name", "last_four")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False
