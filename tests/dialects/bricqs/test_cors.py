"""Which web pages may read what a session shows: those of the engagement's allowed origins, and nobody else's."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagements.models import Engagement
from tenants.models import Tenant
from tests.dialects.bricqs.session_helpers import Page, change_engagement, make_engagement, open_page
from tests.factories import Client, TenantFactory

EXPOSED = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
ALLOWED = "https://play.example.com"
OTHER = "https://evil.example.com"
PATHS = ["/api/v1/points/balance", "/api/v1/points/transactions"]
# Each is some other origin than ALLOWED, or none at all.
STRANGERS = [
    OTHER,
    "null",
    "*",
    "",
    "http://play.example.com",
    "https://play.example.com:444",
    "https://play.example.com:80",
    "https://play.example.com:0443",
    "https://play.example.com.",
    "https://play.example.com/",
    "https://play.example.com.evil.example",
    "https://evil.example/https://play.example.com",
    "https://a@play.example.com",
    "https://xplay.example.com",
    "https://sub.play.example.com",
    "https://example.com",
    "https://play.example.com, https://evil.example.com",
    "https://play.example.com https://evil.example.com",
    "https://play。example。com",
    "https://pIay.example.com",
    "https://[::1",
    "x" * 10_000,
]


@pytest.fixture
def quiz(shop: Tenant) -> Engagement:
    return make_engagement(shop, allowed_origins=[ALLOWED, "http://127.0.0.1:8080"])


@pytest.fixture
def page(quiz: Engagement) -> Page:
    return open_page(quiz)


def preflight(origin: str, path: str = PATHS[0], method: str = "POST", headers: str = "content-type") -> Any:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return Page.http.options(path, headers={"Origin": origin, **asked})


def cors(response: Any) -> dict[str, str]:
    prefix = "access-control-"
    return {
        name.lower().removeprefix(prefix): value for name, value in response.items() if name.lower().startswith(prefix)
    }


def varies(response: Any) -> bool:
    return "origin" in response.get("Vary", "").lower()


class TestPreflight:
    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("origin", [ALLOWED, "http://127.0.0.1:8080"])
    def test_allowed_page_may_post_json_and_send_no_cookies(self, quiz: Engagement, path: str, origin: str) -> None:
        response = preflight(origin, path)
        assert response.status_code == 200
        assert varies(response)
        assert cors(response) == {
            "allow-origin": origin,
            "allow-methods": "POST",
            "allow-headers": "content-type",
            "expose-headers": EXPOSED,
            "max-age": "3600",
        }

    @pytest.mark.parametrize("origin", STRANGERS, ids=lambda origin: repr(origin)[:40])
    def test_other_pages_get_no_leave(self, quiz: Engagement, origin: str) -> None:
        response = preflight(origin)
        assert cors(response) == {}
        assert varies(response)

    @pytest.mark.parametrize(
        "path",
        [
            "/api/v1/gamify/points/award",
            "/api/v1/gamify/participants/u/points",
            "/api/v1/engagements",
            "/api/v1/engagements/x/sessions",
            "/api/v1/points",
            "/api/v1/pointsx/balance",
            "/api/docs/",
            "/api/schema/",
            "/admin/login/",
            "/healthz",
            "/",
        ],
    )
    def test_nothing_else_is_shared(self, quiz: Engagement, client: Client, path: str) -> None:
        assert cors(preflight(ALLOWED, path)) == {}
        for key in ({}, {"X-API-Key": client.key}):
            assert cors(client.http.get(path, headers={"Origin": ALLOWED, **key})) == {}

    def test_without_origin_it_is_a_call_like_any_other(self, quiz: Engagement) -> None:
        response = Page.http.options(PATHS[0])
        assert (response.status_code, cors(response)) == (405, {})


class TestCall:
    @pytest.mark.parametrize("path", ["balance", "transactions"])
    def test_allowed_page_may_read_the_answer(self, page: Page, path: str) -> None:
        response = page.call(path, {"Origin": ALLOWED})
        assert response.status_code == 200
        assert varies(response)
        assert cors(response) == {"allow-origin": ALLOWED, "expose-headers": EXPOSED}

    @pytest.mark.parametrize("origin", STRANGERS, ids=lambda origin: repr(origin)[:40])
    def test_other_pages_may_not(self, page: Page, origin: str) -> None:
        response = page.call("balance", {"Origin": origin})
        assert cors(response) == {}
        assert varies(response)

    def test_servers_without_origin_are_answered(self, page: Page) -> None:
        response = page.call("balance")
        assert (response.status_code, cors(response)) == (200, {})
        assert varies(response)

    def test_allowed_page_of_another_engagement_may_not_read_this_ones_points(self, page: Page, shop: Tenant) -> None:
        for tenant, origin in ((shop, "https://a.example"), (TenantFactory.create(), "https://b.example")):
            make_engagement(tenant, "Other", allowed_origins=[origin])
            assert cors(preflight(origin))["allow-origin"] == origin
            response = page.call("balance", {"Origin": origin})
            assert (response.status_code, cors(response)) == (200, {})

    def test_change_of_origins_holds_for_the_next_call(self, page: Page, quiz: Engagement) -> None:
        change_engagement(quiz, allowed_origins=[OTHER])
        assert cors(page.call("balance", {"Origin": ALLOWED})) == {}
        assert cors(page.call("balance", {"Origin": OTHER}))["allow-origin"] == OTHER
        assert cors(preflight(ALLOWED)) == {}

    def test_page_of_an_engagement_that_has_ended_still_shows_what_was_earned(
        self, page: Page, quiz: Engagement
    ) -> None:
        change_engagement(quiz, status="ended")
        assert cors(preflight(ALLOWED))["allow-origin"] == ALLOWED
        response = page.call("balance", {"Origin": ALLOWED})
        assert (response.status_code, cors(response)["allow-origin"]) == (200, ALLOWED)

    def test_pages_of_a_disabled_tenant_and_of_its_sandbox_get_no_leave(self, page: Page, shop: Tenant) -> None:
        trial = "https://trial.example.com"
        make_engagement(shop.sandbox, allowed_origins=[trial])
        for is_active in (True, False):
            Tenant.objects.filter(pk=shop.pk).update(is_active=is_active)
            for origin in (ALLOWED, trial):
                assert ("allow-origin" in cors(preflight(origin))) is is_active


class TestRefusals:
    """An allowed page must be able to read why it was refused, or all it could show is that the network failed."""

    def test_are_readable_for_allowed_pages_only(self, page: Page, settings: Any) -> None:
        def answers(origin: str) -> list[Any]:
            headers = {"Origin": origin}
            wrong = Page("sess_" + "0" * 32, page.body["engagement_id"])
            return [
                wrong.call("balance", headers),
                page.call("transactions", headers, limit=0),
                page.http.get(PATHS[0], headers=headers),
                page.http.generic("POST", PATHS[0], "{", "application/json", headers=headers),
                page.http.generic("POST", PATHS[0], "{}", "text/plain", headers=headers),
                page.http.post("/api/v1/points/nothing", {}, format="json", headers=headers),
            ]

        statuses = [401, 422, 405, 400, 415, 404]
        for origin, shared in ((ALLOWED, {"allow-origin": ALLOWED, "expose-headers": EXPOSED}), (OTHER, {})):
            found = answers(origin)
            assert [answer.status_code for answer in found] == statuses
            assert [cors(answer) for answer in found] == [shared] * len(statuses)

    def test_too_many_calls_say_when_to_come_again(self, page: Page, settings: Any) -> None:
        settings.SESSION_CALL_RATE = "1/9999d"
        page.balance()
        response = page.call("balance", {"Origin": ALLOWED})
        assert (response.status_code, cors(response)["expose-headers"]) == (429, EXPOSED)


def test_only_pages_cost_a_look_at_the_origins(page: Page) -> None:
    def queries(**headers: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page.call("balance", headers)
        return len(captured)

    queries()
    assert queries(Origin=ALLOWED) == queries(Origin=OTHER) == queries()
