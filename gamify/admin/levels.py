"""Levels of a points system."""

from typing import Any

from django.contrib import admin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from gamify.admin._service import ServiceAdmin, ServiceForm, refuse_second
from gamify.models import Level
from gamify.services import earning


class LevelForm(ServiceForm):
    class Meta:
        model = Level
        fields = "__all__"
        widgets = {"badge_url": UnfoldAdminTextInputWidget}
        labels = {"badge_url": "Icon (URL)", "points": "From so many points", "is_active": "Active"}
        help_texts = {"key": "What programs call it, such as novice. It never changes."}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        system, key = cleaned.get("points_system"), cleaned.get("key")
        if system and key:
            others = Level.objects.filter(points_system=system, key=key)
            refuse_second(self, others, key, "level of this points system already has this key")
        return cleaned


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
