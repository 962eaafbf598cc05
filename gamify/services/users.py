"""Identify participants: what a tenant tells us about them, beside what they do.

    result = users.identify(tenant=shop, item=Identify("user_123", {"time_zone": "Europe/Vienna"}), now=now)

Refusals: ParticipantNotFound, where the participant must exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from gamify.errors import ParticipantNotFound
from gamify.ledger.store import ProfileState
from gamify.services import _batch
from gamify.services._batch import Result
from gamify.services._member import Member
from gamify.services._operation import Operation
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Identify(Operation):
    """Make or change a participant's profile. `known`: the fields of a Profile that are to change; attributes are
    added to those that are there."""

    participant: str
    known: Mapping[str, Any]
    must_exist: bool = False
    key: IdempotencyKey | None = None

    is_capped: ClassVar[bool] = False
    wants_profile: ClassVar[bool] = True
    outcome_type: ClassVar[type[ProfileState]] = ProfileState

    def input_hash(self) -> bytes:
        return input_hash("identify", self.participant, self.known)

    def postings(self, programme: Any) -> list[Any]:
        return []

    def apply(self, member: Member) -> ProfileState:
        """Raises ParticipantNotFound."""
        if self.must_exist and member.state.is_new:
            raise ParticipantNotFound(self.participant)
        profile = identified(member, self.known)
        # The times as they are about to be written.
        updated_at = member.now if member.new_profile else profile.updated_at
        return replace(profile, created_at=profile.created_at or member.now, updated_at=updated_at)


def identify(*, tenant: TenantRef, item: Identify, now: datetime) -> Result:
    """Refusals: ParticipantNotFound. Raises Busy."""
    return _batch.run(tenant, [item], now=now).results[0]


def identified(member: Member, known: Mapping[str, Any]) -> ProfileState:
    """Change the member's profile, or make it, and say what is known afterwards."""
    before = member.profile
    attributes = {**(before.attributes if before else {}), **known.get("attributes", {})}
    member.identify(**{**known, "attributes": attributes})
    after = member.profile
    assert after
    return after
