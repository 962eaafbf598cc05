"""Pay what triggers of the type time promise: so many points each time an interval has passed.

Intervals are counted for each participant, from when both it and the trigger were there. How far each was paid is
written with the payment, under the participant's lock: run it as often as you like, also twice at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from gamify.ledger.store import WantedEarning
from gamify.models import Trigger
from gamify.queries import earning as reads
from gamify.queries.earning import TriggerRule
from gamify.queries.programme import Programme, System
from gamify.services import _batch
from gamify.services._member import Member
from gamify.services._operation import Operation
from tenants.database import send
from tenants.models import Tenant
from tenants.refs import TenantRef

BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class Paid:
    """What one batch did."""

    participants: int
    points: int


@dataclass(frozen=True, slots=True)
class PayTime(Operation):
    """Pay one participant for the intervals that have passed since `since`, or since it was last paid."""

    participant: str
    trigger_id: UUID
    since: datetime

    is_capped: ClassVar[bool] = False
    wants_profile: ClassVar[bool] = True

    def postings(self, programme: Programme) -> list[tuple[System, int]]:
        trigger = self._trigger(programme)
        return [(programme.systems[trigger.system_id], 0)] if trigger else []

    def earning(self, programme: Programme) -> WantedEarning:
        return WantedEarning(payments=[self.trigger_id])

    def apply(self, member: Member) -> int:
        """How many points that was."""
        trigger = self._trigger(member.programme)
        if trigger is None:
            return 0
        before = len(member.credits)
        # Its terms may be newer than the search for who is owed: then so is the time that they pay for.
        since = max(self.since, trigger.active_since)
        paid_until = max(since, member.paid_until(trigger.id) or since)
        intervals = max(0, (member.now - paid_until) // trigger.interval)
        # Whoever it is not for has had its time all the same.
        member.pay(trigger, intervals)
        member.payments[trigger.id] = paid_until + intervals * trigger.interval
        if len(member.credits) > before:
            member.evaluate(cause="time", reason=None)
        return sum(credit.entry.amount for credit in member.credits[before:])

    def _trigger(self, programme: Programme) -> TriggerRule | None:
        """None where it was ended meanwhile."""
        return next((each for each in programme.earning.of_type("time") if each.id == self.trigger_id), None)


def triggers(tenant: Tenant | None) -> list[tuple[Tenant, TriggerRule]]:
    """The triggers to pay: of one tenant, or of all."""
    rows = Trigger.objects.filter(type="time", status="active").select_related("tenant").order_by("id")
    rows = rows.filter(tenant=tenant) if tenant else rows
    return [(row.tenant, reads.trigger_rule(row)) for row in rows]


# Who has an interval behind him that was not paid, in the order of ids.
_DUE = """
    SELECT p.id, p.external_id, greatest(p.created_at, $2)
      FROM gamify_participant p
      LEFT JOIN gamify_timepayment paid ON paid.participant_id = p.id AND paid.trigger_id = $1
     WHERE p.tenant_id = $3 AND p.id > $4
       AND greatest(p.created_at, $2, paid.paid_until) <= $5
     ORDER BY p.id LIMIT $6
"""


def pay(tenant: Tenant, trigger: TriggerRule, *, clock: Callable[[], datetime]) -> Iterator[Paid]:
    """Pay everybody whom `trigger` owes, BATCH_SIZE at a time, in transactions of their own. Yields after each."""
    ref = TenantRef.of(tenant)
    after = UUID(int=0)
    while True:
        now = clock()
        params = [trigger.id, trigger.active_since, tenant.id, after, now - trigger.interval, BATCH_SIZE]
        rows: list[Any] = send(_DUE, params).fetchall()
        if not rows:
            return
        items = [PayTime(external_id, trigger.id, since) for _, external_id, since in rows]
        points = [result.outcome or 0 for result in _batch.run(ref, items, now=now).results]
        after = rows[-1][0]
        # Some it is not for, and some have all that anybody may have.
        yield Paid(participants=sum(map(bool, points)), points=sum(points))
