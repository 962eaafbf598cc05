"""Expire what is due, of everybody; and tell beforehand.

Whoever writes to a participant expires what is due first, under its lock. The sweep here does the same for those to
whom nothing happens: the same `Book.expire`, so the entries are the same, whichever comes first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from gamify.ledger import store
from gamify.models import Lot, PointsSystem, Sweep
from gamify.queries.programme import System, system_of
from gamify.services._facts import entry_facts, fact
from gamify.services._member import open_book
from gamify.services._retries import with_retries
from tenants.database import pipelined_transaction, send
from tenants.models import Tenant

# A batch holds its participants' locks until it commits, and what it wrote goes to the disk before the next award's
# COMMIT does: short enough that an award hardly waits for either. Looking for what is due pays for several.
LOTS_PER_BATCH = 125
LOTS_PER_LOOK = 20_000

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class NothingExpired(Exception):
    """The ledger is broken: of some participants that have something due nothing can be expired. See verify_ledger."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one batch did, and of whom it found nothing to expire."""

    entries: int
    points: int
    in_vain: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """What is due: lots, and the points left in them; accounts whose rest is due count as a lot each."""

    lots: int
    points: int


def systems(tenant: Tenant | None) -> list[PointsSystem]:
    """The points systems to sweep: of one tenant, or of all."""
    found = PointsSystem.objects.select_related("tenant").order_by("id")
    return list(found.filter(tenant=tenant) if tenant else found)


def due(system: PointsSystem, *, now: datetime) -> Due:
    """How much there is to do. Writes nothing."""
    lots, lot_points, rests, rest_points = send(_COUNT, [system.id, now]).fetchone()
    return Due(lots + rests, lot_points + rest_points)


def sweep(
    system: PointsSystem,
    *,
    clock: Callable[[], datetime],
    is_over: Callable[[], bool] = lambda: False,
    map_batches: Callable[..., Iterator[Any]] = map,
) -> Iterator[Swept]:
    """Expire what is due in one points system, a batch at a time, each in a transaction of its own.

    `is_over`: whether to hand out no more batches than the one just handed out. `map_batches`: Python's `map`, or one
    that does them elsewhere, such as in a pool of processes; what was handed out by then is done and counted.

    Stop it wherever you like and run it again, also twice at once: what is done is no longer due. Raises
    NothingExpired, once all others are done; Busy.
    """
    now, since = clock(), _BEGINNING
    broken: set[UUID] = set()
    rules = system_of(system, system.tenant.time_zone)
    while True:
        due, until = store.due_participants(
            points_system_id=system.id, since=since, now=now, without=broken, limit=LOTS_PER_LOOK
        )
        if until is None:
            break
        in_vain: list[UUID] = []
        for swept in map_batches(partial(_expire_batch, system.tenant_id, rules, now), _batches(due, is_over)):
            in_vain += swept.in_vain
            yield swept
        # To find nothing is normal: another sweep was faster. If it is still due, accounts and lots disagree.
        broken |= store.still_due(in_vain, points_system_id=system.id, now=now)
        if is_over():
            break
        since = until
    if broken:
        raise NothingExpired(f"Something is due of these, but their accounts say no: {sorted(map(str, broken))}.")


def _batches(due: Mapping[UUID, int], is_over: Callable[[], bool]) -> Iterator[list[UUID]]:
    """Those with `due` lots, as many at a time as have LOTS_PER_BATCH together, but at least one."""
    ids: list[UUID] = []
    lots = 0
    for id, count in due.items():
        if ids and lots + count > LOTS_PER_BATCH:
            yield ids
            if is_over():
                return
            ids, lots = [], 0
        ids.append(id)
        lots += count
    if ids:
        yield ids


def record_run(
    system: PointsSystem, *, started_at: datetime, finished_at: datetime, swept: Swept, is_complete: bool
) -> None:
    """Keep what the last run over a points system did, for people who ask whether it runs at all."""
    fields = {"entries": swept.entries, "points": swept.points, "is_complete": is_complete}
    Sweep.objects.update_or_create(
        points_system=system, defaults={"started_at": started_at, "finished_at": finished_at, **fields}
    )


def _expire_batch(tenant_id: UUID, system: System, now: datetime, ids: Sequence[UUID]) -> Swept:
    return with_retries(tenant_id, partial(_expire, tenant_id, system, ids, now))


def _expire(tenant_id: UUID, system: System, ids: Sequence[UUID], now: datetime) -> Swept:
    with pipelined_transaction():
        snapshot = store.lock_and_load(
            tenant_id=tenant_id,
            participants=dict.fromkeys(ids, ""),
            wanted_lots=[store.WantedLots((id, system.id), 0, system.oldest_first) for id in ids],
            operation_ids=(),
            earned_in=system.id,
            now=now,
        )
        changes = store.Changes()
        for id, state in snapshot.participants.items():
            book = open_book(snapshot, (id, system.id), system)
            book.expire(now)
            if book.entries:
                changes.told_of.append(state)
                changes.books.append(book)
                changes.facts += entry_facts(state, book)
        store.write(changes, tenant_id=tenant_id, now=now)
    entries = [entry for book in changes.books for entry in book.entries]
    expired = {book.account.participant_id for book in changes.books}
    return Swept(len(entries), -sum(entry.amount for entry in entries), tuple(set(ids) - expired))


