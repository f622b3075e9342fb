"""What a person has typed or opened outlives an answer of the server that comes late.

The answers are held up here until the person has gone on; on a busy machine, or a slow line, that happens by itself.
"""

from __future__ import annotations

import re
from typing import Final

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.browser import Watch, sign_in
from tests.acceptance.holding import held_up
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_editor import open_new
from tests.acceptance.test_steering import ASK, api, automation, flow_of, open_instance, publish, show_step, start

__all__ = ["api"]  # a fixture

FORMS: Final = re.compile(r"/edit/inspector")
FIELDS: Final = re.compile(r"/edit/fields")
STEPS: Final = re.compile(r"/instances/\d+/\?step=charge")
LISTS: Final = (
    ("/o/demo/development/flows/-/templates/", "Access request"),
    ("/o/demo/development/flows/", "Customer onboarding"),
)
TEXT: Final = "{{ steps.ask.output.answer }}"


@pytest.fixture
def rows(page: Page, server: Quadrille, request: pytest.FixtureRequest) -> Page:
    """The editor with a task that sets values, chosen."""
    sign_in(page, server, "designer")
    board = open_new(page, request.node.name[-40:])
    board.add("set_values", (400, 240))
    board.saved()
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "set_values")
    return page


def stored_values(page: Page) -> list[str]:
    """Key and value of every row, as the server has them."""
    page.reload()
    page.locator("g.node[data-task=set_values]").click()
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "set_values")
    return [
        page.get_by_label(label, exact=True).nth(row).input_value()
        for row in range(page.get_by_label("Key", exact=True).count())
        for label in ("Key", "Value")
    ]


def test_a_form_rendered_before_a_row_was_stored_does_not_take_it_back(rows: Page) -> None:
    page = rows
    form = page.locator("#inspector")
    with held_up(page, FORMS) as show_form:
        with page.expect_request(FORMS):
            form.get_by_label("Name").fill("Note")
            form.get_by_label("Name").blur()
        before = form.get_attribute("data-revision") or ""
        with held_up(page, FIELDS) as tell_it_is_stored:
            page.get_by_role("button", name="Add to Values").click()
            page.get_by_label("Key", exact=True).last.fill("answer")
            with page.expect_request(FIELDS):
                page.get_by_label("Value", exact=True).last.fill(TEXT)
            show_form()
            expect(form).not_to_have_attribute("data-revision", before)
            expect(page.get_by_label("Value", exact=True).last).to_have_value(TEXT)
            page.get_by_label("Value", exact=True).last.blur()
            tell_it_is_stored()
    expect(page.locator(".editor")).to_have_attribute("data-saving", "done")
    assert stored_values(page) == ["answer", TEXT]


def test_a_step_asked_for_again_closes_no_dialog(page: Page, server: Quadrille, api: httpx.Client) -> None:
    publish(api, flow_of("late-answers", automation("charge"), ASK))
    start(api, "late-answers", "late-1")
    sign_in(page, server, "operator")
    open_instance(page, "late-1")
    show_step(page, "Charge")
    with held_up(page, STEPS) as hand_over:
        with page.expect_request(STEPS):
            page.locator("#instance-steps").get_by_role("link", name="Charge", exact=True).click()
        page.locator("#instance-step").get_by_role("link", name="Restart from here").click()
        dialog = page.locator("#instance-step dialog[open]")
        dialog.get_by_label("Reason").fill("Twice charged.")
        with page.expect_event("requestfinished"):
            hand_over()
        expect(dialog.get_by_label("Reason")).to_have_value("Twice charged.")
        dialog.get_by_role("button", name="Restart", exact=True).click()
    expect(page.locator("#instance-history")).to_contain_text("Twice charged.")


def test_another_step_is_shown_instead(page: Page, server: Quadrille, api: httpx.Client) -> None:
    publish(api, flow_of("late-others", automation("charge"), ASK))
    start(api, "late-others", "late-2")
    sign_in(page, server, "operator")
    open_instance(page, "late-2")
    for name in ("Charge", "Ask", "Charge"):
        show_step(page, name)
        expect(page.locator("#instance-step")).to_have_count(1)
    assert "step=charge" in page.url


def test_a_list_that_is_filtered_again_keeps_the_focus(page: Page, server: Quadrille) -> None:
    """Leaving the search field asks once more; the link that one has gone on to keeps the keyboard."""
    sign_in(page, server, "designer")
    for path, known in LISTS:
        page.goto(path)
        found = page.get_by_role("link", name=known, exact=True)
        with held_up(page, re.compile(r"\?q=")) as hand_over:
            with page.expect_request(re.compile(r"\?q=")):
                page.get_by_label("Search").fill(known)
            found.focus()
            hand_over()
            expect(page).to_have_url(re.compile(r"\?q="))
        expect(found).to_be_focused()


def test_the_flow_chosen_last_is_the_one_that_starts(
    page: Page, watch: Watch, server: Quadrille, api: httpx.Client
) -> None:
    """The form of the one chosen before comes late; a start that is quicker than the form asks for its input first."""
    watch.expected_errors.append("422")
    for key in ("late-choice-1", "late-choice-2"):
        publish(api, flow_of(key, ASK))
    sign_in(page, server, "operator")
    page.goto("/o/demo/development/instances/start/")
    choice = page.get_by_label("Flow", exact=True)
    with held_up(page, re.compile(r"start/.*flow=late-choice-1")) as hand_over:
        with page.expect_request(re.compile(r"flow=late-choice-1")):
            choice.select_option("late-choice-1")
        page.get_by_label("Id").fill("late-3")
        choice.select_option("late-choice-2")
        hand_over()
        expect(page.locator("#start-input")).to_have_attribute("data-flow", "late-choice-2")
    expect(choice).to_have_value("late-choice-2")
    expect(page.get_by_label("Id")).to_have_value("late-3")

    with held_up(page, re.compile(r"start/.*flow=late-choice-1")):
        with page.expect_request(re.compile(r"flow=late-choice-1")):
            choice.select_option("late-choice-1")
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#start-form")).to_contain_text("another flow's input")
    expect(choice).to_have_value("late-choice-1")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/instances/\d+/"))
    expect(page.get_by_role("main")).to_contain_text("late-3")


def test_both_sides_of_a_comparison_stay_as_chosen(page: Page, server: Quadrille, api: httpx.Client) -> None:
    """The second side is chosen while the answer to the first is on its way."""
    for name in ("One", "Two"):
        publish(api, flow_of("late-sides", ASK) | {"name": name})
    sign_in(page, server, "designer")
    page.goto("/o/demo/development/flows/late-sides/compare/?from=1&to=draft")
    old, new = page.get_by_label("From", exact=True), page.get_by_label("To", exact=True)
    with held_up(page, re.compile(r"compare/\?.*from=2")) as hand_over:
        with page.expect_request(re.compile(r"from=2")):
            old.select_option("2")
        new.select_option("1")
        hand_over()
        expect(page.locator("#changes-heading")).to_have_text("From version 2 to version 1")
    expect(old).to_have_value("2")
    expect(new).to_have_value("1")
    expect(page.get_by_role("link", name="The other way round")).to_have_attribute("href", re.compile("from=1&to=2"))
