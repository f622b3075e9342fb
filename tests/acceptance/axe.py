"""What axe-core finds on a page, in every theme and size we promise."""

from __future__ import annotations

from typing import Any, Final, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.acceptance.browser import DESKTOP, PHONE

RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BY_THEME: Final = ["color-contrast", "link-in-text-block", "image-alt"]
"""What may be otherwise in the dark: colours, and which of two pictures is shown (`tests/unit/test_themes.py`)."""
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
SIZES: Final = (DESKTOP, PHONE)
LONG: Final = 2000
"""From so many elements on a page is long: what is made alike is looked at once, or axe takes a quarter of a minute."""
RUN: Final = """
async ({tags, byTheme, isDark, long}) => {
  // The first of all elements with text that are made alike: the same names, classes, colours and sizes all the way up.
  const differing = () => {
    const chains = new Map(), told = new Set(), found = [];
    const walk = (element, above) => {
      const style = getComputedStyle(element);
      const looks = ["color", "fill", "backgroundColor", "backgroundImage", "opacity", "fontSize", "fontWeight"];
      const made = [above, element.localName, element.getAttribute("class"), ...looks.map((name) => style[name])];
      const chain = made.join("|");
      if (!chains.has(chain)) chains.set(chain, chains.size);
      const id = chains.get(chain);
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
      const counts = hasText || element.shadowRoot || element.matches("a, img, input, select, textarea");
      if (counts && !told.has(id)) {
        told.add(id);
        found.push(element);
      }
      for (const child of element.children) walk(child, id);
    };
    walk(document.body, "");
    return found;
  };
  const isLong = document.querySelectorAll("*").length > long;
  const found = [];
  const look = async (where, options) => {
    found.push(...(await axe.run(where, {...options, resultTypes: ["violations"]})).violations);
  };
  if (isDark || isLong) await look({include: differing()}, {runOnly: {type: "rule", values: byTheme}});
  if (!isDark) {
    const rules = Object.fromEntries(isLong ? byTheme.map((id) => [id, {enabled: false}]) : []);
    await look(document, {runOnly: {type: "tag", values: tags}, rules});
  }
  return found.map((rule) => ({
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


def violations(page: Page, *, is_dark: bool = False) -> list[str]:
    """One line for each rule that the page breaks as it looks now; in the dark, of those that the theme may break."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    page.evaluate(SETTLED)
    wish = {"tags": RULES, "byTheme": BY_THEME, "isDark": is_dark, "long": LONG}
    found: list[dict[str, Any]] = page.evaluate(RUN, wish)
    return [f"{rule['id']}: {rule['help']}\n      " + "\n      ".join(rule["nodes"]) for rule in found]


def look_at(page: Page, *sizes: tuple[int, int]) -> list[str]:
    """The same in light and dark, in these sizes (else at a desk and on a phone); ends at a desk, in light."""
    lines = []
    for size in sizes or SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            found = violations(page, is_dark=theme == "dark") + overflow(page)
            lines += [f"{page.url} {theme} {size[0]}: {line}" for line in found]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return lines


def overflow(page: Page) -> list[str]:
    """A page must never scroll sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"scrolls sideways by {wide} px"] if wide > 1 else []
