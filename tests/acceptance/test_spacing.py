"""Letters, words and lines that stand further apart (WCAG 1.4.12) cut nothing off and push nothing over the next."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.acceptance.board import PLACE
from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille

# As a person's own style sheet would: the page's policy allows no style element.
APART = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    "* { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important }");
  document.adoptedStyleSheets = [sheet];
}"""
CUT = "cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.textContent.trim())"
OVERLAPPING = """boxes => boxes.map((box) => box.getBoundingClientRect())
  .filter((box, n, all) => all.some((other, m) => m > n && box.left < other.right - 1 && other.left < box.right - 1
    && box.top < other.bottom - 1 && other.top < box.bottom - 1)).length"""


def test_the_list_of_instances_is_read_whole_with_wide_spacing(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/instances/")
    expect(page.locator("tbody tr").first).to_contain_text("Demo designer")
    page.evaluate(APART)
    assert page.locator("tbody .cell-started").evaluate_all(CUT) == []
    controls = page.locator(".filters :is(input:not([type=hidden]), select, button, a)")
    assert controls.evaluate_all(OVERLAPPING) == 0
