"""The tenant that somebody is working in: chosen once, shown on every page, kept in the session."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse

from tenants.access import BOTH, access_of
from tenants.models import Role, Tenant

SESSION_KEY = "tenant"
# The form field that says which tenant a form was shown for. Another tab may have moved on to another since.
FORM_FIELD = "for_tenant"
# The form field that says what a form showed, or what the row that it makes will be called: whatever is sent twice, or
# long after it was shown, is known by it.
SHOWN = "shown"
# More are found on the page of tenants.
CHOICES_MAX = 12

OPERATORS = frozenset({Role.OPERATOR})


def current_tenant(request: HttpRequest) -> Tenant | None:
    """The tenant chosen last, or else the first that the user may see; None where there is none."""
    if not hasattr(request, "_tenant"):
        tenants = access_of(request).tenants()
        chosen = request.session.get(SESSION_KEY)
        found = tenants.filter(pk=chosen).first() if chosen else None
        found = found or tenants.filter(sandbox_of=None).order_by("slug").first()
        request._tenant = found  # type: ignore[attr-defined] # ours: kept with the request
    tenant: Tenant | None = request._tenant  # type: ignore[attr-defined] # ours: kept with the request
    return tenant


def show(request: HttpRequest, tenant_id: UUID) -> None:
    """For the rest of the request: it is about a row, or a form, of this tenant, whatever another tab has chosen."""
    shown: Tenant | None = getattr(request, "_tenant", None)
    if shown is None or shown.pk != tenant_id:
        found = Tenant.objects.select_related("sandbox_of").filter(pk=tenant_id).first()
        request._tenant = found  # type: ignore[attr-defined] # ours: kept with the request


def choose(request: HttpRequest, tenant: Tenant) -> None:
    request.session[SESSION_KEY] = str(tenant.pk)


def tenant_of_form(request: HttpRequest) -> Tenant | None:
    """The tenant that the form was shown for, which may be changed; on a page that is only shown, the current one.

    Raises PermissionDenied.
    """
    sent = request.POST.get(FORM_FIELD)
    if sent is None:
        return current_tenant(request)
    try:
        id = UUID(sent)
    except ValueError as error:
        raise PermissionDenied from error
    if not access_of(request).has(OPERATORS, id):
        raise PermissionDenied
    # Where the form comes back with its mistakes, it bears the same name.
    show(request, id)
    return current_tenant(request)


def id_of_form(request: HttpRequest) -> UUID | None:
    """What the row will be called that a form of a new one makes, however often it is sent."""
    try:
        return UUID(request.POST.get(SHOWN, ""))
    except ValueError:
        return None


def label(tenant: Tenant) -> str:
    return f"{tenant.name} · sandbox" if tenant.is_sandbox else tenant.name


def environment(request: HttpRequest) -> list[str] | None:
    """The badge beside the page's title: where one is."""
    tenant = current_tenant(request) if request.user.is_authenticated else None
    if tenant is None:
        return None
    if not tenant.is_active:
        return [f"{label(tenant)} · disabled", "danger"]
    return [label(tenant), "warning" if tenant.is_sandbox else "success"]


def dropdown(request: HttpRequest) -> list[dict[str, str]]:
    """The menu at the top of the navigation: one click to another tenant."""
    if not request.user.is_authenticated or not access_of(request).has(BOTH):
        return []
    tenants = access_of(request).tenants().order_by("slug", "sandbox_of_id")[:CHOICES_MAX]
    items = [
        {
            "title": label(tenant),
            "icon": "science" if tenant.is_sandbox else "storefront",
            "link": reverse("admin:tenants_tenant_open", args=[tenant.pk]),
        }
        for tenant in tenants
    ]
    return [*items, {"title": "All tenants", "icon": "list", "link": reverse("admin:tenants_tenant_changelist")}]


def shared_context(request: HttpRequest) -> dict[str, object]:
    """What every page's template may ask for."""
    if not request.user.is_authenticated:
        return {}
    tenant = current_tenant(request)
    return {
        "current_tenant": tenant,
        "current_tenant_label": label(tenant) if tenant else "",
        "may_operate": tenant is not None and access_of(request).has(OPERATORS, tenant.pk),
    }
