"""The page that starts an instance."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_settings import flow_file
from tests.acceptance.test_steering import publish


def test_the_sample_of_a_flow_is_filled_in_by_mouse_and_starts_it(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    publish(api, flow_file("started-with-a-sample"))
    sign_in(page, server, "operator")
    page.goto("/o/demo/development/instances/start/")
    page.get_by_label("Flow", exact=True).select_option("started-with-a-sample")
    expect(page.locator("#start-input")).to_have_attribute("data-flow", "started-with-a-sample")
    page.get_by_label(re.compile("^Id")).fill("sampled-1")
    page.get_by_role("link", name="Fill in the sample").click()
    told = page.locator("#start-input").get_by_role("status")
    expect(told).to_have_text("The sample input of the flow is filled in.")
    expect(page.locator("#start-sample")).to_be_focused()
    expect(page.locator("#start-input").locator("input[value='A7']")).to_be_visible()
    expect(page.get_by_label(re.compile("^Id"))).to_have_value("sampled-1")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"/instances/\d+/"))
    expect(page.get_by_role("heading", level=1, name="sampled-1")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("1200")
