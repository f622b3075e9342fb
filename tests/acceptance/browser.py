"""The browser of the stories, and the eyes on it: console errors, CSP violations and foreign hosts end a test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect

from tests.acceptance.quadrille import SESSION_COOKIE, Quadrille
from tests.acceptance.slowness import SLOWNESS

# The shell first: the same browser without windows. Of the others each visitor opens a window that nobody sees, whose
# tabs and bars are pages too; that is three tenths of what the stories cost.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = (1440, 900)
PHONE = (390, 844)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
OWN_SCHEMES = ("data", "blob", "about", "chrome-error")
# Noted in the page itself, before any script of ours: the event tells more than the console line does.
NOTE_VIOLATIONS = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (e) => {
  window.__violations.push(`${e.violatedDirective}: ${e.blockedURI || "inline"} ${e.sourceFile || ""}:${e.lineNumber}`);
});
"""

expect.set_options(timeout=SLOWNESS.patience)


def find_chromium() -> str | None:
    """The Chromium to drive: `CHROMIUM` names it, else one on the path; None where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((found for found in map(shutil.which, CHROMIUM_NAMES) if found), None)


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium that talks to nobody by itself. Raises FileNotFoundError without one."""
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("no Chromium on this machine (set CHROMIUM to its path)")
    return playwright.chromium.launch(executable_path=program, args=ARGUMENTS)


@dataclass  # no slots: Playwright notes its listeners on the object
class Watch:
    """What must not happen on any page: each finding as a line of text."""

    host: str
    findings: list[str] = field(default_factory=list)
    expected_errors: list[str] = field(default_factory=list)
    """Parts of console lines a test provokes on purpose, such as `409`."""

    def follow(self, page: Page) -> None:
        """Watch one page from now on, slow and patient as the stories are asked to be."""
        SLOWNESS.befall(page)
        page.add_init_script(NOTE_VIOLATIONS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.findings.append(f"script error: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self.expected_errors):
            self.findings.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in OWN_SCHEMES and address.netloc != self.host:
            self.findings.append(f"another host: {request.url}")

    def violations(self, page: Page) -> list[str]:
        """CSP violations of the page as it stands."""
        if page.is_closed() or not page.url.startswith("http"):
            return []
        return [f"CSP: {line}" for line in page.evaluate("window.__violations || []")]

    def assert_clean(self, context: BrowserContext) -> None:
        """Fail with every finding, if any."""
        found = self.findings + [line for page in context.pages for line in self.violations(page)]
        assert not found, "\n".join(found)


@contextmanager
def watched_page(
    browser: Browser,
    server: Quadrille,
    *,
    size: tuple[int, int] = DESKTOP,
    zoom: int = 1,
    dark: bool = False,
    keyboard_clipboard: bool = True,
) -> Iterator[tuple[Page, Watch]]:
    """A page of a fresh visitor; leaving the block fails if the watch found anything.

    `zoom`: as the browser enlarges it, in a window of this `size`.
    """
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": size[0] // zoom, "height": size[1] // zoom},
        device_scale_factor=zoom,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        has_touch=size == PHONE,
    )
    if keyboard_clipboard:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    watch = Watch(urlsplit(server.url).netloc)
    page = context.new_page()
    watch.follow(page)
    context.on("page", watch.follow)
    try:
        yield page, watch
        watch.assert_clean(context)
    finally:
        context.close()


def sign_in(page: Page, server: Quadrille, role: str = "designer") -> None:
    """Have the browser of a page signed in as the demo's member with this role (`designer`, …), in a session of
    its own. No page is shown yet: a story goes where it begins. What the form looks like is `sign_in_by_hand`'s.
    """
    cookie = {"name": SESSION_COOKIE, "value": server.new_session(role), "url": server.url}
    page.context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Lax"}])


def sign_in_by_hand(page: Page, server: Quadrille, role: str) -> None:
    """As a person does, by mouse; ends on the first page."""
    noted = server.credentials
    page.goto("/accounts/sign-in/")
    page.get_by_label("Email").fill(noted["users"][role])
    page.get_by_label("Password", exact=True).fill(noted["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/o/demo/**")
