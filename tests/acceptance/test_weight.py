"""How much the editor loads before one can work; what is not needed to see and touch the canvas comes later."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page, expect

from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.weight import gzipped_bytes

EDITOR: Final = "/o/demo/development/flows/customer-onboarding/edit/"
MOST_BYTES: Final = 100_000  # CSS, JS and htmx of the editor at a desk, gzipped
MOST_FILES: Final = 10  # in place of eighty modules and style sheets
LATER: Final = ("editor/outline.", "editor/menu_lists.", "editor/mentions.", "editor/trying.", "settings/designer.")


def test_the_editor_is_light_to_open(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    page.goto(EDITOR)
    expect(page.locator(".editor[data-ready=true]")).to_be_visible()
    weights = gzipped_bytes(page)
    assert len(weights) <= MOST_FILES, f"asked for one by one: {sorted(weights)}"
    assert any("htmx" in path for path in weights)
    assert any("/editor/main." in path for path in weights)
    total = sum(weights.values())
    assert total < MOST_BYTES, f"{total} bytes: {sorted(weights.items(), key=lambda item: -item[1])}"
    assert [path for path in weights if any(name in path for name in LATER)] == []


def test_what_comes_later_misses_no_first_key_and_no_first_click(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    page.goto(EDITOR)
    expect(page.locator(".editor[data-ready=true]")).to_be_visible()
    page.locator("#node-register").focus()
    page.keyboard.press("Shift+F10")
    expect(page.locator("#chooser-title")).to_have_text("Register the customer")
    page.keyboard.press("Escape")
    expect(page.locator("#chooser")).to_be_hidden()
    page.get_by_role("button", name="Outline", exact=True).click()
    expect(page.locator("#outline [data-name] b").first).to_have_text("Start")
    expect(page.locator("#outline .outline-row.is-selected")).to_contain_text("Register the customer")
