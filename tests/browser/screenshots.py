"""Pictures of the console's main pages, for the README: `make screenshots`."""

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page

from bricqs import embedded
from bricqs.env import PROJECT_DIR
from tests.browser import showcase
from tests.browser.chromium import chromium
from tests.live.server import Server, server_on_a_database_of

FOLDER = PROJECT_DIR / "docs" / "screenshots"
WIDTHS = {"wide": (1440, 1000), "phone": (390, 844)}
# Where the way to each begins: `visit` goes on from there.
PAGES = {
    "dashboard": "/admin/?period=90",
    "participants": "/admin/gamify/participant/",
    "participant": "/admin/gamify/participant/?q=user_0003",
    "award": "/admin/gamify/participant/?q=user_0003",
    "tiers": "/admin/gamify/tier/",
    "tier": "/admin/gamify/tier/?q=",
    "preview": "/admin/gamify/tier/add/",
    "keys": "/admin/tenants/apikey/",
}


def sign_in(page: Page, base: str, *, login: str = showcase.LOGIN, password: str = showcase.PASSWORD) -> None:
    page.goto(f"{base}/admin/login/")
    page.fill("[name=username]", login)
    page.fill("[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{base}/admin/")


def fill(server: Server) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.browser.showcase"], cwd=PROJECT_DIR, env=server.environment, check=True
    )


def shoot(page: Page, base: str, folder: Path, suffix: str) -> None:
    for name in PAGES:
        visit(page, base, name)
        page.screenshot(path=folder / f"{name}-{suffix}.png", full_page=True)


def visit(page: Page, base: str, name: str) -> None:
    """Go to the page `name`, by the links and buttons that lead there, and wait until all of it is there."""
    page.goto(base + PAGES[name])
    if name in ("participant", "award"):
        page.locator("#result_list a").first.click()
        page.wait_for_url("**/participant/*/change/**")
    if name == "award":
        page.get_by_role("link", name="Award").click()
        page.wait_for_url("**/participant/*/award/")
    if name == "tier":
        page.get_by_role("link", name="Gold").click()
        page.wait_for_url("**/tier/*/change/**")
    if name == "preview":
        _preview(page)
        page.get_by_role("button", name="Save this tier").wait_for()
    page.wait_for_load_state("networkidle")


def _preview(page: Page) -> None:
    for field, value in {"name": "Platinum", "code": "platinum", "level": "35", "points__min_points": "900"}.items():
        page.fill(f"[name={field}]", value)
    page.get_by_role("button", name="Save", exact=True).click()


def main(folder: Path = FOLDER) -> None:
    embedded.provide_database_url()
    folder.mkdir(parents=True, exist_ok=True)
    with server_on_a_database_of(os.environ["DATABASE_URL"], name="screenshots") as server, chromium() as browser:
        fill(server)
        base = f"http://127.0.0.1:{server.port}"
        for width, (across, down) in WIDTHS.items():
            for theme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": across, "height": down},
                    color_scheme="dark" if theme == "dark" else "light",
                    reduced_motion="reduce",
                )
                page = context.new_page()
                sign_in(page, base)
                shoot(page, base, folder, f"{width}-{theme}")
                context.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
