"""Issue, resolve and revoke API keys: the only place that sees a raw key.

A key carries 128 random bits, so a plain SHA-256 of it can be neither reversed nor guessed, and looking that hash up in
an index tells nobody how close a guess came: the secret itself is never compared byte by byte.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants import database
from tenants.database import Row, constraint_of
from tenants.models import ApiKey, Tenant
from tenants.rates import Rate
from tenants.refs import TenantRef, write_rate

FAMILIES = ("bq", "sk")
LAST_USE_STEP = timedelta(minutes=1)
REMEMBERED_MAX = 10_000

_FORM = re.compile(r"(?:bq|sk)_(?:live|test)_[0-9a-f]{32}", re.ASCII)


class KeyRefused(Exception):
    """The key does not open anything. `reason` is one of missing, unknown, expired, revoked, tenant_disabled."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class KeyExists(Exception):
    """There is a key of this id: it was issued a moment ago, and its secret shown then."""

    def __init__(self, id: UUID) -> None:
        self.id = id
        super().__init__(str(id))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: what a request needs to know of its key and tenant."""

    key_id: UUID
    tenant: TenantRef
    scopes: frozenset[str]
    expires_at: datetime | None
    # Looked up again a while later, so that the time of its last use is kept.
    resolved_at: datetime

    @property
    def is_authenticated(self) -> bool:
        return True


def issue(
    *,
    tenant: Tenant,
    family: str = "bq",
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    name: str = "",
    id: UUID | None = None,
) -> tuple[str, ApiKey]:
    """Make a key for `tenant` and return it in the clear, once and never again, with its record.

    `id`: what the record shall be called, where somebody may ask for the same key twice.

    Raises KeyExists, ValidationError (unknown scope, long name).
    """
    assert family in FAMILIES, family
    prefix = f"{family}_{'test' if tenant.is_sandbox else 'live'}_"
    raw_key = prefix + secrets.token_hex(16)
    key = ApiKey(
        tenant=tenant,
        name=name,
        prefix=prefix,
        last_four=raw_key[-4:],
        digest=_digest(raw_key),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        **({"id": id} if id else {}),
    )
    if id and ApiKey.objects.filter(pk=id).exists():
        raise KeyExists(id)
    # Whether it is unique the insert tells, also of two at once.
    key.full_clean(validate_unique=False)
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError as error:
        # Two at once: the other one's insert was waited for.
        if id and constraint_of(error) == "tenants_apikey_pkey":
            raise KeyExists(id) from error
        raise
    return raw_key, key


def revoke(key: ApiKey, *, now: datetime) -> None:
    """End a key; it is refused from the next request on, in every process. Repeating it changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now)


_RESOLVE = """
    SELECT k.id, k.digest, k.scopes, k.expires_at, k.revoked_at, k.last_used_at,
           t.id, t.slug, t.participant_write_rate, t.programme_version,
           t.is_active AND coalesce(live.is_active, true)
      FROM tenants_apikey k
      JOIN tenants_tenant t ON t.id = k.tenant_id
      LEFT JOIN tenants_tenant live ON live.id = t.sandbox_of_id
     WHERE k.digest = $1
"""


def resolve(raw_key: str | None, *, now: datetime) -> Caller:
    """Find out who is calling. Read from the database every time: a revocation holds for the very next request.

    Raises KeyRefused: missing, unknown, revoked, expired, tenant_disabled, checked in this order.
    """
    if not raw_key:
        raise KeyRefused("missing")
    if not _FORM.fullmatch(raw_key):
        raise KeyRefused("unknown")
    digest = _digest(raw_key)
    row = database.with_fresh_connection(lambda: database.send(_RESOLVE, [digest]).fetchone())
    if row is None:
        raise KeyRefused("unknown")
    key_id, stored, scopes, expires_at, revoked_at, last_used_at, tenant_id, slug, rate, version, active = row
    if not hmac.compare_digest(stored, digest):
        raise KeyRefused("unknown")
    if revoked_at is not None:
        raise KeyRefused("revoked")
    if expires_at is not None and expires_at <= now:
        raise KeyRefused("expired")
    if not active:
        raise KeyRefused("tenant_disabled")
    if last_used_at is None or now - last_used_at >= LAST_USE_STEP:
        _record_use(key_id, now)
    caller = Caller(
        key_id=key_id,
        tenant=TenantRef(tenant_id, slug, write_rate(rate), version),
        scopes=frozenset(scopes),
        expires_at=expires_at,
        resolved_at=now,
    )
    if len(_remembered) >= REMEMBERED_MAX:
        _remembered.clear()
    _remembered[digest] = caller
    return caller


