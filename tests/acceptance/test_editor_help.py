"""What the editor says and does where something takes long, is not there, or was reached another way than usual."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from designer.rendering.theme import colour
from tests.acceptance.board import Board
from tests.acceptance.browser import Watch
from tests.acceptance.holding import held_up

LISTS = re.compile(r"/menu_lists\.")
PASTES = re.compile(r"/edit/paste$")


def _put_into_clipboard(board: Board, count: int) -> None:
    tasks = [
        {"key": f"t{number}", "name": f"T {number}", "kind": "noop", "at": [number * 240, 0]} for number in range(count)
    ]
    board.page.evaluate("text => navigator.clipboard.writeText(text)", json.dumps({"format": 1, "tasks": tasks}))
    board.page.locator("#canvas").focus()


def test_a_long_paste_is_spoken_of_at_once(board: Board) -> None:
    page, words = board.page, board.page.locator("#canvas-hint")
    _put_into_clipboard(board, 120)
    with held_up(page, PASTES) as hand_over:
        with page.expect_request(PASTES):
            page.keyboard.press("Control+v")
        expect(words).to_have_text("Pasting 120 things…")
        board.said("Pasting 120 things…")
        hand_over()
        board.said("Pasted 120 things")
    expect(words).to_be_hidden()
    board.saved()


def test_more_tasks_than_a_flow_may_have_are_refused_before_they_are_sent(board: Board) -> None:
    page, asked = board.page, list[str]()
    page.on("request", lambda request: PASTES.search(request.url) and asked.append(request.url))
    board.add("noop", (300, 200))
    _put_into_clipboard(board, 5_000)
    page.keyboard.press("Control+v")
    expect(page.locator("#toasts")).to_contain_text(
        "A flow has at most 5,000 tasks: this one has 1, and 5,000 are to be pasted."
    )
    assert asked == []


def test_a_menu_that_cannot_be_loaded_says_so_and_opens_later(board: Board, watch: Watch) -> None:
    watch.expected_errors.append("Failed to load resource")
    page = board.page
    page.reload()
    page.locator(".editor[data-ready=true]").wait_for()
    page.route(LISTS, lambda route: route.abort())
    page.locator("#node-trigger").focus()
    page.keyboard.press("Shift+F10")
    expect(page.locator("#toasts")).to_contain_text("The menu could not be loaded.")
    page.unroute(LISTS)
    page.keyboard.press("Shift+F10")
    expect(page.locator("#chooser")).to_be_visible()


def test_the_next_key_is_about_what_has_the_focus_however_it_came_there(board: Board) -> None:
    page = board.page
    board.add("noop", (260, 160))
    board.add("delay", (560, 320))
    board.select("junction")
    page.locator("#node-delay").focus()  # as a screen reader does
    expect(page.locator("#node-junction")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Delete")
    expect(board.card("delay")).to_have_count(0)
    expect(board.card("junction")).to_be_visible()
    board.saved()
    page.locator("#node-trigger").focus()
    page.keyboard.press("Control+a")  # chosen since: this is what the next key is about
    page.keyboard.press("Delete")
    expect(board.card("junction")).to_have_count(0)


def test_a_note_has_its_colour_in_the_small_map_too(board: Board) -> None:
    page = board.page
    item = page.locator("[data-preset=note]")
    item.scroll_into_view_if_needed()
    item.click()
    expect(page.locator("#note-note")).to_be_visible()
    for name in ("Blue", "Green", "Pink", "Grey", "Yellow"):
        page.locator("#inspector").get_by_label("Colour").select_option(label=name)
        token = "note" if name == "Yellow" else f"note-{name.lower()}"
        red, green, blue = bytes.fromhex(colour(token).removeprefix("#"))
        for paper in (".minimap-note", "#note-note .note-paper"):
            expect(page.locator(paper)).to_have_css("fill", f"rgb({red}, {green}, {blue})")
