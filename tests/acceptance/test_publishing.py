"""From a template to a live version, its files and a fork of it: by mouse, and by keys alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille

FLOWS = "/o/demo/development/flows/"


def test_a_template_is_found_used_published_and_forked_by_mouse(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    page.goto(FLOWS)
    page.get_by_role("link", name="Templates").click()
    page.wait_for_url("**/templates/")
    page.get_by_label("Search").fill("supplier delivery")
    card = page.get_by_role("listitem").filter(has_text="Purchase order")
    expect(page.get_by_role("heading", name="Leave request")).to_have_count(0)
    expect(card.locator("img.for-light")).to_be_visible()
    assert page.evaluate("document.querySelector('.for-light').complete")
    card.get_by_role("link", name="Purchase order").click()
    expect(page.locator("[data-task='approve']")).to_be_visible()
    page.get_by_role("button", name="Use this template").click()
    expect(page.locator("#canvas [data-task='approve'], [data-task='approve']").first).to_be_visible()
    page.get_by_role("link", name="Publish…").click()
    expect(page.get_by_role("heading", name="Publish version 1")).to_be_visible()
    page.get_by_label("What is new").fill("As it came from the gallery.")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1 is live.")).to_be_visible()
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Graph as PDF").click()
    assert download.value.suggested_filename == "purchase-order-v1.pdf"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New flow from it").click()
    expect(page.get_by_text("This is Purchase order (copy), from version 1.")).to_be_visible()


def test_a_template_is_used_and_its_flow_switched_off_later_by_keys(page: Page, server: Quadrille) -> None:
    def press(what: Locator) -> None:
        what.focus()
        page.keyboard.press("Enter")

    sign_in(page, server, "designer")
    page.goto(f"{FLOWS}-/templates/")
    page.get_by_label("Search").focus()
    page.keyboard.type("ninety days")
    expect(page.get_by_role("heading", name="Leave request")).to_have_count(0)
    press(page.get_by_role("link", name="Access request"))
    press(page.get_by_role("button", name="Use this template"))
    expect(page.locator("[data-task='grant']").first).to_be_visible()
    page.goto(f"{FLOWS}access-request/triggers/")
    page.get_by_label("Switch it").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_label("At (UTC)").focus()
    page.keyboard.type("01022040")
    page.keyboard.press("Tab")
    page.keyboard.type("0930AM")
    press(page.get_by_role("button", name="Plan it"))
    expect(page.get_by_text("Access request will be disabled then.")).to_be_visible()
    press(page.get_by_role("button", name="Remove"))
    expect(page.get_by_text("That is not planned any more.")).to_be_visible()
