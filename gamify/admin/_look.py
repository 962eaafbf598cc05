"""How things look in lists and on pages: colours, icons, numbers, criteria in words."""

import re
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gamify import criteria
from gamify.models import Badge, Tier

# What may stand in a style attribute: a tenant chose it, and it must be nothing but a colour.
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,20}")
_ICON = re.compile(r"(?:https?:/)?/[^\s]+")

NO_COLOUR = "var(--color-base-400)"


def is_colour(text: str) -> bool:
    return bool(_COLOUR.fullmatch(text))


def colour(text: str | None) -> str:
    return text if text and is_colour(text) else NO_COLOUR


def emblem(name: str, *, color: str | None = None, icon_url: str | None = None) -> SafeString:
    """The icon, or the first letter, on the colour."""
    if icon_url and _ICON.fullmatch(icon_url):
        return format_html(
            '<span class="c-emblem" style="--c-own: {}"><img src="{}" alt="" loading="lazy"></span>',
            colour(color),
            icon_url,
        )
    return format_html('<span class="c-emblem" style="--c-own: {}">{}</span>', colour(color), name[:1].upper())


def tier_name(tier: Tier) -> SafeString:
    return format_html(
        '<span class="c-named">{}<span>{}</span></span>',
        emblem(tier.name, color=tier.color, icon_url=tier.icon_url or tier.badge_url),
        tier.name,
    )


def reached_by(definition: Tier | Badge) -> str:
    return criteria.parse(definition.criteria_type, definition.criteria_config).describe()


FORCE_COLOURS = {"In force": "success", "Scheduled": "info", "Over": "warning", "Off": "danger"}


def in_force(is_active: bool, starts_at: datetime | None, ends_at: datetime | None) -> str:
    now = timezone.now()
    if not is_active:
        return "Off"
    if starts_at and starts_at > now:
        return "Scheduled"
    return "Over" if ends_at and ends_at <= now else "In force"


def multiplier(value: Decimal | None) -> str:
    return "" if value is None else f"× {value.normalize():f}"
