"""After a change of the rules: who would move, and moving them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from gamify.errors import TierLevelConflict, TierNotFound
from gamify.models import Tier
from gamify.queries import programme as programmes
from gamify.queries import standings
from gamify.queries.standings import Move as Move
from gamify.services import _batch
from gamify.services.definitions import check_tier, in_order
from gamify.services.tiers import Reevaluate
from tenants.database import snapshot
from tenants.refs import TenantRef

BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class Done:
    """How many participants were looked at closely, how many of them moved, and how far the run has come."""

    looked_at: int
    moved: int
    position: UUID | None


def preview(*, tenant_id: UUID, tier_id: UUID | None, fields: Mapping[str, Any], now: datetime) -> list[Move]:
    """Who would move if the tier `tier_id` (None: a new one) had `fields`. Writes nothing.

    Raises TierNotFound, InvalidInput, TierLevelConflict.
    """
    with snapshot():
        programme = programmes.load(tenant_id)
        tier = (
            Tier(tenant_id=tenant_id)
            if tier_id is None
            else Tier.objects.filter(tenant_id=tenant_id, pk=tier_id).first()
        )
        if tier is None:
            raise TierNotFound(str(tier_id))
        for name, value in fields.items():
            setattr(tier, name, value)
        check_tier(tier)
        if any(other.level == tier.level and other.id != tier.id for other in programme.tiers.values()):
            raise TierLevelConflict(tier.level)
        changed = replace(programme, tiers={**programme.tiers, tier.id: programmes.tier_rule(tier)})
        return standings.moves(tenant_id=tenant_id, programme=changed, now=now)


def preview_order(*, tenant_id: UUID, tier_ids: Sequence[UUID], now: datetime) -> list[Move]:
    """Who would move if the tiers had this order, the lowest first. Writes nothing. Raises InvalidInput."""
    with snapshot():
        programme = programmes.load(tenant_id)
        order = in_order(list(Tier.objects.filter(tenant_id=tenant_id)), tier_ids)
        tiers = {tier.pk: replace(programme.tiers[tier.pk], level=level) for tier, level in order}
        return standings.moves(tenant_id=tenant_id, programme=replace(programme, tiers=tiers), now=now)


def pending(*, tenant_id: UUID, now: datetime) -> list[Move]:
    """Who would move under the rules as they are. Writes nothing."""
    with snapshot():
        return standings.moves(tenant_id=tenant_id, programme=programmes.load(tenant_id), now=now)


def reevaluate(
    *,
    tenant: TenantRef,
    reason: str | None = None,
    after: UUID | None = None,
    clock: Callable[[], datetime],
) -> Iterator[Done]:
    """Move everybody to where the rules of now say, BATCH_SIZE at a time, in transactions of their own.

    Yields after each batch; to go on where an earlier run stopped, pass the last `position` as `after`. Running it
    again, or twice at once, moves nobody twice. Raises Busy.
    """
    while True:
        now = clock()
        with snapshot():
            programme = programmes.load(tenant.id)
            found = standings.misplaced(
                tenant_id=tenant.id, programme=programme, after=after, limit=BATCH_SIZE, now=now
            )
        if not found:
            return
        items = [Reevaluate(external_id, reason=reason) for _, external_id in found]
        results = _batch.run(tenant, items, now=now).results
        after = found[-1][0]
        moved = sum(r.outcome is not None and r.outcome.tier_code != r.outcome.previous_tier_code for r in results)
        yield Done(len(found), moved, after)
