"""The editor in a real Chromium, at 50, 300 and 1,000 tasks, beside @xyflow/react and bpmn-js on the same flows.

*Open*: from the navigation by a visitor who has never been here and comes from another site, until every task is
drawn and that picture has been shown. *Again*: the same, by one who has been there before and comes from another page
of that place. *Empty*: as the first, from an empty tab, where a page that keeps its window to itself (`Cross-Origin-
Opener-Policy`, as ours does) has to wait for a process of its own and a plain file has not; a tab that shows anything
makes everybody wait for one. The peers' pages are plain files with the graph beside them; ours is rendered by the
server, with palette, inspector and problems around it. *Frames*: the times between frames while something is dragged
for a second or so; beside them those of a bare page, one element of which follows the same pointer: what browser and
machine are late with by themselves. *Drop to confirmed*: from letting go until the server's answer is on the page.
*Server*: how long the server took for that very request, as the browser saw it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.contestants import ROOT
from benchmarks.drawing import drawn
from benchmarks.frames import card_in_the_middle, drag, noted
from benchmarks.machine import describe_machine
from benchmarks.peers.drawing_pages import ELSEWHERE, SOURCE, another_site, build_pages, served
from benchmarks.reporting import RESULTS, Line, Report, format_table, write_report
from tests.acceptance.browser import launch, sign_in
from tests.acceptance.quadrille import Quadrille, quadrille
from tests.acceptance.weight import gzipped_bytes

SIZES: Final = (50, 300, 1000)
PARTS: Final = ("open", "frames", "many", "drop", "tidy", "publish", "diff")
SIDES: Final = ("ours", "xyflow", "bpmn-js", "bare")
ROUNDS: Final = 5
DROPS: Final = 15
MANY: Final = 30  # tasks that are dragged at once
PATIENCE: Final = 60_000
SETTLED: Final = 400  # milliseconds after which nothing of a page goes on
MOST_OPEN: Final = {300: 1.0, 1000: 2.5}  # seconds
MOST_FRAME: Final = 32.0  # milliseconds, at 300 tasks
DRAGS: Final = 5  # of one task, each on a page of its own
MOST_DROP: Final = 150.0  # milliseconds, at the median
MOST_GROWTH: Final = 1.5
MOST_BYTES: Final = 100.0  # KB, gzipped: CSS and JS of the page, htmx included

# The picture that shows everything: noted in the page, one frame after it was drawn.
NOTE_OPEN: Final = """
const look = () => {
  const cards = document.querySelectorAll("%s");
  const last = cards[cards.length - 1];
  if (cards.length >= %d && getComputedStyle(last).visibility === "visible" && (%s)) {
    requestAnimationFrame(() => (document.documentElement.dataset.opened = performance.now()));
  } else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
# Those that lie in sight clear of everything around the canvas, row by row: left, top, right, bottom.
CARDS_IN_SIGHT: Final = """
(selector) => [...document.querySelectorAll(selector)]
  .map((element) => (element.querySelector(".card") ?? element).getBoundingClientRect())
  .filter((box) => box.left > 240 && box.right < 1060 && box.top > 70 && box.bottom < 780)
  .map(({ left, top, right, bottom }) => [left, top, right, bottom])
  .sort((a, b) => a[3] - b[3] || a[0] - b[0])
"""
NOTE_DROP: Final = """
const root = document.querySelector(".editor");
delete document.documentElement.dataset.drop;
performance.clearResourceTimings();
addEventListener("pointerup", () => {
  const began = performance.now();
  const seen = new MutationObserver(() => {
    if (root.dataset.saving !== "done") return;
    seen.disconnect();
    document.documentElement.dataset.drop = performance.now() - began;
  });
  seen.observe(root, { attributes: true, attributeFilter: ["data-saving"] });
}, { capture: true, once: true });
"""


@dataclass(frozen=True, slots=True)
class Side:
    """How to open and handle one of the three.

    `card` matches each task, `chosen` each that is selected; `ready`: a claim of the page, in script; `elsewhere`: a
    page of the same place from which one would come.
    """

    name: str
    card: str
    chosen: str
    ready: str
    address: Callable[[int], str]
    elsewhere: str
    paper: tuple[int, int]


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached.

    With `--part` only these are measured; the table and the JSON keep what earlier runs have found of the others.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.editor", description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="how many tasks, multiples of five")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each page is opened")
    parser.add_argument("--part", choices=PARTS, nargs="+", default=None, help="what to measure; all of it without")
    parser.add_argument("--side", choices=SIDES, nargs="+", default=list(SIDES), help="who takes part")
    options = parser.parse_args(arguments)
    wanted = tuple(options.part or PARTS)
    details: dict[str, Any] = _found_before() if options.part else {}
    sides = [side for side in options.side if side == "ours" or {"open", "frames", "many"} & set(wanted)]
    if "frames" not in wanted:
        sides = [side for side in sides if side != "bare"]
    with contextlib.ExitStack() as stack:
        has_peers = bool({"xyflow", "bpmn-js"} & set(sides))
        peers = stack.enter_context(served(build_pages(map(drawn, options.sizes)))) if has_peers else ""
        foreign = stack.enter_context(another_site())
        server = stack.enter_context(quadrille())
        browser = launch(stack.enter_context(sync_playwright()))
        for size in options.sizes:
            _import(server, size)
            measured = details.setdefault(str(size), {})
            taking_part = [side for side in _sides(server, peers) if side.name in sides]
            opening = [side for side in taking_part if side.name != "bare"]
            opened: dict[str, dict[str, float]] = {}
            if "open" in wanted:
                opened = _opened(browser, server, opening, size, rounds=options.rounds, foreign=foreign)
            for side in taking_part:
                found = opened.get(side.name, {}) | _measure(browser, server, side, size, parts=wanted)
                measured[side.name] = measured.get(side.name, {}) | found
                print(f"{size} tasks, {side.name}: {json.dumps(found)}", file=sys.stderr, flush=True)
        if "open" in wanted and "ours" in sides:
            details["kilobytes"] = _kilobytes(browser, server, options.sizes[0])
        browser.close()
    report = Report("editor", describe_machine() | {"load": os.getloadavg()[0]}, _lines(details), details)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


