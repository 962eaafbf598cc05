"""Engagements of a programme file: they refer to another section; a moment and an origin have several spellings."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engagements.models import Engagement
from gamify.models import PointsSystem
from gamify.services import programme_file
from gamify.services.points import Wallet
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import EngagementClient
from tests.factories import TenantFactory
from tests.programmes import (
    award,
    rows,
)
from tests.whole_programme import FULL, edited

JUNE = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "spellings"),
    [
        (
            "starts_at",
            ["2026-06-01T00:00:00Z", "2026-06-01T02:00:00+02:00", "2026-05-31T18:30-05:30", "2026-06-01T00:00Z"],
        ),
        (
            "allowed_origins",
            [["HTTPS://Play.Example.com:443"], ["https://play.example.com", "https://play.example.com:443"]],
        ),
    ],
)
def test_another_spelling_is_no_change(shop: Tenant, field: str, spellings: list[Any]) -> None:
    programme_file.apply(shop, FULL)
    before = rows()
    for spelling in spellings:
        assert programme_file.apply(shop, edited("engagements", 1, **{field: spelling})) == []
    assert rows() == before
    assert programme_file.export(shop) == FULL


def test_order_of_origins_is_no_change(shop: Tenant) -> None:
    origins = ["https://b.example", "https://a.example"]
    programme_file.apply(shop, edited("engagements", 1, allowed_origins=origins))
    assert programme_file.export(shop)["engagements"][1]["allowed_origins"] == sorted(origins)
    assert programme_file.apply(shop, edited("engagements", 1, allowed_origins=origins)) == []


def test_change_is_told_as_it_is_kept(shop: Tenant) -> None:
    programme_file.apply(shop, FULL)
    change = edited("engagements", 1, ends_at="2026-10-01T02:00:00+02:00", allowed_origins=["HTTP://localhost:80"])
    assert programme_file.apply(shop, change) == [
        "engagement Summer quiz:"
        " ends_at '2026-09-01T00:00:00+00:00' → '2026-10-01T00:00:00+00:00',"
        " allowed_origins ['https://play.example.com'] → ['http://localhost']."
    ]


def test_refers_to_a_system_of_the_same_file_or_of_before(shop: Tenant) -> None:
    systems, engagements = FULL["points_systems"], FULL["engagements"]
    programme_file.apply(shop, {"engagements": engagements, "points_systems": systems})
    award(shop, "u", 10, wallet=Wallet(engagement_id=str(Engagement.objects.get(name="Summer quiz").id)), now=JUNE)
    other = TenantFactory.create()
    programme_file.apply(other, {"points_systems": systems})
    programme_file.apply(other, {"engagements": engagements})
    for tenant in (shop, other):
        assert Engagement.objects.get(tenant=tenant, name="Summer quiz").points_system == PointsSystem.objects.get(
            tenant=tenant, key="xp"
        )


def test_dry_run_says_the_same(shop: Tenant) -> None:
    file = {"points_systems": FULL["points_systems"], "engagements": FULL["engagements"]}
    before = rows()
    changes = programme_file.apply(shop, file, dry_run=True)
    assert rows() == before
    assert programme_file.apply(shop, file) == changes


def test_takes_whatever_the_api_has_taken(shop: Tenant) -> None:
    client = EngagementClient(shop, scopes=["admin"])
    fields = {"name": " Zoë/🎈", "starts_at": "0001-01-01T00:00:00Z", "ends_at": "9999-12-31T23:59:59.999999Z"}
    assert client.post("/engagements", fields).status_code == 201
    exported = programme_file.export(shop)
    programme_file.apply(shop.sandbox, exported)
    assert programme_file.export(shop.sandbox) == exported


@pytest.mark.parametrize(
    ("index", "field", "value"),
    [
        (0, "status", "active"),
        (0, "starts_at", "2026-01-01T00:00:00.000001+00:00"),
        (0, "points_system", "points"),
        (0, "currency_name", "Zoë 🎈"),
        (0, "allowed_origins", ["http://[::1]:8080", "http://localhost"]),
        (1, "ends_at", None),
        (1, "points_system", None),
        (1, "allowed_origins", []),
    ],
)
def test_one_field(shop: Tenant, index: int, field: str, value: Any) -> None:
    programme_file.apply(shop, FULL)
    changed = edited("engagements", index, **{field: value})
    [change] = programme_file.apply(shop, changed)
    assert f": {field} " in change
    assert programme_file.export(shop) == changed
    assert programme_file.apply(shop, changed) == []
