"""Remove what is kept to be looked up, once it is old: idempotency keys, facts. The ledger itself is never pruned.

No index is kept for this. A table is read once, in the order in which it lies on disk, a stretch at a time, each in a
transaction of its own: nobody waits, and stopping it anywhere loses nothing. (Where tables are spread over several
servers, as on Citus, that order is each server's own.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gamify.models import TotalsMark
from gamify.services import totals
from tenants.database import send
from tenants.ids import first_id

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
    return _prune("gamify_operation", "created_at < $3::timestamptz", before, tenant_id)


def facts(*, before: datetime, tenant_id: UUID | None) -> Iterator[Pruned]:
    """Remove facts written before that moment, of one tenant or of all. Who has not read them by then misses them."""
    # The dashboard's totals are such a reader; those that nobody has asked for yet begin with the ledger. As every
    # reader, they stop short of the oldest transaction that still runs.
    until = send("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetchone()[0]
    marks = TotalsMark.objects.filter(tenant=tenant_id) if tenant_id else TotalsMark.objects.all()
    for tenant in marks.values_list("pk", flat=True):
        totals.catch_up_wholly(tenant)
    # By their ids, which tell when they were made: an expiry's own time is that at which it was due.
    yield from _prune("gamify_fact", f"id < $3::uuid AND transaction < {until:d}", first_id(before), tenant_id)


def blocks_of_operations() -> int:
    return _blocks("gamify_operation")


def blocks_of_facts() -> int:
    return _blocks("gamify_fact")


def _prune(table: str, condition: str, before: datetime | UUID, tenant_id: UUID | None) -> Iterator[Pruned]:
    # As long as it is now: what is written meanwhile is not old.
    blocks = _blocks(table)
    for start in range(0, blocks, BLOCKS_PER_BATCH):
        end = min(start + BLOCKS_PER_BATCH, blocks)
        removed = send(
            _DELETE.format(table=table, condition=condition), [f"({start},0)", f"({end},0)", before, tenant_id]
        )
        yield Pruned(end - start, removed.rowcount)


def _blocks(table: str) -> int:
    count: int = send(_BLOCKS, [table]).fetchone()[0]
    return count


_BLOCKS = "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::int"
_DELETE = """
    DELETE FROM {table}
     WHERE ctid >= $1::tid AND ctid < $2::tid AND {condition} AND ($4::uuid IS NULL OR tenant_id = $4)
"""