def _found_before() -> dict[str, Any]:
    """What earlier runs have found, part by part."""
    path = RESULTS / "editor.json"
    return dict(json.loads(path.read_text())["details"]) if path.exists() else {}


def _import(server: Quadrille, size: int) -> None:
    file = server.data / f"drawn-{size}.json"
    file.write_text(json.dumps(drawn(size).flow_file))
    server.manage("flow", "import", "--organization", "demo", "--environment", "development", str(file))


def _sides(server: Quadrille, peers: str) -> tuple[Side, ...]:
    place = f"{server.url}/o/demo/development/flows"
    is_ready = 'document.querySelector(".editor")?.dataset.ready === "true"'
    return (
        Side(
            "ours",
            "#graph-nodes > .node",
            "#graph-nodes > .is-selected",
            is_ready,
            lambda size: f"{place}/drawn-{size}/edit/",
            f"{place}/",
            (640, 130),
        ),
        Side(
            "xyflow",
            ".react-flow__node",
            ".react-flow__node.selected",
            "true",
            lambda size: f"{peers}/xyflow.html?tasks={size}",
            f"{peers}/{ELSEWHERE}",
            (640, 30),
        ),
        Side(
            "bpmn-js",
            ".djs-shape",
            ".djs-shape.selected",
            "true",
            lambda size: f"{peers}/bpmn.html?tasks={size}",
            f"{peers}/{ELSEWHERE}",
            (640, 30),
        ),
        Side(
            "bare",
            ".thing",
            "",
            "true",
            lambda _: "data:text/html," + quote((SOURCE / "bare.html").read_text()),
            "about:blank",
            (640, 30),
        ),
    )


