"""Takes the pictures of README and docs from a fresh demo: `make shots`, or `python -m docs.shots`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from docs import shots_designer
from docs.steering_shots import Steering, prepare_steering
from tests.acceptance.browser import PHONE, launch, sign_in, watched_page
from tests.acceptance.quadrille import ROOT, Quadrille, quadrille

IMAGES: Final = Path(__file__).parent / "images"
SIZE: Final = (1440, 900)
STEERING_SIZE: Final = (1180, 760)
PLACE: Final = "/o/demo/development"
SETTLE_SECONDS: Final = 20
"""How long the demo's first instances need to get to where they wait."""


def flows(page: Page) -> None:
    """The list of flows."""
    page.goto(f"{PLACE}/flows/")


def editor(page: Page) -> None:
    """The editor with a flow that has everything."""
    page.goto(f"{PLACE}/flows/order-fulfilment/edit/")
    page.locator(".editor[data-ready=true]").wait_for()
    page.locator("#node-large").click()
    page.locator("#inspector[data-subject=large]").wait_for()


def instances(page: Page) -> None:
    """The list of instances."""
    page.goto(f"{PLACE}/instances/")


def instance(page: Page) -> None:
    """An instance that waits for a person."""
    page.goto(f"{PLACE}/instances/?q=order-1002")
    page.get_by_role("link", name="order-1002").first.click()
    page.locator("#node-approve").wait_for()


def inbox(page: Page) -> None:
    """The inbox."""
    page.goto(f"{PLACE}/inbox/")


def script(page: Page) -> None:
    """An instance of a flow written as code, on the graph that is read from its source."""
    page.goto(f"{PLACE}/instances/?q=order-7")
    page.get_by_role("link", name="order-7").first.click()
    page.locator("#instance-graph, .instance-graph svg.graph").first.wait_for()


