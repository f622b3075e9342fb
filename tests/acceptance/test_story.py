"""The whole story in a browser: draw a flow, publish it, start it, watch it live, do its human task, see it complete.

Once by mouse, once by keyboard alone.
"""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.acceptance.board import Board, ready
from tests.acceptance.browser import sign_in_by_hand
from tests.acceptance.keys import choose, tab_to
from tests.acceptance.quadrille import Quadrille

PLACE: Final = "/o/demo/development"
FORM: Final = (
    '{"type": "object", "properties": {"answer": {"type": "string", "title": "Your answer"}}, "required": ["answer"]}'
)


# ---------------------------------------------------------------- by mouse


def test_the_story_by_mouse(page: Page, server: Quadrille) -> None:
    sign_in_by_hand(page, server, "designer")
    section(page, "Flows").click()
    page.get_by_role("link", name="New flow").first.click()
    page.get_by_label("Name").fill("Day off")
    page.get_by_role("button", name="Draw it").click()
    page.wait_for_url("**/flows/day-off/edit/")
    board = ready(page)
    board.add("manual", (330, 200))
    board.add("set_values", (640, 200))
    ask, note = (card_key(card(page, name)) for name in ("Manual task", "Set values"))
    board.connect("trigger", ask)
    board.saved()
    page.mouse.move(700, 700)
    board.connect(ask, note)
    expect(board.edges()).to_have_count(2)
    board.saved()

    open_task(page, board, ask)
    rename(page, "Ask the manager")
    set_form(page, FORM)
    open_task(page, board, note)
    rename(page, "Note the answer")
    page.get_by_role("button", name="Add to Values").click()
    page.get_by_label("Key", exact=True).last.fill("answer")
    page.get_by_label("Value", exact=True).last.fill("{{ steps." + ask + ".output.answer }}")
    page.get_by_label("Value", exact=True).last.blur()
    expect(page.locator("#problems")).to_contain_text("ready to publish")
    saved(page)

    page.get_by_role("link", name="Publish…").click()
    page.get_by_role("button", name=re.compile("^Publish")).click()
    page.wait_for_url("**/versions/1/")

    section(page, "Flows").click()
    page.get_by_role("link", name="Start an instance of Day off").click()
    page.get_by_label(re.compile("^Id")).fill("day-off-1")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/instances/\d+/"))
    page.evaluate("window.__sameDocument = true")
    waiting = card(page, "Ask the manager")
    expect(waiting).to_have_class(re.compile("status-waiting"))

    inbox = page.context.new_page()
    inbox.goto(f"{PLACE}/inbox/")
    task = inbox.locator(".task-row", has_text="day-off-1")
    task.get_by_role("link", name="Open").click()
    inbox.get_by_role("button", name="Claim").click()
    expect(inbox.get_by_role("button", name="Give back")).to_be_visible()
    inbox.get_by_label("Your answer").fill("Enjoy the sun")
    inbox.get_by_role("button", name="Complete").click()

    expect(page.locator("#instance-status")).to_contain_text("complete", ignore_case=True)
    expect(card(page, "Note the answer")).to_have_class(re.compile("status-completed"))
    expect(page.locator("#instance-output")).to_contain_text("Enjoy the sun")
    assert page.evaluate("window.__sameDocument") is True, "the page was loaded anew instead of being updated"
    inbox.goto(f"{PLACE}/inbox/")
    expect(inbox.locator(".task-row", has_text="day-off-1")).to_have_count(0)


def section(page: Page, name: str) -> Locator:
    """The link to a section, in the bar over every page."""
    return page.get_by_role("navigation", name="Sections").get_by_role("link", name=re.compile(f"^{name}"))


def card(page: Page, name: str) -> Locator:
    """The card of the task with this name on a graph."""
    return page.locator("g.node", has=page.locator("title", has_text=re.compile(f"^{re.escape(name)}$")))


def card_key(node: Locator) -> str:
    """The key of a task from its card."""
    return node.get_attribute("data-task") or ""


