"""Badges."""

from django.contrib import admin
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from gamify.admin._criteria import CriteriaMixin, conditions, criteria_form, setting_fields
from gamify.admin._look import emblem, reached_by
from gamify.admin._service import ServiceAdmin
from gamify.admin._transfer import DefinitionResource, TransferMixin, json_field
from gamify.models import Badge
from gamify.services import definitions


class BadgeForm(criteria_form("badge")):  # type: ignore[misc] # the settings of each type are found at run time
    class Meta:
        model = Badge
        fields = "__all__"
        widgets = {"icon_url": UnfoldAdminTextInputWidget}
        labels = {"is_active": "Active", "icon_url": "Icon (URL)"}
        help_texts = {
            "code": "What programs call it, such as first_purchase. It never changes.",
            "is_active": "Nobody unlocks an inactive badge any more; who has it keeps it.",
            "icon_url": "An image's address. Empty: the first letter of the name.",
        }


class BadgeResource(DefinitionResource):
    save_through = staticmethod(definitions.save_badge)
    criteria_config = json_field("criteria_config")

    class Meta(DefinitionResource.Meta):
        model = Badge
        fields = ("code", "name", "description", "icon_url", "criteria_type", "criteria_config", "is_active")


@admin.register(Badge)
class BadgeAdmin(CriteriaMixin, TransferMixin, ServiceAdmin[Badge]):
    use = "badge"
    resource_classes = [BadgeResource]
    form = BadgeForm
    save_through = staticmethod(definitions.save_badge)
    fixed = ("code",)
    conditional_fields = conditions("badge")
    list_display = ("display_badge", "code", "display_criteria", "state")
    search_fields = ("name", "code")
    fieldsets = (
        (None, {"fields": ("name", "code", "is_active", "description", "icon_url")}),
        ("How it is unlocked", {"fields": ("criteria_type", *setting_fields("badge"))}),
    )

    @display(description="Badge", ordering="name", header=False)
    def display_badge(self, badge: Badge) -> str:
        return format_html("{} {}", emblem(badge.name, icon_url=badge.icon_url), badge.name)

    @display(description="Unlocked by")
    def display_criteria(self, badge: Badge) -> str:
        return reached_by(badge)

    @display(description="State", label={"Active": "success", "Inactive": "warning"})
    def state(self, badge: Badge) -> str:
        return "Active" if badge.is_active else "Inactive"
