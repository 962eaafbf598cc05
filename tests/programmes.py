"""Programmes for tests, made through the product's own services, and a look at what came of them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.db import connection

from gamify.models import Badge, Fact, Participant, Tier, participant_id
from gamify.services import definitions, points, tiers
from gamify.services.points import Award, Deduct, Outcome
from gamify.services.tiers import Assign, Placement, Release
from tenants.models import Tenant
from tests.factories import Client, ref

NOW = datetime(2026, 1, 1, tzinfo=UTC)

TABLES = [model._meta.db_table for app in ("engagements", "gamify") for model in apps.get_app_config(app).get_models()]


def make_tier(tenant: Tenant, code: str, level: int, min_points: int | None = None, **fields: Any) -> Tier:
    config = {} if min_points is None else {"min_points": min_points}
    fields = {"code": code, "name": code.title(), "level": level, "criteria_config": config, **fields}
    return definitions.create_tier(tenant_id=tenant.id, fields=fields)


def make_ladder(tenant: Tenant) -> dict[str, Tier]:
    """Bronze at 100 points, silver at 500, gold at 1000."""
    return {
        code: make_tier(tenant, code, level, min_points)
        for level, (code, min_points) in enumerate({"bronze": 100, "silver": 500, "gold": 1000}.items(), 1)
    }


def change_tier(tier: Tier, **fields: Any) -> Tier:
    return definitions.update_tier(tenant_id=tier.tenant_id, tier_id=tier.id, fields=fields)


def make_badge(tenant: Tenant, code: str, criteria_type: str, is_active: bool = True, **config: Any) -> Badge:
    badge = Badge(tenant_id=tenant.id, code=code, name=code.title(), is_active=is_active)
    badge.criteria_type, badge.criteria_config = criteria_type, config
    return definitions.save_badge(badge)


def award(tenant: Tenant, participant: str, amount: int, *, now: datetime = NOW, **fields: Any) -> Outcome:
    outcome: Outcome = done(points.award(tenant=ref(tenant), item=Award(participant, amount, **fields), now=now))
    return outcome


def deduct(tenant: Tenant, participant: str, amount: int, *, now: datetime = NOW, **fields: Any) -> Outcome:
    outcome: Outcome = done(points.deduct(tenant=ref(tenant), item=Deduct(participant, amount, **fields), now=now))
    return outcome


def assign(tenant: Tenant, participant: str, code: str, *, now: datetime = NOW, **fields: Any) -> Placement:
    placement: Placement = done(tiers.assign(tenant=ref(tenant), item=Assign(participant, code, **fields), now=now))
    return placement


def release(tenant: Tenant, participant: str, *, now: datetime = NOW, **fields: Any) -> Placement:
    placement: Placement = done(tiers.release(tenant=ref(tenant), item=Release(participant, **fields), now=now))
    return placement


def done(result: points.Result) -> Any:
    assert result.error is None, result.error
    return result.outcome


def participant(tenant: Tenant, external_id: str) -> Participant:
    return Participant.objects.get(pk=participant_id(tenant.id, external_id))


def tier_of(tenant: Tenant, external_id: str) -> str | None:
    """The code of the tier that the participant's row holds."""
    tier_id = participant(tenant, external_id).tier_id
    return Tier.objects.get(pk=tier_id).code if tier_id else None


def facts(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    """Types and data of all facts in the order of the stream, whether readers may see them yet or not."""
    rows = Fact.objects.filter(tenant_id=tenant.id).order_by("transaction", "id")
    return [(fact.type, json.loads(fact.data)) for fact in rows]


def admin(tenant: Tenant) -> Client:
    return Client(tenant, scopes=["gamify:admin"])


def patch(client: Client, path: str, body: Any) -> Any:
    return client.http.patch(client.base + path, body, format="json", headers={"X-API-Key": client.key})


def delete(client: Client, path: str) -> Any:
    return client.http.delete(client.base + path, headers={"X-API-Key": client.key})


def rows() -> list[Any]:
    """Everything that a call can change, to the last value."""
    versions = list(Tenant.objects.order_by("pk").values_list("pk", "programme_version"))
    with connection.cursor() as cursor:
        # One statement for all the tables: what is refused is looked at twice, and many things are refused.
        cursor.execute(" UNION ALL ".join(f"SELECT '{t}', x::text FROM {t} AS x" for t in TABLES))  # noqa: S608
        return [versions, sorted(cursor.fetchall())]


def refused(call: Callable[[], Any], status: int, code: str) -> Any:
    """The body of the response to `call`, which was refused with `status` and `code`, and wrote nothing."""
    before = rows()
    response = call()
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert isinstance(body["detail"], str)
    assert rows() == before
    return body


def invalid(call: Callable[[], Any], *fields: str) -> None:
    """`call` was refused because of exactly these fields."""
    errors = refused(call, 422, "validation_error")["errors"]
    assert [error["field"] for error in errors] == list(fields)
    assert all(error["message"] for error in errors)


def impatient() -> None:
    """This thread's connection waits for no lock any longer."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
