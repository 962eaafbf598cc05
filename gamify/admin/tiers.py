"""Tiers: the list by level, the form with its preview, and the pages of `_tier_pages`."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import BigIntegerField, Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from gamify.admin import _tier_pages
from gamify.admin._criteria import CriteriaMixin, conditions, criteria_form, setting_fields
from gamify.admin._lines import LinesField
from gamify.admin._look import is_colour, multiplier, reached_by, tier_name
from gamify.admin._moves import MoveRow, rows_of
from gamify.admin._service import ServiceAdmin
from gamify.admin._transfer import DefinitionResource, TransferMixin, json_field, number_field
from gamify.errors import DomainError
from gamify.models import Participant, Tier
from gamify.services import definitions, reevaluation
from tenants.console.pages import page

CONFIRMED = "_confirmed"
# What evaluation looks at. A change of anything else moves nobody, and needs no preview.
DECISIVE = ("level", "criteria_type", "criteria_config", "is_active", "award_type")
PREVIEWED = ("code", "name", *DECISIVE, "point_multiplier")


class TierForm(criteria_form("tier")):  # type: ignore[misc] # the settings of each type are found at run time
    benefits = LinesField(
        required=False, help_text="One to a line: a name, a colon, and what it is. Such as “Free shipping: yes”."
    )
    color = forms.CharField(
        required=False,
        label="Colour",
        # The browser's own picker, which knows no "none", is put beside it by console.js.
        widget=UnfoldAdminTextInputWidget(attrs={"data-colour": "", "placeholder": "#CD7F32", "maxlength": 20}),
        help_text="Shown beside the tier's name, such as #CD7F32.",
    )

    class Meta:
        model = Tier
        fields = "__all__"
        widgets = {
            "icon_url": UnfoldAdminTextInputWidget,
            "badge_url": UnfoldAdminTextInputWidget,
        }
        labels = {
            "point_multiplier": "Points multiplier",
            "award_type": "Given",
            "is_active": "Active",
            "icon_url": "Icon (URL)",
            "badge_url": "Badge image (URL)",
        }
        help_texts = {
            "code": "What programs call it, such as gold. It never changes.",
            "level": "Its place in the order: the higher, the better. No two tiers share one.",
            "point_multiplier": "What awards to its members are multiplied by; rounded down, unless a boost says"
            " otherwise. Empty: as they are.",
            "award_type": "Automatic: by the criteria below. Manual: only when somebody assigns it.",
            "is_active": "Nobody comes to an inactive tier any more; who is there stays.",
            "icon_url": "An image's address. Empty: the first letter on the tier's colour.",
        }

    def clean_color(self) -> str:
        color: str = self.cleaned_data["color"]
        if color and not is_colour(color):
            raise forms.ValidationError("Write it as #RRGGBB, such as #CD7F32.")
        return color


class TierResource(DefinitionResource):
    save_through = staticmethod(definitions.save_tier)
    criteria_config = json_field("criteria_config")
    benefits = json_field("benefits")
    level = number_field("level", int)
    point_multiplier = number_field("point_multiplier", Decimal)

    class Meta(DefinitionResource.Meta):
        model = Tier
        fields = (
            "code",
            "name",
            "description",
            "level",
            "criteria_type",
            "criteria_config",
            "benefits",
            "point_multiplier",
            "icon_url",
            "color",
            "badge_url",
            "is_active",
            "award_type",
        )


@admin.register(Tier)
class TierAdmin(CriteriaMixin, TransferMixin, ServiceAdmin[Tier]):
    use = "tier"
    resource_classes = [TierResource]
    form = TierForm
    save_through = staticmethod(definitions.save_tier)
    fixed = ("code",)
    conditional_fields = conditions("tier")
    list_display = (
        "display_tier",
        "level",
        "code",
        "display_criteria",
        "display_multiplier",
        "members",
        "state",
        "links",
    )
    list_display_links = ("display_tier",)
    list_before_template = "console/tiers_before.html"
    ordering = ("level",)
    fieldsets = (
        (None, {"fields": ("name", "code", "level", "is_active", "description")}),
        ("How it is reached", {"fields": ("award_type", "criteria_type", *setting_fields("tier"))}),
        ("What it gives", {"fields": ("point_multiplier", "benefits")}),
        ("How it looks", {"fields": ("color", "icon_url", "badge_url")}),
    )

    def get_urls(self) -> list[URLPattern]:
        own: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "reorder": ("reorder/", _tier_pages.reorder),
            "reevaluate": ("reevaluate/", _tier_pages.reevaluate),
            "activity": ("<uuid:id>/activity/", _tier_pages.activity),
        }
        return [
            *(
                path(route, self.admin_site.admin_view(partial(view, self)), name=f"gamify_tier_{name}")
                for name, (route, view) in own.items()
            ),
            *super().get_urls(),
        ]

    def get_list_display(self, request: HttpRequest) -> Any:
        names = super().get_list_display(request)
        return names if self.has_change_permission(request) else [name for name in names if name != "links"]

    def for_list(self, queryset: QuerySet[Tier]) -> QuerySet[Tier]:
        # By the participants' index on tenant and tier.
        members = Participant.objects.filter(tenant_id=OuterRef("tenant_id"), tier_id=OuterRef("pk"))
        count = members.order_by().values("tier_id").annotate(count=Count("pk")).values("count")
        return queryset.annotate(member_count=Coalesce(Subquery(count), 0, output_field=BigIntegerField()))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """A change that may move people is shown with whom it would move, and saved once that was seen."""
        if request.method == "POST" and CONFIRMED not in request.POST:
            try:
                if (preview := self._preview(request, object_id)) is not None:
                    return preview
            except DomainError as error:
                return self.show_refusal(request, error, object_id, form_url, extra_context)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _preview(self, request: HttpRequest, object_id: str | None) -> HttpResponse | None:
        """None where there is nothing to be seen: the form has mistakes, or its change moves nobody."""
        before = self.get_object(request, object_id) if object_id else None
        allowed = self.has_change_permission(request, before) if before else self.has_add_permission(request)
        if not allowed or (object_id and before is None):
            return None
        # Another copy: the form's check changes the one that it is given.
        tier = cast(Tier, self.get_object(request, object_id)) if object_id else None
        fieldsets = self.get_fieldsets(request, tier)
        names = [name for _, options in fieldsets for name in options["fields"]]
        form = self.get_form(request, tier, change=tier is not None, fields=names)(request.POST, instance=tier)
        if not form.is_valid() or (before and all(_same(before, form.instance, name) for name in DECISIVE)):
            return None
        moves = reevaluation.preview(
            tenant_id=form.tenant.pk,
            tier_id=before.pk if before else None,
            fields={name: getattr(form.instance, name) for name in PREVIEWED},
            now=timezone.now(),
        )
        return self._preview_page(request, form.instance, rows_of(moves))

    def _preview_page(self, request: HttpRequest, tier: Tier, moves: list[MoveRow]) -> HttpResponse:
        sent = [
            (name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"
        ]
        return page(
            self,
            request,
            "console/tier_preview.html",
            title=f"{tier.name}: who would move",
            moves=moves,
            total=sum(move.participants for move in moves),
            sent=[*sent, (CONFIRMED, "1")],
            verb="Save this tier",
        )

    @display(description="Tier", ordering="name")
    def display_tier(self, tier: Tier) -> str:
        return tier_name(tier)

    @display(description="Reached by")
    def display_criteria(self, tier: Tier) -> str:
        return "Assigned by hand" if tier.award_type == "manual" else reached_by(tier)

    @display(description="Multiplier", ordering="point_multiplier")
    def display_multiplier(self, tier: Tier) -> str:
        return multiplier(tier.point_multiplier)

    @display(description="Members", ordering="member_count")
    def members(self, tier: Any) -> str:
        return f"{tier.member_count:,}"

    @display(description="State", label={"Active": "success", "Inactive": "warning"})
    def state(self, tier: Tier) -> str:
        return "Active" if tier.is_active else "Inactive"

    @display(description="")
    def links(self, tier: Tier) -> str:
        return format_html_join(
            " ",
            '<a class="c-link" href="{}">{}</a>',
            [
                (
                    reverse("admin:gamify_tier_activity", args=[tier.pk]),
                    "Deactivate" if tier.is_active else "Activate",
                )
            ],
        ) or format_html("")


def _same(one: Tier, other: Tier, name: str) -> bool:
    return bool(getattr(one, name) == getattr(other, name))
