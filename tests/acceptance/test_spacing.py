"""Letters, words and lines that stand further apart (WCAG 1.4.12) cut nothing off and push nothing over the next."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.acceptance.board import PLACE
from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_settings import flow_file
from tests.acceptance.test_steering import publish

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


def test_the_rows_of_the_list_of_instances_are_of_one_height(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/instances/?flow=customer-onboarding")
    expect(page.locator("tbody .cell-standing.bad")).to_have_count(1)  # an error is the longest that stands there
    heights = page.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.getBoundingClientRect().height)")
    assert len(heights) > 2
    assert max(heights) - min(heights) <= 1


def test_the_list_of_instances_is_read_whole_with_wide_spacing(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    publish(api, flow_file("spaced"))
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/instances/start/")
    page.get_by_label("Flow", exact=True).select_option("spaced")
    expect(page.locator("#start-input")).to_have_attribute("data-flow", "spaced")
    page.get_by_role("link", name="Fill in the sample").click()
    expect(page.locator("#start-input").get_by_role("status")).to_have_text(
        "The sample input of the flow is filled in."
    )
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"/instances/\d+/"))
    page.goto(f"{PLACE}/instances/")
    expect(page.locator("tbody .cell-started").filter(has_text="Demo operator").first).to_be_visible()
    page.evaluate(APART)
    assert page.locator("tbody .cell-started").evaluate_all(CUT) == []
    controls = page.locator(".filters :is(input:not([type=hidden]), select, button, a)")
    assert controls.evaluate_all(OVERLAPPING) == 0
