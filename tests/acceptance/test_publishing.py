"""From a template to a live version, its files and a fork of it: by mouse, and by keys alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import ready
from tests.acceptance.browser import Watch, sign_in
from tests.acceptance.keys import press_on, tab_to
from tests.acceptance.quadrille import Quadrille

FLOWS = "/o/demo/development/flows/"
FILES = ("SVG", "PNG", "PDF", "Mermaid", "DOT")


def make(api: httpx.Client, key: str) -> None:
    """A flow with two versions, an instance of the live one that waits for a person, and a draft without that task."""

    def file(*tasks: str) -> dict[str, Any]:
        nodes = [{"key": task, "name": task.title(), "kind": "manual" if task == "ask" else "noop"} for task in tasks]
        edges = [{"from": one, "to": other} for one, other in zip(("trigger", *tasks), tasks, strict=False)]
        return {"format": 1, "key": key, "name": key.title(), "tasks": nodes, "edges": edges}

    def put(document: dict[str, Any]) -> None:
        match = {"If-Match": api.get(f"/flows/{key}").headers["ETag"]}
        api.put(f"/flows/{key}", json=document, headers=match).raise_for_status()

    api.post("/flows", json=file("open", "ask")).raise_for_status()
    api.post(f"/flows/{key}/publish", json={"note": "First"}).raise_for_status()
    put(file("open", "ask", "pack"))
    api.post(f"/flows/{key}/publish", json={"note": "Packs as well"}).raise_for_status()
    api.post(f"/flows/{key}/instances", json={"id": f"{key}-1"}).raise_for_status()
    put(file("open", "pack", "ship"))


def test_a_template_is_found_used_published_and_forked_by_mouse(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    page.goto(FLOWS)
    page.get_by_role("link", name="Templates").click()
    page.wait_for_url("**/templates/")
    page.get_by_label("Search").fill("supplier delivery")
    card = page.get_by_role("listitem").filter(has_text="Purchase order")
    expect(page.get_by_role("heading", name="Leave request")).to_have_count(0)
    for picture in card.locator("img.for-light").all():  # how it begins, and all of it
        expect(picture).to_be_visible()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    card.get_by_role("link", name="Purchase order").click()
    expect(page.locator("[data-task='approve']")).to_be_visible()
    page.get_by_role("button", name="Use this template").click()
    expect(page.locator("#canvas [data-task='approve'], [data-task='approve']").first).to_be_visible()
    page.get_by_role("link", name="Publish…").click()
    expect(page.get_by_role("heading", name="Publish version 1")).to_be_visible()
    page.get_by_label("What is new").fill("As it came from the gallery.")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1 is live.")).to_be_visible()
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Graph as PDF").click()
    assert download.value.suggested_filename == "purchase-order-v1.pdf"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New flow from it").click()
    expect(page.get_by_text("This is Purchase order (copy), from version 1.")).to_be_visible()


def test_a_template_is_used_and_its_flow_switched_off_later_by_keys(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    page.goto(f"{FLOWS}-/templates/")
    tab_to(page, page.get_by_label("Search"))
    page.keyboard.type("ninety days")
    expect(page.get_by_role("heading", name="Leave request")).to_have_count(0)
    press_on(page, page.get_by_role("link", name="Access request"))
    press_on(page, page.get_by_role("button", name="Use this template"))
    expect(page.locator("[data-task='grant']").first).to_be_visible()
    page.goto(f"{FLOWS}access-request/triggers/")
    tab_to(page, page.get_by_label("Switch it"))
    expect(page.get_by_label("Switch it")).to_have_value("off")  # it is on
    tab_to(page, page.get_by_label("At (UTC)"))
    page.keyboard.type("01022040")
    page.keyboard.press("Tab")
    page.keyboard.type("0930AM")
    press_on(page, page.get_by_role("button", name="Plan it"))
    expect(page.get_by_text("Access request will be disabled on 2 January 2040 at 09:30 (UTC).")).to_be_visible()
    press_on(page, page.get_by_role("button", name="Remove : switch off"))
    expect(page.get_by_text("That is not planned any more.")).to_be_visible()


def test_a_flow_is_switched_off_and_on_at_the_planned_moments(
    page: Page, watch: Watch, server: Quadrille, api: httpx.Client
) -> None:
    watch.expected_errors.append("422")
    make(api, "seasonal")
    sign_in(page, server, "designer")

    def plan(to: str, at: datetime) -> None:
        page.goto(f"{FLOWS}seasonal/triggers/")
        page.get_by_label("Switch it").select_option(to)
        page.get_by_label("At (UTC)").fill(f"{at:%Y-%m-%dT%H:%M:%S}")
        page.get_by_role("button", name="Plan it").click()
        expect(page.get_by_text(f"Seasonal will be {'enabled' if to == 'on' else 'disabled'} on")).to_be_visible()

    def comes(enabled: bool) -> None:
        for _ in range(600):
            if {flow["key"]: flow["enabled"] for flow in api.get("/flows").json()["items"]}["seasonal"] is enabled:
                return
            page.wait_for_timeout(100)
        raise AssertionError("the moment has passed, and nothing has happened")

    page.goto(f"{FLOWS}seasonal/triggers/")
    page.get_by_label("At (UTC)").fill("2020-01-01T10:00")
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_text("This moment has passed.")).to_be_visible()
    plan("off", datetime.now(UTC) + timedelta(seconds=4))
    comes(False)
    page.reload()
    expect(page.get_by_text("The flow is disabled: no trigger starts an instance.")).to_be_visible()
    expect(page.locator(".plan-list")).to_have_count(0)
    assert api.post("/flows/seasonal/instances", json={}).status_code == 409
    plan("on", datetime.now(UTC) + timedelta(seconds=4))
    comes(True)
    api.post("/flows/seasonal/instances", json={}).raise_for_status()


def test_cases_that_fail_are_told_before_publishing_and_keep_it_back_if_they_shall(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    make(api, "guarded")
    cases = [{"name": "Asks", "input": {}, "expect": {"path": ["open", "ask"]}}]
    api.put("/flows/guarded/cases", json={"cases": cases}).raise_for_status()
    sign_in(page, server, "designer")
    page.goto(f"{FLOWS}guarded/publish/")
    told = page.get_by_role("region", name="Cases")
    expect(told).to_contain_text("Step 2 was Pack, not “ask”, which has been deleted.")
    expect(told).to_contain_text("The draft can be published all the same.")
    expect(page.get_by_role("button", name="Publish", exact=True)).to_be_enabled()

    page.get_by_role("link", name="Back to the draft").click()
    ready(page)
    page.get_by_role("button", name="Try it").click()
    panel = page.locator("#trying")
    panel.get_by_label("Publishing needs every case to pass").check()
    expect(panel.locator("#trying-cases")).to_contain_text("1 of 1 fail")
    page.get_by_role("link", name="Publish…").click()
    expect(told).to_contain_text("Publishing needs every case to pass.")
    expect(page.get_by_role("button", name="Publish", exact=True)).to_be_disabled()

    # By keys alone: the case is to expect what happens now, and then it may be published.
    press_on(page, page.get_by_role("link", name="Back to the draft"))
    ready(page)
    page.keyboard.press("Alt+t")
    expect(panel.get_by_label("Sample input")).to_be_focused()
    press_on(page, panel.get_by_role("button", name="Expect this now of Asks"))
    expect(panel.locator("#trying-cases")).to_contain_text("all pass")
    page.keyboard.press("Escape")
    press_on(page, page.get_by_role("link", name="Publish…"))
    expect(told).to_contain_text("1 case, and publishing needs it")
    press_on(page, page.get_by_role("button", name="Publish", exact=True))
    expect(page.get_by_text("Version 3 is live.")).to_be_visible()


def test_a_trigger_is_tried_on_its_page_by_mouse_and_by_keys(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "operator")
    triggers = f"{FLOWS}order-fulfilment/triggers/"
    page.goto(triggers)
    page.get_by_role("link", name=re.compile("Try it.*Inbound event")).click()
    page.get_by_label("Sample event").fill('{"total": 0}')
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("region", name="It would start nothing")).to_contain_text("The filter is not met.")
    page.get_by_role("link", name="Back").click()
    page.wait_for_url(f"**{triggers}")

    press_on(page, page.get_by_role("link", name=re.compile("Try it.*Inbound event")))
    tab_to(page, page.get_by_label("Sample event"))
    page.keyboard.press("Control+a")
    page.keyboard.type('{"total": 12}')
    press_on(page, page.get_by_role("button", name="Try it"))
    expect(page.get_by_role("region", name="It would start an instance")).to_contain_text('{"total":12}')
    assert look_at(page) == []

    # For real: the type is offered, and what listens for it starts.
    press_on(page, page.get_by_role("link", name="Triggers"))
    press_on(page, page.get_by_role("link", name="Send an event"))
    tab_to(page, page.get_by_label("Type"))
    expect(page.locator("datalist option[value='order.placed']")).to_have_count(1)
    page.keyboard.type("order.placed")
    tab_to(page, page.get_by_label("Payload"))
    page.keyboard.press("Control+a")
    page.keyboard.type('{"total": 12}')
    press_on(page, page.get_by_role("button", name="Send"))
    expect(page.get_by_text("“order.placed” is on its way.")).to_be_visible()


def test_versions_are_weighed_compared_taken_along_and_restored_by_mouse(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    make(api, "weighed")
    sign_in(page, server, "designer")
    page.goto(f"{FLOWS}weighed/publish/")
    under_way = page.get_by_role("region", name="Instances under way")
    row = under_way.get_by_role("row", name=re.compile("Ask"))
    expect(under_way).to_contain_text("1 could not")
    expect(row.get_by_role("cell").nth(2)).to_have_text("Ask is not in version 3.")
    expect(page.get_by_role("region", name="Since version 2")).to_contain_text("Ship")
    assert look_at(page) == []
    page.get_by_label("What is new").fill("Nobody is asked")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 3 is live.")).to_be_visible()

    page.goto(f"{FLOWS}weighed/versions/")
    expect(page.get_by_role("row", name=re.compile("Version 3"))).to_contain_text("Nobody is asked")
    page.emulate_media(forced_colors="active")  # the tab one is on is still another
    lines = page.locator(".tab").evaluate_all("tabs => tabs.map((tab) => getComputedStyle(tab).borderBottomColor)")
    assert len(set(lines)) == 2
    page.emulate_media(forced_colors="none")
    page.get_by_role("link", name="Changes in version 3").click()
    expect(page.get_by_role("heading", name="From version 2 to version 3")).to_be_visible()
    page.get_by_label("From", exact=True).select_option("1")
    changes = page.get_by_role("region", name="From version 1 to version 3")
    expect(changes).to_contain_text("Ship")
    page.get_by_role("link", name="The other way round").click()
    expect(page.get_by_role("heading", name="From version 3 to version 1")).to_be_visible()
    page.get_by_label("To", exact=True).select_option("draft")
    expect(page.get_by_text("Nothing differs between version 3 and the draft.")).to_be_visible()

    page.goto(f"{FLOWS}weighed/versions/1/")
    for file in FILES:
        page.locator("summary", has_text="Download").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Graph as {file}").click()
        assert download.value.suggested_filename.startswith("weighed-v1.")
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Restore as draft").click()
    page.get_by_role("button", name="Replace the draft").click()
    expect(page.get_by_text("The draft is version 1 again.")).to_be_visible()


def test_versions_are_weighed_compared_taken_along_and_restored_by_keys(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    def press(what: Locator) -> None:
        press_on(page, what)

    make(api, "keyed")
    sign_in(page, server, "designer")
    page.goto(f"{FLOWS}keyed/versions/")
    press(page.get_by_role("link", name="Compare the draft with the live version"))
    heading = page.get_by_role("heading", level=2, name=re.compile("^From"))
    expect(heading).to_have_text("From version 2 to the draft")
    tab_to(page, page.get_by_label("From", exact=True))
    page.keyboard.type("Version 1")
    expect(heading).to_have_text("From version 1 to the draft")
    page.goto(f"{FLOWS}keyed/versions/2/")
    menu = page.locator("summary", has_text="Download")
    press(menu)
    with page.expect_download() as download:
        press(page.get_by_role("link", name="Flow file as YAML"))
    assert download.value.suggested_filename == "keyed-v2.yaml"
    press(page.get_by_role("button", name="Restore as draft"))
    expect(page.get_by_role("button", name="Replace the draft")).to_be_visible()
    press(page.get_by_role("button", name="Replace the draft"))
    expect(page.get_by_text("The draft is version 2 again.")).to_be_visible()
    page.goto(f"{FLOWS}keyed/publish/")
    expect(page.get_by_text("The draft is the same as version 2.")).to_be_visible()
    tab_to(page, page.get_by_label("What is new"))
    page.keyboard.type("As it was")
    press(page.get_by_role("button", name="Publish", exact=True))
    expect(page.get_by_text("Version 3 is live.")).to_be_visible()
    press(page.get_by_role("button", name="New flow from it"))
    expect(page.get_by_text("This is Keyed (copy), from version 3.")).to_be_visible()
