"""The pictures of `howto/mend-a-stuck-instance.md`: every intervention, by hand, on a flow made for it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.quadrille import Quadrille

PLACE: Final = "/o/demo/development"
FLOW: Final = "return-goods"
PATIENCE_MS: Final = 60_000
BOOKED: Final = {"action": "set_values", "inputs": {"values": {"booked": True}}}
NO_ADDRESS: Final = {
    "action": "raise_error",
    "inputs": {"message": "The carrier knows no such address.", "retryable": False},
}


def prepare_steering(server: Quadrille) -> None:
    """Two versions of a flow, the first with a mistake in it, and instances that stand at different points."""
    words = ("--organization", "demo", "--environment", "development", "--name", "pictures of steering")
    key = server.manage("api_key", *words).split()[-1]
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=60) as api:
        first = flow_file(automation("book", "Book the return", **BOOKED), CHECK, LABEL_BROKEN, THANK)
        api.post("/flows", json=first).raise_for_status()
        api.post(f"/flows/{FLOW}/publish").raise_for_status()
        for number in range(1, 7):
            body = {"id": f"return-{number}", "input": {"order": 1000 + number, "street": "Harbour Road"}}
            api.post(f"/flows/{FLOW}/instances", json=body).raise_for_status()
        api.post("/flows", json=ORDER).raise_for_status()
        api.post(f"/flows/{ORDER['key']}/publish").raise_for_status()
        api.post(f"/flows/{ORDER['key']}/instances", json={"id": "order-1"}).raise_for_status()
        api.post("/instances/return-6/terminate", json={"reason": "Sent twice."}).raise_for_status()
        second = flow_file(automation("reserve", "Book the return", **BOOKED), CHECK, LABEL, THANK)
        known = api.get(f"/flows/{FLOW}")
        api.put(f"/flows/{FLOW}", json=second, headers={"If-Match": known.headers["ETag"]}).raise_for_status()
        api.post(f"/flows/{FLOW}/publish").raise_for_status()


def automation(key: str, name: str, **settings: Any) -> dict[str, Any]:
    """A task that does something by itself."""
    return {"key": key, "name": name, "kind": "automation", "settings": settings}


CHECK: Final = {
    "key": "check",
    "name": "Check the goods",
    "kind": "manual",
    "settings": {"assigned_to": ["operations"]},
}
LABEL_BROKEN: Final = automation("label", "Print a label", **NO_ADDRESS)
LABEL: Final = automation("label", "Print a label", **BOOKED)
THANK: Final = automation("thank", "Thank the customer", **BOOKED)


def flow_file(*tasks: dict[str, Any]) -> dict[str, Any]:
    """The tasks in a row."""
    return {
        "format": 1,
        "key": FLOW,
        "name": "Return goods",
        "tasks": list(tasks),
        "edges": [{"from": here["key"], "to": there["key"]} for here, there in pairwise(tasks)],
        "closing_reasons": ["Withdrawn", "Goods were lost"],
    }


CHARGE: Final = automation("charge", "Charge the card", **BOOKED, compensation=BOOKED)
ORDER: Final = flow_file(CHARGE, CHECK) | {"key": "charge-and-check", "name": "Charge and check"}


class Steering:
    """A person who goes through every intervention, and `keep(name)`, which takes a picture."""

    def __init__(self, page: Page, keep: Any) -> None:
        self.page = page
        self.keep = keep

    def open(self, id: str, status: str) -> None:
        """The page of an instance, once it stands where it should."""
        self.page.goto(f"{PLACE}/instances/?q={id}")
        self.page.get_by_role("link", name=id, exact=True).click()
        expect(self.page.locator("#instance-status")).to_contain_text(status, timeout=PATIENCE_MS)

    def dialog(self, action: str, picture: str, *, reason: str) -> Locator:
        """Open the dialog of an action, give the reason, take the picture."""
        self.page.locator(f"#act-{action}").click()
        dialog = self.page.locator(f"#dialog-{action}")
        dialog.get_by_label("Reason", exact=True).fill(reason)
        self.keep(picture)
        return dialog

    def confirm(self, dialog: Locator, verb: str, status: str) -> None:
        """Confirm, and wait until it is so."""
        dialog.get_by_role("button", name=verb, exact=True).click()
        expect(dialog).not_to_be_visible()
        expect(self.page.locator("#instance-status")).to_contain_text(status, timeout=PATIENCE_MS)

    def step(self, name: str) -> Locator:
        """Choose a step; answers its panel."""
        self.page.locator("#instance-steps").get_by_role("link", name=name, exact=True).last.click()
        panel = self.page.locator("#instance-step")
        expect(panel.get_by_role("heading", level=2, name=name)).to_be_visible()
        expect(self.page.locator("#instance-steps tr.is-selected").filter(has_text=name).first).to_be_visible()
        return panel

    def in_step(self, name: str, button: str, picture: str, *, reason: str) -> Locator:
        """Open a dialog of a step, give the reason, take the picture."""
        opener = self.step(name).locator("a, button").filter(has_text=button).first
        opener.click()
        dialog = self.page.locator("#instance-step dialog[open]")
        dialog.get_by_label("Reason").fill(reason)
        self.keep(picture)
        return dialog

    def take(self) -> None:
        """All of them."""
        self.pauses()
        self.retries()
        self.goes_back()
        self.skips()
        self.migrates()
        self.ends()
        self.steers_many()

    def pauses(self) -> None:
        """Pause and resume."""
        self.open("return-1", "waiting")
        self.confirm(self.dialog("pause", "steer-pause", reason="The store is counting its stock."), "Pause", "paused")
        self.keep("steer-paused")
        dialog = self.dialog("resume", "steer-resume", reason="All is counted.")
        self.confirm(dialog, "Resume", "waiting")

    def retries(self) -> None:
        """A failed step, with other data and on the newest version."""
        self.step("Check the goods").get_by_role("button", name="Complete").click()
        expect(self.page.locator("#instance-status")).to_contain_text("errored", timeout=PATIENCE_MS)
        self.page.reload()
        self.step("Print a label")
        self.keep("steer-failed")
        self.page.locator("#act-retry").click()
        dialog = self.page.locator("#dialog-retry")
        dialog.get_by_label("Version").select_option("2")
        dialog.get_by_label("Reason", exact=True).fill("Version 2 prints labels again.")
        self.keep("steer-retry")

    def goes_back(self) -> None:
        """Revert to a person's task, restart from a step."""
        self.open("return-2", "waiting")
        self.step("Check the goods").get_by_role("button", name="Complete").click()
        expect(self.page.locator("#instance-status")).to_contain_text("errored", timeout=PATIENCE_MS)
        self.page.reload()
        dialog = self.in_step("Check the goods", "Do it again", "steer-revert", reason="One parcel was overlooked.")
        self.confirm(dialog, "Do it again", "waiting")
        self.page.reload()
        self.in_step("Book the return", "Restart from here", "steer-restart-from", reason="Booked in the wrong store.")

    def skips(self) -> None:
        """Skip a task."""
        self.open("return-3", "waiting")
        self.in_step("Check the goods", "Skip", "steer-skip", reason="Checked at the door already.")

    def migrates(self) -> None:
        """To another version: what is in the way, then what will be."""
        self.open("return-4", "waiting")
        self.page.locator("#act-migrate").click()
        report = self.page.locator("#migration")
        expect(report).to_contain_text("is not in version")
        self.keep("steer-migrate-refused")
        self.page.get_by_label("Book the return becomes").select_option("reserve")
        self.page.get_by_role("button", name="Check again").click()
        expect(report).to_contain_text("Nothing is in the way")
        self.keep("steer-migrate")

    def ends(self) -> None:
        """Close with reasons; terminate with a rollback."""
        self.open("return-5", "waiting")
        self.page.locator("#act-close").click()
        dialog = self.page.locator("#dialog-close")
        dialog.get_by_label("Goods were lost").check()
        dialog.get_by_label("Note").fill("The carrier has confirmed it.")
        self.keep("steer-close")
        self.open("order-1", "waiting")
        self.page.locator("#act-terminate").click()
        dialog = self.page.locator("#dialog-terminate")
        dialog.get_by_label("Roll back first").check()
        dialog.get_by_label("Reason", exact=True).fill("The order was cancelled.")
        self.keep("steer-terminate")
        self.confirm(dialog, "Terminate", "terminated")
        expect(self.page.locator("#instance-steps")).to_contain_text("rolled back")
        self.page.reload()
        self.keep("steer-rolled-back")

    def steers_many(self) -> None:
        """Many at once; those that it cannot be done to are named with the reason."""
        self.page.goto(f"{PLACE}/instances/?flow={FLOW}")
        self.page.get_by_label("Choose all on this page").check()
        bar = self.page.locator("#bulk")
        bar.get_by_label("Reason").fill("Stock-taking.")
        self.keep("steer-bulk")
        bar.get_by_role("button", name="Pause", exact=True).click()
        expect(self.page.locator("#bulk-result")).to_contain_text("refused")
        self.keep("steer-bulk-result")
