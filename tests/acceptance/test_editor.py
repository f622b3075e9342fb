"""The editor, gesture by gesture: what a designer does by mouse."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.acceptance.board import Board, middle_of, open_new, ready
from tests.acceptance.browser import Watch

# Of the texts that are given those that do not stand in their box whole: a fraction of a pixel already costs letters.
CUT = """all => all.filter((one) => {
  const words = document.createRange();
  words.selectNodeContents(one);
  return words.getBoundingClientRect().width > one.getBoundingClientRect().width + 0.01;
}).map((one) => one.textContent)"""


def test_tasks_are_dragged_in_moved_connected_and_deleted(board: Board) -> None:
    page = board.page
    board.add("http_request", (260, 200))
    board.add("decision", (520, 200))
    board.connect("trigger", "http_request")
    board.connect("http_request", "decision")
    expect(board.edges()).to_have_count(2)

    before = board.middle("decision")
    board.drag(before, (before[0] + 40, before[1] + 90))
    board.saved()
    after = board.middle("decision")
    assert abs(after[0] - before[0] - 40) <= 8
    assert abs(after[1] - before[1] - 90) <= 8

    page.keyboard.press("Delete")
    expect(board.card("decision")).to_have_count(0)
    expect(board.edges()).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(board.card("decision")).to_be_visible()
    expect(board.edges()).to_have_count(2)


def test_an_edge_dropped_on_paper_asks_what_stands_there(board: Board) -> None:
    page = board.page
    board.add("noop", (260, 200))
    start = board.handle("junction")
    board.drag(start, (start[0] + 160, start[1] + 150))
    expect(page.get_by_role("heading", name="Add what?")).to_be_visible()
    names = page.locator("#chooser [role=option] .clip:not(.choice-hint)")
    assert names.evaluate_all(CUT) == []
    page.keyboard.type("mail")
    page.keyboard.press("Enter")
    expect(board.card("send_e_mail")).to_be_visible()
    expect(board.edges()).to_have_count(1)


def test_a_double_click_on_paper_and_a_press_on_a_lone_handle_ask_what_to_add(board: Board) -> None:
    page = board.page
    sheet = page.locator("#canvas").bounding_box()
    assert sheet is not None
    page.mouse.dblclick(sheet["x"] + 300, sheet["y"] + 240)
    expect(page.locator("#chooser-title")).to_have_text("Add here")
    page.keyboard.type("delay")
    page.keyboard.press("Enter")
    expect(board.card("delay")).to_be_visible()
    board.saved()
    x, y = board.middle("delay")
    assert abs(x - sheet["x"] - 300) <= 24  # the card is as wide as its text
    assert abs(y - sheet["y"] - 240) <= 5
    page.mouse.click(*board.handle("delay"))
    expect(page.locator("#chooser-title")).to_have_text("What comes next?")
    page.keyboard.type("decision")
    page.keyboard.press("Enter")
    expect(board.card("decision")).to_be_visible()
    expect(board.edges()).to_have_count(1)
    page.mouse.click(*board.handle("decision", "error"))
    expect(page.locator("#chooser-title")).to_have_text("What on an error?")


def test_an_edge_that_may_not_be_is_refused_with_the_reason(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 200))
    board.add("noop", (560, 200))
    board.connect("junction", "junction_2")
    expect(board.edges()).to_have_count(1)
    page.mouse.move(*board.handle("junction_2"))
    page.mouse.down()
    page.mouse.move(*board.middle("junction"), steps=6)
    expect(page.locator("#canvas-hint")).to_contain_text("circle")
    expect(board.card("junction")).to_have_class(re.compile("is-no-target"))
    page.mouse.up()
    expect(page.locator("#toasts")).to_contain_text("circle")
    expect(board.edges()).to_have_count(1)
    board.connect("trigger", "junction")
    expect(board.edges()).to_have_count(2)
    expect(page.locator("#toasts .toast")).to_have_count(0)


def test_keys_are_told_why_something_may_not_be_connected(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 200))
    board.add("noop", (560, 200))
    board.add("delay", (560, 320))
    board.connect("junction", "junction_2")
    expect(board.edges()).to_have_count(1)
    board.saved()
    board.card("junction_2").focus()
    page.keyboard.press("c")
    options = page.locator("#chooser").get_by_role("option")
    expect(options.first).to_contain_text("Delay")
    barred = page.locator("#chooser").get_by_role("option", disabled=True)
    expect(barred.filter(has_text="Junction")).to_contain_text("circle")
    page.keyboard.type("circle")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("circle")
    expect(board.edges()).to_have_count(1)
    page.locator("[id='edge-junction~junction_2~~success']").focus()
    page.keyboard.press("c")
    expect(page.locator("#chooser-title")).to_have_text("Lead to…")
    expect(options).not_to_have_count(0)
    expect(options.filter(has_text="Junction")).to_have_count(0)  # where it leads already
    page.keyboard.press("Escape")


def test_a_phase_is_connected_as_a_whole_by_its_handle_and_its_title(board: Board) -> None:
    page = board.page
    board.add("noop", (240, 120))
    board.select("junction")
    page.locator("[data-preset=phase]").click()
    expect(page.locator("#phase-phase")).to_be_visible()
    board.saved()
    board.add("delay", (640, 320))
    board.add("send_email", (240, 420))
    title = page.locator("#phase-phase .phase-name")
    page.mouse.move(*middle_of(title))
    board.drag(middle_of(page.locator(".handle-success[data-port='phase:phase'] .handle-dot")), board.middle("delay"))
    board.said("Connected Phase 1 to Delay")
    board.drag(board.handle("send_e_mail"), middle_of(title))
    board.said("Connected Send e-mail to Phase 1")
    expect(board.edges()).to_have_count(2)
    board.saved()


def test_a_task_dropped_on_an_edge_goes_in_between(board: Board) -> None:
    page = board.page
    board.add("noop", (200, 220))
    board.add("noop", (640, 220))
    board.connect("junction", "junction_2")
    expect(board.edges()).to_have_count(1)
    page.locator("[data-preset=delay]").scroll_into_view_if_needed()
    board.drag(middle_of(page.locator("[data-preset=delay]")), middle_of(board.edges().locator(".edge-line")))
    expect(board.card("delay")).to_be_visible()
    expect(board.edges()).to_have_count(2)


def test_a_task_that_stands_alone_is_put_on_an_edge(board: Board) -> None:
    board.add("noop", (200, 220))
    board.add("noop", (640, 220))
    board.connect("junction", "junction_2")
    board.add("delay", (420, 420))
    board.drag(board.middle("delay"), middle_of(board.edges().locator(".edge-line")))
    board.said("Put Delay on")
    expect(board.edges()).to_have_count(2)
    board.page.get_by_role("button", name="Undo").click()
    expect(board.edges()).to_have_count(1)


def test_an_edge_is_led_elsewhere_by_its_end(board: Board) -> None:
    page = board.page
    board.add("noop", (200, 160))
    board.add("noop", (560, 160))
    board.add("noop", (560, 360))
    board.connect("junction", "junction_2")
    page.mouse.click(*middle_of(board.edges().locator(".edge-line")))
    end = page.locator("[data-end=target]")
    board.drag(middle_of(end), board.middle("junction_3"))
    board.said("Now leads from Junction to Junction")
    expect(page.locator("#edge-junction-junction_3, [data-edge*=junction_3]").first).to_be_attached()
    expect(board.edges()).to_have_count(1)


def test_what_is_selected_is_lined_up(board: Board) -> None:
    page = board.page
    board.add("noop", (200, 160))
    board.add("noop", (480, 240))
    page.locator("#canvas").focus()
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Line up…").click()
    page.keyboard.type("top")
    page.keyboard.press("Enter")
    board.said("Lined up 2 tasks")
    board.comes_to("junction_2", (board.middle("junction_2")[0], board.middle("junction")[1]))


def test_tasks_are_copied_cut_and_pasted_into_another_flow(board: Board) -> None:
    page = board.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    board.add("noop", (240, 200))
    board.add("delay", (520, 200))
    board.connect("junction", "delay")
    expect(board.edges()).to_have_count(1)
    page.locator("#canvas").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    board.said("Copied 2 things")
    text = page.evaluate("navigator.clipboard.readText()")
    assert [task["key"] for task in json.loads(text)["tasks"]] == ["junction", "delay"]

    page.keyboard.press("Control+v")
    board.said("Pasted 2 things")
    expect(board.edges()).to_have_count(2)
    expect(board.card("junction-2")).to_be_visible()

    page.locator("#canvas").focus()
    page.keyboard.press("Control+x")
    expect(board.card("junction-2")).to_have_count(0)

    other = open_new(page, "Pasted into")
    page.locator("#canvas").focus()
    page.keyboard.press("Control+v")
    expect(other.card("junction-2")).to_be_visible()
    expect(other.edges()).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(other.card("junction-2")).to_have_count(0)

    page.evaluate("navigator.clipboard.writeText('a shopping list')")
    page.locator("#canvas").focus()
    page.keyboard.press("Control+v")
    expect(page.locator("#toasts")).to_contain_text("holds no tasks")


def test_tasks_are_dragged_into_a_phase_and_move_with_it(board: Board) -> None:
    page = board.page
    page.locator("[data-preset=phase]").click()
    phase = page.locator("#phase-phase")
    expect(phase).to_be_visible()
    box = phase.locator(".area").bounding_box()
    assert box is not None
    board.add("noop", (120, 90))
    board.drag(board.middle("junction"), (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    board.said("Moved into Phase 1")
    expect(phase).to_contain_text("1 task")
    before = board.middle("junction")
    board.drag((box["x"] + 30, box["y"] + 14), (box["x"] + 30, box["y"] + 94))
    board.saved()
    assert abs(board.middle("junction")[1] - before[1] - 80) <= 8
    corner = middle_of(page.locator(".corner-se"))
    board.drag(corner, (corner[0] + 40, corner[1] + 24))
    board.said("Resized the phase")
    board.saved()
    expect(page.locator("#undo")).to_have_attribute("title", "Undo: Resized Phase 1 (Ctrl+Z)")


def test_a_phase_is_folded_to_its_title_and_its_edges_lead_to_it(board: Board) -> None:
    page = board.page
    board.add("http_request", (220, 120))
    board.add("noop", (560, 120))
    board.connect("http_request", "junction")
    board.add("delay", (560, 320))
    board.select("junction")
    page.keyboard.press("g")
    expect(page.locator("#phase-phase")).to_be_focused()
    board.saved()
    page.keyboard.press("c")
    page.keyboard.type("delay")
    page.keyboard.press("Enter")
    expect(board.edges()).to_have_count(2)
    board.saved()
    from_phase = page.locator("[data-edge*='phase:phase'], .edge[id*='phase']").locator(".edge-line")
    whole = from_phase.get_attribute("d") or ""
    line = board.edges().first.locator(".edge-line")
    drawn = line.get_attribute("d") or ""
    fold = page.locator("#phase-phase [data-fold-phase]")
    fold.click()
    expect(board.card("junction")).to_be_hidden()
    board.said("Folded Phase 1")
    assert line.get_attribute("d") != drawn
    assert from_phase.get_attribute("d") != whole, "it leads from where the phase ends now"
    board.drag(middle_of(page.locator("#phase-phase .phase-name")), (900, 300))
    board.said("Moved")
    board.saved()
    expect(board.card("junction")).to_be_hidden()
    page.keyboard.press("o")
    expect(board.card("junction")).to_be_visible()
    assert board.middle("junction")[1] > board.middle("http_request")[1] + 40, "it moved with its phase"
    page.get_by_role("button", name="Undo").click()
    expect(line).to_have_attribute("d", drawn)


def test_the_wheel_moves_and_zooms_to_the_pointer(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 200))
    x, y = board.middle("junction")
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    expect(page.locator("[data-zoom]")).not_to_have_text("100 %")
    board.comes_to("junction", (x, y))
    page.mouse.wheel(0, 120)
    board.comes_to("junction", (x, y - 120))
    # The paper has moved along by itself: a pattern that changes would have everything painted anew in each frame.
    assert page.locator("#squares").get_attribute("patternTransform") is None
    paper, canvas = page.locator(".canvas-paper").bounding_box(), page.locator("#canvas").bounding_box()
    assert paper is not None
    assert canvas is not None
    assert paper["x"] <= canvas["x"]
    assert paper["y"] <= canvas["y"]
    assert paper["x"] + paper["width"] >= canvas["x"] + canvas["width"]
    assert paper["y"] + paper["height"] >= canvas["y"] + canvas["height"]
    small = page.locator("#minimap").bounding_box()
    assert small is not None
    before = board.middle("junction")
    page.mouse.click(small["x"] + 8, small["y"] + 8)
    after = board.middle("junction")
    assert after[0] > before[0]
    assert after[1] > before[1]


def test_the_middle_button_moves_the_canvas_and_pastes_nothing(board: Board) -> None:
    page, mouse = board.page, board.page.mouse
    board.add("noop", (300, 200))
    x, y = board.middle("junction")
    mouse.move(x + 20, y + 160)
    mouse.down(button="middle")
    mouse.move(x + 80, y + 200, steps=4)
    mouse.up(button="middle")
    board.comes_to("junction", (x + 60, y + 40))
    page.keyboard.press("Control+s")
    expect(page.locator("#toasts")).to_contain_text("Every change is saved as you make it.")
    expect(page.locator("#toasts")).not_to_contain_text("clipboard")
    expect(page.locator("#graph-nodes > .node")).to_have_count(1)


def test_branches_are_built_and_used(board: Board) -> None:
    page = board.page
    board.add("decision", (240, 220))
    board.add("noop", (620, 120))
    board.select("decision")
    form = page.locator("#inspector")
    form.get_by_role("button", name="Branch", exact=True).click()
    form.get_by_label("Name of the branch").fill("Over 1000")
    form.get_by_label("Name of the branch").blur()
    form.get_by_label("Value to look at").fill("input.order.total")
    form.get_by_label("Comparison").select_option(label="over")
    form.get_by_label("Value to compare with").fill("1000")
    form.get_by_label("Value to compare with").blur()
    board.saved()
    expect(board.card("decision")).to_contain_text("total over 1000")
    board.connect("decision", "junction")
    expect(page.get_by_role("heading", name="Which branch?")).to_be_visible()
    page.locator("#chooser-list").get_by_role("option", name="Over 1000").click()
    expect(board.edges()).to_contain_text(["Over 1000"])


def test_a_refused_value_stays_in_its_field_with_the_reason(board: Board, watch: Watch) -> None:
    watch.expected_errors.append("422")
    page = board.page
    board.add("http_request", (300, 200))
    page.locator("#inspector summary", has_text="Errors and retries").click()
    field = page.get_by_label("Repeats").first
    field.fill("many")
    field.blur()
    expect(page.locator("#inspector [data-refused] .field-error")).to_have_text("Repeats: give a number.")
    expect(field).to_have_value("many")
    field.fill("3")
    field.blur()
    expect(page.locator("#inspector [data-refused]")).to_have_count(0)
    expect(board.card("http_request")).to_contain_text("3×")


def test_a_problem_leads_to_its_culprit(board: Board) -> None:
    page = board.page
    board.add("send_email", (300, 200))
    page.keyboard.press("Escape")
    page.locator(".problems-head").click()
    page.locator(".problem").first.click()
    expect(board.card("send_e_mail")).to_have_class(re.compile("is-selected"))
    expect(page.locator("#inspector")).to_have_attribute("data-subject", "send_e_mail")

    # From the page that publishes, too: into the field.
    page.locator("#publish-link").click()
    page.get_by_role("region", name="Problems").get_by_role("link").first.click()
    page.wait_for_url("**/edit/?at=send_e_mail&path=*")
    expect(board.card("send_e_mail")).to_have_class(re.compile("is-selected"))
    expect(page.locator("#inspector [data-path] :focus")).to_be_visible()


def test_names_are_only_ever_text(board: Board) -> None:
    page = board.page
    board.add("noop", (300, 200))
    name = "<script>window.__broken = 1</script><b>bold</b>"
    field = page.locator("#inspector").get_by_label("Name")
    field.fill(name)
    field.blur()
    board.saved()
    expect(board.card("junction").locator("title")).to_have_text(name)
    page.reload()
    ready(page)
    expect(board.card("junction").locator("title")).to_have_text(name)
    assert page.evaluate("window.__broken") is None


def test_everything_on_the_canvas_is_svg(board: Board) -> None:
    page = board.page
    board.add("decision", (300, 200))
    board.add("noop", (560, 200))
    board.connect("decision", "junction")
    page.locator("[data-preset=phase]").click()
    expect(page.locator("#phase-phase")).to_be_visible()
    foreign = (
        "[...document.querySelectorAll('#canvas *')].filter(e => !(e instanceof SVGElement)).map(e => e.outerHTML)"
    )
    assert page.evaluate(foreign) == []


def test_a_phase_around_one_of_many_is_covered_by_none_of_the_others(board: Board) -> None:
    page = board.page
    for top in (150, 216, 282):
        board.add("noop", (420, top))
        board.saved()
    board.select("junction_2")
    page.locator("#node-junction_2").focus()
    page.keyboard.press("g")
    board.said("Added Phase 1")
    board.saved()
    area = page.locator(".phase .area").bounding_box()
    assert area is not None
    for key in ("junction", "junction_3"):
        card = page.locator(f"#node-{key} .card").bounding_box()
        assert card is not None
        is_above, is_below = card["y"] + card["height"] <= area["y"], card["y"] >= area["y"] + area["height"]
        assert is_above or is_below, f"{key} lies over the phase"
