"""Which web pages may read what a session shows: those of its engagement's allowed origins, and nobody else's."""

from typing import Any

from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from engagements.models import Engagement
from engagements.origins import parse_origin


def admit(request: HttpRequest, origins: tuple[str, ...]) -> None:
    """The session behind `request` belongs to an engagement with these origins: from here on they decide."""
    request.allowed_origins = origins  # type: ignore[attr-defined] # ours: handed on with the request


@receiver(check_request_enabled)
def is_allowed(request: HttpRequest, **_: Any) -> bool:
    # Asked about every request of every path.
    if not request.path_info.startswith(settings.SESSION_API_PATH):
        return False
    origin = _origin(request)
    if origin is None:
        return False
    admitted: tuple[str, ...] | None = getattr(request, "allowed_origins", None)
    if admitted is not None:
        return origin in admitted
    # A preflight names no engagement, and of a refused call it is not known: any engagement's page may read the answer.
    # Also where it has ended: sessions opened before show what was earned in it.
    engagements = Engagement.objects.filter(allowed_origins__contains=[origin], tenant__is_active=True)
    return engagements.exclude(tenant__sandbox_of__is_active=False).exists()


def _origin(request: HttpRequest) -> str | None:
    try:
        return parse_origin(request.headers.get("Origin", ""))
    except ValueError:
        return None
