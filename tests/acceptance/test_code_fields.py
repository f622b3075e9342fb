"""Code is completed as one types: by keys and by mouse, in expressions, schemas, JSON bodies and texts."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import Board, open_made
from tests.acceptance.browser import Watch, sign_in
from tests.acceptance.quadrille import Quadrille

LINES: Final = {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}}
ORDER: Final = {"type": "object", "properties": {"total": {"type": "number", "title": "Total"}, "lines": LINES}}
SCRIPT: Final = {
    "action": "run_script",
    "inputs": {"arguments": {"order": "{{ input.order }}", "rate": 3}, "script": "rate"},
}
CALL: Final = {"action": "http_request", "inputs": {"method": "POST", "url": "https://shop.example.com/"}}
TASKS: Final[list[dict[str, Any]]] = [
    {"key": "count", "name": "Count", "kind": "automation", "settings": SCRIPT, "at": [200, 80]},
    {"key": "send", "name": "Send", "kind": "automation", "settings": CALL, "at": [460, 80]},
    {"key": "ask", "name": "Ask", "kind": "manual", "at": [720, 80]},
]


@pytest.fixture
def board(page: Page, watch: Watch, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Board:
    """The editor with a script, a request and a form."""
    watch.expected_errors.append("422")  # code that is half written is refused
    sign_in(page, server, "designer")
    edges = [{"from": a, "to": b} for a, b in (("trigger", "count"), ("count", "send"), ("send", "ask"))]
    asked = {"type": "object", "properties": {"order": ORDER}}
    parts = {"tasks": TASKS, "edges": edges, "input_schema": asked}
    return open_made(page, api, request.node.name.replace("_", " "), parts)


def offered(page: Page, name: str) -> Locator:
    """What the list of suggestions calls exactly so."""
    called = page.locator(".suggest-name", has_text=re.compile(f"^{re.escape(name)}$"))
    return page.locator("#suggest").get_by_role("option").filter(has=called)


def test_an_expression_is_completed_with_what_its_arguments_hold_by_keys_alone(board: Board) -> None:
    page, press = board.page, board.page.keyboard.press
    board.select("count")
    script = page.get_by_label("Script (required)")
    script.focus()
    press("Control+a")
    page.keyboard.type("ord")
    expect(offered(page, "order")).to_be_visible()
    expect(offered(page, "order.total")).to_contain_text("number")
    press("ArrowDown")
    expect(offered(page, "order.total")).to_have_attribute("aria-selected", "true")
    press("Enter")
    expect(script).to_have_value("order.total")
    expect(page.locator("#suggest")).to_be_hidden()
    page.keyboard.type(" * ra")
    expect(offered(page, "rate")).to_be_visible()
    press("Tab")
    expect(script).to_have_value("order.total * rate")
    expect(script).to_be_focused()
    page.keyboard.type(" > 3 ? order.lines.fi")
    expect(offered(page, "order.lines.filter(")).to_be_visible()
    press("Escape")
    expect(page.locator("#suggest")).to_be_hidden()
    expect(script).to_be_focused()
    press("Control+Space")
    press("Enter")
    page.keyboard.type("l, l.price > 3.0) : [")
    expect(page.locator(".code-problem", has_text="is not closed")).to_be_visible()
    page.keyboard.type("]")
    expect(page.locator(".code-problem", has_text="is not closed")).to_have_count(0)
    press("Tab")
    board.saved()
    board.select("send")
    board.select("count")
    expect(script).to_have_value("order.total * rate > 3 ? order.lines.filter(l, l.price > 3.0) : []")


def test_an_expression_is_completed_by_mouse(board: Board) -> None:
    page = board.page
    board.select("count")
    script = page.get_by_label("Script (required)")
    script.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("size(ord")
    expect(offered(page, "order.lines")).to_contain_text("list")
    offered(page, "order.lines").click()
    expect(script).to_have_value("size(order.lines")
    expect(script).to_be_focused()
    page.keyboard.type(")")
    expect(page.locator("#suggest")).to_be_hidden()
    page.keyboard.press("Control+a")
    page.keyboard.type("order.lines.map(l, l.price).su")  # behind a call nothing is known, and nothing offered
    expect(page.locator("#suggest")).to_be_hidden()
    page.keyboard.press("Control+a")
    page.keyboard.type("order.lines.s")
    expect(page.locator("#suggest .suggest-name")).to_have_text(
        [
            "order.lines.size()",
            "order.lines.startsWith(",
            "order.lines.sum()",
            "order.lines.sorted()",
            "order.lines.split(",
        ]
    )
    assert look_at(page) == []


def test_a_reference_is_completed_within_json(board: Board) -> None:
    page = board.page
    board.select("send")
    body = page.get_by_label("JSON body")
    body.click()
    page.keyboard.type('{"total": "{{ tot')
    expect(offered(page, "input.order.total")).to_contain_text("number")
    offered(page, "input.order.total").click()
    page.keyboard.type('", "all": "{{ input.order.li')
    expect(offered(page, "input.order.lines")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type('"}')
    expect(body).to_have_value('{"total": "{{ input.order.total }}", "all": "{{ input.order.lines }}"}')
    expect(page.locator(".code-braces")).to_have_count(2)
    page.keyboard.press("Tab")
    board.saved()
    expect(page.locator("[data-refused]")).to_have_count(0)


def test_the_words_of_a_schema_are_completed(board: Board) -> None:
    page = board.page
    board.select("ask")
    page.locator("#inspector summary", has_text="Form").first.click()
    page.locator(".schema-raw > summary").click()
    text = page.get_by_label("Form", exact=True)
    text.click()
    page.keyboard.type('{"pro')
    expect(offered(page, "properties")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type('": {"how": {"ty')
    offered(page, "type").click()
    page.keyboard.type('": "str')
    expect(offered(page, "string")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type('"}}}')
    expect(text).to_have_value('{"properties": {"how": {"type": "string"}}}')
    expect(page.locator("[data-schema-row] > summary b")).to_have_text("how")
    page.keyboard.press("Control+Enter")
    board.saved()


def test_a_sample_input_is_coloured_told_its_mistakes_and_completed_from_what_is_declared(
    page: Page, board: Board
) -> None:
    page.get_by_role("button", name="Try it").click()
    sample = page.locator("#trying-input")
    paint = page.locator("#trying .code-paint")
    expect(sample).to_be_focused()
    expect(paint.locator(".code-key").first).to_have_text(re.compile("order"))

    sample.press("ControlOrMeta+a")
    page.keyboard.type('{"order": {"to')
    suggestions = page.locator("#suggest [role=option]")
    expect(suggestions).to_have_text(["total"])
    page.keyboard.press("Enter")
    expect(sample).to_have_value('{"order": {"total')
    expect(page.locator("#suggest")).to_be_hidden()
    expect(page.locator("#trying-problem")).to_have_text(re.compile(r"^Line 1, column "))
    assert look_at(page) == []
    page.keyboard.type('": 12}}')
    expect(page.locator("#trying-problem")).to_have_text("")

    # The first Escape closes the list alone, the next one the panel.
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type(', "li')
    expect(suggestions).to_have_text(["lines"])
    page.keyboard.press("Escape")
    expect(page.locator("#suggest")).to_be_hidden()
    expect(sample).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#trying")).to_have_count(0)
