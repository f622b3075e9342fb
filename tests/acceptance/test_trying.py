"""The “Try it” panel: by mouse, and by keys alone. Nothing that is tried leaves the page's server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.browser import sign_in
from tests.acceptance.holding import held_up
from tests.acceptance.keys import choose, press_on, tab_to
from tests.acceptance.quadrille import Quadrille

PLACE: Final = "/o/demo/development"
FLOW: Final = """
format: 1
key: {key}
name: Tried {key}
tasks:
  - key: charge
    name: Charge the card
    kind: automation
    settings:
      action: http_request
      inputs: {{method: POST, url: "https://pay.example.com/charges", json: {{amount: "{{{{ input.amount }}}}"}}}}
      retries: {{limit: 1, delay: 1 minute, backoff: constant}}
  - key: approve
    name: Approve it
    kind: manual
  - key: tell
    name: Tell them
    kind: automation
    settings:
      action: send_email
      inputs: {{to: "{{{{ input.email }}}}", subject: "Paid {{{{ input.amount }}}}", body: Thanks}}
  - key: mend
    name: Mend it
    kind: noop
edges:
  - {{from: trigger, to: charge}}
  - {{from: charge, to: approve}}
  - {{from: charge, to: mend, on: error}}
  - {{from: approve, to: tell}}
sample_input: {{amount: 20, email: ada@example.com}}
"""


def open_flow(page: Page, server: Quadrille, folder: Path, key: str) -> Locator:
    """The editor with a flow of its own; answers the panel's place."""
    path = folder / f"{key}.yaml"
    path.write_text(FLOW.format(key=key))
    server.manage("flow", "import", str(path), "--organization", "demo", "--environment", "development", "--replace")
    sign_in(page, server, "designer")
    page.goto(f"{PLACE}/flows/{key}/edit/")
    page.locator(".editor[data-ready=true]").wait_for()
    return page.locator("#trying")


def card(page: Page, key: str) -> Locator:
    return page.locator(f"[id='node-{key}']")


