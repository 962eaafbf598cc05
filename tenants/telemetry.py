"""What there is to tell of the request that this thread answers: noted by whoever knows it, and read by
bricqs/middleware.py once it is answered. What is noted outside of a request nobody reads.
"""

import threading
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(slots=True)
class Notes:
    # Statements sent to PostgreSQL, BEGIN and COMMIT of the award path included.
    statements: int = 0
    # A sandbox has the slug of its tenant, and an id of its own.
    tenant: str | None = None
    tenant_id: UUID | None = None
    # Of which dialect the endpoint is, where it is of one; and the code of its refusal, where it refused.
    dialect: str | None = None
    refusal: str | None = None
    # What was written to the ledger: by kind of entry, how many and how many points.
    entries: dict[str, int] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    # Operations that only repeated an earlier outcome.
    replays: int = 0

    def count_entry(self, kind: str, points: int) -> None:
        self.entries[kind] = self.entries.get(kind, 0) + 1
        self.points[kind] = self.points.get(kind, 0) + points


class _Thread(threading.local):
    def __init__(self) -> None:
        self.notes = Notes()


_thread = _Thread()


def begin() -> Notes:
    """Turn to a new page."""
    _thread.notes = Notes()
    return _thread.notes


def notes() -> Notes:
    return _thread.notes
