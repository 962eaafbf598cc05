"""Tenants: made with their sandbox, disabled, opened."""

import pytest
from django.contrib.admin.models import LogEntry

from gamify.models import PointsSystem
from tenants.models import Tenant
from tests.admin.console import Console, text_of
from tests.factories import Client

LIST, ADD = "tenants/tenant/", "tenants/tenant/add/"


def test_new_tenant_has_a_sandbox_and_points(root: Console) -> None:
    assert root.post(ADD, {"slug": "acme", "name": "Acme"}).status_code == 302
    tenant = Tenant.objects.by_slug("acme")
    assert tenant.sandbox.is_sandbox
    assert PointsSystem.objects.filter(tenant__in=[tenant, tenant.sandbox], is_default=True).count() == 2
    # It is the one worked in from now on.
    assert "Acme" in root.text("gamify/tier/")


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a"])
def test_short_name_that_is_none_is_refused(root: Console, slug: str) -> None:
    before = Tenant.objects.count()
    assert root.post(ADD, {"slug": slug, "name": "Acme"}).status_code == 200
    assert Tenant.objects.count() == before


def test_name_that_is_taken_is_refused(root: Console, shop: Tenant) -> None:
    response = root.post(ADD, {"slug": shop.slug, "name": "Another"})
    assert "There is already a tenant of this name." in text_of(response)


def test_disabling_is_asked_first_and_closes_the_api_at_once(root: Console, shop: Tenant, client: Client) -> None:
    path = f"{LIST}{shop.pk}/disable/"
    assert "is refused with 403 from the next one on" in root.text(path)
    assert client.award("anna", 5).status_code == 200
    assert root.post(path).status_code == 302
    assert client.award("anna", 5).status_code == 403
    assert "Disabled" in root.text(LIST)
    root.post(f"{LIST}{shop.pk}/enable/")
    assert client.award("anna", 5).status_code == 200
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == ["Disabled.", "Enabled."]


def test_new_time_zone_is_a_new_version_of_the_programme(root: Console, shop: Tenant) -> None:
    version = Tenant.objects.get(pk=shop.pk).programme_version
    path = f"{LIST}{shop.pk}/change/"
    assert root.post(path, {"name": shop.name, "time_zone": "Europe/Vienna"}).status_code == 302
    shop.refresh_from_db()
    assert (shop.time_zone, shop.programme_version) == ("Europe/Vienna", version + 1)
    root.post(path, {"name": "Other", "time_zone": "Europe/Vienna"})
    shop.refresh_from_db()
    assert (shop.name, shop.programme_version) == ("Other", version + 1)


def test_only_superusers_make_and_change_tenants(operator: Console, shop: Tenant) -> None:
    assert operator.get(ADD).status_code == 403
    assert operator.post(f"{LIST}{shop.pk}/disable/").status_code == 403
    assert operator.post(f"{LIST}{shop.pk}/change/", {"name": "taken"}).status_code == 403
    assert shop.slug in operator.text(LIST)
    shop.refresh_from_db()
    assert shop.is_active


def test_list_offers_to_each_what_they_may_do(root: Console, operator: Console, auditor: Console, shop: Tenant) -> None:
    assert f"{LIST}{shop.pk}/disable/" in root.get(LIST).content.decode()
    for console in (operator, auditor):
        page = console.get(LIST).content.decode()
        assert f"{LIST}{shop.pk}/open/" in page
        assert "disable/" not in page
