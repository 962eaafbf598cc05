"""Points that expire, made at moments of the test's choice through the product's own services."""

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.db import connection

from gamify.models import Account, Entry, Fact, Lot, PointsSystem, participant_id
from gamify.queries import points as reads
from gamify.services import audit, definitions, expiry, points
from gamify.services.points import Award, Deduct, Outcome
from tenants.models import Tenant
from tests.factories import ref

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# Kind, amount, balance after, moment.
Line = tuple[str, int, int, datetime]


def system_of(tenant: Tenant) -> PointsSystem:
    return PointsSystem.objects.select_related("tenant").get(tenant=tenant, is_default=True)


def set_policy(tenant: Tenant, policy: str, periods: int = 0, **fields: Any) -> PointsSystem:
    system = system_of(tenant)
    for name, value in {"expiry_policy": policy, "expiry_periods": periods, **fields}.items():
        setattr(system, name, value)
    return definitions.save_points_system(system)


def burn_oldest_first(tenant: Tenant) -> None:
    """As if the system had been made so: only before the first award."""
    PointsSystem.objects.filter(tenant=tenant).update(burn_order="oldest_credit_first")


def award(tenant: Tenant, participant: str, amount: int, *, now: datetime = NOW, **fields: Any) -> Outcome:
    return _done(points.award(tenant=ref(tenant), item=Award(participant, amount, **fields), now=now))


def deduct(tenant: Tenant, participant: str, amount: int, *, now: datetime = NOW, **fields: Any) -> Outcome:
    return _done(points.deduct(tenant=ref(tenant), item=Deduct(participant, amount, **fields), now=now))


def balance(tenant: Tenant, participant: str, *, now: datetime = NOW) -> int:
    return reads.balance(
        tenant=ref(tenant), participant=participant, system=reads.named_system(ref(tenant), None), now=now
    ).balance


def sweep(tenant: Tenant, *, now: datetime) -> tuple[int, int]:
    """How many entries the sweep wrote, over how many points."""
    done = list(expiry.sweep(system_of(tenant), clock=lambda: now))
    return sum(each.entries for each in done), sum(each.points for each in done)


def notify(tenant: Tenant, *, now: datetime) -> int:
    return sum(expiry.notify(system_of(tenant), clock=lambda: now))


def account(tenant: Tenant, participant: str) -> Account:
    return Account.objects.get(participant_id=participant_id(tenant.id, participant))


def lines(tenant: Tenant, participant: str) -> list[Line]:
    entries = Entry.objects.filter(participant_id=participant_id(tenant.id, participant)).order_by("sequence")
    return [(entry.kind, entry.amount, entry.balance_after, entry.created_at) for entry in entries]


def lots(tenant: Tenant, participant: str) -> list[tuple[int, datetime | None]]:
    """What is left, and when it expires, by age."""
    rows = Lot.objects.filter(participant_id=participant_id(tenant.id, participant)).order_by("sequence")
    return [(lot.remaining, lot.expires_at) for lot in rows]


def facts(tenant: Tenant, type: str) -> list[dict[str, Any]]:
    rows = Fact.objects.filter(tenant_id=tenant.id, type=type).order_by("transaction", "id")
    return [json.loads(fact.data) for fact in rows]


def breaches(tenant_id: UUID | None = None, since: datetime | None = None) -> list[audit.Breach]:
    return [checked.breach for checked in audit.verify(tenant_id, since) if checked.breach]


def environment() -> dict[str, str]:
    """What lets another process work on the test's database."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {**os.environ, "DATABASE_URL": urlunsplit(url)}


def _done(result: points.Result) -> Outcome:
    if result.error:
        raise result.error
    outcome: Outcome = result.outcome
    return outcome
