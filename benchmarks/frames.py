"""The times between the frames of a page while something on it is dragged."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page

LATE: Final = 20.0  # milliseconds between two frames: more than one turn of the screen

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


def noted(page: Page, act: Callable[[], None]) -> dict[str, float]:
    """Frames per second while `act` goes on, times between them in milliseconds, and how many were `late`."""
    page.evaluate(f"() => {{ {NOTE_FRAMES} }}")
    act()
    frames = page.evaluate("(() => { window.__noting = false; return window.__frames; })()")
    ordered = sorted(frames)
    return {
        "frames_per_second": 1000 * len(frames) / sum(frames),
        "median": statistics.median(frames),
        "p95": ordered[int(len(ordered) * 0.95)],
        "slowest": ordered[-1],
        "late": sum(frame > LATE for frame in frames),
        "frames": len(frames),
    }


def drag(page: Page, start: tuple[float, float], *, button: Any = "left", back: bool = False) -> None:
    """Press at `start`, move in sixty steps, and let go; with `back`, move there and back again."""
    mouse = page.mouse
    mouse.move(*start)
    mouse.down(button=button)
    for step in range(1, 61):
        mouse.move(start[0] + 4 * step, start[1] + 2 * step)
    if back:
        for step in range(60, -1, -1):
            mouse.move(start[0] + 4 * step, start[1] + 2 * step)
    mouse.up(button=button)


def card_in_the_middle(page: Page, cards: str) -> tuple[float, float]:
    """Where to press a task that can be seen, clear of everything around the canvas."""
    box = page.evaluate(
        "selector => { for (const e of document.querySelectorAll(selector)) { const b = (e.querySelector('.card') ?? e)"
        ".getBoundingClientRect(); if (b.x > 420 && b.x < 900 && b.y > 70 && b.y < 600) return [b.x + b.width / 2,"
        " b.y + b.height / 2]; } return null; }",
        cards,
    )
    assert box is not None, "no task can be seen"
    return box[0], box[1]
