"""Who is tied to one tenant never sees a row of another: every URL of the console, with that tenant's ids."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.messages import get_messages
from django.urls import URLPattern, URLResolver

from gamify.models import Tier
from tenants.console.pages import log
from tenants.models import ApiKey, Membership, Role, Tenant
from tests.admin.console import Console, member, superuser
from tests.admin.marked import MARK, everything, kinds, page_of, rows_of


def urls() -> Iterator[str]:
    """Every route of the console, with its parameters."""

    def walk(patterns: Any, prefix: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                yield prefix + str(pattern.pattern)

    yield from walk(admin.site.get_urls(), "")


def addresses(tenant: Tenant) -> list[str]:
    """Every URL, with each id of the tenant's that it is for and one that it is not for; every list with searches."""
    ids = _ids(tenant)
    found = []
    for route in urls():
        if route in ("logout/", "(?P<url>.*)$"):
            continue
        parameters = PARAMETER.findall(route)
        if "app_label" in parameters:
            found += [f"{label}/" for label in ("gamify", "engagements", "tenants", "auth", "admin")]
        elif "content_type_id" in parameters:
            # Where an object is on a site of its own.
            found += [f"r/{ContentType.objects.get_for_model(row).pk}/{row.pk}/" for row in rows_of(tenant)]
        elif parameters:
            kind = "/".join(route.split("/")[:2])
            found += [PARAMETER.sub(id, route) for id in (*ids.get(kind, ()), str(tenant.pk))]
        else:
            found.append(route)
            is_asked = route == "" or route.count("/") == 2 or route.endswith(("search/", "autocomplete/", "export/"))
            found += [f"{route}?{query}" for query in QUERIES if is_asked]
    return sorted(set(found))


def _ids(tenant: Tenant) -> dict[str, list[str]]:
    """The ids that pages take, by what their addresses begin with."""
    ids: dict[str, list[str]] = {}
    for row in [*rows_of(tenant), *User.objects.all(), *LogEntry.objects.all()]:
        ids.setdefault(f"{row._meta.app_label}/{row._meta.model_name}", []).append(str(row.pk))
    return ids


# By the mark's beginning: pages repeat what was asked for, and that is no secret.
# 400: a filter that no list offers.
STATUSES = (200, 302, 400, 403, 404, 405)
ASKED = MARK[:5]
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
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
@pytest.mark.parametrize("role", Role.values)
def test_the_same_walk_shows_them_to_whom_they_belong(shop: Tenant, other: Tenant, role: Role) -> None:
    for row in rows_of(other):
        log(_request(), row, f"{MARK} was here")
    console = member(other, role).open(other)
    shown = set()
    for address in addresses(other):
        # The tenant's own name is over each page, and says nothing of what is on it.
        body = body_of(console.get(address)).replace(other.name, "").replace(other.slug, "")
        shown |= {address} if MARK in body else set()
    for kind in kinds():
        pages = [page_of(row) for row in rows_of(other) if isinstance(row, kind)]
        both = any({f"{page}change/", f"{page}history/"} <= shown for page in pages)
        # Operators see no keys.
        assert both is (role == Role.AUDITOR or kind is not ApiKey), kind
    assert f"{page_of(other)}history/" in shown


@pytest.mark.slow
@pytest.mark.parametrize("role", Role.values)
def test_no_post_changes_another_tenants_rows(shop: Tenant, other: Tenant, role: Role) -> None:
    console = member(shop, role).open(shop)
    # Looking at the dashboard adds up what is new, which is no change of anything.
    console.get("")
    before = everything()
    for address in addresses(other):
        if address.split("?")[0] in ("login/", "password_change/", "password_change/done/"):
            continue
        data = {"for_tenant": str(other.pk), "name": "taken", "reason": "taken", "amount": "5", "key": str(uuid4())}
        response = console.post(address, {**data, "_confirmed": "1", "confirmed": "1"})
        assert response.status_code in STATUSES, address
        assert MARK not in body_of(response), address
    assert everything() == before


@pytest.mark.slow
def test_no_post_of_an_auditor_changes_anything(shop: Tenant, other: Tenant) -> None:
    console = member(shop, Role.AUDITOR).open(shop)
    # Looking at the dashboard adds up what is new, which is no change of anything.
    console.get("")
    before = everything()
    for address in addresses(shop):
        if address.split("?")[0] in ("login/", "password_change/", "password_change/done/"):
            continue
        data = {"for_tenant": str(shop.pk), "name": "taken", "reason": "taken", "amount": "5", "key": str(uuid4())}
        console.post(address, {**data, "_confirmed": "1", "confirmed": "1", "code": "new", "slug": "new"})
    assert everything() == before
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


def _request() -> Any:
    class Request:
        user, _ = User.objects.get_or_create(username="logger")

    return Request()
