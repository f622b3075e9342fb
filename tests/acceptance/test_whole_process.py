"""A whole process from an empty sheet: thirteen tasks, three phases, a loop, an error edge, parallel checks."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import expect

from tests.acceptance.board import Board
from tests.acceptance.test_outline import List

EDGES: Final = {
    "edge-trigger~set_values",
    "edge-set_values~send_e_mail",
    "edge-send_e_mail~wait_for_event",
    "edge-wait_for_event~decision",
    "edge-decision~send_e_mail~branch-1",
    "edge-decision~http_request~none_met",
    "edge-decision~http_request_2~none_met",
    "edge-http_request~junction",
    "edge-http_request_2~junction",
    "edge-http_request~manual_task~~error",
    "edge-manual_task~junction",
    "edge-junction~decision_2",
    "edge-decision_2~manual_task_2~branch-1",
    "edge-decision_2~send_e_mail_2~none_met",
    "edge-manual_task_2~http_request_3",
    "edge-http_request_3~send_e_mail_3",
}
PHASES: Final = (
    ("Intake", ("set_values", "send_e_mail", "wait_for_event", "decision")),
    ("Checks", ("http_request", "http_request_2", "manual_task", "junction")),
    ("Delivery", ("manual_task_2", "http_request_3", "send_e_mail_3")),
)


def edges_of(board: Board) -> set[str]:
    """The ids of all edges, without what is said of most of them: that they have no branch and follow a success."""
    ids = board.edges().evaluate_all("edges => edges.map((edge) => edge.id)")
    return {re.sub(r"~?~success$", "", each).removesuffix("~") for each in ids}


def overlapping(board: Board) -> list[tuple[str, str]]:
    """Cards that lie over one another, by the keys of their tasks."""
    nodes = board.page.locator(".node[data-task]").all()
    boxes = {str(node.get_attribute("data-task")): node.locator(".card").bounding_box() for node in nodes}
    assert len(boxes) == 13
    found = []
    for one, a in boxes.items():
        for other, b in boxes.items():
            assert a is not None
            assert b is not None
            beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
            if one < other and not beside and not (a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"]):
                found.append((one, other))
    return found


def has_all(board: Board) -> None:
    """Everything is there, stored, and nothing lies over anything."""
    expect(board.edges()).to_have_count(len(EDGES))
    board.saved()
    assert edges_of(board) == EDGES
    names = board.page.locator("#graph-phases .phase-name")
    expect(names).to_have_text([name for name, _ in PHASES])
    assert overlapping(board) == []
    board.page.reload()
    board.page.locator(".editor[data-ready=true]").wait_for()
    assert edges_of(board) == EDGES


class Keys:
    """Somebody who has no mouse."""

    def __init__(self, board: Board) -> None:
        self.board, self.page = board, board.page
        self.press, self.type = board.page.keyboard.press, board.page.keyboard.type

    def choose(self, words: str) -> None:
        """Of the list that is open."""
        expect(self.page.locator("#chooser")).to_be_visible()
        self.type(words)
        self.press("Enter")

    def stands_on(self, key: str, name: str = "") -> None:
        """Waits until it has the keyboard. `name`: what it is called by then, where that is known."""
        expect(self.board.card(key)).to_be_focused()
        if name:
            expect(self.board.card(key)).to_contain_text(name)

    def stands_on_phase(self, name: str) -> None:
        """Waits until a phase has the keyboard."""
        expect(self.page.locator(".frame:focus, .phase:focus")).to_have_count(1)
        expect(self.page.locator("#graph-phases .phase-name", has_text=name)).to_have_count(1)

    def arrives(self, key: str, name: str) -> None:
        """Stands on a new task, and calls it something at once."""
        self.stands_on(key)
        self.press("F2")
        self.type(name)
        self.press("Enter")
        self.press("Escape")
        self.stands_on(key, name)

    def add(self, words: str, key: str, name: str, branch: str = "") -> None:
        """After what one stands on."""
        self.press("a")
        self.choose(words)
        if branch:
            expect(self.page.locator("#chooser-title")).to_have_text("Which branch?")
            self.choose(branch)
        self.arrives(key, name)

    def by_menu(self, act: str, words: str, key: str, name: str, branch: str = "") -> None:
        """One more way out of what one stands on."""
        self.press("Shift+F10")
        self.choose(act)
        expect(self.page.locator("#chooser-title")).not_to_have_text(re.compile("^$"))
        self.choose(words)
        if branch:
            expect(self.page.locator("#chooser-title")).to_have_text("Which branch?")
            self.choose(branch)
        self.arrives(key, name)

    def name_branch(self, key: str, name: str) -> None:
        """The first branch of the decision that one stands on."""
        self.press("Enter")
        expect(self.page.get_by_label("Name (required)")).to_be_focused()
        self.board.shows(key)
        for _ in range(6):
            self.press("Tab")
            if self.page.evaluate("document.activeElement.textContent.trim()") == "Branch":
                break
        self.press("Enter")
        expect(self.page.get_by_label("Name of the branch")).to_be_focused()
        self.type(name)
        self.press("Enter")
        self.press("Escape")
        self.stands_on(key)
        self.board.saved()

    def find(self, words: str, key: str) -> None:
        """Go there by its name."""
        self.press("Control+f")
        self.choose(words)
        self.stands_on(key)

    def connect(self, words: str, branch: str = "") -> None:
        """From what one stands on."""
        count = self.board.edges().count()
        self.press("c")
        self.choose(words)
        if branch:
            expect(self.page.locator("#chooser-title")).to_have_text("Which branch goes round again?")
            self.choose(branch)
        expect(self.board.edges()).to_have_count(count + 1)
        self.board.saved()

    def phase(self, name: str, found: list[tuple[str, str]]) -> None:
        """Around tasks, each found by its name and put into it."""
        for number, (words, key) in enumerate(found):
            self.find(words, key)
            self.press("Shift+F10")
            self.choose("into a phase")
            expect(self.page.locator("#chooser-title")).to_have_text("Move into…")
            self.choose(name if number else "a new phase")
            self.board.saved()
            if not number:
                self.stands_on_phase("Phase")
                self.press("F2")
                self.type(name)
                self.press("Enter")
                self.press("Escape")
                self.stands_on_phase(name)


class OutlineKeys(Keys):
    """Somebody who has no mouse and sees no canvas: all of it in the outline."""

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self.outline = List(board.page)

    def stands_on(self, key: str, name: str = "") -> None:
        """Waits until the entry of a task has the keyboard."""
        row = self.page.locator("#outline [data-name]:focus")
        expect(row).to_have_count(1)
        expect(row.locator("xpath=ancestor::li[1]")).to_have_attribute("data-key", re.compile(rf"(^|\W){key}$"))
        if name:
            expect(row.locator("b")).to_have_text(name)

    def stands_on_phase(self, name: str) -> None:
        """Waits until the entry of a phase has the keyboard."""
        expect(self.page.locator("#outline .outline-phase [data-name]:focus b")).to_contain_text(name)


def test_a_whole_process_is_drawn_by_keys_alone(board: Board) -> None:
    keys = Keys(board)
    board.page.locator("#canvas").focus()
    keys.press("Home")
    draw_all(keys)
    has_all(board)


def test_a_whole_process_is_drawn_in_the_outline_by_keys_alone(board: Board) -> None:
    keys = OutlineKeys(board)
    board.page.get_by_role("button", name="Outline", exact=True).focus()
    keys.press("Enter")
    expect(keys.outline.row("Start")).to_be_visible()
    keys.outline.row("Start").focus()
    draw_all(keys)
    board.page.get_by_role("button", name="Canvas", exact=True).focus()
    keys.press("Enter")
    has_all(board)


def draw_all(keys: Keys) -> None:
    """From the start, which has the keyboard, to the last phase."""
    keys.add("set values", "set_values", "Read the order")
    keys.add("send e-mail", "send_e_mail", "Request the documents")
    keys.add("wait for", "wait_for_event", "Documents received")
    keys.add("decision", "decision", "Complete?")
    keys.name_branch("decision", "missing")
    keys.connect("Request", branch="missing")
    keys.add("http", "http_request", "Check the credit")
    keys.find("Complete", "decision")
    keys.by_menu("same time", "http", "http_request_2", "Check the stock", branch="otherwise")
    keys.add("junction", "junction", "All done")
    keys.find("credit", "http_request")
    keys.connect("All done")
    keys.by_menu("for errors", "manual", "manual_task", "Check by hand")
    keys.connect("All done")
    keys.find("All done", "junction")
    keys.add("decision", "decision_2", "Approved?")
    keys.name_branch("decision_2", "yes")
    keys.add("manual", "manual_task_2", "Pick and pack", branch="yes")
    keys.add("http", "http_request_3", "Create the label")
    keys.find("Approved", "decision_2")
    keys.add("send e-mail", "send_e_mail_2", "Tell that it is rejected")
    keys.find("Create the label", "http_request_3")
    keys.add("send e-mail", "send_e_mail_3", "Confirm the delivery")
    keys.phase(
        "Intake",
        [
            ("Read the", "set_values"),
            ("Request", "send_e_mail"),
            ("Documents rec", "wait_for_event"),
            ("Complete", "decision"),
        ],
    )
    keys.phase(
        "Checks",
        [("credit", "http_request"), ("stock", "http_request_2"), ("by hand", "manual_task"), ("All done", "junction")],
    )
    keys.phase("Delivery", [("Pick", "manual_task_2"), ("label", "http_request_3"), ("Confirm", "send_e_mail_3")])


class Mouse:
    """Somebody who draws, and types names only."""

    def __init__(self, board: Board) -> None:
        self.board, self.page = board, board.page

    def arrives(self, key: str, name: str) -> None:
        """The new task is called something in its form."""
        expect(self.board.card(key)).to_be_visible()
        self.board.saved()
        self.board.select(key)
        self.page.get_by_label("Name (required)").fill(name)
        self.page.keyboard.press("Enter")
        expect(self.board.card(key)).to_contain_text(name)
        self.board.saved()
        self.page.get_by_role("button", name="Fit", exact=True).click()

    def press(self, source: str, words: str, key: str, name: str, branch: str = "", on: str = "success") -> None:
        """A handle, and choose what comes next."""
        self.page.mouse.click(*self.board.handle(source, on))
        self.take(words)
        if branch:
            expect(self.page.locator("#chooser-title")).to_have_text("Which branch?")
            self.take(branch)
        self.arrives(key, name)

    def take(self, words: str) -> None:
        """Of the list that is open."""
        self.page.locator("#chooser [role=option]", has_text=words).first.click()

    def branch(self, key: str, name: str) -> None:
        """Give a decision a branch."""
        self.board.select(key)
        self.page.get_by_role("button", name="Branch", exact=True).click()
        expect(self.page.get_by_label("Name of the branch")).to_be_focused()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")
        self.board.saved()

    def connect(self, source: str, target: str, branch: str = "") -> None:
        """Pull an edge from one card to another."""
        count = self.board.edges().count()
        self.board.connect(source, target)
        if branch:
            expect(self.page.locator("#chooser")).to_be_visible()
            self.take(branch)
        expect(self.board.edges()).to_have_count(count + 1)
        self.board.saved()

    def phase(self, name: str, keys: tuple[str, ...]) -> None:
        """Around what is pressed one after the other."""
        self.page.mouse.click(*self.board.middle(keys[0]))
        self.page.keyboard.down("Shift")
        for key in keys[1:]:
            self.page.mouse.click(*self.board.middle(key))
        self.page.keyboard.up("Shift")
        self.page.locator("[data-preset=phase]").click()
        field = self.page.get_by_label("Name (required)")
        expect(field).to_have_value(re.compile("^Phase "))
        field.fill(name)
        self.page.keyboard.press("Enter")
        self.board.saved()
        self.page.get_by_role("button", name="Fit", exact=True).click()


def test_a_whole_process_is_drawn_by_mouse(board: Board) -> None:
    mouse = Mouse(board)
    mouse.press("trigger", "Set values", "set_values", "Read the order")
    mouse.press("set_values", "Send e-mail", "send_e_mail", "Request the documents")
    mouse.press("send_e_mail", "Wait for event", "wait_for_event", "Documents received")
    mouse.press("wait_for_event", "Decision", "decision", "Complete?")
    mouse.branch("decision", "missing")
    mouse.connect("decision", "send_e_mail", branch="missing")
    mouse.press("decision", "HTTP request", "http_request", "Check the credit")
    mouse.press("decision", "HTTP request", "http_request_2", "Check the stock", branch="otherwise")
    mouse.press("http_request", "Junction", "junction", "All done")
    mouse.connect("http_request_2", "junction")
    mouse.press("http_request", "Manual task", "manual_task", "Check by hand", on="error")
    mouse.connect("manual_task", "junction")
    mouse.press("junction", "Decision", "decision_2", "Approved?")
    mouse.branch("decision_2", "yes")
    mouse.press("decision_2", "Manual task", "manual_task_2", "Pick and pack", branch="yes")
    mouse.press("decision_2", "Send e-mail", "send_e_mail_2", "Tell that it is rejected")
    mouse.press("manual_task_2", "HTTP request", "http_request_3", "Create the label")
    mouse.press("http_request_3", "Send e-mail", "send_e_mail_3", "Confirm the delivery")
    board.page.get_by_role("button", name="Tidy up").click()
    board.said("Tidied up")
    board.saved()
    board.page.get_by_role("button", name="Fit", exact=True).click()
    for name, keys in PHASES:
        mouse.phase(name, keys)
    has_all(board)
