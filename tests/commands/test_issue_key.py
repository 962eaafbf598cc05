import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.models import ApiKey, Tenant
from tests.factories import Client


def issue(*args: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("issue_key", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ([], "bq_live_"),
        (["--sandbox"], "bq_test_"),
        (["--prefix", "sk"], "sk_live_"),
        (["--prefix", "sk", "--sandbox"], "sk_test_"),
    ],
)
def test_key_alone_goes_to_standard_output(shop: Tenant, options: list[str], form: str) -> None:
    out, err = issue(shop.slug, *options)
    assert re.fullmatch(form + "[0-9a-f]{32}\n", out)
    key = ApiKey.objects.get()
    assert err == f"Issued 1 key for {key.tenant}: id {key.id}. It is not shown again.\n"
    assert out.strip() not in err


def test_issued_key_opens_the_api(shop: Tenant) -> None:
    client = Client(shop)
    client.key = issue(shop.slug, "--sandbox")[0].strip()
    assert client.award("u", 1).status_code == 200
    assert ApiKey.objects.get(last_used_at__isnull=False).tenant == shop.sandbox


def test_every_key_is_a_new_one(shop: Tenant) -> None:
    assert len({issue(shop.slug)[0] for _ in range(5)}) == ApiKey.objects.count() == 5


def test_options_are_kept(shop: Tenant) -> None:
    issue(
        *(shop.slug, "--name", "till 3", "--expires-at", "2999-01-31T02:00:00+02:00"),
        *("--scope", "gamify:admin", "--scope", "admin", "--scope", "admin"),
    )
    key = ApiKey.objects.get()
    assert (key.name, key.scopes) == ("till 3", ["admin", "gamify:admin"])
    assert key.expires_at == datetime(2999, 1, 31, tzinfo=UTC)


def test_expiry_without_offset_is_utc(shop: Tenant) -> None:
    issue(shop.slug, "--expires-at", "2999-01-31T00:00:00")
    assert ApiKey.objects.get().expires_at == datetime(2999, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--expires-at", "tomorrow"], "'tomorrow' is no date and time. Write it like 2027-01-31T00:00:00Z."),
        (["--expires-at", "2999-02-30T00:00:00Z"], "'2999-02-30T00:00:00Z' is no date and time"),
        (["--expires-at", "9999-12-31T23:59:59-01:00"], "'9999-12-31T23:59:59-01:00' is no date and time"),
        (["--expires-at", "0001-01-01T00:00:00+14:00"], "'0001-01-01T00:00:00\\+14:00' is no date and time"),
        (["--expires-at", "2020-01-01T00:00:00Z"], "2020-01-01T00:00:00Z is past: the key would never work."),
        (["--scope", "root"], "invalid choice: 'root'"),
        (["--prefix", "pk"], "invalid choice: 'pk'"),
        (["--name", "x" * 101], "at most 100 characters"),
    ],
)
def test_bad_option_is_refused(shop: Tenant, options: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        issue(shop.slug, *options)
    assert ApiKey.objects.count() == 0


def test_unknown_tenant_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match=r"There is no tenant 'nobody'. Make it with create_tenant."):
        issue("nobody")
