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
PAGES = {
    "dashboard": "/admin/?period=90",
    "participants": "/admin/gamify/participant/",
    "participant": "/admin/gamify/participant/?tier=",
    "tiers": "/admin/gamify/tier/",
    "tier": "/admin/gamify/tier/add/",
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
    for name, path in PAGES.items():
        page.goto(base + path)
        if name == "participant":
            page.goto(f"{base}/admin/gamify/participant/?q=user_0012")
            page.locator("#result_list a", has_text="user_0012").first.click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}-{suffix}.png", full_page=True)


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
