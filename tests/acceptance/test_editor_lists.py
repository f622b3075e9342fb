"""The editor's lists: what is found in them, and what is done from them."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.acceptance.board import Board, middle_of


def test_something_is_found_by_its_name(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 200))
    board.add("delay", (520, 200))
    page.keyboard.press("Control+f")
    page.keyboard.type("dela")
    page.keyboard.press("Enter")
    expect(board.card("delay")).to_be_focused()
    expect(board.card("delay")).to_have_class(re.compile("is-selected"))
    page.keyboard.press("Control+f")
    expect(page.locator("#chooser-list").get_by_role("option").first).to_have_text("Starttrigger")
    page.keyboard.type("junc")
    page.keyboard.press("Escape")
    expect(page.locator("#chooser")).to_be_hidden()
    expect(board.card("delay")).to_be_focused()


def test_a_list_that_opens_as_another_closes_is_worked_with(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 200))
    board.add("delay", (520, 200))
    page.keyboard.press("Control+f")
    page.keyboard.type("dela")
    # In one turn of the browser, which tells of the first closing only afterwards.
    page.evaluate("""() => {
      for (const init of [{ key: "Enter" }, { key: "f", ctrlKey: true }]) {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, ...init }));
      }
    }""")
    page.keyboard.type("junc")
    expect(page.locator("#chooser-list").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#chooser")).to_be_hidden()
    expect(board.card("junction")).to_be_focused()


def test_something_is_found_by_what_is_set_on_it(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 200))
    board.add("delay", (520, 200))
    page.get_by_label("For", exact=True).fill("3 days")
    page.get_by_label("For", exact=True).blur()
    board.saved()
    page.locator("#canvas").focus()
    page.keyboard.press("Control+f")
    page.keyboard.type("for: 3 d")
    expect(page.locator("#chooser-list").get_by_role("option")).to_have_text(re.compile("Delay.*for: 3 days"))
    page.keyboard.press("Enter")
    expect(board.card("delay")).to_be_focused()


def test_the_right_button_and_a_long_press_list_what_can_be_done(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 200))
    page.mouse.click(*board.middle("junction"), button="right")
    expect(page.locator("#chooser-title")).to_have_text("Junction")
    page.locator("#chooser-list").get_by_role("option", name="Duplicate").click()
    expect(page.locator("#graph-nodes > .node")).to_have_count(2)
    place = board.middle("junction")
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": place[0], "y": place[1]}]})
    expect(page.locator("#chooser")).to_be_visible()
    expect(page.locator("#chooser-title")).to_have_text("Junction")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    option = page.locator("#chooser-list").get_by_role("option", name="Duplicate")
    place = middle_of(option)  # the list outlives the lift of the finger that it came for
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": place[0], "y": place[1]}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#graph-nodes > .node")).to_have_count(3)
    page.mouse.click(700, 600, button="right")
    expect(page.locator("#chooser-title")).to_have_text("Here")
    page.keyboard.type("delay")
    page.keyboard.press("Enter")
    expect(board.card("delay")).to_be_visible()


def test_everything_is_done_by_its_name(board: Board) -> None:
    page, press = board.page, board.page.keyboard.press
    heading = page.get_by_role("heading", name="Do what?")

    def do(words: str) -> None:
        press("Control+k")
        expect(heading).to_be_visible()
        page.keyboard.type(words)
        press("Enter")
        expect(heading).to_be_hidden()

    press("Control+k")
    expect(heading).to_be_visible()
    # Nothing is selected: there is nothing to delete.
    expect(page.locator("#chooser-list").get_by_role("option").filter(has_text="Delete")).to_have_count(0)
    page.keyboard.type("show everything")
    press("Enter")
    expect(heading).to_be_hidden()
    board.card("trigger").focus()
    do("add delay")
    expect(board.card("delay")).to_be_focused()
    board.shows("delay")
    expect(board.edges()).to_have_count(1)
    do("delay: duplicate")
    expect(board.card("delay-2")).to_be_visible()
    board.saved()
    do("undo")
    expect(board.card("delay-2")).to_have_count(0)
    board.saved()
    do("outline")
    expect(page.locator("#outline")).to_be_visible()
    do("keys and gestures")
    expect(page.locator("#shortcuts")).to_be_visible()
    press("Escape")
    do("versions")
    page.wait_for_url("**/versions/")