def open_task(page: Page, board: Board, key: str) -> None:
    """Click a card: its settings are in the inspector."""
    board.card(key).click()
    expect(page.locator("#inspector")).to_have_attribute("data-subject", key)


def rename(page: Page, name: str) -> None:
    """Give what is selected another name, in the inspector."""
    field = page.locator("#inspector").get_by_label(re.compile("^Name"))
    field.fill(name)
    field.blur()
    expect(card(page, name)).to_be_visible()
    saved(page)


def set_form(page: Page, schema: str) -> None:
    """Give a human task a form."""
    page.locator("#inspector summary", has_text="Form").click()
    raw = page.locator("#inspector .schema-raw")
    raw.locator("> summary").click()
    field = raw.locator("textarea.is-code")
    field.fill(schema)
    field.blur()
    saved(page)


def saved(page: Page) -> None:
    """Wait until everything is stored."""
    expect(page.locator(".editor")).to_have_attribute("data-saving", "done")


# ---------------------------------------------------------------- by keyboard


def test_the_story_by_keyboard(page: Page, server: Quadrille) -> None:
    press = page.keyboard.press
    type_text = page.keyboard.type
    noted = server.credentials
    page.goto("/accounts/sign-in/")
    tab_to(page, page.get_by_label("Email"))
    type_text(noted["users"]["designer"])
    tab_to(page, page.get_by_label("Password", exact=True))
    type_text(noted["password"])
    press("Enter")
    page.wait_for_url("**/o/demo/**")

    tab_to(page, section(page, "Flows"))
    press("Enter")
    tab_to(page, page.get_by_role("link", name="New flow").first)
    press("Enter")
    page.wait_for_url("**/new/")
    tab_to(page, page.get_by_label("Name"))
    type_text("Key by key")
    press("Enter")
    page.wait_for_url("**/flows/key-by-key/edit/")
    ready(page)

    tab_to(page, page.locator("#canvas"))
    press("Home")
    for name, title in (("manual", "Manual task"), ("set values", "Set values")):
        press("n")
        type_text(name)
        press("Enter")
        expect(card(page, title)).to_be_focused()
        saved(page)
    expect(page.locator("#graph-edges .edge")).to_have_count(2)

    press("Enter")
    tab_to(page, page.get_by_role("button", name="Add to Values"))
    press("Enter")
    tab_to(page, page.get_by_label("Key", exact=True).last)
    type_text("done")
    tab_to(page, page.get_by_label("Value", exact=True).last)
    type_text("yes")
    press("Tab")
    saved(page)
    expect(page.locator("#problems")).to_contain_text("ready to publish")

    tab_to(page, page.get_by_role("link", name="Publish…"))
    press("Enter")
    page.wait_for_url("**/publish/")
    tab_to(page, page.get_by_role("button", name=re.compile("^Publish")))
    press("Enter")
    page.wait_for_url("**/versions/1/")

    tab_to(page, section(page, "Instances"))
    press("Enter")
    page.wait_for_url("**/instances/**")
    tab_to(page, page.get_by_role("link", name=re.compile("^Start")).first)
    press("Enter")
    page.wait_for_url("**/start/**")
    choose(page, page.get_by_label("Flow", exact=False).first, "Key by key")
    expect(page.locator("#start-input")).to_have_attribute("data-flow", "key-by-key")
    tab_to(page, page.get_by_role("button", name="Start"))
    press("Enter")
    page.wait_for_url(re.compile(r"/instances/\d+/"))
    expect(card(page, "Manual task")).to_have_class(re.compile("status-waiting"))
    instance = page.url
    key = page.locator("#instance-head h1").inner_text()

    tab_to(page, section(page, "Inbox"))
    press("Enter")
    page.wait_for_url("**/inbox/**")
    tab_to(page, page.locator(".task-row", has_text=key).get_by_role("link", name="Open"))
    press("Enter")
    tab_to(page, page.get_by_role("button", name="Complete"))
    press("Enter")
    expect(page.get_by_role("button", name="Complete")).to_have_count(0)
    page.goto(instance)
    expect(page.locator("#instance-status")).to_contain_text("complete", ignore_case=True)
