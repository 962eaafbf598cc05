"""Real pages in a real browser: one that the engagement allows reads what a session shows; no other one can."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Frame, Page

from tests.browser.origins import serving
from tests.live.server import Server, server_on_a_database_of

# What an integrator would write. Of an answer that may not be read, a script learns that something failed, and no more.
HTML = """
<!doctype html><html lang="en"><title>My points</title>
<p>You have <b id="points">–</b> <span id="currency"></span>.</p><ul id="lines"></ul>
<script>
  async function ask(url, body, headers = {}) {
    headers = {"Content-Type": "application/json", ...headers};
    try {
      const response = await fetch(url, {method: "POST", headers, body: JSON.stringify(body)});
      return {status: response.status, body: await response.json()};
    } catch (error) {
      return {error: error.name};
    }
  }
  async function show(server, session) {
    const balance = await ask(server + "/api/v1/points/balance", session);
    const ledger = await ask(server + "/api/v1/points/transactions", {...session, limit: 2});
    document.querySelector("#points").textContent = balance.body.available_points;
    document.querySelector("#currency").textContent = balance.body.currency_name;
    for (const line of ledger.body.transactions) {
      const item = document.querySelector("#lines").appendChild(document.createElement("li"));
      item.textContent = `${line.type} ${line.amount}: ${line.reason}`;
    }
  }
</script></html>
"""
UNREADABLE = {"error": "TypeError"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    name = f"pages_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with server_on_a_database_of(os.environ["DATABASE_URL"], name=name) as server:
        yield server


@dataclass(frozen=True)
class Setting:
    """A shop with an engagement, a page that it allows and one that it does not, and a session with some points."""

    url: str
    backend: httpx.Client
    engagement: str
    allowed: str
    other: str
    session: dict[str, str]

    def start_session(self) -> dict[str, str]:
        answer = self.backend.post(f"/engagements/{self.engagement}/sessions", json={"participant_id": "user_123"})
        return {name: answer.json()[name] for name in ("session_id", "engagement_id")}


@pytest.fixture(scope="module")
def setting(server: Server) -> Iterator[Setting]:
    server.tenant("quiz-shop")
    key = server.manage("issue_key", "quiz-shop", "--scope", "admin")
    url = f"http://127.0.0.1:{server.port}"
    with (
        serving(HTML) as allowed,
        serving(HTML) as other,
        httpx.Client(base_url=f"{url}/api/v1", headers={"X-API-Key": key}, timeout=30) as backend,
    ):
        fields = {"name": "Summer quiz", "currency_name": "Stars", "allowed_origins": [allowed]}
        engagement = backend.post("/engagements", json=fields).json()["id"]
        for amount, reason in ((500, "Quiz completed"), (20, "Spin wheel bonus")):
            award = {"participant_id": "user_123", "amount": amount, "reason": reason, "engagement_id": engagement}
            assert backend.post("/gamify/points/award", json=award).status_code == 200
        session = Setting(url, backend, engagement, allowed, other, {}).start_session()
        yield Setting(url, backend, engagement, allowed, other, session)


def open_at(browser: Browser, origin: str) -> Page:
    """A page in a browser that has seen nothing yet: no leave of an earlier page is remembered."""
    page = browser.new_context().new_page()
    page.goto(origin)
    return page


def ask(page: Page | Frame, url: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    return page.evaluate("([url, body, headers]) => ask(url, body, headers)", [url, body, headers or {}])


def balance(page: Page | Frame, setting: Setting, session: dict[str, str] | None = None) -> Any:
    return ask(page, f"{setting.url}/api/v1/points/balance", session or setting.session)


def test_allowed_page_shows_balance_and_ledger(browser: Browser, setting: Setting) -> None:
    page = open_at(browser, setting.allowed)
    page.evaluate("([server, session]) => show(server, session)", [setting.url, setting.session])
    assert page.inner_text("p") == "You have 520 Stars."
    assert page.inner_text("ul").split("\n") == ["award 20: Spin wheel bonus", "award 500: Quiz completed"]


def test_another_page_cannot_read_them_with_the_very_session(browser: Browser, setting: Setting) -> None:
    page = open_at(browser, setting.other)
    for path in ("balance", "transactions"):
        assert ask(page, f"{setting.url}/api/v1/points/{path}", setting.session) == UNREADABLE
    # Nor in the way that needs no leave beforehand: the server does not take it, and the page cannot read why.
    plain = {"Content-Type": "text/plain"}
    assert ask(page, f"{setting.url}/api/v1/points/balance", setting.session, plain) == UNREADABLE


def test_frame_without_an_origin_cannot_read_them(browser: Browser, setting: Setting) -> None:
    page = open_at(browser, setting.allowed)
    page.evaluate(
        """html => new Promise(done => {
            const frame = document.createElement("iframe");
            Object.assign(frame, {sandbox: "allow-scripts", srcdoc: html, onload: done});
            document.body.append(frame);
        })""",
        HTML,
    )
    frame = page.frames[1]
    assert frame.evaluate("origin") == "null"
    assert balance(frame, setting) == UNREADABLE
    assert balance(page, setting)["status"] == 200


def test_allowed_page_reads_why_it_is_refused(browser: Browser, setting: Setting) -> None:
    page = open_at(browser, setting.allowed)
    session = setting.start_session()
    assert balance(page, setting, session)["status"] == 200
    path = f"/engagements/{setting.engagement}/sessions/{session['session_id']}"
    assert setting.backend.delete(path).status_code == 204
    answer = balance(page, setting, session)
    assert (answer["status"], answer["body"]["code"]) == (401, "unauthorized")
    answer = ask(page, f"{setting.url}/api/v1/points/transactions", setting.session | {"limit": 0})
    assert (answer["status"], answer["body"]["code"]) == (422, "validation_error")


def test_allowed_page_can_call_nothing_that_takes_a_key(browser: Browser, setting: Setting) -> None:
    page = open_at(browser, setting.allowed)
    key = {"X-API-Key": setting.backend.headers["X-API-Key"]}
    for path in ("/gamify/points/award", "/engagements", f"/engagements/{setting.engagement}/sessions"):
        assert ask(page, f"{setting.url}/api/v1{path}", {"participant_id": "user_123", "amount": 1}, key) == UNREADABLE
    # Nor send one along where it may call.
    assert ask(page, f"{setting.url}/api/v1/points/balance", setting.session, key) == UNREADABLE


def test_page_that_is_no_longer_allowed_reads_nothing_though_its_browser_remembers_the_leave(
    browser: Browser, setting: Setting
) -> None:
    page = open_at(browser, setting.allowed)
    assert balance(page, setting)["status"] == 200
    path = f"/engagements/{setting.engagement}"
    try:
        assert setting.backend.patch(path, json={"allowed_origins": [setting.other]}).status_code == 200
        assert balance(page, setting) == UNREADABLE
        assert balance(open_at(browser, setting.other), setting)["status"] == 200
    finally:
        setting.backend.patch(path, json={"allowed_origins": [setting.allowed]})


def test_a_few_hundred_calls_a_minute_are_no_offence(setting: Setting) -> None:
    with httpx.Client(base_url=setting.url, timeout=30) as anybody:
        calls = [anybody.post("/api/v1/points/balance", json=setting.session) for _ in range(300)]
        assert {call.status_code for call in calls} == {200}
        refused = [anybody.get("/api/v1/gamify/participants/u/points") for _ in range(300)]
        assert {call.status_code for call in refused} == {401}
