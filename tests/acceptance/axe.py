"""What axe-core finds on a page, in every theme and size we promise."""

from __future__ import annotations

from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.acceptance.browser import DESKTOP, PHONE

RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: Final = [(theme, size) for size in (DESKTOP, PHONE) for theme in ("light", "dark")]
RUN: Final = """
async (tags) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  return found.violations.map((rule) => ({
    id: rule.id,
    help: rule.help,
    nodes: rule.nodes.slice(0, 5).map((node) => node.target.join(" ") + node.failureSummary.replace(/\\s+/g, " ")),
  }));
}
"""

SETTLED: Final = """
async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const ends = (animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime);
  const ending = document.getAnimations().filter(ends);
  const late = new Promise((done) => setTimeout(done, 5000));
  await Promise.race([Promise.allSettled(ending.map((animation) => animation.finished)), late]);
}
"""
"""A theme that has just been switched is still fading in: colours are measured once it has. What turns for ever, or is
held, is not waited for."""


def violations(page: Page) -> list[str]:
    """One line for each rule that the page breaks as it looks now."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    page.evaluate(SETTLED)
    found: list[dict[str, Any]] = page.evaluate(RUN, RULES)
    return [f"{rule['id']}: {rule['help']}\n      " + "\n      ".join(rule["nodes"]) for rule in found]


def look_at(page: Page) -> list[str]:
    """The same in light and dark, at a desk and on a phone; the page is left at a desk in light."""
    lines = []
    for theme, size in LOOKS:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.set_viewport_size({"width": size[0], "height": size[1]})
        lines += [f"{page.url} {theme} {size[0]}: {line}" for line in violations(page)]
        lines += [f"{page.url} {theme} {size[0]}: {line}" for line in overflow(page)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return lines


def overflow(page: Page) -> list[str]:
    """A page must never scroll sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"scrolls sideways by {wide} px"] if wide > 1 else []