def run_script(server: Quadrille) -> None:
    """Put the script of the how-to into the installation, and start an instance that waits."""
    page = (IMAGES.parent / "howto" / "cloudflare-write-a-flow-as-code.md").read_text()
    folder = server.data / "scripts"
    folder.mkdir(exist_ok=True)
    (folder / "order_flow.py").write_text(page.partition("```python file=order_flow.py\n")[2].partition("```")[0])
    place = ("--organization", "demo", "--environment", "development")
    key = server.manage("api_key", *place, "--name", "pictures").split()[-1]
    address = f"{server.url}/cloudflare/client/v4/accounts/demo.development/workflows/orders"
    with httpx.Client(headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        body = {"script_name": "order_flow", "class_name": "OrderFlow"}
        client.put(address, json=body).raise_for_status()
        order = {"instance_id": "order-7", "params": {"id": 7, "total": 250}}
        client.post(f"{address}/instances", json=order).raise_for_status()


def formance(page: Page) -> None:
    """An instance of a workflow that came over Formance's API."""
    page.goto(f"{PLACE}/instances/?flow=settle-an-invoice")
    page.locator("a.instance-link").first.click()
    page.locator("#node-wait-event-4").wait_for()


def run_workflow(server: Quadrille) -> None:
    """Have a workflow made over Formance's API, and an instance of it that waits."""
    place = ("--organization", "demo", "--environment", "development")
    key = server.manage("api_key", *place, "--name", "pictures of Formance").split()[-1]
    customer, invoice = {"account": {"id": "customers:${customer}"}}, {"account": {"id": "invoices:${invoice}"}}
    money = {"amount": "${cents}", "asset": "EUR/2"}
    noted = {"account": {"id": "customers:${customer}", "ledger": "default", "metadata": {"invoice": "${invoice}"}}}
    stages = [
        {"send": {"source": {"account": {"id": "world"}}, "destination": customer, "amount": money}},
        {"update": noted},
        {"send": {"source": customer, "destination": invoice, "amount": money}},
        {"wait_event": {"event": "goods.delivered"}},
        {"delay": {"duration": "36h"}},
        {"send": {"source": invoice, "destination": {"account": {"id": "revenue"}}, "amount": money}},
    ]
    address = f"{server.url}/formance/api/orchestration/v2/workflows"
    with httpx.Client(headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        made = client.post(address, json={"name": "Settle an invoice", "stages": stages}).raise_for_status().json()
        variables = {"customer": "ada", "invoice": "77", "cents": "12900"}
        client.post(f"{address}/{made['data']['id']}/instances", json=variables).raise_for_status()


PICTURES: Final[dict[str, Callable[[Page], None]]] = {
    "flows": flows,
    "editor": editor,
    "instances": instances,
    "instance": instance,
    "inbox": inbox,
    "script": script,
    "formance": formance,
}
ON_A_PHONE: Final = frozenset({"inbox", "instance", *shots_designer.ON_A_PHONE})


def take(browser: Browser, server: Quadrille, *, dark: bool) -> list[str]:
    """All pictures in one theme. Answers the names of those that could not be taken."""
    theme = "dark" if dark else "light"
    missing = []
    with watched_page(browser, server, size=SIZE, dark=dark) as (page, watch):
        watch.expected_errors += ["409", "422"]
        sign_in(page, server, "designer")
        for name, go in {**PICTURES, **shots_designer.PICTURES}.items():
            missing += shoot(page, go, IMAGES / f"{name}-{theme}.png")
        with watched_page(browser, server) as (other, other_watch):  # who has gone is no face on the picture
            other_watch.expected_errors += ["409", "422"]
            sign_in(other, server, "administrator")
            both = shots_designer.two_values
            missing += shoot(page, lambda page: both(page, other), IMAGES / f"together-{theme}.png")
    return missing


def take_on_a_phone(browser: Browser, server: Quadrille) -> list[str]:
    """What one does on a phone, too. Answers the names of those that could not be taken."""
    missing = []
    with watched_page(browser, server, size=PHONE) as (page, _):
        sign_in(page, server, "designer")
        for name, go in {**PICTURES, **shots_designer.PICTURES}.items():
            if name in ON_A_PHONE:
                missing += shoot(page, go, IMAGES / f"{name}-phone.png")
    return missing


def shoot(page: Page, go: Callable[[Page], None], path: Path) -> list[str]:
    """One picture; answers its name when it cannot be taken, so that the others are."""
    page.set_default_timeout(shots_designer.PATIENCE)
    try:
        go(page)
        page.wait_for_load_state("networkidle")
        page.mouse.move(0, 0)
        page.wait_for_timeout(400)
        page.screenshot(path=path)
    except (PlaywrightError, AssertionError) as failed:
        print(f"{path.name} was not taken: {failed}", file=sys.stderr)
        return [path.name]
    smaller(path)
    return []


def smaller(path: Path) -> None:
    """The same picture in 256 colours: a third of the bytes."""
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


def take_steering(browser: Browser, server: Quadrille) -> None:
    """The pictures of the interventions: small, and light only, as there are many."""
    with watched_page(browser, server, size=STEERING_SIZE) as (page, _):
        sign_in(page, server, "operator")

        def keep(name: str) -> None:
            page.mouse.move(0, 0)
            page.wait_for_timeout(400)
            page.screenshot(path=IMAGES / f"{name}.png")
            smaller(IMAGES / f"{name}.png")

        Steering(page, keep).take()


def take_of_machines() -> list[str]:
    """What the system page shows when one of two workers dies: taken by the test that kills it, on real servers."""
    name = "machines-system.png"
    with tempfile.TemporaryDirectory() as folder:
        told = os.environ | {"QUADRILLE_PICTURES": folder}
        command = [sys.executable, "-m", "pytest", "-q", "tests/machines/test_watched.py"]
        done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)  # noqa: S603
        if not (taken := Path(folder) / name).exists():
            print(f"{name} was not taken: {done.stdout[-2000:]}{done.stderr[-2000:]}", file=sys.stderr)
            return [name]
        smaller(taken)
        shutil.copy(taken, IMAGES / name)
    return []


def main(words: Sequence[str] = ()) -> int:
    """Take every picture in both themes; `steering`, `machines`: only these. Answers 1 when one could not be taken."""
    IMAGES.mkdir(exist_ok=True)
    missing: list[str] = []
    if "machines" not in words:
        with quadrille() as server, sync_playwright() as playwright:
            browser = launch(playwright)
            if "steering" not in words:
                missing += take_most(browser, server)
            prepare_steering(server)
            take_steering(browser, server)
            browser.close()
    if "steering" not in words:
        missing += take_of_machines()
    if missing:
        print(f"NOT TAKEN: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


def take_most(browser: Browser, server: Quadrille) -> list[str]:
    """Everything of one installation but the interventions. Answers the names of what could not be taken."""
    run_script(server)
    run_workflow(server)
    shots_designer.run_purchases(server)
    time.sleep(SETTLE_SECONDS)
    missing = [name for dark in (False, True) for name in take(browser, server, dark=dark)]
    return missing + take_on_a_phone(browser, server)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
