"""Two people at one flow, in two browsers: they see each other, their edits merge or are asked about, they talk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.acceptance.axe import look_at
from tests.acceptance.board import Board, open_made, open_new, ready
from tests.acceptance.browser import DESKTOP, PHONE, Watch, sign_in, watched_page
from tests.acceptance.keys import press_on, tab_to
from tests.acceptance.quadrille import Quadrille


@dataclass
class Seat:
    """One person at the flow."""

    page: Page
    board: Board
    watch: Watch

    def field(self, name: str) -> Locator:
        """A field of the inspector, by its id."""
        return self.page.locator(f"#field-{name}")

    def set(self, name: str, value: str) -> None:
        """Type into a field, and leave it."""
        field = self.field(name)
        field.fill(value)
        field.blur()
        self.board.saved()

    def undo(self) -> None:
        """Press the button."""
        self.page.locator("#undo").click()


@pytest.fixture
def seats(
    browser: Browser, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest
) -> Iterator[tuple[Seat, Seat]]:
    """A designer and an administrator at a new flow with two tasks."""
    with (
        watched_page(browser, server) as (one, watch_one),
        watched_page(browser, server, dark=True) as (two, watch_two),
    ):
        for watch in (watch_one, watch_two):
            watch.expected_errors += ["409", "422"]
        sign_in(one, server, "designer")
        ada = open_made(one, api, request.node.name.replace("_", " "))
        ada.add("noop", (240, 160))
        ada.add("delay", (240, 320))
        sign_in(two, server, "administrator")
        two.goto(one.url)
        yield Seat(one, ada, watch_one), Seat(two, ready(two), watch_two)


def test_people_see_each_other_and_where_they_are(seats: tuple[Seat, Seat]) -> None:
    ada, ben = seats
    face = ada.page.locator("#people .person")
    expect(face).to_have_count(1)
    ben.board.select("junction")
    expect(face).to_have_attribute("aria-label", re.compile("at Junction"))
    expect(ada.page.locator("#people-layer .others-frame")).to_have_count(1)
    expect(ada.page.locator("#people-layer .others-cursor")).to_have_count(1)
    face.focus()
    ada.page.keyboard.press("Enter")
    ada.board.said("at Junction")
    assert ada.page.evaluate(
        "[...document.querySelectorAll('#people-layer *')].every(element => element instanceof SVGElement)"
    )
    ben.page.goto("about:blank")
    expect(face).to_have_count(0)


def test_on_a_phone_the_bar_has_two_lines_also_with_others_here(
    seats: tuple[Seat, Seat], browser: Browser, server: Quadrille
) -> None:
    with watched_page(browser, server, size=PHONE) as (phone, _):
        sign_in(phone, server, "designer")
        phone.goto(seats[0].page.url)
        ready(phone)
        expect(phone.locator(".person").first).to_be_visible()
        for width in (PHONE[0], 320):
            phone.set_viewport_size({"width": width, "height": PHONE[1]})
            bar = phone.locator(".editor-top").bounding_box()
            assert bar is not None
            assert bar["height"] < 100, f"{width} px: {bar['height']} px high"
            assert phone.evaluate("document.documentElement.scrollWidth") <= width
            expect(phone.locator("#publish-link")).to_be_in_viewport(ratio=1)


def test_edits_merge_or_are_asked_about_and_everyone_undoes_their_own(seats: tuple[Seat, Seat]) -> None:
    ada, ben = seats
    ada.board.select("junction")
    ben.board.select("junction")

    # Different settings of one task: both stay.
    ada.set("name", "Gather")
    expect(ben.board.card("junction")).to_contain_text("Gather")
    expect(ben.field("name")).to_have_value("Gather")

    # The same one: ben is typing while ada stores.
    ben.field("name").fill("Bens name")
    ada.set("name", "Adas name")
    expect(ben.board.card("junction")).to_contain_text("Adas name")
    expect(ben.field("name")).to_have_value("Bens name")
    ben.field("name").blur()
    clash = ben.page.get_by_role("group", name="Two values for Name")
    expect(clash).to_contain_text("Adas name")
    expect(clash).to_contain_text("Bens name")
    expect(ada.board.card("junction")).to_contain_text("Adas name")
    clash.get_by_role("button", name="Keep mine").click()
    expect(ada.board.card("junction")).to_contain_text("Bens name")
    expect(clash).to_have_count(0)

    # Ada's own last edit is not what stands there any more: her undo says so and changes nothing.
    ada.undo()
    expect(ada.page.locator("#notice")).to_contain_text("somebody has changed the same since")
    expect(ada.board.card("junction")).to_contain_text("Bens name")
    ada.page.get_by_role("button", name="Leave it").click()

    # Both do something else, and each takes back their own under the other's.
    ada.board.select("delay")
    ada.set("name", "Rest")
    ben.undo()
    expect(ada.board.card("junction")).to_contain_text("Adas name")
    expect(ben.board.card("delay")).to_contain_text("Rest")
    ada.undo()
    expect(ben.board.card("delay")).not_to_contain_text("Rest")
    expect(ben.board.card("junction")).to_contain_text("Adas name")


def test_a_clash_whose_other_side_changes_its_mind_says_so_and_ends_where_nothing_stands_against_it(
    seats: tuple[Seat, Seat],
) -> None:
    ada, ben = seats
    for seat in seats:
        seat.board.select("junction")
    ben.field("name").fill("Bens name")
    ada.set("name", "Adas name")
    expect(ben.board.card("junction")).to_contain_text("Adas name")
    ben.field("name").blur()
    clash = ben.page.get_by_role("group", name="Two values for Name")
    expect(clash).to_contain_text("Adas name")
    ada.set("name", "Adas better name")
    expect(clash).to_contain_text("Adas better name")
    expect(clash).to_have_count(1)
    expect(ben.field("name")).to_have_value("Bens name")
    ada.undo()
    expect(clash).to_contain_text("Adas name")
    ada.undo()
    expect(clash).to_have_count(0)
    expect(ben.field("name")).to_have_value("Bens name")
    for seat in seats:
        expect(seat.board.card("junction")).to_contain_text("Bens name")


def test_a_clash_and_everyones_undo_by_keys_alone(seats: tuple[Seat, Seat]) -> None:
    ada, ben = seats
    for seat in seats:
        seat.page.locator("#node-junction").focus()
        seat.page.keyboard.press("Enter")
        expect(seat.field("name")).to_be_focused()
    ben.page.keyboard.press("Control+a")
    ben.page.keyboard.type("Bens name")
    ada.page.keyboard.press("Control+a")
    ada.page.keyboard.type("Adas name")
    ada.page.keyboard.press("Enter")
    ada.board.saved()
    expect(ben.board.card("junction")).to_contain_text("Adas name")
    expect(ben.field("name")).to_have_value("Bens name")
    ben.page.keyboard.press("Enter")
    clash = ben.page.get_by_role("group", name="Two values for Name")
    expect(clash).to_contain_text("Adas name")
    clash.get_by_role("button", name="Keep mine").focus()
    ben.page.keyboard.press("Enter")
    expect(ada.board.card("junction")).to_contain_text("Bens name")
    expect(clash).to_have_count(0)
    ben.board.saved()

    # Ada's edit is not what stands there: her undo says so. Ben's brings hers back, and his again.
    ada.page.locator("#canvas").focus()
    ada.page.keyboard.press("Control+z")
    expect(ada.page.locator("#notice")).to_contain_text("somebody has changed the same since")
    ada.page.get_by_role("button", name="Leave it").focus()
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#notice")).to_be_hidden()
    ben.page.locator("#canvas").focus()
    ben.page.keyboard.press("Control+z")
    expect(ada.board.card("junction")).to_contain_text("Adas name")
    ben.page.keyboard.press("Control+y")
    expect(ada.board.card("junction")).to_contain_text("Bens name")
    ben.page.keyboard.press("Control+z")
    expect(ada.board.card("junction")).to_contain_text("Adas name")
    ada.page.locator("#canvas").focus()
    ada.page.keyboard.press("Control+z")
    expect(ben.board.card("junction")).not_to_contain_text("Adas name")


def test_what_one_types_for_a_task_that_another_deletes_is_kept(seats: tuple[Seat, Seat]) -> None:
    ada, ben = seats
    ben.board.select("delay")
    ben.field("name").fill("A name that took thought")
    ada.board.select("delay")
    ada.page.locator("#canvas").focus()
    ada.page.keyboard.press("Delete")
    expect(ben.board.card("delay")).to_have_count(0)
    notice = ben.page.locator("#notice")
    expect(notice).to_contain_text("A name that took thought")
    expect(notice).to_contain_text("deleted Delay")
    notice.get_by_role("button", name="Copy what I typed").click()
    expect(ben.page.locator("#toasts")).to_contain_text("Copied what you had typed")
    assert ben.page.evaluate("navigator.clipboard.readText()") == "A name that took thought"


def test_an_undo_of_what_another_has_deleted_says_so_and_changes_nothing(seats: tuple[Seat, Seat]) -> None:
    ada, ben = seats
    ben.board.select("delay")
    ben.set("name", "Rest")
    expect(ada.board.card("delay")).to_contain_text("Rest")
    ada.board.select("delay")
    ada.page.locator("#canvas").focus()
    ada.page.keyboard.press("Delete")
    expect(ben.board.card("delay")).to_have_count(0)
    before = ben.page.locator("[id^='node-']").count()

    ben.undo()
    notice = ben.page.locator("#notice")
    expect(notice).to_contain_text("cannot be undone any more")
    for seat in seats:
        expect(seat.page.locator("[id^='node-']")).to_have_count(before)
        expect(seat.board.card("delay")).to_have_count(0)
    notice.get_by_role("button", name="Leave it").click()
    expect(notice).to_be_hidden()

    # Whoever deleted it can have it back, with the name that it had.
    ada.undo()
    for seat in seats:
        expect(seat.board.card("delay")).to_contain_text("Rest")
    ben.undo()
    expect(ada.board.card("delay")).not_to_contain_text("Rest")


def test_people_talk_about_a_task(seats: tuple[Seat, Seat], browser: Browser, server: Quadrille) -> None:
    ada, ben = seats
    ada.board.select("junction")
    ada.page.locator("#canvas").focus()
    ada.page.keyboard.press("m")
    words = ada.page.locator("#comment-new")
    expect(words).to_be_focused()
    words.press_sequentially("What is this for, @adm")
    expect(ada.page.locator(".mention-options > li")).to_have_count(1)
    ada.page.keyboard.press("Enter")
    words.press_sequentially("?")
    ada.page.keyboard.press("Control+Enter")
    expect(ada.page.locator(".comment .mention")).to_have_count(1)
    expect(ada.board.card("junction").locator(".comment-badge")).to_have_text("1")
    expect(ben.board.card("junction").locator(".comment-badge")).to_have_text("1")
    expect(ben.board.card("junction")).to_have_attribute("aria-label", re.compile("1 open comment"))

    # The mentioned one is told, at once on every page, and gets there with one click.
    flow = ben.page.url
    ben.page.goto("/o/demo/development/flows/")
    before = ben.page.locator("#bell-count .bell-count").inner_text()  # others may ring it as well
    ada.page.get_by_role("textbox", name="Reply").press_sequentially("I mean you, @adm")
    expect(ada.page.locator(".mention-options > li")).to_have_count(1)
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.press("Control+Enter")
    expect(ben.page.locator("#bell-count .bell-count")).not_to_have_text(before)
    ben.page.locator(".bell").click()
    ben.page.locator(".mention-link").first.click()
    ben.page.wait_for_url(lambda url: url.startswith(flow.split("?")[0]))
    ready(ben.page)
    reply = ben.page.get_by_role("textbox", name="Reply")
    reply.fill("To wait for all.")
    ada.page.locator("#comment-new").fill("Half a thought")
    ben.page.locator("#comments").get_by_role("button", name="Reply").click()
    expect(ada.page.locator("#comments")).to_contain_text("To wait for all.")
    expect(ada.page.locator("#comment-new")).to_have_value("Half a thought")

    # By keys: say it in other words. The other sees the words and the mark.
    ben.page.locator(".comment-edit > summary").last.focus()
    ben.page.keyboard.press("Enter")
    words = ben.page.get_by_role("textbox", name="Your comment")
    words.fill("To wait for all of them.")
    words.press("Control+Enter")
    expect(ada.page.locator("#comments")).to_contain_text("To wait for all of them.")
    expect(ada.page.locator("#comments .comment").last).to_contain_text("edited")
    expect(ada.page.locator("#comment-new")).to_have_value("Half a thought")
    found = look_at(ada.page)
    assert not found, "\n".join(found)
    ada.page.get_by_role("button", name="Resolve").click()
    expect(ada.board.card("junction").locator(".comment-badge")).to_have_count(0)
    expect(ada.page.locator("#comments")).to_contain_text("1 resolved")


def test_a_task_is_talked_about_by_keys_alone(page: Page, browser: Browser, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    board, press = open_new(page, "talked about by keys alone"), page.keyboard.press
    page.locator("#canvas").focus()
    press("Home")
    press("n")
    page.keyboard.type("set values")
    press("Enter")
    expect(board.card("set_values")).to_be_focused()
    board.shows("set_values")
    board.saved()
    press("m")
    expect(page.locator("#comment-new")).to_be_focused()
    page.keyboard.type("Which values?")
    press("Control+Enter")
    said = page.locator("#comments .comment")
    expect(said).to_have_count(1)
    expect(board.card("set_values").locator(".comment-badge")).to_have_text("1")

    tab_to(page, page.get_by_role("textbox", name="Reply"))
    page.keyboard.type("The order's, @adm")
    expect(page.locator(".mention-options > li")).to_have_count(1)
    press("Enter")
    press("Control+Enter")
    expect(said).to_have_count(2)
    expect(said.last.locator(".mention")).to_have_count(1)
    press_on(page, page.get_by_role("button", name="Resolve"))
    resolved = page.locator("#comments summary", has_text="1 resolved")
    expect(resolved).to_be_visible()
    expect(board.card("set_values").locator(".comment-badge")).to_have_count(0)
    press_on(page, resolved)
    expect(said.filter(has_text="The order's, ")).to_be_visible()
    press_on(page, page.get_by_role("button", name="Reopen"))
    expect(board.card("set_values").locator(".comment-badge")).to_have_text("1")
    press("Escape")
    expect(page.locator("#comments")).to_be_hidden()
    expect(board.card("set_values")).to_be_focused()

    # Whoever was mentioned goes there by the bell, by keys as well.
    with watched_page(browser, server) as (other, _watch):
        sign_in(other, server, "administrator")
        other.goto("/o/demo/development/flows/")
        press_on(other, other.locator(".bell"))
        press_on(other, other.locator(".mention-link").first)
        ready(other)
        expect(other.locator("#comments")).to_contain_text("The order's, ")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["remembered outline", "phone"])
def test_a_link_opens_the_comments_of_its_task_beside_the_outline(
    browser: Browser, server: Quadrille, size: tuple[int, int]
) -> None:
    with watched_page(browser, server, size=size) as (page, _watch):
        sign_in(page, server, "designer")
        flow = "/o/demo/development/flows/order-fulfilment/edit/"
        page.goto(flow)
        ready(page)
        if size == DESKTOP:
            page.get_by_role("button", name="Outline", exact=True).click()
            expect(page.locator("#outline")).to_be_visible()

        # The first answer is late: what is said live has the panel asked for again before it is there.
        asked: list[Route] = []

        def late(route: Route) -> None:
            asked.append(route)
            if len(asked) > 1:
                for each in asked if len(asked) == 2 else asked[-1:]:
                    each.continue_()

        page.route("**/comments/?subject=*", late)
        page.goto(f"{flow}?comments=large")
        ready(page)
        expect(page.locator("#outline")).to_be_visible()
        expect(page.locator("#comments-panel[data-subject=large]")).to_be_visible()
        expect(page.locator("#comments .comments-title")).to_contain_text("on Large order?")
        assert {parse_qs(urlsplit(each.request.url).query)["subject"][0] for each in asked} == {"large"}
        page.unroute("**/comments/?subject=*")


def test_a_viewer_sees_the_same_live_canvas_and_is_seen(
    seats: tuple[Seat, Seat], browser: Browser, server: Quadrille
) -> None:
    ada, ben = seats
    with watched_page(browser, server) as (page, _watch):
        sign_in(page, server, "viewer")
        page.goto(ada.page.url)
        seen = ready(page)
        expect(ada.page.locator("#people .person[title*=looking]")).to_have_count(1)
        ada.board.select("junction")
        ada.set("name", "Seen live")
        expect(seen.card("junction")).to_contain_text("Seen live")
        expect(page.locator("#people .person")).to_have_count(2)

        # Two at one task: both names can be read, and there are two frames.
        ben.board.select("junction")
        names = page.locator("#people-layer g:has(.others-frame) .others-tag")
        expect(names).to_have_count(2)
        (one, other), frames = (each.bounding_box() for each in names.all()), page.locator(".others-frame")
        assert one is not None
        assert other is not None
        assert one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert frames.first.get_attribute("width") != frames.last.get_attribute("width")
        page.locator("#comments-toggle").click()
        expect(page.locator("#comments")).to_contain_text("Viewers read what is said")
