"""Dragging on the canvas: what it snaps to, what goes along, and what waits for its end."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import httpx
from playwright.sync_api import Locator, Page, Route, expect

from tests.acceptance.board import PLACE, Board, ready
from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille


def test_what_is_dragged_snaps_to_what_stands_around(board: Board) -> None:
    page = board.page
    board.add("noop", (220, 120))
    board.add("delay", (560, 300))
    top, place = board.middle("junction")[1], board.middle("delay")
    page.mouse.move(*place)
    page.mouse.down()
    page.mouse.move(place[0], top + 20, steps=4)
    page.mouse.move(place[0] + 3, top + 5, steps=2)
    expect(page.locator(".guide")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".guide")).to_have_count(0)
    board.comes_to("delay", (place[0] + 3, top))
    assert abs(board.middle("delay")[1] - top) < 0.6


def test_nudges_add_up_while_earlier_ones_are_on_their_way(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 200))
    before = board.middle("junction")
    board.select("junction")
    held: list[Route] = []
    page.route("**/edit/edits", lambda route: held.append(route), times=1)
    for number in range(1, 4):
        page.keyboard.press("Alt+ArrowRight")
        board.comes_to("junction", (before[0] + 8 * number, before[1]))
    while not held:
        page.wait_for_timeout(20)  # lets the browser's messages in
    assert len(held) == 1, "the others wait until the first is answered"
    held[0].continue_()
    board.saved()
    board.comes_to("junction", (before[0] + 24, before[1]))


def test_several_are_selected_with_the_band_and_move_together(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 200))
    board.add("noop", (300, 320))
    canvas = page.locator("#canvas").bounding_box()
    assert canvas is not None
    board.drag((canvas["x"] + 190, canvas["y"] + 150), (canvas["x"] + 520, canvas["y"] + 400))
    expect(page.locator(".is-selected")).to_have_count(2)
    expect(page.locator("#inspector")).to_contain_text("2 things")
    before = board.middle("junction_2")
    start = board.middle("junction")
    board.drag(start, (start[0] + 80, start[1]))
    board.saved()
    assert abs(board.middle("junction_2")[0] - before[0] - 80) <= 8


def test_an_edge_between_two_that_are_dragged_is_carried_along(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 160))
    board.add("noop", (560, 260))
    board.connect("junction", "junction_2")
    board.saved()
    board.select("junction")
    with page.expect_response(lambda response: "/inspector" in response.url):
        page.keyboard.press("Control+a")
    line = board.edges().locator(".edge-line")
    start, before = board.middle("junction"), points_of(line)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 60, start[1] + 90, steps=4)
    shown(page)
    moved = [(x - a, y - b) for (x, y), (a, b) in zip(points_of(line), before, strict=True)]
    assert moved[0] != (0, 0)
    assert all(abs(x - moved[0][0]) < 0.2 and abs(y - moved[0][1]) < 0.2 for x, y in moved), moved
    page.mouse.up()
    board.saved()
    shown(page)
    after = [(x - a, y - b) for (x, y), (a, b) in zip(points_of(line), before, strict=True)]
    assert all(abs(x - after[0][0]) < 0.2 and abs(y - after[0][1]) < 0.2 for x, y in after), after


def test_nothing_is_asked_of_the_server_during_a_drag(page: Page, server: Quadrille) -> None:
    """On a page that has just been opened: a form, or lists that nobody has opened, would take its frames' time."""
    sign_in(page, server, "designer")
    page.goto("/o/demo/development/flows/customer-onboarding/edit/", wait_until="load")
    expect(page.locator(".editor[data-ready=true]")).to_be_visible()
    card = page.locator("#node-register")
    box = card.locator(".card").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.mouse.down()
    page.mouse.move(x + 40, y + 120, steps=8)
    shown(page)
    page.wait_for_timeout(300)  # what was asked for would have been heard of
    expect(card).to_have_class(re.compile(r"\bis-selected\b"))
    assert asked == []
    page.mouse.up()
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "register")
    assert any("/menu_lists." in url for url in asked), "the lists come before a key asks for them"


def test_a_press_selects_before_anything_moves(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 160))
    board.add("noop", (560, 260))
    page.keyboard.press("Escape")
    page.mouse.move(*board.middle("junction"))
    page.mouse.down()
    expect(board.card("junction")).to_have_class(re.compile("is-selected"))
    page.mouse.up()
    page.keyboard.down("Shift")
    page.mouse.move(*board.middle("junction_2"))
    page.mouse.down()
    expect(board.card("junction_2")).not_to_have_class(re.compile("is-selected"))
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator(".node.is-selected")).to_have_count(2)


def test_a_ring_is_for_keys_not_for_the_mouse(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 160))
    board.add("noop", (560, 260))
    board.connect("junction", "junction_2")
    board.saved()
    with_ring, without = "0.75", "0.4"  # what is only selected has a paler one
    page.mouse.click(*board.middle("junction"))
    expect(board.card("junction").locator(".halo")).to_have_css("stroke-opacity", without)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(board.card("junction_2")).to_be_focused()
    expect(board.card("junction_2").locator(".halo")).to_have_css("stroke-opacity", with_ring)
    page.mouse.click(*board.middle("junction_2"))
    expect(board.card("junction_2").locator(".halo")).to_have_css("stroke-opacity", without)


def test_what_is_dragged_has_a_shadow_that_paints_nothing_else_anew(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 160))
    start = board.middle("junction")
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 60, start[1] + 90, steps=4)
    lifted = page.locator(".is-lifted")
    expect(lifted).to_have_count(1)
    assert lifted.evaluate("card => getComputedStyle(card).filter") == "none"
    assert float(lifted.locator(".halo").evaluate("halo => getComputedStyle(halo).strokeWidth").removesuffix("px")) > 4
    assert page.locator(".drag-cover").evaluate("cover => getComputedStyle(cover).fill") == "none"
    under = "at => getComputedStyle(document.elementFromPoint(...at)).cursor"
    assert page.evaluate(under, [start[0] + 60, start[1] + 90]) == "move"
    page.mouse.up()
    expect(lifted).to_have_count(0)


def test_a_press_styles_what_it_is_about_not_the_whole_picture(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    keys = [f"step_{number}" for number in range(40)]
    tasks = [
        {"key": key, "name": key, "kind": "noop", "at": [200 + 200 * (n % 8), 80 + 96 * (n // 8)]}
        for n, key in enumerate(keys)
    ]
    edges = [{"from": one, "to": other} for one, other in pairwise(keys)]
    document = {"format": 1, "key": "many-presses", "name": "Many presses", "tasks": tasks, "edges": edges}
    api.post("/flows", json=document).raise_for_status()
    sign_in(page, server, "designer")
    page.goto(f"{PLACE}/flows/many-presses/edit/")
    board = ready(page)
    page.mouse.move(*board.middle("step_9"))
    shown(page)
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.mouse.down()
    shown(page)
    trace = json.loads(browser.stop_tracing())
    page.mouse.up()
    expect(board.card("step_9")).to_have_class(re.compile("is-selected"))
    styled = [event["args"]["elementCount"] for event in trace["traceEvents"] if event["name"] == "UpdateLayoutTree"]
    assert styled, "the press was not traced"
    assert max(styled) < len(keys), f"elements styled anew, each time: {styled}"


def points_of(line: Locator) -> list[tuple[float, float]]:
    """The points of an edge's path."""
    numbers = [float(found) for found in re.findall(r"-?[\d.]+", line.get_attribute("d") or "")]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def shown(page: Page) -> None:
    """Wait until what has come to the page is on the screen."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
