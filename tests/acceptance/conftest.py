"""One Quadrille and one Chromium for all stories; a fresh visitor for each.

    def test_a_story(page: Page, server: Quadrille) -> None:
        sign_in(page, server, "designer")
        page.goto("/o/demo/development/flows/")

`page` fails its test when it saw a console error, a CSP violation or a request to another host. Errors that a test
provokes on purpose are named first: `watch.expected_errors.append("409")`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.acceptance.board import Board, open_made
from tests.acceptance.browser import Watch, find_chromium, launch, sign_in, watched_page
from tests.acceptance.quadrille import Quadrille, program, quadrille

LONG = ("test_every_page_is_accessible", "test_every_settings_page_is_accessible", "test_the_story_by_keyboard")
"""Stories that take a minute or near it: begun last, they would leave one lane at work alone."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, the longest at the head: with what xdist deals out to each lane the first lane begins."""
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if item.name.startswith(name)), len(LONG)))


@pytest.fixture(scope="session")
def server() -> Iterator[Quadrille]:
    """A running installation with the demo."""
    with quadrille() as running:
        yield running


@pytest.fixture(scope="session")
def api(server: Quadrille) -> Iterator[httpx.Client]:
    """A program that makes what a story begins with, in the environment that it looks at."""
    with program(server, "development") as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium. Without one the story is left out loudly, and fails in CI."""
    if find_chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine, and CI leaves nothing out")
        pytest.skip("NOT RUN: no Chromium on this machine (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, server: Quadrille) -> Iterator[tuple[Page, Watch]]:
    """A fresh visitor at a desk, watched."""
    with watched_page(browser, server) as both:
        yield both


@pytest.fixture
def page(visit: tuple[Page, Watch]) -> Page:
    """The visitor's page."""
    return visit[0]


@pytest.fixture
def watch(visit: tuple[Page, Watch]) -> Watch:
    """The eyes on that page."""
    return visit[1]


@pytest.fixture
def board(page: Page, server: Quadrille, api: httpx.Client, request: pytest.FixtureRequest) -> Board:
    """The editor with a new flow."""
    sign_in(page, server, "designer")
    return open_made(page, api, request.node.name.replace("_", " "))
