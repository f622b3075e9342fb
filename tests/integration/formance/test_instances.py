"""The orchestration API without its SDKs: workflows, their instances and histories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings

from tests.integration.formance.conftest import Caller, refused


def test_a_workflow_is_answered_as_it_was_sent(call: Caller, create: Callable[..., str]) -> None:
    stages = [{"noop": {"any": [1]}}, {"wait_event": {"event": "go ${x}"}}, {"delay": {"duration": "1h", "note": 1}}]
    id = create(*stages, name="As it is")
    found = call("GET", f"/workflows/{id}").json()["data"]
    assert found["config"] == {"name": "As it is", "stages": stages}
    assert found["createdAt"].endswith("Z")


def test_yaml_is_taken(call: Caller) -> None:
    text = b"name: yes-no\nstages:\n- wait_event:\n    event: go\n- noop: {}\n"
    answer = call("POST", "/workflows", raw=text, content_type="text/vnd.yaml")
    assert answer.status_code == 201
    assert answer.json()["data"]["config"]["stages"] == [{"wait_event": {"event": "go"}}, {"noop": {}}]


def test_an_instance_waits_and_goes_on(call: Caller, create: Callable[..., str]) -> None:
    id = create({"noop": {}}, {"wait_event": {"event": "go-${who}"}}, {"delay": {"duration": "${for}"}})
    run = call("POST", f"/workflows/{id}/instances", {"who": "ada", "for": "0s"})
    assert run.status_code == 201
    instance = run.json()["data"]["id"]
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert [stage["stage"] for stage in found["status"]] == [0, 1]
    assert call("POST", f"/instances/{instance}/events", {"name": "other"}).status_code == 204
    assert not call("GET", f"/instances/{instance}").json()["data"]["terminated"]
    assert call("POST", f"/instances/{instance}/events", {"name": "go-ada"}).status_code == 204
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert found["terminated"]
    assert "error" not in found
    history = call("GET", f"/instances/{instance}/history").json()["data"]
    assert [(entry["name"], entry["input"]) for entry in history] == [
        ("RunNoop", {}),
        ("RunWaitEvent", {"event": "go-ada"}),
        ("RunDelay", {"duration": "0s"}),
    ]
    refusal = refused(call("POST", f"/instances/{instance}/events", {"name": "go-ada"}))
    assert refusal == (400, "VALIDATION", "no stage is waiting for events")


def test_an_event_that_comes_before_its_stage_is_lost(call: Caller, create: Callable[..., str]) -> None:
    id = create({"wait_event": {"event": "first"}}, {"wait_event": {"event": "second"}})
    instance = call("POST", f"/workflows/{id}/instances").json()["data"]["id"]
    for name in ("second", "first"):
        assert call("POST", f"/instances/{instance}/events", {"name": name}).status_code == 204
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert [("terminatedAt" in stage) for stage in found["status"]] == [True, False]
    assert call("POST", f"/instances/{instance}/events", {"name": "second"}).status_code == 204
    assert call("GET", f"/instances/{instance}").json()["data"]["terminated"]


def test_no_stages_succeed_at_once(call: Caller, create: Callable[..., str]) -> None:
    id = create()
    found = call("POST", f"/workflows/{id}/instances?wait=true").json()["data"]
    assert found["terminated"]
    assert call("GET", f"/instances/{found['id']}").json()["data"]["status"] == []


def test_abort_cancels_and_can_be_repeated(call: Caller, create: Callable[..., str]) -> None:
    id = create({"wait_event": {"event": "go"}})
    instance = call("POST", f"/workflows/{id}/instances").json()["data"]["id"]
    assert call("PUT", f"/instances/{instance}/abort").status_code == 204
    found = call("GET", f"/instances/{instance}").json()["data"]
    assert (found["terminated"], found["error"], found["status"][0]["error"]) == (True, "canceled", "canceled")
    assert call("PUT", f"/v2/instances/{instance}/abort").status_code == 204


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({}, "empty specification"),
        ({"noop": {}, "delay": {}}, "a specification should have only one name"),
        ({"teleport": {}}, "unable to resolve schema teleport"),
        (
            {"delay": {"duration": "soon"}},
            "resolving field 'Duration': unable to resolve field 'duration' to duration value",
        ),
        ({"delay": {"until": "2026-01-01"}}, "resolving field 'Until': expected date as rfc3339 format"),
        ({"wait_event": {"event": 7}}, "resolving field 'Event': expected string but was float64"),
        ({"wait_event": "go"}, "expecting map, got type: string"),
    ],
)
def test_a_bad_stage_is_refused(call: Caller, stage: Any, message: str) -> None:
    answer = call("POST", "/workflows", {"stages": [{"noop": {}}, stage]})
    assert refused(answer) == (400, "VALIDATION", f"creating workflow: {message}")


@pytest.mark.parametrize(
    ("stage", "variables", "message"),
    [
        ({"delay": {}}, {}, "exactly one of duration or until is required"),
        (
            {"delay": {"duration": "1s", "until": "2020-01-01T00:00:00Z"}},
            {},
            "exactly one of duration or until is required",
        ),
        ({"delay": {"duration": "${for}"}}, {"for": ""}, "exactly one of duration or until is required"),
        (
            {"delay": {"duration": "${for}"}},
            {"for": "soon"},
            "resolving field 'Duration': unable to resolve field 'duration' to duration value",
        ),
        ({"wait_event": {}}, {}, "event is required"),
        ({"wait_event": {"event": "${name}"}}, {}, "event is required"),
    ],
)
def test_a_stage_that_cannot_run_fails_before_it_begins(
    call: Caller, create: Callable[..., str], stage: Any, variables: dict[str, str], message: str
) -> None:
    id = create(stage)
    instance = call("POST", f"/workflows/{id}/instances?wait=1", variables).json()["data"]
    assert (instance["terminated"], instance["error"]) == (True, message)
    found = call("GET", f"/instances/{instance['id']}").json()["data"]
    assert found["status"][0]["error"] == message
    assert call("GET", f"/instances/{instance['id']}/history").json()["data"] == []
    assert refused(call("GET", f"/instances/{instance['id']}/stages/0/history")) == (
        404,
        "NOT_FOUND",
        "stage not found",
    )


def test_waiting_for_the_end_is_bounded(call: Caller, create: Callable[..., str], settings: LazySettings) -> None:
    settings.FORMANCE_WAIT_SECONDS = 0
    id = create({"wait_event": {"event": "never"}})
    assert not call("POST", f"/workflows/{id}/instances?wait=true").json()["data"]["terminated"]
