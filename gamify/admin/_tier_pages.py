"""Pages beside a tier's form: a new order, activating and deactivating, and moving everybody to where they belong."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from gamify.admin import _versions
from gamify.admin._look import colour
from gamify.admin._moves import rows_of
from gamify.admin._refusals import sentence
from gamify.errors import DomainError
from gamify.models import Tier
from gamify.services import definitions, reevaluation
from tenants.access import access_of
from tenants.console.current import FORM_FIELD, OPERATORS, SHOWN, tenant_of_form
from tenants.console.pages import log, page
from tenants.models import Tenant
from tenants.refs import TenantRef

if TYPE_CHECKING:
    from gamify.admin.tiers import TierAdmin

# How long one request moves people before it reports; the page goes on by itself.
MOVE_SECONDS_MAX = 5.0
ACTIVE = "active"


def activity(admin: "TierAdmin", request: HttpRequest, id: UUID) -> HttpResponse:
    """Deactivate a tier, or activate it again: asked first, with who would move."""
    tier = admin.get_object(request, str(id))
    if tier is None:
        raise Http404
    if not admin.has_change_permission(request, tier):
        raise PermissionDenied
    # What was confirmed, however often the button is clicked.
    is_active = request.POST.get(ACTIVE, "0" if tier.is_active else "1") == "1"
    fields = {"is_active": is_active}
    verb = "Activate" if is_active else "Deactivate"
    back = reverse("admin:gamify_tier_changelist")
    try:
        if request.method == "POST":
            with transaction.atomic():
                definitions.update_tier(tenant_id=tier.tenant_id, tier_id=tier.pk, fields=fields)
                log(request, tier, f"{verb}d.")
            messages.success(request, f"{tier.name} is {'active' if is_active else 'inactive'} now.")
            return HttpResponseRedirect(back)
        now = timezone.now()
        moves = reevaluation.preview(tenant_id=tier.tenant_id, tier_id=tier.pk, fields=fields, now=now)
    except DomainError as error:
        messages.error(request, sentence(error))
        return HttpResponseRedirect(back)
    rows = rows_of(moves)
    return page(
        admin,
        request,
        "console/tier_preview.html",
        title=f"{verb} {tier.name}: who would move",
        moves=rows,
        total=sum(row.participants for row in rows),
        sent=[(ACTIVE, "1" if is_active else "0")],
        verb=f"{verb} this tier",
        note="" if is_active else "Who holds an inactive tier keeps it; nobody new comes to it.",
    )


def reorder(admin: "TierAdmin", request: HttpRequest) -> HttpResponse:
    """A new order for the tiers: arranged, then shown with who would move, then saved."""
    tenant = _operated(request)
    back = reverse("admin:gamify_tier_changelist")
    # Read before the tiers are, so that it is never newer than they.
    version = str(tenant.programme_version)
    tiers = list(Tier.objects.filter(tenant=tenant).order_by("-level"))
    order = request.POST.getlist("tier")
    try:
        # The page shows the highest first, as a ladder stands.
        ids = [UUID(id) for id in reversed(order)]
        if request.method == "POST" and "confirmed" in request.POST:
            with transaction.atomic():
                _versions.check(_versions.locked(tenant.pk), request.POST.get(SHOWN))
                definitions.reorder_tiers(tenant_id=tenant.pk, tier_ids=ids)
                for tier in tiers:
                    log(request, tier, "Tiers reordered.")
            messages.success(request, "The tiers have a new order.")
            return HttpResponseRedirect(back)
        if request.method == "POST":
            _versions.check(tenant.programme_version, request.POST.get(SHOWN))
            rows = rows_of(reevaluation.preview_order(tenant_id=tenant.pk, tier_ids=ids, now=timezone.now()))
            sent = [(FORM_FIELD, str(tenant.pk)), (SHOWN, version), ("confirmed", "1"), *(("tier", id) for id in order)]
            context = {"moves": rows, "total": sum(row.participants for row in rows), "sent": sent}
            return page(
                admin,
                request,
                "console/tier_preview.html",
                title="New order: who would move",
                verb="Save this order",
                **context,
            )
    except ValueError as error:
        raise Http404 from error
    except DomainError as error:
        messages.error(request, sentence(error))
    arranged = [{"id": str(tier.pk), "name": tier.name, "colour": colour(tier.color)} for tier in tiers]
    return page(
        admin,
        request,
        "console/tier_order.html",
        title="Reorder tiers",
        tiers=arranged,
        shown=version,
        back=back,
    )


def reevaluate(admin: "TierAdmin", request: HttpRequest) -> HttpResponse:
    """Who is not where the rules say; and moving them, in short runs of which each shows how far it has come."""
    tenant = _operated(request)
    moved, after, goes_on = 0, None, False
    if request.method == "POST":
        moved, after = _number(request.POST.get("moved")), _id(request.POST.get("after"))
        run = _run(tenant, after)
        if run.moved or run.is_done:
            log(request, tenant, f"Moved {run.moved} participants to where the tiers' rules say.")
        moved, after, goes_on = moved + run.moved, run.position, run.error is None
        if run.error:
            messages.error(request, sentence(run.error))
        if run.is_done:
            messages.success(request, f"{moved:,} participants were moved.")
            return HttpResponseRedirect(reverse("admin:gamify_tier_changelist"))
    rows = rows_of(reevaluation.pending(tenant_id=tenant.pk, now=timezone.now()))
    total = sum(row.participants for row in rows)
    context = {"moves": rows, "total": total, "moved": moved, "after": after, "goes_on": goes_on}
    return page(admin, request, "console/reevaluate.html", title="Move everybody", **context)


@dataclass(slots=True)
class _Run:
    """One request's part of moving everybody: how far it came, and what stopped it, if anything but the clock did."""

    position: UUID | None
    moved: int = 0
    is_done: bool = False
    error: DomainError | None = None


def _run(tenant: Tenant, after: UUID | None) -> _Run:
    run, started = _Run(after), time.monotonic()
    ref = TenantRef.of(Tenant.objects.get(pk=tenant.pk))
    try:
        for done in reevaluation.reevaluate(tenant=ref, reason="Rules changed", after=after, clock=timezone.now):
            run.moved, run.position = run.moved + done.moved, done.position
            if time.monotonic() - started >= MOVE_SECONDS_MAX:
                return run
    except DomainError as error:
        run.error = error
        return run
    run.is_done = True
    return run


def _operated(request: HttpRequest) -> Tenant:
    """The tenant that the page is for. Raises PermissionDenied to whom may only look."""
    tenant = tenant_of_form(request)
    if tenant is None or not access_of(request).has(OPERATORS, tenant.pk):
        raise PermissionDenied
    return tenant


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else 0


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Http404 from error
