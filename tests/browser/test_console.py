"""What an operator does, in a real browser."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screenshots import PAGES, WIDTHS, visit

pytestmark = pytest.mark.slow


def call(base: str, key: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{base}/api/v1/gamify{path}",
        json.dumps(body).encode(),
        {"X-API-Key": key, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def row(page: Page, text: str) -> Any:
    return page.locator("#result_list tr", has_text=text)


def issue_key(page: Page, base: str, name: str) -> str:
    page.goto(f"{base}/admin/tenants/apikey/add/")
    page.fill("[name=name]", name)
    page.get_by_role("button", name="Save", exact=True).click()
    return page.locator("#key").inner_text()


def test_wrong_password_stays_outside(browser: Any, base: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/admin/gamify/tier/")
    page.fill("[name=username]", "olive")
    page.fill("[name=password]", "wrong")
    page.click("button[type=submit]")
    expect(page.get_by_text("Please enter the correct username and password")).to_be_visible()
    page.goto(f"{base}/admin/gamify/tier/")
    assert "/admin/login/" in page.url
    context.close()


def test_new_tier_is_previewed_and_people_come_to_it(page: Page, base: str) -> None:
    page.goto(f"{base}/admin/gamify/tier/")
    page.get_by_title("Add tier").click()
    page.fill("[name=name]", "Starter")
    page.fill("[name=code]", "starter")
    page.fill("[name=level]", "5")
    # Only the settings of the type chosen are asked for.
    page.select_option("[name=criteria_type]", "points_in_window")
    expect(page.locator("[name=points_in_window__days]")).to_be_visible()
    expect(page.locator("[name=points__min_points]")).to_be_hidden()
    page.select_option("[name=criteria_type]", "points")
    expect(page.locator("[name=points_in_window__days]")).to_be_hidden()
    page.fill("[name=points__min_points]", "50")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("would move.")).to_be_visible()
    expect(page.get_by_role("row", name="No tier Starter")).to_be_visible()
    page.get_by_role("button", name="Save this tier").click()
    expect(row(page, "Starter")).to_contain_text("50 points earned in a lifetime")

    page.get_by_role("link", name="Move everybody").click()
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("participants were moved")).to_be_visible()
    members = row(page, "Starter").get_by_role("cell").nth(4)
    expect(members).not_to_have_text("0")


def test_award_leads_to_an_upgrade_and_is_in_the_ledger(page: Page, base: str) -> None:
    page.goto(f"{base}/admin/gamify/participant/")
    page.fill("[name=q]", "user_0001")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="user_0001").click()
    page.get_by_role("link", name="Award").click()
    page.fill("[name=amount]", "5000")
    page.fill("[name=reason]", "Won the tombola")
    page.get_by_role("button", name="Award").click()
    expect(page.get_by_text("Moved up to Gold.").first).to_be_visible()
    expect(page.get_by_role("row", name="Won the tombola")).to_contain_text("In the console, by olive")
    expect(page.get_by_text("→ Gold").first).to_be_visible()


def test_key_opens_the_api_until_it_is_revoked(page: Page, base: str) -> None:
    key = issue_key(page, base, "till")
    status, body = call(base, key, "/points/award", {"participant_id": "till_user", "amount": 12})
    assert (status, body["new_balance"]) == (200, 12)
    page.get_by_role("link", name="Done").click()
    expect(row(page, "till")).to_contain_text("Active")
    assert key not in page.content()
    row(page, "till").get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(row(page, "till")).to_contain_text("Revoked")
    assert call(base, key, "/points/award", {"participant_id": "till_user", "amount": 12})[0] == 401


def test_key_is_shown_where_the_button_was_clicked_twice(page: Page, base: str) -> None:
    page.goto(f"{base}/admin/tenants/apikey/add/")
    page.fill("[name=name]", "twice")
    page.get_by_role("button", name="Save", exact=True).dblclick()
    key = page.locator("#key").inner_text()
    assert call(base, key, "/points/award", {"participant_id": "till_user", "amount": 1})[0] == 200
    page.get_by_role("link", name="Done").click()
    expect(row(page, "twice")).to_have_count(1)


def test_rules_are_exported_twice_from_one_page(page: Page, base: str) -> None:
    page.goto(f"{base}/admin/gamify/tier/export/")
    for name in ("csv", "json"):
        page.select_option("[name=format]", label=name)
        with page.expect_download() as download:
            page.get_by_role("button", name="Submit").click()
        assert download.value.suggested_filename.endswith(name)
        # The next click counts again after a while, whatever became of this one.
        page.wait_for_function("!document.querySelector('form[data-sent]')")


def test_tiers_are_reordered_by_buttons(page: Page, base: str) -> None:
    page.goto(f"{base}/admin/gamify/tier/reorder/")
    before = page.locator(".c-order .c-grow").all_inner_texts()
    page.get_by_role("button", name=f"Move {before[1]} up").click()
    assert page.locator(".c-order .c-grow").all_inner_texts()[:2] == [before[1], before[0]]
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Save this order").click()
    expect(page.get_by_text("The tiers have a new order.")).to_be_visible()
    page.goto(f"{base}/admin/gamify/tier/reorder/")
    assert page.locator(".c-order .c-grow").all_inner_texts()[:2] == [before[1], before[0]]


def test_charts_are_drawn(page: Page, base: str) -> None:
    page.goto(f"{base}/admin/?period=365")
    page.wait_for_load_state("networkidle")
    drawn = page.evaluate("[...document.querySelectorAll('canvas.chart')].map(c => !!Chart.getChart(c))")
    assert drawn == [True, True]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_screen(page: Page, base: str, name: str, width: str) -> None:
    across, down = WIDTHS[width]
    page.set_viewport_size({"width": across, "height": down})
    visit(page, base, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= across
