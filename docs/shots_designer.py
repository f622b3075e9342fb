"""The pictures of the designer's screens: what they show is made over the API, and each is reached as people do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Page, expect

from designer.graph.loading import load_text
from tests.acceptance.quadrille import Quadrille

FLOW: Final = "/o/demo/development/flows/purchase-order"
TEMPLATE: Final = Path(__file__).parent.parent / "designer" / "gallery" / "templates" / "purchase-order.yaml"
REMARK: Final = "Does the supplier know this limit? @Administrator"
PATIENCE: Final = 60_000
PLACES: Final = {
    **{"size": (0, 1), "offers": (1, 0), "budget": (1, 0), "approve": (2, 1), "approved": (3, 1), "refuse": (4, 0)},
    **{"order": (0, 3), "arrives": (1, 3), "chase": (1, 4), "check": (2, 3)},
    **{"fine": (3, 3), "release": (4, 3), "complain": (4, 4)},
}
"""Where the tasks stand on the canvas: column and row."""
NARROW: Final = 800
"""Pixels; on narrower screens the panels lie over the canvas."""


def run_purchases(server: Quadrille) -> None:
    """A flow of the gallery: published, three instances under way, cases, and a draft that goes on from there."""
    key = server.manage(
        "api_key", "--organization", "demo", "--environment", "development", "--name", "pictures of the designer"
    ).split()[-1]
    document: dict[str, Any] = load_text(TEMPLATE.read_text())
    for task in document["tasks"]:
        task["at"] = _at(*PLACES[task["key"]])
    sample = document["sample_input"]
    with httpx.Client(
        base_url=f"{server.url}/api/v1", headers={"authorization": f"Bearer {key}"}, timeout=120
    ) as client:
        client.post("/flows", json=document).raise_for_status()
        client.post("/flows/purchase-order/publish", json={"note": "As it came from the gallery"}).raise_for_status()
        for number, amount in enumerate((3_600, 9_000, 7_200), 1):
            start = {"id": f"purchase-{number}", "input": {**sample, "amount": amount}}
            client.post("/flows/purchase-order/instances", json=start).raise_for_status()
        etag = client.get("/flows/purchase-order").headers["etag"]
        client.put("/flows/purchase-order", json=changed(document), headers={"if-match": etag}).raise_for_status()
        yes = {"approve": {"output": {"approved": True}}, "check": {"output": {"complete": True}}}
        cases = [
            {"name": "Pens need no approval", "input": {**sample, "amount": 120}, "answers": yes},
            {"name": "Desks are approved", "input": sample, "answers": yes, "expect": {"status": "complete"}},
        ]
        kept = {"sample_input": sample, "cases": cases}
        client.put("/flows/purchase-order/cases", json=kept).raise_for_status()


def _at(column: int, row: int) -> list[int]:
    return [160 + 312 * column, 80 + 104 * row]


def changed(document: dict[str, Any]) -> dict[str, Any]:
    """The next draft: no more offers, a look at the budget instead, more time to approve; a refusal stands lower."""
    tasks = [task for task in document["tasks"] if task["key"] != "offers"]
    approve = next(task for task in tasks if task["key"] == "approve")
    approve["settings"]["due"]["for"] = "3 days"
    budget = {"key": "budget", "name": "Look at the budget", "kind": "manual", "phase": "need"}
    tasks.insert(1, budget | {"at": _at(*PLACES["budget"])})
    next(task for task in tasks if task["key"] == "refuse")["at"] = _at(4, 2)
    edges = [edge for edge in document["edges"] if "offers" not in (edge["from"], edge["to"])]
    edges += [{"from": "size", "to": "budget", "branch": "large"}, {"from": "budget", "to": "approve"}]
    return {**document, "tasks": tasks, "edges": edges}


def _editor(page: Page) -> None:
    page.goto(f"{FLOW}/edit/")
    page.locator(".editor[data-ready=true]").wait_for()


def _canvas(page: Page) -> None:
    """The editor remembers which of its two views was open."""
    _editor(page)
    if page.locator("#outline").is_visible():
        page.get_by_role("button", name="Canvas", exact=True).click()


def _near(page: Page, key: str) -> None:
    """All of the flow would be too small to read: the wheel, over a task, brings it near. Not on a phone."""
    if page.viewport_size is None or page.viewport_size["width"] < NARROW:
        return
    page.locator("[data-act=fit]").click()
    page.locator(f"#node-{key} .card").hover()
    page.keyboard.down("Control")
    for _ in range(2):
        page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    expect(page.locator("#canvas")).to_have_attribute("data-far", "false", timeout=PATIENCE)


def _select(page: Page, key: str) -> None:
    _near(page, key)
    page.locator(f"#node-{key} .card").click()
    page.locator(f"#inspector[data-subject='{key}']").wait_for()


def conditions(page: Page) -> None:
    """The condition builder, tried on sample data."""
    _canvas(page)
    _select(page, "size")
    page.locator("[data-truth] > summary").click()
    expect(page.locator("table.truth")).to_be_visible(timeout=PATIENCE)
    page.wait_for_load_state("networkidle")  # the table is told once more with the sample that it finds
    page.locator("table.truth").scroll_into_view_if_needed()


def picker(page: Page) -> None:
    """Choosing data for a setting, from the tree of what is there by then."""
    _canvas(page)
    _select(page, "order")
    page.get_by_role("button", name="Insert data into Subject").first.click()
    page.get_by_role("treeitem").first.wait_for()


def outline(page: Page) -> None:
    """The flow as a nested list."""
    _editor(page)
    way = page.get_by_role("button", name="Outline", exact=True)
    if page.locator("#outline").is_hidden():
        way.click()
    page.locator("#outline [data-name]").first.wait_for()


def trying(page: Page) -> None:
    """A try of the draft, its cases, and the edges that they cover."""
    _canvas(page)
    _near(page, "size")
    page.get_by_role("button", name="Try it").click()
    page.locator("#trying [data-try=run]").click()
    page.locator("#trying .trying-summary").first.wait_for(timeout=PATIENCE)
    page.locator("#trying [data-try=coverage]").click(timeout=PATIENCE)
    page.locator("#trying-cases").scroll_into_view_if_needed()


def comments(page: Page) -> None:
    """What is said about a task."""
    _canvas(page)
    _near(page, "size")
    page.goto(f"{FLOW}/edit/?comments=size")
    page.locator(".editor[data-ready=true]").wait_for()
    page.locator("#comments-panel[data-subject=size]").wait_for(timeout=PATIENCE)
    if not page.locator("#comments .comment").count():
        page.locator("#comment-new").fill(REMARK)
        page.locator("#comment-new").press("Control+Enter")
        page.locator("#comments .comment").first.wait_for(timeout=PATIENCE)


def publishing(page: Page) -> None:
    """The dialog before publishing: cases, what it means for instances under way, what is new."""
    page.goto(f"{FLOW}/publish/")


def comparing(page: Page) -> None:
    """The draft against the live version."""
    page.goto(f"{FLOW}/compare/")


def gallery(page: Page) -> None:
    """The templates."""
    page.goto("/o/demo/development/flows/-/templates/")


PICTURES: Final[dict[str, Callable[[Page], None]]] = {
    "conditions": conditions,
    "picker": picker,
    "outline": outline,
    "trying": trying,
    "comments": comments,
    "publishing": publishing,
    "comparing": comparing,
    "gallery": gallery,
}
ON_A_PHONE: Final = ("outline", "trying", "comments", "publishing", "comparing", "gallery")


def two_values(page: Page, other: Page) -> None:
    """Two people give one task a name: the later is shown both, and sees who else is there."""
    other.set_default_timeout(PATIENCE)
    for each in (page, other):
        _canvas(each)
        _select(each, "check")
    expect(page.locator("#people .person")).to_have_count(1, timeout=PATIENCE)
    page.locator("#field-name").fill("Check what has come")
    other.locator("#field-name").fill(f"Look at the goods, {'twice' if 'twice' not in _name(other) else 'well'}")
    other.locator("#field-name").blur()
    expect(page.locator("#node-check")).to_contain_text(re.compile("Look at"), timeout=PATIENCE)
    page.locator("#field-name").blur()
    expect(page.locator(".clash")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#people .person")).to_have_count(1, timeout=PATIENCE)


def _name(page: Page) -> str:
    return page.locator("#field-name").input_value()
