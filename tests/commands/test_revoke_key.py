from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from tenants.models import ApiKey
from tests.factories import Client


def revoke(id: object) -> str:
    out = StringIO()
    call_command("revoke_key", str(id), stdout=out)
    return out.getvalue()


def test_revoked_key_is_refused_from_the_next_request_on(client: Client) -> None:
    assert client.award("u", 1).status_code == 200
    key = ApiKey.objects.get()
    assert revoke(key.id) == f"Revoked 1 key: bq_live_…{client.key[-4:]} of {key.tenant}.\n"
    assert client.award("u", 1).status_code == 401


def test_repeating_it_changes_nothing(client: Client) -> None:
    key = ApiKey.objects.get()
    revoke(key.id)
    revoked_at = ApiKey.objects.get().revoked_at
    assert revoke(key.id).startswith("Revoked 0 key: ")
    assert ApiKey.objects.get().revoked_at == revoked_at


def test_other_keys_of_the_tenant_go_on(client: Client) -> None:
    key = ApiKey.objects.get()
    other = Client(key.tenant)
    revoke(key.id)
    assert (client.award("u", 1).status_code, other.award("u", 1).status_code) == (401, 200)


def test_unknown_key_is_refused(db: None) -> None:
    id = uuid4()
    with pytest.raises(CommandError, match=f"There is no key with the id {id}."):
        revoke(id)


def test_what_is_no_id_is_refused(client: Client) -> None:
    with pytest.raises(CommandError, match="invalid UUID"):
        revoke(client.key)
    assert ApiKey.objects.get().revoked_at is None
