"""What runs, row by row where the other tests do not go: moving back out of loops, linear flows, due dates, what is
written at which event, what an automation is handed, and copies whose references stay whole.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Environment
from dialects.epilot.translate.words import key_of
from engine.core.facts import Fact, FactType
from engine.entities.models import Automation, AutomationRun, Entity
from engine.models import Step, Timer
from engine.services.advancing import apply_facts
from tests.integration.epilot.conftest import METER, Epilot, current, set_attributes, statuses, task_of
from tests.integration.epilot.test_executions import (
    automation,
    condition,
    decision,
    default,
    edges,
    manual,
    template,
)
from tests.integration.epilot.test_templates import everything

Json = dict[str, Any]
RUNS = "/v2/flows/executions"


def due(type: str, unit: str = "days", **more: Any) -> Json:
    return {"duration": 1, "unit": unit, "type": type, **more}


# -- back, and round --------------------------------------------------------------------------------------------------


def test_going_back_over_a_loop_starts_its_count_anew(epilot: Epilot, environment: Environment) -> None:
    set_attributes(environment, "ent-1", "contract", {"state": "yes"})
    loop = {"loop_branch_id": "again", "exit_branch_id": "exit-loop-d", "max_iterations": 2}
    looping = decision("d", condition("again"), default("exit-loop-d"), loop_config=loop)
    tasks = [manual("first"), manual("a"), looping, manual("b")]
    run = epilot.start(epilot.make(template(tasks, "first>a a>d d>a:again d>b:exit-loop-d")))
    run = epilot.done(run, "first")
    for _ in range(3):
        run = epilot.done(run, "a")
    assert (current(run), task_of(run, "d")["loop_config"]["crt_iterations"]) == ({"b"}, 2)
    assert epilot.patch(run, "first", status="PENDING", revert_execution=True)[0] == 200
    run = epilot.get(run)
    assert (current(run), set(statuses(run).values())) == ({"first"}, {"PENDING"})
    assert task_of(run, "d")["loop_config"]["crt_iterations"] == 0
    assert task_of(run, "a")["loop_config"]["crt_iterations"] == 0
    run = epilot.done(run, "first")
    for _ in range(3):
        assert current(run) == {"a"}
        run = epilot.done(run, "a")
    assert current(run) == {"b"}


def test_going_back_is_passed_over_where_there_is_no_way_back(epilot: Epilot) -> None:
    run = epilot.start(epilot.make(template([manual("a"), manual("b"), manual("c")], "a>b b>c")))
    run = epilot.done(run, "c")  # ahead of its turn
    for task in ("a", "b", "c"):
        assert epilot.patch(run, task, status="PENDING", revert_execution=True)[0] == 200
        assert current(epilot.get(run)) == {"a"}


def test_going_back_drops_timers_and_may_begin_at_once(epilot: Epilot) -> None:
    schedule = {"mode": "delayed", "duration": 1, "unit": "days"}
    tasks = [manual("a"), automation("later", schedule=schedule)]
    run = epilot.done(epilot.start(epilot.make(template(tasks, "a>later"))), "a")
    assert task_of(run, "later")["schedule"]["schedule_id"]
    assert epilot.patch(run, "a", status="IN_PROGRESS", revert_execution=True)[1]["status"] == "IN_PROGRESS"
    run = epilot.get(run)
    assert (statuses(run), current(run)) == ({"a": "IN_PROGRESS", "later": "PENDING"}, {"a"})
    assert "schedule_id" not in task_of(run, "later")["schedule"]


def test_a_done_flow_is_opened_again_where_it_stood(epilot: Epilot) -> None:
    run = epilot.done(epilot.start(epilot.make(template([manual("a")]))), "a")
    assert run["status"] == "DONE"
    status, again = epilot("PATCH", f"{RUNS}/{run['id']}", {"status": "STARTED"})
    assert (status, again["status"], current(again)) == (200, "STARTED", {"a"})
    assert "completed_at" not in again["analytics"]


def test_in_a_linear_flow_the_order_counts_and_requirements_do_not(epilot: Epilot) -> None:
    needs = [{"when": "TASK_FINISHED", "task_id": "c"}]
    tasks = [manual("a"), manual("b", requirements=needs), manual("c")]
    run = epilot.start(epilot.make(template(tasks, "a>b b>c", linear=True)))
    assert [task_of(run, id)["enabled"] for id in "abc"] == [True, False, False]
    assert epilot.patch(run, "b", status="COMPLETED") == (400, {"message": "Task is disabled"})
    run = epilot.done(run, "a")
    assert [task_of(run, id)["enabled"] for id in "abc"] == [True, True, False]
    assert current(epilot.done(run, "b")) == {"c"}


def test_a_task_waits_for_a_whole_phase(epilot: Epilot) -> None:
    needs = [{"when": "PHASE_FINISHED", "phase_id": "p"}]
    tasks = [manual("a", phase_id="p"), manual("b", phase_id="p"), manual("c", requirements=needs)]
    run = epilot.start(epilot.make(template(tasks, phases=[{"id": "p", "name": "P"}])))
    run = epilot.done(run, "a")
    assert (task_of(run, "c")["enabled"], run["phases"][0]["status"]) == (False, "IN_PROGRESS")
    assert epilot.patch(run, "b", status="SKIPPED")[0] == 200
    run = epilot.get(run)
    assert (task_of(run, "c")["enabled"], run["phases"][0]["status"]) == (True, "COMPLETED")


def test_a_decision_may_be_executed_and_a_manual_one_wants_a_branch(epilot: Epilot, environment: Environment) -> None:
    set_attributes(environment, "ent-1", "contract", {"state": "yes"})
    schedule = {"mode": "delayed", "duration": 1, "unit": "days"}
    for mode, more in (("automatic", {"schedule": schedule}), ("manual", {})):
        tasks = [decision("d", condition("x"), default("none-met-d"), mode=mode, **more), manual("a"), manual("b")]
        run = epilot.start(epilot.make(template(tasks, "d>a:x d>b:none-met-d")))
        assert statuses(run)["d"] == ("SCHEDULED" if more else "PENDING")
        status, body = epilot("POST", f"{RUNS}/{run['id']}/tasks/{task_of(run, 'd')['id']}/execute")
        if mode == "manual":
            assert (status, body) == (400, {"message": "next_condition_id is required"})
            assert epilot.get(run) == run
        else:
            assert (status, body["status"], current(epilot.get(run))) == (200, "COMPLETED", {"a"})


# -- due dates --------------------------------------------------------------------------------------------------------


def test_null_takes_a_due_date_away(epilot: Epilot) -> None:
    phases = [{"id": "p", "name": "P", "due_date": "2030-03-01"}]
    tasks = [manual("a", phase_id="p", due_date="2030-01-01")]
    run = epilot.start(epilot.make(template(tasks, phases=phases, due_date="2030-04-01")))
    path = f"{RUNS}/{run['id']}"
    step = Step.objects.get(task=key_of(task_of(run, "a")["template_id"]))
    assert step.due_at is not None
    for address in (path, f"{path}/tasks/{task_of(run, 'a')['id']}", f"{path}/phases/{run['phases'][0]['id']}"):
        status, told = epilot("PATCH", address, {"due_date": None})
        assert status == 200, told
        assert "due_date" not in told
    run = epilot("GET", path)[1]
    assert [each for each in (run, *run["phases"], *run["tasks"]) if "due_date" in each] == []
    step.refresh_from_db()
    assert step.due_at is None


def test_a_due_date_that_is_moved_or_taken_away_takes_its_timer_along(epilot: Epilot) -> None:
    run = epilot.start(epilot.make(template([manual("a", due_date="2030-01-01")])))
    step = Step.objects.get(task=key_of("a"))

    def due_and_timers() -> tuple[datetime | None, list[datetime]]:
        step.refresh_from_db()
        timers = Timer.objects.filter(instance_id=step.instance_id, task=step.task, purpose="due")
        return step.due_at, [timer.due_at for timer in timers]

    assert due_and_timers() == (step.due_at, [step.due_at])
    for date in ("2031-06-01T12:00:00Z", "2029-06-01T12:00:00Z"):
        assert epilot.patch(run, "a", due_date=date)[0] == 200
        moment = datetime.fromisoformat(date)
        assert due_and_timers() == (moment, [moment])
    apply_facts(step.instance_id, [Fact(FactType.INSTANCE_PAUSE_REQUESTED, timezone.now())], timezone.now())
    later = timezone.now() + timedelta(days=2)
    apply_facts(step.instance_id, [Fact(FactType.INSTANCE_RESUMED, later)], later)
    due_at, timers = due_and_timers()
    assert due_at is not None
    assert due_at - moment >= timedelta(days=1, hours=23)
    assert timers == [due_at]
    for gone, due_at in (("2020-01-01T00:00:00Z", datetime(2020, 1, 1, tzinfo=UTC)), (None, None)):
        assert epilot.patch(run, "a", due_date="2031-06-01T12:00:00Z")[0] == 200
        assert epilot.patch(run, "a", due_date=gone)[0] == 200
        assert due_and_timers() == (due_at, [])


def test_a_scheduled_task_keeps_its_schedule_without_a_due_date(epilot: Epilot) -> None:
    schedule = {"mode": "delayed", "duration": 1, "unit": "days"}
    run = epilot.start(epilot.make(template([automation("later", schedule=schedule, due_date="2030-01-01")])))
    assert epilot.patch(run, "later", due_date="2031-01-01")[0] == 200
    assert sorted(Timer.objects.values_list("purpose", flat=True)) == ["due", "start"]
    assert epilot.patch(run, "later", due_date=None)[0] == 200
    assert list(Timer.objects.values_list("purpose", flat=True)) == ["start"]


def test_due_dates_count_from_phases_and_from_what_goes_before(epilot: Epilot) -> None:
    phases = [
        {"id": "p", "name": "P"},
        {"id": "q", "name": "Q", "due_date_config": due("PHASE_FINISHED", phase_id="p")},
    ]
    tasks = [
        manual("a", phase_id="p"),
        manual("b", phase_id="p"),
        manual("first", phase_id="q", due_date_config=due("A_PRECEDING_TASK_COMPLETED", "hours")),
        manual("said", due_date="2030-01-01", due_date_config=due("TASK_FINISHED", task_id="a")),
    ]
    run = epilot.start(epilot.make(template(tasks, "a>first b>first", phases=phases)))
    assert "due_date" not in task_of(run, "first")
    run = epilot.done(run, "a")
    at = task_of(run, "first")["due_date"]
    assert datetime.fromisoformat(at).tzinfo is not None
    assert "due_date" not in run["phases"][1]
    run = epilot.done(run, "b")
    assert task_of(run, "first")["due_date"] == at
    assert datetime.fromisoformat(run["phases"][1]["due_date"]).tzinfo is None
    assert task_of(run, "said")["due_date"] == "2030-01-01"


# -- what is written at which event -----------------------------------------------------------------------------------

EVENTS = [
    "FlowStarted",
    "FlowCompleted",
    "FlowCancelled",
    "FlowReopened",
    "FlowDeleted",
    "FlowAssigned",
    "FlowDueDateChanged",
    "FlowContextsChanged",
    "TaskUpdated",
    "CurrTaskChanged",
    "TaskCompleted",
    "TaskSkipped",
    "TaskMarkedInProgress",
    "TaskMarkedOnHold",
    "PhaseUpdated",
    "PhaseCompleted",
    "PhaseSkipped",
    "PhaseMarkedInProgress",
]


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_writes(epilot: Epilot, event: str) -> None:
    rule = {
        "trigger": {"event": event},
        "value": {"source": "custom_value", "value": "seen"},
        "target": {"entitySchema": "contract", "entityAttribute": "told"},
    }
    phases = [{"id": "p", "name": "P"}, {"id": "q", "name": "Q"}]
    tasks = [manual("a", phase_id="p"), manual("b", phase_id="q")]
    run = epilot.start(epilot.make(template(tasks, "a>b", phases=phases, entity_sync=[rule])))
    path = f"{RUNS}/{run['id']}"
    contexts = [{"entity_id": "ent-1", "entity_schema": "contract"}]
    match event:
        case "FlowCompleted":
            epilot.done(epilot.done(run, "a"), "b")
        case "FlowCancelled" | "FlowReopened":
            assert epilot("PATCH", path, {"status": "CLOSED"})[0] == 200
            assert event == "FlowCancelled" or epilot("PATCH", path, {"status": "STARTED"})[0] == 200
        case "FlowDeleted":
            assert epilot("DELETE", path)[0] == 204
        case "FlowAssigned" | "FlowDueDateChanged" | "FlowContextsChanged":
            change = {"FlowAssigned": {"assigned_to": ["7"]}, "FlowDueDateChanged": {"due_date": "2030-01-01"}}
            assert epilot("PATCH", path, change.get(event, {"contexts": contexts}))[0] == 200
        case "TaskUpdated":
            assert epilot.patch(run, "b", name="Other")[0] == 200
        case "TaskCompleted" | "PhaseCompleted" | "PhaseUpdated":
            epilot.done(run, "a")
        case "TaskSkipped" | "PhaseSkipped":
            assert epilot.patch(run, "a", status="SKIPPED")[0] == 200
        case "TaskMarkedInProgress" | "TaskMarkedOnHold":
            wanted = "ON_HOLD" if event == "TaskMarkedOnHold" else "IN_PROGRESS"
            assert epilot.patch(run, "a", status=wanted)[0] == 200
        case _:
            assert event in ("FlowStarted", "CurrTaskChanged", "PhaseMarkedInProgress")
    assert Entity.objects.get(key="ent-1").attributes.get("told") == "seen"


SOURCES = {
    "workflow_name": "Test flow",
    "workflow_status": "STARTED",
    "workflow_assigned_to": "1,2",
    "task_name": "A",
    "task_status": "COMPLETED",
    "task_assigned_to": "3",
    "phase_name": "P",
    "phase_status": "IN_PROGRESS",
    "phase_assigned_to": "4",
    "custom_value": "said",
}


def test_each_source_is_written_to_every_entity_of_the_schema(epilot: Epilot) -> None:
    rules = [
        {
            "trigger": {"event": "TaskCompleted", "filter": {"task_template_id": "a"}},
            "value": {"source": source} | ({"value": "said"} if source == "custom_value" else {}),
            "target": {"entitySchema": "contract", "entityAttribute": source},
        }
        for source in SOURCES
    ]
    phases = [{"id": "p", "name": "P", "assigned_to": ["4"]}]
    tasks = [manual("a", phase_id="p", assigned_to=["3"]), manual("b", phase_id="p")]
    more = {"phases": phases, "entity_sync": rules, "assigned_to": ["1", "2"]}
    made = epilot.make(template(tasks, "a>b", **more))
    contexts = [{"entity_id": id, "entity_schema": schema} for id, schema in (("x", "contract"), ("y", "contact"))]
    contexts.append({"entity_id": "z", "entity_schema": "contract"})
    status, run = epilot("POST", RUNS, {"flow_template_id": made["id"], "contexts": contexts})
    assert status == 201
    epilot.done(run, "a")
    found = {entity.key: entity.attributes for entity in Entity.objects.all()}
    assert found == {"x": SOURCES, "z": SOURCES, "y": {}}


# -- automations and copies -------------------------------------------------------------------------------------------


def test_an_automation_is_handed_the_entity_that_its_input_names(epilot: Epilot) -> None:
    first, second, third = automation("one"), automation("two"), automation("three")
    second["automation_config"] = {**second["automation_config"], "input_context": {"source": "task", "task_id": "one"}}
    third["automation_config"] = {**third["automation_config"], "input_context": {"source": "trigger"}}
    made = epilot.make(template([manual("m"), first, second, third], "m>one one>two two>three"))
    config = task_of({"tasks": [{**t, "template_id": t["id"]} for t in made["tasks"]]}, "one")["automation_config"]
    Automation.objects.filter(key=config["flow_id"]).update(output={"entity_id": "made-9"})
    run = epilot.done(epilot.start(made), "m")
    assert run["status"] == "DONE"
    handed = {one.task: one.entity_key for one in AutomationRun.objects.all()}
    assert handed == {"one": "ent-1", "two": "made-9", "three": "ent-1"}


def test_an_update_deletes_the_automations_of_removed_tasks(epilot: Epilot) -> None:
    made = epilot.make(template([manual("a"), automation("b")], "a>b"))
    other = epilot.make(template([automation("c")]))
    gone, kept = (m["tasks"][-1]["automation_config"]["flow_id"] for m in (made, other))
    body = {**made, "tasks": made["tasks"][:1], "edges": []}
    assert epilot("PUT", f"/v2/flows/templates/{made['id']}", body)[0] == 200
    assert list(Automation.objects.values_list("key", flat=True)) == [kept]
    assert gone != kept


def test_an_update_touches_no_running_execution(epilot: Epilot) -> None:
    made = epilot.make(template([manual("a"), manual("b")], "a>b"))
    run = epilot.start(made)
    body = {**made, "name": "Another", "tasks": made["tasks"][:1], "edges": []}
    assert epilot("PUT", f"/v2/flows/templates/{made['id']}", body)[0] == 200
    assert epilot.get(run) == run
    assert epilot("DELETE", f"/v2/flows/templates/{made['id']}")[0] == 204
    assert current(epilot.done(run, "a")) == {"b"}


def test_a_copy_names_its_own_parts_everywhere(epilot: Epilot, stranger: Epilot) -> None:
    reason = epilot("POST", "/v1/workflows/closing-reasons", {"title": "Withdrew"})[1]["id"]
    sent = everything(reason)
    sent["tasks"][2]["schedule"] = {
        "mode": "relative",
        "direction": "after",
        "duration": 1,
        "unit": "days",
        "reference": {"id": "m1", "origin": "task_completed"},
    }
    sent["tasks"][4]["due_date_config"] = due("TASK_FINISHED", task_id="m1")
    made = epilot.make(sent)
    copy = epilot("POST", f"/v2/flows/templates/{made['id']}/duplicate")[1]
    export = epilot("GET", f"/v2/flows/templates/{made['id']}/export")[1]
    status, answer = stranger("POST", "/v2/flows/templates/import", export)
    assert status == 201, answer
    for other in (copy, answer["flow"]):
        old = {n["id"] for kind in ("tasks", "phases", "edges") for n in made[kind]}
        old |= {c["id"] for c in made["tasks"][2]["conditions"]}
        assert not old & set(_texts({k: other[k] for k in ("tasks", "phases", "edges", "entity_sync")}))
        ids = {**_ids(made, other, "tasks"), **_ids(made, other, "phases")}
        ids |= {
            a["id"]: b["id"]
            for a, b in zip(made["tasks"][2]["conditions"], other["tasks"][2]["conditions"], strict=True)
        }
        for kind, name in (("due_date_config", "task_id"), ("schedule", "reference")):
            assert str(ids["m1"]) in str(other["tasks"][4 if name == "task_id" else 2][kind][name])
        assert other["tasks"][1]["automation_config"].get("input_context", {}).get("task_id") == ids["m1"]
        assert [r.get("task_id") or r["phase_id"] for r in other["tasks"][2]["requirements"]] == [ids["p1"], ids["m1"]]
        loop = other["tasks"][2]["loop_config"]
        assert (loop["loop_branch_id"], loop["exit_branch_id"]) == (ids["again"], ids["none-met-d1"])
        assert other["entity_sync"][0]["trigger"]["filter"] == {"task_template_id": ids["m1"]}
        assert other["phases"][1]["due_date_config"]["phase_id"] == ids["p1"]
        ends = [(e["from_id"], e.get("to_id"), e.get("condition_id")) for e in made["edges"]]
        wanted = [tuple(ids.get(end, end) if end else end for end in edge) for edge in ends]
        assert [(e["from_id"], e.get("to_id"), e.get("condition_id")) for e in other["edges"]] == wanted
    assert made["closing_reasons"] == copy["closing_reasons"]


def _ids(made: Json, other: Json, kind: str) -> dict[str, str]:
    return {a["id"]: b["id"] for a, b in zip(made[kind], other[kind], strict=True)}


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for name, entry in value.items() if name not in ("name", "branch_name") for text in _texts(entry)]
    if isinstance(value, list):
        return [text for entry in value for text in _texts(entry)]
    return [value] if isinstance(value, str) else []


def test_a_flag_of_the_answers_and_the_number_of_a_version_are_normalized(epilot: Epilot) -> None:
    body = deepcopy(METER)
    body["tasks"][0]["assigned_to"] = [{"variable": "{{entity.owner}}", "value": "7"}]
    made = epilot.make(body, version=2)
    assert (made["version"], made["tasks"][0]["assigned_to"][0]["value"]) == ("v2", ["7"])
    for ways, tasks, wanted in (("a>b", "ab", "v2"), ("a>b a>c", "abc", "v3")):
        plain = {"name": "Plain", "tasks": [manual(id) for id in tasks], "edges": edges(ways)}
        assert epilot.make(plain)["version"] == wanted
