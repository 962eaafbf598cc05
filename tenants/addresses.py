"""Limits by the caller's address, at the edge: django-ratelimit's counters, in the cache. They protect the service, not
the points: where the cache is gone, nothing is limited."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

_UNKNOWN = "0.0.0.0"  # noqa: S104 - no address to bind to, but the one that stands for none


def seconds_to_wait(request: HttpRequest, *, group: str, rate: str) -> int | None:
    """Count a call of `group` from the request's address. None while it is within `rate`, such as 600/m; else how long
    until it is again, at least one second."""
    usage = get_usage(request, group=group, key="ip", rate=rate, increment=True)
    if usage is None or not usage["should_limit"]:
        return None
    return max(1, int(usage["time_left"]))


def client_address(request: HttpRequest) -> str:
    """Where the request comes from: the last address that the trusted proxy's header names, or the connection's own."""
    forwarded = request.headers.get(settings.PROXY_ADDRESS_HEADER, "") if settings.PROXY_ADDRESS_HEADER else ""
    for candidate in (forwarded.rpartition(",")[2].strip(), request.META.get("REMOTE_ADDR", "")):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    # A Unix socket, and a proxy that says nothing.
    return _UNKNOWN
