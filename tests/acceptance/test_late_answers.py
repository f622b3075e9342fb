"""What a person has typed or opened outlives an answer of the server that comes late.

The answers are held up here until the person has gone on; on a busy machine, or a slow line, that happens by itself.
"""

from __future__ import annotations

import re
from typing import Final

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.board import Board, open_made
from tests.acceptance.browser import Watch, sign_in
from tests.acceptance.holding import held_up
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.test_steering import ASK, automation, flow_of, open_instance, publish, show_step, start

FORMS: Final = re.compile(r"/edit/inspector")
FIELDS: Final = re.compile(r"/edit/fields")
EDITS: Final = re.compile(r"/edit/edits")
COPIES: Final = re.compile(r"/edit/copy")
ASKING: Final = re.compile(r"/js/app\.")
DATA: Final = re.compile(r"/edit/data\?")
SAYING: Final = re.compile(r"/comments/$")
RUNS: Final = re.compile(r"/try/run$|/run$")
ROLES: Final = re.compile(r"/members/\d+/role")
FINDS: Final = re.compile(r"/edit/find")
STEPS: Final = re.compile(r"/instances/\d+/\?step=charge")
LISTS: Final = (
    ("/o/demo/development/flows/-/templates/", "Access request"),
    ("/o/demo/development/flows/", "Customer onboarding"),
)
TEXT: Final = "{{ steps.ask.output.answer }}"


