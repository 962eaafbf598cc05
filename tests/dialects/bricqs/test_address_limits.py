"""Limits by address: calls with a session, and calls whose key opens nothing."""

import logging
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.cache import cache, caches
from django.test import RequestFactory

from tenants import addresses
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import Page, make_engagement, open_page
from tests.factories import Client
from tests.programmes import refused

# Longer than any test, so that none of them begins in one window and ends in the next.
RATE = "3/9999d"
REDIS_SECONDS_MAX = 20


@pytest.fixture(autouse=True)
def rates(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SESSION_CALL_RATE = settings.FAILED_KEY_RATE = RATE
    monkeypatch.setattr(addresses, "_pause_ends_at", 0.0)


@pytest.fixture
def page(shop: Tenant) -> Page:
    return open_page(make_engagement(shop))


def call(page: Page, address: str = "127.0.0.1", **headers: str) -> int:
    response = page.http.post("/api/v1/points/balance", page.body, format="json", headers=headers, REMOTE_ADDR=address)
    return int(response.status_code)


def unknown_key(client: Client, address: str = "127.0.0.1") -> int:
    headers = {"X-API-Key": "bq_live_" + "0" * 32}
    url = f"{client.base}/participants/u/points"
    return int(client.http.get(url, headers=headers, REMOTE_ADDR=address).status_code)


class TestSessionCalls:
    def test_more_than_the_rate_are_told_when_to_come_again(self, page: Page) -> None:
        assert [call(page) for _ in range(4)] == [200, 200, 200, 429]
        response = page.call("transactions")
        assert (response.status_code, response.json()["code"]) == (429, "RATE_LIMIT_ADDRESS_EXCEEDED")
        wait = int(response["Retry-After"])
        assert 1 <= wait <= 9999 * 86400
        assert f"Retry in {wait} seconds." in response.json()["detail"]

    def test_each_address_has_its_own(self, page: Page) -> None:
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8:0:2::1"):
            assert [call(page, address) for _ in range(4)] == [200, 200, 200, 429]

    def test_network_that_one_subscriber_has_counts_as_one(self, page: Page) -> None:
        assert [call(page, f"2001:db8::{n}") for n in range(4)] == [200, 200, 200, 429]

    def test_ipv4_addresses_of_a_socket_for_both_families_are_told_apart(self, page: Page) -> None:
        assert [call(page, f"::ffff:192.0.2.{n}") for n in range(1, 6)] == [200] * 5
        assert [call(page, "192.0.2.1") for _ in range(3)] == [200, 200, 429]

    def test_refused_calls_count_too_whatever_is_wrong_with_them(self, page: Page) -> None:
        wrong = Page("sess_" + "0" * 32, page.body["engagement_id"])
        assert call(wrong) == 401
        assert page.http.post("/api/v1/points/balance", {}, format="json").status_code == 422
        assert page.http.get("/api/v1/points/balance").status_code == 405
        assert call(page) == call(wrong) == 429

    def test_calls_with_a_key_are_not_limited(self, page: Page, client: Client) -> None:
        for _ in range(5):
            call(page)
        assert [client.award("u", 1).status_code for _ in range(5)] == [200] * 5

    def test_without_a_rate_there_is_no_limit(self, page: Page, settings: Any) -> None:
        settings.SESSION_CALL_RATE = ""
        assert [call(page) for _ in range(8)] == [200] * 8


class TestFailedKeys:
    def test_more_than_the_rate_are_told_when_to_come_again(self, client: Client) -> None:
        assert [unknown_key(client) for _ in range(4)] == [401, 401, 401, 429]
        client.key = "bq_live_" + "1" * 32
        body = refused(lambda: client.award("u", 1), 429, "RATE_LIMIT_ADDRESS_EXCEEDED")
        assert "Retry in" in body["detail"]

    def test_each_address_has_its_own(self, client: Client) -> None:
        for address in ("192.0.2.1", "192.0.2.2"):
            assert [unknown_key(client, address) for _ in range(4)] == [401, 401, 401, 429]

    def test_missing_and_disabled_ones_count_too(self, client: Client, shop: Tenant) -> None:
        url = f"{client.base}/participants/u/points"
        assert client.http.get(url).status_code == 401
        Tenant.objects.filter(pk=shop.pk).update(is_active=False)
        assert client.award("u", 1).status_code == 403
        assert [unknown_key(client), unknown_key(client)] == [401, 429]
        assert client.award("u", 1).status_code == 429

    def test_valid_key_works_from_an_address_that_failed_too_often(self, client: Client) -> None:
        for _ in range(9):
            unknown_key(client)
        assert client.award("u", 1).status_code == 200

    def test_calls_that_succeed_do_not_count(self, client: Client) -> None:
        for _ in range(9):
            client.award("u", 1)
        assert [unknown_key(client) for _ in range(4)] == [401, 401, 401, 429]

    def test_sessions_and_keys_are_counted_apart(self, client: Client, page: Page) -> None:
        assert [unknown_key(client) for _ in range(4)] == [401, 401, 401, 429]
        assert [call(page) for _ in range(4)] == [200, 200, 200, 429]


class TestAddress:
    @pytest.mark.parametrize(
        ("connection", "header", "address"),
        [
            ("192.0.2.1", None, "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", "198.51.100.7"),
            # Whatever the caller wrote stands before what the proxy appended.
            ("192.0.2.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("192.0.2.1", "203.0.113.9,2001:db8::1", "2001:db8::1"),
            ("192.0.2.1", "::ffff:198.51.100.7", "198.51.100.7"),
            ("192.0.2.1", "", "192.0.2.1"),
            ("192.0.2.1", "unknown", "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7, ", "192.0.2.1"),
            ("192.0.2.1", "1" * 10_000, "192.0.2.1"),
            ("", "198.51.100.7", "198.51.100.7"),
            ("", None, "0.0.0.0"),
            ("unix:", "nobody", "0.0.0.0"),
        ],
    )
    def test_behind_a_proxy(self, settings: Any, connection: str, header: str | None, address: str) -> None:
        settings.PROXY_ADDRESS_HEADER = "X-Forwarded-For"
        headers = {} if header is None else {"X-Forwarded-For": header}
        request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=connection)
        assert addresses.client_address(request) == address

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
    def test_without_a_proxy_nobody_chooses_an_address(self, settings: Any, header: str) -> None:
        request = RequestFactory().get("/", headers={header: "198.51.100.7"}, REMOTE_ADDR="192.0.2.1")
        assert addresses.client_address(request) == "192.0.2.1"
        settings.PROXY_ADDRESS_HEADER = "X-Client"
        assert addresses.client_address(request) == "192.0.2.1"

    def test_callers_behind_one_proxy_are_told_apart(self, settings: Any, page: Page) -> None:
        settings.PROXY_ADDRESS_HEADER = "X-Real-IP"
        for address in ("198.51.100.7", "198.51.100.8"):
            assert [call(page, **{"X-Real-IP": address}) for _ in range(4)] == [200, 200, 200, 429]

    def test_caller_that_comes_by_no_address_is_limited_as_well(self, page: Page) -> None:
        assert [call(page, "") for _ in range(4)] == [200, 200, 200, 429]


class Redis:
    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}?db=0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {"port": "0", "unixsocket": str(self.socket), "save": "", "dir": str(self.socket.parent)}
        command = ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + REDIS_SECONDS_MAX
        while not self.socket.exists():
            assert self.process.poll() is None, "redis-server did not start"
            assert time.monotonic() < deadline, "redis-server does not listen"
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(REDIS_SECONDS_MAX)
            self.socket.unlink(missing_ok=True)


