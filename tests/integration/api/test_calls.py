"""Calls between instances and scheduled steps, as programs see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.api.conftest import Api, assert_problem, flow_file


def calling(**settings: Any) -> dict[str, Any]:
    """A flow with one task, which calls the flow `hello`."""
    task = {"key": "call", "name": "Call", "kind": "call", "settings": {"flow": "hello", **settings}}
    return {"format": 1, "key": "caller", "name": "Caller", "tasks": [task]}


def started(api: Api, flow: dict[str, Any]) -> None:
    """An instance `one` of a flow that is made and published."""
    assert api.post("/flows", flow).status_code == 201
    published = api.post(f"/flows/{flow['key']}/publish")
    assert published.status_code == 201, published.content
    assert api.post(f"/flows/{flow['key']}/instances", {"id": "one", "input": {"n": 1}}).status_code == 201


def test_parent_and_child_name_each_other(api: Api, published: str, run: Callable[[], None]) -> None:
    started(api, calling(inputs={"m": "{{ input.n }}"}))
    run()
    parent = api.get("/instances/one").json()
    (step,) = parent["steps"]
    (called,) = step["calls"]
    assert (called["flow"], called["status"]) == ("hello", "waiting")
    assert parent["waiting_for"] == [{"task": "call", "iteration": 1, "for": "child"}]
    child = api.get(f"/instances/{called['instance']}").json()
    assert child["input"] == {"m": 1}
    assert child["trigger"]["caller"] == {"flow": "caller", "instance": "one", "task": "call", "iteration": 1}
    api.post(f"/instances/{called['instance']}/steps/ask/complete", {"output": {"name": "Ann"}})
    run()
    parent = api.get("/instances/one").json()
    assert (parent["status"], parent["output"]) == ("complete", {"hello": "Ann"})


def test_terminating_the_parent_terminates_the_child(api: Api, published: str, run: Callable[[], None]) -> None:
    started(api, calling())
    run()
    api.post("/instances/one/terminate", {"reason": "Enough."})
    run()
    (step,) = api.get("/instances/one").json()["steps"]
    assert step["calls"][0]["status"] == "terminated"


def test_a_flow_that_is_not_there_cannot_be_called(api: Api, published: str) -> None:
    api.post("/flows", calling(flow="hallo"))
    problem = assert_problem(api.post("/flows/caller/publish"), 422)
    (error,) = problem["errors"]
    assert error["path"] == "tasks.call.settings.flow"
    assert 'Did you mean "hello"?' in error["message"]


def test_a_flow_of_another_environment_cannot_be_called(api: Api, foreign_api: Api) -> None:
    foreign_api.post("/flows", flow_file("theirs"))
    api.post("/flows", calling(flow="theirs"))
    assert_problem(api.post("/flows/caller/publish"), 422)


def test_a_scheduled_step_says_when_and_runs_when_told_to(api: Api, run: Callable[[], None]) -> None:
    later = {"mode": "delayed", "duration": "2 days"}
    settings = {"action": "set_values", "inputs": {"values": {"a": 1}}, "schedule": later}
    task = {"key": "late", "name": "Late", "kind": "automation", "settings": settings}
    started(api, {"format": 1, "key": "late", "name": "Late", "tasks": [task]})
    body = api.get("/instances/one").json()
    (wait,) = body["waiting_for"]
    assert (wait["for"], wait["wakes_at"]) == ("start", body["steps"][0]["wakes_at"])
    assert api.post("/instances/one/steps/late/start").json()["status"] == "complete"
    assert_problem(api.post("/instances/one/steps/late/start"), 409)


def test_an_instance_that_nears_a_limit_says_so(api: Api) -> None:
    conditions = [{"key": "again", "statements": [{"source": "input.n", "operator": "equals", "values": [1]}]}]
    loop = {"branch": "again", "exit": "none_met", "max_iterations": 20}
    tasks = [
        {"key": "a", "name": "A", "kind": "noop"},
        {"key": "b", "name": "B", "kind": "decision", "settings": {"conditions": conditions, "loop": loop}},
        {"key": "c", "name": "C", "kind": "manual"},
    ]
    edges = [{"from": "a", "to": "b"}, {"from": "b", "to": "a", "branch": "again"}]
    edges.append({"from": "b", "to": "c", "branch": "none_met"})
    started(api, {"format": 1, "key": "r", "name": "R", "tasks": tasks, "edges": edges, "limits": {"max_steps": 45}})
    (warning,) = api.get("/instances/one").json()["warnings"]
    assert (warning["limit"], warning["most"]) == ("max_steps", 45)
    assert warning["count"] > 36
