"""Signing in, and the limit on failed attempts."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tenants.console import login
from tests.admin.console import text_of

PATH = "/admin/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few_attempts(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    # Windows that are longer than any test, so that none begins in one and ends in the next.
    monkeypatch.setattr(login, "BY_ADDRESS", "4/9999d")
    monkeypatch.setattr(login, "BY_NAME", "3/9999d")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for name in ("olive", "otto"):
        User.objects.create_user(name, password="right", is_staff=True)


def attempt(name: str = "olive", typed: str = "wrong", address: str = "192.0.2.1") -> Any:
    return Client().post(PATH, {"username": name, "password": typed}, REMOTE_ADDR=address)


def test_right_password_leads_to_the_console() -> None:
    response = attempt(typed="right")
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")


def test_who_is_no_member_of_staff_does_not_get_in() -> None:
    User.objects.create_user("customer", password="right")
    assert attempt("customer", "right").status_code == 200


def test_too_many_failures_for_one_name_from_many_addresses() -> None:
    for number in range(3):
        assert login.TOO_MANY not in text_of(attempt(address=f"192.0.2.{number}"))
    response = attempt(typed="right", address="192.0.2.9")
    assert response.status_code == 200
    assert login.TOO_MANY in text_of(response)
    assert attempt("OLIVE", "right", "192.0.2.9").status_code == 200
    assert attempt("otto", "right", "192.0.2.9").status_code == 302


def test_too_many_failures_from_one_address_for_many_names() -> None:
    for number in range(4):
        attempt(f"name-{number}")
    assert login.TOO_MANY in text_of(attempt(typed="right"))
    assert attempt(typed="right", address="192.0.2.2").status_code == 302


def test_successes_are_not_counted() -> None:
    for _ in range(6):
        assert attempt(typed="right").status_code == 302
