"""The dashboard."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from gamify.models import PointsSystem, Sweep
from tenants.models import Tenant
from tests import programmes
from tests.admin.console import Console, superuser
from tests.factories import now
from tests.ledger._waiting import settle

# What a transaction wrote is added up once it has ended.
pytestmark = pytest.mark.django_db(transaction=True)


def read(console: Console, **query: str) -> str:
    settle()
    return console.text("", query)


def test_numbers_of_a_period(operator: Console, shop: Tenant) -> None:
    at = now()
    programmes.award(shop, "anna", 1000, now=at - timedelta(days=60), reason="Long ago")
    programmes.award(shop, "anna", 500, now=at - timedelta(days=3), reason="Purchase")
    programmes.award(shop, "anna", 40, now=at - timedelta(days=3), expires_at=at - timedelta(days=2))
    programmes.deduct(shop, "anna", 100, now=at - timedelta(days=1), reason="Drink")
    page = read(operator)
    assert "Issued 540 Spent 100 Expired 40 Outstanding 1,400 +400 in this period" in page
    assert "Purchase 1 × +500 Drink 1 × -100" in page
    assert "Expired 1 × -40" in page
    assert "Long ago" not in page
    assert "Issued 1,540 Spent 100 Expired 40 Outstanding 1,400" in read(operator, period="90")
    assert "Issued 1,540" in read(operator, period="365")


def test_outstanding_is_the_sum_of_all_balances(operator: Console, shop: Tenant) -> None:
    at = now()
    for number in range(5):
        programmes.award(shop, f"user_{number}", 100 * number + 1, now=at)
    settle()
    response = operator.get("")
    assert response.context["outstanding"] == sum(100 * number + 1 for number in range(5))


def test_tiers_newest_changes_and_names(operator: Console, shop: Tenant) -> None:
    programmes.make_ladder(shop)
    programmes.award(shop, "anna", 1000)
    programmes.award(shop, "ben", 10)
    page = read(operator)
    assert "No tier 1 50.0% Bronze 0 0.0% Silver 0 0.0% Gold 1 50.0%" in page
    assert "anna 1 Jan 2026, 00:00 · award No tier → Gold" in page


def test_state_of_the_last_sweep(operator: Console, shop: Tenant) -> None:
    past = now() - timedelta(days=2)
    programmes.award(shop, "anna", 40, now=past, expires_at=past + timedelta(days=1))
    page = read(operator)
    assert "It has not run yet." in page
    assert "Points are due" in page
    call_command("expire_points", verbosity=0)
    page = read(operator)
    assert "40 points of 1 credits were written off by the last run." in page
    assert "Nothing is due" in page
    assert Sweep.objects.get(points_system__tenant=shop).is_complete


def test_another_points_system_has_its_own_numbers(operator: Console, shop: Tenant) -> None:
    PointsSystem.objects.create(tenant=shop, key="stars", name="Stars")
    programmes.award(shop, "anna", 77)
    assert "Outstanding 77" in read(operator)
    assert "No points yet" in read(operator, system="stars")
    assert "Outstanding 77" in read(operator, system="unknown", period="7")


def test_console_without_a_tenant_says_what_to_do() -> None:
    assert "Create your first tenant" in superuser().text("")
