"""The contract's validation table, row by row: each is refused with its own message, and nothing is stored."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from designer.models import Flow
from tests.integration.epilot.conftest import METER, Epilot

Json = dict[str, Any]
LOOP = {"loop_branch_id": "c-yes", "exit_branch_id": "none-met-t-ok", "max_iterations": 3}


def changed(path: str, value: Any) -> Json:
    """The example with one value changed; `path` like `tasks.1.name`; None takes it away."""
    body = deepcopy(METER)
    at: Any = body
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part in way:
        at = at[part]
    if value is None:
        del at[last]
    elif isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value
    return body


def due(**more: Any) -> Json:
    return {"duration": 1, "unit": "days", "type": "TASK_FINISHED", **more}


SYNC = {
    "trigger": {"event": "TaskCompleted"},
    "value": {"source": "custom_value", "value": "x"},
    "target": {"entitySchema": "a", "entityAttribute": "b"},
}
WORDS = "Invalid request body: "
ROWS: list[tuple[str, Any, str]] = [
    ("name", None, f"{WORDS}name is required"),
    ("tasks", None, f"{WORDS}tasks is required"),
    ("edges", None, f"{WORDS}edges is required"),
    ("tasks.0.name", None, f"{WORDS}tasks[0].name is required"),
    ("tasks.2.automation_config", None, f"{WORDS}tasks[2].automation_config is required"),
    ("name", "ab", f"{WORDS}name must have at least 3 characters"),
    ("description", "x" * 5_001, f"{WORDS}description is too long"),
    ("tasks.0.description", {"value": "x" * 10_001}, f"{WORDS}tasks[0].description.value is too long"),
    (
        "entity_sync",
        [{**SYNC, "value": {"source": "custom_value", "value": "x" * 10_001}}],
        f"{WORDS}entity_sync[0].value.value is too long",
    ),
    (
        "tasks.0.task_type",
        "HUMAN",
        f"{WORDS}tasks[0].task_type must be one of MANUAL, AUTOMATION, DECISION, AI_AGENT",
    ),
    ("tasks.1.trigger_mode", "x", f"{WORDS}tasks[1].trigger_mode must be one of manual, automatic"),
    ("version", "v9", f"{WORDS}version must be one of v1, v2, v3"),
    ("tasks.3.id", "t-call", "Duplicate id 't-call'"),
    ("phases.0.id", "t-call", "Duplicate id 't-call'"),
    ("edges.1.id", "e0", "Duplicate id 'e0'"),
    ("tasks.1.conditions.1.id", "c-yes", "Duplicate id 'c-yes'"),
    ("edges.0.to_id", "nowhere", "Edge 'e0' references unknown node 'nowhere'"),
    ("edges.2.from_id", "nowhere", "Edge 'e2' references unknown node 'nowhere'"),
    ("edges.3.condition_id", "nope", "Edge 'e3' references unknown condition 'nope'"),
    ("edges.2.none_met", True, "Edge 'e2' cannot be a default branch"),
    ("edges.3.none_met", True, "Edge 'e4' cannot be a default branch"),
    ("tasks.1.conditions", [], "Edge 'e3' references unknown condition 'c-yes'"),
    ("tasks.1.conditions.0.statements", [], "Branch 'Yes' needs at least one condition"),
    ("edges.4.to_id", "t-ok", "Workflow contains an undeclared cycle"),
    ("tasks.1.loop_config", {**LOOP, "loop_branch_id": "nope"}, "Invalid loop configuration of 'Date agreed?'"),
    ("tasks.1.loop_config", {**LOOP, "exit_branch_id": "c-yes"}, "Invalid loop configuration of 'Date agreed?'"),
    ("tasks.1.loop_config", {**LOOP, "max_iterations": 0}, "max_iterations must be between 1 and 100"),
    ("tasks.1.loop_config", {**LOOP, "max_iterations": 101}, "max_iterations must be between 1 and 100"),
    (
        "tasks.0.requirements",
        [{"when": "TASK_FINISHED", "task_id": "nope"}],
        "tasks[0].requirements[0] references unknown task or phase 'nope'",
    ),
    (
        "tasks.0.due_date_config",
        due(task_id="nope"),
        "tasks[0].due_date_config references unknown task or phase 'nope'",
    ),
    (
        "tasks.2.automation_config",
        {"input_context": {"source": "task", "task_id": "nope"}},
        "tasks[2].automation_config.input_context references unknown task or phase 'nope'",
    ),
    (
        "entity_sync",
        [{**SYNC, "trigger": {"event": "TaskCompleted", "filter": {"task_template_id": "nope"}}}],
        "entity_sync[0].trigger.filter references unknown task or phase 'nope'",
    ),
    ("tasks.0.phase_id", "nope", "Task 'Call customer' references unknown phase 'nope'"),
    ("tasks.2.schedule.duration", 0, "tasks[2].schedule.duration must be at least 1"),
    ("tasks.0.due_date_config", due(duration=0), "tasks[0].due_date_config.duration must be at least 1"),
    (
        "entity_sync",
        [
            {
                **SYNC,
                "trigger": {
                    "event": "TaskCompleted",
                    "filter": {"task_template_id": "t-ok", "phase_template_id": "ph-prep"},
                },
            }
        ],
        "Entity sync filter accepts either task_template_id or phase_template_id",
    ),
    ("closing_reasons", [{"id": "nope"}], "Closing reason with id 'nope' not found"),
]


@pytest.mark.parametrize(("path", "value", "message"), ROWS)
def test_a_template_is_refused(epilot: Epilot, path: str, value: Any, message: str) -> None:
    assert epilot("POST", "/v2/flows/templates", changed(path, value)) == (400, {"message": message})
    assert not Flow.objects.exists()


def test_a_number_that_no_flow_can_hold_is_refused(epilot: Epilot) -> None:
    step = b'{"type": "STEP", "name": "File letter", "order": %d}' % 2**70
    status, answer = epilot("POST", "/v1/workflows/definitions", b'{"name": "Complaint", "flow": [' + step + b"]}")
    assert (status, "64 bits" in answer["message"]) == (400, True)
    assert not Flow.objects.exists()


def test_a_decision_needs_two_branches(epilot: Epilot) -> None:
    body = changed("tasks.1.conditions", METER["tasks"][1]["conditions"][:1])
    body["edges"] = body["edges"][:4]
    refused = (400, {"message": "Decision 'Date agreed?' needs at least two branches"})
    assert epilot("POST", "/v2/flows/templates", body) == refused


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b'"text"', b"null", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff"])
def test_what_is_no_object_is_refused(epilot: Epilot, body: bytes) -> None:
    for method, path in (
        ("POST", "/v2/flows/templates"),
        ("POST", "/v2/flows/templates/import"),
        ("POST", "/v2/flows/executions"),
        ("POST", "/v1/workflows/definitions"),
        ("POST", "/v1/workflows/closing-reasons"),
        ("POST", "/v1/workflows/executions"),
    ):
        assert epilot(method, path, body) == (400, {"message": "Invalid request body"}), path


@pytest.mark.parametrize("value", ["text", 7, [7], {"a": {}}, True, None])
def test_values_of_another_type_are_refused_not_broken(epilot: Epilot, value: Any) -> None:
    for name in (*METER, "closing_reasons", "entity_sync", "due_date_config", "additional_triggers", "assigned_to"):
        status, body = epilot("POST", "/v2/flows/templates", {**deepcopy(METER), name: value})
        assert status in (201, 400), (name, value, body)
    for field in METER["tasks"][1]:
        status, body = epilot("POST", "/v2/flows/templates", changed(f"tasks.1.{field}", value))
        assert status in (201, 400), (field, value, body)


@pytest.mark.parametrize(
    "path",
    [
        "/v2/flows/templates/{}",
        "/v2/flows/templates/{}/export",
        "/v1/workflows/definitions/{}",
        "/v2/workflows/closing-reasons/{}",
        "/v2/flows/executions/{}",
    ],
)
@pytest.mark.parametrize("id", ["nope", "%00", "a" * 300, "ü", "..%2F.."])
def test_unknown_ids_are_not_found(epilot: Epilot, path: str, id: str) -> None:
    status, _ = epilot("GET", path.format(id))
    assert status in (400, 404)
