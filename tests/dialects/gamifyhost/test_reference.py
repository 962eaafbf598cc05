"""A reference is used once for each event type; a refused call uses none up."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from gamify.models import Entry, Operation
from gamify.services import definitions
from tenants.models import Tenant
from tests.dialects.gamifyhost.helpers import Api, done, make_rule, refused
from tests.factories import Client, TenantFactory, now

DUPLICATE = "Duplicate reference — points already awarded for this reference"


def test_repeated_reference_is_a_duplicate_and_changes_nothing(api: Api) -> None:
    first = done(api.award(reference="r"))["data"]
    refused(lambda: api.award(reference="r"), 409, DUPLICATE)
    refused(lambda: api.award(reference="r"), 409, DUPLICATE)
    assert Entry.objects.get().id.hex == first["ledgerId"].replace("-", "")
    assert Operation.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{"user": "other"}, {"metadata": {"a": 1}}, {"displayName": "Bob"}, {"email": "bob@example.com"}]
)
def test_whatever_else_the_second_call_says(api: Api, fields: dict[str, Any]) -> None:
    api.award(reference="r", displayName="Alice")
    refused(lambda: api.award(reference="r", **fields), 409, DUPLICATE)


def test_same_reference_for_another_event_type_is_another_one(api: Api, shop: Tenant) -> None:
    make_rule(shop, "purchase", 5)
    assert api.award(reference="r").status_code == api.award(event_type="purchase", reference="r").status_code == 200
    refused(lambda: api.award(event_type="purchase", reference="r"), 409, DUPLICATE)


def test_type_and_reference_together_do_not_read_like_two_others(api: Api, shop: Tenant) -> None:
    pairs = [("a", "b\nc"), ("a\nb", "c"), ("a", '"\nb'), ('a"', "b"), ('a"\n', "b"), ("a\\n", "b"), ("a", "n b")]
    for event_type in {event_type for event_type, _ in pairs}:
        make_rule(shop, event_type, 1)
    for event_type, reference in pairs:
        assert api.award(event_type=event_type, reference=reference).status_code == 200


@pytest.mark.parametrize("reference", [" ", "r ", "R", "r\n", "x" * 255, "🎈" * 255, "ré", "re\u0301", "a/b?c"])
def test_reference_is_kept_to_the_character(api: Api, reference: str) -> None:
    api.award(reference="r")
    assert done(api.award(reference=reference))["data"]["reference"] == reference
    assert api.history()[0]["reference"] == reference
    refused(lambda: api.award(reference=reference), 409, DUPLICATE)


def test_history_shows_none_for_a_reward_whose_operation_was_forgotten(api: Api) -> None:
    for reference in ("old", "young"):
        api.award(reference=reference)
    Operation.objects.filter(key__contains="old").update(created_at=now() - timedelta(days=31))
    call_command("prune_operations", older_than=30, stdout=StringIO())
    assert [(line["reference"], line["points"]) for line in api.history()] == [("young", 500), (None, 500)]


def test_null_is_no_reference(api: Api) -> None:
    assert [api.award(reference=None).status_code for _ in range(2)] == [200, 200]


def test_refused_call_uses_none_up(api: Api, shop: Tenant) -> None:
    refused(lambda: api.award(event_type="purchase", reference="r"), 404)
    refused(lambda: api.award(event_type="purchase", reference="r", metadata=5), 400)
    make_rule(shop, "purchase", 5, cap_count=1)
    api.award(event_type="purchase", reference="first")
    refused(lambda: api.award(event_type="purchase", reference="r"), 429)
    assert api.award("other", "purchase", reference="r").status_code == 200


def test_duplicate_is_told_before_a_missing_rule_and_a_cap(api: Api, shop: Tenant) -> None:
    rule = make_rule(shop, "purchase", 5, cap_count=1)
    api.award(event_type="purchase", reference="r")
    refused(lambda: api.award(event_type="purchase", reference="r"), 409, DUPLICATE)
    refused(lambda: api.award(event_type="purchase", reference="s"), 429)
    rule.is_active = False
    definitions.save_reward_rule(rule)
    refused(lambda: api.award(event_type="purchase", reference="r"), 409, DUPLICATE)
    refused(lambda: api.award(event_type="purchase", reference="s"), 404)


def test_keys_of_other_dialects_are_apart(api: Api, shop: Tenant) -> None:
    Client(shop).award("user_12345", 1, key="r")
    assert api.award(reference="r").status_code == 200
    assert "Idempotent-Replayed" in Client(shop).award("user_12345", 1, key="r")


def test_references_of_other_tenants_are_apart(api: Api, shop: Tenant) -> None:
    other = TenantFactory.create()
    api.award(reference="r")
    for tenant in (shop.sandbox, other):
        make_rule(tenant)
        assert Api(tenant).award(reference="r").status_code == 200