def _opened(
    browser: Browser, server: Quadrille, sides: Sequence[Side], size: int, *, rounds: int, foreign: str
) -> dict[str, dict[str, float]]:
    """Medians in seconds, side by side: all of them in turns. `foreign`: the address of a page of another site."""
    times: dict[str, dict[str, list[float]]] = {side.name: {"open": [], "again": [], "empty": []} for side in sides}
    for number in range(rounds + 1):
        for side in sides:
            found = times[side.name]
            for what, before in (("open", foreign), ("empty", "")):
                with _page(browser, server, side) as page:
                    _let_note(page, side, size)
                    found[what].append(_opened_from(page, side, size, before))
                    if what == "open":
                        found["again"].append(_opened_from(page, side, size, side.elsewhere))
        if not number:  # this round has filled caches on all sides
            for found in times.values():
                for those in found.values():
                    those.clear()
    return {name: {what: statistics.median(those) for what, those in found.items()} for name, found in times.items()}


def _opened_from(page: Page, side: Side, size: int, before: str) -> float:
    """Seconds of opening it when the page `before` has come to rest; from where it is without one."""
    if before:
        page.goto(before)
        page.wait_for_timeout(SETTLED)
    seconds = _open(page, side, size)
    page.wait_for_load_state("load")
    page.wait_for_timeout(SETTLED)
    return seconds


def _measure(browser: Browser, server: Quadrille, side: Side, size: int, *, parts: Sequence[str]) -> dict[str, Any]:
    """Each part on pages of its own, so that none stands in another's light."""
    found: dict[str, Any] = {}
    if "frames" in parts:
        found |= _frames(browser, server, side, size)
    if "many" in parts and side.name != "bare":
        with _page(browser, server, side) as page:
            _let_note(page, side, size)
            _open(page, side, size)
            found["many"] = _many(page, side)
    if side.name == "ours":
        for part, measure in _OURS.items():
            if part in parts:
                with _page(browser, server, side) as page:
                    page.goto(side.address(size))
                    page.locator(".editor[data-ready=true]").wait_for()
                    found |= measure(page, f"{server.url}/o/demo/development/flows/drawn-{size}")
    return found


@contextlib.contextmanager
def _page(browser: Browser, server: Quadrille, side: Side) -> Iterator[Page]:
    """A page of a fresh visitor, signed in where that is needed."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.set_default_navigation_timeout(PATIENCE)
    try:
        if side.name == "ours":
            sign_in(page, server, "designer")
        yield page
    finally:
        context.close()


def _let_note(page: Page, side: Side, size: int) -> None:
    """From now on the page notes when it is open."""
    page.add_init_script(NOTE_OPEN % (side.card, size, side.ready))


def _open(page: Page, side: Side, size: int) -> float:
    """Seconds from the navigation to the picture. The page has to be one that notes it."""
    page.goto(side.address(size), wait_until="commit")
    return float(_noted_by_page(page, "opened")) / 1000


def _noted_by_page(page: Page, name: str) -> str:
    """What the page's script notes on its root, once it has: our policy lets no test evaluate text in a loop."""
    root = page.locator(f"html[data-{name}]")
    root.wait_for(state="attached")
    return root.get_attribute(f"data-{name}") or ""


# -- frames -----------------------------------------------------------------------------------------------------------


def _frames(browser: Browser, server: Quadrille, side: Side, size: int) -> dict[str, Any]:
    """Of dragging a task, on several pages that have just been opened, and of dragging the paper.

    Of the drags the slowest frame of all, else medians; `late`: how many frames of each drag were.
    """
    drags = [_on_new_page(browser, server, side, size, _drag_card) for _ in range(DRAGS)]
    dragging = {name: statistics.median(drag[name] for drag in drags) for name in drags[0]}
    dragging |= {"slowest": max(drag["slowest"] for drag in drags)}
    found = {"dragging": dragging | {"late": [drag["late"] for drag in drags]}}
    return found if side.name == "bare" else found | {"panning": _on_new_page(browser, server, side, size, _pan)}


