"""Put participants at tiers: by hand, back under evaluation, and anew after a change of the rules.

Refusals of an assignment, in the order they are checked: IdempotencyKeyReused, RateLimitExceeded, TierNotFound.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gamify.errors import Busy, TierAssignConflict, TierNotFound
from gamify.queries.programme import TierRule
from gamify.services import _batch
from gamify.services._batch import Result
from gamify.services._member import Member
from gamify.services._operation import Operation
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a participant is now and was before; None where it has no tier."""

    participant: str
    tier_code: str | None
    tier_name: str | None
    level: int | None
    previous_tier_code: str | None


@dataclass(frozen=True, slots=True)
class Assign(Operation):
    """Pin a participant to an active tier: evaluation leaves it there until it is released."""

    participant: str
    tier_code: str
    reason: str | None = None
    key: IdempotencyKey | None = None

    outcome_type: ClassVar[type[Placement]] = Placement

    def input_hash(self) -> bytes:
        return input_hash("assign", self.participant, self.tier_code, self.reason)

    def apply(self, member: Member) -> Placement:
        """Raises TierNotFound."""
        tier = next(
            (tier for tier in member.programme.tiers.values() if tier.code == self.tier_code and tier.is_active), None
        )
        if tier is None:
            raise TierNotFound(self.tier_code)
        before = member.tier
        member.place(tier, pinned=True, cause="assign", reason=self.reason)
        # Badges for reaching a tier are due however it was reached.
        member.evaluate(cause="assign", reason=self.reason)
        return _placement(self.participant, before, member.tier)


@dataclass(frozen=True, slots=True)
class Release(Operation):
    """End a pin, and put the participant where its standing says."""

    participant: str
    reason: str | None = None
    key: IdempotencyKey | None = None

    outcome_type: ClassVar[type[Placement]] = Placement

    def input_hash(self) -> bytes:
        return input_hash("release", self.participant, self.reason)

    def apply(self, member: Member) -> Placement:
        before = member.tier
        was_pinned, member.state.tier_pinned = member.state.tier_pinned, False
        # What was given by hand goes with the pin; what is earned stays.
        member.evaluate(cause="release", reason=self.reason, afresh=was_pinned)
        return _placement(self.participant, before, member.tier)


@dataclass(frozen=True, slots=True)
class Reevaluate(Operation):
    """Put a participant where the rules of now say. No call of a participant's own, so its cap is left alone."""

    participant: str
    reason: str | None = None

    is_capped: ClassVar[bool] = False

    def apply(self, member: Member) -> Placement:
        before = member.tier
        member.evaluate(cause="reevaluate", reason=self.reason)
        return _placement(self.participant, before, member.tier)


def assign(*, tenant: TenantRef, item: Assign, now: datetime) -> Result:
    """Pin a participant, who is made if unknown, to an active tier. Raises TierAssignConflict."""
    return _run(tenant, item, now)


def release(*, tenant: TenantRef, item: Release, now: datetime) -> Result:
    """End a participant's pin and evaluate it again. Raises TierAssignConflict."""
    return _run(tenant, item, now)


def _run(tenant: TenantRef, item: Assign | Release, now: datetime) -> Result:
    try:
        return _batch.run(tenant, [item], now=now).results[0]
    except Busy as error:
        raise TierAssignConflict from error


def _placement(participant: str, before: TierRule | None, after: TierRule | None) -> Placement:
    return Placement(
        participant=participant,
        tier_code=after.code if after else None,
        tier_name=after.name if after else None,
        level=after.level if after else None,
        previous_tier_code=before.code if before else None,
    )