@pytest.fixture
def rows(page: Page, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Page:
    """The editor with a task that sets values, chosen."""
    sign_in(page, server, "designer")
    board = open_made(page, api, request.node.name[-40:])
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
    page.evaluate("window.__sameDocument = true")
    page.locator(".instance-graph [data-task=ask]").click()
    expect(page.locator("#instance-step").get_by_role("heading", level=2, name="Ask")).to_be_visible()
    expect(page).to_have_url(re.compile("step=ask"))
    assert page.evaluate("window.__sameDocument") is True, "the page was loaded anew"


@pytest.mark.parametrize(("first", "then"), [("table", "graph"), ("graph", "table"), ("graph", "graph")])
def test_the_step_chosen_last_is_shown(page: Page, server: Quadrille, api: httpx.Client, first: str, then: str) -> None:
    """The first answer comes last."""
    flow = f"late-choices-{first}-{then}"
    publish(api, flow_of(flow, automation("charge"), automation("weigh"), ASK))
    start(api, flow, f"late-{first}-{then}")
    sign_in(page, server, "operator")
    open_instance(page, f"late-{first}-{then}")
    expect(page.locator("#instance-steps").get_by_role("link")).to_have_count(3)

    def choose(where: str, key: str, name: str) -> None:
        if where == "graph":
            page.locator(f".instance-graph [data-task={key}]").click()
        else:
            page.locator("#instance-steps").get_by_role("link", name=name, exact=True).click()

    heading = page.locator("#instance-step").get_by_role("heading", level=2)
    with held_up(page, STEPS) as hand_over:
        with page.expect_request(STEPS):
            choose(first, "charge", "Charge")
        choose(then, "weigh", "Weigh")
        expect(heading).to_have_text("Weigh")
        expect(page).to_have_url(re.compile("step=weigh"))
        with page.expect_event("requestfinished"):
            hand_over()
        page.evaluate("() => new Promise((done) => setTimeout(done))")
        expect(heading).to_have_text("Weigh")
        expect(page).to_have_url(re.compile("step=weigh"))
    choose("table", "charge", "Charge")
    expect(heading).to_have_text("Charge")


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


# ---------------------------------------------------------------- the editor


def test_a_task_that_is_stored_late_takes_nobody_away_from_a_form(rows: Page) -> None:
    """Its answer would select it: the form in which somebody types by now stays, and the keyboard with it."""
    page, form = rows, rows.locator("#inspector")
    with held_up(page, EDITS) as tell_it_is_stored:
        with page.expect_request(EDITS):
            page.locator("[data-preset=delay]").click()
        name = form.get_by_label("Name")
        name.fill("Half a na")
        tell_it_is_stored()
        expect(page.locator("#node-delay")).to_be_visible()
        expect(page.locator(".editor")).to_have_attribute("data-saving", "done")
    expect(form).to_have_attribute("data-subject", "set_values")
    expect(name).to_be_focused()
    page.keyboard.type("me")
    expect(name).to_have_value("Half a name")


def test_what_is_chosen_while_a_task_is_stored_stays_chosen(rows: Page) -> None:
    """The next key is for what one has chosen: Delete must not hit what has just arrived."""
    page = rows
    with held_up(page, EDITS) as tell_it_is_stored:
        with page.expect_request(EDITS):
            page.locator("[data-preset=delay]").click()
        page.locator("#node-trigger .card").click()
        tell_it_is_stored()
        expect(page.locator("#node-delay")).to_be_visible()
        expect(page.locator(".editor")).to_have_attribute("data-saving", "done")
    expect(page.locator("#node-trigger")).to_have_class(re.compile("is-selected"))
    expect(page.locator(".is-selected")).to_have_count(1)


def test_what_was_cut_goes_and_not_what_is_chosen_meanwhile(rows: Page) -> None:
    page = rows
    board = Board(page)
    board.add("noop", (400, 420))
    board.select("set_values")
    page.locator("#node-set_values").focus()
    with held_up(page, COPIES) as copied:
        with page.expect_request(COPIES):
            page.keyboard.press("Control+x")
        page.locator("#node-junction .card").click()
        copied()
        expect(page.locator("#node-set_values")).to_have_count(0)
    expect(page.locator("#node-junction")).to_be_visible()
    expect(page.locator("#node-junction")).to_have_class(re.compile("is-selected"))


def test_settings_that_come_late_into_a_search_leave_the_place_in_the_list(rows: Page) -> None:
    page = rows
    page.locator("#canvas").focus()
    with held_up(page, FINDS) as tell_the_settings:
        page.keyboard.press("Control+f")
        expect(page.locator("#chooser")).to_be_visible()
        options = page.locator("#chooser-list").get_by_role("option")
        expect(options).to_have_count(2)
        page.keyboard.press("ArrowDown")
        expect(options.nth(1)).to_have_attribute("aria-selected", "true")
        # After the list has listened to it, too.
        page.evaluate(
            "document.querySelector('#chooser input').addEventListener("
            "'input', () => (document.documentElement.dataset.told = 'yes'))"
        )
        tell_the_settings()
        expect(page.locator("html")).to_have_attribute("data-told", "yes")
    page.keyboard.press("Enter")
    expect(page.locator("#node-set_values")).to_be_focused()


def test_data_that_comes_late_opens_no_list_over_what_is_typed_elsewhere(rows: Page) -> None:
    page = rows
    page.get_by_role("button", name="Add to Values").click()
    with held_up(page, DATA) as tell_the_data:
        with page.expect_request(DATA):
            page.get_by_role("button", name=re.compile("^Insert data into")).last.click()
        name = page.locator("#inspector").get_by_label("Name")
        name.fill("Note")
        with page.expect_response(DATA):
            tell_the_data()
        page.keyboard.type(" it")
    expect(name).to_have_value("Note it")
    expect(page.locator("#picker")).to_be_hidden()


def test_a_comment_that_is_stored_late_takes_nothing_of_the_next(rows: Page) -> None:
    page = rows
    page.locator("#node-set_values").focus()
    page.keyboard.press("m")
    words, said = page.locator("#comment-new"), page.locator("#comments .comment")
    expect(words).to_be_focused()
    page.keyboard.type("The first.")
    with held_up(page, SAYING) as told:
        with page.expect_request(SAYING):
            page.keyboard.press("Control+Enter")
        words.fill("The second, half")
        told()
        expect(said).to_have_count(1)
    expect(words).to_have_value("The second, half")

    # And what is half said about one task is still there after a look at another.
    page.locator("#node-trigger .card").click()
    expect(page.locator("#comments-panel")).to_have_attribute("data-subject", "")
    expect(words).to_have_value("")
    page.locator("#node-set_values .card").click()
    expect(page.locator("#comments-panel")).to_have_attribute("data-subject", "set_values")
    expect(words).to_have_value("The second, half")

    # A comment that is stored while one looks at something else does not bring its task back.
    with held_up(page, SAYING) as told:
        with page.expect_request(SAYING):
            page.locator("#comments").get_by_role("button", name="Comment", exact=True).click()
        page.locator("#node-trigger .card").click()
        expect(page.locator("#comments-panel")).to_have_attribute("data-subject", "")
        told()
        page.locator("#comments .ends").get_by_text("2 open").wait_for()
    expect(page.locator("#comments-panel")).to_have_attribute("data-subject", "")


def test_a_run_that_was_overtaken_is_not_shown(rows: Page) -> None:
    page = rows
    page.get_by_role("button", name="Try it").click()
    panel = page.locator("#trying")
    expect(panel.get_by_label("Sample input")).to_be_focused()
    with held_up(page, RUNS) as answer:
        with page.expect_request(RUNS):
            panel.get_by_role("button", name="Run", exact=True).click()
        panel.get_by_role("button", name="Step by step").click()
        expect(panel.locator("#trying-result")).to_contain_text("cannot be tried before this is mended")
        page.evaluate("document.querySelector('#trying-result').firstElementChild.id = 'newest'")
        with page.expect_response(RUNS):
            answer()
        expect(panel).not_to_have_attribute("aria-busy", "true")
    expect(panel.locator("#newest")).to_have_count(1)


def test_a_form_that_comes_after_one_has_gone_back_takes_nothing_of_what_is_typed(rows: Page) -> None:
    page = rows
    board = Board(page)
    board.add("delay", (400, 420))
    board.saved()
    board.select("set_values")
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "set_values")
    with held_up(page, FORMS) as show_form:
        with page.expect_request(FORMS):
            page.mouse.click(*board.middle("delay"))
        board.select("set_values")
        page.keyboard.press("F2")
        expect(page.locator("#inspector").get_by_label("Name")).to_be_focused()
        page.keyboard.type("Oth")
        with page.expect_response(FORMS):
            show_form()
        page.keyboard.type("er")
        page.keyboard.press("Enter")
        board.saved()
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "set_values")
    expect(page.locator("#inspector").get_by_label("Name")).to_have_value("Other")
    expect(board.card("set_values")).to_contain_text("Other")