def _on_new_page(
    browser: Browser, server: Quadrille, side: Side, size: int, act: Callable[[Page, Side], None]
) -> dict[str, float]:
    with _page(browser, server, side) as page:
        if side.name == "bare":
            page.goto(side.address(size))
        else:
            _let_note(page, side, size)
            _open(page, side, size)
        page.wait_for_load_state("load")
        return noted(page, lambda: act(page, side))


def _drag_card(page: Page, side: Side) -> None:
    drag(page, card_in_the_middle(page, side.card), back=True)


def _pan(page: Page, side: Side) -> None:
    drag(page, side.paper, button="middle" if side.name == "ours" else "left")


def _many(page: Page, side: Side) -> dict[str, Any]:
    """Of dragging what a band around thirty tasks has selected. `tasks`: how many these were."""
    page.wait_for_load_state("load")
    if side.name == "ours":  # the peers have the whole window, and show thirty as they are opened
        page.mouse.move(*side.paper)
        page.keyboard.down("Control")
        page.mouse.wheel(0, 50)
        page.keyboard.up("Control")
    cards = page.evaluate(CARDS_IN_SIGHT, side.card)
    first, last = cards[0], cards[:MANY][-1]
    right = max(card[2] for card in cards)
    page.mouse.move(first[0] - 12, min(card[1] for card in cards) - 12)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(right - 20, last[3], steps=5)
    page.mouse.move(right + 4, last[3] + 4, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.locator(side.chosen).nth(len(cards[:MANY]) // 2).wait_for(state="attached")
    chosen = page.locator(side.chosen).count()
    middle = ((first[0] + first[2]) / 2, (first[1] + first[3]) / 2)
    return noted(page, lambda: drag(page, middle, back=True)) | {"tasks": chosen}


# -- what only ours has -----------------------------------------------------------------------------------------------


def _drops(page: Page, _: str) -> dict[str, float]:
    measured = [_drop(page, 16 if number % 2 else -16) for number in range(DROPS)]
    return {
        "drop": statistics.median(seconds for seconds, _ in measured),
        "server": statistics.median(request for _, request in measured),
    }


def _tidies(page: Page, _: str) -> dict[str, float]:
    began = time.perf_counter()
    with page.expect_response(lambda response: response.url.endswith("/edit/tidy")):
        page.locator("[data-act=tidy]").first.click()
    page.locator(".editor[data-saving=done]").wait_for()
    return {"tidy": time.perf_counter() - began}


def _publishes(page: Page, address: str) -> dict[str, float]:
    """Seconds from pressing the button to the page of the new version. Something is moved first, so that it is new."""
    _drop(page, 16)
    page.goto(f"{address}/publish/")
    began = time.perf_counter()
    with page.expect_navigation(wait_until="commit"):
        page.locator(".publish-card .button-primary").click()
    return {"publish": time.perf_counter() - began}


def _diffs(page: Page, address: str) -> dict[str, float]:
    """Seconds until the publish page tells what a draft changes."""
    _drop(page, 16)
    began = time.perf_counter()
    page.goto(f"{address}/publish/")
    return {"diff": time.perf_counter() - began}


_OURS: Final[Mapping[str, Callable[[Page, str], dict[str, float]]]] = {
    "drop": _drops,
    "tidy": _tidies,
    "publish": _publishes,
    "diff": _diffs,
}


def _drop(page: Page, by: int) -> tuple[float, float]:
    """Milliseconds from letting a task go to the server's word on the page, and what of it the server took."""
    x, y = card_in_the_middle(page, "#graph-nodes > .node")
    page.evaluate(f"() => {{ {NOTE_DROP} }}")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y + by, steps=2)
    page.mouse.move(x + by, y + 2 * by, steps=2)
    page.mouse.up()
    took = float(_noted_by_page(page, "drop"))
    request = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.name.endsWith('/edit/edits'))"
        ".map(e => e.responseEnd - e.requestStart).at(-1)"
    )
    return took, float(request)


