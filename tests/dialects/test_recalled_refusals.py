"""What is refused without a look at the database, by a key that the process remembers: not before it is known whether
the key still opens anything."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tenants import keys
from tenants.models import ApiKey, Tenant
from tests.factories import key_for, now

HTTP = APIClient(raise_request_exception=False)

# Dialect: family and header of its keys, a call that makes one remembered, and one that cannot even be read.
DIALECTS = {
    "bricqs": ("bq", "X-API-Key", "/api/v1/gamify/points/award", {"participant_id": "u", "amount": 1}),
    "gamifyhost": ("sk", "X-API-Secret", "/v1/points/award", {"userId": "u", "eventType": "signup"}),
    "trophy": ("sk", "X-API-Key", "/v1/metrics/steps/event", {"user": {"id": "u"}, "value": 1}),
}
REVOKED = {"bricqs": 401, "gamifyhost": 403, "trophy": 401}


def revoke(shop: Tenant) -> None:
    keys.revoke(ApiKey.objects.get(), now=now())


def disable(shop: Tenant) -> None:
    Tenant.objects.filter(pk=shop.pk).update(is_active=False)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
@pytest.mark.parametrize("body", ["{}", "{"])
@pytest.mark.parametrize("end", [revoke, disable])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_key_that_opens_nothing_any_more_comes_before_what_the_body_lacks(
    shop: Tenant, dialect: str, end: Callable[[Tenant], None], body: str, content_type: str
) -> None:
    family, header, path, good = DIALECTS[dialect]
    key = key_for(shop, family=family)

    def send(text: str) -> Any:
        return HTTP.generic("POST", path, text, content_type, headers={header: key})

    HTTP.post(path, good, format="json", headers={header: key})
    assert keys.recall(key, now=now())
    assert send(body).status_code in (400, 415, 422)
    end(shop)
    assert send(body).status_code == (REVOKED[dialect] if end is revoke else 403)
