"""Keys: issued and shown once, revoked, never changed."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry

from tenants import keys
from tenants.models import ApiKey, Tenant
from tests.admin.console import Console, text_of
from tests.factories import now

ADD, LIST = "tenants/apikey/add/", "tenants/apikey/"
NEW = {"name": "shop backend", "family": "bq", "scopes": ["admin"], "expires_at_0": "", "expires_at_1": ""}


def issue(root: Console, **values: object) -> str:
    response = root.post(ADD, {**root.form(ADD), **NEW, **values})
    found = re.findall(r"(?:bq|sk)_(?:live|test)_[0-9a-f]{32}", response.content.decode())
    assert "no-store" in response.headers["Cache-Control"]
    assert len(found) == 1
    return str(found[0])


def test_key_is_shown_once_and_opens_the_api(root: Console, shop: Tenant) -> None:
    raw_key = issue(root)
    caller = keys.resolve(raw_key, now=now())
    assert (caller.tenant.id, caller.scopes) == (shop.pk, frozenset({"admin"}))
    page = root.text(LIST)
    assert raw_key not in page
    assert f"bq_live_…{raw_key[-4:]} shop backend Active admin" in page
    assert raw_key not in root.get(f"{LIST}{ApiKey.objects.get().pk}/change/").content.decode()
    assert raw_key not in str(list(LogEntry.objects.values()))


def test_key_of_a_sandbox_and_of_the_other_family(root: Console, shop: Tenant) -> None:
    root.open(shop.sandbox)
    assert issue(root, family="sk").startswith("sk_test_")


def test_expiry_must_lie_ahead(root: Console) -> None:
    past = now() - timedelta(days=1)
    response = root.post(ADD, {**root.form(ADD), **NEW, "expires_at_0": f"{past:%Y-%m-%d}", "expires_at_1": "00:00"})
    assert "Must be in the future." in text_of(response)
    assert not ApiKey.objects.exists()


def test_revoke_is_asked_first_and_holds_at_once(root: Console) -> None:
    raw_key = issue(root)
    path = f"{LIST}{ApiKey.objects.get().pk}/revoke/"
    assert "is refused from its next call on" in root.text(path)
    keys.resolve(raw_key, now=now())
    assert root.post(path).status_code == 302
    with pytest.raises(keys.KeyRefused, match="revoked"):
        keys.resolve(raw_key, now=now())
    assert "Revoked" in root.text(LIST)
    assert LogEntry.objects.order_by("-pk")[0].get_change_message() == "Revoked."


def test_operator_sees_no_keys_and_auditor_only_looks(operator: Console, auditor: Console, shop: Tenant) -> None:
    _, key = keys.issue(tenant=shop, name="backend")
    assert operator.get(LIST).status_code == 403
    assert "backend" in auditor.text(LIST)
    for console in (operator, auditor):
        assert console.get(ADD).status_code == 403
        assert console.post(f"{LIST}{key.pk}/revoke/").status_code in (403, 404)
    key.refresh_from_db()
    assert key.revoked_at is None
