"""What a page that stands open has loaded of scripts and styles, as it weighs on the way."""

from __future__ import annotations

import gzip
from urllib.parse import urlsplit

from playwright.sync_api import Page

QUIET = "() => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(() => requestIdleCallback(done))))"
WITHIN = "[...document.querySelectorAll('script:not([src]):not([type])')].map((script) => script.textContent).join('')"
NAMES = "performance.getEntriesByType('resource').map((entry) => entry.name)"


def gzipped_bytes(page: Page) -> dict[str, int]:
    """Bytes by path of every style sheet and script that has been loaded until now, each gzipped, without headers.

    Those of the scripts within the page have an empty path.
    """
    page.evaluate(QUIET)
    addresses = {address for address in page.evaluate(NAMES) if urlsplit(address).path.endswith((".css", ".js"))}
    texts = {urlsplit(address).path: page.request.get(address).body() for address in addresses}
    texts[""] = str(page.evaluate(WITHIN)).encode()
    return {path: len(gzip.compress(text, 9)) for path, text in texts.items()}
