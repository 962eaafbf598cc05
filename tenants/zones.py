"""Time zones: which names are taken, and by which names PostgreSQL knows them."""

from functools import cache
from zoneinfo import available_timezones

# PostgreSQL takes these for abbreviations, which have no summer time, before it looks for a zone. Zones of the same
# clocks stand in for them.
_ABBREVIATIONS = {
    "CET": "Europe/Brussels",
    "EET": "Europe/Athens",
    "MET": "Europe/Brussels",
    "WET": "Europe/Lisbon",
}
# A file beside the database's own on some systems: what it holds differs from one machine to the next.
_NO_ZONES = {"localtime"}


@cache
def names() -> frozenset[str]:
    """Those of the IANA database. Kept, because reading all of it takes longer than the rest of a request."""
    return frozenset(available_timezones() - _NO_ZONES)


def in_sql(name: str) -> str:
    """What to say behind AT TIME ZONE."""
    return _ABBREVIATIONS.get(name, name)
