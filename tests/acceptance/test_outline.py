"""The outline: the same flow as a nested list, drawn with the keys alone, by mouse, and on a phone."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import Board, open_new
from tests.acceptance.browser import PHONE, sign_in, watched_page
from tests.acceptance.quadrille import Quadrille

SMALL_PHONE: Final = (320, 640)


class List:
    """The outline of an open editor."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def row(self, name: str) -> Locator:
        """The button of the entry with this name."""
        return self.page.locator("#outline [data-name]").filter(has=self.page.locator(f"b:text-is({name!r})"))

    def entry(self, name: str) -> Locator:
        """The entry with what is inside."""
        return self.page.locator("#outline li").filter(has=self.page.locator(f":scope > div b:text-is({name!r})"))

    def names(self) -> list[str]:
        """What stands there, from top to bottom."""
        return self.page.locator("#outline [data-name] b").all_inner_texts()

    def shows(self, *names: str) -> None:
        """Wait until exactly this stands there."""
        expect(self.page.locator("#outline [data-name] b")).to_have_text(list(names))

    def choose(self, title: str, words: str) -> None:
        """Pick from the little list that has just opened, by typing."""
        expect(self.page.locator("#chooser-title")).to_have_text(title)
        expect(self.page.locator("#chooser")).to_be_visible()
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#chooser:visible h2").filter(has_text=title)).to_have_count(0)

    def act(self, name: str, words: str) -> None:
        """Open what can be done with an entry, by mouse, and pick."""
        self.row(name).locator("xpath=../button[@data-more]").click()
        self.page.locator("#chooser [role=option]").filter(has_text=words).first.click()


def _switch(page: Page, view: str) -> None:
    page.get_by_role("button", name=view, exact=True).click()


def test_a_flow_is_drawn_in_the_outline_with_the_keys_alone(board: Board) -> None:
    page, press = board.page, board.page.keyboard.press
    outline = List(page)
    page.get_by_role("button", name="Outline", exact=True).focus()
    press("Enter")
    outline.row("Start").focus()
    press("a")
    outline.choose("Add after Start", "set values")
    expect(outline.row("Set values")).to_be_focused()
    board.said("Added Set values after Start")
    press("a")
    outline.choose("Add after Set values", "decision")
    outline.shows("Start", "Set values", "Decision")

    # Between two tasks: the edge is parted.
    press("ArrowUp")
    expect(outline.row("Set values")).to_be_focused()
    press("a")
    outline.choose("Add after Set values", "http")
    outline.shows("Start", "Set values", "HTTP request", "Decision")
    expect(outline.row("HTTP request")).to_be_focused()
    board.saved()
    expect(board.edges()).to_have_count(3)

    # Renamed, and connected to what stands before it.
    press("ArrowDown")
    press("F2")
    expect(page.locator("#inspector [data-path='[\"name\"]'] input")).to_be_focused()
    page.keyboard.type("Large?")
    press("Enter")
    expect(outline.row("Large?")).to_be_visible()
    board.saved()
    press("Escape")
    expect(outline.row("Large?")).to_be_focused()
    press("a")
    outline.choose("Add after Large?", "manual")
    outline.shows("Start", "Set values", "HTTP request", "Large?", "otherwise", "Manual task")
    expect(outline.row("Manual task")).to_be_focused()

    # Folded, walked over, opened again.
    press("ArrowUp")
    press("ArrowUp")
    expect(outline.row("Large?")).to_be_focused()
    press("ArrowLeft")
    expect(outline.row("otherwise")).to_be_hidden()
    press("ArrowRight")
    expect(outline.row("otherwise")).to_be_visible()

    # Into a phase of its own, then away, then back.
    press("End")
    press(".")
    outline.choose("Manual task", "move into")
    outline.choose("Move into…", "new phase")
    expect(outline.row("Phase 1")).to_be_focused()
    press("Control+z")
    expect(outline.row("Phase 1")).to_have_count(0)
    outline.row("HTTP request").focus()
    press("Delete")
    expect(outline.row("HTTP request")).to_have_count(0)
    board.said("Deleted HTTP request")
    press("Control+z")
    expect(outline.row("HTTP request")).to_be_visible()
    board.saved()


