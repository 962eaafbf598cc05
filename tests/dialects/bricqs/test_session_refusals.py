"""Whatever is wrong with a session, the answer is the same, to the byte and in the time that it takes."""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagements import sessions
from engagements.models import Session
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import Page, make_engagement, open_page
from tests.factories import TenantFactory, now

ORIGIN = "https://play.example.com"
CALLS = 300
# Medians of the same work differ by some percent. A look-up more would be twice the time, and none a tenth.
FACTOR_MAX = 1.5
ATTEMPTS_MAX = 5

Wrong = Callable[[Tenant], Page]


def good(shop: Tenant) -> Page:
    return open_page(make_engagement(shop, str(uuid4()), allowed_origins=[ORIGIN]))


def unknown(shop: Tenant) -> Page:
    return _changed(good(shop), session_id="sess_" + "0" * 32)


def no_secret_at_all(shop: Tenant) -> Page:
    return _changed(good(shop), session_id="x")


def long(shop: Tenant) -> Page:
    return _changed(good(shop), session_id="🎈" * 255)


def almost(shop: Tenant) -> Page:
    page = good(shop)
    secret = page.body["session_id"]
    return _changed(page, session_id=secret[:-1] + ("0" if secret[-1] != "0" else "1"))


def other_case(shop: Tenant) -> Page:
    page = good(shop)
    return _changed(page, session_id="SESS_" + page.body["session_id"][5:])


def expired(shop: Tenant) -> Page:
    engagement = make_engagement(shop, str(uuid4()), allowed_origins=[ORIGIN])
    return open_page(engagement, at=now() - timedelta(hours=1), ttl_seconds=3600)


def ended(shop: Tenant) -> Page:
    page = good(shop)
    Session.objects.filter(engagement=page.body["engagement_id"]).update(revoked_at=now())
    return page


def of_another_engagement(shop: Tenant) -> Page:
    return _changed(good(shop), engagement_id=str(make_engagement(shop, str(uuid4())).id))


def of_another_tenants_engagement(shop: Tenant) -> Page:
    return _changed(good(shop), engagement_id=str(make_engagement(TenantFactory.create(), str(uuid4())).id))


def of_an_unknown_engagement(shop: Tenant) -> Page:
    return _changed(good(shop), engagement_id=str(uuid4()))


def of_what_is_no_engagement(shop: Tenant) -> Page:
    return _changed(good(shop), engagement_id="x")


def of_a_disabled_tenant(shop: Tenant) -> Page:
    other = TenantFactory.create()
    page = good(other)
    Tenant.objects.filter(pk=other.pk).update(is_active=False)
    return page


def of_a_disabled_tenants_sandbox(shop: Tenant) -> Page:
    other = TenantFactory.create()
    page = good(other.sandbox)
    Tenant.objects.filter(pk=other.pk).update(is_active=False)
    return page


def of_a_disabled_sandbox(shop: Tenant) -> Page:
    page = good(shop.sandbox)
    Tenant.objects.filter(pk=shop.sandbox.pk).update(is_active=False)
    return page


WRONG = [
    *(unknown, no_secret_at_all, long, almost, other_case, expired, ended),
    *(of_another_engagement, of_another_tenants_engagement, of_an_unknown_engagement, of_what_is_no_engagement),
    *(of_a_disabled_tenant, of_a_disabled_tenants_sandbox, of_a_disabled_sandbox),
]


def _changed(page: Page, **fields: str) -> Page:
    page.body |= fields
    return page


def _seen(response: Any) -> tuple[int, bytes, dict[str, str]]:
    """All that a caller sees of it, but for the number of the request."""
    headers = {name: value for name, value in response.items() if name != "X-Request-ID"}
    return response.status_code, response.content, headers


@pytest.mark.parametrize("path", ["balance", "transactions"])
def test_refusals_are_the_same_to_the_byte(shop: Tenant, settings: Any, path: str) -> None:
    # One window for all of them: X-RateLimit-Reset says when it ends.
    settings.PARTICIPANT_WRITE_RATE = "120/9999d"
    # Somebody's page is allowed there all the time: whether a refusal may be read depends on no session.
    make_engagement(shop, "Always", allowed_origins=[ORIGIN])
    pages = {wrong.__name__: wrong(shop) for wrong in WRONG}
    Tenant.objects.update(participant_write_rate="7/9999d")
    for headers in ({}, {"Origin": ORIGIN}, {"Origin": "https://evil.example.com"}):
        seen = {name: _seen(page.call(path, headers)) for name, page in pages.items()}
        first = seen["unknown"]
        assert first[0] == 401
        assert first[2]["WWW-Authenticate"] == 'Session realm="points"'
        assert first[2]["X-RateLimit-Limit"] == first[2]["X-RateLimit-Remaining"] == "120"
        assert {name: answer for name, answer in seen.items() if answer != first} == {}


def test_refusal_tells_what_to_do(shop: Tenant) -> None:
    assert expired(shop).call("balance").json() == {
        "detail": "The session is not valid. Ask your server to open a new one for this engagement.",
        "code": "unauthorized",
    }


def test_same_pages_are_answered_once_nothing_is_wrong(shop: Tenant) -> None:
    assert good(shop).is_open()
    page = of_a_disabled_sandbox(shop)
    Tenant.objects.filter(pk=shop.sandbox.pk).update(is_active=True)
    assert page.is_open()


def test_sandbox_that_is_disabled_leaves_its_tenant_alone(shop: Tenant) -> None:
    page = good(shop)
    of_a_disabled_sandbox(shop)
    assert page.is_open()


def test_session_lives_until_its_very_moment(shop: Tenant) -> None:
    page = good(shop)
    expires_at = Session.objects.get().expires_at

    def resolve(at: Any) -> sessions.OpenSession:
        body = page.body
        return sessions.resolve(secret=body["session_id"], engagement_id=body["engagement_id"], now=at)

    assert resolve(expires_at - timedelta(microseconds=1)).participant == "user_123"
    with pytest.raises(sessions.SessionRefused):
        resolve(expires_at)


def test_refusals_ask_the_same_of_the_database(shop: Tenant) -> None:
    asked = {}
    for wrong in WRONG:
        page = wrong(shop)
        with CaptureQueriesContext(connection) as captured:
            assert not page.is_open()
        asked[wrong.__name__] = [query["sql"] for query in captured]
    assert len(asked["unknown"]) == 1
    assert {name for name, queries in asked.items() if queries != asked["unknown"]} == set()


def test_refusals_take_the_same_time(shop: Tenant) -> None:
    # Somebody else's load may fall on one of them: several attempts, of which one must be quiet enough.
    for _ in range(ATTEMPTS_MAX):
        times = _median_seconds({wrong.__name__: wrong(shop) for wrong in WRONG})
        if max(times.values()) <= FACTOR_MAX * min(times.values()):
            return
        shop = TenantFactory.create()
    raise AssertionError(str(times))


def _median_seconds(pages: dict[str, Page]) -> dict[str, float]:
    """Of the calls of each page, all mixed: whatever slows the machine down slows down all of them."""
    order = [name for name in pages for _ in range(CALLS)]
    random.shuffle(order)
    seconds: dict[str, list[float]] = {name: [] for name in pages}
    for name in order:
        body = pages[name].body
        started = time.perf_counter()
        with pytest.raises(sessions.SessionRefused):
            sessions.resolve(secret=body["session_id"], engagement_id=body["engagement_id"], now=now())
        seconds[name].append(time.perf_counter() - started)
    return {name: median(values) for name, values in seconds.items()}
