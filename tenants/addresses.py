"""Limits by the caller's address, at the edge: django-ratelimit's counters, in the cache. They protect the service, not
the points: where the cache is gone, nothing is limited."""

import ipaddress
import logging
import time

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

# So long a cache that failed is not asked again: a call that waits for its answer is late, and this must not be all.
PAUSE_SECONDS = 10

_UNKNOWN = "0.0.0.0"  # noqa: S104 - no address to bind to, but the one that stands for none

logger = logging.getLogger(__name__)
# By the monotonic clock of this process.
_pause_ends_at = 0.0


def seconds_to_wait(request: HttpRequest, *, group: str, rate: str) -> int | None:
    """Count a call of `group` from the request's address. None while it is within `rate`, such as 600/m, which may be
    empty; else how long until it is again, at least one second."""
    global _pause_ends_at
    if not rate or time.monotonic() < _pause_ends_at:
        return None
    usage = get_usage(request, group=group, key="ip", rate=rate, increment=True)
    if usage is None:
        _pause_ends_at = time.monotonic() + PAUSE_SECONDS
        logger.warning("The cache does not answer: calls of one address are not limited for %d seconds.", PAUSE_SECONDS)
        return None
    return max(1, int(usage["time_left"])) if usage["should_limit"] else None


def client_address(request: HttpRequest) -> str:
    """Where the request comes from: the last address that the trusted proxy's header names, or the connection's own."""
    forwarded = request.headers.get(settings.PROXY_ADDRESS_HEADER, "") if settings.PROXY_ADDRESS_HEADER else ""
    for candidate in (forwarded.rpartition(",")[2].strip(), request.META.get("REMOTE_ADDR", "")):
        try:
            address = ipaddress.ip_address(candidate)
        except ValueError:
            continue
        # A socket for both families writes IPv4 addresses so. Counted by network, as IPv6 is, all would be one.
        return str(getattr(address, "ipv4_mapped", None) or address)
    # A Unix socket, and a proxy that says nothing.
    return _UNKNOWN
