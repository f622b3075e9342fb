"""Data of earlier tasks is picked from a tree, by mouse and by keys alone."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.board import Board, open_made, ready
from tests.acceptance.browser import sign_in
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.settings_flow import flow_file, item, stored


@pytest.fixture
def board(page: Page, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Board:
    """The editor with the flow of `flow_file`."""
    sign_in(page, server, "designer")
    key = re.sub(r"[^a-z]+", "-", f"{request.node.name}")[5:64].strip("-")
    return open_made(page, api, key, flow_file(key))


def test_data_is_picked_from_a_tree_by_mouse(board: Board) -> None:
    page = board.page
    board.select("tell")
    subject = page.get_by_label("Subject")
    subject.fill("Order ")
    page.get_by_role("button", name="Insert data into Subject").click()
    expect(item(page, "fetch")).to_contain_text("Fetch the order")
    item(page, "order").locator(".picker-turn").click()
    expect(item(page, "total")).to_contain_text("number")
    item(page, "id").first.click()
    expect(subject).to_have_value("Order {{ input.order.id }}")
    page.get_by_label("To (required)").focus()
    stored(board, "tell")
    page.reload()
    ready(page)
    board.select("tell")
    expect(page.get_by_label("Subject")).to_have_value("Order {{ input.order.id }}")


def test_what_may_not_have_run_is_marked(board: Board) -> None:
    page = board.page
    board.connect("ask", "tell")
    board.select("tell")
    page.get_by_role("button", name="Insert data into Subject").click()
    expect(item(page, "ask")).to_contain_text("maybe")
    expect(item(page, "fetch")).not_to_contain_text("maybe")
    page.keyboard.press("Escape")
    expect(page.locator("#picker")).to_be_hidden()
    expect(page.get_by_label("Subject")).to_be_focused()


def test_data_is_picked_by_keys_alone(board: Board) -> None:
    page = board.page
    page.locator("#node-tell").focus()
    page.keyboard.press("Enter")
    board.shows("tell")
    subject = page.get_by_label("Subject")
    subject.focus()
    page.keyboard.press("End")
    page.keyboard.type(" {{ order.t")
    expect(page.get_by_role("option", name="input.order.total")).to_be_visible()
    page.keyboard.press("Enter")
    expect(subject).to_have_value("Hi {{ input.order.total }}")
    page.keyboard.type("!")
    page.keyboard.press("Tab")
    stored(board, "tell")
    expect(subject).to_have_value("Hi {{ input.order.total }}!")

    page.get_by_label("From", exact=True).focus()
    page.keyboard.press("Control+ ")
    expect(page.get_by_role("tree")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("From", exact=True)).to_have_value("{{ input.order.id }}")


def test_a_name_that_is_not_declared_becomes_a_problem(board: Board) -> None:
    page = board.page
    board.select("tell")
    page.get_by_label("Subject").fill("{{ input.order.totl }}")
    page.get_by_label("To (required)").focus()
    board.saved()
    expect(page.locator("#problems-list")).to_contain_text("totl")
