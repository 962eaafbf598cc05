"""The dashboard of one tenant: what was given, spent and lost, what is owed, who is where."""

import json
import time
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

from gamify.admin._look import colour
from gamify.models import PointsSystem
from gamify.queries import dashboard
from gamify.queries.dashboard import Day, Reason, TierShare
from gamify.services import totals
from tenants.console.current import current_tenant
from tenants.models import Tenant

PERIODS = {"30": "30 days", "90": "90 days", "365": "12 months"}
DEFAULT_PERIOD = "30"
# From so many days on, charts show weeks.
DAYS_SHOWN_MAX = 100
# How long opening the page may take to add up what is new. What takes longer is left to the next time; but for the very
# first, which adds up the whole ledger: three seconds for ten million entries.
CATCH_UP_SECONDS_MAX = 0.3


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Called by unfold for the page at /admin/ (`DASHBOARD_CALLBACK`)."""
    tenant = current_tenant(request)
    if tenant is None:
        return context
    systems = dashboard.systems(tenant.pk)
    system = next((each for each in systems if each.key == request.GET.get("system")), systems[0] if systems else None)
    period = request.GET.get("period", DEFAULT_PERIOD)
    period = period if period in PERIODS else DEFAULT_PERIOD
    context |= {"title": "Dashboard", "systems": systems, "system": system, "periods": PERIODS, "period": period}
    return context | (_numbers(tenant, system, int(period)) if system else {})


def _numbers(tenant: Tenant, system: PointsSystem, days: int) -> dict[str, Any]:
    is_behind = not _catch_up(tenant)
    now = timezone.now()
    last = now.astimezone(ZoneInfo(tenant.time_zone)).date()
    first = last - timedelta(days=days - 1)
    daily = dashboard.days(system, first=first, last=last)
    shown = dashboard.by_week(daily) if days > DAYS_SHOWN_MAX else daily
    shares = dashboard.tier_distribution(tenant.pk)
    members = sum(share.members for share in shares)
    return {
        "is_behind": is_behind,
        "first": first,
        "last": last,
        "issued": sum(day.issued for day in daily),
        "spent": sum(day.spent for day in daily),
        "expired": sum(day.expired for day in daily),
        "outstanding": daily[-1].outstanding,
        "outstanding_change": daily[-1].outstanding - _before(daily[0]),
        "has_entries": any(day.issued or day.spent or day.expired or day.outstanding for day in daily),
        "flow_chart": _flow_chart(shown),
        "flow_options": json.dumps(_OPTIONS | {"scales": _scales(is_stacked=True)}),
        "outstanding_options": json.dumps(_OPTIONS | {"scales": _scales(is_stacked=False)}),
        "outstanding_chart": _outstanding_chart(shown),
        "shares": [_share(share, members) for share in shares],
        "members": members,
        "reasons": _reasons(system, first, last),
        "changes": dashboard.newest_tier_changes(tenant.pk),
        "sweep": dashboard.sweep_state(system, now=now),
    }


def _catch_up(tenant: Tenant) -> bool:
    started = time.monotonic()
    while time.monotonic() - started < CATCH_UP_SECONDS_MAX:
        if totals.catch_up(tenant.pk):
            return True
    return False


def _before(day: Day) -> int:
    return day.outstanding - day.issued + day.spent + day.expired


def _reasons(system: PointsSystem, first: date, last: date) -> list[dict[str, Any]]:
    found = dashboard.top_reasons(system, first=first, last=last)
    most = max((abs(reason.points) for reason in found), default=0)
    return [
        {
            "text": _reason_text(reason),
            "kind": reason.kind,
            "points": reason.points,
            "entries": reason.entries,
            "percent": abs(reason.points) * 100 // most if most else 0,
        }
        for reason in found
    ]


def _reason_text(reason: Reason) -> str:
    if reason.is_rest:
        return "All other reasons"
    return reason.text or ("Expired" if reason.kind == "expire" else "No reason given")


def _share(share: TierShare, members: int) -> dict[str, Any]:
    return {
        "name": share.tier.name if share.tier else "No tier",
        "colour": colour(share.tier.color if share.tier else None),
        "members": share.members,
        "percent": round(share.members * 100 / members, 1) if members else 0,
    }


def _flow_chart(days: list[Day]) -> str:
    """Columns: what came up, what went down below the line."""
    return _chart(
        days,
        [
            _dataset("Issued", [day.issued for day in days], "var(--color-primary-500)"),
            _dataset("Spent", [-day.spent for day in days], "var(--c-spent)"),
            _dataset("Expired", [-day.expired for day in days], "var(--c-expired)"),
        ],
    )


def _outstanding_chart(days: list[Day]) -> str:
    line = _dataset("Outstanding", [day.outstanding for day in days], "var(--color-primary-500)")
    return _chart(days, [line | {"borderWidth": 2, "pointRadius": 0, "pointHitRadius": 12, "tension": 0.25}])


def _dataset(label: str, data: list[int], color: str) -> dict[str, Any]:
    return {"label": label, "data": data, "backgroundColor": color, "borderColor": color, "borderRadius": 3}


# Of Chart.js, which unfold brings along. Numbers are shortened and lines coloured by console.js.
_OPTIONS: dict[str, Any] = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "interaction": {"mode": "index", "intersect": False},
    "plugins": {"legend": {"display": False}},
}


def _scales(*, is_stacked: bool) -> dict[str, Any]:
    ticks = {"color": "#8b95a5", "maxRotation": 0, "autoSkipPadding": 16}
    horizontal = {"stacked": is_stacked, "ticks": ticks, "grid": {"display": False}}
    return {"x": horizontal, "y": {"stacked": is_stacked, "ticks": {**ticks, "maxTicksLimit": 6}, "grid": {}}}


def _chart(days: list[Day], datasets: list[dict[str, Any]]) -> str:
    labels = [f"{day.day.day} {day.day:%b}" for day in days]
    return json.dumps({"labels": labels, "datasets": datasets})
