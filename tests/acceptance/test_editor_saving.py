"""The editor beside another one, and where the line fails: nothing that was changed is lost, or made twice."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Route, expect

from tests.acceptance.board import Board, ready
from tests.acceptance.browser import Watch, sign_in, watched_page
from tests.acceptance.quadrille import Quadrille


def test_two_open_editors_show_the_same(board: Board) -> None:
    other = board.page.context.new_page()
    other.goto(board.page.url)
    beside = ready(other)
    board.add("noop", (300, 200))
    expect(beside.card("junction")).to_be_visible()
    beside.select("junction")
    field = other.locator("#inspector").get_by_label("Name")
    field.fill("Seen by both")
    field.blur()
    expect(board.card("junction")).to_contain_text("Seen by both")
    expect(board.page.locator("#inspector .inspector-title")).to_have_text("Seen by both")


def test_a_change_of_what_another_has_changed_is_asked_about(
    board: Board, watch: Watch, browser: Browser, server: Quadrille
) -> None:
    watch.expected_errors.append("409")
    page = board.page
    board.add("noop", (300, 200))
    # A window that follows nobody: as if its connection were slow.
    with watched_page(browser, server) as (slow, slow_watch):
        slow_watch.expected_errors += ["409", "WebSocket"]
        sign_in(slow, server, "administrator")
        slow.route_web_socket(re.compile("/live/"), lambda socket: None)
        slow.goto(page.url)
        behind = ready(slow)
        behind.select("junction")
        field = page.locator("#inspector").get_by_label("Name")
        field.fill("First")
        field.blur()
        board.saved()
        late = slow.locator("#field-name")
        late.fill("Second")
        late.blur()
        clash = slow.get_by_role("group", name="Two values for Name")
        expect(clash).to_contain_text("First")
        expect(clash).to_contain_text("Second")
        expect(behind.card("junction")).to_contain_text("First")
        expect(late).to_have_value("Second")
        clash.get_by_role("button", name="Keep mine").click()
        expect(behind.card("junction")).to_contain_text("Second")
        expect(clash).to_have_count(0)
    expect(board.card("junction")).to_contain_text("Second")


def test_without_a_network_a_change_is_kept_and_sent_again(board: Board, watch: Watch) -> None:
    watch.expected_errors += ["ERR_FAILED", "Failed to load"]
    page = board.page
    board.add("noop", (300, 200))
    page.route("**/edit/edits", lambda route: route.abort())
    before = board.middle("junction")
    board.drag(before, (before[0] + 80, before[1]))
    expect(page.locator("#notice")).to_contain_text("One change is not saved")
    expect(page.locator("#notice")).to_contain_text("Trying again")
    assert abs(board.middle("junction")[0] - before[0] - 80) <= 8
    page.unroute("**/edit/edits")
    board.saved()  # by itself
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#live")).to_have_text("All changes are saved now.")
    page.reload()
    ready(page)
    page.get_by_role("button", name="Undo").click()
    expect(board.card("junction")).to_be_visible()


def test_a_change_whose_answer_was_lost_is_made_once(board: Board, watch: Watch) -> None:
    watch.expected_errors += ["ERR_FAILED", "Failed to load", "503"]
    page = board.page
    board.add("noop", (300, 200))
    lost: list[int] = []

    def lose(route: Route) -> None:
        """The first is made, and its answer lost; the second is told to wait."""
        lost.append(route.fetch().status if not lost else 503)
        if len(lost) == 1:
            route.abort()
        elif len(lost) == 2:
            route.fulfill(status=503, headers={"Retry-After": "1"})
        else:
            route.continue_()

    page.route("**/edit/duplicate", lose)
    page.keyboard.press("Control+d")
    expect(page.locator("#notice")).to_contain_text("One change is not saved")
    board.saved()
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("g.node[data-task]")).to_have_count(2)
    assert lost[:2] == [200, 503]
    page.reload()
    ready(page)
    expect(page.locator("g.node[data-task]")).to_have_count(2)
