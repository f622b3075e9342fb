"""Steering over the API: close, roll back, restart from, revert, retry on a version, migrate; one and many."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from accounts.models import AuditEntry
from tests.integration.api.conftest import Api, assert_problem

Run = Callable[[], None]
Json = dict[str, Any]
UNDO: Json = {"action": "set_values", "inputs": {"values": {"undone": True}}}


def flow_of(*tasks: Json, **more: Any) -> Json:
    """A chain of tasks."""
    keys = [task["key"] for task in tasks]
    edges = [{"from": a, "to": b} for a, b in pairwise(keys)]
    return {"format": 1, "key": "order", "name": "Order", "tasks": list(tasks), "edges": edges, **more}


def values(key: str, **settings: Any) -> Json:
    settings = {"action": "set_values", "inputs": {"values": {key: 1}}, **settings}
    return {"key": key, "name": key.title(), "kind": "automation", "settings": settings}


def person(key: str = "ask") -> Json:
    return {"key": key, "name": key.title(), "kind": "manual"}


def broken(key: str = "charge") -> Json:
    settings = {"action": "raise_error", "inputs": {"message": "No."}}
    return {"key": key, "name": key.title(), "kind": "automation", "settings": settings}


def publish(api: Api, flow: Json) -> None:
    """The flow, or its next version."""
    if api.get(f"/flows/{flow['key']}").status_code == 404:
        assert api.post("/flows", flow).status_code == 201
    else:
        etag = api.get(f"/flows/{flow['key']}")["ETag"]
        answer = api.put(f"/flows/{flow['key']}", flow, if_match=etag)
        assert answer.status_code == 200, answer.content
    answer = api.post(f"/flows/{flow['key']}/publish")
    assert answer.status_code == 201, answer.content


def start(api: Api, *ids: str) -> None:
    for id in ids:
        assert api.post("/flows/order/instances", {"id": id}).status_code == 201


def test_an_instance_is_closed_with_reasons_of_its_flow(api: Api, run: Run) -> None:
    publish(api, flow_of(person(), closing_reasons=["Withdrawn", "Sold out"], single_closing_reason=True))
    start(api, "one")
    problem = assert_problem(api.post("/instances/one/close", {"reasons": ["Bored"]}), 422)
    assert problem["errors"] == [{"path": "reasons[0]", "message": "is none of Withdrawn, Sold out"}]
    assert_problem(api.post("/instances/one/close", {"reasons": ["Withdrawn", "Sold out"]}), 422)
    assert_problem(api.post("/instances/one/close", {}), 422)
    closed = api.post("/instances/one/close", {"reasons": ["Withdrawn"], "note": "By phone."})
    assert (closed.status_code, closed.json()["status"]) == (200, "terminated")
    fact = next(one for one in api.get("/instances/one/facts").json()["items"] if one["type"] == "InstanceClosed")
    assert (fact["data"]["reasons"], fact["data"]["note"]) == (["Withdrawn"], "By phone.")
    assert_problem(api.post("/instances/one/close", {"reasons": ["Withdrawn"]}), 409)


def test_a_termination_with_rollback_undoes_what_has_started(api: Api, run: Run) -> None:
    publish(api, flow_of(values("charge", compensation=UNDO), person()))
    start(api, "one")
    run()
    ended = api.post("/instances/one/terminate", {"rollback": True, "reason": "A mistake."}).json()
    steps = {step["task"]: step["status"] for step in ended["steps"]}
    assert (ended["status"], steps) == ("terminated", {"charge": "rolled_back", "ask": "cancelled"})
    types = [one["type"] for one in api.get("/instances/one/facts").json()["items"]]
    assert types[-3:] == ["StepRolledBack", "RollbackFinished", "InstanceTerminated"]


def test_an_instance_is_restarted_from_a_task_and_reverted_to_a_human_one(api: Api, run: Run) -> None:
    publish(api, flow_of(values("charge"), person(), values("ship")))
    start(api, "one")
    run()
    api.post("/instances/one/steps/ask/complete", {})
    run()
    assert api.get("/instances/one").json()["status"] == "complete"
    assert_problem(api.post("/instances/one/revert", {"to": "ship"}), 409)
    assert_problem(api.post("/instances/one/revert", {}), 422)
    back = api.post("/instances/one/revert", {"to": "ask", "reason": "A wrong answer."}).json()
    assert (back["status"], [wait["task"] for wait in back["waiting_for"]]) == ("waiting", ["ask"])
    again = api.post("/instances/one/restart", {"from": "charge"}).json()
    assert {(step["task"], step["iteration"]) for step in again["steps"]} == {
        ("charge", 1),
        ("ask", 1),
        ("ship", 1),
        ("ask", 2),
        ("charge", 2),
        ("ask", 3),
    }
    assert_problem(api.post("/instances/one/restart", {"from": "charge", "iteration": 7}), 409)


def test_a_failed_instance_is_retried_on_the_newest_version(api: Api, run: Run) -> None:
    publish(api, flow_of(values("first"), broken()))
    start(api, "one")
    run()
    assert api.get("/instances/one").json()["status"] == "errored"
    publish(api, flow_of(values("first"), {**values("charge")}))
    answer = api.post("/instances/one/retry", {"version": "newest", "input": {"n": 1}})
    run()
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert api.get("/instances/one").json()["status"] == "complete"
    assert_problem(api.post("/instances/one/retry", {"version": 9}), 422)


def test_an_instance_is_migrated_after_a_dry_run(api: Api, run: Run) -> None:
    publish(api, flow_of(values("first"), person()))
    start(api, "one")
    run()
    publish(api, flow_of(values("first"), values("new"), person(), values("last")))
    dry = api.post("/instances/one/migrate", {"version": "newest", "dry_run": True}).json()
    assert dry == {
        "is_possible": True,
        "from": 1,
        "to": 2,
        "obstacles": [],
        "carried": [
            {"task": "first", "to": "first", "iteration": 1, "status": "completed"},
            {"task": "ask", "to": "ask", "iteration": 1, "status": "waiting"},
        ],
        "passed_over": ["new"],
    }
    assert api.get("/instances/one").json()["version"] == 1
    moved = api.post("/instances/one/migrate", {"version": 2, "reason": "More to do."}).json()
    assert (moved["id"], moved["version"]) == ("one", 2)
    api.post("/instances/one/steps/ask/complete", {})
    run()
    assert api.get("/instances/one").json()["status"] == "complete"


def test_what_is_in_the_way_of_a_migration_is_listed(api: Api, run: Run) -> None:
    publish(api, flow_of(values("first"), person()))
    start(api, "one")
    run()
    publish(api, flow_of(values("begin"), person("question")))
    problem = assert_problem(api.post("/instances/one/migrate", {"version": 2}), 409)
    assert problem["errors"] == [
        {"path": "first", "message": "First is not in version 2."},
        {"path": "ask", "message": "Ask is not in version 2."},
    ]
    mapped = {"version": 2, "mapping": {"first": "begin", "ask": "question"}}
    moved = api.post("/instances/one/migrate", mapped).json()
    assert {step["task"] for step in moved["steps"]} == {"begin", "question"}
    assert_problem(api.post("/instances/one/migrate", {"version": 2}), 409)


def test_many_instances_are_steered_at_once_and_what_is_refused_says_why(api: Api, run: Run) -> None:
    publish(api, flow_of(person()))
    start(api, "a", "b", "c")
    api.post("/instances/b/terminate", {})
    chosen = [{"id": id} for id in ("a", "b", "nobody")]
    answer = api.post("/instances/bulk", {"action": "pause", "instances": chosen, "reason": "Stock-taking."})
    assert answer.json() == {
        "action": "pause",
        "done": [{"id": "a", "flow": "order"}],
        "refused": [
            {"id": "b", "flow": "order", "reason": "The instance is already terminated.", "errors": []},
            {"id": "nobody", "flow": None, "reason": "There is none.", "errors": []},
        ],
        "next": None,
    }
    assert [api.get(f"/instances/{id}").json()["status"] for id in "abc"] == ["paused", "terminated", "waiting"]
    entry = AuditEntry.objects.get(action="instances.pause")
    assert entry.after == {"done": 1, "refused": 1, "reason": "Stock-taking."}
    assert AuditEntry.objects.filter(action="instance.paused").count() == 1


def test_a_filter_is_worked_off_a_part_at_a_time(api: Api, run: Run) -> None:
    publish(api, flow_of(person(), values("ship")))
    start(api, *(f"n-{n}" for n in range(5)))
    start(api, "other")
    body: Json = {"action": "terminate", "filter": {"flow": "order", "q": "n-", "status": ["waiting"]}, "limit": 2}
    counts = []
    cursor = None
    for _ in range(4):
        answer = api.post("/instances/bulk", body | ({"cursor": cursor} if cursor else {})).json()
        counts.append(len(answer["done"]))
        cursor = answer["next"]
        if cursor is None:
            break
    assert counts == [2, 2, 1]
    assert api.get("/instances/other").json()["status"] == "waiting"


def test_a_migration_of_many_has_a_dry_run(api: Api, run: Run) -> None:
    publish(api, flow_of(values("first"), person()))
    start(api, "a", "b")
    run()
    publish(api, flow_of(values("first"), person(), values("last")))
    body: Json = {"action": "migrate", "filter": {"flow": "order", "version": 1}, "version": "newest"}
    assert len(api.post("/instances/bulk", body | {"dry_run": True}).json()["done"]) == 2
    assert not AuditEntry.objects.filter(action="instances.migrate").exists()
    assert {api.get(f"/instances/{id}").json()["version"] for id in "ab"} == {1}
    assert len(api.post("/instances/bulk", body).json()["done"]) == 2
    assert {api.get(f"/instances/{id}").json()["version"] for id in "ab"} == {2}


def test_a_migration_of_many_takes_a_mapping(api: Api, run: Run) -> None:
    publish(api, flow_of(values("first"), person()))
    start(api, "a", "b", "c")
    run()
    api.post("/instances/c/terminate", {})
    publish(api, flow_of(values("begin"), person()))
    body: Json = {"action": "migrate", "filter": {"flow": "order"}, "version": 2, "dry_run": True}
    reasons = [(one["id"], one["reason"], one["errors"]) for one in api.post("/instances/bulk", body).json()["refused"]]
    in_the_way = [{"path": "first", "message": "First is not in version 2."}]
    ended = "The instance is terminated: only one that has not ended can be migrated."
    assert reasons == [
        ("a", "First is not in version 2.", in_the_way),
        ("b", "First is not in version 2.", in_the_way),
        ("c", ended, []),
    ]
    body["mapping"] = {"first": "begin"}
    assert [one["id"] for one in api.post("/instances/bulk", body).json()["done"]] == ["a", "b"]
    assert {api.get(f"/instances/{id}").json()["version"] for id in "abc"} == {1}
    done = api.post("/instances/bulk", body | {"dry_run": False, "reason": "Renamed."}).json()
    assert ([one["id"] for one in done["done"]], [one["reason"] for one in done["refused"]]) == (["a", "b"], [ended])
    assert {step["task"] for step in api.get("/instances/a").json()["steps"]} == {"begin", "ask"}


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("resume", {}),
        ("restart", {"from": "ask"}),
        ("close", {"reasons": []}),
        ("send_event", {"type": "go", "payload": {"n": 1}}),
        ("retry", {}),
    ],
)
def test_every_action_can_be_done_to_many(api: Api, run: Run, action: str, more: Json) -> None:
    publish(api, flow_of(person()))
    start(api, "a")
    if action == "resume":
        api.post("/instances/a/pause", {})
    answer = api.post("/instances/bulk", {"action": action, "instances": [{"id": "a"}], **more}).json()
    assert (len(answer["done"]), [one["reason"] for one in answer["refused"]]) == (
        (0, ["Only a failed instance can be retried; this one is waiting."]) if action == "retry" else (1, [])
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "explode", "filter": {}},
        {"action": "pause"},
        {"action": "pause", "filter": {}, "instances": [{"id": "a"}]},
        {"action": "pause", "instances": []},
        {"action": "pause", "instances": [{"id": "a"}], "cursor": "x"},
        {"action": "pause", "filter": {"colour": "red"}},
        {"action": "pause", "filter": {"status": ["sleepy"]}},
        {"action": "migrate", "filter": {}},
        {"action": "send_event", "filter": {}},
        {"action": "pause", "filter": {}, "limit": 501},
    ],
)
def test_a_bulk_request_that_makes_no_sense_is_refused(api: Api, run: Run, body: Json) -> None:
    publish(api, flow_of(person()))
    start(api, "a")
    assert_problem(api.post("/instances/bulk", body), 422)
    assert api.get("/instances/a").json()["status"] == "waiting"


def test_a_moment_that_is_none_and_a_foreign_cursor_are_refused(api: Api, run: Run) -> None:
    for body in (
        {"action": "pause", "filter": {"started_after": "yesterday"}},
        {"action": "pause", "filter": {}, "cursor": "nonsense"},
    ):
        assert_problem(api.post("/instances/bulk", body), 400)
