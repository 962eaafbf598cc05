"""How the console looks, and what is in its navigation: the settings of django-unfold."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may(admin_name: str) -> Any:
    """Whether the user may see the list of that name (`gamify_tier`): asked of its page, which knows."""

    def ask(request: HttpRequest) -> bool:
        from django.contrib import admin

        registry = {
            f"{model._meta.label_lower.replace('.', '_')}": page for model, page in admin.site._registry.items()
        }
        return admin_name in registry and registry[admin_name].has_view_permission(request)

    return ask


def _item(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{name}_changelist"), "permission": _may(name)}


# A green of its own, so that nobody takes the console for some other site's.
_GREEN = {
    "50": "oklch(97% .018 165)",
    "100": "oklch(94% .045 165)",
    "200": "oklch(89% .085 165)",
    "300": "oklch(82% .12 165)",
    "400": "oklch(73% .14 165)",
    "500": "oklch(64% .135 165)",
    "600": "oklch(52% .11 165)",
    "700": "oklch(45% .095 165)",
    "800": "oklch(38% .08 165)",
    "900": "oklch(32% .065 165)",
    "950": "oklch(22% .045 165)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Bricqs",
    "SITE_HEADER": "Bricqs",
    "SITE_SUBHEADER": "Points console",
    "SITE_SYMBOL": "loyalty",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/icon.svg")},
    ],
    "SITE_DROPDOWN": "tenants.console.current.dropdown",
    "ENVIRONMENT": "tenants.console.current.environment",
    "GLOBAL_CALLBACK": "tenants.console.current.shared_context",
    "DASHBOARD_CALLBACK": "gamify.admin.dashboard.context",
    "LOGIN": {"form": "tenants.console.login.LoginForm"},
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": _GREEN},
    "STYLES": [lambda request: static("console/console.css")],
    "SCRIPTS": [lambda request: static("console/console.js")],
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {"title": "Dashboard", "icon": "monitoring", "link": reverse_lazy("admin:index")},
                    _item("Participants", "group", "gamify_participant"),
                ],
            },
            {
                "title": "Programme",
                "separator": True,
                "items": [
                    _item("Tiers", "stairs_2", "gamify_tier"),
                    _item("Badges", "military_tech", "gamify_badge"),
                    _item("Points systems", "savings", "gamify_pointssystem"),
                    _item("Levels", "signal_cellular_alt", "gamify_level"),
                    _item("Reward rules", "redeem", "gamify_rewardrule"),
                    _item("Metrics", "speed", "gamify_metric"),
                    _item("Triggers", "bolt", "gamify_trigger"),
                    _item("Boosts", "rocket_launch", "gamify_boost"),
                    _item("Engagements", "campaign", "engagements_engagement"),
                ],
            },
            {
                "title": "Administration",
                "separator": True,
                "items": [
                    _item("Tenants", "storefront", "tenants_tenant"),
                    _item("API keys", "key", "tenants_apikey"),
                    _item("People", "badge", "auth_user"),
                    _item("Audit log", "history", "admin_logentry"),
                ],
            },
        ],
    },
}
