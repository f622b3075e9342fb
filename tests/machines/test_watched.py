"""Two Celery workers and a web process run the demo on PostgreSQL and Redis; one is killed while a browser looks.

`QUADRILLE_PICTURES=docs/images` keeps what was seen there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from config.demo.instances import picture
from tests.acceptance.browser import find_chromium, launch, sign_in_by_hand, watched_page
from tests.acceptance.quadrille import Quadrille
from tests.machines.conftest import Workers
from tests.machines.site import ROOT, Process, Site, until
from tests.machines.slow_server import SlowServer
from tests.machines.test_machines import all_ended, assert_recorded_once, call, chain, children_of

PLACE = "/o/demo/development"
LONG_MS = 120_000
"""A lease of ten seconds, and a machine that has other work."""
CALLS = 6


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; left out loudly where there is none, but not in CI."""
    if find_chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine, and CI leaves nothing out")
        pytest.skip("NOT RUN: no Chromium on this machine (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


def keep(page: Page, name: str) -> None:
    """A picture for the docs, where somebody wants them."""
    folder = os.environ.get("QUADRILLE_PICTURES")
    if folder:
        page.screenshot(path=Path(ROOT, folder) / f"{name}.png")


def shown(page: Page, path: str) -> None:
    """Open a page, live, and note that it is this very one."""
    page.goto(f"{PLACE}/{path}")
    page.evaluate("window.isTheSame = true")


def holder_of(site: Site, flow: str, workers: list[Process]) -> Process:
    """The worker that has most of the flow's attempts under way."""
    rows = site.ask(
        """SELECT s.lease_owner, count(*) FROM engine_step s JOIN engine_instance i ON i.id = s.instance_id
        JOIN designer_flow f ON f.id = i.flow_id WHERE f.key = %s AND s.status = 'running'
        GROUP BY 1 ORDER BY 2 DESC""",
        flow,
    )
    pid = int(rows[0][0].split(":")[1])
    return next(worker for worker in workers if pid in (worker.pid, *children_of(worker)))


def test_a_worker_dies_while_somebody_looks(
    site: Site, workers: Workers, slow_server: SlowServer, browser: Browser
) -> None:
    slow_server.gate.clear()
    pair = workers(2)
    branches = [(f"call{n}", f"Call {n}") for n in range(CALLS)]
    gated = call(f"{slow_server.url}/gated")
    tasks = [{"key": key, "name": name, "kind": "automation", "settings": gated} for key, name in branches]
    ends = [{"key": "start", "name": "Start", "kind": "noop"}, {"key": "end", "name": "End", "kind": "noop"}]
    edges = [{"from": "start", "to": key} for key, _ in branches] + [{"from": key, "to": "end"} for key, _ in branches]
    flow = site.publish({**chain("on-show"), "tasks": [*ends, *tasks], "edges": edges})
    site.start_instances(flow, 1, "show")
    until(lambda: slow_server.waiting == CALLS, "the calls are under way")

    seen = Quadrille(site.folder, site.live_port)
    # Who runs the installation may see how it is.
    administrator = seen.credentials["users"]["administrator"]
    site.ask("UPDATE accounts_user SET is_superuser = TRUE WHERE email = %s RETURNING id", administrator)
    with watched_page(browser, seen) as (page, watch):
        sign_in_by_hand(page, seen, "administrator")
        shown(page, "instances/?q=show-0000")
        page.get_by_role("link", name="show-0000", exact=True).click()
        page.evaluate("window.isTheSame = true")
        expect(page.locator(".live-on").first).to_be_visible(timeout=LONG_MS)
        expect(page.locator("#instance-status")).to_contain_text("running")
        keep(page, "machines-before")

        list_page = page.context.new_page()
        watch.follow(list_page)
        shown(list_page, "instances/?flow=image-moderation")
        system = page.context.new_page()
        watch.follow(system)
        shown(system, "settings/system/")
        at_work = system.locator("#system-now .chip").filter(has_text="at work")
        expect(at_work).to_have_count(2, timeout=LONG_MS)

        # The demo goes on, and one of the two dies in the midst of its calls.
        holder_of(site, flow, pair).kill()
        body = [{"id": f"seen-{n}", "input": picture(f"beach-{n}.jpg")} for n in range(8)]
        site.api.post("/flows/image-moderation/instances/batch", json={"instances": body}).raise_for_status()
        expect(list_page.locator("#instances-news")).to_contain_text("Show 8 new", timeout=LONG_MS)
        slow_server.gate.set()

        expect(page.locator("#instance-status")).to_contain_text("complete", timeout=LONG_MS)
        expect(at_work).to_have_count(1, timeout=LONG_MS)
        expect(system.locator("#system-now .chip").filter(has_text="silent").first).to_be_visible()
        list_page.locator("#instances-news a").click()
        for number in range(8):
            row = list_page.get_by_role("row").filter(has_text=f"seen-{number}")
            expect(row).to_contain_text("complete", timeout=LONG_MS)
        # Nobody has loaded these pages anew: what changed came by itself.
        assert page.evaluate("window.isTheSame")
        assert system.evaluate("window.isTheSame")
        keep(page, "machines-after")
        keep(system, "machines-system")
        keep(list_page, "machines-list")
    assert all_ended(site, flow, 1)
    for key in (flow, "image-moderation"):
        assert_recorded_once(site, key)
