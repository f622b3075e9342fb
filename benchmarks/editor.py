"""The editor in a real Chromium, at 50, 300 and 1,000 tasks, beside @xyflow/react and bpmn-js on the same flows.

*Open*: from the navigation until every task is drawn and that picture has been shown. The peers' pages are plain files
with the graph beside them; ours is rendered by the server, with palette, inspector and problems around it. *Frames*:
the times between frames while something is dragged for a second or so. *Drop to confirmed*: from letting go until the
server's answer is on the page. *Server*: how long the server took for that very request, as the browser saw it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.contestants import ROOT
from benchmarks.drawing import drawn
from benchmarks.machine import describe_machine
from benchmarks.peers.drawing_pages import build_pages, served
from benchmarks.reporting import Line, Report, format_table, write_report
from tests.acceptance.browser import launch, sign_in
from tests.acceptance.quadrille import Quadrille, quadrille
from tests.acceptance.weight import gzipped_bytes

SIZES: Final = (50, 300, 1000)
ROUNDS: Final = 5
DROPS: Final = 15
PATIENCE: Final = 60_000
MOST_OPEN: Final = {300: 1.0, 1000: 2.5}  # seconds
MOST_FRAME: Final = 32.0  # milliseconds, at 300 tasks
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
NOTE_FRAMES: Final = """
window.__frames = [];
let before = performance.now();
const note = (now) => {
  window.__frames.push(now - before);
  before = now;
  window.__noting && requestAnimationFrame(note);
};
window.__noting = true;
requestAnimationFrame((now) => { before = now; requestAnimationFrame(note); });
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
    """How to open and handle one of the three. `card`: matches each task; `ready`: a claim of the page, in script."""

    name: str
    card: str
    ready: str
    address: Callable[[int], str]
    paper: tuple[int, int]


def main(arguments: Sequence[str] = ()) -> bool:
    """Measure, print the table, store the JSON. Answers whether every goal is reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.editor", description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="how many tasks, multiples of five")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each page is opened")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    pages = build_pages(map(drawn, options.sizes))
    details: dict[str, Any] = {}
    with quadrille() as server, served(pages) as peers, sync_playwright() as playwright:
        for size in options.sizes:
            _import(server, size)
        browser = launch(playwright)
        for size in options.sizes:
            details[str(size)] = _measure(browser, server, peers, size, options.rounds)
            print(f"{size} tasks: {json.dumps(details[str(size)])}", file=sys.stderr)
        details["kilobytes"] = _kilobytes(browser, server, options.sizes[0])
        browser.close()
    report = Report("editor", machine, _lines(details, options.sizes), details)
    print(format_table(report), "", write_report(report).relative_to(ROOT), sep="\n")
    return report.is_reached


def _import(server: Quadrille, size: int) -> None:
    file = server.data / f"drawn-{size}.json"
    file.write_text(json.dumps(drawn(size).flow_file))
    server.manage("flow", "import", "--organization", "demo", "--environment", "development", str(file))


def _sides(server: Quadrille, peers: str) -> tuple[Side, Side, Side]:
    place = f"{server.url}/o/demo/development/flows"
    is_ready = 'document.querySelector(".editor")?.dataset.ready === "true"'
    return (
        Side("ours", "#graph-nodes > .node", is_ready, lambda size: f"{place}/drawn-{size}/edit/", (640, 130)),
        Side("xyflow", ".react-flow__node", "true", lambda size: f"{peers}/xyflow.html?tasks={size}", (640, 30)),
        Side("bpmn-js", ".djs-shape", "true", lambda size: f"{peers}/bpmn.html?tasks={size}", (640, 30)),
    )


def _measure(browser: Browser, server: Quadrille, peers: str, size: int, rounds: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side in _sides(server, peers):
        opened: list[float] = []
        for number in range(rounds + 1):
            context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            if side.name == "ours":
                sign_in(page, server, "designer")
            seconds = _open(page, side, size)
            if number:  # the first round fills caches on all sides
                opened.append(seconds)
            if number == rounds:
                found[side.name] = {"open": statistics.median(opened), **_frames(page, side)}
                if side.name == "ours":
                    found["ours"] |= _edits(page, server, size)
            context.close()
    return found


def _open(page: Page, side: Side, size: int) -> float:
    """Seconds from the navigation to the picture."""
    script = NOTE_OPEN % (side.card, size, side.ready)
    page.add_init_script(script)
    page.goto(side.address(size), wait_until="commit")
    return float(_noted_by_page(page, "opened")) / 1000


def _noted_by_page(page: Page, name: str) -> str:
    """What the page's script notes on its root, once it has: our policy lets no test evaluate text in a loop."""
    root = page.locator(f"html[data-{name}]")
    root.wait_for(state="attached")
    return root.get_attribute(f"data-{name}") or ""


# -- frames -----------------------------------------------------------------------------------------------------------


def _frames(page: Page, side: Side) -> dict[str, Any]:
    """Of dragging a task, and of dragging the paper."""
    page.wait_for_load_state("load")
    dragging = _noted(page, lambda: _drag(page, _card_in_the_middle(page, side.card), back=True))
    button = "middle" if side.name == "ours" else "left"
    panning = _noted(page, lambda: _drag(page, side.paper, button=button))
    return {"dragging": dragging, "panning": panning}


