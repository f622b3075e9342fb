"""A decision is put together: what can be compared is offered, problems lead to what is wrong, no typing is lost."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.board import Board, open_made
from tests.acceptance.browser import sign_in
from tests.acceptance.holding import held_up
from tests.acceptance.quadrille import Quadrille

FIELDS: Final = re.compile(r"/edit/fields$")
FORM: Final = {
    "type": "object",
    "properties": {"verdict": {"enum": ["approve", "reject"]}, "urgent": {"type": "boolean"}},
}
STATEMENTS: Final = [
    {"source": "steps.ask.output.verdict", "operator": "equals", "values": ["approve"]},
    {"source": "steps.ask.output.urgent", "operator": "equals", "values": ["true"]},
    {"source": "", "operator": "equals", "values": ["3"]},
]
TASKS: Final[list[dict[str, Any]]] = [
    {"key": "ask", "name": "Ask", "kind": "manual", "settings": {"form": FORM}, "at": [200, 120]},
    {
        "key": "pick",
        "name": "Which way?",
        "kind": "decision",
        "settings": {"conditions": [{"key": "yes", "name": "Yes", "statements": STATEMENTS}]},
        "at": [460, 120],
    },
]


@pytest.fixture
def board(page: Page, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Board:
    """The editor with a form and a decision about it."""
    sign_in(page, server, "designer")
    edges = [{"from": "trigger", "to": "ask"}, {"from": "ask", "to": "pick"}]
    return open_made(page, api, request.node.name.replace("_", " "), {"tasks": TASKS, "edges": edges})


def test_what_a_value_can_be_is_offered_to_compare_with(board: Board) -> None:
    board.select("pick")
    fields = board.page.get_by_label("Value to compare with")
    offered = [
        board.page.locator(f"[id='{field.get_attribute('list')}'] option").evaluate_all("all => all.map(o => o.value)")
        for field in fields.all()
    ]
    assert offered == [["approve", "reject"], ["true", "false"], []]


def test_a_problem_leads_to_the_very_statement(board: Board) -> None:
    page = board.page
    problem = page.locator("#problems-list .problem", has_text="a statement names no value")
    if not problem.is_visible():
        page.locator("#problems [aria-expanded]").click()
    problem.click()
    board.shows("pick")
    expect(page.get_by_label("Value to look at").nth(2)).to_be_focused()


def test_a_branch_is_called_what_is_typed_before_its_field_has_come(board: Board) -> None:
    page = board.page
    board.select("pick")
    branch = page.get_by_role("button", name="Branch", exact=True)
    branch.focus()
    with held_up(page, FIELDS) as hand_over:
        page.keyboard.press("Enter")
        page.keyboard.type("mediums")
        page.keyboard.press("Backspace")
        page.keyboard.press("Enter")
        hand_over()
        expect(page.get_by_label("Name of the branch")).to_have_count(2)
    expect(page.get_by_label("Name of the branch").nth(1)).to_have_value("medium")
    expect(page.get_by_label("Name of the branch").nth(1)).to_be_focused()
    board.saved()
    board.select("ask")
    board.select("pick")
    expect(page.get_by_label("Name of the branch").nth(1)).to_have_value("medium")
    branch.focus()
    page.keyboard.press("Enter")  # it is a button again
    expect(page.get_by_label("Name of the branch")).to_have_count(3)
