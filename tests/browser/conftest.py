"""One server with the showcase, and one Chromium, for all tests of the browser."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium
from tests.browser.screenshots import fill, sign_in
from tests.live.server import Server, server_on_a_database_of

# A machine that is busy with other tests may stand still for some seconds.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    name = f"browser_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with server_on_a_database_of(os.environ["DATABASE_URL"], name=name) as server:
        fill(server)
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def base(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    """Signed in; nothing may go wrong in the browser, and nothing may be asked of another host."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    wrong: list[str] = []
    page = context.new_page()

    def note(text: str, is_wrong: bool = True) -> None:
        if is_wrong:
            wrong.append(text)

    page.on("pageerror", lambda error: note(str(error)))
    page.on("request", lambda request: note(request.url, not request.url.startswith((base, "data:"))))
    page.on("response", lambda response: note(response.url, response.status >= 500))
    sign_in(page, base)
    yield page
    context.close()
    assert wrong == []
