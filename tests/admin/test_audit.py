"""The audit log."""

from django.contrib import admin

from gamify.admin._service import ServiceAdmin
from gamify.admin.audit import OF_TENANTS
from tenants.console.pages import log
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console
from tests.factories import TenantFactory

LIST = "admin/logentry/"


class Request:
    def __init__(self, console: Console) -> None:
        self.user = console.user


def test_everybody_sees_what_was_done_in_their_tenants(
    root: Console, operator: Console, auditor: Console, shop: Tenant
) -> None:
    other = TenantFactory.create()
    log(Request(root), programmes.make_tier(shop, "gold", 1), "Mine.")  # type: ignore[arg-type]
    log(Request(root), programmes.make_tier(other, "gold", 1), "Foreign.")  # type: ignore[arg-type]
    log(Request(root), root.user, "About a person.")  # type: ignore[arg-type]
    assert all(told in root.text(LIST) for told in ("Mine.", "Foreign.", "About a person."))
    for console in (operator, auditor):
        page = console.text(LIST)
        assert "root Tier Gold Mine." in page
        assert "Foreign." not in page
        assert "About a person." not in page


def test_nobody_changes_it(root: Console, shop: Tenant) -> None:
    log(Request(root), programmes.make_tier(shop, "gold", 1), "Mine.")  # type: ignore[arg-type]
    for path in ("add/", "1/delete/"):
        assert root.get(LIST + path).status_code in (302, 403)
        assert root.post(LIST + path, {"post": "yes"}).status_code in (302, 403)
    assert "Mine." in root.text(LIST)


def test_rules_of_every_kind_are_in_it() -> None:
    pages = {model for model, page in admin.site._registry.items() if isinstance(page, ServiceAdmin)}
    assert len(pages) > 8
    assert pages <= set(OF_TENANTS)
