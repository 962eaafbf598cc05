"""A form that is complete, and would be saved: by the one who may, and by nobody else who sends the very same."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from tenants.models import Role, Tenant
from tests.admin.console import Console, member, superuser
from tests.admin.marked import MARK, everything, rows_of
from tests.admin.test_scoping import urls

PASSWORD = "a-long-enough-secret"
# By the page: what is entered there. `{tier}` is the id of the other tenant's tier, and so on. They are sent in this
# order: who was assigned can be released.
OF_OPERATORS: dict[str, dict[str, str]] = {
    "gamify/tier/{tier}/change/": {"name": "Taken"},
    "gamify/badge/{badge}/change/": {"name": "Taken"},
    "gamify/pointssystem/{pointssystem}/change/": {"name": "Taken"},
    "gamify/rewardrule/{rewardrule}/change/": {"points": "77"},
    "gamify/metric/{metric}/change/": {"name": "Taken"},
    "gamify/trigger/{trigger}/change/": {"points": "77"},
    "gamify/level/{level}/change/": {"name": "Taken"},
    "gamify/boost/{boost}/change/": {"multiplier": "7"},
    "engagements/engagement/{engagement}/change/": {"name": "Taken"},
    "gamify/participant/{participant}/award/": {"amount": "5", "reason": "Taken"},
    "gamify/participant/{participant}/deduct/": {"amount": "5", "reason": "Taken"},
    "gamify/participant/{participant}/assign/": {"tier": "{tier}", "reason": "Taken"},
    "gamify/participant/{participant}/release/": {"reason": "Taken"},
    "gamify/tier/{tier}/activity/": {},
    "gamify/tier/add/": {"name": "New", "code": "new", "level": "9", "points__min_points": "5", "_confirmed": "1"},
    "gamify/badge/add/": {"name": "New", "code": "new", "points__min_points": "5"},
    "gamify/pointssystem/add/": {"name": "New", "key": "new"},
    "gamify/rewardrule/add/": {"event_type": "new", "points": "5"},
    "gamify/metric/add/": {"name": "New", "key": "new"},
    "gamify/trigger/add/": {"points_system": "{pointssystem}", "type": "user_creation", "points": "5"},
    "gamify/level/add/": {"points_system": "{pointssystem}", "name": "New", "key": "new", "points": "5"},
    "gamify/boost/add/": {"points_system": "{pointssystem}", "name": "New", "multiplier": "2", "start": "2030-01-01"},
    "engagements/engagement/add/": {"name": "New"},
}
OF_SUPERUSERS: dict[str, dict[str, str]] = {
    "tenants/tenant/{tenant}/change/": {"name": "Taken"},
    "tenants/tenant/{tenant}/disable/": {},
    "tenants/tenant/{tenant}/enable/": {},
    "tenants/apikey/{apikey}/revoke/": {},
    "tenants/apikey/add/": {"name": "New"},
    "auth/user/{user}/change/": {"first_name": "Taken"},
    "auth/user/{user}/password/": {"password1": PASSWORD, "password2": PASSWORD},
    "auth/user/add/": {"username": "new", "password1": PASSWORD, "password2": PASSWORD},
    "tenants/tenant/add/": {"name": "New", "slug": "new"},
}
# Nobody changes one in a form, or makes one.
WITHOUT_FORMS = {
    "change/": {"gamify/participant/", "tenants/apikey/", "admin/logentry/"},
    "add/": {"gamify/participant/", "admin/logentry/"},
}


@pytest.mark.parametrize("end", ["change/", "add/"])
def test_every_form_is_among_them(end: str) -> None:
    forms = {page.split("{")[0].removesuffix(end) for page in OF_OPERATORS | OF_SUPERUSERS if page.endswith(end)}
    routes = {route.split("<")[0].removesuffix(end) for route in urls() if route.endswith(f"/{end}")}
    assert routes - forms == WITHOUT_FORMS[end]


@pytest.fixture
def others(shop: Tenant, other: Tenant) -> list[Console]:
    """Who may do nothing in the other tenant: whoever is of this one, who only looks, and who has no role at all."""
    nobody = Console(User.objects.create_user("nobody", is_staff=True))
    auditor = member(other, Role.AUDITOR, name="audrey")
    return [*(member(shop, role, name=role).open(shop) for role in Role), auditor.open(other), nobody]


@pytest.mark.slow
def test_form_of_an_operator_is_saved_for_nobody_else(other: Tenant, others: list[Console]) -> None:
    operator = member(other).open(other)
    for page, values in OF_OPERATORS.items():
        _send(page, values, other, by=operator, others=others)


@pytest.mark.slow
def test_form_of_a_superuser_is_saved_for_nobody_else(other: Tenant, others: list[Console]) -> None:
    others.append(member(other).open(other))
    root = superuser().open(other)
    for page, values in OF_SUPERUSERS.items():
        _send(page, values, other, by=root, others=others)


def _send(page: str, values: dict[str, str], tenant: Tenant, *, by: Console, others: list[Console]) -> None:
    ids = {row._meta.model_name: str(row.pk) for row in rows_of(tenant)}
    ids["user"] = str(User.objects.get(username=f"{MARK}-person").pk)
    path = page.format_map(ids)
    sent = {**by.form(path), **{name: value.format_map(ids) for name, value in values.items()}}
    before, logged, rows = everything(), LogEntry.objects.count(), _rows(path)
    for console in others:
        assert console.post(path, sent).status_code in (302, 403, 404), path
        assert everything() == before, (path, console.user)
    assert LogEntry.objects.count() == logged
    by.post(path, sent)
    # So it was no mistake in the form that the others were refused for.
    assert _rows(path) != rows, path


def _rows(path: str) -> list[Any]:
    """What the page is about, and all others of its kind."""
    label, name, *_ = path.split("/")
    return list(apps.get_model(label, name)._default_manager.order_by("pk").values_list())
