"""Who is tied to one tenant never sees a row of another: every URL of the console, with that tenant's ids."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from gamify.models import Badge, Participant, PointsSystem, Tier
from gamify.services import programme_file
from tenants import keys
from tenants.console.pages import log
from tenants.models import ApiKey, Membership, Role, Tenant
from tests import programmes
from tests.admin.console import Console, member, superuser
from tests.factories import TenantFactory

# Stands in everything of the tenant that must not be seen.
MARK = "zzsecret"


@pytest.fixture
def other(shop: Tenant) -> Tenant:
    """Another tenant, full of rows that all carry the mark, in a console that everybody used."""
    other = TenantFactory.create(slug=f"{MARK}-shop", name=f"{MARK} Shop")
    for tenant in (other, other.sandbox):
        _fill(tenant, MARK)
    _fill(shop, "own")
    User.objects.create_user(f"{MARK}-person", is_staff=True)
    return other


def _fill(tenant: Tenant, mark: str) -> None:
    programme_file.apply(
        tenant,
        {
            "points_systems": [{"key": f"{mark}-key", "name": f"{mark} points"}],
            "badges": [
                {
                    "code": f"{mark}_badge",
                    "name": f"{mark} badge",
                    "criteria_type": "award_count",
                    "criteria_config": {"min_awards": 1},
                }
            ],
            "tiers": [
                {"code": f"{mark}_tier", "name": f"{mark} tier", "level": 1, "criteria_config": {"min_points": 1}}
            ],
            "reward_rules": [{"event_type": f"{mark}_event", "points": 5}],
            "metrics": [{"key": f"{mark}-metric", "name": f"{mark} metric"}],
            "triggers": [
                {
                    "points_system": f"{mark}-key",
                    "type": "metric",
                    "metric": f"{mark}-metric",
                    "threshold": 3,
                    "points": 10,
                }
            ],
            "levels": [{"points_system": f"{mark}-key", "key": f"{mark}-level", "name": f"{mark} level", "points": 1}],
            "boosts": [
                {
                    "points_system": f"{mark}-key",
                    "name": f"{mark} boost",
                    "start": "2020-01-01",
                    "end": None,
                    "multiplier": 2,
                }
            ],
            "engagements": [{"name": f"{mark} game"}],
        },
    )
    programmes.award(tenant, f"{mark}_user", 10, reason=f"{mark} reason", now=timezone.now())
    keys.issue(tenant=tenant, name=f"{mark} key")


def urls() -> Iterator[str]:
    """Every route of the console, with its parameters."""

    def walk(patterns: Any, prefix: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                yield prefix + str(pattern.pattern)

    yield from walk(admin.site.get_urls(), "")


def rows_of(tenant: Tenant) -> list[Any]:
    models: list[Any] = [Tier, Badge, PointsSystem, Participant, ApiKey]
    return [tenant, *(row for model in models for row in model.objects.filter(tenant=tenant))]


def addresses(tenant: Tenant) -> list[str]:
    """Every URL with every id of the tenant's that it may take, right or wrong, and every list with its search."""
    ids = [str(row.pk) for row in rows_of(tenant)]
    people = [str(pk) for pk in User.objects.values_list("pk", flat=True)]
    types = ["1", "2"]
    found = []
    for route in urls():
        if route in ("logout/", "(?P<url>.*)$"):
            continue
        names = [part.split(">")[0].split(":")[-1] for part in route.split("<")[1:]]
        if not names:
            found.append(route)
            is_asked = route == "" or route.count("/") == 2 or route.endswith(("search/", "autocomplete/", "export/"))
            found += [f"{route}?{query}" for query in QUERIES if is_asked]
            continue
        values = {"content_type_id": types, "app_label": ["gamify", "tenants", "auth", "admin"]}
        for value in values.get(names[0], [*ids, *people]):
            address = route
            for name in names:
                for form in (f"<path:{name}>", f"<uuid:{name}>", f"<int:{name}>", f"<str:{name}>", f"<{name}>"):
                    address = address.replace(form, value if name == names[0] else ids[0])
            if "<" not in address:
                found.append(address)
    return sorted(set(found))


# By the mark's beginning: pages repeat what was asked for, and that is no secret.
# 400: a filter that no list offers.
STATUSES = (200, 302, 400, 403, 404, 405)
ASKED = MARK[:5]
QUERIES = (
    f"q={ASKED}",
    f"s={ASKED}&extended=1",
    f"term={ASKED}&app_label=gamify&model_name=participant&field_name=tenant",
    f"after={ASKED}",
    f"before={ASKED}~~",
    f"tenant__slug__startswith={ASKED}",
    "what=participants&format=csv",
    "what=ledger&format=json",
    f"tier={uuid4()}",
)


def body_of(response: Any) -> str:
    content: bytes = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