def recall(raw_key: str | None, *, now: datetime) -> Caller | None:
    """Whom this process last saw the key stand for, to save a round trip to an operation or a read that will `confirm`
    it along with its own statements, before anything comes of them. None: `resolve` it."""
    caller = _remembered.get(_digest(raw_key)) if raw_key else None
    if caller is None or now - caller.resolved_at >= LAST_USE_STEP or (caller.expires_at and caller.expires_at <= now):
        return None
    return replace(caller, tenant=replace(caller.tenant, unconfirmed_key=caller.key_id))


_CONFIRM = """
    SELECT k.id, t.participant_write_rate, t.programme_version
      FROM tenants_apikey k
      JOIN tenants_tenant t ON t.id = k.tenant_id
      LEFT JOIN tenants_tenant live ON live.id = t.sandbox_of_id
     WHERE k.id = ANY({keys}) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > {now})
       AND t.is_active AND coalesce(live.is_active, true)
"""


def confirm(tenants: Iterable[TenantRef], *, now: datetime) -> Callable[[], dict[UUID, Rate]]:
    """Ask whether the keys behind recalled tenants are still good, without waiting; the answer is there when the
    function is called: those that are, and the cap of their tenant."""
    recalled = {tenant.unconfirmed_key for tenant in tenants if tenant.unconfirmed_key}
    if not recalled:
        # Called, the answer of no question: an empty one.
        return dict
    cursor = database.send(_CONFIRM.format(keys="$1", now="$2"), [sorted(recalled), now])
    return lambda: {id: write_rate(rate) for id, rate, _ in cursor.fetchall()}


def confirmed_rows(tenant: TenantRef, sql: str, params: Sequence[Any], *, now: datetime) -> list[Row] | None:
    """What `sql` reads, in any order and in one statement with the confirmation of a recalled tenant: of its key, its
    cap and the version of its rules. None where one of them has changed."""
    rows = database.send(_with_confirmation(sql, len(params)), [*params, [tenant.unconfirmed_key], now]).fetchall()
    if not rows:
        return None
    _, rate, version, *_ = rows[0]
    if (write_rate(rate), version) != (tenant.write_rate, tenant.programme_version):
        return None
    # What `sql` reads stands behind the caller's three columns and `is_found`.
    return [row[4:] for row in rows if row[3]]


@cache
def _with_confirmation(sql: str, param_count: int) -> str:
    confirm = _CONFIRM.format(keys=f"${param_count + 1}", now=f"${param_count + 2}")
    found = f"SELECT true AS is_found, rows.* FROM ({sql}) AS rows"  # noqa: S608 - our own text
    return f"SELECT caller.*, found.* FROM ({confirm}) AS caller LEFT JOIN ({found}) AS found ON true"  # noqa: S608


def forget(raw_key: str) -> None:
    """What was recalled is no longer so."""
    _remembered.pop(_digest(raw_key), None)


# By the key's digest. Only ever read by `recall`.
_remembered: dict[str, Caller] = {}


def _record_use(key_id: UUID, now: datetime) -> None:
    # The condition again: of many requests that saw an old time at once, one writes.
    ApiKey.objects.filter(pk=key_id).exclude(last_used_at__gt=now - LAST_USE_STEP).update(last_used_at=now)


def _digest(raw_key: str) -> str:
    return hashlib.sha256(raw_key.encode()).hexdigest()
