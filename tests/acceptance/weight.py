"""What a page that stands open has loaded of scripts and styles, as it weighs on the way."""

from __future__ import annotations

import gzip
from urllib.parse import urlsplit

from playwright.sync_api import Page

QUIET = "() => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(() => requestIdleCallback(done))))"
NAMES = "performance.getEntriesByType('resource').map((entry) => entry.name)"


def gzipped_bytes(page: Page) -> dict[str, int]:
    """Bytes by path of every style sheet and script that has been loaded until now, each gzipped, without headers."""
    page.evaluate(QUIET)
    addresses = {address for address in page.evaluate(NAMES) if urlsplit(address).path.endswith((".css", ".js"))}
    return {urlsplit(address).path: len(gzip.compress(page.request.get(address).body(), 9)) for address in addresses}