def _card_in_the_middle(page: Page, cards: str) -> tuple[float, float]:
    """Where to press a task that can be seen, clear of everything around the canvas."""
    box = page.evaluate(
        "selector => { for (const e of document.querySelectorAll(selector)) { const b = (e.querySelector('.card') ?? e)"
        ".getBoundingClientRect(); if (b.x > 420 && b.x < 900 && b.y > 70 && b.y < 600) return [b.x + b.width / 2,"
        " b.y + b.height / 2]; } return null; }",
        cards,
    )
    assert box is not None, "no task can be seen"
    return box[0], box[1]


def _noted(page: Page, act: Callable[[], None]) -> dict[str, float]:
    page.evaluate(f"() => {{ {NOTE_FRAMES} }}")
    act()
    frames = page.evaluate("(() => { window.__noting = false; return window.__frames; })()")
    ordered = sorted(frames)
    return {
        "frames_per_second": 1000 * len(frames) / sum(frames),
        "median": statistics.median(frames),
        "p95": ordered[int(len(ordered) * 0.95)],
        "slowest": ordered[-1],
        "frames": len(frames),
    }


def _drag(page: Page, start: tuple[float, float], *, button: Any = "left", back: bool = False) -> None:
    mouse = page.mouse
    mouse.move(*start)
    mouse.down(button=button)
    for step in range(1, 61):
        mouse.move(start[0] + 4 * step, start[1] + 2 * step)
    if back:
        for step in range(60, -1, -1):
            mouse.move(start[0] + 4 * step, start[1] + 2 * step)
    mouse.up(button=button)


# -- what only ours has -----------------------------------------------------------------------------------------------


def _edits(page: Page, server: Quadrille, size: int) -> dict[str, Any]:
    drops, requests = [], []
    page.reload()
    page.locator(".editor[data-ready=true]").wait_for()
    for number in range(DROPS):
        seconds, request = _drop(page, 16 if number % 2 else -16)
        drops.append(seconds)
        requests.append(request)
    tidy = _timed(page, lambda: page.locator("[data-act=tidy]").first.click())
    address = f"{server.url}/o/demo/development/flows/drawn-{size}"
    publish = _publish(page, address)
    page.goto(f"{address}/edit/")
    page.locator(".editor[data-ready=true]").wait_for()
    _drop(page, 16)
    began = time.perf_counter()
    page.goto(f"{address}/publish/")
    diff = time.perf_counter() - began
    return {
        "drop": statistics.median(drops),
        "server": statistics.median(requests),
        "tidy": tidy,
        "publish": publish,
        "diff": diff,
    }


def _drop(page: Page, by: int) -> tuple[float, float]:
    """Milliseconds from letting a task go to the server's word on the page, and what of it the server took."""
    x, y = _card_in_the_middle(page, "#graph-nodes > .node")
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


def _timed(page: Page, act: Callable[[], None]) -> float:
    """Seconds until everything is stored."""
    began = time.perf_counter()
    act()
    page.locator(".editor[data-saving=waiting]").wait_for(timeout=2_000)
    page.locator(".editor[data-saving=done]").wait_for()
    return time.perf_counter() - began


def _publish(page: Page, address: str) -> float:
    """Seconds from pressing the button to the page of the new version."""
    page.goto(f"{address}/publish/")
    button = page.locator(".publish-card .button-primary")
    began = time.perf_counter()
    with page.expect_navigation(wait_until="commit"):
        button.click()
    return time.perf_counter() - began


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


def _lines(details: dict[str, Any], sizes: Sequence[int]) -> list[Line]:
    lines: list[Line] = []
    for size in sizes:
        found = details[str(size)]
        ours = found["ours"]
        for peer in ("xyflow", "bpmn-js"):
            theirs = found[peer]
            ratio = theirs["open"] / ours["open"]
            lines.append(Line(f"{size}: open, against {peer}", ours["open"], theirs["open"], "s", ratio, 1.0))
            for what in ("dragging", "panning"):
                a, b = ours[what]["frames_per_second"], theirs[what]["frames_per_second"]
                lines.append(Line(f"{size}: {what}, against {peer}", a, b, "frames/s", a / b, None))
        lines += _against_goals(size, ours)
    first, last = details[str(sizes[0])]["ours"]["server"], details[str(sizes[-1])]["ours"]["server"]
    what = f"an edit on the server, {sizes[-1]:,} tasks against {sizes[0]}"
    lines.append(Line(what, last, first, "ms", last / first, MOST_GROWTH, is_most=True))
    weight = details["kilobytes"]
    lines.append(Line("CSS, JS and htmx, gzipped", weight, MOST_BYTES, "KB", weight / MOST_BYTES, 1.0, is_most=True))
    return lines


def _against_goals(size: int, ours: dict[str, Any]) -> list[Line]:
    """Absolute times; the second column is the goal, where there is one."""
    lines = []
    if size in MOST_OPEN:
        lines.append(_absolute(f"{size}: open, against the goal", ours["open"], MOST_OPEN[size], "s"))
    if size == 300:
        lines.append(_absolute(f"{size}: slowest frame while dragging", ours["dragging"]["slowest"], MOST_FRAME, "ms"))
    lines.append(_absolute(f"{size}: drop to confirmed", ours["drop"], MOST_DROP, "ms"))
    for what in ("tidy", "publish", "diff"):
        lines.append(Line(f"{size}: {what}", ours[what], 0, "s", 0, None))
    return lines


def _absolute(what: str, ours: float, goal: float, unit: str) -> Line:
    return Line(what, ours, goal, unit, ours / goal, 1.0, is_most=True)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
