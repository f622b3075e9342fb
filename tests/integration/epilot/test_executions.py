"""Executions run in our engine and look as the vendor's clients expect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Environment
from engine.entities.models import Automation, AutomationRun, Entity
from engine.models import Instance
from engine.services.timers import fire_due_timers
from tests.integration.epilot.conftest import Epilot, current, set_attributes, statuses, task_of

Json = dict[str, Any]


def manual(id: str, **more: Any) -> Json:
    return {"id": id, "name": id.upper(), "task_type": "MANUAL", **more}


def automation(id: str, **more: Any) -> Json:
    config = {"action_config": {"type": "do", "config": {}}}
    return {
        "id": id,
        "name": id,
        "task_type": "AUTOMATION",
        "trigger_mode": "automatic",
        "automation_config": config,
    } | more


def edges(text: str) -> list[Json]:
    """`a>b b>c:yes`"""
    found = []
    for number, word in enumerate(text.split()):
        way, _, condition = word.partition(":")
        source, target = way.split(">")
        edge: Json = {"id": f"e{number}", "from_id": source, "to_id": target}
        if condition:
            edge |= {"condition_id": condition} | ({"none_met": True} if condition.startswith("none-met") else {})
        found.append(edge)
    return found


def template(tasks: list[Json], ways: str = "", **more: Any) -> Json:
    return {"name": "Test flow", "tasks": tasks, "edges": edges(ways), **more}


def condition(id: str, attribute: str = "state", value: str = "yes", **statement: Any) -> Json:
    source = {"origin": "trigger", "schema": "contract", "attribute": attribute, "attribute_type": "string"}
    one = {"id": f"s-{id}", "source": source, "operator": "equals", "values": [value], **statement}
    return {"id": id, "branch_name": id, "logical_operator": "AND", "statements": [one]}


def default(id: str) -> Json:
    return {"id": id, "branch_name": "Otherwise", "logical_operator": "AND", "statements": []}


def decision(id: str, *conditions: Json, mode: str = "automatic", **more: Any) -> Json:
    return {"id": id, "name": id, "task_type": "DECISION", "trigger_mode": mode, "conditions": list(conditions), **more}


def test_the_vendors_example_runs(epilot: Epilot, meter: Callable[..., Json], environment: Environment) -> None:
    set_attributes(environment, "ent-1", "contract", {"meter_state": "agreed", "owner": ["7", "8"]})
    execution = epilot.start(meter())
    assert execution["status"] == "STARTED"
    assert current(execution) == {"t-call"}
    assert execution["phases"][0]["status"] == "IN_PROGRESS"
    call = task_of(execution, "t-call")
    assert call["assigned_to"][1]["value"] == ["7", "8"]
    execution = epilot.done(execution, "t-call")
    assert statuses(execution) == {
        "t-call": "COMPLETED",
        "t-ok": "COMPLETED",
        "t-mail": "SCHEDULED",
        "t-letter": "PENDING",
    }
    assert execution["phases"][0]["status"] == "COMPLETED"
    assert [c.get("is_met") for c in task_of(execution, "t-ok")["conditions"]] == [True, None]
    mail = task_of(execution, "t-mail")
    assert mail["schedule"]["schedule_id"]
    path = f"/v2/flows/executions/{execution['id']}/tasks/{mail['id']}/schedule"
    status, found = epilot("POST", f"{path}/run-now")
    assert (status, found["status"]) == (200, "COMPLETED")
    assert found["automation_config"]["execution_status"] == "success"
    execution = epilot.get(execution)
    assert (execution["status"], execution["crt_tasks"]) == ("DONE", [])
    assert epilot("DELETE", path) == (400, {"message": "Task has no schedule"})


def test_none_met_takes_the_default_branch(epilot: Epilot, meter: Callable[..., Json]) -> None:
    execution = epilot.done(epilot.start(meter()), "t-call")
    assert current(execution) == {"t-letter"}


def test_a_schedule_fires_by_itself(epilot: Epilot, meter: Callable[..., Json], environment: Environment) -> None:
    set_attributes(environment, "ent-1", "contract", {"meter_state": "agreed"})
    execution = epilot.done(epilot.start(meter()), "t-call")
    due = datetime.fromisoformat(task_of(execution, "t-mail")["schedule"]["scheduled_at"])
    assert timedelta(hours=1, minutes=59) < due - timezone.now() < timedelta(hours=2, minutes=1)
    fire_due_timers(due + timedelta(seconds=1))
    assert epilot.get(execution)["status"] == "DONE"


def test_a_cancelled_schedule_skips_its_task(
    epilot: Epilot, meter: Callable[..., Json], environment: Environment
) -> None:
    set_attributes(environment, "ent-1", "contract", {"meter_state": "agreed"})
    execution = epilot.done(epilot.start(meter()), "t-call")
    schedule = task_of(execution, "t-mail")["schedule"]["schedule_id"]
    assert epilot("POST", f"/v2/flows/executions/{execution['id']}/schedules/{schedule}")[0] == 204
    assert statuses(epilot.get(execution))["t-mail"] == "SKIPPED"


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, "ATTRIBUTE_MISSING"), ("soon", "ATTRIBUTE_INVALID"), ("2001-01-01", "SCHEDULED_IN_PAST")],
)
def test_a_schedule_that_cannot_be_kept_leaves_the_task_current(
    epilot: Epilot, environment: Environment, value: str | None, code: str
) -> None:
    reference = {"id": "x", "origin": "trigger_entity_attribute", "schema": "contract", "attribute": "d"}
    schedule = {"mode": "relative", "direction": "after", "duration": 1, "unit": "days", "reference": reference}
    made = epilot.make(template([automation("a", schedule=schedule), manual("m")], "a>m"))
    set_attributes(environment, "ent-1", "contract", {"d": value})
    execution = epilot.start(made)
    task = task_of(execution, "a")
    assert (task["status"], current(execution)) == ("PENDING", {"a"})
    assert f'"error_code": "{code}"' in task["schedule"]["error_reason"]
    status, found = epilot("POST", f"/v2/flows/executions/{execution['id']}/tasks/{task['id']}/execute")
    assert (status, found["status"]) == (200, "COMPLETED")


def test_statuses_change_as_the_contract_says(epilot: Epilot) -> None:
    execution = epilot.start(epilot.make(template([manual("a"), manual("b")], "a>b")))
    for status in ("IN_PROGRESS", "ON_HOLD", "IN_PROGRESS", "PENDING", "ON_HOLD", "PENDING", "IN_PROGRESS", "FAILED"):
        code, task = epilot.patch(execution, "a", status=status)
        assert (code, task["status"]) == (200, status)
    assert epilot.patch(execution, "a", status="FAILED")[0] == 200
    code, body = epilot.patch(execution, "a", status="SCHEDULED")
    assert (code, body) == (400, {"message": "Invalid status transition from FAILED to SCHEDULED"})
    code, task = epilot.patch(execution, "a", status="SKIPPED")
    assert task["analytics"]["skipped_by"]
    assert current(epilot.get(execution)) == {"b"}
    assert epilot.patch(execution, "a", status="IN_PROGRESS")[0] == 400
    assert epilot.patch(execution, "a", status="COMPLETED")[1]["status"] == "COMPLETED"
    assert epilot.patch(execution, "a", status="PENDING")[1]["status"] == "PENDING"
    assert current(epilot.get(execution)) == {"b"}


def test_what_is_done_before_its_turn_is_passed(epilot: Epilot) -> None:
    execution = epilot.start(
        epilot.make(template([manual("a"), automation("b"), manual("c"), manual("d")], "a>b b>c c>d"))
    )
    execution = epilot.done(execution, "b")
    execution = epilot.done(execution, "c")
    assert current(execution) == {"a"}
    assert epilot.patch(execution, "c", status="PENDING")[0] == 200
    execution = epilot.done(execution, "a")
    assert (current(execution), statuses(execution)["b"]) == ({"c"}, "COMPLETED")
    assert not AutomationRun.objects.exists()


def test_the_flow_goes_back(epilot: Epilot) -> None:
    execution = epilot.start(epilot.make(template([manual("a"), manual("b"), manual("c")], "a>b b>c")))
    execution = epilot.done(epilot.done(execution, "a"), "b")
    code, task = epilot.patch(execution, "a", status="PENDING", revert_execution=True)
    assert (code, task["status"]) == (200, "PENDING")
    execution = epilot.get(execution)
    assert (current(execution), set(statuses(execution).values())) == ({"a"}, {"PENDING"})
    execution = epilot.done(epilot.done(epilot.done(execution, "a"), "b"), "c")
    assert execution["status"] == "DONE"


def test_a_manual_decision_follows_the_branch_that_is_named(epilot: Epilot) -> None:
    tasks = [decision("d", condition("x"), condition("y"), mode="manual"), manual("a"), manual("b")]
    execution = epilot.start(epilot.make(template(tasks, "d>a:x d>b:y")))
    assert epilot.patch(execution, "d", status="COMPLETED") == (400, {"message": "next_condition_id is required"})
    assert epilot.patch(execution, "d", status="COMPLETED", next_condition_id="z")[0] == 400
    assert current(epilot.done(execution, "d", next_condition_id="y")) == {"b"}


def test_all_branches_that_are_met_run_side_by_side_and_join(epilot: Epilot, environment: Environment) -> None:
    set_attributes(environment, "ent-1", "contract", {"state": "yes"})
    tasks = [decision("d", condition("x"), condition("y"), condition("z", value="no")), *map(manual, "abce")]
    ways = "d>a:x d>b:y d>c:z a>e b>e c>e"
    execution = epilot.start(epilot.make(template(tasks, ways)))
    assert current(execution) == {"a", "b"}
    execution = epilot.done(execution, "a")
    assert current(execution) == {"b"}
    assert current(epilot.done(execution, "b")) == {"e"}
    tasks[0]["allow_parallel_execution"] = False
    assert current(epilot.start(epilot.make(template(tasks, ways)))) == {"a"}


def test_a_loop_goes_round_until_its_limit(epilot: Epilot, environment: Environment) -> None:
    set_attributes(environment, "ent-1", "contract", {"state": "yes"})
    loop = {"loop_branch_id": "again", "exit_branch_id": "exit-loop-d", "max_iterations": 2}
    tasks = [manual("a"), decision("d", condition("again"), default("exit-loop-d"), loop_config=loop), manual("b")]
    made = epilot.make(template(tasks, "a>d d>a:again d>b:exit-loop-d"))
    execution = epilot.start(made)
    for round in (1, 2):
        execution = epilot.done(execution, "a")
        assert (current(execution), statuses(execution)["d"]) == ({"a"}, "PENDING")
        assert task_of(execution, "d")["loop_config"]["crt_iterations"] == round
        assert task_of(execution, "a")["loop_config"] == {"max_iterations": 2, "crt_iterations": round}
    assert current(epilot.done(execution, "a")) == {"b"}
    set_attributes(environment, "ent-1", "contract", {"state": "no"})
    assert current(epilot.done(epilot.start(made), "a")) == {"b"}


def test_requirements_disable_a_task(epilot: Epilot) -> None:
    needs = [{"when": "TASK_FINISHED", "task_id": "a"}]
    made = epilot.make(template([manual("a"), manual("b", requirements=needs)]))
    execution = epilot.start(made)
    assert current(execution) == {"a", "b"}
    assert task_of(execution, "b")["enabled"] is False
    assert epilot.patch(execution, "b", status="COMPLETED") == (400, {"message": "Task is disabled"})
    execution = epilot.done(execution, "a")
    assert task_of(execution, "b")["enabled"] is True
    other = epilot.start(made)
    assert epilot.patch(other, "b", enabled=True)[1]["enabled"] is True
    assert statuses(epilot.done(other, "b"))["b"] == "COMPLETED"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("success", "COMPLETED"),
        ("failed", "FAILED"),
        ("skipped", "SKIPPED"),
        ("cancelled", "SKIPPED"),
        ("hot", "FAILED"),
    ],
)
def test_how_an_automation_ends_shows_on_its_task(epilot: Epilot, outcome: str, status: str) -> None:
    made = epilot.make(template([automation("a", trigger_mode="manual"), manual("b")], "a>b"))
    Automation.objects.update(outcome=outcome)
    execution = epilot.start(made)
    assert statuses(execution)["a"] == "PENDING"
    id = task_of(execution, "a")["id"]
    code, task = epilot("POST", f"/v2/flows/executions/{execution['id']}/tasks/{id}/automation:run")
    assert (code, task["status"], task["automation_config"]["execution_status"]) == (200, status, outcome)
    assert current(epilot.get(execution)) == ({"a"} if status == "FAILED" else {"b"})
    if status == "FAILED":
        Automation.objects.update(outcome="success")
        _, task = epilot("POST", f"/v2/flows/executions/{execution['id']}/tasks/{id}/automation:run")
        assert task["status"] == "COMPLETED"


def test_a_slow_automation_is_reconciled(epilot: Epilot) -> None:
    made = epilot.make(template([automation("a"), manual("b")], "a>b"))
    Automation.objects.update(outcome="slow")
    execution = epilot.start(made)
    task = task_of(execution, "a")
    path = f"/v2/flows/executions/{execution['id']}/tasks/{task['id']}"
    assert (task["status"], task["automation_config"]["execution_status"]) == ("IN_PROGRESS", "in_progress")
    assert epilot("POST", f"{path}/automation:run") == (400, {"message": "Automation is already running"})
    assert current(epilot("POST", f"{path}/reconcile-automation")[1]) == {"a"}
    AutomationRun.objects.update(status="success", output={"entity_id": "e-9"})
    assert current(epilot("POST", f"{path}/reconcile-automation")[1]) == {"b"}


def test_an_execution_is_closed_and_reopened(epilot: Epilot) -> None:
    _, reason = epilot("POST", "/v1/workflows/closing-reasons", {"title": "Withdrew"})
    made = epilot.make(template([manual("a"), manual("b")], "a>b", closing_reasons=[{"id": reason["id"]}]))
    execution = epilot.start(made)
    path = f"/v2/flows/executions/{execution['id']}"
    configured = [{"id": reason["id"], "title": "Withdrew"}]
    assert execution["closing_reason"] == {"configured_reasons": configured}
    wrong = {"status": "CLOSED", "closing_reason": {"selected_reasons": [{"id": "nope", "title": "x"}]}}
    assert epilot("PATCH", path, wrong) == (
        400,
        {"message": "Closing reason 'nope' is not configured for this workflow"},
    )
    closing = {"selected_reasons": configured, "extra_description": "by phone"}
    code, closed = epilot("PATCH", path, {"status": "CLOSED", "closing_reason": closing})
    assert (code, closed["status"], closed["crt_tasks"]) == (200, "CLOSED", [])
    assert closed["closing_reason"]["extra_description"] == "by phone"
    assert closed["analytics"]["closed_by"]
    assert Instance.objects.get().status == "terminated"
    assert epilot.patch(execution, "a", status="COMPLETED") == (400, {"message": "Flow execution is closed"})
    code, again = epilot("PATCH", path, {"status": "STARTED"})
    assert (code, again["status"], current(again)) == (200, "STARTED", {"a"})
    assert "closed_at" not in again["analytics"]
    code, done = epilot("PATCH", path, {"status": "DONE"})
    assert (done["status"], bool(done["analytics"]["completed_at"])) == ("DONE", True)


def test_a_task_is_added(epilot: Epilot) -> None:
    execution = epilot.start(epilot.make(template([manual("a"), manual("b"), manual("c")], "a>b b>c")))
    execution = epilot.done(execution, "a")
    ids = {t["template_id"]: t["id"] for t in execution["tasks"]}
    body = {"previous_task_id": ids["a"], "next_task_id": ids["b"], "task": {"name": "Extra"}}
    code, task = epilot("POST", f"/v2/flows/executions/{execution['id']}/tasks", body)
    assert (code, task["manually_created"], task["status"]) == (201, True, "PENDING")
    execution = epilot.get(execution)
    assert [entry["id"] for entry in execution["crt_tasks"]] == [task["id"]]
    body = {"previous_task_id": ids["b"], "next_task_id": ids["c"], "task": {"name": "Later"}}
    later = epilot("POST", f"/v2/flows/executions/{execution['id']}/tasks", body)[1]
    patch = f"/v2/flows/executions/{execution['id']}/tasks"
    assert epilot("PATCH", f"{patch}/{task['id']}", {"status": "COMPLETED"})[0] == 200
    execution = epilot.done(execution, "b")
    assert [entry["id"] for entry in execution["crt_tasks"]] == [later["id"]]
    assert epilot("PATCH", f"{patch}/{later['id']}", {"status": "COMPLETED"})[0] == 200
    assert epilot.done(execution, "c")["status"] == "DONE"


def test_due_dates(epilot: Epilot) -> None:
    def due(kind: str, unit: str = "days", **more: Any) -> Json:
        return {"duration": 1, "unit": unit, "type": kind, **more}

    tasks = [
        manual("a", due_date_config=due("WORKFLOW_STARTED", "hours")),
        manual("b", due_date_config=due("TASK_FINISHED", task_id="a")),
        manual("c", due_date_config=due("ALL_PRECEDING_TASKS_COMPLETED")),
    ]
    execution = epilot.start(epilot.make(template(tasks, "a>b b>c", due_date_config=due("WORKFLOW_STARTED", "weeks"))))
    assert execution["due_date"].endswith("000") or "Z" not in execution["due_date"]
    assert task_of(execution, "a")["due_date"].endswith("Z")
    assert "due_date" not in task_of(execution, "b")
    execution = epilot.done(execution, "a")
    assert "Z" not in task_of(execution, "b")["due_date"]
    assert "due_date" not in task_of(execution, "c")
    execution = epilot.done(execution, "b")
    floating = task_of(execution, "c")["due_date"]
    assert epilot.patch(execution, "c", due_date=floating)[1]["due_date"] == floating
    assert epilot.patch(execution, "c", due_date="someday") == (400, {"message": "Invalid due_date"})


def test_entities_are_written_back_and_summarized(epilot: Epilot) -> None:
    def rule(event: str, source: str, attribute: str, **filter: str) -> Json:
        trigger: Json = {"event": event} | ({"filter": filter} if filter else {})
        target = {"entitySchema": "contract", "entityAttribute": attribute}
        return {"trigger": trigger, "value": {"source": source}, "target": target}

    rules = [
        rule("FlowStarted", "workflow_name", "flow"),
        rule("TaskCompleted", "task_status", "a_status", task_template_id="a"),
        rule("TaskMarkedInProgress", "task_name", "doing"),
        rule("CurrTaskChanged", "task_name", "current"),
        rule("FlowCompleted", "workflow_status", "state"),
    ]
    execution = epilot.start(epilot.make(template([manual("a"), manual("b")], "a>b", entity_sync=rules)))
    epilot.patch(execution, "a", status="IN_PROGRESS")
    entity = Entity.objects.get(key="ent-1")
    assert entity.attributes == {"flow": "Test flow", "doing": "A", "current": "A"}
    assert entity.summaries["primary"]["task_name"] == "A"
    epilot.done(execution, "a")
    epilot.done(execution, "b")
    entity.refresh_from_db()
    assert entity.attributes == {
        "flow": "Test flow",
        "doing": "A",
        "current": "B",
        "a_status": "COMPLETED",
        "state": "DONE",
    }
    assert "primary" not in entity.summaries
    assert entity.summaries[execution["flow_template_id"]][0]["progress"] == 1
    assert Instance.objects.get().facts.filter(type="EntitySynced").exists()


def test_executions_are_found_by_entity_and_deleted(epilot: Epilot, stranger: Epilot) -> None:
    made = epilot.make(template([manual("a")]))
    one, two = epilot.start(made, "e-1"), epilot.start(made, "e-1")
    wanted = {"entity_id": "e-1", "entity_schema": "contract"}
    found = epilot("POST", "/v2/flows/executions:search", wanted)[1]["results"]
    assert [e["id"] for e in found] == [two["id"], one["id"]]
    assert stranger("POST", "/v2/flows/executions:search", wanted)[1]["results"] == []
    assert stranger("GET", f"/v2/flows/executions/{one['id']}") == (404, {"message": "Flow execution not found"})
    assert epilot("DELETE", f"/v2/flows/executions/{one['id']}?soft=true")[0] == 204
    assert epilot("DELETE", f"/v2/flows/executions/{two['id']}")[0] == 204
    assert epilot("POST", "/v2/flows/executions:search", wanted)[1]["results"] == []
    assert Instance.objects.get().status == "terminated"


def test_purposes_choose_tasks(epilot: Epilot) -> None:
    tasks = [manual("a"), manual("b", taxonomies=["p1"]), manual("c", taxonomies=["p2"]), manual("d")]
    execution = epilot.start(epilot.make(template(tasks, "a>b b>c c>d")), purposes=["p2"])
    assert set(statuses(execution)) == {"a", "c", "d"}
    assert current(epilot.done(execution, "a")) == {"c"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"contexts": []}, "flow_template_id is required"),
        ({"flow_template_id": "nope", "contexts": []}, "Flow template with id 'nope' not found"),
    ],
)
def test_a_start_is_refused(epilot: Epilot, body: Json, message: str) -> None:
    assert epilot("POST", "/v2/flows/executions", body) == (400, {"message": message})


def test_a_start_needs_contexts_and_an_enabled_template(epilot: Epilot) -> None:
    made = epilot.make(template([manual("a")]))
    body = {"flow_template_id": made["id"], "contexts": []}
    assert epilot("POST", "/v2/flows/executions", body) == (400, {"message": "At least one context is required"})
    off = epilot.make(template([manual("a")], enabled=False))
    body = {"flow_template_id": off["id"], "contexts": [{"entity_id": "x", "entity_schema": "y"}]}
    assert epilot("POST", "/v2/flows/executions", body) == (400, {"message": "Workflow is disabled"})


def test_a_template_without_tasks_is_done_at_once(epilot: Epilot) -> None:
    assert epilot.start(epilot.make(template([])))["status"] == "DONE"


def test_phases_are_patched(epilot: Epilot) -> None:
    phases = [{"id": "p", "name": "Phase"}]
    execution = epilot.start(epilot.make(template([manual("a", phase_id="p")], phases=phases)))
    path = f"/v2/flows/executions/{execution['id']}/phases/{execution['phases'][0]['id']}"
    code, phase = epilot("PATCH", path, {"name": "Other", "due_date": "2030-01-01", "assigned_to": ["5"]})
    assert (code, phase["name"], phase["due_date"], phase["assigned_to"]) == (200, "Other", "2030-01-01", ["5"])
