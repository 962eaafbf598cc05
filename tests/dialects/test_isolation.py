"""No route shows or changes anything of another tenant: of each that the reference lists, with every kind of key.

A new parameter or field that names something fails here until `Other.names` says what the other tenant has there.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from engagements import sessions
from engagements.models import Engagement
from gamify.models import Badge
from gamify.services import definitions, facts
from tenants.models import Tenant
from tests.factories import Client, TenantFactory, key_for, now

pytestmark = pytest.mark.django_db

# In all texts of the tenant that nobody else may read.
MARK = "of-the-other"
# What is looked up among the caller's own things answers that there is none; what is made by its first use is empty.
NOT_FOUND = {"engagement_id", "session_id", "tier_id"}
EMPTY = {"participant_id"}

SCHEMA: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
OPERATIONS = [
    (path, method, operation)
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
    if method != "parameters"
]
# Each dialect has its own; one that is not asked for is not read.
KEY_HEADERS = [scheme["name"] for scheme in SCHEMA["components"]["securitySchemes"].values()]
LABELS = [f"{method.upper()} {path}" for path, method, _ in OPERATIONS]
every_operation = pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=LABELS)


@dataclass(frozen=True)
class Other:
    """A tenant that has something of everything."""

    tenant: Tenant
    # By the name of a parameter or field: what it may be called by.
    names: dict[str, str]


@pytest.fixture
def other() -> Other:
    tenant = TenantFactory.create(name=f"Shop {MARK}")
    client, participant = Client(tenant), f"anna-{MARK}"
    tier = definitions.create_tier(
        tenant_id=tenant.id,
        fields={"code": f"gold-{MARK}", "name": f"Gold {MARK}", "level": 7, "criteria_config": {"min_points": 10}},
    )
    config = {"min_awards": 1}
    code = f"first-{MARK}"
    definitions.save_badge(
        Badge(tenant=tenant, code=code, name=MARK, criteria_type="award_count", criteria_config=config)
    )
    engagement = definitions.create_engagement(tenant_id=tenant.id, fields={"name": f"Quiz {MARK}"})
    secret, _ = sessions.start(
        engagement=Engagement.objects.get(pk=engagement.pk), participant=participant, ttl_seconds=600, now=now()
    )
    reply = client.award(participant, 100, key=f"key-{MARK}", reason=MARK, metadata={"note": MARK})
    assert reply.json()["badges_unlocked"]
    # As after a restore: facts of this very transaction, in which the test runs, nobody would be shown.
    facts.begin_anew()
    names = {
        "participant_id": participant,
        "tier_id": str(tier.id),
        "tier_code": tier.code,
        "engagement_id": str(engagement.id),
        "session_id": secret,
        "idempotency_key": f"key-{MARK}",
    }
    return Other(tenant, names)


@pytest.fixture(params=["live", "sandbox", "sandbox of the same tenant"])
def key(request: pytest.FixtureRequest, other: Other) -> str:
    """An admin key of somebody else."""
    if request.param == "sandbox of the same tenant":
        return key_for(other.tenant.sandbox, scopes=["admin"])
    tenant = TenantFactory.create()
    return key_for(tenant if request.param == "live" else tenant.sandbox, scopes=["admin"])


@every_operation
def test_nothing_of_another_tenant_is_shown_or_changed(
    path: str, method: str, operation: Any, key: str, other: Other
) -> None:
    before = rows_of(other.tenant)
    reply = call(path, method, operation, other, key=key)
    assert reply.status_code < 500, reply.content
    shown = reply.content.decode()
    for name in other.names.values():
        # What the caller itself asked for may be repeated.
        shown = shown.replace(name, "")
    assert MARK not in shown
    assert rows_of(other.tenant) == before
    parameters = path_parameters(operation)
    assert parameters <= NOT_FOUND | EMPTY
    if parameters & NOT_FOUND:
        assert reply.status_code == 404, reply.content
    elif method == "get":
        assert_nothing_counted(reply.json())
    if is_public(operation):
        # The session is good, but of another engagement than the one it was sent with.
        assert reply.status_code == 401, reply.content


@every_operation
@pytest.mark.parametrize("wrong", [None, "bq_live_" + "0" * 32, "not a key"])
def test_without_a_good_key_or_session_every_route_is_closed(
    path: str, method: str, operation: Any, wrong: str | None, other: Other
) -> None:
    before = rows_of(other.tenant)
    reply = call(path, method, operation, other, key=wrong)
    assert reply.status_code == 401, reply.content
    assert MARK not in reply.content.decode()
    assert rows_of(other.tenant) == before


def test_the_checks_would_notice(other: Other) -> None:
    """The other tenant's own key does see, and does change, what the tests above look at."""
    own = key_for(other.tenant, scopes=["admin"])
    shown = {
        label: call(*each, other, key=own).content.decode() for label, each in zip(LABELS, OPERATIONS, strict=True)
    }
    reads = [label for label in LABELS if label.startswith("GET") and not label.endswith("expiring")]
    assert [label for label in reads if MARK not in shown[label] and not any_count(json.loads(shown[label]))] == []
    before = rows_of(other.tenant)
    Client(other.tenant).award(other.names["participant_id"], 1)
    assert rows_of(other.tenant) != before


