"""Say who a participant is, beside its points.

Refusal: ParticipantNotFound, where it must have been seen before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from gamify.errors import ParticipantNotFound
from gamify.queries.programme import Programme, System
from gamify.services import _batch
from gamify.services._batch import Result
from gamify.services._member import Member
from gamify.services._operation import Operation
from gamify.services.idempotency import IdempotencyKey, input_hash
from tenants.refs import TenantRef


@dataclass(frozen=True, slots=True)
class Identified:
    participant: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Identify(Operation):
    """Make or change a profile: the fields that are `known`, by their names in `ProfileState`, and no others.

    Repeating it changes nothing, so it needs no key. It awards nothing, so it is left out of the write cap.
    """

    participant: str
    known: Mapping[str, Any] = field(default_factory=dict)
    # Whether it is refused where the participant was never seen, instead of making it.
    must_exist: bool = False
    key: IdempotencyKey | None = None

    is_capped: ClassVar[bool] = False
    wants_profile: ClassVar[bool] = True
    outcome_type: ClassVar[type[Identified]] = Identified

    def input_hash(self) -> bytes:
        return input_hash("identify", self.participant, dict(self.known), self.must_exist)

    def postings(self, programme: Programme) -> Iterable[tuple[System, int]]:
        return []

    def apply(self, member: Member) -> Identified:
        """Raises ParticipantNotFound."""
        if self.must_exist and member.state.is_new:
            raise ParticipantNotFound(self.participant)
        member.identify(**self.known)
        return Identified(self.participant, member.state.is_new)


def identify(*, tenant: TenantRef, item: Identify, now: datetime) -> Result:
    """Refusal: ParticipantNotFound. Raises Busy."""
    return _batch.run(tenant, [item], now=now).results[0]
