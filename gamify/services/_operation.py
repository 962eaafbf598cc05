"""What can be done to a participant: the base of all operations."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from gamify.ledger.store import NO_EARNING, WantedEarning
from gamify.queries.programme import Programme, System
from gamify.queries.reward_rules import Reward
from gamify.services._member import Member
from gamify.services.idempotency import IdempotencyKey


class Operation(ABC):
    """Something to be done to one participant, once. A value: `_batch` runs it, perhaps several times."""

    __slots__ = ()

    participant: str

    # What a retry is recognised by; some operations take none.
    key: IdempotencyKey | None = None
    # Whether it counts against the participant's write cap.
    is_capped: ClassVar[bool] = True
    # Whether `member.profile` must be loaded.
    wants_profile: ClassVar[bool] = False
    # Whether it may unlock badges, and so lead to what triggers pay for them.
    evaluates: ClassVar[bool] = True
    # Of operations that take a key: the dataclass of plain JSON values that `apply` returns, and that a replay repeats.
    outcome_type: ClassVar[type[Any]]

    def input_hash(self) -> bytes:
        """Of operations that take a key: what tells a retry from another call."""
        # Not an empty hash: with that, whatever comes with the same key would pass for a retry.
        raise NotImplementedError(f"{type(self).__name__} takes no key")

    def postings(self, programme: Programme) -> Iterable[tuple[System, int]]:
        """The points systems that it may post to, and how much it takes off the balance there: for these, lots are
        loaded. Nothing where it will be refused."""
        return [(programme.default_system, 0)]

    def rewards(self, programme: Programme) -> Iterable[Reward]:
        """The rewards of which it must be known how often the participant has had them."""
        return ()

    def earning(self, programme: Programme) -> WantedEarning:
        """Which counters, streaks and payments must be loaded."""
        return NO_EARNING

    def check(self, programme: Programme, now: datetime) -> None:  # noqa: B027 - most have nothing to refuse here
        """Refuse what can be refused without the participant. Raises DomainError."""

    @abstractmethod
    def apply(self, member: Member) -> Any:
        """Do it, in memory. Raises DomainError before anything is changed."""

    def operation_id(self, tenant_id: UUID) -> UUID | None:
        return self.key.operation_id(tenant_id) if self.key else None