def call(path: str, method: str, operation: Any, other: Other, *, key: str | None) -> Any:
    for name in path_parameters(operation):
        path = path.replace("{" + name + "}", quote(other.names[name], safe=""))
    headers = {"Idempotency-Key": other.names["idempotency_key"]}
    if key is not None:
        headers |= dict.fromkeys(KEY_HEADERS, key)
    body = json.dumps(body_of(operation, other)) if "requestBody" in operation else ""
    return Client.http.generic(method.upper(), path, body, content_type="application/json", headers=headers)


def is_public(operation: Any) -> bool:
    return not operation.get("security")


def path_parameters(operation: Any) -> set[str]:
    return {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}


def body_of(operation: Any, other: Other) -> Any:
    """The reference's example, about what the other tenant has."""
    content = operation["requestBody"]["content"]["application/json"]
    examples = list(content.get("examples", {}).values())
    body = examples[0]["value"] if examples else {}
    body = with_names(body, other)
    if is_public(operation):
        # With another tenant's engagement: with its own, a session shows what it is meant to show.
        stranger = TenantFactory.create()
        engagement = definitions.create_engagement(tenant_id=stranger.id, fields={"name": "Another"})
        body |= {"session_id": other.names["session_id"], "engagement_id": str(engagement.id)}
    return body


def with_names(value: Any, other: Other) -> Any:
    if isinstance(value, list):
        return [with_names(each, other) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: other.names.get(name, with_names(each, other)) for name, each in value.items()}


_DIGEST = "SELECT count(*), md5(string_agg(t::text, ';' ORDER BY t::text)) FROM "


def rows_of(tenant: Tenant) -> dict[str, Any]:
    """Every row of the tenant, in every table that has any. When its keys were last used does not count."""
    participants = "SELECT id FROM gamify_participant WHERE tenant_id = %s"
    engagements = "SELECT id FROM engagements_engagement WHERE tenant_id = %s"
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
            " WHERE table_schema = current_schema() GROUP BY 1"
        )
        for table, columns in cursor.fetchall():
            for column, chosen in (
                ("tenant_id", "= %s"),
                ("participant_id", f"IN ({participants})"),
                ("engagement_id", f"IN ({engagements})"),
            ):
                if column in columns and table != "tenants_apikey":
                    where = f"FROM {table} t WHERE {column} {chosen}"
                    cursor.execute(
                        f"SELECT count(*), md5(string_agg(t::text, ';' ORDER BY t::text)) {where}", [tenant.id]
                    )
                    found[table] = cursor.fetchone()
                    break
    return {table: row for table, row in found.items() if row[0]}


def assert_nothing_counted(body: Any) -> None:
    assert not any_count(body), body


def any_count(body: Any) -> bool:
    """Whether anything is listed or counted: settings of the page do not count."""
    plain = {name: value for name, value in body.items() if name not in ("page", "page_size", "within_days")}
    return any(value for value in plain.values() if not isinstance(value, str))
