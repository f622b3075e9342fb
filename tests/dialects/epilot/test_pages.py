"""Stories in a browser: a journey's form starts a flow; a customer completes a task on their portal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.acceptance.browser import find_chromium, launch, watched_page
from tests.acceptance.quadrille import Quadrille
from tests.dialects.conftest import Tenant

Json = dict[str, Any]
FORM: Json = {
    "type": "object",
    "properties": {"meter": {"type": "string", "title": "Meter number"}},
    "required": ["meter"],
}


@pytest.fixture(scope="module")
def http(server: Quadrille, new_tenant: Callable[[str], Tenant]) -> Iterator[httpx.Client]:
    """A program of its own organization."""
    headers = {"authorization": f"Bearer {new_tenant('epilot-pages').key}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium. Without one the stories are left out loudly, and fail in CI."""
    if find_chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine, and CI leaves nothing out")
        pytest.skip("NOT RUN: no Chromium on this machine (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def page(chromium: Browser, server: Quadrille) -> Iterator[Page]:
    """Somebody from outside, watched for console errors and foreign requests."""
    with watched_page(chromium, server) as (found, watch):
        watch.expected_errors.append("422")
        yield found


def make(http: httpx.Client, **template: Any) -> Json:
    answer = http.post("/epilot/v2/flows/templates", json={"edges": [], **template})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_journeys_form_starts_a_flow(page: Page, http: httpx.Client) -> None:
    body = {"name": "Report a meter", "form": FORM, "entity_schema": "contract", "public": True}
    journey = http.put("/api/v1/journeys/report", json=body).json()
    trigger = {"type": "journey_submission", "journey_id": "report"}
    tasks = [{"id": "look", "name": "Look at it", "task_type": "MANUAL"}]
    made = make(http, name="Reported meters", trigger=trigger, tasks=tasks)
    page.goto(journey["path"])
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    page.get_by_label("Meter number").fill("4711")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status").filter(has_text="Thank you")).to_be_visible()
    (entity,) = http.get("/api/v1/entities?schema=contract").json()["items"]
    assert entity["attributes"] == {"meter": "4711"}
    wanted = {"entity_id": entity["id"], "entity_schema": "contract"}
    (found,) = http.post("/epilot/v2/flows/executions:search", json=wanted).json()["results"]
    assert (found["flow_template_id"], found["status"]) == (made["id"], "STARTED")


def test_a_customer_completes_a_task_on_their_portal(page: Page, http: httpx.Client) -> None:
    journey = {"name": "Your meter", "form": FORM, "public": True}
    assert http.put("/api/v1/journeys/yours", json=journey).status_code == 201
    tasks = [
        {"id": "papers", "name": "Papers", "task_type": "MANUAL", "ecp": {"enabled": True, "label": "Send the papers"}},
        {
            "id": "meter",
            "name": "Meter",
            "task_type": "MANUAL",
            "ecp": {"enabled": True, "label": "Read your meter", "journey": {"journeyId": "yours"}},
        },
        {"id": "inner", "name": "Inner work", "task_type": "MANUAL"},
    ]
    made = make(http, name="Move in", tasks=tasks)
    contexts = [{"entity_id": "customer-1", "entity_schema": "contact", "is_primary": True}]
    body = {"flow_template_id": made["id"], "contexts": contexts}
    execution = http.post("/epilot/v2/flows/executions", json=body).json()
    link = http.post("/api/v1/entities/customer-1/portal").json()["path"]
    page.goto(link)
    expect(page.get_by_text("Inner work")).to_have_count(0)
    page.get_by_role("button", name="Done").click()
    papers = page.get_by_role("listitem").filter(has_text="Send the papers")
    expect(papers).to_contain_text("done")
    page.locator(".portal-task", has_text="Read your meter").get_by_role("link", name="Fill in").click()
    page.get_by_label("Meter number").fill("12")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status").filter(has_text="Thank you")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("listitem").filter(has_text="Read your meter")).to_contain_text("done")
    found = http.get(f"/epilot/v2/flows/executions/{execution['id']}").json()
    assert {t["template_id"]: t["status"] for t in found["tasks"]} == {
        "papers": "COMPLETED",
        "meter": "COMPLETED",
        "inner": "PENDING",
    }


def test_a_customer_begins_a_flow_on_their_portal(page: Page, http: httpx.Client) -> None:
    journey = {"name": "Tell us your new meter", "form": FORM, "entity_schema": "meter_reading", "public": True}
    assert http.put("/api/v1/journeys/new-meter", json=journey).status_code == 201
    config = {"schema": "meter_reading", "ecp_config": {"origin": "END_CUSTOMER_PORTAL"}}
    trigger = {"type": "automation", "trigger_config": [{"type": "entity_operation", "configuration": config}]}
    made = make(http, name="New meters", trigger=trigger, tasks=[{"id": "a", "name": "A", "task_type": "MANUAL"}])
    customer = {"schema": "contact", "attributes": {"name": "Jo"}, "title": "Jo"}
    assert http.put("/api/v1/entities/customer-2", json=customer).status_code == 201
    page.goto(http.post("/api/v1/entities/customer-2/portal").json()["path"])
    offers = page.get_by_role("listitem").filter(has_text="Tell us your new meter")
    offers.get_by_role("link", name="Fill in").click()
    page.get_by_label("Meter number").fill("4712")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status").filter(has_text="Thank you")).to_be_visible()
    page.get_by_role("link", name="What is to be done").click()
    expect(page.get_by_role("heading", name="What you can begin")).to_be_visible()
    (entity,) = http.get("/api/v1/entities?schema=meter_reading").json()["items"]
    wanted = {"entity_id": entity["id"], "entity_schema": "meter_reading"}

    begun: list[str] = []
    until = monotonic() + 60
    while not begun and monotonic() < until:  # a worker hears of it, and runs the automation
        page.reload()
        found = http.post("/epilot/v2/flows/executions:search", json=wanted).json()["results"]
        begun = [each["flow_template_id"] for each in found]
    assert begun == [made["id"]]
