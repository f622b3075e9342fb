"""What somebody who listens is told, and where the keyboard is afterwards."""

from __future__ import annotations

from typing import Final

import httpx
from playwright.sync_api import Page, expect

from tests.acceptance.board import Board
from tests.acceptance.browser import Watch, sign_in
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_steering import ASK, flow_of, publish, start

FLOWS: Final = "/o/demo/development/flows/"
INBOX: Final = "/o/demo/development/inbox/"
FORM: Final = {
    "type": "object",
    "properties": {"answer": {"type": "string", "title": "Answer"}},
    "required": ["answer"],
}


def test_a_refused_form_leads_to_the_field_and_a_completed_one_to_the_task(
    page: Page, watch: Watch, server: Quadrille, api: httpx.Client
) -> None:
    watch.expected_errors.append("422")
    publish(api, flow_of("heard-form", ASK | {"settings": {"form": FORM}}))
    start(api, "heard-form", "heard-1")
    sign_in(page, server, "designer")
    page.goto(INBOX)
    row = page.locator(".task-row", has_text="heard-1")
    expect(row.get_by_role("button", name="Claim")).to_have_accessible_name("Claim Ask of heard-1")
    row.get_by_role("link", name="Open").click()
    complete = page.get_by_role("button", name="Complete", exact=True)
    complete.focus()
    page.keyboard.press("Enter")
    answer = page.get_by_label("Answer", exact=True)
    expect(answer).to_have_attribute("aria-invalid", "true")
    expect(answer).to_be_focused()
    page.keyboard.type("Yes")
    complete.focus()
    page.keyboard.press("Enter")
    expect(complete).to_have_count(0)
    expect(page.get_by_role("heading", name="Ask", exact=True)).to_be_focused()


def test_a_switch_stays_the_one_that_has_the_keyboard(page: Page, server: Quadrille, api: httpx.Client) -> None:
    publish(api, flow_of("heard-switch", ASK))
    sign_in(page, server, "designer")
    page.goto(f"{FLOWS}?q=heard-switch")
    switch = page.get_by_role("switch")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.evaluate("(button) => { button.isTheSame = true; }")
    switch.focus()
    for state in ("false", "true"):
        page.keyboard.press("Space")
        expect(switch).to_have_attribute("aria-checked", state)
        expect(switch).to_be_focused()
    assert switch.evaluate("(button) => button.isTheSame"), "its state is only read out where it stays the same element"


def test_the_search_of_the_palette_says_what_it_found(board: Board) -> None:
    page = board.page
    page.get_by_label("Find something to add").focus()
    page.keyboard.type("junction")
    board.said("1 found. Enter adds Junction")
    page.keyboard.press("Enter")
    expect(board.card("junction")).to_be_focused()
    board.said("Added Junction")


def test_what_was_said_is_not_said_again_behind_a_dialog(board: Board) -> None:
    page = board.page
    page.locator("[data-preset=noop]").press("Enter")
    board.said("Added Junction")
    board.saved()
    page.locator("#canvas").focus()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    expect(page.locator("#live")).to_have_text("")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    expect(page.locator("#live")).to_have_text("")
