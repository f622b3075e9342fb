"""An administrator's story: theme, members, groups, keys, audit log, going to another environment."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.browser import sign_in, watched_page
from tests.acceptance.quadrille import Quadrille

SMALL = (320, 640)
SETTINGS = "/o/demo/development/settings"
PAGES = ["organization", "environments", "environments/new", "members", "members/new", "groups", "groups/new", "keys",
         "keys/new", "audit"]  # fmt: skip


@pytest.fixture
def admin(page: Page, server: Quadrille) -> Page:
    """A page with the administrator signed in."""
    sign_in(page, server, "administrator")
    return page


def test_every_settings_page_is_accessible_and_fits_on_the_smallest_screen(browser: Browser, server: Quadrille) -> None:
    """At a desk and on a phone `test_every_page_is_accessible_and_fits_the_narrowest_phone` visits them."""
    findings: list[str] = []
    with watched_page(browser, server, size=SMALL) as (page, _):
        sign_in(page, server, "administrator")
        for path in [*(f"{SETTINGS}/{name}/" for name in PAGES), "/accounts/me/"]:
            page.goto(path)
            findings += look_at(page, SMALL)
    assert not findings, "\n".join(findings)


def test_the_theme_is_kept_from_page_to_page(admin: Page) -> None:
    admin.goto(f"{SETTINGS}/groups/")
    body, light = admin.locator("body"), "rgb(246, 247, 248)"
    expect(body).to_have_css("background-color", light)
    admin.get_by_title("Theme").click()
    admin.get_by_role("menuitemradio", name="Dark").click()
    expect(body).not_to_have_css("background-color", light)
    admin.goto(f"{SETTINGS}/keys/")
    assert admin.evaluate("document.documentElement.dataset.theme") == "dark"
    admin.get_by_title("Theme").click()
    expect(admin.get_by_role("menuitemradio", name="Dark")).to_have_attribute("aria-checked", "true")
    admin.get_by_role("menuitemradio", name="Like the system").click()
    expect(body).to_have_css("background-color", light)


def test_menus_are_walked_and_closed_by_keys(admin: Page) -> None:
    admin.goto(f"{SETTINGS}/groups/")
    account = admin.get_by_title("administrator", exact=False).last
    account.focus()
    admin.keyboard.press("Enter")
    admin.keyboard.press("ArrowDown")
    expect(admin.get_by_role("link", name="Your account")).to_be_focused()
    admin.keyboard.press("ArrowUp")
    expect(admin.get_by_role("button", name="Sign out")).to_be_focused()
    admin.keyboard.press("Home")
    expect(admin.get_by_role("link", name="Your account")).to_be_focused()
    admin.keyboard.press("End")
    expect(admin.get_by_role("button", name="Sign out")).to_be_focused()
    admin.keyboard.press("Escape")
    expect(account).to_be_focused()
    expect(admin.get_by_role("button", name="Sign out")).to_be_hidden()


def test_the_skip_link_is_the_first_stop(admin: Page) -> None:
    admin.goto(f"{SETTINGS}/groups/")
    admin.keyboard.press("Tab")
    expect(admin.get_by_role("link", name="Skip to content")).to_be_focused()
    admin.keyboard.press("Enter")
    expect(admin.locator("#content")).to_be_focused()


def test_a_key_is_issued_copied_and_revoked_after_a_question(admin: Page) -> None:
    admin.goto(f"{SETTINGS}/keys/new/")
    admin.get_by_label("Name").fill("story <b>key</b>")
    admin.get_by_label("Read human tasks").uncheck()
    admin.get_by_role("button", name="Make key").click()
    plain = admin.locator("#plain-key").inner_text()
    assert re.fullmatch(r"qd_[0-9a-f]{12}_[\w-]{43}", plain)
    admin.get_by_role("button", name="Copy key").click()
    expect(admin.locator("#live")).to_have_text("Copied")
    assert admin.evaluate("navigator.clipboard.readText()") == plain
    admin.get_by_role("link", name="I have copied it").click()
    row = admin.get_by_role("row").filter(has_text="story <b>key</b>")
    row.get_by_role("button", name="Revoke").click()
    question = admin.get_by_role("dialog")
    expect(question).to_contain_text("Revoke story <b>key</b>?")
    question.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("active")
    row.get_by_role("button", name="Revoke").click()
    question.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("revoked")
    expect(admin.get_by_role("status").filter(has_text="no longer works")).to_be_visible()


def test_a_role_is_saved_as_soon_as_it_is_chosen(admin: Page) -> None:
    admin.goto(f"{SETTINGS}/members/new/")
    admin.get_by_label("Email").fill("story@example.com")
    admin.get_by_role("button", name="Add member").click()
    expect(admin.get_by_role("heading", name="Welcome link for story@example.com")).to_be_visible()
    admin.get_by_role("link", name="Done").click()
    admin.get_by_label("Role of story@example.com").select_option("operator")
    expect(admin.get_by_text("story@example.com is operator now.")).to_be_visible()
    admin.get_by_role("button", name="Remove story@example.com").click()
    admin.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(admin.get_by_text("story@example.com is no longer a member.")).to_be_visible()


def test_the_audit_log_is_searched_while_typing(admin: Page) -> None:
    admin.goto(f"{SETTINGS}/groups/new/")
    admin.get_by_label("Name", exact=True).fill("Night shift")
    admin.get_by_role("button", name="Add group").click()
    admin.goto(f"{SETTINGS}/audit/")
    admin.get_by_label("Search the audit log").press_sequentially("night group.added")
    expect(admin.locator("#entries tbody tr")).to_have_count(1)
    expect(admin.locator("#entries")).to_contain_text("Night shift")
    assert "q=night" in admin.url
    admin.get_by_label("Search the audit log").fill("nothing like this")
    expect(admin.locator("#entries")).to_contain_text("Nothing found")
    admin.goto(f"{SETTINGS}/groups/")
    admin.get_by_role("button", name="Remove Night shift").click()
    admin.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(admin.get_by_text("The group Night shift is gone.")).to_be_visible()


def test_another_environment_opens_at_the_same_section(admin: Page) -> None:
    admin.goto(f"{SETTINGS}/keys/")
    admin.locator(".place summary").click()
    admin.locator(".place").get_by_role("button", name="Production").first.click()
    admin.wait_for_url("**/o/demo/production/settings/keys/")
    expect(admin.locator(".place summary")).to_contain_text("Production")
    admin.locator(".place summary").click()
    admin.locator(".place").get_by_role("button", name="Development").first.click()
    admin.wait_for_url("**/o/demo/development/settings/keys/")
