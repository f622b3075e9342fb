"""axe-core finds nothing on the pages that no link of the demo leads to: what has to be made first, what is shown once,
and what people outside see.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.browser import Watch, sign_in, watched_page
from tests.acceptance.quadrille import Quadrille

CONSOLE: Final = "/o/demo/development/"
WEBHOOK: Final = {"Name": "Warehouse", "Address": "https://hooks.example.com/in"}
CONNECTION: Final = {"Name": "Models", "Address": "https://models.example.com/v1", "Model": "small"}
PROVIDER: Final = {"Name": "Texts", "Address": "https://texts.example.com/send"}
TABLE: Final = {"type": "object", "properties": {"people": {"type": "integer"}, "day": {"type": "string"}}}


@pytest.fixture(scope="module")
def booking(api: httpx.Client) -> str:
    """A flow that people outside start by a form, and programs by a signed call."""
    triggers = [
        {"type": "form", "audience": "anyone", "title": "Book a table", "form": TABLE},
        {"type": "webhook", "signed": True},
    ]
    task = {"key": "lay", "name": "Lay the table", "kind": "manual"}
    flow = {"format": 1, "key": "booking", "name": "Booking", "tasks": [task], "edges": [], "triggers": triggers}
    api.post("/flows", json=flow).raise_for_status()
    api.post("/flows/booking/publish").raise_for_status()
    return "booking"


def fill(page: Page, fields: dict[str, str]) -> None:
    """Write into the fields of the page's form and send it; ends on what answers."""
    for label, text in fields.items():
        page.locator("main").get_by_label(re.compile(f"^{label}( optional)?$")).fill(text)
    with page.expect_navigation():
        page.locator("main form .button-primary").first.click()
    expect(page.locator("main .field-error")).to_have_count(0)


def open_made(page: Page, name: str) -> None:
    """From a list to the one with this name."""
    with page.expect_navigation():
        page.locator("main tbody th a").filter(has_text=name).first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_what_settings_make_is_accessible(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "administrator")
    page.goto(CONSOLE + "settings/webhooks/new/")
    findings = look_at(page)
    fill(page, WEBHOOK)
    findings += look_at(page)  # its secret, shown once
    for listed, fields in (("webhooks", {}), ("connections", CONNECTION), ("connectors", {"Name": "Pay out"})):
        if fields:
            page.goto(f"{CONSOLE}settings/{listed}/new/")
            findings += look_at(page)
            if listed == "connections":
                page.get_by_role("link", name="AI agent").click()
                expect(page.get_by_label("Model", exact=True)).to_be_visible()
                findings += look_at(page)
            fill(page, fields)
        page.goto(f"{CONSOLE}settings/{'ledgers' if listed == 'connectors' else listed}/")
        findings += look_at(page)
        open_made(page, (fields or WEBHOOK)["Name"])
        findings += look_at(page)
    page.goto(CONSOLE + "settings/messages/new/")
    page.get_by_label("Channel", exact=True).select_option(label="Text message")
    findings += look_at(page)
    fill(page, PROVIDER)
    findings += look_at(page)
    page.goto(CONSOLE + "settings/messages/")
    findings += look_at(page)
    open_made(page, PROVIDER["Name"])
    findings += look_at(page)
    page.goto(CONSOLE + "settings/messages/")
    page.get_by_role("button", name="Show the inbox secret").click()
    expect(page.get_by_role("heading", name="Inbox secret", level=1)).to_be_visible()
    findings += look_at(page)
    assert not findings, "\n".join(findings)


