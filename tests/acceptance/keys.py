"""The page as someone without a mouse goes through it: by Tab and the arrow keys, nothing is focused by script."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Locator, Page

MOST_TABS: Final = 120


def tab_to(page: Page, wanted: Locator, *, key: str = "Tab") -> None:
    """Press Tab (or `Shift+Tab`) until the element has the focus."""
    wanted.wait_for(state="visible")
    for _ in range(MOST_TABS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead to {wanted} in {MOST_TABS} steps")


def press_on(page: Page, wanted: Locator, *, key: str = "Tab") -> None:
    """Go to a button or link with Tab (or `Shift+Tab`), and press Enter."""
    tab_to(page, wanted, key=key)
    page.keyboard.press("Enter")


def choose(page: Page, field: Locator, label: str) -> None:
    """Pick an option of a select with the arrow keys."""
    tab_to(page, field)
    page.keyboard.press("Home")
    for _ in range(field.locator("option").count()):
        if field.evaluate("select => select.selectedOptions[0].textContent.trim()") == label:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no option is called {label!r}")