def test_a_draft_is_tried_answered_otherwise_and_kept_as_a_case(page: Page, server: Quadrille, tmp_path: Path) -> None:
    panel = open_flow(page, server, tmp_path, "tried-by-mouse")
    page.get_by_role("button", name="Try it").click()
    expect(panel.get_by_label("Sample input")).to_have_value(re.compile("ada@example.com"))

    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".trying-summary .chip").first).to_have_text("complete")
    expect(card(page, "tell")).to_have_class(re.compile("look-complete"))
    expect(card(page, "mend")).to_have_class(re.compile("status-skipped"))
    panel.locator("summary", has_text="Tell them").click()
    expect(panel.get_by_label("What Tell them would send")).to_contain_text("Paid 20")

    panel.locator("summary", has_text="Charge the card").click()
    panel.locator("details[open]", has_text="Charge the card").get_by_role("button", name="Answer otherwise").click()
    page.get_by_label("What happens").select_option("error")
    page.get_by_role("button", name="Use it and run").click()
    expect(card(page, "mend")).to_have_class(re.compile("look-complete"))
    expect(panel.locator("summary", has_text="retrying")).to_have_count(1)

    panel.get_by_label("Keep as a case").fill("The bank is down")
    panel.get_by_role("button", name="Keep", exact=True).click()
    expect(panel.locator(".trying-case")).to_have_count(1)
    expect(panel.locator("#trying-cases")).to_contain_text("all pass")
    panel.get_by_role("button", name="Remove The bank is down").focus()
    page.keyboard.press("Enter")
    expect(panel.locator(".trying-case")).to_have_count(0)
    expect(panel.get_by_role("button", name="Put it back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.locator(".trying-case")).to_have_count(1)
    panel.get_by_role("button", name="Coverage on the canvas").click()
    expect(page.locator("#canvas .edge-missed")).to_have_count(2)
    panel.get_by_role("button", name="Forget my answers").click()
    expect(card(page, "approve")).to_have_class(re.compile("look-complete"))
    card(page, "approve").locator(".card").click()
    expect(panel.locator("details[open]")).to_contain_text("Approve it")
    panel.get_by_label("Publishing needs every case to pass").check()
    expect(panel.get_by_label("Publishing needs every case to pass")).to_be_checked()
    assert look_at(page) == []


def test_a_draft_is_tried_step_by_step_by_keys_alone(page: Page, server: Quadrille, tmp_path: Path) -> None:
    panel = open_flow(page, server, tmp_path, "tried-by-keys")
    keys = page.keyboard
    page.locator("#canvas").focus()
    keys.press("Alt+t")
    expect(panel.get_by_label("Sample input")).to_be_focused()
    keys.press("Control+Enter")
    expect(panel.locator(".trying-summary .chip").first).to_have_text("complete")

    press_on(page, panel.get_by_role("button", name="Step by step"))
    expect(panel.locator("[data-try-count]")).to_have_text("1 of 4")
    expect(panel.get_by_role("button", name="Next")).to_be_focused()
    expect(card(page, "charge")).to_have_class(re.compile("look-complete"))
    expect(card(page, "tell")).to_have_class(re.compile("status-open"))
    keys.press("Enter")
    expect(panel.locator("[data-try-count]")).to_have_text("2 of 4")
    expect(card(page, "approve")).to_have_class(re.compile("look-waiting"))
    expect(page.locator("#live")).to_contain_text("Approve it: waiting")

    press_on(page, panel.locator("details[open]").get_by_role("button", name="Answer otherwise"))
    expect(page.get_by_label("What happens")).to_be_focused()
    choose(page, page.get_by_label("What happens"), "Times out: nobody answers")
    press_on(page, page.get_by_role("button", name="Use it and run"))
    expect(panel.locator("[role=alert]").filter(has_text="would wait for ever")).to_be_visible()

    # With its answers forgotten it comes to its end: that is kept as a case, whose way is then shown.
    press_on(page, panel.get_by_role("button", name="Forget my answers"), key="Shift+Tab")
    expect(panel.locator(".trying-summary .chip").first).to_have_text("complete")
    tab_to(page, panel.get_by_label("Keep as a case"))
    keys.type("The usual")
    keys.press("Enter")
    expect(panel.locator("#trying-cases")).to_contain_text("all pass")
    press_on(page, panel.get_by_role("button", name="Coverage on the canvas"))
    expect(page.locator("#canvas .edge-missed")).to_have_count(1)
    tab_to(page, panel.get_by_label("Publishing needs every case to pass"))
    keys.press("Space")
    expect(panel.get_by_label("Publishing needs every case to pass")).to_be_checked()
    keys.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.get_by_role("button", name="Try it")).to_be_focused()
    expect(page.locator("#canvas [data-trying]")).to_have_count(0)


def test_the_name_of_a_case_outlives_the_run_that_was_under_way(page: Page, server: Quadrille, tmp_path: Path) -> None:
    panel = open_flow(page, server, tmp_path, "named-meanwhile")
    page.get_by_role("button", name="Try it").click()
    run = panel.get_by_role("button", name="Run", exact=True)
    run.click()
    name = panel.get_by_label("Keep as a case")
    expect(name).to_be_visible()
    asked = re.compile(r"/try/run$")
    with held_up(page, asked) as tell_what_happened:
        with page.expect_request(asked):
            run.click()
        name.fill("The usual")
        name.evaluate("field => (field.dataset.old = 'true')")
        tell_what_happened()
        expect(panel.locator("#trying-name:not([data-old])")).to_be_attached()
    expect(name).to_have_value("The usual")
    expect(name).to_be_focused()
    panel.get_by_role("button", name="Keep", exact=True).click()
    expect(panel.locator(".trying-case")).to_have_count(1)
