"""Another process drives the native API: the flow file of the design, 200 instances, events, human tasks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.quadrille import Quadrille, program

FLOW_FILE = Path(__file__).parent.parent / "flows" / "order-fulfilment.yaml"
FLOW = "/flows/order-fulfilment"
COUNT = 200
PATIENCE_SECONDS = 600
ENDED = {"complete", "errored", "terminated"}


@pytest.fixture(scope="module")
def api(server: Quadrille) -> Iterator[httpx.Client]:
    """A program in the demo's other environment, where nothing is yet."""
    with program(server, "production") as client:
        yield client


def order(server: Quadrille, number: int) -> dict[str, Any]:
    """The request for one order: every fourth large, every tenth declined, every seventh charged at the third try."""
    mood = "declined" if number % 10 == 9 else "busy" if number % 7 == 0 else "plain"
    total = 2500 if number % 4 == 0 else 80
    return {
        "id": f"order-{number:03}",
        "input": {
            "order": {"id": f"{number:03}-{mood}", "total": total},
            "payment_url": f"{server.url}/demo/payments",
            "refund_url": f"{server.url}/demo/refunds",
        },
    }


def every_page(api: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = answer_of(api.get(path, params={**query, "limit": "200", **({"cursor": cursor} if cursor else {})}))
        items += answer["items"]
        cursor = answer["next"]
    return items


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """The body of a good answer."""
    assert response.is_success, f"{response.status_code} {response.text[:2000]}"
    body: dict[str, Any] = response.json()
    return body


def approve_all(api: httpx.Client, done: set[str]) -> None:
    """Complete every approval that is in the inbox."""
    for task in every_page(api, "/inbox"):
        if task["instance"] not in done:
            path = f"/instances/{task['instance']}/steps/{task['task']}/complete"
            answer_of(api.post(path, json={"output": {"approved": True}}))
            done.add(task["instance"])


def send_pick_ups(api: httpx.Client, waiting: list[dict[str, Any]], sent: set[str]) -> None:
    """Tell each waiting instance that the carrier came, once."""
    for instance in waiting:
        if instance["id"] in sent:
            continue
        seen = answer_of(api.get(f"/instances/{instance['id']}"))
        if any(wait["for"] == "event" for wait in seen["waiting_for"]):
            send_pick_up(api, instance["id"])
            sent.add(instance["id"])


def send_pick_up(api: httpx.Client, instance: str) -> None:
    """Tell one instance that the carrier came."""
    payload = {"type": "picked-up", "payload": {"van": instance}}
    assert api.post(f"/instances/{instance}/events", json=payload).status_code == 202


def test_two_hundred_instances_end_as_they_should(api: httpx.Client, server: Quadrille) -> None:
    made = api.post("/flows", content=FLOW_FILE.read_bytes(), headers={"Content-Type": "application/yaml"})
    assert made.status_code == 201, made.text
    assert answer_of(api.post(f"{FLOW}/publish", json={"note": "first"}))["number"] == 1

    wanted = [order(server, number) for number in range(COUNT)]
    for first in range(0, COUNT, 100):
        body = {"instances": wanted[first : first + 100]}
        started = api.post(f"{FLOW}/instances/batch", json=body, headers={"Idempotency-Key": f"batch-{first}"})
        assert started.status_code == 201, started.text
    # The same request again starts nothing.
    again = api.post(
        f"{FLOW}/instances/batch", json={"instances": wanted[:100]}, headers={"Idempotency-Key": "batch-0"}
    )
    assert again.status_code == 201
    assert len(every_page(api, "/instances", flow="order-fulfilment")) == COUNT

    sent: set[str] = set()
    done: set[str] = set()
    for one in wanted[::3]:
        # Long before it is waited for: kept until then.
        if "declined" not in one["input"]["order"]["id"]:
            send_pick_up(api, one["id"])
            sent.add(one["id"])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (
        open_ones := [i for i in every_page(api, "/instances", flow="order-fulfilment") if i["status"] not in ENDED]
    ) and (time.monotonic() < deadline):
        approve_all(api, done)
        send_pick_ups(api, [one for one in open_ones if one["status"] == "waiting"], sent)
        time.sleep(1.0)

    ended = {one["id"]: one for one in every_page(api, "/instances", flow="order-fulfilment")}
    declined = [one["id"] for one in wanted if "declined" in one["input"]["order"]["id"]]
    assert Counter(one["status"] for one in ended.values()) == {
        "complete": COUNT - len(declined),
        "errored": len(declined),
    }
    assert {ended[id]["error"]["task"] for id in declined} == {"charge"}
    large = {one["id"] for one in wanted if one["input"]["order"]["total"] > 1000} - set(declined)
    assert done == large
    for one in wanted:
        if one["id"] not in declined:
            assert_ended_well(api, one)


def assert_ended_well(api: httpx.Client, wanted: dict[str, Any]) -> None:
    """Each step ran once, the right branch was taken, and the history has no gaps."""
    seen = answer_of(api.get(f"/instances/{wanted['id']}"))
    steps = {step["task"]: step for step in seen["steps"]}
    assert len(steps) == len(seen["steps"])
    is_large = wanted["input"]["order"]["total"] > 1000
    completed = {task for task, step in steps.items() if step["status"] == "completed"}
    assert completed == {"charge", "big", "pack", "wait"} | ({"approve"} if is_large else set())
    tries = 3 if "busy" in wanted["input"]["order"]["id"] else 1
    assert [attempt["number"] for attempt in steps["charge"]["attempts"]] == list(range(1, tries + 1))
    assert seen["output"] == {"van": wanted["id"]}
    facts = answer_of(api.get(f"/instances/{wanted['id']}/facts", params={"limit": "1000"}))
    assert [fact["number"] for fact in facts["items"]] == list(range(1, len(facts["items"]) + 1))
    assert facts["next"] is None
    told = [fact["type"] for fact in facts["items"] if fact["type"] != "EntitySynced"]  # comes of the last fact
    assert told[-1] == "InstanceCompleted"


@pytest.fixture(scope="module")
def short(api: httpx.Client) -> str:
    """A published flow that pauses for a second and says hello."""
    flow = {
        "format": 1,
        "key": "short",
        "name": "Short",
        "tasks": [
            {"key": "pause", "name": "Pause", "kind": "delay", "settings": {"for": "1 second"}},
            {
                "key": "say",
                "name": "Say",
                "kind": "automation",
                "settings": {"action": "set_values", "inputs": {"values": {"hello": "{{ input.name }}"}}},
            },
        ],
        "edges": [{"from": "pause", "to": "say"}],
        "triggers": [{"type": "api"}],
    }
    assert api.post("/flows", json=flow).status_code == 201
    assert api.post("/flows/short/publish").status_code == 201
    return "short"


def test_waiting_for_the_end_answers_when_it_comes(api: httpx.Client, short: str) -> None:
    began = time.monotonic()
    ended = answer_of(api.post("/flows/short/instances?wait=30", json={"input": {"name": "world"}}))
    assert ended["status"] == "complete"
    assert ended["output"] == {"hello": "world"}
    assert 1 <= time.monotonic() - began < 30, "it answers when it is over, not when the waiting is"


def test_waiting_callers_do_not_hold_up_others(api: httpx.Client, short: str) -> None:
    key, address = api.headers["Authorization"], api.base_url
    began = time.monotonic()

    def wait() -> int:
        with httpx.Client(base_url=address, headers={"Authorization": key}, timeout=60) as caller:
            return caller.post(f"/flows/{short}/instances?wait=30", json={"input": {"name": "x"}}).status_code

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(wait) for _ in range(20)]
        time.sleep(0.2)
        assert api.get("/flows").status_code == 200
        assert {one.result() for one in waiting} == {201}
    assert time.monotonic() - began < 120, "waits in a row would be up to ten minutes"
