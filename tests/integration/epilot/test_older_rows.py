"""The older API where the other tests do not go: what is written to entities, requirements, due dates, searches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError

from accounts.scope import Scope
from dialects.epilot.models import Execution
from dialects.epilot.running import older
from dialects.epilot.running.older import PAGE
from engine.entities.models import Entity
from engine.models import Instance
from tests.integration.epilot.conftest import Epilot
from tests.integration.epilot.test_older import EXECUTIONS, begin, make, steps_of

Json = dict[str, Any]


def step(name: str, order: int, **more: Any) -> Json:
    return {"type": "STEP", "name": name, "order": order, **more}


def patch(epilot: Epilot, execution: Json, name: str, **changes: Any) -> tuple[int, Any]:
    step = steps_of(execution)[name]
    return epilot("PATCH", f"{EXECUTIONS}/{execution['id']}/steps/{step['id']}", changes)


def test_the_entity_is_told_where_its_execution_stands(epilot: Epilot) -> None:
    rules = [
        {"source": source, "target": {"entitySchema": "contact", "entityAttribute": source}}
        for source in ("workflow_status", "current_section", "current_step")
    ]
    execution = begin(epilot, make(epilot, updateEntityAttributes=rules))
    entity = Entity.objects.get(key="c-1")
    assert entity.attributes["current_step"] == "Read letter"
    assert entity.attributes["current_section"] == "Intake"
    for name in ("Read letter", "File letter"):
        assert patch(epilot, execution, name, status="COMPLETED")[0] == 200
    entity.refresh_from_db()
    assert entity.attributes["current_step"] == "Answer"
    assert patch(epilot, execution, "Answer", status="COMPLETED")[0] == 200
    entity.refresh_from_db()
    assert entity.attributes["workflow_status"] == "DONE"


def test_a_step_waits_for_what_it_requires(epilot: Epilot) -> None:
    needs = [{"definitionId": "one001", "type": "STEP", "condition": "CLOSED"}]
    flow = [step("One", 1, id="one001"), step("Two", 2), step("Three", 3, requirements=needs)]
    execution = begin(epilot, make(epilot, flow=flow))
    names = ("One", "Two", "Three")
    assert [steps_of(execution)[name]["enabled"] for name in names] == [True, True, False]
    assert patch(epilot, execution, "Three", status="COMPLETED") == (400, {"message": "Task is disabled"})
    assert patch(epilot, execution, "One", status="SKIPPED")[0] == 200
    found = epilot("GET", f"{EXECUTIONS}/{execution['id']}")[1]
    assert [steps_of(found)[name]["enabled"] for name in names] == [True, True, True]
    for name in ("Three", "Two"):
        assert patch(epilot, execution, name, status="COMPLETED")[0] == 200
    assert epilot("GET", f"{EXECUTIONS}/{execution['id']}")[1]["status"] == "DONE"


def test_due_dates_count_from_the_start_and_from_steps(epilot: Epilot) -> None:
    def due(condition: str, period: str, **more: Any) -> Json:
        return {"numberOfUnits": 1, "timePeriod": period, "actionTypeCondition": condition, **more}

    flow = [
        step("One", 1, id="one001", dynamicDueDate=due("WORKFLOW_STARTED", "hours")),
        step("Two", 2, dynamicDueDate=due("STEP_CLOSED", "days", stepId="one001")),
    ]
    execution = begin(epilot, make(epilot, flow=flow, dynamicDueDate=due("WORKFLOW_STARTED", "weeks")))
    assert datetime.fromisoformat(execution["dueDate"]).tzinfo is None
    steps = steps_of(execution)
    assert datetime.fromisoformat(steps["One"]["dueDate"]).tzinfo is not None
    assert not steps["Two"].get("dueDate")
    assert patch(epilot, execution, "One", status="COMPLETED")[0] == 200
    found = steps_of(epilot("GET", f"{EXECUTIONS}/{execution['id']}")[1])
    assert datetime.fromisoformat(found["Two"]["dueDate"]).tzinfo is None


def test_null_takes_a_due_date_away_in_the_older_api_too(epilot: Epilot) -> None:
    execution = begin(epilot, make(epilot, flow=[step("One", 1, dueDate="2030-01-01")], dueDate="2030-02-01"))
    path = f"{EXECUTIONS}/{execution['id']}"
    assert (execution["dueDate"], steps_of(execution)["One"]["dueDate"]) == ("2030-02-01", "2030-01-01")
    assert epilot("PATCH", path, {"dueDate": None})[0] == 204
    assert patch(epilot, execution, "One", dueDate=None)[0] == 200
    found = epilot("GET", path)[1]
    assert [each.get("dueDate") for each in (found, steps_of(found)["One"])] == [None, None]


@pytest.mark.parametrize(
    ("sorting", "wanted"),
    [
        ("A_Z", ["Alpha", "Beta", "Gamma"]),
        ("Z_A", ["Gamma", "Beta", "Alpha"]),
        ("DUE_DATE_ASC", ["Gamma", "Alpha", "Beta"]),
        ("DUE_DATE_DESC", ["Beta", "Alpha", "Gamma"]),
        ("TRIGGER_DATE_ASC", ["Beta", "Gamma", "Alpha"]),
        ("TRIGGER_DATE_DESC", ["Alpha", "Gamma", "Beta"]),
    ],
)
def test_executions_and_steps_are_found_in_order(epilot: Epilot, sorting: str, wanted: list[str]) -> None:
    for name, day in (("Beta", 3), ("Gamma", 1), ("Alpha", 2)):
        due = f"2030-01-0{day}"
        begin(epilot, make(epilot, name=name, flow=[step(name, 1, dueDate=due)], dueDate=due))
    found = epilot("POST", f"{EXECUTIONS}/search", {"sorting": sorting})[1]["executions"]
    assert [each["name"] for each in found] == wanted
    found = epilot("POST", f"{EXECUTIONS}/steps/search", {"sorting": sorting})[1]["results"]
    assert [each["name"] for each in found] == wanted


def test_steps_are_found_by_how_they_stand(epilot: Epilot) -> None:
    execution = begin(epilot, make(epilot))
    patch(epilot, execution, "Read letter", status="COMPLETED", assignedTo=["7"])
    epilot("POST", f"{EXECUTIONS}/{execution['id']}/steps", {"name": "Stamp", "insertionIndex": 9})

    def names(**asked: Any) -> list[str]:
        return sorted(each["name"] for each in epilot("POST", f"{EXECUTIONS}/steps/search", asked)[1]["results"])

    assert names(status="COMPLETE") == ["Read letter"]
    assert names(status="OPEN") == ["Answer", "File letter", "Stamp"]
    assert names(manuallyCreated=True) == ["Stamp"]
    assert names(assignedTo="7") == ["Read letter"]
    assert names(stepName="LETTER", executionName="compl") == ["File letter", "Read letter"]
    unknown = {"name": "S", "insertionIndex": 0, "sectionId": "nope"}
    path = f"{EXECUTIONS}/{execution['id']}/steps"
    assert epilot("POST", path, unknown) == (400, {"message": "Section with id 'nope' not found"})


def test_a_definition_that_is_off_is_not_started(epilot: Epilot) -> None:
    made = make(epilot, enabled=False)
    refused = (400, {"message": "Workflow is disabled"})
    assert epilot("POST", EXECUTIONS, {"workflowId": made["id"]}) == refused


def test_a_search_goes_on_behind_executions_that_began_at_the_same_moment(epilot: Epilot) -> None:
    definition = make(epilot)
    begun = [begin(epilot, definition)["id"] for _ in range(PAGE * 2 + 3)]
    for row in Execution.objects.all():  # as if all had begun in one millisecond
        row.document["created_at"] = "2026-03-04T05:06:07.890Z"
        row.save(update_fields=["document"])
    for sorting in ("TRIGGER_DATE_DESC", "TRIGGER_DATE_ASC", "A_Z"):
        found: list[str] = []
        body: Json = {"sorting": sorting}
        while True:
            status, answer = epilot("POST", f"{EXECUTIONS}/search", body)
            assert status == 200
            found += [each["id"] for each in answer["executions"]]
            key = answer.get("lastEvaluatedKey")
            if key is None:
                break
            assert set(key) == {"orgId", "creationTime"}
            assert datetime.fromisoformat(key["creationTime"].replace("Z", "+00:00")[:23]).year == 2026
            body = {"sorting": sorting, "pagination": key}
        assert (len(found), set(found)) == (len(begun), set(begun))


def test_a_search_goes_on_behind_a_moment_that_the_caller_names(epilot: Epilot) -> None:
    definition = make(epilot)
    first, second = begin(epilot, definition), begin(epilot, definition)
    for execution, moment in ((first, "2026-01-01T00:00:00.000Z"), (second, "2026-02-01T00:00:00.000Z")):
        row = Execution.objects.get(key=execution["id"])
        row.document["created_at"] = moment
        row.save(update_fields=["document"])
    wanted = {"pagination": {"orgId": first["orgId"], "creationTime": "2026-02-01T00:00:00.000Z"}}
    found = epilot("POST", f"{EXECUTIONS}/search", wanted)[1]["executions"]
    assert [each["id"] for each in found] == [first["id"]]


def test_an_update_with_who_closed_it_is_one_change(
    epilot: Epilot, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is kept where the machine fails between its parts."""
    execution = begin(epilot, make(epilot))
    whole = {"status": "CLOSED", "closedBy": "77", "completedTime": "2026-03-04T05:06:07.890Z"}

    def fail(*_: Any, **__: Any) -> Any:
        raise OperationalError("the connection was lost")

    with monkeypatch.context() as patched:
        patched.setattr(older, "changing", fail)
        with pytest.raises(OperationalError):
            older.update(scope, execution["id"], dict(whole), user="1")
    assert epilot("GET", f"{EXECUTIONS}/{execution['id']}")[1]["status"] == "STARTED"
    assert Instance.objects.get().status == "waiting"
    assert epilot("PATCH", f"{EXECUTIONS}/{execution['id']}", whole) == (204, None)
    found = epilot("GET", f"{EXECUTIONS}/{execution['id']}")[1]
    assert (found["status"], found["lastModifiedBy"]) == ("CLOSED", "77")
    assert found["completedTime"] == "2026-03-04T05:06:07.890Z"


def test_a_step_that_cannot_be_moved_is_not_completed_either(epilot: Epilot) -> None:
    execution = begin(epilot, make(epilot))
    wrong = {"status": "COMPLETED", "position": {"index": 0, "sectionId": "nope"}}
    refused = (400, {"message": "Section with id 'nope' not found"})
    assert patch(epilot, execution, "Read letter", **wrong) == refused
    found = steps_of(epilot("GET", f"{EXECUTIONS}/{execution['id']}")[1])
    assert found["Read letter"]["status"] == "PENDING"
