"""The canvas under fingers and a pen, and the editor where there is little room or a key would be in the way."""

from __future__ import annotations

import re
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.acceptance.board import PLACE, Board, middle_of, open_made, open_new, ready
from tests.acceptance.browser import PHONE, sign_in, watched_page
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_steering import automation, flow_of

Spot = tuple[float, float]


class Fingers:
    """Fingers on the glass, as the browser reports them: through its own input, so that gestures are what they are."""

    def __init__(self, page: Page) -> None:
        self._input: CDPSession = page.context.new_cdp_session(page)

    def put(self, *spots: Spot) -> None:
        self._send("touchStart", spots)

    def move(self, *spots: Spot) -> None:
        self._send("touchMove", spots)

    def lift(self) -> None:
        self._send("touchEnd", ())

    def drag(self, start: Spot, end: Spot) -> None:
        """One finger, in steps."""
        self.put(start)
        for step in range(1, 9):
            self.move((start[0] + (end[0] - start[0]) * step / 8, start[1] + (end[1] - start[1]) * step / 8))
        self.lift()

    def _send(self, kind: str, spots: tuple[Spot, ...]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(spots)]
        self._input.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def _draw(page: Page, start: Spot, end: Spot) -> None:
    """A stroke with a pen."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, spot: Spot, buttons: int) -> None:
        event = {"type": kind, "x": spot[0], "y": spot[1], "buttons": buttons, "pointerType": "pen"}
        button = {"button": "left", "clickCount": 1} if kind != "mouseMoved" else {"button": "none"}
        session.send("Input.dispatchMouseEvent", event | button)

    send("mouseMoved", start, 0)
    send("mousePressed", start, 1)
    for step in range(1, 9):
        send("mouseMoved", (start[0] + (end[0] - start[0]) * step / 8, start[1] + (end[1] - start[1]) * step / 8), 1)
    send("mouseReleased", end, 0)


@pytest.fixture
def board(page: Page, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Board:
    """The editor with two tasks, one beside the other."""
    sign_in(page, server, "designer")
    board = open_made(page, api, request.node.name.replace("_", " "))
    board.add("noop", (240, 160))
    board.add("delay", (620, 320))
    return board


def test_two_fingers_zoom_around_the_place_between_them(board: Board) -> None:
    page, fingers = board.page, Fingers(board.page)
    a, b = board.middle("junction"), board.middle("delay")
    fingers.put(a, b)
    for step in range(1, 7):  # apart, by a fifth at each end; the middle stays
        by = ((b[0] - a[0]) * 0.2 * step / 6, (b[1] - a[1]) * 0.2 * step / 6)
        fingers.move((a[0] - by[0], a[1] - by[1]), (b[0] + by[0], b[1] + by[1]))
    board.comes_to("junction", (a[0] - (b[0] - a[0]) * 0.2, a[1] - (b[1] - a[1]) * 0.2))
    board.comes_to("delay", (b[0] + (b[0] - a[0]) * 0.2, b[1] + (b[1] - a[1]) * 0.2))
    fingers.lift()
    expect(page.locator("#chooser")).to_be_hidden()
    undo = page.locator("#draft-history [data-act=undo]")
    assert "Moved" not in (undo.get_attribute("title") or ""), "a pinch moves no task"


def test_one_finger_on_paper_moves_the_paper_and_on_a_task_the_task(board: Board) -> None:
    fingers = Fingers(board.page)
    before = board.middle("junction"), board.middle("delay")
    fingers.drag((before[0][0], before[0][1] + 300), (before[0][0] + 64, before[0][1] + 332))
    board.comes_to("junction", (before[0][0] + 64, before[0][1] + 32))
    board.comes_to("delay", (before[1][0] + 64, before[1][1] + 32))
    start = board.middle("junction")
    fingers.drag(start, (start[0] + 40, start[1] + 120))
    board.saved()
    board.comes_to("junction", (start[0] + 40, start[1] + 120))
    board.comes_to("delay", (before[1][0] + 64, before[1][1] + 32))


@pytest.mark.parametrize("rests", [False, True], ids=["at once", "after a rest"])
def test_a_finger_drags_a_task_out_of_the_palette(board: Board, rests: bool) -> None:
    """Sideways at once, or after a rest whichever way: a finger that goes up or down at once scrolls the list."""
    page, fingers = board.page, Fingers(board.page)
    item = page.locator("[data-preset=decision]")
    item.scroll_into_view_if_needed()
    start = middle_of(item)
    end = (start[0] + 360, start[1] + 440) if rests else (start[0] + 540, start[1] + 60)
    fingers.put(start)
    if rests:
        expect(item).to_have_class(re.compile(r"\bis-held\b"))
    for step in range(1, 9):
        fingers.move((start[0] + (end[0] - start[0]) * step / 8, start[1] + (end[1] - start[1]) * step / 8))
    expect(page.locator("html")).to_have_class(re.compile(r"\bis-dragging\b"))
    fingers.lift()
    expect(board.card("decision")).to_be_visible()
    expect(page.locator(".is-held, .is-dragging")).to_have_count(0)
    board.saved()
    dropped = board.middle("decision")
    assert abs(dropped[0] - end[0]) <= 24  # the card is as wide as its text
    assert abs(dropped[1] - end[1]) <= 5
    fingers.put(start)
    fingers.lift()
    expect(board.card("decision_2")).to_be_visible()


def test_a_finger_draws_an_edge_from_a_port(board: Board) -> None:
    page, fingers = board.page, Fingers(board.page)
    fingers.put(board.middle("junction"))
    fingers.lift()
    fingers.drag(middle_of(page.locator(".handle-success[data-port='junction'] .handle-dot")), board.middle("delay"))
    expect(board.edges()).to_have_count(1)
    board.saved()


def test_fingers_select_several_by_a_long_press_or_a_band(board: Board) -> None:
    page, fingers = board.page, Fingers(board.page)
    chosen = page.locator("#graph-nodes > .node.is-selected")
    fingers.put(board.middle("junction"))
    fingers.lift()
    expect(chosen).to_have_count(1)
    fingers.put(board.middle("delay"))
    page.locator("#chooser [role=option]").filter(has_text="Select it too").wait_for()
    fingers.lift()
    page.locator("#chooser [role=option]").filter(has_text="Select it too").click()
    expect(chosen).to_have_count(2)
    before = board.middle("junction"), board.middle("delay")
    fingers.drag(before[1], (before[1][0] + 40, before[1][1] + 80))
    board.saved()
    board.comes_to("junction", (before[0][0] + 40, before[0][1] + 80))

    paper = before[0][0], before[0][1] + 380
    fingers.put(paper)
    fingers.lift()
    expect(chosen).to_have_count(0)
    fingers.put(paper)
    page.locator("#chooser [role=option]").filter(has_text="Select with a band").wait_for()
    fingers.lift()
    page.locator("#chooser [role=option]").filter(has_text="Select with a band").click()
    expect(page.locator("#canvas-hint")).to_contain_text("Drag a band")
    fingers.drag((before[0][0] - 140, before[0][1] - 40), (before[1][0] + 200, before[1][1] + 200))
    expect(chosen).to_have_count(2)
    expect(page.locator("#canvas-hint")).to_be_hidden()
    there = board.middle("junction")
    fingers.drag(paper, (paper[0] + 48, paper[1] + 24))  # and one finger moves the paper again
    board.comes_to("junction", (there[0] + 48, there[1] + 24))


def test_a_pen_draws_an_edge_from_a_port(board: Board) -> None:
    _draw(board.page, board.handle("junction"), board.middle("delay"))
    expect(board.edges()).to_have_count(1)
    board.saved()
    expect(board.card("junction")).to_have_attribute("aria-label", "Junction, Junction, leads to Delay")


def test_a_pen_drags_out_of_the_palette_moves_and_selects(board: Board) -> None:
    page = board.page
    start = board.middle("junction")
    _draw(page, start, (start[0] + 64, start[1] + 96))
    board.saved()
    board.comes_to("junction", (start[0] + 64, start[1] + 96))
    sheet = page.locator("#canvas").bounding_box()
    assert sheet is not None
    item = page.locator("[data-preset=decision]")
    item.scroll_into_view_if_needed()
    _draw(page, middle_of(item), (sheet["x"] + 400, sheet["y"] + 560))
    expect(board.card("decision")).to_be_visible()
    board.saved()
    _draw(page, (sheet["x"] + 60, sheet["y"] + 60), (sheet["x"] + 900, sheet["y"] + 460))
    expect(page.locator("#graph-nodes > .node.is-selected")).to_have_count(2)


def test_single_keys_can_be_turned_off_for_good(board: Board) -> None:
    page = board.page
    page.get_by_role("button", name="Keys", exact=True).click()
    page.get_by_label("Letters and signs alone do something").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    ready(page)
    board.card("junction").focus()
    for key in ("a", "c", "?", "n"):
        page.keyboard.press(key)
    page.keyboard.press("ArrowRight")
    expect(board.card("delay")).to_be_focused()
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.get_by_role("button", name="Keys", exact=True).click()
    page.get_by_label("Letters and signs alone do something").check()
    page.keyboard.press("Escape")
    board.card("junction").focus()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()


def test_gaps_between_neighbours_become_equal(board: Board) -> None:
    page = board.page
    board.drag(board.middle("delay"), (board.middle("delay")[0] + 160, board.middle("junction")[1] + 24))
    board.saved()
    box = page.locator("#canvas").bounding_box()
    pressed = page.locator("[data-preset=note]").bounding_box()
    assert box is not None and pressed is not None  # noqa: PT018
    board.drag((pressed["x"] + 20, pressed["y"] + 10), (box["x"] + 400, box["y"] + 440))
    expect(page.locator("#graph-notes > g")).to_have_count(1)
    board.saved()
    left, right = (page.locator(f"#node-{key} .card").bounding_box() for key in ("junction", "delay"))
    note = page.locator("#graph-notes > g").first
    moved = note.bounding_box()
    assert left is not None and right is not None and moved is not None  # noqa: PT018
    between = (left["x"] + left["width"] + right["x"]) / 2
    start = (moved["x"] + moved["width"] / 2, moved["y"] + moved["height"] - 12)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(between - 20, left["y"] + 60, steps=4)
    page.mouse.move(between + 3, left["y"] + 64, steps=2)
    expect(page.locator(".guide")).to_have_count(1)
    page.mouse.up()
    board.saved()
    placed = note.bounding_box()
    assert placed is not None
    assert abs(placed["x"] + placed["width"] / 2 - between) <= 1


def test_where_there_is_little_room_the_name_wraps_and_the_current_tab_is_seen(
    browser: Browser, server: Quadrille
) -> None:
    with watched_page(browser, server, size=(320, 700)) as (page, _):
        sign_in(page, server, "designer")
        open_new(page, "The yearly review of suppliers abroad")
        name = page.locator("#flow-name")
        expect(name).to_have_text("The yearly review of suppliers abroad")
        assert name.evaluate("e => e.scrollHeight <= e.clientHeight + 1 && e.scrollWidth <= e.clientWidth + 1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        page.goto(f"{PLACE}/flows/customer-onboarding/triggers/")
        expect(page.locator(".tabs [aria-current=page]")).to_be_in_viewport(ratio=0.99)


SMALL: Final = """
() => [...document.querySelectorAll("button, summary, select, input:not([type=hidden])")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".hush"))
  .map((element) => [element, element.getBoundingClientRect()])
  .map(([element, box]) => [element, box, Math.min(box.width, box.height), Math.max(box.width, box.height)])
  .filter(([element, box, low, high]) => low && (low < 24 || high < (element.matches("[type=checkbox]") ? 24 : 30)))
  .map(([element, box]) => `${element.ariaLabel || element.textContent.trim()}: ${box.width} x ${box.height}`)
