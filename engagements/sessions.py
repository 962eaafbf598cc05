"""Start, resolve and end sessions: the only place that sees a session's secret.

A secret carries 128 random bits, so that a plain hash of it can be neither reversed nor guessed. Whatever is wrong
with a session, the same statement finds out in the same time, and the caller learns only that it is not valid.
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from engagements.models import Engagement, Session
from tenants import database
from tenants.refs import TenantRef, write_rate

TTL_SECONDS_DEFAULT = 3600
TTL_SECONDS_MAX = 30 * 24 * 3600
# Short enough that nobody waits for it, nor for a replica to follow.
PRUNED_PER_BATCH = 1000


class SessionRefused(Exception):
    """The session opens nothing. Which of the possible reasons it is, nobody is told."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Whose points a session shows, and to which pages."""

    tenant: TenantRef
    participant: str
    engagement_id: UUID
    currency_name: str
    allowed_origins: tuple[str, ...]


def start(*, engagement: Engagement, participant: str, ttl_seconds: int, now: datetime) -> tuple[str, Session]:
    """Make a session and return its secret, once and never again, with its record."""
    assert 1 <= ttl_seconds <= TTL_SECONDS_MAX, ttl_seconds
    secret = f"sess_{secrets.token_hex(16)}"
    session = Session.objects.create(
        id=_session_id(secret),
        engagement=engagement,
        participant=participant,
        expires_at=now + timedelta(seconds=ttl_seconds),
        created_at=now,
    )
    return secret, session


_RESOLVE = """
    SELECT s.participant, e.id, e.currency_name, e.allowed_origins,
           t.id, t.slug, t.participant_write_rate, t.programme_version
      FROM engagements_session s
      JOIN engagements_engagement e ON e.id = s.engagement_id
      JOIN tenants_tenant t ON t.id = e.tenant_id
      LEFT JOIN tenants_tenant live ON live.id = t.sandbox_of_id
     WHERE s.id = $1 AND s.engagement_id = $2 AND s.expires_at > $3 AND s.revoked_at IS NULL
       AND t.is_active AND coalesce(live.is_active, true)
"""


def resolve(*, secret: str, engagement_id: str, now: datetime) -> OpenSession:
    """Whose session it is. Read from the database every time: ending it holds for the very next call.

    Raises SessionRefused: unknown, expired, ended, another engagement's, or a disabled tenant's.
    """
    # A text that is no id is looked up like one: an answer that comes faster would tell them apart.
    params = [_session_id(secret), _uuid(engagement_id), now]
    row = database.with_fresh_connection(lambda: database.send(_RESOLVE, params).fetchone())
    if row is None:
        raise SessionRefused
    participant, id, currency_name, origins, tenant_id, slug, rate, version = row
    tenant = TenantRef(tenant_id, slug, write_rate(rate), version)
    return OpenSession(tenant, participant, id, currency_name, tuple(origins))


def end(*, engagement: Engagement, secret: str, now: datetime) -> bool:
    """End a session of `engagement`; it is refused from the next call on. False: there is no such session. Repeating
    it changes nothing."""
    found = Session.objects.filter(pk=_session_id(secret), engagement=engagement)
    found.filter(revoked_at__isnull=True).update(revoked_at=now)
    return found.exists()


def prune(*, now: datetime) -> Iterator[int]:
    """Delete the sessions that have expired by `now`, a batch at a time, and say how many of each. What another one
    deletes meanwhile is left to it."""
    while True:
        with transaction.atomic():
            expired = Session.objects.select_for_update(skip_locked=True).filter(expires_at__lte=now)
            ids = list(expired.order_by("expires_at").values_list("pk", flat=True)[:PRUNED_PER_BATCH])
            count, _ = Session.objects.filter(pk__in=ids).delete()
        if not count:
            return
        yield count


def _session_id(secret: str) -> UUID:
    """The first half of the secret's SHA-256: as many bits as the secret has."""
    return UUID(bytes=hashlib.sha256(secret.encode(errors="replace")).digest()[:16])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
