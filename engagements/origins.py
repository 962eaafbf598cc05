"""Origins of web pages, as a browser's `Origin` header says them. Pure."""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address

# Of one engagement.
ORIGINS_MAX = 50

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[(?P<ipv6>[0-9a-f:.]+)\])(?::(?P<port>[1-9][0-9]{{0,4}}))?"
)
_LENGTH_MAX = 255
_PORT_MAX = 65535
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def parse_origin(text: str) -> str:
    """An origin in the one form in which browsers send it. Raises ValueError, with a sentence that says what one is."""
    # Some letters that are not ASCII become so in lower case.
    match = _ORIGIN.fullmatch(text.lower()) if text.isascii() and len(text) <= _LENGTH_MAX else None
    host = match and _host(match)
    if match is None or host is None or int(match["port"] or 0) > _PORT_MAX:
        raise ValueError(
            f"{text[:_LENGTH_MAX]!r} is not an origin. Write scheme and host, and a port if need be:"
            " https://example.com."
        )
    origin, port = f"{match['scheme']}://{host}", match["port"]
    return origin if port in (None, _DEFAULT_PORTS[match["scheme"]]) else f"{origin}:{port}"


def parse_origins(texts: Iterable[str]) -> list[str]:
    """Each once, in an order that does not depend on theirs. Raises ValueError."""
    return sorted({parse_origin(text) for text in texts})


def _host(match: re.Match[str]) -> str | None:
    if match["ipv6"] is None:
        return match["host"]
    try:
        return f"[{IPv6Address(match['ipv6'])}]"
    except ValueError:
        return None