"""


@pytest.mark.parametrize("place", ["flows/", "flows/order-fulfilment/triggers/", "flows/order-fulfilment/edit/"])
def test_on_a_touch_screen_a_finger_finds_everything_and_the_bar_has_two_lines(
    browser: Browser, server: Quadrille, place: str
) -> None:
    with watched_page(browser, server, size=PHONE) as (page, _):
        sign_in(page, server, "designer")
        page.goto(f"{PLACE}/{place}")
        bar = page.locator(".top").bounding_box()
        assert bar is not None
        assert bar["height"] < 100
        if place.endswith("edit/"):
            ready(page)
            page.locator("#outline [data-name]").nth(2).click()
            expect(page.locator(".inspector")).to_be_visible()
        assert page.evaluate(SMALL) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_a_try_leaves_the_middle_of_the_canvas_in_sight_and_no_card_below_the_tools(
    browser: Browser, server: Quadrille, api: httpx.Client
) -> None:
    tasks = [automation(f"t{number}") | {"at": [number * 300, 0]} for number in range(3)]
    api.post("/flows", json=flow_of("tried-on-a-phone", *tasks)).raise_for_status()
    with watched_page(browser, server, size=PHONE) as (page, _):
        sign_in(page, server, "designer")
        page.goto("/o/demo/development/flows/tried-on-a-phone/edit/")
        board = ready(page)
        page.get_by_role("button", name="Canvas", exact=True).tap()
        expect(board.card("t0")).to_be_in_viewport()
        page.get_by_role("button", name="Try it").tap()
        expect(page.locator("#trying")).to_be_visible()
        card, tools = board.card("t0"), page.locator(".canvas-tools")
        panel, canvas = page.locator("#trying").bounding_box(), page.locator("#canvas").bounding_box()
        place, bar = card.bounding_box(), tools.bounding_box()
        assert panel and canvas and place and bar  # noqa: PT018
        assert canvas["y"] < place["y"] < place["y"] + place["height"] < canvas["y"] + canvas["height"]
        assert canvas["y"] + canvas["height"] <= bar["y"] < bar["y"] + bar["height"] <= panel["y"] + 1
        page.get_by_role("button", name="Close").last.tap()
        expect(page.locator("#trying")).to_have_count(0)
        back = card.bounding_box()
        assert back
        assert (
            abs(
                back["y"]
                + back["height"] / 2
                - canvas["y"]
                - page.locator("#canvas").evaluate("c => c.clientHeight") / 2
            )
            < 60
        )


def test_tidying_up_by_touch_on_a_phone_leaves_something_to_read(
    browser: Browser, server: Quadrille, api: httpx.Client
) -> None:
    tasks = [automation(f"t{number}") | {"at": [number * 300, number % 3 * 170]} for number in range(12)]
    api.post("/flows", json=flow_of("tidied-on-a-phone", *tasks)).raise_for_status()
    with watched_page(browser, server, size=PHONE) as (page, _):
        sign_in(page, server, "designer")
        page.goto("/o/demo/development/flows/tidied-on-a-phone/edit/")
        board = ready(page)
        page.get_by_role("button", name="Canvas", exact=True).tap()
        expect(board.card("t0")).to_be_in_viewport()
        page.get_by_role("button", name="Tidy up").tap()
        board.said("Tidied up")
        expect(page.locator("[data-zoom]")).to_have_text("60 %")
        expect(page.locator("#node-trigger")).to_be_in_viewport()
        expect(board.card("t0")).to_be_in_viewport()
        board.saved()
        page.get_by_role("button", name="Undo").tap()
        board.said("Undone: Tidied up")
