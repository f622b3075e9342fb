"""What is loaded with the first use of it and cannot be: said, with the rest at work, and asked for once more later."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.board import Board, open_new
from tests.acceptance.browser import PHONE, Watch, sign_in, watched_page
from tests.acceptance.quadrille import Quadrille

OUTLINE: Final = re.compile(r"/editor/outline\.")
SANDBOX: Final = re.compile(r"/editor/trying\.")
MENTIONS: Final = re.compile(r"/editor/mentions\.")
PICKER: Final = re.compile(r"/settings/picker\.")


@pytest.fixture
def lame(board: Board, watch: Watch) -> Board:
    """The editor with a task, on a line that will fail."""
    watch.expected_errors.append("Failed to load resource")
    board.add("send_email", (400, 240))
    return board


def cut(page: Page, what: re.Pattern[str]) -> None:
    page.route(what, lambda route: route.abort())


def subject_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^Subject"))


def test_an_outline_that_cannot_be_loaded_leaves_the_canvas(lame: Board) -> None:
    page = lame.page
    cut(page, OUTLINE)
    outline = page.get_by_role("button", name="Outline", exact=True)
    outline.click()
    expect(page.locator("#toasts")).to_contain_text("The outline could not be loaded.")
    expect(lame.card("send_e_mail")).to_be_visible()
    expect(outline).to_have_attribute("aria-pressed", "false")
    page.unroute(OUTLINE)
    outline.click()
    expect(page.locator(".outline-name", has_text="Send e-mail")).to_be_visible()


def test_on_a_phone_the_canvas_comes_instead(browser: Browser, server: Quadrille) -> None:
    with watched_page(browser, server, size=PHONE) as (page, watch):
        watch.expected_errors.append("Failed to load resource")
        sign_in(page, server, "designer")
        cut(page, OUTLINE)
        open_new(page, "No outline on a phone")
        expect(page.locator("#toasts")).to_contain_text("The outline could not be loaded.")
        expect(page.locator("#node-trigger")).to_be_visible()


def test_a_sandbox_that_cannot_be_loaded_is_asked_for_once_more(lame: Board) -> None:
    page = lame.page
    cut(page, SANDBOX)
    page.keyboard.press("Alt+t")
    expect(page.locator("#toasts")).to_contain_text("The sandbox could not be loaded.")
    page.unroute(SANDBOX)
    page.keyboard.press("Alt+t")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def test_comments_do_without_the_list_of_people(lame: Board) -> None:
    page = lame.page
    cut(page, MENTIONS)
    page.locator("#canvas").focus()
    page.keyboard.press("m")
    words = page.locator("#comment-new")
    expect(words).to_be_focused()
    words.press_sequentially("Is this right?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".comment")).to_contain_text("Is this right?")


def test_data_that_cannot_be_listed_can_be_typed(lame: Board) -> None:
    page = lame.page
    cut(page, PICKER)
    insert = page.get_by_role("button", name="Insert data into Subject")
    insert.click()
    expect(page.locator("#toasts")).to_contain_text("The list of data could not be loaded.")
    subject_of(page).fill("Hello {{ input.name }}")
    subject_of(page).blur()
    lame.saved()
    expect(subject_of(page)).to_have_value("Hello {{ input.name }}")
    page.unroute(PICKER)
    insert.click()
    expect(page.locator("#picker")).to_be_visible()
