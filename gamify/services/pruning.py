"""Remove what is kept to be looked up, once it is old: idempotency keys, facts. The ledger itself is never pruned.

No index is kept for this. A table is read once, in the order in which it lies on disk, a stretch at a time, each in a
transaction of its own: nobody waits, and stopping it anywhere loses nothing. (Where tables are spread over several
servers, as on Citus, that order is each server's own.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.database import send

# Eight megabytes, some ten thousand rows.
BLOCKS_PER_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one batch read, and how many rows it removed."""

    blocks: int
    rows: int


def operations(*, before: datetime, tenant_id: UUID | None) -> Iterator[Pruned]:
    """Forget the keys of operations from before that moment, of one tenant or of all. A retry that comes later than
    that is not recognised: it is done again."""
    return _prune("gamify_operation", before, tenant_id)


def facts(*, before: datetime, tenant_id: UUID | None) -> Iterator[Pruned]:
    """Remove facts from before that moment, of one tenant or of all. Who has not read them by then misses them."""
    return _prune("gamify_fact", before, tenant_id)


def blocks_of_operations() -> int:
    return _blocks("gamify_operation")


def blocks_of_facts() -> int:
    return _blocks("gamify_fact")


def _prune(table: str, before: datetime, tenant_id: UUID | None) -> Iterator[Pruned]:
    # As long as it is now: what is written meanwhile is not old.
    blocks = _blocks(table)
    for start in range(0, blocks, BLOCKS_PER_BATCH):
        end = min(start + BLOCKS_PER_BATCH, blocks)
        removed = send(_DELETE.format(table=table), [f"({start},0)", f"({end},0)", before, tenant_id])
        yield Pruned(end - start, removed.rowcount)


def _blocks(table: str) -> int:
    count: int = send(_BLOCKS, [table]).fetchone()[0]
    return count


_BLOCKS = "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::int"
_DELETE = """
    DELETE FROM {table}
     WHERE ctid >= $1::tid AND ctid < $2::tid AND created_at < $3 AND ($4::uuid IS NULL OR tenant_id = $4)
"""
