"""What is accepted can be run; what is refused before the room has its shape too."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from designer.models import Flow
from tests.integration.epilot.conftest import METER, Epilot, task_of
from tests.integration.epilot.test_bad_input import SYNC, changed, due
from tests.integration.epilot.test_executions import manual, template
from tests.integration.epilot.test_older import COMPLAINT, EXECUTIONS, begin

Json = dict[str, Any]
TEMPLATES, DEFINITIONS = "/v2/flows/templates", "/v1/workflows/definitions"
RUNS, REASONS = "/v2/flows/executions", "/v1/workflows/closing-reasons"
RELATIVE = {
    "mode": "relative",
    "direction": "after",
    "duration": 1,
    "unit": "days",
    "reference": {"id": "flow", "origin": "flow_started"},
}

# -- what is accepted can be run --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "x" * 2_000),
        ("description", "x" * 5_000),
        ("due_date", " 2030-01-01"),
        ("tasks.0.due_date", " 2030-01-01 "),
        ("tasks.0.due_date", "2030-W01-1"),
        ("tasks.0.due_date", "{{ nonsense"),
        ("tasks.0.due_date_config", due(type="WORKFLOW_STARTED", duration=1_000_000, unit="years")),
        ("tasks.0.due_date_config", due(type="WORKFLOW_STARTED", duration=1.5)),
        ("tasks.0.due_date_config", due(type="TASK_FINISHED")),
        ("tasks.0.name", "x" * 255),
        ("tasks.0.name", ""),
        ("tasks.0.name", "x" * 2_000),
        ("tasks.0.id", "Ü ü/{{x}}"),
        ("tasks.0.assigned_to", ["", "x" * 1_000, {"variable": "{{"}, {"variable": ""}]),
        ("tasks.0.description", {"enabled": True, "value": "{{ broken"}),
        ("tasks.0.requirements", [{"when": "TASK_FINISHED"}]),
        ("tasks.1.conditions.0.branch_name", ""),
        ("tasks.1.conditions.0.branch_name", "x" * 255),
        ("tasks.1.conditions.0.statements.0.source", {}),
        ("tasks.1.conditions.0.statements.0.values", []),
        ("tasks.1.conditions.0.statements.0.source.attribute", "a b{{.'\""),
        ("tasks.2.schedule", {"mode": "delayed", "duration": 1_000_000, "unit": "years"}),
        ("tasks.2.schedule", {"mode": "delayed", "duration": 1.5, "unit": "hours"}),
        ("tasks.2.schedule", {**RELATIVE, "duration": 1_000_000, "unit": "years", "direction": "before"}),
        ("tasks.2.schedule", {**RELATIVE, "reference": {"id": "x", "origin": "trigger_entity_attribute"}}),
        ("tasks.2.automation_config", {"action_config": {"type": "x" * 500}}),
        ("tasks.2.automation_config", {"flow_id": "x" * 500}),
        ("phases.0.name", "x" * 2_000),
        ("phases.0.name", ""),
        ("edges.0.id", "x" * 2_000),
        ("taxonomies", ["x" * 1_000, ""]),
        ("trigger.entity_schema", "x" * 1_000),
        ("entity_sync", [{**SYNC, "target": {"entitySchema": "", "entityAttribute": "a b.c"}}]),
    ],
)
def test_what_is_accepted_can_be_started(epilot: Epilot, path: str, value: Any) -> None:
    status, made = epilot("POST", TEMPLATES, changed(path, value))
    if status == 400:
        assert made == {"message": made["message"]}
        assert not Flow.objects.exists()
        return
    assert status == 201
    run = epilot.start(made)
    assert run["name"] == made["name"]
    assert epilot("GET", f"{TEMPLATES}/{made['id']}") == (200, made)


@pytest.mark.parametrize(
    "more",
    [
        {"due_date": "someday"},
        {"due_date": "0001-01-01T00:00:00+14:00"},
        {"due_date_config": due(type="WORKFLOW_STARTED", duration=1.5)},
        {"due_date_config": due(type="WORKFLOW_STARTED", duration=1_000_000)},
        {"due_date_config": due(task_id="nope")},
        {"phase_id": "nope"},
        {"task_type": "DECISION"},
        {"name": "x" * 2_000},
    ],
)
def test_an_added_task_is_refused_or_runs(epilot: Epilot, more: Json) -> None:
    run = epilot.start(epilot.make(template([manual("a"), manual("b")], "a>b")))
    ids = {"previous_task_id": task_of(run, "a")["id"], "next_task_id": task_of(run, "b")["id"]}
    status, body = epilot("POST", f"{RUNS}/{run['id']}/tasks", {**ids, "task": {"name": "Between", **more}})
    assert status in (201, 400, 404), body
    if status != 201:
        assert body == {"message": body["message"]}
        assert epilot.get(run) == run
    epilot.done(run, "a")


def test_what_is_refused_before_the_room_has_its_shape_too(epilot: Epilot, settings: Any) -> None:
    settings.MAX_REQUEST_BYTES = 1_000
    status, body = epilot("POST", TEMPLATES, {"name": "x" * 2_000})
    assert (status, set(body)) == (413, {"message"})
    for path in (f"{TEMPLATES}/a%00b", f"{TEMPLATES}?trigger_type=%00"):
        assert epilot("GET", path) == (400, {"message": "The address contains a NUL character."})
    status, body = epilot("GET", "/v2/nowhere")
    assert (status, set(body)) == (404, {"message"})
    status, body = epilot("DELETE", TEMPLATES)
    assert (status, set(body)) == (405, {"message"})


@pytest.mark.parametrize("value", ["yes", "1"])
def test_a_flag_of_the_query_is_true_or_false(epilot: Epilot, value: str) -> None:
    answer = epilot("POST", f"{TEMPLATES}?enforce_limits={value}", METER)
    assert answer == (400, {"message": "enforce_limits must be true or false"})


@pytest.mark.parametrize(
    "change",
    [
        {"dueDate": "someday"},
        {"dueDate": "2030-01-01"},
        {"dynamicDueDate": {"numberOfUnits": 1.5, "timePeriod": "days", "actionTypeCondition": "WORKFLOW_STARTED"}},
        {"dynamicDueDate": {"numberOfUnits": 1, "timePeriod": "weeks", "actionTypeCondition": "STEP_CLOSED"}},
        {"flow": []},
        {"flow": [{"type": "STEP", "name": "S", "order": 1, "dueDate": "someday"}]},
        {"flow": [{"type": "STEP", "name": "S", "order": 1e300}, {"type": "STEP", "name": "S", "order": -1}]},
        {"flow": [{"type": "SECTION", "name": "S", "order": 1, "steps": [], "dueDate": "someday"}]},
        {"flow": [{"type": "STEP", "name": "S", "order": 1, "executionType": "AUTOMATION"}]},
        {"updateEntityAttributes": [{"source": "current_step", "target": {"entitySchema": "", "entityAttribute": ""}}]},
    ],
)
def test_a_definition_that_is_accepted_can_be_started(epilot: Epilot, change: Json) -> None:
    status, made = epilot("POST", DEFINITIONS, {**deepcopy(COMPLAINT), **change})
    if status == 400:
        assert made == {"message": made["message"]}
        assert not Flow.objects.exists()
        return
    assert status == 201
    path = f"{EXECUTIONS}/{begin(epilot, made)['id']}"
    assert epilot("PATCH", path, {"dueDate": "someday"}) == (400, {"message": "Invalid due_date"})
    for step in epilot("GET", path)[1]["flow"]:
        if step["type"] == "STEP":
            answer = epilot("PATCH", f"{path}/steps/{step['id']}", {"dueDate": "someday"})
            assert answer == (400, {"message": "Invalid due_date"})
