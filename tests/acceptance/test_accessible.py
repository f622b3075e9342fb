"""axe-core finds nothing on any page, in light and dark, at 1440 and 390 px, and nothing is cut off at 320 px. Pages
are found by following links.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import resolve
from django.urls.exceptions import Resolver404
from playwright.sync_api import Page

from tests.acceptance.axe import look_at, overflow
from tests.acceptance.browser import DESKTOP, Watch, sign_in
from tests.acceptance.quadrille import Quadrille

CONSOLE: Final = "/o/demo/development/"
NARROWEST: Final = (320, 640)
GONE_LINK: Final = "/accounts/password/MQ/abc-0123456789/"
WANDERED: Final = (CONSOLE, "/accounts/me/", "/api/v1/reference")
NOT_A_PAGE: Final = re.compile(
    r"sign-out|/admin/|\.(svg|png|pdf|dot|mmd|json|yaml)\b|/export|/download|/sync\b|/admin\b"
)


def view_of(address: str) -> str | None:
    """The name of the view that an address leads to."""
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return None


def links_on(page: Page) -> Iterator[str]:
    """The addresses of our own pages that this page links to."""
    for href in page.eval_on_selector_all("a[href]", "links => links.map((a) => a.getAttribute('href'))"):
        address = urljoin(page.url, href).partition("#")[0]
        path = urlsplit(address).path
        is_ours = urlsplit(address).netloc == urlsplit(page.url).netloc and path.startswith(WANDERED)
        if is_ours and not NOT_A_PAGE.search(address):
            yield address


def every_page(page: Page, *starts: str) -> Iterator[str]:
    """Open each kind of page once, by following links; yields the view's name while the page is open."""
    waiting, seen = [urljoin(page.url, start) for start in starts], set[str]()
    while waiting:
        address = waiting.pop(0)
        name = view_of(address)
        if name is None or name in seen:
            continue
        seen.add(name)
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok, f"{address} answered {answer.status}"
        if "html" not in answer.headers.get("content-type", ""):
            continue
        page.wait_for_load_state("load")
        waiting += list(links_on(page))
        yield name


def wait_for_messages(page: Page) -> None:
    """Until the demo has sent its first message, so that there is a page of one."""
    deadline = time.monotonic() + 300
    page.goto(CONSOLE + "data/messages/")
    while page.locator("tbody th a").count() == 0:
        assert time.monotonic() < deadline, "the demo sends no messages"
        page.wait_for_timeout(500)
        page.reload()


BARS: Final = """() => {
  const tops = [...document.querySelectorAll(".top > *")].map((part) => part.getBoundingClientRect())
    .filter((box) => box.height).map((box) => Math.round(box.top + box.height / 2));
  return new Set(tops.map((top) => Math.round(top / 16))).size;
}"""
"""In how many rows what stands in the bar of the page is."""
CUT: Final = """() => [...document.querySelectorAll(".place-here, .top .button")]
  .filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.textContent.trim())"""


def narrowest(page: Page) -> list[str]:
    """What does not fit the narrowest phone: the page as it stands, drawn together to that; ends at a desk."""
    page.set_viewport_size({"width": NARROWEST[0], "height": NARROWEST[1]})
    findings = overflow(page)
    if page.locator(".top .sections").count() and page.evaluate(BARS) != 2:
        findings.append("its bar has not two rows")
    findings += [f"cut off: {words}" for words in page.evaluate(CUT)]
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return [f"{page.url} {NARROWEST[0]}: {line}" for line in findings]


def test_every_page_is_accessible_and_fits_the_narrowest_phone(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "administrator")
    wait_for_messages(page)
    findings: list[str] = []
    visited: set[str] = set()
    for name in every_page(page, CONSOLE + "flows/", CONSOLE + "instances/", CONSOLE + "inbox/", *WANDERED[1:]):
        visited.add(name)
        findings += look_at(page) + narrowest(page)
    assert not findings, "\n".join(findings)
    missed = MUST_BE_VISITED - visited
    assert not missed, f"no link leads to {sorted(missed)}; visited {sorted(visited)}"


MUST_BE_VISITED: Final = frozenset(
    {
        "engine:message",
        "engine:subscriber",
        "settings:home",
        "settings:organization",
        "settings:environments",
        "settings:environment_new",
        "settings:members",
        "settings:member_new",
        "settings:groups",
        "settings:group_new",
        "settings:keys",
        "settings:key_new",
        "settings:audit",
        "accounts:account",
        "native:reference",
    }
)


def test_pages_for_strangers_are_accessible(page: Page, watch: Watch) -> None:
    watch.expected_errors.append("404")
    findings: list[str] = []
    for path in ("/accounts/sign-in/", "/accounts/forgotten/", "/accounts/forgotten/sent/", GONE_LINK, "/nowhere/"):
        page.goto(path)
        findings += look_at(page)
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("role", ["viewer", "assignee", "operator"])
def test_what_a_role_sees_first_is_accessible(page: Page, server: Quadrille, role: str) -> None:
    sign_in(page, server, role)
    page.goto("/")
    assert look_at(page) == []


def test_a_page_that_is_not_allowed_is_accessible(page: Page, server: Quadrille, watch: Watch) -> None:
    watch.expected_errors.append("403")
    sign_in(page, server, "viewer")
    page.goto(CONSOLE + "settings/keys/")
    assert look_at(page) == []
