"""Keys: issued and shown once, revoked, never changed."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command

from tenants import keys
from tenants.models import ApiKey, Tenant
from tests import programmes
from tests.admin.console import Console, text_of
from tests.factories import Client, now
from tests.ledger._threads import at_once

ADD, LIST = "tenants/apikey/add/", "tenants/apikey/"
NEW = {"name": "shop backend", "family": "bq", "scopes": ["admin"], "expires_at_0": "", "expires_at_1": ""}
RAW_KEY = re.compile(r"(?:bq|sk)_(?:live|test)_[0-9a-f]{32}")


def issue(root: Console, **values: object) -> str:
    response = root.post(ADD, {**root.form(ADD), **NEW, **values})
    found = RAW_KEY.findall(response.content.decode())
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


def test_form_that_is_sent_twice_issues_one_key_and_shows_it_once(root: Console) -> None:
    sent = {**root.form(ADD), **NEW}
    first, second = root.post(ADD, sent), root.post(ADD, sent)
    key = ApiKey.objects.get()
    assert "Copy the key now" in text_of(first)
    assert f"This key was issued already The form was sent twice, and made one key: {key}." in text_of(second)
    assert not RAW_KEY.search(second.content.decode())
    assert "no-store" in second.headers["Cache-Control"]
    assert LogEntry.objects.count() == 1
    # Another form is another key.
    issue(root)
    assert ApiKey.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_very_same_time_issue_one_key(root: Console) -> None:
    sent = {**root.form(ADD), **NEW}
    replies = at_once([lambda: root.post(ADD, sent).content.decode()] * 2)
    assert sorted(bool(RAW_KEY.search(reply)) for reply in replies) == [False, True]
    assert ApiKey.objects.count() == 1


def test_page_names_the_tenant_that_the_key_is_for(root: Console, shop: Tenant) -> None:
    form = root.form(ADD)
    root.open(shop.sandbox)
    response = root.post(ADD, {**form, **NEW})
    assert f"For {shop.name}, “shop backend”." in text_of(response)
    assert ApiKey.objects.get().tenant == shop


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


def test_page_shows_the_id_that_the_command_asks_for(root: Console, auditor: Console, shop: Tenant) -> None:
    _, key = keys.issue(tenant=shop)
    for console in (root, auditor):
        assert str(key.pk) in console.text(f"{LIST}{key.pk}/change/")
    call_command("revoke_key", str(key.pk))
    assert "Revoked" in root.text(LIST)


def test_form_says_what_a_key_without_scopes_may_do(root: Console, shop: Tenant, client: Client) -> None:
    """`client` has such a key."""
    page = root.text(ADD)
    assert "pins anybody to a tier (tiers/assign), and makes and ends boosts, also those for everybody." in page
    keys.issue(tenant=shop, name="app")
    assert "app Active no scopes" in root.text(LIST)
    # As it says.
    programmes.make_ladder(shop)
    client.award("anna", 5)
    assigned = client.post("/tiers/assign", {"participant_id": "anna", "tier_code": "gold"})
    assert assigned.status_code == 200
    assert programmes.tier_of(shop, "anna") == "gold"


def test_operator_sees_no_keys_and_auditor_only_looks(operator: Console, auditor: Console, shop: Tenant) -> None:
    _, key = keys.issue(tenant=shop, name="backend")
    assert operator.get(LIST).status_code == 403
    assert "backend" in auditor.text(LIST)
    for console in (operator, auditor):
        assert console.get(ADD).status_code == 403
        assert console.post(f"{LIST}{key.pk}/revoke/").status_code in (403, 404)
    key.refresh_from_db()
    assert key.revoked_at is None