@pytest.mark.slow
@pytest.mark.parametrize("role", Role.values)
def test_no_url_shows_another_tenants_rows(shop: Tenant, other: Tenant, role: Role) -> None:
    for row in rows_of(other):
        log(_request(), row, f"{MARK} was here")
    console = member(shop, role).open(shop)
    seen = 0
    for address in addresses(other):
        response = console.get(address)
        assert response.status_code in STATUSES, address
        body = body_of(response)
        assert MARK not in body, address
        assert not response.headers.get("Location", "").startswith("/admin/login"), address
        # What a redirect has to say is said on the next page.
        assert MARK not in " ".join(map(str, get_messages(response.wsgi_request))), address
        seen += response.status_code == 200
    # It was no empty console: lists, forms and exports were shown.
    assert seen > 20


@pytest.mark.slow
def test_the_same_walk_shows_them_to_whom_they_belong(shop: Tenant, other: Tenant) -> None:
    for row in rows_of(other):
        log(_request(), row, f"{MARK} was here")
    console = member(other).open(other)
    shown = [address for address in addresses(other) if MARK in body_of(console.get(address))]
    assert len(shown) > 20


@pytest.mark.slow
@pytest.mark.parametrize("role", Role.values)
def test_no_post_changes_another_tenants_rows(shop: Tenant, other: Tenant, role: Role) -> None:
    console = member(shop, role).open(shop)
    # Looking at the dashboard adds up what is new, which is no change of anything.
    console.get("")
    before = _rows()
    for address in addresses(other):
        if address.split("?")[0] in ("login/", "password_change/", "password_change/done/"):
            continue
        data = {"for_tenant": str(other.pk), "name": "taken", "reason": "taken", "amount": "5", "key": str(uuid4())}
        response = console.post(address, {**data, "_confirmed": "1", "confirmed": "1"})
        assert response.status_code in STATUSES, address
        assert MARK not in body_of(response), address
    assert _rows() == before


@pytest.mark.slow
def test_no_post_of_an_auditor_changes_anything(shop: Tenant, other: Tenant) -> None:
    console = member(shop, Role.AUDITOR).open(shop)
    # Looking at the dashboard adds up what is new, which is no change of anything.
    console.get("")
    before = _rows()
    for address in addresses(shop):
        if address.split("?")[0] in ("login/", "password_change/", "password_change/done/"):
            continue
        data = {"for_tenant": str(shop.pk), "name": "taken", "reason": "taken", "amount": "5", "key": str(uuid4())}
        console.post(address, {**data, "_confirmed": "1", "confirmed": "1", "code": "new", "slug": "new"})
    assert _rows() == before
    assert not LogEntry.objects.exclude(change_message__startswith="Exported").exists()


def test_a_role_holds_for_the_sandbox_too(shop: Tenant, other: Tenant) -> None:
    console = member(shop)
    assert console.open(shop.sandbox).get("gamify/tier/").status_code == 200
    assert console.get(f"tenants/tenant/{other.sandbox.pk}/open/").status_code == 404


def test_a_role_taken_away_is_gone_with_the_next_request(shop: Tenant, other: Tenant) -> None:
    console = member(shop).open(shop)
    assert "own tier" in console.text("gamify/tier/")
    Membership.objects.all().delete()
    assert console.get("gamify/tier/").status_code == 403
    assert "No tenant is assigned to you yet" in console.text("")


def test_different_roles_in_different_tenants(shop: Tenant, other: Tenant) -> None:
    console = member(shop)
    Membership.objects.create(user=console.user, tenant=other, role=Role.AUDITOR)
    tier = Tier.objects.get(tenant=other)
    assert f"{MARK} tier" in console.open(other).text("gamify/tier/")
    assert console.get("gamify/tier/add/").status_code == 403
    assert console.post(f"gamify/tier/{tier.pk}/activity/").status_code == 403
    assert console.open(shop).get("gamify/tier/add/").status_code == 200


@pytest.mark.slow
def test_who_has_no_role_sees_an_empty_console(shop: Tenant, other: Tenant) -> None:
    user = User.objects.create_user("nobody", is_staff=True)
    console = Console(user)
    for address in addresses(shop):
        response = console.get(address)
        assert response.status_code in STATUSES, address
        assert "own tier" not in body_of(response), address


def test_superuser_sees_every_tenant(shop: Tenant, other: Tenant) -> None:
    console = superuser()
    assert f"{MARK} tier" in console.open(other).text("gamify/tier/")
    assert "own tier" in console.open(shop).text("gamify/tier/")
    assert MARK not in console.text("gamify/tier/").replace(f"{MARK} Shop", "")


def _rows() -> Any:
    memberships = list(Membership.objects.values_list())
    return [programmes.rows(), memberships, list(ApiKey.objects.order_by("pk").values_list()), list(_tenants())]


def _tenants() -> Any:
    return Tenant.objects.order_by("pk").values_list()


def _request() -> Any:
    class Request:
        user, _ = User.objects.get_or_create(username="logger")

    return Request()
