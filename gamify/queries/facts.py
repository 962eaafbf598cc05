"""The stream of facts: what happened, in an order that nothing is ever added in the middle of."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gamify.errors import InvalidInput
from tenants import database

TYPES = (
    "badge.unlocked",
    "points.awarded",
    "points.deducted",
    "points.expired",
    "points.expiring_soon",
    "tier.changed",
)

_POSITION = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})", re.ASCII)
_BEGINNING = (0, UUID(int=0))


@dataclass(frozen=True, slots=True)
class Fact:
    # Where it stands in the stream: to be sent as `after` to go on behind it.
    position: str
    id: UUID
    type: str
    # JSON text.
    data: str
    created_at: datetime


# Facts are ordered by the transaction that wrote them. Those of transactions younger than the oldest one still running
# are held back: once a reader has passed a position, nothing can appear before it.
_PAGE = """
    SELECT transaction, id, type, data, created_at
      FROM gamify_fact
     WHERE tenant_id = $1 AND (transaction, id) > ($2, $3)
       AND transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
       AND ($4::text[] IS NULL OR type = ANY($4::text[]))
     ORDER BY transaction, id LIMIT $5
"""


def page(*, tenant_id: UUID, after: str | None, types: list[str] | None, limit: int) -> list[Fact]:
    """Up to `limit` facts behind the position `after`, or from the beginning. Raises InvalidInput."""
    transaction, id = _read_position(after)
    unknown = sorted(set(types or ()) - set(TYPES))
    if unknown:
        raise InvalidInput((("type", f"Unknown: {', '.join(unknown)}. Known: {', '.join(TYPES)}."),))
    rows = database.send(_PAGE, [tenant_id, transaction, id, types, limit]).fetchall()
    return [Fact(f"{row[0]}-{row[1].hex}", *row[1:]) for row in rows]


def _read_position(text: str | None) -> tuple[int, UUID]:
    if text is None:
        return _BEGINNING
    match = _POSITION.fullmatch(text)
    if match is None:
        raise InvalidInput((("after", "Must be the position of a fact, as an earlier answer gave it."),))
    return int(match[1]), UUID(hex=match[2])
