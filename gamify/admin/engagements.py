"""Engagements: campaigns and games."""

from django.contrib import admin
from unfold.decorators import display

from engagements.models import Engagement
from gamify.admin._look import FORCE_COLOURS, in_force
from gamify.admin._service import ServiceAdmin, ServiceForm
from gamify.services import definitions


class EngagementForm(ServiceForm):
    class Meta:
        model = Engagement
        fields = "__all__"
        labels = {
            "starts_at": "Runs from",
            "ends_at": "until",
            "points_system": "Points system of its own",
            "currency_name": "What players call the points",
            "allowed_origins": "Web pages that may show points",
        }
        help_texts = {
            "allowed_origins": "Scheme and host of each, separated by commas: https://play.example.com.",
            "status": "An ended engagement takes no awards and opens no sessions; what was earned can still be spent.",
        }


@admin.register(Engagement)
class EngagementAdmin(ServiceAdmin[Engagement]):
    form = EngagementForm
    save_through = staticmethod(definitions.save_engagement)
    list_display = ("name", "display_id", "display_system", "state")
    list_select_related = ("points_system",)
    readonly_fields = ("display_id",)
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "status", "points_system", "currency_name", "display_id")}),
        ("When", {"fields": ("starts_at", "ends_at")}),
        ("Where", {"fields": ("allowed_origins",)}),
    )

    @display(description="Id for programs")
    def display_id(self, engagement: Engagement) -> str:
        # A new one has an id before it is saved, which is nobody's business yet.
        return "" if engagement._state.adding else str(engagement.pk)

    @display(description="Points system")
    def display_system(self, engagement: Engagement) -> str:
        return engagement.points_system.name if engagement.points_system else "Default"

    @display(description="State", label=FORCE_COLOURS)
    def state(self, engagement: Engagement) -> str:
        return in_force(engagement.status == "active", engagement.starts_at, engagement.ends_at)
