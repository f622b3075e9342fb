"""The editor by keys alone, for viewers, on a phone, with assistive technology."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import Board, open_new, ready
from tests.acceptance.browser import PHONE, sign_in, watched_page
from tests.acceptance.holding import held_up
from tests.acceptance.quadrille import Quadrille


def test_a_flow_is_drawn_with_the_keys_alone(board: Board) -> None:
    page, press = board.page, board.page.keyboard.press
    page.locator("#canvas").focus()
    press("Home")
    assert board.focused() == "node-trigger"
    for words, key in (("set values", "set_values"), ("decision", "decision")):
        press("n")
        page.keyboard.type(words)
        press("Enter")
        expect(board.card(key)).to_be_focused()
    expect(board.edges()).to_have_count(2)
    board.said("Added Decision after Set values")
    board.shows("decision")

    press("F2")
    page.keyboard.type("Large?")
    press("Enter")
    expect(board.card("decision")).to_contain_text("Large?")
    press("Escape")
    expect(board.card("decision")).to_be_focused()
    press("ArrowLeft")
    expect(board.card("set_values")).to_be_focused()
    press("ArrowRight")

    before = board.middle("decision")
    for _ in range(3):
        press("Alt+ArrowDown")
    board.said("Moved Large?")
    board.comes_to("decision", (before[0], before[1] + 24))
    expect(board.card("decision")).to_be_focused()

    press("n")
    page.keyboard.type("junction")
    press("Enter")
    expect(board.card("junction")).to_be_focused()
    press("ArrowLeft")
    press("e")
    assert board.focused().startswith("edge-decision~junction")
    press("Delete")
    expect(board.edges()).to_have_count(2)
    expect(board.card("decision")).to_be_focused()
    with held_up(page, re.compile(r"/edit/targets")) as answer:
        press("c")
        page.keyboard.type("junktion")  # ahead of the list, of which every letter would be a command
        for _ in "ktion":
            press("Backspace")
        page.keyboard.type("ction")
        press("Enter")
        assert board.focused() == "node-decision"
        answer()
        expect(board.edges()).to_have_count(3)
    board.saved()
    press("ArrowLeft")
    press("e")
    assert board.focused().startswith("edge-set_values~decision")
    press("c")  # an edge is led elsewhere
    page.keyboard.type("junction")
    press("Enter")
    board.said("Now leads from Set values to Junction")
    expect(page.locator("[id^='edge-set_values~junction']")).to_be_focused()
    press("Shift+c")  # and starts elsewhere
    expect(page.locator("#chooser-title")).to_have_text("Start from…")
    expect(page.locator("#chooser [role=option]", has_text="Junction")).to_have_count(0)
    page.keyboard.type("start")
    press("Enter")
    board.said("Now leads from Start to Junction")
    expect(page.locator("[id^='edge-trigger~junction']")).to_be_focused()
    press("Control+z")
    expect(page.locator("[id^='edge-set_values~junction']")).to_have_count(1)
    board.saved()
    press("Control+z")
    expect(page.locator("[id^='edge-set_values~decision']")).to_have_count(1)
    board.saved()
    press("Control+a")
    press("g")
    expect(page.locator("#phase-phase")).to_be_focused()
    press("Control+z")
    expect(page.locator("#phase-phase")).to_have_count(0)
    press("Control+Shift+z")
    expect(page.locator("#phase-phase")).to_have_count(1)
    press("?")
    expect(page.get_by_role("heading", name="Keys and gestures")).to_be_visible()
    press("Escape")
    press("Control+s")
    expect(page.locator("#toasts")).to_contain_text("Every change is saved as you make it.")


def test_the_keys_of_a_page_just_opened_are_for_the_flow(board: Board) -> None:
    page, press = board.page, board.page.keyboard.press
    board.add("noop", (300, 200))
    page.reload()
    ready(page)
    press("Home")
    expect(board.card("trigger")).to_be_focused()
    press("ArrowRight")
    expect(board.card("junction")).to_be_focused()

    # The start has no name; nor does walking through the kinds of trigger add one.
    press("Home")
    press("F2")
    expect(page.locator("#toasts")).to_contain_text("The start has no name of its own.")
    press("F2")
    expect(page.locator("#toasts .toast")).to_have_count(1)
    expect(board.card("trigger")).to_be_focused()
    page.locator("#inspector[data-subject=trigger]").wait_for()  # the form of the flow has that list, too
    kinds = page.get_by_label("Add a trigger")
    kinds.focus()
    press("ArrowDown")
    press("ArrowDown")
    press("ArrowDown")
    expect(kinds).to_have_value("cron")
    triggers = page.locator("#inspector [data-key^=trigger-][data-group]")
    expect(triggers).to_have_count(0)
    press("Tab")
    press("Enter")
    expect(triggers).to_have_count(1)
    expect(triggers).to_contain_text("Schedule")
    board.saved()

    # The link at the top of the page leads past the palette, whichever view is open.
    page.reload()
    ready(page)
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the flow")).to_be_focused()
    press("Enter")
    press("End")
    expect(board.card("junction")).to_be_focused()
    page.get_by_role("button", name="Outline", exact=True).click()
    page.reload()
    ready(page)
    press("ArrowDown")
    expect(page.locator("#outline [data-name]").first).to_be_focused()


def test_viewers_see_and_cannot_change(board: Board, browser: Browser, server: Quadrille) -> None:
    board.add("noop", (300, 200))
    with watched_page(browser, server) as (page, _):
        sign_in(page, server, "viewer")
        page.goto(board.page.url)
        seen = ready(page)
        expect(page.get_by_text("read only")).to_be_visible()
        expect(page.locator(".palette")).to_have_count(0)
        before = seen.middle("junction")
        seen.drag(before, (before[0] + 80, before[1] + 80))
        assert seen.middle("junction") == before
        page.keyboard.press("Delete")
        expect(seen.card("junction")).to_be_visible()
        expect(page.locator("#inspector").get_by_label("Name")).not_to_be_editable()


def test_on_a_phone_the_palette_and_the_inspector_are_drawers(browser: Browser, server: Quadrille) -> None:
    with watched_page(browser, server, size=PHONE) as (page, _):
        sign_in(page, server, "designer")
        board = open_new(page, "On a phone")
        page.get_by_role("button", name="Canvas", exact=True).click()
        page.locator("[data-act=side][data-side=palette]").click()
        page.locator("[data-preset=delay]").click()
        expect(board.card("delay")).to_be_visible()
        expect(board.edges()).to_have_count(1)  # the first task follows the start
        expect(page.locator(".palette")).to_be_hidden()
        page.locator("[data-act=side][data-side=inspector]").click()
        page.get_by_label("For", exact=True).fill("2 days")
        page.get_by_label("For", exact=True).blur()
        expect(board.card("delay")).to_contain_text("2 d")
        page.get_by_role("button", name="Close the inspector").click()
        expect(page.locator(".inspector")).to_be_hidden()


@pytest.mark.parametrize("state", ["empty", "drawn"])
def test_the_editor_is_accessible(board: Board, state: str) -> None:
    page = board.page
    if state == "drawn":
        board.add("decision", (240, 220))
        board.add("manual", (560, 120))
        board.connect("decision", "manual_task")
        page.locator("[data-preset=phase]").click()
        expect(page.locator("#phase-phase")).to_be_visible()
        board.select("decision")
        page.locator("#inspector").get_by_role("button", name="Branch", exact=True).click()
        expect(page.get_by_label("Name of the branch")).to_be_visible()
        page.locator(".problems-head").click()
    found = look_at(page)
    assert not found, "\n".join(found)
