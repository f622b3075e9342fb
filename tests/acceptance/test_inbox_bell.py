"""A bell on somebody else's page counts up live, opens, and does what its messages' buttons say."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.holding import held_up
from tests.acceptance.quadrille import Quadrille
from tests.acceptance.slowness import SLOWNESS
from tests.servers import serve_in_thread

PREPARE = """
import json
from accounts.models import ApiKey, Environment
from engine.notifying.secrets import subscriber_hash
environment = Environment.objects.select_related("organization").order_by("pk").first()
key = ApiKey.objects.issue(environment=environment, name="bell")[1]
hash = subscriber_hash(environment, "bell-ada")
print("MADE " + json.dumps([environment.organization.slug, environment.slug, key, hash]))
"""
PAGE = """<!doctype html><html lang="en"><title>A shop</title><body>
<script type="module" src="{server}/feed/inbox.js"></script>
<h1>A shop</h1>
<quadrille-inbox organization="{org}" environment="{env}" subscriber="bell-ada" hash="{hash}"></quadrille-inbox>
<script>
  window.pressed = [];
  document.addEventListener("quadrille-action", (e) => {{
    e.preventDefault();
    window.pressed.push(e.detail.action.type);
  }});
</script></body></html>"""


LISTS = re.compile(r"/feed/messages\?")


@pytest.fixture(scope="module")
def place(server: Quadrille) -> tuple[str, str, str, str]:
    """Organization, environment, API key, and the hash of the subscriber `bell-ada`."""
    printed = server.manage("shell", "-v", "0", "-c", PREPARE)
    line = next(line for line in printed.splitlines() if line.startswith("MADE "))
    org, env, key, hash = json.loads(line.removeprefix("MADE "))
    return org, env, key, hash


@pytest.fixture
def shop(server: Quadrille, place: tuple[str, str, str, str]) -> Iterator[str]:
    """The address of a page of another origin that has the bell."""
    org, env, _, hash = place
    text = PAGE.format(server=server.url, org=org, env=env, hash=hash).encode()

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text if self.path == "/" else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    serve_in_thread(running)
    yield f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()
    running.server_close()


def test_a_bell_on_a_foreign_page_counts_up_live(
    browser: Browser, server: Quadrille, place: tuple[str, str, str, str], shop: str
) -> None:
    key = place[2]
    http = httpx.Client(base_url=f"{server.url}/novu", headers={"Authorization": f"ApiKey {key}"}, timeout=60)
    values = {
        "subject": "Parcel {{payload.no}}",
        "body": "It has <b>left</b><script>alert(1)</script>",
        "primaryAction": {"label": "Track", "redirect": {"url": "/track"}},
    }
    workflow = f"bell-{uuid.uuid4().hex[:8]}"
    steps = [{"name": "Note", "type": "in_app", "controlValues": values}]
    made = http.post("/v2/workflows", json={"name": "Bell", "workflowId": workflow, "steps": steps})
    assert made.status_code == 201

    def trigger(number: str) -> None:
        body = {"name": workflow, "to": "bell-ada", "payload": {"no": number}}
        assert http.post("/v1/events/trigger", json=body).status_code == 201

    page = browser.new_page()
    SLOWNESS.befall(page)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(shop)
        bell = page.get_by_role("button", name="Notifications")
        expect(bell).to_be_visible()
        trigger("P-1")
        expect(bell).to_have_accessible_name("Notifications, 1 new")
        trigger("P-2")
        expect(bell).to_have_accessible_name("Notifications, 2 new")
        bell.click()
        expect(page.get_by_text("Parcel P-2")).to_be_visible()
        expect(page.get_by_text("It has left").first).to_be_visible()
        expect(bell).to_have_accessible_name("Notifications")  # what was looked at is not new any more
        page.get_by_role("button", name="Track").first.click()
        expect(page.get_by_role("button", name="✓ Track")).to_have_count(1)
        page.wait_for_function("window.pressed.join() === 'primary'")
        page.get_by_role("button", name="Archive").first.click()
        expect(page.get_by_text("Parcel P-2")).to_have_count(0)
        kept = page.get_by_role("button", name="Archive").last
        kept.focus()
        trigger("P-3")
        expect(page.get_by_text("Parcel P-3")).to_be_visible()  # the open list follows
        expect(page.get_by_role("button", name="Archive")).to_have_count(2)
        expect(kept).to_be_focused()
        with held_up(page, LISTS) as show_what_was:  # and goes back to nothing older
            with page.expect_request(LISTS):
                page.get_by_role("button", name="Archive").last.click()
            trigger("P-4")
            expect(page.get_by_text("Parcel P-4")).to_be_visible()
            with page.expect_response(LISTS):
                show_what_was()
            page.evaluate("new Promise((done) => setTimeout(done))")
        expect(page.get_by_text("Parcel P-4")).to_be_visible()
        assert errors == []
    finally:
        page.close()
        http.close()


def test_on_a_phone_the_whole_list_is_to_be_seen(browser: Browser, shop: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    try:
        for side in ("left", "right"):
            page.goto(shop)
            page.eval_on_selector("quadrille-inbox", "(element, side) => { element.style.float = side; }", side)
            page.get_by_role("button", name="Notifications").click()
            panel = page.get_by_role("region", name="Notifications")
            expect(panel).to_be_visible()
            box = panel.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
    finally:
        page.close()


def test_a_wrong_hash_opens_nothing(server: Quadrille, place: tuple[str, str, str, str]) -> None:
    org, env, _, hash = place
    http = httpx.Client(base_url=f"{server.url}/feed", timeout=60)
    with http:
        for subscriber, given in (("bell-ada", "0" * 64), ("somebody-else", hash), ("", hash)):
            body = {"subscriberId": subscriber, "subscriberHash": given}
            answer = http.post(f"/{org}/{env}/session", json=body)
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
        opened = http.post(f"/{org}/{env}/session", json={"subscriberId": "bell-ada", "subscriberHash": hash})
        assert opened.headers["Access-Control-Allow-Origin"] == "*"
        mine = {"Authorization": f"Bearer {opened.json()['token']}"}
        assert http.get("/count", headers=mine).status_code == 200
        assert http.get("/count").status_code == 401
        assert http.get("/count", headers={"Authorization": "Bearer forged"}).status_code == 401
        assert http.get("/messages?limit=x", headers=mine).status_code == 400
        assert http.post("/messages/999999999/read", headers=mine).status_code == 404
        assert http.post("/messages/all/burn", headers=mine).status_code == 404
        assert http.request("OPTIONS", f"/{org}/{env}/session").status_code == 204
        assert http.post(f"/{org}/{env}/session", content=b"[").status_code == 400
