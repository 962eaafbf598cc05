"""Joining: single operations that arrive while a transaction of their tenant is under way share the next one.

A transaction costs the same few statements, and the same wait for the disk, for one operation as for a hundred. So each
process runs one at a time for a tenant; who comes meanwhile stands in line, and the first in line takes the others
along. Nobody waits for company: where nothing is under way, an operation goes at once, alone.

What one of them is refused is its own affair, as in any batch. Where the whole transaction fails and is certainly
rolled back, each goes alone after all; where its end is unknown, each is told so, as it would have been alone.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

from gamify.services import _batch
from gamify.services._batch import Result
from gamify.services._operation import Operation
from tenants.refs import TenantRef

# All happen at the latest caller's time. A caller whose time is further off, because a clock was set, goes separately.
TIMES_APART_MAX = timedelta(seconds=5)
# A participant that somebody else holds on to must not keep all the others waiting for long.
LOCK_PATIENCE = "250ms"
# Classes of SQLSTATE that tell nothing of what became of a COMMIT: connection, operator, system, internal.
ENDS_UNKNOWN = ("08", "57", "58", "XX")


def run(tenant: TenantRef, item: Operation, *, now: datetime) -> Result:
    """Do one operation, in company where there is some. Raises Busy."""
    if connection.in_atomic_block or settings.JOINED_OPERATIONS_MAX <= 1:
        # An outer transaction's work is for its own thread to do.
        return _alone(tenant, item, now)
    return _lines[tenant.id].run(_Waiter(tenant, item, now))


class _Waiter:
    """A thread in line with its operation: woken up with an outcome, or to lead, or to go alone."""

    def __init__(self, tenant: TenantRef, item: Operation, now: datetime) -> None:
        self.tenant, self.item, self.now = tenant, item, now
        self.called = threading.Event()
        self.leads = False
        self.result: Result | None = None
        self.error: BaseException | None = None

    def outcome(self) -> Result:
        if self.error:
            raise self.error
        return self.result or _alone(self.tenant, self.item, self.now)


class _Line:
    """The line of one tenant in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Waiter] = []
        self._under_way = False

    def run(self, me: _Waiter) -> Result:
        with self._lock:
            me.leads, self._under_way = not self._under_way, True
            if not me.leads:
                self._waiting.append(me)
        if not me.leads:
            me.called.wait()
        return self._lead(me) if me.leads else me.outcome()

    def _lead(self, me: _Waiter) -> Result:
        with self._lock:
            nearby = [each for each in self._waiting if abs(each.now - me.now) <= TIMES_APART_MAX]
            company = nearby[: settings.JOINED_OPERATIONS_MAX - 1]
            self._waiting = [each for each in self._waiting if each not in company]
        try:
            if not company:
                return _alone(me.tenant, me.item, me.now)
            _together([me, *company])
        finally:
            # The next transaction first: it need not wait until everybody here has heard.
            self._hand_over()
            for waiter in company:
                waiter.called.set()
        return me.outcome()

    def _hand_over(self) -> None:
        with self._lock:
            if not self._waiting:
                self._under_way = False
                return
            heir = self._waiting.pop(0)
        heir.leads = True
        heir.called.set()


def _together(waiters: Sequence[_Waiter]) -> None:
    """Give each waiter a result or an error, or neither, where it is to go alone."""
    newest = max(waiters, key=lambda waiter: waiter.tenant.programme_version)
    now = max(waiter.now for waiter in waiters)
    callers = [waiter.tenant for waiter in waiters]
    items = [waiter.item for waiter in waiters]
    try:
        batch = _batch.run(newest.tenant, items, callers=callers, now=now, lock_patience=LOCK_PATIENCE)
    except BaseException as error:
        if _is_rolled_back(error):
            return
        for waiter in waiters:
            waiter.error = error
        return
    for waiter, result in zip(waiters, batch.results, strict=True):
        waiter.result = result


def _is_rolled_back(error: BaseException) -> bool:
    if isinstance(error, Exception) and not isinstance(error, DatabaseError):
        # Busy, or a fault of ours before COMMIT was sent.
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    return state is not None and not state.startswith(ENDS_UNKNOWN)


def _alone(tenant: TenantRef, item: Operation, now: datetime) -> Result:
    return _batch.run(tenant, [item], now=now).results[0]


_lines: defaultdict[UUID, _Line] = defaultdict(_Line)
