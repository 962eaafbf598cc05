import json
import re
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from gamify.models import Entry
from tenants.models import ApiKey, Tenant
from tests.dialects.bricqs.session_helpers import EngagementClient, Page
from tests.factories import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    return tmp_path / "data"


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def demo_client(key: str) -> Client:
    client = Client(Tenant.objects.by_slug("demo"))
    client.key = key
    return client


def test_says_all_that_is_needed_to_start(settings: Any) -> None:
    settings.SERVE_HOST, settings.SERVE_PORT = "0.0.0.0", 8123
    output = seed()
    for form in (r"bq_live_[0-9a-f]{32}", r"bq_test_[0-9a-f]{32}", r"http://127\.0\.0\.1:8123/admin/", r"/api/docs/"):
        assert re.search(form, output)
    login, password = re.findall(r"login (\S+)   password (\S+)", output)[0]
    user = authenticate(username=login, password=password)
    assert user
    assert user.is_superuser


@pytest.mark.parametrize(
    ("host", "shown"),
    [("localhost", "localhost"), ("192.0.2.7", "192.0.2.7"), ("::", "127.0.0.1"), ("::1", "[::1]")],
)
def test_says_where_it_can_be_asked(settings: Any, host: str, shown: str) -> None:
    settings.SERVE_HOST, settings.SERVE_PORT = host, 8123
    assert f" http://{shown}:8123/api/v1/gamify/points/award " in seed()


def test_keys_open_the_demo_and_its_sandbox() -> None:
    output = seed()
    for key in re.findall(r"bq_(?:live|test)_[0-9a-f]{32}", output)[:2]:
        client = demo_client(key)
        assert client.balance("user_123") == 800
        assert client.transactions("user_123")["total"] == 4
        assert client.balance("Zo%C3%AB%20%F0%9F%8E%88") == 80


def test_engagement_opens_sessions_and_shows_the_same_points() -> None:
    output = seed()
    engagement, key = re.findall(r"Engagement +(\S+)\n", output)[0], re.findall(r"bq_live_[0-9a-f]{32}", output)[0]
    backend = EngagementClient(Tenant.objects.by_slug("demo"))
    backend.key = key
    page = Page(backend.start(engagement, "user_123").json()["session_id"], engagement)
    assert page.balance()["available_points"] == 800
    assert page.transactions()["total"] == 4


def test_printed_example_call_works() -> None:
    output = seed()
    url, key, body = re.findall(r"POST (\S+) .*?X-API-Key: (\w+)'.*?-d '(.*?)'\n", output, re.DOTALL)[0]
    assert url.endswith("/api/v1/gamify/points/award")
    response = demo_client(key).post("/points/award", json.loads(body), key="order-ord_abc")
    assert (response.status_code, response.json()["new_balance"]) == (200, 900)


def test_second_time_it_only_shows_them(data_folder: Path) -> None:
    first = seed()
    before = (Entry.objects.count(), ApiKey.objects.count(), Tenant.objects.count())
    assert seed() == first
    assert (Entry.objects.count(), ApiKey.objects.count(), Tenant.objects.count()) == before


def test_credentials_are_for_their_owner_s_eyes_only(data_folder: Path) -> None:
    seed()
    assert stat.S_IMODE((data_folder / "demo.json").stat().st_mode) == 0o600


def test_where_the_keys_are_on_another_machine_it_says_so(data_folder: Path) -> None:
    seed()
    (data_folder / "demo.json").unlink()
    assert seed().startswith("The demo tenant is there; its keys are not on this machine")
    assert ApiKey.objects.count() == 2


def test_demo_ledger_is_whole() -> None:
    seed()
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert out.getvalue().endswith(": 0 broken.\n")
