"""A service that wants a key: an administrator keeps it, a designer uses it, nobody sees it."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import ready
from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_steering import open_instance, start
from tests.services import running_service

PLACE = "/o/demo/development"
SECRET = "sk-of-the-warehouse"


def test_a_key_is_kept_by_an_administrator_and_used_in_a_request(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    task = {
        "key": "stock",
        "name": "Look at the stock",
        "kind": "automation",
        "settings": {"action": "http_request", "inputs": {"method": "GET", "url": "/stock/7"}},
        "at": [120, 120],
    }
    api.post("/flows", json={"format": 1, "key": "stocked", "name": "Stocked", "tasks": [task]}).raise_for_status()
    with running_service() as service:
        service.lets_in = {("X-Warehouse", SECRET)}
        sign_in(page, server, "administrator")
        page.goto(f"{PLACE}/settings/connections/")
        page.get_by_role("link", name="New connection").click()
        page.get_by_label("Name", exact=True).fill("Warehouse")
        page.get_by_label("Address", exact=True).fill(f"{service.origin}/v2")
        expect(page.get_by_label("Header", exact=True)).to_be_hidden()
        expect(page.get_by_label("Token address")).to_be_hidden()
        page.get_by_label("Authentication").select_option(label="Key in a header")
        page.get_by_label("Header", exact=True).fill("X-Warehouse")
        page.get_by_label(re.compile("^Secret")).fill(SECRET)
        assert look_at(page) == []
        page.get_by_role("button", name="Add").click()
        row = page.get_by_role("row", name=re.compile("Warehouse"))
        expect(row).to_contain_text("HTTP service")
        row.get_by_role("button", name="Try Warehouse").click()
        expect(page.get_by_text(f"Warehouse answers 200 at {service.origin}/v2.")).to_be_visible()

        page.goto(f"{PLACE}/flows/stocked/edit/")
        board = ready(page)
        board.select("stock")
        field = page.get_by_label(re.compile("^Connection"))
        expect(page.locator("#offer-connections option[value=warehouse]")).to_be_attached()
        field.fill("warehouse")
        field.press("Tab")
        board.saved()
        api.post("/flows/stocked/publish").raise_for_status()
        start(api, "stocked", "stocked-1")
        open_instance(page, "stocked-1")
        expect(page.get_by_role("main")).to_contain_text("complete")
        page.get_by_role("link", name="Look at the stock").first.click()
        expect(page.get_by_role("main")).to_contain_text("/v2/stock/7")
        expect(page.get_by_role("main")).to_contain_text("[REDACTED]")
        assert SECRET not in page.content()
        assert service.asked[-1]["headers"]["X-Warehouse"] == SECRET