def notify(system: PointsSystem, *, clock: Callable[[], datetime]) -> Iterator[int]:
    """Write the fact points.expiring_soon for whatever expires within the system's `notice_days`.

    Once per lot. Of an account's rest once per moment: told of again if activity moved it, and the new one comes near.

    Yields how many after each batch. Does nothing where `notice_days` is not set.
    """
    if system.notice_days is None:
        return
    now = clock()
    until = now + timedelta(days=system.notice_days)
    for mark, batches in (
        (_MARK_LOTS, _with_lots_to_tell_of(system, now, until)),
        (_MARK_RESTS, _with_rests_to_tell_of(system, now, until)),
    ):
        for ids in batches:
            yield with_retries(system.tenant_id, partial(_notify, system, mark, ids, now, until))


def _with_lots_to_tell_of(system: PointsSystem, now: datetime, until: datetime) -> Iterator[set[UUID]]:
    soon = Lot.objects.filter(
        points_system=system, noticed_at__isnull=True, expires_at__gt=now, expires_at__lte=until
    ).order_by("expires_at")
    while found := set(soon.values_list("participant_id", flat=True)[:LOTS_PER_BATCH]):
        yield found


def _with_rests_to_tell_of(system: PointsSystem, now: datetime, until: datetime) -> Iterator[set[UUID]]:
    """No index leaves out what was told of, as awards would have to keep it: each look goes on where the last ended."""
    since, is_last = now, False
    while not is_last:
        found = send(_RESTS, [system.id, now, until, since, LOTS_PER_LOOK]).fetchall()
        # To look until nothing is found might never end: activity may move a rest to within the notice days.
        is_last = len(found) < LOTS_PER_LOOK
        for start in range(0, len(found), LOTS_PER_BATCH):
            yield {id for id, _ in found[start : start + LOTS_PER_BATCH]}
        if found:
            since = found[-1][1]


def _notify(system: PointsSystem, mark: str, ids: set[UUID], now: datetime, until: datetime) -> int:
    """`mark`: the statement that marks as told of what it gives back. Only what it finds under the locks is told."""
    with pipelined_transaction():
        snapshot = store.lock_and_load(
            tenant_id=system.tenant_id,
            participants=dict.fromkeys(ids, ""),
            wanted_lots=[],
            operation_ids=(),
            earned_in=system.id,
            now=now,
        )
        rows = send(mark, [now, sorted(ids), system.id, until]).fetchall()
        facts = [
            fact(
                snapshot.participants[participant_id],
                "points.expiring_soon",
                {"points_system_id": system.id, "amount": amount, "expires_at": expires_at.isoformat()},
                now,
            )
            for participant_id, amount, expires_at in rows
        ]
        told = [snapshot.participants[id] for id in {fact.participant_id for fact in facts}]
        store.write(store.Changes(told_of=told, facts=facts), tenant_id=system.tenant_id, now=now)
    return len(facts)


_COUNT = """
    SELECT lots.count, lots.points, rests.count, rests.points
      FROM (SELECT count(*) AS count, coalesce(sum(remaining), 0)::bigint AS points FROM gamify_lot
             WHERE points_system_id = $1 AND expires_at <= $2) AS lots,
           (SELECT count(*) AS count, coalesce(sum(balance - lot_balance), 0)::bigint AS points FROM gamify_account
             WHERE points_system_id = $1 AND rest_expires_at <= $2) AS rests
"""
_MARK_LOTS = """
    UPDATE gamify_lot SET noticed_at = $1
     WHERE participant_id = ANY($2) AND points_system_id = $3
       AND noticed_at IS NULL AND expires_at > $1 AND expires_at <= $4
    RETURNING participant_id, remaining, expires_at
"""
_RESTS = """
    SELECT participant_id, rest_expires_at FROM gamify_account
     WHERE points_system_id = $1 AND rest_expires_at > $2 AND rest_expires_at <= $3 AND rest_expires_at >= $4
       AND rest_noticed_for IS DISTINCT FROM rest_expires_at AND balance > lot_balance
     ORDER BY rest_expires_at LIMIT $5
"""
_MARK_RESTS = """
    UPDATE gamify_account SET rest_noticed_for = rest_expires_at
     WHERE participant_id = ANY($2) AND points_system_id = $3
       AND rest_expires_at > $1 AND rest_expires_at <= $4
       AND rest_noticed_for IS DISTINCT FROM rest_expires_at AND balance > lot_balance
    RETURNING participant_id, balance - lot_balance, rest_expires_at
"""