def test_a_name_typed_before_its_form_has_come_is_the_name(rows: Page) -> None:
    page = rows
    board = Board(page)
    board.add("delay", (400, 420))
    board.saved()
    board.select("set_values")
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "set_values")
    page.locator("#node-delay").focus()
    with held_up(page, FORMS) as show_form:
        with page.expect_request(FORMS):
            page.keyboard.press("F2")
        page.keyboard.type("Pausf")
        page.keyboard.press("Backspace")
        page.keyboard.type("e")
        show_form()
        expect(page.locator("#inspector")).to_have_attribute("data-subject", "delay")
    expect(page.locator("#inspector").get_by_label("Name")).to_have_value("Pause")
    page.keyboard.press("Enter")
    board.saved()
    expect(board.card("delay")).to_contain_text("Pause")


# ---------------------------------------------------------------- lists, instances


def test_what_is_chosen_in_a_list_is_not_taken_away_by_leaving_the_search(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    publish(api, flow_of("late-lists", automation("charge"), ASK))
    start(api, "late-lists", "late-list-1")
    sign_in(page, server, "operator")
    page.goto("/o/demo/development/instances/")
    asked: list[str] = []
    page.on("request", lambda request: "q=late-list-1" in request.url and asked.append(request.url))
    page.locator("#id_q").fill("late-list-1")
    page.wait_for_url(re.compile("q=late-list-1"))
    page.get_by_label("Choose late-list-1").check()
    page.locator("#bulk").get_by_label("Reason").fill("Stock-taking.")
    expect(page.locator("#bulk")).to_contain_text("1 chosen")
    assert len(asked) == 1, "leaving the field asked again"
    # Another search is another list: what one has begun to write stays all the same.
    page.locator("#id_q").fill("late-list")
    page.wait_for_url(re.compile("q=late-list&"))
    expect(page.locator("#bulk").get_by_label("Reason")).to_have_value("Stock-taking.")


def test_all_that_is_chosen_before_the_script_has_come_is_chosen(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "operator")
    page.goto("/o/demo/development/flows/")
    with held_up(page, re.compile(r"/bulk[.\w]*\.js")) as let_the_script_come:
        page.goto("/o/demo/development/instances/?flow=order-fulfilment")
        page.get_by_label("Choose all on this page").check()
        let_the_script_come()
        count = page.locator("tbody tr").count()
        expect(page.locator("#bulk")).to_contain_text(f"{count} chosen")
    expect(page.get_by_label("Choose all on this page")).to_be_checked()


# ---------------------------------------------------------------- pages that are not whole yet


def test_what_is_clicked_before_it_can_ask_asks_as_soon_as_it_can(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "administrator")
    page.goto("/o/demo/development/settings/groups/new/")
    page.get_by_label("Name", exact=True).fill("Early birds")
    page.get_by_role("button", name="Add group").click()
    expect(page.get_by_role("button", name="Remove Early birds")).to_be_visible()
    with held_up(page, ASKING) as load_it:
        with page.expect_request(ASKING):
            page.goto("/o/demo/development/settings/groups/", wait_until="commit")
        page.get_by_role("button", name="Remove Early birds").click()
        question = page.get_by_role("dialog")
        expect(question).to_be_hidden()
        load_it()
        expect(question).to_be_visible()
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    page.get_by_role("button", name="Remove Early birds").click()
    question.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The group Early birds is gone.")).to_be_visible()


def test_a_role_chosen_before_the_page_is_whole_is_sent(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "administrator")
    page.goto("/")
    page.route(ROLES, lambda route: route.fulfill(status=204))  # nobody's role is changed
    with held_up(page, ASKING) as load_it:
        with page.expect_request(ASKING):
            page.goto("/o/demo/development/settings/members/", wait_until="commit")
        role = page.locator("select[name=role]").first
        role.wait_for()
        other = "viewer" if role.input_value() != "viewer" else "operator"
        role.select_option(other)
        with page.expect_request(ROLES) as asked:
            load_it()
    assert f"role={other}" in (asked.value.post_data or "")
