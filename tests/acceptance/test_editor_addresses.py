"""An address of the editor leads to a thing and into one of its fields: the links of problems are such addresses."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.acceptance.board import PLACE, ready
from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_steering import flow_of

CASES = [
    ("ask", "settings.retries", '["settings","retries",'),
    ("ask", "settings.inputs.headers.X-Token", '["settings","inputs","headers"]'),
    ("ask", "settings.compensation.inputs.url", '["settings","compensation",'),
    ("pick", "conditions", '["conditions"]'),
    ("", "limits", '["limits",'),
    ("", "triggers.0.type", '["triggers", "add"]'),
]


def test_an_address_leads_into_the_field_that_it_names(page: Page, server: Quadrille, api: httpx.Client) -> None:
    inputs = {"method": "GET", "url": "https://x.example", "headers": {"Accept": "text/plain", "X-Token": "1"}}
    ask = {"key": "ask", "name": "Ask", "kind": "automation", "settings": {"action": "http_request", "inputs": inputs}}
    statement = {"source": "input.a", "operator": "equals", "values": ["1"]}
    conditions = [{"key": "yes", "name": "Yes", "statements": [statement]}]
    pick = {"key": "pick", "name": "Pick", "kind": "decision", "settings": {"conditions": conditions}}
    document = flow_of("addressed", ask, pick)
    api.post("/flows", json=document).raise_for_status()
    sign_in(page, server, "designer")
    for at, path, field in CASES:
        page.goto(f"{PLACE}/flows/addressed/edit/?at={at}&path={path}")
        ready(page)
        expect(page.locator("#inspector")).to_have_attribute("data-subject", at)
        around = page.locator("#inspector [data-path]:has(:focus)").last
        expect(around).to_have_attribute("data-path", re.compile(f"^{re.escape(field)}"))
        assert page.locator(":focus").is_visible()
        assert page.locator(":focus").get_attribute("data-act") != "clear"
        if "X-Token" in path:
            expect(page.locator("[data-row]:has(:focus) input").first).to_have_value("X-Token")
