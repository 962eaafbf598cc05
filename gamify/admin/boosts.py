"""Boosts for everybody, and what is active when."""

from datetime import date, timedelta

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from gamify.admin._service import ServiceAdmin, ServiceForm
from gamify.models import Boost
from gamify.services import earning

# What the calendar of the list shows.
DAYS_BEFORE, DAYS_AFTER = 14, 76
STATES = {"Active": "success", "Scheduled": "info", "Finished": "warning", "Off": "danger"}


class BoostForm(ServiceForm):
    class Meta:
        model = Boost
        fields = "__all__"
        labels = {"start": "First day", "end": "Last day", "is_active": "Active"}
        help_texts = {
            "start": "Days begin and end at each participant's own midnight.",
            "multiplier": "Between 0 and 100, such as 2 for double points. Boosts at the same time multiply.",
            "rounding": "Of what is multiplied. Points are whole numbers.",
        }


@admin.register(Boost)
class BoostAdmin(ServiceAdmin[Boost]):
    form = BoostForm
    save_through = staticmethod(earning.save_boost)
    fixed = ("points_system",)
    list_display = ("name", "points_system", "display_multiplier", "display_days", "calendar", "state")
    list_select_related = ("points_system",)
    search_fields = ("name",)
    ordering = ("-start", "name")
    fieldsets = (
        (None, {"fields": ("name", "points_system", "multiplier", "rounding", "is_active")}),
        ("When", {"fields": ("start", "end")}),
    )

    @display(description="Multiplier", ordering="multiplier")
    def display_multiplier(self, boost: Boost) -> str:
        return f"× {boost.multiplier.normalize():f}"

    @display(description="Days", ordering="start")
    def display_days(self, boost: Boost) -> str:
        return f"{boost.start:%-d %b %Y} – {boost.end:%-d %b %Y}" if boost.end else f"From {boost.start:%-d %b %Y}"

    @display(description=f"{DAYS_BEFORE} days ago to {DAYS_AFTER} days ahead")
    def calendar(self, boost: Boost) -> str:
        # The last day that there is has no next one.
        left, right = _share(boost.start), 100.0
        if boost.end and boost.end < date.max:
            right = _share(boost.end + timedelta(days=1))
        return format_html(
            '<div class="boost-calendar"><span class="today" style="left: {}%"></span>'
            '<span class="days" style="left: {}%; width: {}%"></span></div>',
            round(_share(_today()), 1),
            round(left, 1),
            round(right - left, 1),
        )

    @display(description="State", label=STATES)
    def state(self, boost: Boost) -> str:
        today = _today()
        if not boost.is_active:
            return "Off"
        if boost.start > today:
            return "Scheduled"
        return "Finished" if boost.end and boost.end < today else "Active"


def _today() -> date:
    return timezone.now().date()


def _share(day: date) -> float:
    """Where `day` is in the calendar, from 0 at its left end to 100 at its right."""
    first = _today() - timedelta(days=DAYS_BEFORE)
    return min(100.0, max(0.0, 100 * (day - first).days / (DAYS_BEFORE + DAYS_AFTER)))
