"""Every intervention by hand, in the instance's page and in the list."""

from __future__ import annotations

import itertools
import re
from typing import Any, Final

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.axe import look_at
from tests.acceptance.browser import sign_in
from tests.acceptance.keys import press_on, tab_to
from tests.acceptance.quadrille import Quadrille

PLACE: Final = "/o/demo/development"
ASK: Final = {"key": "ask", "name": "Ask", "kind": "manual"}
BROKEN: Final = {
    "key": "ship",
    "name": "Ship",
    "kind": "automation",
    "settings": {"action": "raise_error", "inputs": {"message": "No parcel."}},
}
VALUES: Final = {"action": "set_values", "inputs": {"values": {"done": True}}}


def automation(key: str, **settings: Any) -> dict[str, Any]:
    return {"key": key, "name": key.title(), "kind": "automation", "settings": {**VALUES, **settings}}


def flow_of(key: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    """A chain of tasks that may be closed for two reasons."""
    keys = [task["key"] for task in tasks]
    return {
        "format": 1,
        "key": key,
        "name": key.title(),
        "tasks": list(tasks),
        "edges": [{"from": a, "to": b} for a, b in itertools.pairwise(keys)],
        "closing_reasons": ["Withdrawn", "Sold out"],
    }


def publish(api: httpx.Client, flow: dict[str, Any]) -> None:
    """The flow, or its next version."""
    known = api.get(f"/flows/{flow['key']}")
    if known.status_code == 404:
        api.post("/flows", json=flow).raise_for_status()
    else:
        match = {"If-Match": known.headers["ETag"]}
        api.put(f"/flows/{flow['key']}", json=flow, headers=match).raise_for_status()
    api.post(f"/flows/{flow['key']}/publish").raise_for_status()


def start(api: httpx.Client, flow: str, *ids: str) -> None:
    for id in ids:
        api.post(f"/flows/{flow}/instances", json={"id": id}).raise_for_status()


def open_instance(page: Page, id: str) -> None:
    page.goto(f"{PLACE}/instances/?q={id}")
    page.get_by_role("link", name=id, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=id)).to_be_visible()
    expect(page.locator(".live-on").first).to_be_visible()


def intervene(page: Page, action: str, *, verb: str, reason: str = "By hand.") -> Locator:
    """Open the dialog of an action, give a reason, and confirm."""
    page.locator(f"#act-{action}").click()
    dialog = page.locator(f"#dialog-{action}")
    dialog.get_by_label("Reason", exact=True).fill(reason)
    dialog.get_by_role("button", name=verb, exact=True).click()
    expect(dialog).not_to_be_visible()
    return dialog


def expect_status(page: Page, word: str) -> None:
    expect(page.locator("#instance-status")).to_contain_text(re.compile(word, re.IGNORECASE))


def show_step(page: Page, name: str) -> Locator:
    """Choose a step in the table; answers its panel."""
    page.locator("#instance-steps").get_by_role("link", name=name, exact=True).last.click()
    panel = page.locator("#instance-step")
    expect(panel.get_by_role("heading", level=2, name=name)).to_be_visible()
    expect(page.locator("#instance-steps tr.is-selected").filter(has_text=name).first).to_be_visible()
    return panel


def from_step(page: Page, name: str, *, button: str, verb: str) -> None:
    """Do something from a step on."""
    panel = show_step(page, name)
    panel.get_by_role("link", name=re.compile(button)).click()
    dialog = panel.locator("dialog[open]")
    dialog.get_by_label("Reason").fill("Once more.")
    dialog.get_by_role("button", name=verb, exact=True).click()
    expect(dialog).not_to_be_visible()


def complete_ask(page: Page) -> None:
    panel = show_step(page, "Ask")
    panel.get_by_role("button", name="Complete").click()


