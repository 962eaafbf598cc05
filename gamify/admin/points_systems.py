"""Points systems: the currencies of a tenant."""

from django.contrib import admin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from gamify.admin._service import ServiceAdmin, ServiceForm
from gamify.models import ExpiryPolicy, PointsSystem
from gamify.services import definitions


class PointsSystemForm(ServiceForm):
    class Meta:
        model = PointsSystem
        fields = "__all__"
        widgets = {"badge_url": UnfoldAdminTextInputWidget}
        labels = {
            "badge_url": "Icon (URL)",
            "max_points": "Most that anybody can have",
            "burn_order": "Spent first",
            "expiry_policy": "Points expire",
            "expiry_periods": "Days, months, years",
        }
        help_texts = {
            "key": "What programs call it, such as points. It never changes.",
            "max_points": "Awards are cut to it. Empty: no limit.",
            "notice_days": "How many days before points expire notify_expiring tells so. Empty: it does not.",
        }


@admin.register(PointsSystem)
class PointsSystemAdmin(ServiceAdmin[PointsSystem]):
    form = PointsSystemForm
    save_through = staticmethod(definitions.save_points_system)
    fixed = ("key", "burn_order", "is_default")
    list_display = ("name", "key", "display_default", "burn_order", "display_expiry", "notice_days")
    fieldsets = (
        (None, {"fields": ("name", "key", "description", "badge_url", "max_points")}),
        ("Expiry", {"fields": ("expiry_policy", "expiry_periods", "notice_days", "burn_order")}),
    )

    @display(description="Default", boolean=True)
    def display_default(self, system: PointsSystem) -> bool:
        return system.is_default

    @display(description="Points expire")
    def display_expiry(self, system: PointsSystem) -> str:
        periods, policy = system.expiry_periods, system.expiry_policy
        words = {
            ExpiryPolicy.NONE: "Never",
            ExpiryPolicy.DAYS: f"After {periods} days",
            ExpiryPolicy.END_OF_MONTH: f"At the end of the month, {periods} months on",
            ExpiryPolicy.END_OF_YEAR: f"At the end of the year, {periods} years on",
            ExpiryPolicy.INACTIVITY: f"After {periods} days without activity",
        }
        return words[ExpiryPolicy(policy)]
