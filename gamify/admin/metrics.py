"""Metrics, and the triggers that pay for them and for other things."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from unfold.decorators import display

from gamify.admin._lines import storable
from gamify.admin._service import ServiceAdmin, ServiceForm
from gamify.models import Metric, Trigger
from gamify.services import earning


class MetricForm(ServiceForm):
    class Meta:
        model = Metric
        fields = "__all__"
        labels = {"streak_frequency": "Streak", "is_active": "Active"}
        help_texts = {"key": "What programs call it, such as words-written. It never changes."}


@admin.register(Metric)
class MetricAdmin(ServiceAdmin[Metric]):
    form = MetricForm
    save_through = staticmethod(earning.save_metric)
    fixed = ("key",)
    list_display = ("name", "key", "streak_frequency", "state")
    search_fields = ("name", "key")
    fieldsets = ((None, {"fields": ("name", "key", "streak_frequency", "is_active")}),)

    @display(description="State", label={"Active": "success", "Inactive": "warning"})
    def state(self, metric: Metric) -> str:
        return "Active" if metric.is_active else "Inactive"


# Which settings belong to which type.
SETTINGS = {
    "metric": "metric",
    "threshold": "metric",
    "event_attributes": "metric",
    "badge": "achievement",
    "streak_length": "streak",
    "streak_frequency": "streak",
    "time_interval": "time",
    "time_unit": "time",
}


class TriggerForm(ServiceForm):
    class Meta:
        model = Trigger
        fields = "__all__"
        labels = {
            "type": "Pays when",
            "streak_length": "Length of the streak",
            "streak_frequency": "Kind of streak",
            "time_interval": "Every so many",
            "time_unit": "Hours or days",
            "user_attributes": "Only for participants with",
            "event_attributes": "Only for events with",
        }
        help_texts = {
            "time_interval": "A change counts time anew from then on; what the old one still owes is not paid.",
            "user_attributes": 'Attributes of the profile, as {"plan": "pro"}. {}: for everybody.',
            "event_attributes": 'Attributes of the event, as {"language": "en"}. {}: for every event.',
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # What belongs to another type is hidden on the page, and still sent.
        for name, type in SETTINGS.items():
            if name in cleaned and type != cleaned.get("type"):
                cleaned[name] = {} if name == "event_attributes" else None
                self.errors.pop(name, None)
        return cleaned

    def clean_user_attributes(self) -> Any:
        return _object(self.cleaned_data["user_attributes"])

    def clean_event_attributes(self) -> Any:
        return _object(self.cleaned_data["event_attributes"])


def _object(value: Any) -> Any:
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise forms.ValidationError('Write names and values, such as {"plan": "pro"}.')
    return storable(value)


@admin.register(Trigger)
class TriggerAdmin(ServiceAdmin[Trigger]):
    form = TriggerForm
    save_through = staticmethod(earning.save_trigger)
    list_display = ("display_when", "points", "points_system", "state")
    list_filter = ("type",)
    list_select_related = ("points_system", "metric", "badge")
    # Which of the settings are shown follows the type that is chosen.
    conditional_fields: ClassVar[dict[str, str]] = {name: f"type == '{type}'" for name, type in SETTINGS.items()}
    fieldsets = (
        (None, {"fields": ("points_system", "points", "status", "type")}),
        (
            "When it pays",
            {
                "fields": (
                    *(
                        "metric",
                        "threshold",
                        "badge",
                        "streak_length",
                        "streak_frequency",
                        "time_interval",
                        "time_unit",
                    ),
                    *("event_attributes", "user_attributes"),
                )
            },
        ),
    )

    @display(description="Pays for", ordering="type")
    def display_when(self, trigger: Trigger) -> str:
        if trigger.type == "metric":
            return f"Every {trigger.threshold:,} of {trigger.metric}"
        if trigger.type == "achievement":
            return f"The badge {trigger.badge}"
        if trigger.type == "streak":
            return f"A {trigger.streak_frequency or 'daily'} streak of {trigger.streak_length:,}"
        if trigger.type == "time":
            return f"Every {trigger.time_interval:,} {trigger.time_unit}s"
        return "Being identified for the first time"

    @display(description="State", label={"Active": "success", "Inactive": "warning", "Archived": "danger"})
    def state(self, trigger: Trigger) -> str:
        return trigger.status.capitalize()