def test_what_is_done_with_tasks_and_instances_is_accessible(
    page: Page, server: Quadrille, api: httpx.Client, booking: str
) -> None:
    api.post(f"/flows/{booking}/instances", json={"id": "table-1", "input": {}}).raise_for_status()
    sign_in(page, server, "administrator")
    page.goto(CONSOLE + "inbox/?whose=all")
    page.locator(".task-link").first.click()
    page.wait_for_url("**/inbox/*/")
    findings = look_at(page)
    page.goto(CONSOLE + "flows/customer-onboarding/start/")
    findings += look_at(page)
    page.goto(CONSOLE + "instances/?q=table-1")
    page.get_by_role("link", name="table-1", exact=True).first.click()
    page.wait_for_url(re.compile(r"/instances/\d+/"))
    page.goto(urljoin(page.url, "facts/"))
    findings += look_at(page)
    page.goto(CONSOLE + f"flows/{booking}/triggers/")
    findings += look_at(page)
    page.get_by_role("button", name="Show the signing secret").click()
    expect(page.get_by_role("heading", name="Signing secret", level=1)).to_be_visible()
    findings += look_at(page)
    page.goto(CONSOLE + "data/automations/new/")
    page.get_by_label("Outcome", exact=True).select_option(label="Goes on until it is told how it ended")
    fill(page, {"Name": "Ship by hand"})
    with page.expect_navigation():
        page.get_by_role("button", name="Run it now").click()
    page.locator("a[href*='/runs/']").first.click()
    page.wait_for_url("**/data/automations/runs/*/")
    findings += look_at(page)
    assert not findings, "\n".join(findings)


def test_what_people_outside_see_is_accessible(
    browser: Browser, page: Page, server: Quadrille, api: httpx.Client, booking: str
) -> None:
    sign_in(page, server, "administrator")
    page.goto(CONSOLE + f"flows/{booking}/triggers/")
    form = page.locator("[data-copy*='/forms/']").first.get_attribute("data-copy") or ""
    page.goto(CONSOLE + "data/journeys/")
    open_made(page, "Report a fault")
    journey = page.locator("[data-copy*='/journeys/']").first.get_attribute("data-copy") or ""
    page.goto(CONSOLE + "settings/members/new/")
    fill(page, {"Email": "nina@example.com", "Name": "Nina"})
    welcome = page.locator("[data-copy*='/welcome/']").get_attribute("data-copy") or ""
    api.put("/entities/nina", json={"schema": "contact", "title": "Nina"}).raise_for_status()
    portal = api.post("/entities/nina/portal").raise_for_status().json()["path"]
    findings: list[str] = []
    with watched_page(browser, server) as (outside, _):
        for address in (form, journey, portal, welcome):
            outside.goto(urlsplit(address).path)
            findings += look_at(outside)
        outside.goto(urlsplit(form).path)
        fill(outside, {})
        expect(outside.get_by_text("Thank you.")).to_be_visible()
        findings += look_at(outside)
    assert not findings, "\n".join(findings)


def test_who_has_tried_too_many_passwords_reads_an_accessible_page(page: Page, watch: Watch) -> None:
    watch.expected_errors += ["422", "429"]
    page.goto("/accounts/sign-in/")
    heading = page.get_by_role("heading", level=1)
    for _ in range(6):
        page.get_by_label("Email").fill("stranger@example.com")
        page.get_by_label("Password", exact=True).fill("wrong")
        with page.expect_navigation() as answered:
            page.get_by_role("button", name="Sign in").click()
        if answered.value.status == 429:
            break
    expect(heading).to_be_visible()
    assert answered.value.status == 429
    assert look_at(page) == []


def test_the_first_page_of_an_installation_is_accessible(page: Page, server: Quadrille) -> None:
    password = "a long enough passphrase"
    made = f"from accounts.models import User; User.objects.create_superuser('installer@example.com', {password!r})"
    server.manage("shell", "-v", "0", "-c", made)
    page.goto("/accounts/sign-in/")
    page.get_by_label("Email").fill("installer@example.com")
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    findings = look_at(page)
    page.keyboard.type("Acme")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Acme is founded.")).to_be_visible()
    findings += look_at(page)
    assert not findings, "\n".join(findings)
