"""Notes on the canvas: written, moved, resized and torn off, by mouse and by keys alone."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import Board, ready
from tests.acceptance.browser import sign_in, watched_page
from tests.acceptance.quadrille import Quadrille


def note(board: Board, key: str = "note") -> Locator:
    return board.page.locator(f"[id='note-{key}']")


def middle(element: Locator) -> tuple[float, float]:
    element.wait_for(state="attached")
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def place(board: Board, key: str = "note") -> tuple[int, int]:
    x, y = re.findall(r"-?\d+", note(board, key).get_attribute("transform") or "")
    return int(x), int(y)


def write(board: Board, text: str) -> None:
    area = board.page.locator("#inspector").get_by_label("Text")
    expect(area).to_be_focused()
    area.fill(text)
    area.press("Tab")
    board.saved()


def test_a_note_is_dragged_in_written_moved_resized_and_torn_off(
    board: Board, browser: Browser, server: Quadrille
) -> None:
    page = board.page
    item = page.locator("[data-preset=note]")
    item.scroll_into_view_if_needed()
    canvas = page.locator("#canvas").bounding_box()
    assert canvas is not None
    board.drag(middle(item), (canvas["x"] + 400, canvas["y"] + 300))
    expect(note(board)).to_be_visible()
    write(board, "Ask <b>us</b> & wait\nfor the answer")
    expect(note(board).locator("tspan").first).to_have_text("Ask <b>us</b> & wait")
    expect(note(board)).to_have_accessible_name("Note: Ask <b>us</b> & wait for the answer")

    page.locator("#inspector").get_by_label("Colour").select_option("pink")
    expect(note(board)).to_have_class(re.compile("note-pink"))
    board.saved()

    before = place(board)
    start = middle(note(board).locator(".note-paper"))
    board.drag(start, (start[0] + 48, start[1] + 80))
    board.saved()
    after = place(board)
    assert abs(after[0] - before[0] - 48) <= 8
    assert abs(after[1] - before[1] - 80) <= 8

    corner = middle(page.locator(".corner-se"))
    board.drag(corner, (corner[0] + 64, corner[1] + 32))
    paper = note(board).locator(".note-paper")
    expect(paper).not_to_have_attribute("width", "192")
    board.saved()
    assert abs(int(paper.get_attribute("width") or 0) - 256) <= 8
    assert abs(int(paper.get_attribute("height") or 0) - 128) <= 8
    assert place(board) == after
    assert look_at(page) == []

    with watched_page(browser, server) as (other, _):
        sign_in(other, server, "viewer")
        other.goto(page.url)
        seen = ready(other)
        expect(note(seen)).to_be_visible()
        other.mouse.click(*middle(note(seen)))
        seen.shows("note:note")
        expect(other.locator("#inspector").get_by_label("Text")).not_to_be_editable()

    page.mouse.click(*middle(note(board)))
    page.keyboard.press("Delete")
    expect(note(board)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(note(board)).to_be_visible()


def test_a_note_by_keys_alone(board: Board) -> None:
    page = board.page
    page.locator("#canvas").focus()
    page.keyboard.press("n")
    page.keyboard.type("remark")
    page.keyboard.press("Enter")
    expect(note(board)).to_be_visible()
    write(board, "Runs at night")
    page.locator("#canvas").focus()
    page.keyboard.press("Home")
    expect(note(board)).to_be_focused()
    board.shows("note:note")

    before = place(board)
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowDown")
    page.keyboard.up("Alt")
    board.said("Moved Runs at night")
    board.saved()
    after = place(board)
    assert after[0] - before[0] > 0
    assert after[1] - before[1] == 10 * (after[0] - before[0])

    # Copied with a task, and pasted; duplicated; and taken away again.
    page.keyboard.press("Control+d")
    expect(note(board, "note-2")).to_be_focused()
    board.said("Duplicated Runs at night")
    board.saved()
    page.keyboard.press("Control+x")
    expect(note(board, "note-2")).to_have_count(0)
    board.saved()
    page.keyboard.press("Control+v")
    expect(note(board, "note-2")).to_be_focused()
    expect(note(board, "note-2")).to_have_accessible_name("Note: Runs at night")
    board.saved()
    page.keyboard.press("Delete")
    expect(note(board, "note-2")).to_have_count(0)
    board.saved()
    page.keyboard.press("Home")
    expect(note(board)).to_be_focused()

    page.keyboard.press("c")
    expect(page.locator("#toasts")).to_contain_text("Nothing leads to or from a note.")
    expect(note(board)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#inspector").get_by_label("Text")).to_be_focused()

    page.get_by_role("button", name="Outline").click()
    row = page.locator(".outline-note")
    expect(row).to_contain_text("Note: Runs at night")
    row.get_by_role("button", name="Runs at night").first.focus()
    page.keyboard.press("Delete")
    expect(row).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(row).to_have_count(1)
