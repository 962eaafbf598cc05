"""Tenants: made with their sandbox, disabled and enabled, opened to work in."""

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import display

from gamify.services import definitions, tenants
from tenants.console import current
from tenants.console.pages import confirmation, log
from tenants.console.scoped import TenantScopedAdmin
from tenants.models import Tenant


class TenantForm(forms.ModelForm[Tenant]):
    class Meta:
        model = Tenant
        fields = ("slug", "name", "participant_write_rate", "time_zone")
        labels = {"slug": "Short name", "participant_write_rate": "Write limit"}
        help_texts = {"slug": "For commands and logs: a-z, 0-9 and hyphens. It never changes."}

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if Tenant.objects.filter(slug=slug, sandbox_of=None).exists():
            raise forms.ValidationError("There is already a tenant of this name.")
        return slug


@admin.register(Tenant)
class TenantAdmin(TenantScopedAdmin[Tenant]):
    """Superusers make and change them; others see their own."""

    tenant_path = "id"
    lists_current_tenant = False
    changed_by = frozenset()
    form = TenantForm
    list_display = ("display_name", "slug", "kind", "state", "time_zone", "created_at", "links")
    list_select_related = ("sandbox_of",)
    search_fields = ("slug", "name")
    ordering = ("slug", F("sandbox_of").desc(nulls_first=True))
    fieldsets = ((None, {"fields": ("slug", "name", "time_zone", "participant_write_rate")}),)
    add_fieldsets = ((None, {"fields": ("slug", "name")}),)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<uuid:id>/open/", view(self.open_view), name="tenants_tenant_open"),
            path("<uuid:id>/disable/", view(partial(self.activity_view, active=False)), name="tenants_tenant_disable"),
            path("<uuid:id>/enable/", view(partial(self.activity_view, active=True)), name="tenants_tenant_enable"),
            *super().get_urls(),
        ]

    def get_list_display(self, request: HttpRequest) -> Any:
        names = super().get_list_display(request)
        if self.has_change_permission(request):
            return names
        return ["open_link" if name == "links" else name for name in names]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        if not change:
            made, _ = tenants.create(slug=obj.slug, name=obj.name)
            obj.__dict__.update(made.__dict__)
            current.choose(request, made)
            return
        with transaction.atomic():
            # No more than was changed: the version may have moved on since it was read.
            obj.save(update_fields=form.changed_data)
            if "time_zone" in form.changed_data:
                # It is one of the rules that processes keep: their version moves on with it.
                definitions.move_on(obj.pk)

    def open_view(self, request: HttpRequest, id: UUID) -> HttpResponse:
        current.choose(request, self._found(request, id))
        return HttpResponseRedirect(reverse("admin:index"))

    def activity_view(self, request: HttpRequest, id: UUID, *, active: bool) -> HttpResponse:
        tenant = self._found(request, id)
        if not self.has_change_permission(request, tenant):
            raise PermissionDenied
        back = reverse("admin:tenants_tenant_changelist")
        if request.method != "POST":
            return confirmation(
                self,
                request,
                title=f"{'Enable' if active else 'Disable'} {current.label(tenant)}",
                question=_question(tenant, active),
                verb="Enable the tenant" if active else "Disable the tenant",
                back=back,
                is_danger=not active,
            )
        with transaction.atomic():
            Tenant.objects.filter(pk=tenant.pk).update(is_active=active)
            log(request, tenant, "Enabled." if active else "Disabled.")
        messages.success(request, f"{current.label(tenant)} is {'enabled' if active else 'disabled'}.")
        return HttpResponseRedirect(back)

    def _found(self, request: HttpRequest, id: UUID) -> Tenant:
        tenant = self.get_object(request, str(id))
        if tenant is None:
            raise Http404
        return tenant

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        return super().get_queryset(request).select_related("sandbox_of")

    @display(description="Tenant", ordering="name")
    def display_name(self, tenant: Tenant) -> str:
        return tenant.name

    @display(description="Kind", label={"Live": "info", "Sandbox": "warning"})
    def kind(self, tenant: Tenant) -> str:
        return "Sandbox" if tenant.is_sandbox else "Live"

    @display(description="State", label={"Active": "success", "Disabled": "danger"})
    def state(self, tenant: Tenant) -> str:
        is_active = tenant.is_active and (tenant.sandbox_of is None or tenant.sandbox_of.is_active)
        return "Active" if is_active else "Disabled"

    @display(description="")
    def links(self, tenant: Tenant) -> str:
        name = "disable" if tenant.is_active else "enable"
        return format_html(
            '{} <a class="c-link" href="{}">{}</a>',
            self.open_link(tenant),
            reverse(f"admin:tenants_tenant_{name}", args=[tenant.pk]),
            name.title(),
        )

    @display(description="")
    def open_link(self, tenant: Tenant) -> str:
        return format_html(
            '<a class="c-link" href="{}">Open</a>', reverse("admin:tenants_tenant_open", args=[tenant.pk])
        )


def _question(tenant: Tenant, active: bool) -> str:
    if active:
        return "Its keys open again from the next call on."
    both = "" if tenant.is_sandbox else " and its sandbox's"
    return (
        f"Every call with one of its keys{both} is refused with 403 from the next one on, until it is enabled again. "
        "Nothing is deleted."
    )