def test_branches_are_put_in_another_order(board: Board) -> None:
    page, outline = board.page, List(board.page)
    board.add("decision", (300, 300))
    inspector = page.locator("#inspector")
    for number, name in enumerate(("Large", "Small"), 1):
        inspector.get_by_role("button", name="Branch", exact=True).click()
        expect(inspector.get_by_label("Name of the branch")).to_have_count(number)
        inspector.get_by_label("Name of the branch").last.fill(name)
        inspector.get_by_label("Value to look at").last.fill(f"input.{name.lower()}")
        inspector.get_by_label("Comparison").last.select_option(label="is not empty")
        inspector.get_by_label("Comparison").last.blur()
        expect(page.locator("#inspector [data-pending]")).to_have_count(0)
        board.saved()
        expect(inspector.get_by_label("Name of the branch").last).to_have_value(name)
        expect(board.card("decision")).to_contain_text("large is not empty" if number == 1 else "2 branches")
    _switch(page, "Outline")
    for branch, task in (("Large", "Send e-mail"), ("Small", "Junction")):
        outline.act("Decision", "Add a task after it")
        outline.choose("Add after Decision", task)
        outline.choose("Which branch?", branch)
        expect(outline.row(task)).to_be_focused()
    outline.shows("Start", "Decision", "Large", "Send e-mail", "Small", "Junction")
    outline.row("Small").focus()
    page.keyboard.press("Alt+ArrowUp")
    outline.shows("Start", "Decision", "Small", "Junction", "Large", "Send e-mail")
    expect(outline.row("Small")).to_be_focused()
    board.said("Small is now branch 1 of 2")
    page.keyboard.press("Alt+ArrowUp")
    board.said("It is the first already")
    page.get_by_role("button", name="Undo").click()
    outline.shows("Start", "Decision", "Large", "Send e-mail", "Small", "Junction")


def test_what_is_done_in_the_outline_shows_on_the_canvas_and_the_other_way_round(board: Board) -> None:
    page, outline = board.page, List(board.page)
    board.add("http_request", (300, 200))
    board.add("noop", (620, 200))
    board.connect("http_request", "junction")
    _switch(page, "Outline")
    expect(outline.row("Junction")).to_be_visible()
    outline.act("HTTP request", "On an error, go to")
    page.locator("#chooser [role=option]").filter(has_text="Junction").click()
    expect(outline.entry("HTTP request").locator("b", has_text="on error")).to_be_visible()
    outline.act("on error", "Take this edge away")
    expect(outline.row("on error")).to_have_count(0)
    outline.row("Junction").click()
    expect(outline.row("Junction")).to_have_attribute("aria-pressed", "true")
    _switch(page, "Canvas")
    expect(board.card("junction")).to_have_class(re.compile("is-selected"))
    expect(board.edges()).to_have_count(1)
    found = [*look_at(page)]
    _switch(page, "Outline")
    found += look_at(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
def test_on_a_phone_the_outline_is_the_editor(browser: Browser, server: Quadrille, size: tuple[int, int]) -> None:
    with watched_page(browser, server, size=size) as (page, _):
        sign_in(page, server, "designer")
        board, outline = open_new(page, f"On a phone {size[0]}"), List(page)
        expect(page.locator("#outline")).to_be_visible()
        expect(page.locator("#canvas")).to_be_hidden()
        outline.act("Start", "Add a task after it")
        page.locator("#chooser [role=option]").filter(has_text="Delay").click()
        expect(outline.row("Delay")).to_be_visible()
        outline.row("Delay").click()
        page.get_by_label("For", exact=True).fill("2 days")
        page.get_by_label("For", exact=True).blur()
        expect(outline.row("Delay")).to_contain_text("2 d")
        page.get_by_role("button", name="Close the inspector").click()
        expect(page.locator(".inspector")).to_be_hidden()
        outline.act("Delay", "Add a task after it")
        page.locator("#chooser [role=option]").filter(has_text="Junction").click()
        outline.shows("Start", "Delay", "Junction")
        page.get_by_role("button", name="Undo").click()
        outline.shows("Start", "Delay")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the side"
        found = look_at(page)
        assert not found, "\n".join(found)
        _switch(page, "Canvas")
        expect(board.card("delay")).to_be_visible()
