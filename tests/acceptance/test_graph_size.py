"""A drawn flow in a page is made larger and smaller: by buttons, keys, the wheel and two fingers; and pulled around."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

import httpx
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import PLACE, middle_of, open_new, ready
from tests.acceptance.browser import PHONE, sign_in, watched_page
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_publishing import make
from tests.acceptance.test_touch import Fingers

VERSION: Final = f"{PLACE}/flows/customer-onboarding/versions/1/"

# Of the cards: the first that is wholly in sight, well away from the edges.
FIRST_INSIDE = """
(graph) => {
  const frame = graph.closest("[data-zoomed]").getBoundingClientRect();
  return [...graph.querySelectorAll(".node")].map((card) => card.getBoundingClientRect())
    .findIndex((card) => card.left > frame.left + 50 && card.right < frame.right - 50);
}
"""


def percent(page: Page) -> int:
    """What the tools say."""
    return int((page.locator(".graph-percent").inner_text()).split()[0])


def shown(graph: Locator) -> float:
    """How large it is, against the units that it was drawn in."""
    scale: float = graph.evaluate("graph => graph.getBoundingClientRect().width / graph.viewBox.baseVal.width")
    return scale


def is_whole(graph: Locator) -> bool:
    """Whether nothing of it lies outside the frame."""
    whole: bool = graph.evaluate(
        "graph => { const f = graph.closest('[data-zoomed]');"
        " return f.scrollWidth <= f.clientWidth + 1 && f.scrollHeight <= f.clientHeight + 1; }"
    )
    return whole


def test_a_small_version_is_fitted_at_100_percent_not_larger(page: Page, server: Quadrille, api: httpx.Client) -> None:
    make(api, "small-graph")
    sign_in(page, server, "viewer")
    page.goto(f"{PLACE}/flows/small-graph/versions/1/")
    frame = page.get_by_role("region", name="Graph of this version")
    frame.focus()
    page.keyboard.press("-")
    assert percent(page) < 100
    page.keyboard.press("f")
    assert (percent(page), is_whole(page.locator(".graph"))) == (100, True)


def test_a_wide_version_is_seen_whole_enlarged_and_pulled(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "viewer")
    page.goto(VERSION)
    tools, graph = page.get_by_role("toolbar", name="Size of the graph"), page.locator(".graph")
    frame = page.get_by_role("region", name="Graph of this version")
    expect(tools).to_be_visible()
    assert not is_whole(graph)
    tools.get_by_role("button", name="Fit").click()
    assert is_whole(graph)
    assert shown(graph) < 0.75
    assert look_at(page) == []
    tools.get_by_role("button", name="To 100 %").or_(tools.locator(".graph-percent")).first.click()
    assert (percent(page), round(shown(graph), 2)) == (100, 1)

    frame.focus()
    for key, expected in (("+", 120), ("-", 100), ("-", 83), ("0", 100)):
        page.keyboard.press(key)
        assert percent(page) == expected
    expect(page.locator("#live")).to_have_text("100 %")
    page.keyboard.press("f")
    assert is_whole(graph)
    page.keyboard.press("0")

    x, y = middle_of(frame)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 200, y, steps=5)
    before = frame.evaluate("frame => frame.scrollLeft")
    assert before > 150
    page.mouse.up()
    card = graph.locator(".node").nth(graph.evaluate(FIRST_INSIDE))
    place = middle_of(card)
    page.mouse.move(*place)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    expect(page.locator(".graph-percent")).not_to_have_text("100 %")
    now = middle_of(card)
    assert abs(now[0] - place[0]) < 3
    assert percent(page) > 120


def test_of_a_wide_comparison_the_first_difference_is_in_sight(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    keys = [f"step-{number}" for number in range(14)]
    tasks = [{"key": key, "name": key.title(), "kind": "noop"} for key in keys]
    edges = [{"from": one, "to": other} for one, other in pairwise(["trigger", *keys])]
    flow = {"format": 1, "key": "far-away", "name": "Far away", "tasks": tasks, "edges": edges}
    api.post("/flows", json=flow).raise_for_status()
    api.post("/flows/far-away/publish").raise_for_status()
    tasks[-2]["name"] = "Otherwise"
    match = {"If-Match": api.get("/flows/far-away").headers["ETag"]}
    api.put("/flows/far-away", json=flow, headers=match).raise_for_status()
    sign_in(page, server, "viewer")
    page.goto(f"{PLACE}/flows/far-away/compare/")
    expect(page.locator(".graph-tools")).to_be_visible()
    changed = page.locator(".graph .node.status-changed")
    expect(changed).to_have_count(1)
    frame, card = page.locator("[data-zoomed]").bounding_box(), changed.bounding_box()
    assert frame is not None
    assert card is not None
    assert frame["x"] <= card["x"]
    assert card["x"] + card["width"] <= frame["x"] + frame["width"]


def test_a_pull_at_a_card_opens_nothing_and_a_click_does(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/instances/?flow=customer-onboarding")  # the newest of all may have but one task
    page.locator("tbody a").first.click()
    page.locator(".graph-tools:not([hidden])").wait_for()
    page.keyboard.press("Tab")
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    card, panel = page.locator(".graph .node").nth(1), page.locator("#instance-step")
    chosen = panel.get_attribute("data-selected")
    card = page.locator(f".graph .node:not([data-task='{chosen}'])").first
    card.scroll_into_view_if_needed()
    x, y = middle_of(card.locator(".card"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y, steps=4)
    page.mouse.up()
    page.wait_for_timeout(200)
    assert panel.get_attribute("data-selected") == chosen
    card.click()
    expect(panel).to_have_attribute("data-selected", card.get_attribute("data-task") or "")


def test_two_fingers_enlarge_the_graph_on_a_phone(browser: Browser, server: Quadrille) -> None:
    with watched_page(browser, server, size=PHONE) as (page, _):
        sign_in(page, server, "viewer")
        page.goto(VERSION)
        page.locator(".graph-tools:not([hidden])").wait_for()
        assert percent(page) == 75
        frame = page.locator(".graph-frame")
        frame.scroll_into_view_if_needed()
        x, y = middle_of(frame)
        fingers = Fingers(page)
        fingers.put((x - 40, y), (x + 40, y))
        for step in range(1, 5):
            fingers.move((x - 40 - step * 10, y), (x + 40 + step * 10, y))
        fingers.lift()
        expect(page.locator(".graph-percent")).to_have_text("150 %")
        page.get_by_role("button", name="Fit").click()
        assert is_whole(page.locator(".graph"))


def test_what_moved_is_shown_where_it_is_and_where_it_was(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    board = open_new(page, "what moved")
    board.add("noop", (240, 160))
    flow = f"{PLACE}/flows/what-moved"
    page.goto(f"{flow}/publish/")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("is live.")).to_be_visible()
    page.goto(f"{flow}/edit/")
    board, card = ready(page), "junction"
    x, y = board.middle(card)
    board.drag((x, y), (x, y + 240))
    board.saved()
    page.goto(f"{flow}/compare/")
    graph = page.locator(".graph")
    expect(graph.locator(".ghost")).to_have_count(1)
    expect(graph.locator(".ghost-name")).to_contain_text("was here")
    expect(page.get_by_role("region", name="From version 1 to the draft")).to_contain_text(
        re.compile(r"Moved .*\d+ down")
    )
    was = graph.locator(".ghost-card").bounding_box()
    now = graph.locator(f"[id='node-{card}'] .card").bounding_box()
    assert was
    assert now
    assert now["y"] > was["y"] + 100
    assert look_at(page) == []
    page.get_by_role("link", name="Laid out").click()
    expect(graph.locator(".ghost")).to_have_count(0)
    expect(page.get_by_role("link", name="Laid out")).to_have_attribute("aria-current", "true")
