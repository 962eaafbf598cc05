"""Make and end boosts: everybody's, which are rules, and those of single participants, which are theirs.

Each boost of a request succeeds or fails alone; a refusal is a value.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from gamify.errors import DomainError, IdempotencyKeyReused
from gamify.models import Boost, ParticipantBoost
from gamify.models import Operation as OperationRow
from gamify.queries import programme as programmes
from gamify.rewards.boosts import BoostRule
from gamify.services import _batch
from gamify.services._batch import Result
from gamify.services._member import Member
from gamify.services._operation import Operation
from gamify.services.definitions import move_on
from gamify.services.earning import check_terms, save_boost
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.models import Tenant
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
class Kept:
    """What an idempotency key keeps of a boost that was made under it; its terms are those of the repetition."""

    id: str


@dataclass(frozen=True, slots=True)
class GiveBoost(Operation):
    """Make a boost of one participant, who is made if unknown."""

    participant: str
    boost: BoostRule
    key: IdempotencyKey | None = None

    is_capped: ClassVar[bool] = False
    evaluates: ClassVar[bool] = False
    outcome_type: ClassVar[type[Kept]] = Kept

    def input_hash(self) -> bytes:
        return _hash(self.boost, self.participant)

    def postings(self, programme: Any) -> list[Any]:
        return []

    def apply(self, member: Member) -> Kept:
        member.new_boosts.append(self.boost)
        # One without an end is never over.
        until = self.boost.end or date.max
        member.state.boosted_until = max(until, member.state.boosted_until or until)
        return Kept(str(self.boost.id))


def create(
    *,
    tenant: TenantRef,
    system_id: UUID,
    items: Sequence[NewBoost | DomainError],
    now: datetime,
    key: IdempotencyKey | None = None,
) -> list[Made | DomainError]:
    """Make up to BOOSTS_MAX boosts in one points system; one already refused passes through. A repetition under the
    same key makes none twice. Raises Busy.

    Refusals: InvalidInput (multiplier, end), IdempotencyKeyReused.
    """
    assert len(items) <= BOOSTS_MAX
    is_rule = [isinstance(item, NewBoost) and item.participant is None for item in items]
    keys = [key.for_item(index) if key else None for index in range(len(items))]
    with _changing_rules(tenant.id) if any(is_rule) else nullcontext():
        # Rules first: whoever changes some locks the tenant before any participant.
        results = [_made(tenant, system_id, item, own, now) for item, own in zip(items, keys, strict=True)]
        given = [(index, item) for index, item in enumerate(results) if isinstance(item, GiveBoost)]
        done = _batch.run(tenant, [item for _, item in given], now=now).results if given else []
    made = {index: _given(item, result) for (index, item), result in zip(given, done, strict=True)}
    return [item if isinstance(item, Made | DomainError) else made[index] for index, item in enumerate(results)]


@contextmanager
def _changing_rules(tenant_id: UUID) -> Iterator[None]:
    """A transaction that others who change the tenant's rules wait for: under the same key, too, where the second then
    finds what the first one made.

    A batch in it reads the rules with its boosts among them. Where it fails they are forgotten, before others can give
    their change the same version; and after it, where it was COMMIT that failed.
    """
    try:
        with transaction.atomic():
            Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
            try:
                yield
            except BaseException:
                programmes.forget(tenant_id)
                raise
    except BaseException:
        programmes.forget(tenant_id)
        raise


def _made(
    tenant: TenantRef, system_id: UUID, item: NewBoost | DomainError, key: IdempotencyKey | None, now: datetime
) -> Made | GiveBoost | DomainError:
    """What came of it; where it is for one participant, what is still to be done."""
    if isinstance(item, DomainError):
        return item
    try:
        check_terms(item)
        boost = BoostRule(id=uuid7(), system_id=system_id, **_terms(item))
        if item.participant is not None:
            return GiveBoost(item.participant, boost, key)
        return Made(_for_everybody(tenant, boost, item, key, now), None)
    except DomainError as error:
        return error


def _for_everybody(
    tenant: TenantRef, boost: BoostRule, item: NewBoost, key: IdempotencyKey | None, now: datetime
) -> BoostRule:
    """Raises InvalidInput, IdempotencyKeyReused."""
    earlier = OperationRow.objects.filter(pk=key.operation_id(tenant.id)).first() if key else None
    if key and earlier:
        if bytes(earlier.input_hash) != _hash(boost, None):
            raise IdempotencyKeyReused(key=key.text)
        return _as_kept(boost, Kept(**json.loads(earlier.outcome)))
    save_boost(Boost(id=boost.id, tenant_id=tenant.id, points_system_id=boost.system_id, **_terms(item)))
    if key:
        OperationRow.objects.create(
            id=key.operation_id(tenant.id),
            tenant_id=tenant.id,
            key=key.text,
            input_hash=_hash(boost, None),
            outcome=json.dumps(asdict(Kept(str(boost.id)))),
            created_at=now,
        )
    return boost


def _given(item: GiveBoost, result: Result) -> Made | DomainError:
    return result.error or Made(_as_kept(item.boost, result.outcome), item.participant)


def _as_kept(boost: BoostRule, kept: Kept) -> BoostRule:
    return replace(boost, id=UUID(kept.id))


def _hash(boost: BoostRule, participant: str | None) -> bytes:
    # But for its id, which is another one in a repetition.
    terms = (boost.name, boost.start, boost.end, boost.multiplier, boost.rounding)
    return input_hash("boost", participant, boost.system_id, *terms)


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
