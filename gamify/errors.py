"""What can be refused, as facts. No HTTP and no Django: each dialect decides status, code and sentence."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(eq=False)
class DomainError(Exception):
    """A refusal. Nothing was written, and no idempotency key was used up."""


@dataclass(eq=False)
class CredentialsMissing(DomainError):
    pass


@dataclass(eq=False)
class CredentialsInvalid(DomainError):
    """`reason`: unknown, expired or revoked."""

    reason: str


@dataclass(eq=False)
class TenantDisabled(DomainError):
    pass


@dataclass(eq=False)
class CallerOutdated(DomainError):
    """What was remembered of the caller's key no longer holds: to be looked up, and tried again. Nobody is told."""


@dataclass(eq=False)
class ScopeMissing(DomainError):
    accepted: tuple[str, ...]


@dataclass(eq=False)
class InvalidInput(DomainError):
    """`errors`: (field path, sentence) pairs, in the order of the input."""

    errors: tuple[tuple[str, str], ...]


@dataclass(eq=False)
class IdempotencyKeyInvalid(DomainError):
    pass


@dataclass(eq=False)
class IdempotencyKeyMismatch(DomainError):
    pass


@dataclass(eq=False)
class IdempotencyKeyReused(DomainError):
    """The key was used before, with another input."""

    key: str


@dataclass(eq=False)
class RateLimitExceeded(DomainError):
    """The participant's write cap is reached until `resets_at`."""

    limit: int
    window_seconds: int
    resets_at: datetime
    retry_after_seconds: int


@dataclass(eq=False)
class InsufficientPoints(DomainError):
    available: int
    requested: int


@dataclass(eq=False)
class PointsCapReached(DomainError):
    """The participant has as many points as the points system lets anybody have."""

    max_points: int


@dataclass(eq=False)
class Busy(DomainError):
    """The participant's lock, or a quiet moment in the database, could not be had in time. Safe to retry."""

    retry_after_seconds: int = field(default=1)


@dataclass(eq=False)
class Unavailable(DomainError):
    """The database cannot be had, or cannot write. Whether anything was done may be unknown: safe to retry with a key,
    and only with one."""

    retry_after_seconds: int = field(default=2)


@dataclass(eq=False)
class TierNotFound(DomainError):
    """No such tier, or, where one is to be assigned, no active one. `tier`: the code or id that was asked for."""

    tier: str


@dataclass(eq=False)
class TierCodeConflict(DomainError):
    code: str


@dataclass(eq=False)
class TierLevelConflict(DomainError):
    level: int


@dataclass(eq=False)
class TierAssignConflict(DomainError):
    """Other writes to the participant did not let the assignment through in time. Safe to retry."""


@dataclass(eq=False)
class EngagementNotFound(DomainError):
    """No such engagement. `engagement`: the id that was asked for."""

    engagement: str


@dataclass(eq=False)
class EngagementEnded(DomainError):
    """Nobody can open sessions in it any more."""


@dataclass(eq=False)
class EngagementNameConflict(DomainError):
    name: str


@dataclass(eq=False)
class SessionInvalid(DomainError):
    """Unknown, expired, ended, or of another engagement or a disabled tenant: the caller is not told which."""


@dataclass(eq=False)
class SessionNotFound(DomainError):
    """There is no such session to be ended."""


@dataclass(eq=False)
class AddressLimited(DomainError):
    """Too many calls from this address."""

    retry_after_seconds: int


@dataclass(eq=False)
class RewardRuleNotFound(DomainError):
    """No rule for events of this type, or none that is in force now."""

    event_type: str


@dataclass(eq=False)
class RewardCapReached(DomainError):
    """The participant has had this reward as often as its rule allows; for how long, None: for ever."""

    event_type: str
    cap_count: int
    retry_after_seconds: int | None


@dataclass(eq=False)
class RewardRuleConflict(DomainError):
    """Another rule is for events of this type."""

    event_type: str


@dataclass(eq=False)
class ParticipantNotFound(DomainError):
    """Nobody of this id was ever seen."""

    participant: str


@dataclass(eq=False)
class PointsSystemNotFound(DomainError):
    """`system`: the key or id that was asked for."""

    system: str


@dataclass(eq=False)
class MetricNotFound(DomainError):
    """No such metric, or none that is active. `metric`: the key that was asked for."""

    metric: str


@dataclass(eq=False)
class BoostNotFound(DomainError):
    """`boost`: the id that was asked for."""

    boost: str


@dataclass(eq=False)
class BadgeCodeConflict(DomainError):
    code: str
