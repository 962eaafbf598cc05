"""Make and end boosts: everybody's, which are rules, and those of single participants, which are theirs.

Each boost of a request succeeds or fails alone; a refusal is a value.
"""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from gamify.errors import DomainError, InvalidInput
from gamify.models import Boost, ParticipantBoost
from gamify.queries import programme as programmes
from gamify.queries.earning import boost_rule
from gamify.rewards.boosts import BoostRule
from gamify.services import _batch
from gamify.services._member import Member
from gamify.services._operation import Operation
from gamify.services.definitions import move_on
from gamify.services.earning import check_terms, save_boost
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.refs import TenantRef

BOOSTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class NewBoost:
    """A boost that is to be made; for everybody where `participant` is None. `end`: its last day."""

    name: str
    start: date
    end: date | None
    multiplier: Decimal
    rounding: str = "down"
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    boost: BoostRule
    participant: str | None


@dataclass(frozen=True, slots=True)
class GiveBoost(Operation):
    """Make a boost of one participant, who is made if unknown."""

    participant: str
    boost: BoostRule
    key: IdempotencyKey | None = None

    is_capped: ClassVar[bool] = False
    evaluates: ClassVar[bool] = False
    outcome_type: ClassVar[type[Made]] = Made

    def input_hash(self) -> bytes:
        return input_hash("boost", self.participant, self.boost)

    def postings(self, programme: Any) -> list[Any]:
        return []

    def apply(self, member: Member) -> Made:
        member.new_boosts.append(self.boost)
        # One without an end is never over.
        until = self.boost.end or date.max
        member.state.boosted_until = max(until, member.state.boosted_until or until)
        return Made(self.boost, self.participant)


def create(
    *, tenant: TenantRef, system_id: UUID, items: Sequence[NewBoost | DomainError], now: datetime
) -> list[Made | DomainError]:
    """Make up to BOOSTS_MAX boosts in one points system; one already refused passes through. Raises Busy.

    Refusals: InvalidInput (multiplier, end).
    """
    assert len(items) <= BOOSTS_MAX
    is_rule = [isinstance(item, NewBoost) and item.participant is None for item in items]
    try:
        with transaction.atomic() if any(is_rule) else nullcontext():
            # Rules first: whoever changes some locks the tenant before any participant.
            results = [_made(tenant, system_id, item) for item in items]
            given = [(index, item) for index, item in enumerate(results) if isinstance(item, GiveBoost)]
            done = _batch.run(tenant, [item for _, item in given], now=now).results if given else []
    except BaseException:
        # The batch has read the rules with these boosts among them, and they are not there now.
        programmes.forget(tenant.id)
        raise
    made = {index: result.outcome for (index, _), result in zip(given, done, strict=True)}
    return [item if isinstance(item, Made | DomainError) else made[index] for index, item in enumerate(results)]


def _made(tenant: TenantRef, system_id: UUID, item: NewBoost | DomainError) -> Made | GiveBoost | DomainError:
    """What came of it; where it is for one participant, what is still to be done."""
    if isinstance(item, DomainError):
        return item
    try:
        check_terms(item)
        if item.participant is not None:
            return GiveBoost(item.participant, BoostRule(id=uuid7(), system_id=system_id, **_terms(item)))
        boost = Boost(tenant_id=tenant.id, points_system_id=system_id, **_terms(item))
        return Made(boost_rule(save_boost(boost)), None)
    except InvalidInput as error:
        return error


def _terms(item: NewBoost) -> dict[str, Any]:
    return {
        "name": item.name,
        "start": item.start,
        "end": item.end,
        "multiplier": item.multiplier,
        "rounding": item.rounding,
    }


def end(*, tenant: TenantRef, ids: Collection[UUID], system_id: UUID | None = None) -> set[UUID]:
    """End the boosts that are the tenant's, in `system_id` if that is given, and say which those are. One that ended
    before is ended still. What they multiplied stays as it is."""
    with transaction.atomic():
        ours = Boost.objects.filter(tenant_id=tenant.id, id__in=ids)
        theirs = ParticipantBoost.objects.filter(participant__tenant_id=tenant.id, id__in=ids)
        if system_id is not None:
            ours, theirs = ours.filter(points_system_id=system_id), theirs.filter(points_system_id=system_id)
        found = {*ours.values_list("id", flat=True), *theirs.values_list("id", flat=True)}
        if ours.filter(is_active=True).exists():
            move_on(tenant.id)
            ours.filter(is_active=True).update(is_active=False)
        # Without the participants' locks: an award at the same moment is boosted or not, as if it came before or after.
        theirs.filter(is_active=True).update(is_active=False)
    return found
