"""The older API: definitions of sections and steps, and their executions; closing reasons."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from engine.models import Instance
from tests.integration.epilot.conftest import Epilot

Json = dict[str, Any]
COMPLAINT: Json = {
    "name": "Complaint",
    "flow": [
        {
            "type": "SECTION",
            "name": "Intake",
            "order": 1,
            "steps": [
                {"type": "STEP", "name": "Read letter", "order": 1, "executionType": "MANUAL"},
                {"type": "STEP", "name": "File letter", "order": 2},
            ],
        },
        {"type": "STEP", "name": "Answer", "order": 2},
    ],
}
EXECUTIONS = "/v1/workflows/executions"


def make(epilot: Epilot, **changes: Any) -> Json:
    status, made = epilot("POST", "/v1/workflows/definitions", {**deepcopy(COMPLAINT), **changes})
    assert status == 201, made
    return dict(made)


def begin(epilot: Epilot, definition: Json, **more: Any) -> Json:
    contexts = [{"id": "c-1", "title": "Jo", "schema": "contact"}]
    status, made = epilot("POST", EXECUTIONS, {"workflowId": definition["id"], "contexts": contexts, **more})
    assert status == 201, made
    return dict(made)


def steps_of(execution: Json) -> dict[str, Json]:
    found = [step for entry in execution["flow"] for step in entry.get("steps", [entry])]
    return {step["name"]: step for step in found}


def test_a_definition_comes_back_as_it_was_sent_with_ids(epilot: Epilot) -> None:
    made = make(epilot)
    flow = deepcopy(made["flow"])
    for entry in [*flow, *flow[0]["steps"]]:
        assert len(entry.pop("id")) == 6
    assert flow == COMPLAINT["flow"]
    assert epilot("GET", f"/v1/workflows/definitions/{made['id']}") == (200, made)
    assert epilot("GET", "/v1/workflows/definitions")[1] == [made]
    changed = {**made, "name": "Complaints"}
    status, again = epilot("PUT", f"/v1/workflows/definitions/{made['id']}", changed)
    assert (status, again["name"], again["flow"]) == (200, "Complaints", made["flow"])
    assert epilot("GET", "/v2/flows/templates")[1] == {"results": []}
    assert epilot("GET", f"/v2/flows/templates/{made['id']}")[0] == 404
    assert epilot("DELETE", f"/v1/workflows/definitions/{made['id']}")[0] == 204
    missing = (404, {"message": f"Definition with id '{made['id']}' not found"})
    assert epilot("GET", f"/v1/workflows/definitions/{made['id']}") == missing


def test_closing_reasons_have_two_generations(epilot: Epilot) -> None:
    status, made = epilot("POST", "/v1/workflows/closing-reasons", {"title": "Moved", "description": "ignored"})
    assert (status, made["status"], len(made["id"])) == (201, "ACTIVE", 6)
    assert epilot("GET", f"/v2/workflows/closing-reasons/{made['id']}")[1] == made
    assert epilot("GET", f"/v1/workflows/closing-reasons/{made['id']}")[1] == made
    assert epilot("PATCH", f"/v1/workflows/closing-reasons/{made['id']}", {"status": "INACTIVE"}) == (202, None)
    assert epilot("GET", "/v1/workflows/closing-reasons")[1] == {"reasons": []}
    assert len(epilot("GET", "/v1/workflows/closing-reasons?includeInactive=true")[1]["reasons"]) == 1
    status, changed = epilot("PATCH", f"/v2/workflows/closing-reasons/{made['id']}", {"title": "Left"})
    assert (status, changed["title"], changed["status"]) == (200, "Left", "INACTIVE")
    definition = make(epilot)
    path = f"/v1/workflows/definitions/{definition['id']}/closing-reasons"
    assert epilot("PATCH", path, {"reasons": [{"id": made["id"]}]}) == (201, None)
    assert epilot("GET", path)[1] == {"reasons": [{"id": made["id"]}]}
    execution = begin(epilot, definition)
    assert epilot("DELETE", f"/v2/workflows/closing-reasons/{made['id']}")[0] == 204
    assert epilot("GET", path)[1] == {"reasons": []}
    snapshot = [{"id": made["id"], "title": "Left"}]
    assert epilot("GET", f"{EXECUTIONS}/{execution['id']}/closing-reasons")[1] == {"reasons": snapshot}
    for method, generation in (("GET", "v2"), ("GET", "v1"), ("PATCH", "v1"), ("DELETE", "v2")):
        status, body = epilot(method, f"/{generation}/workflows/closing-reasons/nope", {"status": "ACTIVE"})
        assert (status, body) == (404, {"message": "Closing reason with id 'nope' not found"})


def test_an_execution_is_worked_through(epilot: Epilot) -> None:
    execution = begin(epilot, make(epilot))
    assert [entry["type"] for entry in execution["flow"]] == ["SECTION", "STEP"]
    assert execution["contexts"] == [{"id": "c-1", "title": "Jo", "schema": "contact"}]
    steps = steps_of(execution)
    assert execution["nextOpenStep"] == {"id": steps["Read letter"]["id"]}
    path = f"{EXECUTIONS}/{execution['id']}"
    status, step = epilot("PATCH", f"{path}/steps/{steps['Answer']['id']}", {"status": "COMPLETED"})
    assert (status, step["status"]) == (200, "COMPLETED")
    epilot("PATCH", f"{path}/steps/{steps['Read letter']['id']}", {"status": "SKIPPED", "assignedTo": ["7"]})
    found = epilot("GET", path)[1]
    assert found["nextOpenStep"] == {"id": steps["File letter"]["id"]}
    epilot("PATCH", f"{path}/steps/{steps['File letter']['id']}", {"status": "COMPLETED"})
    found = epilot("GET", path)[1]
    assert (found["status"], found["flow"][0]["status"]) == ("DONE", "COMPLETED")
    assert Instance.objects.get().status == "complete"
    assert epilot("GET", f"{EXECUTIONS}?context=c-1&schema=contact")[1] == [found]
    assert epilot("GET", f"{EXECUTIONS}/nope") == (200, {})
    assert epilot("GET", f"/v2/flows/executions/{execution['id']}")[0] == 404


def test_steps_are_added_moved_and_deleted(epilot: Epilot) -> None:
    execution = begin(epilot, make(epilot))
    path, section = f"{EXECUTIONS}/{execution['id']}", execution["flow"][0]["id"]
    body = {"name": "Stamp letter", "insertionIndex": 1, "sectionId": section}
    status, added = epilot("POST", f"{path}/steps", body)
    assert (status, added["manuallyCreated"], added["sectionId"]) == (201, True, section)
    found = epilot("GET", path)[1]
    assert list(steps_of(found)) == ["Read letter", "Stamp letter", "File letter", "Answer"]
    assert epilot("PATCH", f"{path}/steps/{added['id']}", {"position": {"index": 0, "sectionId": section}})[0] == 200
    assert next(iter(steps_of(epilot("GET", path)[1]))) == "Stamp letter"
    assert epilot("DELETE", f"{path}/steps/{added['id']}") == (204, None)
    assert "Stamp letter" not in steps_of(epilot("GET", path)[1])
    first = {"name": "Open envelope", "insertionIndex": 0, "sectionId": section}
    assert epilot("POST", f"{path}/steps", first)[0] == 201
    for name in ("Open envelope", "Read letter", "File letter", "Answer"):
        step = steps_of(epilot("GET", path)[1])[name]
        assert epilot("PATCH", f"{path}/steps/{step['id']}", {"status": "COMPLETED"})[0] == 200
    assert epilot("GET", path)[1]["status"] == "DONE"


def test_executions_are_updated_found_and_deleted(epilot: Epilot) -> None:
    definition = make(epilot)
    one, two = begin(epilot, definition), begin(epilot, definition)
    path = f"{EXECUTIONS}/{one['id']}"
    assert epilot("PATCH", path, {"assignedTo": ["5"], "dueDate": "2030-01-01"}) == (204, None)
    assert [e["id"] for e in epilot("POST", f"{EXECUTIONS}/search", {"assignedTo": "5"})[1]["executions"]] == [
        one["id"]
    ]
    assert epilot("PATCH", path, {"status": "CLOSED", "closedBy": "9"}) == (204, None)
    assert epilot("GET", path)[1]["status"] == "CLOSED"
    found = epilot("POST", f"{EXECUTIONS}/search", {"name": "compl"})[1]["executions"]
    assert [e["id"] for e in found] == [two["id"]]
    _, steps = epilot("POST", f"{EXECUTIONS}/steps/search", {"status": "NEXT_OPEN_ITEM_IN_WORKFLOW"})
    assert (steps["hits"], steps["results"][0]["name"]) == (1, "Read letter")
    assert epilot("POST", f"{EXECUTIONS}/steps/search", {"pagination": {"from": 1, "size": 1}})[1]["hits"] == 3
    assert epilot("DELETE", path)[0] == 204
    assert epilot("GET", path) == (200, {})


@pytest.mark.parametrize(
    ("body", "message"),
    [({}, "workflowId is required"), ({"workflowId": "x"}, "Workflow definition with id 'x' not found")],
)
def test_a_start_is_refused(epilot: Epilot, body: Json, message: str) -> None:
    assert epilot("POST", EXECUTIONS, body) == (400, {"message": message})


def test_positions_outside_of_sections_count_sections(epilot: Epilot) -> None:
    execution = begin(epilot, make(epilot))
    path = f"{EXECUTIONS}/{execution['id']}"
    letter = execution["flow"][0]["name"]

    def shown() -> list[str]:
        return [entry["name"] for entry in epilot("GET", path)[1]["flow"]]

    def add(name: str, index: int, **more: Any) -> int:
        return int(epilot("POST", f"{path}/steps", {"name": name, "insertionIndex": index, **more})[0])

    assert (add("First", 0), add("Between", 2), add("Last", 9)) == (201, 201, 201)
    assert shown() == ["First", letter, "Between", "Answer", "Last"]
    moved = steps_of(execution)["Read letter"]["id"]
    assert epilot("PATCH", f"{path}/steps/{moved}", {"position": {"index": 4}})[0] == 200
    assert shown() == ["First", letter, "Between", "Answer", "Read letter", "Last"]
    assert (add("Before it", 4), add("After it", 6)) == (201, 201)
    assert shown() == ["First", letter, "Between", "Answer", "Before it", "Read letter", "After it", "Last"]
    gone = steps_of(epilot("GET", path)[1])["First"]["id"]
    assert epilot("DELETE", f"{path}/steps/{gone}")[0] == 204
    assert add("Begin", 0) == 201
    assert shown()[:2] == ["Begin", letter]
    for _ in range(9):
        waiting = epilot("GET", path)[1].get("nextOpenStep")
        if waiting is not None:
            assert epilot("PATCH", f"{path}/steps/{waiting['id']}", {"status": "COMPLETED"})[0] == 200
    assert epilot("GET", path)[1]["status"] == "DONE"