class TestRedis:
    @pytest.fixture
    def redis(self, settings: Any) -> Iterator[Redis]:
        with tempfile.TemporaryDirectory() as folder:
            redis = Redis(Path(folder))
            redis.start()
            options = {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1.5, "SOCKET_TIMEOUT": 1.5}
            backend = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": redis.url, "OPTIONS": options}
            settings.CACHES = {"default": backend}
            try:
                yield redis
            finally:
                cache.close()
                redis.stop()

    def test_counts_are_kept_there_for_all_processes(self, redis: Redis, page: Page, client: Client) -> None:
        assert [call(page) for _ in range(2)] == [200, 200]
        # As another process would: with a connection of its own.
        del caches["default"]
        assert [call(page) for _ in range(2)] == [200, 429]
        assert [unknown_key(client) for _ in range(4)] == [401, 401, 401, 429]

    def test_counts_do_not_stay_for_ever(self, redis: Redis, page: Page, settings: Any) -> None:
        settings.SESSION_CALL_RATE = "3/10s"
        call(page)
        counters: Any = cache
        [key] = counters.keys("rl:*")
        assert 0 < counters.ttl(key) <= 15

    def test_redis_gone_nothing_is_limited_and_the_log_says_so_once(
        self, redis: Redis, page: Page, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(4):
            call(page)
        redis.stop()
        with caplog.at_level(logging.WARNING):
            answers = [page.call("balance") for _ in range(5)]
            assert [unknown_key(client) for _ in range(5)] == [401] * 5
        assert [answer.status_code for answer in answers] == [200] * 5
        assert answers[0].json()["available_points"] == 0
        [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert (record.name, record.levelname, record.exc_info) == ("tenants.addresses", "WARNING", None)
        assert "not limited" in record.getMessage()
        assert client.award("u", 1).status_code == 200

    def test_redis_back_calls_are_limited_again(
        self, redis: Redis, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        redis.stop()
        assert [call(page) for _ in range(5)] == [200] * 5
        redis.start()
        assert [call(page) for _ in range(5)] == [200] * 5
        monkeypatch.setattr(addresses, "PAUSE_SECONDS", 0)
        monkeypatch.setattr(addresses, "_pause_ends_at", time.monotonic())
        assert [call(page) for _ in range(4)] == [200, 200, 200, 429]

    def test_redis_that_hangs_holds_up_one_call_and_not_all(self, redis: Redis, page: Page) -> None:
        assert call(page) == 200
        assert redis.process
        redis.process.send_signal(signal.SIGSTOP)
        try:
            started = time.monotonic()
            assert [call(page) for _ in range(20)] == [200] * 20
            # Counting takes two questions of one and a half seconds at most; each held up, the calls took a minute.
            assert time.monotonic() - started < 20
        finally:
            redis.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("name", ["PARTICIPANT_WRITE_RATE", "SESSION_CALL_RATE", "FAILED_KEY_RATE"])
@pytest.mark.parametrize("rate", ["x", "10", "0/m", "10/x", "-1/m"])
def test_bad_rate_is_found_at_the_start(settings: Any, name: str, rate: str) -> None:
    setattr(settings, name, rate)
    [error] = [error for error in checks.run_checks() if not error.is_silenced()]
    assert (error.id, error.msg.startswith(f"{name}: {rate!r} is not a rate.")) == ("tenants.E001", True)
