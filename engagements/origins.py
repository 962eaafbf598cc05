"""Origins of web pages, as a browser's `Origin` header says them. Pure."""

import re

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII,
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def parse_origin(text: str) -> str:
    """An origin in the one form in which browsers send it. Raises ValueError, with a sentence that says what one is."""
    match = _ORIGIN.fullmatch(text.lower())
    if match is None:
        raise ValueError(
            f"{text!r} is not an origin. Write scheme and host, and a port if need be: https://example.com."
        )
    origin = f"{match['scheme']}://{match['host']}"
    port = match["port"]
    return origin if port in (None, _DEFAULT_PORTS[match["scheme"]]) else f"{origin}:{port}"
