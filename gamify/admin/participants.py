"""Participants: a list of any length, and one page about each, with what an operator can do."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from gamify.admin import _explain, _exports
from gamify.admin._keyset import KeysetChangeList
from gamify.admin._look import emblem, tier_name
from gamify.admin._participant_actions import ACTIONS, perform
from gamify.models import Participant, PointsSystem, Profile, Tier
from gamify.queries import people
from gamify.queries import tiers as tier_reads
from tenants.access import access_of
from tenants.console.current import OPERATORS, current_tenant
from tenants.console.pages import page
from tenants.console.scoped import TenantScopedAdmin

LOG_SHOWN = 10


class ByTier(SimpleListFilter):
    title = "tier"
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        tiers = Tier.objects.filter(tenant=current_tenant(request)).order_by("level")
        return [("none", "No tier"), *((str(tier.pk), tier.name) for tier in tiers)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Participant]) -> QuerySet[Participant]:
        value = self.value()
        if value is None:
            return queryset
        known = {id for id, _ in self.lookup_choices}
        if value not in known:
            return queryset.none()
        return queryset.filter(tier_id=None if value == "none" else value)


@admin.register(Participant)
class ParticipantAdmin(TenantScopedAdmin[Participant]):
    keyset = "external_id"
    list_display = ("external_id", "display_name", "display_email", "display_tier", "display_balance", "created_at")
    list_filter = (ByTier,)
    search_fields = ("external_id",)
    search_help_text = "The beginning of an id, an e-mail address or a name"
    list_before_template = "console/participants_before.html"
    # Few enough for a phone, where each row is a card.
    list_per_page = 25
    sortable_by = ()
    ordering = ("external_id",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export/", view(partial(_exports.export, self)), name="gamify_participant_export"),
            *(
                path(
                    f"<uuid:id>/{name}/", view(partial(self.action_view, name=name)), name=f"gamify_participant_{name}"
                )
                for name in ACTIONS
            ),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Participant], search_term: str
    ) -> tuple[QuerySet[Participant], bool]:
        tenant = current_tenant(request)
        if not search_term or tenant is None:
            return queryset, False
        return queryset.filter(pk__in=people.search(tenant.pk, search_term.replace("\0", ""))), False

    def prepare(self, rows: list[Any], request: HttpRequest) -> None:
        """Tiers and balances of one page of the list."""
        tenant = current_tenant(request)
        tiers = Tier.objects.filter(tenant=tenant).in_bulk()
        system = PointsSystem.objects.filter(tenant=tenant, is_default=True).first()
        balances = people.balances([row.pk for row in rows], system, now=timezone.now()) if system else {}
        profiles = Profile.objects.in_bulk([row.pk for row in rows])
        for row in rows:
            row.tier, row.balance = tiers.get(row.tier_id), balances.get(row.pk, 0)
            row.known = profiles.get(row.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Participants come about by what is done to them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Participant | None = None) -> bool:
        """No field of theirs is edited: what changes them are awards, deducts and tiers."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        participant = self.get_object(request, unquote(object_id))
        if participant is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return] # not in the stubs
        if not self.has_view_permission(request, participant):
            raise PermissionDenied
        now = timezone.now()
        profile = Profile.objects.filter(pk=participant.pk).first()
        name = _name(participant, profile)
        holdings = people.holdings(participant, now=now)
        shown = _chosen(request, [holding.system for holding in holdings])
        before = _sequence(request.GET.get("before"))
        tier = Tier.objects.filter(pk=participant.tier_id).first() if participant.tier_id else None
        lines = people.ledger(participant, shown, before=before) if shown else []
        return page(
            self,
            request,
            "console/participant.html",
            title=name,
            participant=participant,
            profile=profile,
            name=name,
            tier=tier,
            holdings=holdings,
            system=shown,
            lines=[(line, _explain.line(line, participant.tenant_id)) for line in lines],
            before=before,
            older=lines[-1].entry.sequence if lines and lines[-1].entry.sequence > 1 else None,
            emblem=_emblem(tier, name, profile.avatar_url if profile else None),
            ladder=[(step, _emblem(step.tier)) for step in people.ladder(participant, now=now)],
            expires=any(holding.expiring for holding in holdings),
            badges=tier_reads.badges(tenant_id=participant.tenant_id, participant=participant.external_id),
            transitions=people.transitions(participant),
            audit=_audit(participant),
            actions=ACTIONS if access_of(request).has(OPERATORS, participant.tenant_id) else {},
        )

    def action_view(self, request: HttpRequest, id: UUID, *, name: str) -> HttpResponse:
        participant = self.get_object(request, str(id))
        if participant is None:
            raise Http404
        if not access_of(request).has(OPERATORS, participant.tenant_id):
            raise PermissionDenied
        action = ACTIONS[name]
        back = reverse("admin:gamify_participant_change", args=[participant.pk])
        form = action.form(request.POST if request.method == "POST" else None, tenant_id=participant.tenant_id)
        if form.is_bound and form.is_valid() and (told := perform(request, participant, action, form)):
            messages.success(request, told)
            return HttpResponseRedirect(back)
        return page(
            self,
            request,
            "console/participant_action.html",
            title=action.title,
            action=action,
            form=form,
            name=_name(participant, Profile.objects.filter(pk=participant.pk).first()),
            back=back,
            holdings=people.holdings(participant, now=timezone.now()),
        )

    @display(description="Name", empty_value="–")
    def display_name(self, participant: Any) -> str | None:
        return participant.known.name if participant.known else None

    @display(description="E-mail", empty_value="–")
    def display_email(self, participant: Any) -> str | None:
        return participant.known.email if participant.known else None

    @display(description="Tier", empty_value="–")
    def display_tier(self, participant: Any) -> str | None:
        return tier_name(participant.tier) if participant.tier else None

    @display(description="Balance")
    def display_balance(self, participant: Any) -> str:
        return f"{participant.balance:,}"


def _chosen(request: HttpRequest, systems: list[PointsSystem]) -> PointsSystem | None:
    """The points system whose ledger is asked for, or the default one."""
    key = request.GET.get("system")
    return next((system for system in systems if system.key == key), systems[0] if systems else None)


def _sequence(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and 0 < len(text) < 19 else None


def _name(participant: Participant, profile: Profile | None) -> str:
    return (profile.name if profile else None) or participant.external_id


def _emblem(tier: Tier | None, person: str = "", picture: str | None = None) -> SafeString:
    """The tier's, or that of a person on the tier's colour."""
    icon_url = picture if person or tier is None else tier.icon_url or tier.badge_url
    return emblem(person or (tier.name if tier else ""), color=tier.color if tier else None, icon_url=icon_url)


def _audit(participant: Participant) -> QuerySet[LogEntry]:
    """What people did to the participant in the console."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Participant), object_id=str(participant.pk)
    )
    return entries.select_related("user").order_by("-action_time")[:LOG_SHOWN]
