"""Answers of the server that come when a story says so: what a slow line does by chance is done on purpose."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import APIResponse, Page, Route

PROBE: Final = "/healthz?held-up"


def _await_watch(page: Page) -> None:
    """Return once requests of the page as it stands pass through here: it may learn of it only after the next key."""
    seen: list[Route] = []

    def answer(route: Route) -> None:
        seen.append(route)
        route.fulfill(status=204)

    probe = re.compile(re.escape(PROBE))
    page.route(probe, answer)
    while not seen:
        page.evaluate(f"fetch('{PROBE}').then(() => null)")
    page.unroute(probe)


@contextmanager
def held_up(page: Page, pattern: re.Pattern[str]) -> Iterator[Callable[[], None]]:
    """The first answer to a request like this is made at once and handed over only when told to."""
    first: list[Route] = []
    kept: list[APIResponse] = []

    def keep(route: Route) -> None:
        if first:
            route.continue_()
        else:
            first.append(route)  # before it is answered: others may come meanwhile
            kept.append(route.fetch())

    def hand_over() -> None:
        until = time.monotonic() + 30
        while not kept:
            assert time.monotonic() < until, f"nothing asked for {pattern.pattern}, but for {_asked(page)}"
            page.wait_for_timeout(20)  # lets the browser's messages in
        first[0].fulfill(response=kept[0])

    page.route(pattern, keep)
    _await_watch(page)
    yield hand_over


def _asked(page: Page) -> list[str]:
    """What the page itself says it has asked for last."""
    found: list[str] = page.evaluate("performance.getEntriesByType('resource').slice(-5).map(({ name }) => name)")
    return found