def test_one_instance_through_every_intervention(page: Page, server: Quadrille, api: httpx.Client) -> None:
    publish(api, flow_of("desk", automation("charge"), ASK, BROKEN))
    start(api, "desk", "desk-1")
    sign_in(page, server, "operator")
    open_instance(page, "desk-1")
    expect_status(page, "waiting")

    intervene(page, "pause", verb="Pause")
    expect_status(page, "paused")
    expect(page.locator("#instance-step")).to_contain_text("The instance is paused")
    intervene(page, "resume", verb="Resume")
    expect_status(page, "waiting")

    page.locator("#act-send_event").click()
    page.locator("#dialog-send_event").get_by_label("Type").fill("hurry")
    page.locator("#dialog-send_event").get_by_role("button", name="Send").click()
    expect(page.locator("#instance-summary")).to_contain_text("hurry")

    complete_ask(page)
    expect_status(page, "errored")
    expect(page.locator("#instance-summary")).to_contain_text("No parcel.")

    publish(api, flow_of("desk", automation("charge"), ASK, automation("pack"), automation("ship")))
    page.reload()
    page.locator("#act-retry").click()
    dialog = page.locator("#dialog-retry")
    dialog.get_by_label("Version").select_option("2")
    dialog.get_by_label("Reason", exact=True).fill("Mended in version 2.")
    dialog.get_by_role("button", name="Retry").click()
    expect_status(page, "complete")
    expect(page.locator("#instance-history")).to_contain_text("from version 1 to 2")

    from_step(page, "Ask", button="Do it again", verb="Do it again")
    expect_status(page, "waiting")
    complete_ask(page)
    expect_status(page, "complete")
    from_step(page, "Ship", button="Restart from here", verb="Restart")
    expect_status(page, "complete")
    expect(page.locator("#instance-history")).to_contain_text("Instance restarted")

    intervene(page, "restart", verb="Restart")
    expect_status(page, "waiting")
    intervene(page, "terminate", verb="Terminate")
    expect_status(page, "terminated")


def test_an_instance_is_migrated_and_closed(page: Page, server: Quadrille, api: httpx.Client) -> None:
    publish(api, flow_of("counter", automation("first"), ASK))
    start(api, "counter", "counter-1")
    publish(api, flow_of("counter", automation("begin"), automation("extra"), ASK, automation("last")))
    sign_in(page, server, "operator")
    open_instance(page, "counter-1")
    page.locator("#act-migrate").click()
    report = page.locator("#migration")
    expect(report).to_contain_text("First is not in version 2")
    page.get_by_label("First becomes").select_option("begin")
    page.get_by_role("button", name="Check again").click()
    expect(report).to_contain_text("Nothing is in the way of version 2")
    expect(report).to_contain_text("Kept: First as Begin (completed), Ask (waiting).")
    expect(report).to_contain_text("it is past them: Extra.")
    page.get_by_label("Reason").fill("More to do.")
    page.get_by_role("button", name="Migrate").click()
    page.wait_for_url(re.compile(r"/instances/\d+/$"))
    expect(page.locator("#instance-summary")).to_contain_text("2 · published")
    expect(page.locator("g.node", has=page.locator("title", has_text=re.compile("^Last$")))).to_be_visible()

    page.locator("#act-close").click()
    dialog = page.locator("#dialog-close")
    dialog.get_by_label("Sold out").check()
    dialog.get_by_label("Note").fill("By phone.")
    dialog.get_by_role("button", name="Close it").click()
    expect_status(page, "terminated")
    expect(page.locator("#instance-history")).to_contain_text("Sold out")


def test_an_instance_is_rolled_back(page: Page, server: Quadrille, api: httpx.Client) -> None:
    charge = automation("charge", compensation=dict(VALUES))
    publish(api, flow_of("till", charge, ASK))
    start(api, "till", "till-1")
    sign_in(page, server, "operator")
    open_instance(page, "till-1")
    page.locator("#act-terminate").click()
    dialog = page.locator("#dialog-terminate")
    dialog.get_by_label("Roll back first").check()
    dialog.get_by_label("Reason", exact=True).fill("A mistake.")
    dialog.get_by_role("button", name="Terminate").click()
    expect_status(page, "terminated")
    expect(page.locator("#instance-steps")).to_contain_text("rolled back")
    expect(page.locator("#instance-history")).to_contain_text("Rollback finished")


def test_many_instances_are_steered_from_the_list(page: Page, server: Quadrille, api: httpx.Client) -> None:
    publish(api, flow_of("queue", automation("first"), ASK))
    start(api, "queue", "queue-1", "queue-2", "queue-3")
    api.post("/instances/queue-3/terminate", json={}).raise_for_status()
    publish(api, flow_of("queue", automation("first"), ASK, automation("last")))
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/instances/?flow=queue")
    page.get_by_label("Choose all on this page").check()
    bar = page.locator("#bulk")
    expect(bar).to_contain_text("3 chosen")
    bar.get_by_label("Reason").fill("Stock-taking.")
    bar.locator("summary", has_text="More").click()
    result = page.locator("#bulk-result")

    bar.get_by_role("button", name="Look ahead").click()
    expect(result).to_contain_text("2 could be, 1 refused")
    expect(result).to_contain_text("only one that has not ended can be migrated")
    bar.get_by_role("button", name="Migrate", exact=True).click()
    expect(result).to_contain_text("Migrate: 2 done, 1 refused")

    page.goto(f"{PLACE}/instances/?flow=queue&status=waiting")
    page.get_by_label("Choose queue-1").check()
    page.get_by_label("All that match the filter, on every page").check()
    bar.get_by_label("Reason").fill("Stock-taking.")
    bar.get_by_role("button", name="Pause").click()
    expect(result).to_contain_text("Pause: 2 done.")
    assert {api.get(f"/instances/queue-{n}").json()["status"] for n in (1, 2)} == {"paused"}


