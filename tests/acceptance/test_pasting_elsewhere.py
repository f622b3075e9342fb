"""Tasks go from one organization to another through the system's clipboard, between people who share nothing else."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.board import Board, ready
from tests.acceptance.browser import sign_in, watched_page
from tests.acceptance.quadrille import Quadrille

HERE: Final = "/o/demo/development"
THERE: Final = "/o/acme/staging"


def open_in(page: Page, place: str, name: str) -> Board:
    """A new flow of this name at a place of its own."""
    page.goto(f"{place}/flows/-/new/")
    page.get_by_label("Name", exact=True).fill(name)
    page.locator("main form .button-primary").click()
    page.wait_for_url("**/edit/")
    return ready(page)


@pytest.fixture(scope="module")
def acme(browser: Browser, server: Quadrille) -> None:
    """A second organization, with the demo's administrator in it: made in the admin, as there is no other way."""
    with watched_page(browser, server) as (page, _):
        sign_in(page, server, "administrator")
        page.goto("/admin/accounts/organization/add/")
        page.locator("[name=name]").fill("Acme")
        page.locator("[name=name]").blur()
        expect(page.locator("[name=slug]")).to_have_value("acme")  # made of the name
        page.get_by_role("button", name="Add another Environment").click()
        page.locator("[name=environments-0-name]").fill("Staging")
        page.locator("[name=environments-0-name]").blur()
        expect(page.locator("[name=environments-0-slug]")).to_have_value("staging")
        page.get_by_role("button", name="Add another Membership").click()
        page.locator("#memberships-0 .select2-selection").click()
        page.get_by_role("option", name="Demo administrator").click()
        page.locator("[name=memberships-0-role]").select_option("designer")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".messagelist")).to_contain_text("was added successfully")


@pytest.mark.usefixtures("acme")
def test_tasks_are_pasted_into_a_flow_of_another_organization(page: Page, browser: Browser, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    board = open_in(page, HERE, "Copied from here")
    board.add("manual", (240, 160))
    page.locator("#inspector details:has(#field-description) > summary").click()
    page.locator("#field-description").fill("Ask “Ann” <twice>")
    page.locator("#field-description").blur()
    board.saved()
    board.add("http_request", (560, 160))
    board.connect("manual_task", "http_request")
    expect(board.edges()).to_have_count(1)
    page.locator("#canvas").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    board.said("Copied 2 things")
    with watched_page(browser, server) as (colleague, _):
        sign_in(colleague, server, "administrator")
        other = open_in(colleague, THERE, "Pasted there")
        colleague.locator("#canvas").focus()
        colleague.keyboard.press("Control+v")
        other.said("Pasted 2 things")
        expect(other.edges()).to_have_count(1)
        other.saved()
        colleague.reload()
        ready(colleague)
        expect(other.card("http_request")).to_be_visible()
        expect(other.edges()).to_have_count(1)
        other.select("manual_task")
        expect(colleague.locator("#field-description")).to_have_value("Ask “Ann” <twice>")
