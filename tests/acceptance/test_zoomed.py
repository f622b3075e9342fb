"""The canvas at 200 % browser zoom, by mouse: the window of a desk has room for a quarter of what it shows else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.board import Board, middle_of, open_made
from tests.acceptance.browser import sign_in, watched_page
from tests.acceptance.quadrille import Quadrille

PLACES = {"a": (80, 80), "b": (104, 160), "c": (360, 240), "d": (408, 96)}


@pytest.fixture
def zoomed(browser: Browser, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Iterator[Board]:
    """An editor at 200 %, with four tasks in sight."""
    tasks = [{"key": key, "name": f"Task {key}", "kind": "noop", "at": [*at]} for key, at in PLACES.items()]
    with watched_page(browser, server, zoom=2) as (page, _):
        sign_in(page, server, "designer")
        yield open_made(page, api, request.node.name.replace("_", " "), {"tasks": tasks})


def box_of(board: Board, key: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a card."""
    box = board.card(key).locator(".card").bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def draw_band(board: Board, *keys: str) -> None:
    """Around some cards, from above to the left of them."""
    boxes = [box_of(board, key) for key in keys]
    left, top = (min(box[side] for box in boxes) - 8 for side in (0, 1))
    right, bottom = (max(box[side] for box in boxes) + 6 for side in (2, 3))
    board.drag((left, top), (right, bottom))
    expect(board.page.locator(".is-selected")).to_have_count(len(keys))


def line_up(page: Page, way: str) -> None:
    """From the form of what is selected."""
    page.locator("[data-act=arrange]").click()
    page.get_by_role("option", name=way).click()


def test_a_band_selects_and_what_it_selects_is_lined_up_and_spread(zoomed: Board) -> None:
    page = zoomed.page
    draw_band(zoomed, "a", "b")
    page.get_by_role("button", name="Inspector", exact=True).click()
    expect(page.locator("#inspector")).to_contain_text("2 things")
    line_up(page, "Left edges")
    zoomed.said("Lined up 2 tasks")
    zoomed.saved()
    assert abs(box_of(zoomed, "a")[0] - box_of(zoomed, "b")[0]) < 1
    page.locator(".side-close[data-side=inspector]").click()
    draw_band(zoomed, "a", "b", "c", "d")
    page.get_by_role("button", name="Inspector", exact=True).click()
    line_up(page, "Equal gaps from top to bottom")
    zoomed.saved()
    tops = sorted((box_of(zoomed, key) for key in PLACES), key=lambda box: box[1])
    gaps = [below[1] - above[3] for above, below in pairwise(tops)]
    assert max(gaps) - min(gaps) <= 8


def test_a_phase_is_drawn_resized_moved_connected_and_folded(zoomed: Board) -> None:
    page = zoomed.page
    page.get_by_role("button", name="Palette", exact=True).click()
    item = page.locator("[data-preset=phase]")
    item.scroll_into_view_if_needed()
    x, y = zoomed.middle("a")
    zoomed.drag(middle_of(item), (x + 140, y + 40))
    phase = page.locator("#phase-phase")
    expect(phase).to_contain_text("2 tasks")
    zoomed.saved()
    corner = middle_of(page.locator(".corner-se"))
    zoomed.drag(corner, (corner[0] - 200, corner[1] + 16))
    zoomed.said("Resized the phase")
    zoomed.saved()
    before, title = zoomed.middle("b"), middle_of(phase.locator(".phase-name"))
    zoomed.drag(title, (title[0] - 40, title[1] + 24))
    zoomed.comes_to("b", (before[0] - 40, before[1] + 24))
    zoomed.saved()
    page.mouse.move(*middle_of(phase.locator(".phase-name")))
    out = page.locator(".handle-success[data-port='phase:phase'] .handle-dot")
    zoomed.drag(middle_of(out), zoomed.middle("d"))
    zoomed.said("Connected Phase 1 to Task d")
    zoomed.saved()
    phase.locator("[data-fold-phase]").click()
    expect(zoomed.card("b")).to_be_hidden()
    phase.locator("[data-fold-phase]").click()
    expect(zoomed.card("b")).to_be_visible()
    start, area = zoomed.middle("c"), phase.locator(".area").bounding_box()
    assert area is not None
    zoomed.drag(start, (area["x"] + area["width"] - 110, area["y"] + area["height"] - 50))
    zoomed.said("Moved into Phase 1")
    expect(phase).to_contain_text("3 tasks")
