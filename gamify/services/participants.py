"""Say who a participant is, beside its points.

Refusals: ParticipantNotFound, where it must have been seen before; InvalidInput, of too many attributes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from gamify.errors import InvalidInput, ParticipantNotFound
from gamify.ledger.store import ProfileState
from gamify.queries.programme import Programme, System
from gamify.services import _batch
from gamify.services._batch import Result
from gamify.services._member import Member
from gamify.services._operation import Operation
from tenants.refs import TenantRef

# Each operation on the participant reads them all.
ATTRIBUTES_MAX = 100


@dataclass(frozen=True, slots=True)
class Identified:
    """`profile`: as it is now, its times as they are about to be written."""

    participant: str
    is_new: bool
    profile: ProfileState


@dataclass(frozen=True, slots=True)
class Identify(Operation):
    """Make or change a profile: the fields that are `known`, by their names in `ProfileState`, and no others.

    Repeating it changes nothing, so it needs no key. It awards nothing but what triggers promise for the first time,
    so it is left out of the write cap.
    """

    participant: str
    known: Mapping[str, Any] = field(default_factory=dict)
    # Whether it is refused where the participant was never seen, instead of making it.
    must_exist: bool = False
    # Whether attributes are added to those that are there, instead of taking their place.
    adds_attributes: bool = False

    is_capped: ClassVar[bool] = False
    wants_profile: ClassVar[bool] = True

    def postings(self, programme: Programme) -> Iterable[tuple[System, int]]:
        return []

    def apply(self, member: Member) -> Identified:
        """Raises ParticipantNotFound, InvalidInput."""
        if self.must_exist and member.state.is_new:
            raise ParticipantNotFound(self.participant)
        profile = identified(member, self.known, adds_attributes=self.adds_attributes)
        updated_at = member.now if member.new_profile else profile.updated_at
        profile = replace(profile, created_at=profile.created_at or member.now, updated_at=updated_at)
        return Identified(self.participant, member.state.is_new, profile)


def identify(*, tenant: TenantRef, item: Identify, now: datetime) -> Result:
    """Refusals: ParticipantNotFound, InvalidInput (attributes). Raises Busy."""
    return _batch.run(tenant, [item], now=now).results[0]


def identified(member: Member, known: Mapping[str, Any], *, adds_attributes: bool) -> ProfileState:
    """Make or change the profile of `member`. Raises InvalidInput."""
    if adds_attributes and member.profile and "attributes" in known:
        known = {**known, "attributes": {**member.profile.attributes, **known["attributes"]}}
    if len(known.get("attributes", ())) > ATTRIBUTES_MAX:
        raise InvalidInput((("attributes", f"Must be at most {ATTRIBUTES_MAX}, those that are there included."),))
    member.identify(**known)
    assert member.profile
    return member.profile
