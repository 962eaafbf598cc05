"""Without its cache the service limits no addresses, says so, and does all else as before."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser

from tenants import addresses
from tenants.models import Tenant
from tests.factories import Client
from tests.operations.lines import logged

pytestmark = pytest.mark.django_db

SECONDS_MAX = 10


@pytest.fixture(autouse=True)
def _no_cache_has_failed_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_pause_ends_at", 0.0)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def redis(port: int, settings: Any) -> "Iterator[subprocess.Popen[bytes]]":
    """A Redis server, which the settings name."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server; the next test has a Redis that is gone from the start")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        use(settings, port)
        deadline = time.monotonic() + SECONDS_MAX
        while not answers(port):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield server
        server.kill()


def answers(port: int) -> bool:
    # Not through the cache, which says nothing of a server that is not there yet.
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def use(settings: Any, port: int) -> None:
    options = {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 5, "SOCKET_TIMEOUT": 5}
    location = f"redis://127.0.0.1:{port}/0"
    settings.CACHES = {
        "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": location, "OPTIONS": options}
    }


def test_limits_end_with_a_warning_when_redis_goes_and_hold_until_then(
    client: Client, redis: "subprocess.Popen[bytes]", settings: Any
) -> None:
    settings.FAILED_KEY_RATE = "2/d"
    assert [call_with_a_wrong_key(client) for _ in range(4)] == [401, 401, 429, 429]
    redis.kill()
    redis.wait()
    with logged() as lines:
        assert [call_with_a_wrong_key(client) for _ in range(4)] == [401, 401, 401, 401]
    [told] = lines.of("tenants.addresses")
    assert told["level"] == "warning"
    assert told["event"].startswith("The cache does not answer")
    assert not [line for line in lines.all if line["level"] == "error"]


def test_a_redis_that_never_was_there_changes_nothing_but_limits_by_address(
    shop: Tenant, client: Client, settings: Any, port: int
) -> None:
    use(settings, port)
    assert client.award("anna", 5, key="order-1").json()["new_balance"] == 5
    assert client.award("anna", 5, key="order-1")["Idempotent-Replayed"] == "true"
    assert client.deduct("anna", 2).json()["new_balance"] == 3
    assert client.balance("anna") == 3
    assert call_with_a_wrong_key(client) == 401
    # The cap on writes to one participant is PostgreSQL's business.
    shop.participant_write_rate = "3/d"
    shop.save()
    assert client.award("anna", 1).status_code == 200
    assert client.award("anna", 1).status_code == 429


def test_the_console_s_sessions_live_on(client: Client, settings: Any, port: int, admin_user: Any) -> None:
    browser = Browser()
    browser.force_login(admin_user)
    assert browser.get("/admin/").status_code == 200
    use(settings, port)
    assert browser.get("/admin/").status_code == 200


def call_with_a_wrong_key(client: Client) -> int:
    headers = {"X-API-Key": "bq_live_" + "0" * 32}
    return int(client.http.get(client.base + "/participants/anna/points", headers=headers).status_code)
