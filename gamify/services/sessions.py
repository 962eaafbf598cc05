"""Sessions: what an integrator's server opens for a participant's browser, and whose points a session shows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engagements import sessions
from engagements.models import Status
from gamify.errors import EngagementEnded, SessionInvalid, SessionNotFound
from gamify.queries import engagements
from gamify.queries import programme as programmes
from gamify.queries.programme import System
from tenants.refs import TenantRef

TTL_SECONDS_DEFAULT = sessions.TTL_SECONDS_DEFAULT
TTL_SECONDS_MAX = sessions.TTL_SECONDS_MAX


@dataclass(frozen=True, slots=True)
class StartedSession:
    # The secret itself: it is shown once and never again.
    session_id: str
    engagement_id: UUID
    participant: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionView:
    """Whose points a session shows, in which wallet, under which name, to which pages."""

    tenant: TenantRef
    participant: str
    system: System
    currency_name: str
    allowed_origins: tuple[str, ...]


def start(
    *, tenant: TenantRef, engagement_id: str, participant: str, ttl_seconds: int, now: datetime
) -> StartedSession:
    """Open a session. Raises EngagementNotFound, EngagementEnded."""
    engagement = engagements.one(tenant_id=tenant.id, engagement_id=engagement_id)
    if engagement.status != Status.ACTIVE or (engagement.ends_at and engagement.ends_at <= now):
        raise EngagementEnded
    secret, session = sessions.start(engagement=engagement, participant=participant, ttl_seconds=ttl_seconds, now=now)
    return StartedSession(secret, engagement.id, participant, session.expires_at)


def end(*, tenant: TenantRef, engagement_id: str, session_id: str, now: datetime) -> None:
    """End a session, from the next call on. Repeating it changes nothing.

    Raises EngagementNotFound, SessionNotFound.
    """
    engagement = engagements.one(tenant_id=tenant.id, engagement_id=engagement_id)
    if not sessions.end(engagement=engagement, secret=session_id, now=now):
        raise SessionNotFound


def resolve(*, session_id: str, engagement_id: str, now: datetime) -> SessionView:
    """Raises SessionInvalid, whatever is wrong with it."""
    try:
        session = sessions.resolve(secret=session_id, engagement_id=engagement_id, now=now)
    except sessions.SessionRefused as refused:
        raise SessionInvalid from refused
    programme = programmes.of(session.tenant)
    own = programme.engagements[str(session.engagement_id)].system_id
    system = programme.systems[own] if own else programme.default_system
    return SessionView(
        session.tenant, session.participant, system, session.currency_name or system.name, session.allowed_origins
    )
