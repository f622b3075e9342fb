"""What one draws with: copies that are dragged off, loops, edges that are parted, names that are typed at once."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.board import Board, middle_of, open_new
from tests.acceptance.browser import sign_in, watched_page
from tests.acceptance.holding import held_up
from tests.acceptance.quadrille import Quadrille


def first(board: Board) -> Locator:
    """What Enter would take of the list that is open."""
    return board.page.locator("#chooser [role=option][aria-selected=true]")


def test_a_drag_with_alt_leaves_what_is_dragged_and_drops_a_copy(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 160))
    board.add("delay", (520, 160))
    board.connect("junction", "delay")
    expect(board.edges()).to_have_count(1)
    board.saved()
    board.select("junction")
    page.keyboard.down("Shift")
    page.mouse.click(*board.middle("delay"))
    page.keyboard.up("Shift")
    before = board.middle("junction")
    page.keyboard.down("Alt")
    page.mouse.move(*before)
    page.mouse.down()
    page.mouse.move(before[0], before[1] + 100, steps=4)
    expect(page.locator("#canvas .copies")).to_have_count(1)
    page.mouse.move(before[0], before[1] + 200, steps=4)
    page.mouse.up()
    page.keyboard.up("Alt")
    expect(board.card("junction-2")).to_be_visible()
    board.saved()
    expect(page.locator("#canvas .copies")).to_have_count(0)
    expect(board.edges()).to_have_count(2)
    board.comes_to("junction", before)
    board.comes_to("junction-2", (before[0], before[1] + 200))
    board.said("Duplicated 2 things")

    # A phase by its title, with what is in it.
    page.keyboard.press("g")
    expect(page.locator("#phase-phase")).to_be_visible()
    board.saved()
    title = middle_of(page.locator("#phase-phase .phase-name"))
    page.keyboard.down("Alt")
    board.drag(title, (title[0], title[1] + 240))
    page.keyboard.up("Alt")
    expect(page.locator("[id='phase-phase-2']")).to_be_visible()
    expect(page.locator("#graph-nodes > .node[data-task]")).to_have_count(6)
    page.keyboard.press("Control+z")
    expect(page.locator("[id='phase-phase-2']")).to_have_count(0)


def test_a_double_click_on_an_edge_asks_what_goes_in_between(board: Board) -> None:
    page = board.page
    board.add("noop", (120, 240))
    board.add("delay", (700, 240))
    board.connect("junction", "delay")
    expect(board.edges()).to_have_count(1)
    board.saved()
    ends = board.middle("junction"), board.middle("delay")
    middle = ((ends[0][0] + ends[1][0]) / 2, ends[0][1])
    page.mouse.dblclick(*middle)
    expect(page.locator("#chooser-title")).to_have_text("Add between Junction and Delay")
    page.keyboard.type("decision")
    page.keyboard.press("Enter")
    expect(page.locator("[id^='edge-junction~decision']")).to_have_count(1)
    expect(page.locator("[id^='edge-decision~delay']")).to_have_count(1)
    board.saved()
    page.mouse.dblclick(*board.middle("junction"))  # of a task it opens the form
    expect(page.get_by_label("Name (required)")).to_be_focused()
    board.shows("junction")
    x, y = board.middle("decision")
    assert abs(x - middle[0]) <= 24
    assert abs(y - middle[1]) <= 12


def test_a_press_on_a_handle_offers_to_add_and_to_connect(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 160))
    board.add("delay", (300, 340))
    page.mouse.click(*board.handle("junction"))
    expect(page.locator("#chooser-title")).to_have_text("What comes next?")
    page.keyboard.type("connect to delay")
    expect(first(board)).to_contain_text("Connect to Delay")
    expect(board.card("delay")).to_have_class(re.compile("is-pointed"))
    page.keyboard.press("Enter")
    expect(page.locator("[id^='edge-junction~delay']")).to_have_count(1)
    board.saved()
    page.mouse.click(*board.handle("junction"))
    page.keyboard.type("decision")
    page.keyboard.press("Enter")
    expect(page.locator("[id^='edge-junction~decision']")).to_have_count(1)
    board.saved()
    boxes = [board.card(key).locator(".card").bounding_box() for key in ("junction", "decision")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[1]["x"] > boxes[0]["x"] + boxes[0]["width"]  # beside it, not on it


def test_an_edge_that_leads_back_from_a_decision_becomes_a_loop(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 200))
    board.add("decision", (560, 200))
    board.connect("junction", "decision")
    board.saved()
    board.select("decision")
    page.get_by_role("button", name="Branch", exact=True).click()
    name = page.get_by_label("Name of the branch")
    expect(name).to_be_focused()  # ready to be called something
    page.keyboard.type("once more")
    page.keyboard.press("Enter")
    board.saved()
    start, end = board.handle("decision"), board.middle("junction")
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0], start[1] - 80, steps=4)
    page.mouse.move(*end, steps=4)
    expect(page.locator("#canvas-hint")).to_contain_text("goes round again")
    page.mouse.up()
    expect(page.locator("#chooser-title")).to_have_text("Which branch goes round again?")
    page.keyboard.type("once")
    page.keyboard.press("Enter")
    expect(page.locator("[id^='edge-decision~junction']")).to_contain_text("once more, ≤ 10×")
    board.said("Decision now goes round again from Junction, at most 10 times")
    board.saved()

    # Another way back there cannot be, so that “otherwise” is not offered where it would be refused.
    page.keyboard.press("Control+z")
    expect(page.locator("[id^='edge-decision~junction']")).to_have_count(0)
    board.saved()
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("[id^='edge-decision~junction']")).to_have_count(1)
    board.saved()
    edge = page.locator("[id^='edge-decision~junction']")
    edge.focus()
    page.keyboard.press("Delete")
    expect(edge).to_have_count(0)
    board.saved()
    board.connect("decision", "junction")
    expect(edge).to_have_count(1)
    expect(page.locator("#chooser")).to_be_hidden()


def test_a_name_typed_before_its_field_comes_is_stored_and_the_next_key_is_for_the_canvas(board: Board) -> None:
    page, press = board.page, board.page.keyboard.press
    board.add("noop", (300, 200))
    press("Escape")
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "")
    with held_up(page, re.compile(r"/edit/inspector\?subject=junction")) as answer:
        board.card("junction").focus()
        press("F2")
        page.keyboard.type("Meet")
        press("Enter")
        press("Escape")
        press("a")
        page.keyboard.type("delay")
        press("Enter")
        expect(board.card("delay")).to_be_visible()
        answer()
    expect(board.card("junction")).to_contain_text("Meet")
    expect(board.card("junction")).not_to_contain_text("Meeta")
    board.saved()
    expect(board.edges()).to_have_count(1)


def test_a_name_is_stored_once_though_enter_and_leaving_the_field_both_say_it(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 200))
    board.select("junction")
    stored: list[str] = []
    page.on("request", lambda request: stored.append(request.url) if request.url.endswith("/edit/fields") else None)
    field = page.get_by_label("Name (required)")
    field.fill("Meet")
    with held_up(page, re.compile(r"/edit/fields")) as answer:
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        answer()
    expect(board.card("junction")).to_contain_text("Meet")
    board.saved()
    assert len(stored) == 1
    board.said("Renamed Junction to Meet")


def test_a_card_that_grows_with_its_name_stays_in_sight(board: Board) -> None:
    page = board.page
    sheet = page.locator("#canvas").bounding_box()
    assert sheet is not None
    board.add("noop", (sheet["width"] - 90, 160))
    card = board.card("junction").locator(".card")
    before = card.bounding_box()
    page.get_by_label("Name (required)").fill("Everybody has answered, or time is up")
    page.keyboard.press("Enter")
    expect(board.card("junction")).to_contain_text("Everybody")
    board.saved()
    after = card.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > before["width"] + 60
    assert after["x"] + after["width"] < sheet["x"] + sheet["width"]


def test_what_is_called_so_comes_before_what_only_speaks_of_it(board: Board) -> None:
    page = board.page
    page.locator("#canvas").focus()
    page.keyboard.press("Home")
    page.keyboard.press("a")
    page.keyboard.type("wait for")
    expect(first(board)).to_contain_text("Wait for event")  # a manual task waits for a person
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("wait for")
    expect(page.locator(".palette-item.is-best")).to_have_attribute("data-preset", "wait_event")
    page.keyboard.press("Enter")
    expect(board.card("wait_for_event")).to_be_visible()


def test_at_200_percent_the_form_leaves_in_sight_what_it_is_about(browser: Browser, server: Quadrille) -> None:
    with watched_page(browser, server, size=(720, 450)) as (page, _):
        sign_in(page, server, "designer")
        board = open_new(page, "The form at 200 percent")
        page.locator("#canvas").focus()
        page.keyboard.press("a")
        page.keyboard.type("junction")
        page.keyboard.press("Enter")
        expect(board.card("junction")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Name (required)")).to_be_focused()
        card = board.card("junction").locator(".card").bounding_box()
        sheet = page.locator(".inspector").bounding_box()
        assert card is not None
        assert sheet is not None
        assert card["y"] + card["height"] <= sheet["y"]


def test_a_refusal_does_not_lie_over_the_form(board: Board) -> None:
    page = board.page
    page.locator("#canvas").focus()
    page.keyboard.press("Home")
    page.keyboard.press("F2")
    toast = page.locator("#toasts .toast")
    expect(toast).to_be_visible()
    boxes = toast.bounding_box(), page.locator(".inspector").bounding_box()
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
