"""Levels of a points system."""

from django.contrib import admin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from gamify.admin._service import ServiceAdmin, ServiceForm
from gamify.models import Level
from gamify.services import earning


class LevelForm(ServiceForm):
    class Meta:
        model = Level
        fields = "__all__"
        widgets = {"badge_url": UnfoldAdminTextInputWidget}
        labels = {"badge_url": "Icon (URL)", "points": "From so many points", "is_active": "Active"}
        help_texts = {"key": "What programs call it, such as novice. It never changes."}


@admin.register(Level)
class LevelAdmin(ServiceAdmin[Level]):
    form = LevelForm
    save_through = staticmethod(earning.save_level)
    fixed = ("points_system", "key")
    list_display = ("name", "points_system", "points", "state")
    list_select_related = ("points_system",)
    search_fields = ("name", "key")
    fieldsets = (
        (None, {"fields": ("name", "points_system", "key", "points", "is_active", "description", "badge_url")}),
    )

    @display(description="State", label={"Active": "success", "Inactive": "warning"})
    def state(self, level: Level) -> str:
        return "Active" if level.is_active else "Inactive"
