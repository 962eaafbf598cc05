"""Keys: issued, shown once, revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget
from uuid_utils.compat import uuid7

from tenants import keys
from tenants.console.current import SHOWN, id_of_form, label, tenant_of_form
from tenants.console.pages import confirmation, log, page
from tenants.console.scoped import TenantScopedAdmin
from tenants.models import ApiKey, Role
from tenants.scopes import SCOPES

FAMILIES = [("bq", "Bricqs calls (bq_…)"), ("sk", "GamifyHost and Trophy calls (sk_…)")]
# No endpoint beside those of `SCOPES` asks for one: see `scopes_accepted`.
WITHOUT_SCOPES = (
    "None: all that an app needs, which is a lot. Such a key awards, deducts and reads, opens and closes sessions, "
    "pins anybody to a tier (tiers/assign), and makes and ends boosts, also those for everybody. "
    "Keep it as safe as the points."
)


class KeyForm(forms.ModelForm[ApiKey]):
    family = forms.ChoiceField(
        choices=FAMILIES,
        widget=UnfoldAdminSelectWidget,
        label="For",
        help_text="Both kinds open every call; pick the one whose form the calling program expects.",
    )
    scopes = forms.MultipleChoiceField(
        choices=[(name, f"{name}: {text}") for name, text in SCOPES.items()],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=WITHOUT_SCOPES,
    )

    class Meta:
        model = ApiKey
        fields = ("name", "expires_at")
        help_texts = {
            "name": "Where the key will be used, such as “shop backend”.",
            "expires_at": "After this moment the key is refused. Empty: it works until it is revoked.",
        }

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise forms.ValidationError("Must be in the future.")
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(TenantScopedAdmin[ApiKey]):
    """Superusers issue and revoke; auditors look."""

    seen_by = frozenset({Role.AUDITOR})
    changed_by = frozenset()
    form = KeyForm
    change_form_before_template = "console/tenant_field.html"
    list_display = (
        "display_key",
        "name",
        "display_state",
        "display_scopes",
        "expires_at",
        "last_used_at",
        "revoke_link",
    )
    list_select_related = ("tenant__sandbox_of",)
    search_fields = ("name", "last_four")
    search_help_text = "Name, or the last four characters"
    add_fieldsets = ((None, {"fields": ("name", "family", "scopes", "expires_at")}),)
    fieldsets = (
        (None, {"fields": ("display_key", "id", "name", "display_state", "display_scopes", "expires_at", "times")}),
    )
    # The id is what `revoke_key` asks for.
    readonly_fields = ("display_key", "id", "display_state", "display_scopes", "times")

    def get_urls(self) -> list[URLPattern]:
        revoke = path("<uuid:id>/revoke/", self.admin_site.admin_view(self.revoke_view), name="tenants_apikey_revoke")
        return [revoke, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).select_related("tenant__sandbox_of")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key is never changed: it is revoked, and another one issued."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """However often the form of a new key is sent, it makes one."""
        shown = request.POST.get(SHOWN) or str(uuid7())
        try:
            return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), "shown": shown})
        except keys.KeyExists as error:
            return self._issued(request, self.get_queryset(request).get(pk=error.id), raw_key=None)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        tenant = tenant_of_form(request)
        if tenant is None or change:
            raise PermissionDenied
        fields = form.cleaned_data
        raw_key, key = keys.issue(
            tenant=tenant,
            family=fields["family"],
            scopes=fields["scopes"],
            expires_at=fields["expires_at"],
            name=fields["name"],
            id=id_of_form(request),
        )
        obj.__dict__.update(key.__dict__)
        request._raw_key = raw_key  # type: ignore[attr-defined] # ours: for the page that shows it once

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Shown in the answer itself and nowhere else: no redirect, no session, no cache holds the key."""
        return self._issued(request, obj, raw_key=request._raw_key)  # type: ignore[attr-defined] # ours: `save_model` put it there

    def _issued(self, request: HttpRequest, key: ApiKey, *, raw_key: str | None) -> HttpResponse:
        context = {"raw_key": raw_key, "key": key, "key_tenant_label": label(key.tenant)}
        response = page(self, request, "console/key_issued.html", title="Key issued", **context)
        response.headers["Cache-Control"] = "no-store"
        return response

    def revoke_view(self, request: HttpRequest, id: Any) -> HttpResponse:
        key = self.get_object(request, str(id))
        if key is None:
            raise Http404
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        back = reverse("admin:tenants_apikey_changelist")
        if request.method != "POST":
            return confirmation(
                self,
                request,
                title=f"Revoke {key}",
                question=f"Whatever still uses the key “{key.name or key}” is refused from its next call on. "
                "This cannot be undone; issue another key first if something depends on it.",
                verb="Revoke the key",
                back=back,
            )
        with transaction.atomic():
            keys.revoke(key, now=timezone.now())
            log(request, key, "Revoked.")
        messages.success(request, f"The key {key} is revoked.")
        return HttpResponseRedirect(back)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @display(description="Key", ordering="-created_at")
    def display_key(self, key: ApiKey) -> str:
        return format_html("<code>{}…{}</code>", key.prefix, key.last_four)

    @display(description="State", label={"Active": "success", "Expired": "warning", "Revoked": "danger"})
    def display_state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "Revoked"
        return "Expired" if key.expires_at and key.expires_at <= timezone.now() else "Active"

    @display(description="Scopes")
    def display_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes) or "no scopes"

    @display(description="Issued, last used, revoked")
    def times(self, key: ApiKey) -> str:
        times = (key.created_at, key.last_used_at, key.revoked_at)
        return " · ".join(at.strftime("%Y-%m-%d %H:%M") if at else "never" for at in times)

    @display(description="")
    def revoke_link(self, key: ApiKey) -> str:
        if key.revoked_at:
            return ""
        return format_html(
            '<a class="c-link" href="{}">Revoke</a>', reverse("admin:tenants_apikey_revoke", args=[key.pk])
        )
