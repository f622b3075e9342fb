"""Settings that help: picking data, building conditions, drawing forms, by mouse and by keys alone."""

from __future__ import annotations

import json
import re
from typing import Final

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import Board, open_made, ready
from tests.acceptance.browser import Watch, sign_in
from tests.acceptance.holding import held_up
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.settings_flow import flow_file, item, stored

PLACE: Final = "/o/demo/development"


@pytest.fixture
def board(page: Page, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Board:
    """The editor with the flow of `flow_file`."""
    sign_in(page, server, "designer")
    key = re.sub(r"[^a-z]+", "-", f"{request.node.name}")[5:64].strip("-")
    return open_made(page, api, key, flow_file(key))


def branch_names(page: Page) -> Locator:
    """The fields that name the branches."""
    return page.get_by_label("Name of the branch")


def test_branches_are_put_in_order_and_tried_on_sample_data(board: Board) -> None:
    page = board.page
    board.select("big")
    page.get_by_text("Try it on sample data").click()
    table = page.get_by_role("region", name="Truth table")
    expect(table.locator("tfoot")).to_contain_text("Large")
    expect(table.locator(".truth-branch .is-met")).to_have_count(1)
    sample = page.get_by_label("Sample data")
    sample.fill('{"input": {"order": {"total": 5, "urgent": true}}}')
    expect(table.locator("tfoot")).to_contain_text("Rushed")
    expect(table.locator("tfoot")).not_to_contain_text("Large")

    operators = page.get_by_label("Comparison").nth(1).locator("option")
    expect(operators.filter(has_text="over")).to_have_count(0)  # of yes or no nobody asks that
    page.locator(".drag-handle").first.scroll_into_view_if_needed()
    page.locator(".drag-handle").nth(1).hover()  # waits until nothing moves any more
    handle = page.locator(".drag-handle").nth(1).bounding_box()
    first = page.locator(".branch").first.bounding_box()
    assert handle is not None
    assert first is not None
    page.mouse.down()
    page.mouse.move(handle["x"] + 8, first["y"] + 4, steps=8)
    page.mouse.up()
    board.said("Now branch 1 of 2")
    board.saved()
    expect(branch_names(page).first).to_have_value("Rushed")
    expect(table.locator("tbody tr").first).to_contain_text("Rushed")

    page.get_by_role("button", name="Move Rushed down").focus()
    page.keyboard.press("Enter")
    board.saved()
    expect(branch_names(page).first).to_have_value("Large")
    expect(page.get_by_role("button", name="Move Rushed down")).to_be_disabled()
    expect(page.get_by_role("button", name="Move Rushed up")).to_be_focused()
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


def test_branches_are_built_by_keys_alone(board: Board) -> None:
    page, press = board.page, board.page.keyboard.press
    page.locator("#node-big").focus()
    press("Enter")
    board.shows("big")
    page.get_by_role("button", name="Branch", exact=True).focus()
    press("Enter")
    expect(branch_names(page)).to_have_count(3)
    stored(board, "big")
    name = branch_names(page).nth(2)
    name.focus()
    press("Control+a")
    page.keyboard.type("Gift")
    press("Tab")
    stored(board, "big")
    expect(name).to_have_value("Gift")

    branch = page.locator(".branch").nth(2)
    for number, (source, operator, value) in enumerate((("total", "at most", "10"), ("id", "is empty", ""))):
        if number:
            branch.get_by_role("button", name=re.compile("^Statement")).focus()
            press("Enter")
        statement = branch.locator(".statement").nth(number)
        field = statement.get_by_label("Value to look at")
        field.focus()
        page.keyboard.type(f"order.{source}")
        expect(page.get_by_role("option", name=f"input.order.{source}")).to_be_visible()
        press("Enter")
        expect(field).to_have_value(f"input.order.{source}")
        press("Tab")
        stored(board, "big")
        comparison = statement.get_by_label("Comparison")
        # Which there are goes by the type of what is looked at: they come with the form of what was stored.
        expect(comparison.locator("option", has_text=re.compile(rf"^\s*{operator}\s*$"))).to_have_count(1)
        choose(page, comparison, operator)
        press("Tab")
        stored(board, "big")
        if value:
            statement.get_by_label("Value to compare with").focus()
            page.keyboard.type(value)
            press("Tab")
            stored(board, "big")
    choose(page, branch.get_by_label("How the statements of Gift are joined"), "one must hold (or)")
    press("Tab")
    stored(board, "big")

    page.reload()
    ready(page)
    page.locator("#node-big").focus()
    press("Enter")
    board.shows("big")
    expect(branch_names(page).nth(2)).to_have_value("Gift")
    expect(branch.locator(".statement")).to_have_count(2)
    expect(branch.get_by_label("How the statements of Gift are joined")).to_have_value("any")
    expect(branch.get_by_label("Value to compare with").first).to_have_value("10")


def test_what_was_stored_stays_when_a_row_is_added_before_the_form_is_up_to_date(board: Board) -> None:
    page, late = board.page, "**/edit/inspector?*"
    board.select("big")
    held: list[Route] = []
    page.route(late, lambda route: held.append(route))  # a lambda, as Playwright notes things on it
    value = page.get_by_label("Value to compare with").first
    with page.expect_request(late):
        value.fill("2500")
        value.blur()
    board.saved()
    branch = page.locator(".branch").first
    branch.get_by_role("button", name=re.compile("^Statement")).click()
    added = branch.locator(".statement").nth(1).get_by_label("Value to look at")
    expect(added).to_be_focused()
    with page.expect_response(late):
        for route in held:
            route.continue_()
    page.unroute(late)
    added.fill("input.order.urgent")
    added.blur()
    board.saved()
    expect(value).to_have_value("2500")
    page.reload()
    ready(page)
    board.select("big")
    expect(branch.locator(".statement")).to_have_count(2)
    expect(value).to_have_value("2500")


def choose(page: Page, field: Locator, label: str) -> None:
    """Pick an option of a select with the arrow keys, from the one that it has downwards."""
    expect(field).to_be_visible()
    for _ in range(field.locator("option").count()):
        field.focus()
        if field.evaluate("select => select.selectedOptions[0].textContent.trim()") == label:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no option is called {label!r}")


def test_sample_data_that_comes_late_leaves_what_one_typed(board: Board) -> None:
    page, asked = board.page, re.compile(r"/edit/sample-data")
    board.select("big")
    with held_up(page, asked) as tell_the_sample:
        with page.expect_request(asked):
            page.get_by_text("Try it on sample data").click()
        sample, typed = page.get_by_label("Sample data"), '{"input": {"order": {"total": 5, "urgent": true}}}'
        sample.fill(typed)
        with page.expect_response(asked):
            tell_the_sample()
        expect(page.get_by_role("region", name="Truth table").locator("tfoot")).to_contain_text("Rushed")
    expect(sample).to_have_value(typed)


def test_a_form_is_drawn_by_keys_alone(board: Board) -> None:
    page = board.page
    page.locator("#node-ask").focus()
    page.keyboard.press("Enter")
    board.shows("ask")
    form = page.locator("#inspector details", has_text="Form").first.locator("> summary")
    form.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Field for Form").focus()
    page.keyboard.press("Enter")
    name = page.get_by_label("Name in the data")
    expect(name).to_be_focused()
    page.keyboard.type("how")
    page.keyboard.press("Tab")
    page.keyboard.type("How it travels")
    page.keyboard.press("Tab")
    page.keyboard.type("One")
    page.keyboard.press("Tab")
    expect(page.locator("[data-schema-row] > summary b")).to_have_text("How it travels")
    expect(page.get_by_role("button", name="Remove: How it travels")).to_be_visible()
    choices = page.get_by_label("Choices, one a line")
    expect(choices).to_be_visible()
    choices.focus()
    page.keyboard.type("express: By express\nslow")
    page.keyboard.press("Tab")
    page.get_by_label("Required", exact=True).focus()
    page.keyboard.press(" ")
    board.saved()
    preview = page.locator(".schema-shown > summary")
    preview.focus()
    page.keyboard.press("Enter")
    shown = page.locator(".form-preview")
    expect(shown).to_contain_text("How it travels")
    expect(shown).to_contain_text("By express")

    page.reload()
    ready(page)
    board.select("ask")
    page.locator(".schema-raw > summary").click()
    choices = {"enum": ["express", "slow"], "enumNames": ["By express", "slow"]}
    kept = json.loads(page.get_by_label("Form", exact=True).input_value())
    assert kept == {
        "type": "object",
        "properties": {
            "how": {"title": "How it travels", "enum": ["express", "slow"], "enumNames": ["By express", "slow"]}
        },
        "required": ["how"],
    }
    page.locator("[data-schema-row] > summary").click()
    page.get_by_label("Label", exact=True).fill("How it goes")
    page.get_by_label("Label", exact=True).press("Tab")
    board.saved()
    page.reload()
    ready(page)
    board.select("ask")
    expect(page.locator("[data-schema-row] > summary b")).to_have_text("How it goes")


def test_mistakes_in_code_are_shown_where_they_are(board: Board, watch: Watch) -> None:
    watch.expected_errors.append("422")
    page = board.page
    board.select("fetch")
    body = page.get_by_label("JSON body")
    body.fill('{"order": 1 "total": 2}')
    expect(page.locator(".code-problem", has_text="comma")).to_contain_text("Line 1, column 13")
    expect(page.locator(".code-wrong")).to_have_count(1)
    page.get_by_label("Address").focus()
    expect(page.locator("[data-refused] .field-error").first).to_contain_text("JSON body")
    expect(page.locator("[data-refused] .field-error").first).to_be_hidden()  # said once
    expect(body).to_have_value('{"order": 1 "total": 2}')
    body.fill('{"order": "{{ input.order.id }}"}')
    expect(page.locator(".code-problem", has_text="comma")).to_have_count(0)
    expect(page.locator(".code-braces")).to_have_text("{{ input.order.id }}")
    page.get_by_label("Address").focus()
    board.saved()
    expect(page.locator("[data-refused]")).to_have_count(0)


def test_attempts_are_shown_over_time(board: Board) -> None:
    page = board.page
    board.select("fetch")
    attempts = page.locator(".attempts")
    expect(attempts).to_contain_text("up to 3 attempts")
    expect(attempts).to_contain_text("after 30 s")
    page.get_by_label("Pause", exact=True).first.fill("1 minute")
    page.get_by_label("Repeats").first.focus()
    board.saved()
    expect(attempts).to_contain_text("after 3 min")


def test_what_a_flow_is_started_with_is_drawn_asked_for_and_checked(board: Board, watch: Watch) -> None:
    watch.expected_errors.append("422")
    page = board.page
    page.locator("#canvas").focus()
    page.keyboard.press("Escape")
    board.shows("")
    page.get_by_role("button", name="Field for Input").click()
    page.get_by_label("Name in the data").last.fill("customer")
    page.get_by_label("Required", exact=True).last.check()
    board.saved()
    board.select("tell")
    page.get_by_role("button", name="Insert data into Subject").click()
    expect(item(page, "customer")).to_be_visible()
    page.keyboard.press("Escape")

    page.locator("#publish-link").click()
    page.wait_for_url("**/publish/")
    page.locator("main form .button-primary, dialog form .button-primary").first.click()
    page.wait_for_url("**/versions/**")
    key = page.url.split("/flows/")[1].split("/")[0]
    page.goto(f"{PLACE}/flows/{key}/start/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#start-form")).to_contain_text("required")
    page.get_by_label("Customer").fill("Ada")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/instances/**")


def test_what_is_written_to_an_entity_is_set_undone_and_done_again(board: Board) -> None:
    page = board.page
    page.locator("#canvas").focus()
    page.keyboard.press("Escape")
    board.shows("")
    rules = page.locator("#inspector [data-key^=sync-][data-group]")
    entity = rules.get_by_label(re.compile("^Entity"))
    group = page.locator("#inspector [data-key=entity-sync]")
    if group.get_attribute("open") is None:
        group.locator("summary").click()
    page.locator("#sync-add").select_option("task:ask")
    group.get_by_role("button", name="Add the rule").click()
    expect(rules).to_have_count(1)
    board.saved()
    entity.fill("contract")
    entity.press("Tab")
    board.saved()
    page.locator("#undo").click()
    expect(entity).not_to_have_value("contract")
    board.saved()
    page.locator("#undo").click()
    expect(rules).to_have_count(0)
    board.saved()
    page.locator("#redo").click()
    expect(rules).to_have_count(1)
    board.saved()
    page.locator("#redo").click()
    expect(entity).to_have_value("contract")
    board.saved()
    rules.get_by_role("button", name="Remove rule 1").click()
    expect(rules).to_have_count(0)
    board.saved()
    page.locator("#undo").click()
    expect(entity).to_have_value("contract")
    board.saved()
    page.reload()
    ready(page)
    expect(entity).to_have_value("contract")


@pytest.mark.parametrize("state", ["picker", "truth", "form", "code"])
def test_nothing_of_it_bars_anyones_way(board: Board, watch: Watch, state: str) -> None:
    watch.expected_errors.append("422")  # code that is half written is refused
    page = board.page
    if state == "picker":
        board.select("tell")
        page.get_by_role("button", name="Insert data into Subject").click()
        expect(page.get_by_role("tree")).to_be_visible()
    elif state == "truth":
        board.select("big")
        page.get_by_text("Try it on sample data").click()
        expect(page.locator(".truth")).to_be_visible()
    elif state == "form":
        board.select("ask")
        page.locator("#inspector details", has_text="Form").first.locator("> summary").click()
        page.get_by_role("button", name="Field for Form").click()
        expect(page.get_by_label("Name in the data")).to_be_visible()
        page.locator(".schema-shown > summary").click()
        expect(page.locator(".form-preview")).to_be_visible()
    else:
        board.select("fetch")
        page.get_by_label("JSON body").fill('{"a": 1, "b": "x"')
        expect(page.locator(".code-problem", has_text="closed")).to_be_visible()
    found = look_at(page)
    assert not found, "\n".join(found)
