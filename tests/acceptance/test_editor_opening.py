"""What one sees while the editor's page arrives: the drawing where it belongs, and in any case the drawing."""

from __future__ import annotations

import json
import re
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille

EDITOR: Final = "/o/demo/development/flows/customer-onboarding/edit/"
CARD: Final = "#node-register"
MAIN: Final = re.compile(r"/static/js/editor/main\.")


def test_a_file_becomes_a_flow(page: Page, server: Quadrille) -> None:
    task = {"key": "pack", "name": "Pack it", "kind": "manual", "at": [320, 120]}
    edges = [{"from": "trigger", "to": "pack"}]
    document = {"format": 1, "key": "from-a-file", "name": "From a file", "tasks": [task], "edges": edges}
    sign_in(page, server, "designer")
    page.goto("/o/demo/development/flows/-/import/")
    file = {"name": "flow.json", "mimeType": "application/json", "buffer": json.dumps(document).encode()}
    page.locator("input[type=file]").set_input_files(files=[file])
    page.get_by_role("button", name="Import").click()
    page.wait_for_url(lambda url: "import" not in url)
    page.goto("/o/demo/development/flows/from-a-file/edit/")
    expect(page.locator("#node-pack")).to_contain_text("Pack it")
    expect(page.locator("#graph-edges > .edge")).to_have_count(1)


def when_painted(page: Page) -> list[str]:
    """Gets an entry as soon as the browser has painted something of the page that is opened next."""
    painted: list[str] = []

    def heard(event: dict[str, str]) -> None:
        if event["name"] == "init":
            painted.clear()
        elif event["name"] == "firstContentfulPaint":
            painted.append(event["name"])

    session = page.context.new_cdp_session(page)
    session.on("Page.lifecycleEvent", heard)
    session.send("Page.enable")
    session.send("Page.setLifecycleEventsEnabled", {"enabled": True})
    return painted


def test_the_drawing_comes_when_it_is_known_where_it_belongs(page: Page, server: Quadrille) -> None:
    """Over a slow line before that, from its start on: when the page has been read and its script is not there."""
    held: list[Route] = []
    page.route(MAIN, lambda route: held.append(route))
    sign_in(page, server, "designer")
    painted = when_painted(page)
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.goto(EDITOR, wait_until="commit")
    expect(page.locator("#inspector")).to_be_visible()
    expect(page.locator(CARD)).to_be_attached()
    expect(page.locator("#shortcuts")).to_be_attached()  # the end of the page has come, and still
    page.clock.run_for(200)
    expect(page.locator("#canvas")).to_be_hidden()
    page.clock.resume()
    expect(page.locator("#node-trigger")).to_be_visible()
    for _ in range(500):  # nothing is painted while a script is waited for that stands in the way
        if painted:
            break
        page.wait_for_timeout(20)
    assert painted
    expect(page.locator("#node-trigger")).to_be_in_viewport(ratio=1)
    for route in held:
        route.continue_()
    expect(page.locator(".editor[data-ready=true]")).to_be_visible()
    expect(page.locator(CARD)).to_be_visible()


@pytest.mark.parametrize("script", [MAIN, re.compile(r"/static/js/app\.")], ids=["editor", "shell"])
def test_a_flow_whose_script_does_not_come_is_shown_all_the_same(
    browser: Browser, server: Quadrille, script: re.Pattern[str]
) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    page.route(script, lambda route: route.abort())
    sign_in(page, server, "designer")
    page.goto(EDITOR)
    expect(page.locator(CARD)).to_be_visible()
    context.close()


def test_without_script_the_flow_is_shown(browser: Browser, server: Quadrille) -> None:
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, server, "designer")
    page.goto(EDITOR)
    expect(page.locator(CARD)).to_be_visible()
    context.close()


def test_a_folded_phase_is_as_wide_when_the_page_is_loaded_anew(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    page.goto(EDITOR)
    fold = page.locator("[data-fold-phase]").first
    phase = fold.get_attribute("data-fold-phase") or ""
    fold.click()
    area = page.locator(f"[id='phase-{phase.removeprefix('phase:')}'] .area")
    expect(area).to_have_attribute("height", "36")
    width = area.get_attribute("width") or ""
    assert float(width) > 168, "its name is what makes it so wide"
    page.reload()
    expect(page.locator(".editor[data-ready=true]")).to_be_visible()
    expect(area).to_have_attribute("height", "36")
    expect(area).to_have_attribute("width", width)