def test_many_instances_are_migrated_with_what_their_tasks_become(
    page: Page, server: Quadrille, api: httpx.Client
) -> None:
    publish(api, flow_of("ward", automation("first"), ASK))
    start(api, "ward", "ward-1", "ward-2", "ward-3")
    api.post("/instances/ward-3/terminate", json={}).raise_for_status()
    publish(api, flow_of("ward", automation("begin"), ASK, automation("last")))
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/instances/?flow=ward")
    page.get_by_label("Choose all on this page").check()
    bar = page.locator("#bulk")
    bar.locator("summary", has_text="More").click()
    bar.get_by_role("button", name="Look ahead").click()
    result = page.locator("#bulk-result")
    expect(result).to_contain_text("0 could be, 3 refused")
    expect(result).to_contain_text("First is not in version 2")
    result.get_by_label("First becomes").select_option("begin")
    result.get_by_role("button", name="Look again").click()
    expect(result).to_contain_text("2 could be, 1 refused")
    expect(result.get_by_label("First becomes")).to_have_value("begin")
    result.get_by_label("Reason").fill("Renamed.")
    result.get_by_role("button", name="Migrate").click()
    expect(result).to_contain_text("Migrate: 2 done, 1 refused")
    assert {api.get(f"/instances/ward-{n}").json()["version"] for n in (1, 2)} == {2}
    # What came of it is in sight where the bar is longer than the window, too.
    page.set_viewport_size({"width": 390, "height": 700})
    bar.get_by_role("button", name="Look ahead").click()
    expect(result).to_contain_text("3 refused")
    expect(result).to_be_in_viewport(ratio=1)


def test_many_instances_are_steered_by_keys_alone(page: Page, server: Quadrille, api: httpx.Client) -> None:
    publish(api, flow_of("row", automation("first"), ASK))
    start(api, "row", "row-1", "row-2", "row-3")
    api.post("/instances/row-3/terminate", json={}).raise_for_status()
    publish(api, flow_of("row", automation("first"), ASK, automation("last")))
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/instances/?flow=row")
    bar, result, press = page.locator("#bulk"), page.locator("#bulk-result"), page.keyboard.press
    tab_to(page, page.get_by_label("Choose row-3"))
    press("Space")
    tab_to(page, page.get_by_label("Choose row-2"))
    press("Space")
    expect(bar).to_contain_text("2 chosen")
    tab_to(page, bar.get_by_label("Reason"), key="Shift+Tab")
    page.keyboard.type("Stock-taking.")
    press_on(page, bar.get_by_role("button", name="Pause"))
    expect(result).to_contain_text("Pause: 1 done, 1 refused.")
    refusal = result.get_by_role("listitem")
    expect(refusal).to_have_text("row-3: The instance is already terminated.")
    expect(page.locator("#live")).to_contain_text("1 done, 1 refused")
    assert look_at(page) == []

    press_on(page, bar.locator("summary", has_text="More"))
    press_on(page, bar.get_by_role("button", name="Look ahead"))
    expect(result).to_contain_text("Migrate, a look ahead: 1 could be, 1 refused.")
    tab_to(page, bar.get_by_label("Type", exact=True))
    page.keyboard.type("hurry")
    press_on(page, bar.get_by_role("button", name="Send", exact=True))
    expect(result).to_contain_text("Send an event: 1 done, 1 refused.")
    press_on(page, bar.get_by_role("button", name="Terminate"), key="Shift+Tab")
    expect(page.get_by_role("dialog")).to_contain_text("Terminate them?")
    press_on(page, page.get_by_role("dialog").get_by_role("button", name="Terminate"))
    expect(result).to_contain_text("Terminate: 1 done, 1 refused.")
    press_on(page, refusal.get_by_role("link", name="row-3"), key="Shift+Tab")
    expect(page.get_by_role("heading", level=1, name="row-3")).to_be_visible()
    assert [api.get(f"/instances/row-{n}").json()["status"] for n in (1, 2)] == ["waiting", "terminated"]