def _kilobytes(browser: Browser, server: Quadrille, size: int) -> float:
    """CSS and JS that the editor loads, gzipped."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    sign_in(page, server, "designer")
    page.goto(f"{server.url}/o/demo/development/flows/drawn-{size}/edit/", wait_until="load")
    page.locator(".editor[data-ready=true]").wait_for()
    weight = sum(gzipped_bytes(page).values())
    context.close()
    return weight / 1000


# -- the table --------------------------------------------------------------------------------------------------------


def _lines(details: dict[str, Any]) -> list[Line]:
    lines: list[Line] = []
    sizes = sorted(int(size) for size in details if size.isdigit())
    for size in sizes:
        found = details[str(size)]
        ours = found.get("ours", {})
        for peer in ("xyflow", "bpmn-js", "bare"):
            theirs = found.get(peer, {})
            if all("late" in each.get("dragging", {}) for each in (ours, theirs)):
                a, b = (sum(each["dragging"]["late"]) / DRAGS for each in (ours, theirs))
                lines.append(Line(f"{size}: late frames in a drag, against {peer}", a, b, "frames", 0, None))
            for what, words in (("open", "open"), ("again", "open again"), ("empty", "open in an empty tab")):
                if what in ours and what in theirs:
                    ratio = theirs[what] / ours[what]
                    goal = None if what == "empty" else 1.0
                    lines.append(Line(f"{size}: {words}, against {peer}", ours[what], theirs[what], "s", ratio, goal))
            for what in ("dragging", "panning", "many"):
                if what in ours and what in theirs:
                    a, b = ours[what]["frames_per_second"], theirs[what]["frames_per_second"]
                    lines.append(Line(f"{size}: {what}, against {peer}", a, b, "frames/s", a / b, None))
        lines += _against_goals(size, ours)
    servers = [found["server"] for size in sizes if "server" in (found := details[str(size)].get("ours", {}))]
    if len(servers) > 1:
        what = "an edit on the server, the largest flow against the smallest"
        lines.append(Line(what, servers[-1], servers[0], "ms", servers[-1] / servers[0], MOST_GROWTH, is_most=True))
    if "kilobytes" in details:
        weight, what = details["kilobytes"], "CSS, JS and htmx, gzipped"
        lines.append(Line(what, weight, MOST_BYTES, "KB", weight / MOST_BYTES, 1.0, is_most=True))
    return lines


def _against_goals(size: int, ours: dict[str, Any]) -> list[Line]:
    """Absolute times; the second column is the goal, where there is one."""
    lines = []
    if size in MOST_OPEN and "open" in ours:
        lines.append(_absolute(f"{size}: open, against the goal", ours["open"], MOST_OPEN[size], "s"))
    if size == 300 and "dragging" in ours:
        lines.append(_absolute(f"{size}: slowest frame while dragging", ours["dragging"]["slowest"], MOST_FRAME, "ms"))
    if "many" in ours:
        slowest, theirs = ours["many"]["slowest"], MOST_FRAME
        lines.append(_absolute(f"{size}: slowest frame while dragging {ours['many']['tasks']}", slowest, theirs, "ms"))
    if "drop" in ours:
        lines.append(_absolute(f"{size}: drop to confirmed", ours["drop"], MOST_DROP, "ms"))
    for what in ("tidy", "publish", "diff"):
        if what in ours:
            lines.append(Line(f"{size}: {what}", ours[what], 0, "s", 0, None))
    return lines


def _absolute(what: str, ours: float, goal: float, unit: str) -> Line:
    return Line(what, ours, goal, unit, ours / goal, 1.0, is_most=True)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
