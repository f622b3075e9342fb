"""Rows of the contract about tasks: requirements on later ones, how long an override lasts, loops in loops, the
summary that entities carry, added tasks, journeys that complete, what is done early.
"""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Environment
from engine.entities.models import AutomationRun, Entity
from engine.models import Instance
from engine.wording import fact_words
from tests.integration.epilot.conftest import Epilot, current, set_attributes, statuses, task_of
from tests.integration.epilot.test_executions import automation, condition, decision, default, manual, template

Json = dict[str, Any]
RUNS = "/v2/flows/executions"


def requires(*ids: str) -> list[Json]:
    return [{"when": "TASK_FINISHED", "task_id": id} for id in ids]


# -- 6.4: requirements ------------------------------------------------------------------------------------------------


def test_a_requirement_on_a_later_task_is_met_by_doing_that_first(epilot: Epilot) -> None:
    tasks = [manual("a", requirements=requires("c")), manual("b"), manual("c")]
    made = epilot.make(template(tasks, "a>b b>c"))
    assert made["tasks"][0]["requirements"] == requires("c")
    run = epilot.start(made)
    assert (current(run), task_of(run, "a")["enabled"]) == ({"a"}, False)
    assert epilot.patch(run, "a", status="COMPLETED") == (400, {"message": "Task is disabled"})
    run = epilot.done(run, "c")
    assert (current(run), task_of(run, "a")["enabled"]) == ({"a"}, True)
    assert current(epilot.done(run, "a")) == {"b"}
    run = epilot.done(run, "b")
    assert (run["status"], set(statuses(run).values())) == ("DONE", {"COMPLETED"})


def test_an_automation_waits_for_a_later_task_and_then_runs(epilot: Epilot) -> None:
    tasks = [automation("a", requirements=requires("b")), manual("b")]
    run = epilot.start(epilot.make(template(tasks, "a>b")))
    assert (statuses(run)["a"], AutomationRun.objects.count()) == ("PENDING", 0)
    run = epilot.done(run, "b")
    assert (run["status"], statuses(run)["a"], AutomationRun.objects.count()) == ("DONE", "COMPLETED", 1)


def test_tasks_that_require_each_other_wait_until_one_is_enabled(epilot: Epilot) -> None:
    tasks = [manual("a", requirements=requires("b")), manual("b", requirements=requires("a"))]
    run = epilot.start(epilot.make(template(tasks)))
    assert [task_of(run, id)["enabled"] for id in "ab"] == [False, False]
    assert epilot.patch(run, "a", enabled=True)[0] == 200
    run = epilot.done(run, "a")
    assert task_of(run, "b")["enabled"] is True
    assert epilot.done(run, "b")["status"] == "DONE"


def test_a_phase_may_require_what_comes_after_it(epilot: Epilot) -> None:
    needs = [{"when": "PHASE_FINISHED", "phase_id": "late"}]
    tasks = [manual("a", requirements=needs), manual("b", phase_id="late"), manual("c", phase_id="late")]
    run = epilot.start(epilot.make(template(tasks, "a>late", phases=[{"id": "late", "name": "Late"}])))
    assert task_of(run, "a")["enabled"] is False
    run = epilot.done(epilot.done(run, "b"), "c")
    assert (run["status"], task_of(run, "a")["enabled"]) == ("STARTED", True)
    assert epilot.done(run, "a")["status"] == "DONE"


def test_a_task_in_a_loop_may_require_what_comes_after_the_loop(epilot: Epilot, environment: Environment) -> None:
    set_attributes(environment, "ent-1", "contract", {"state": "yes"})
    loop = {"loop_branch_id": "again", "exit_branch_id": "exit-loop-d", "max_iterations": 1}
    looping = decision("d", condition("again"), default("exit-loop-d"), loop_config=loop)
    tasks = [manual("a", requirements=requires("z")), looping, manual("z")]
    run = epilot.start(epilot.make(template(tasks, "a>d d>a:again d>z:exit-loop-d")))
    assert task_of(run, "a")["enabled"] is False
    run = epilot.done(run, "z")
    for _ in range(2):
        assert (current(run), task_of(run, "a")["enabled"]) == ({"a"}, True)
        run = epilot.done(run, "a")
    assert (run["status"], set(statuses(run).values())) == ("DONE", {"COMPLETED"})


def test_taking_back_what_was_required_disables_the_task_again(epilot: Epilot) -> None:
    run = epilot.start(epilot.make(template([manual("a", requirements=requires("b")), manual("b")], "a>b")))
    assert epilot.patch(run, "b", status="SKIPPED")[0] == 200
    assert epilot.patch(run, "b", status="PENDING")[0] == 200
    run = epilot.get(run)
    assert task_of(run, "a")["enabled"] is False
    assert epilot.patch(run, "a", status="COMPLETED") == (400, {"message": "Task is disabled"})


def test_an_override_of_enabled_ends_when_the_requirements_change(epilot: Epilot) -> None:
    made = epilot.make(template([manual("a"), manual("b"), manual("c", requirements=requires("a"))]))
    run = epilot.start(made)
    assert epilot.patch(run, "c", enabled=True)[1]["enabled"] is True
    assert task_of(epilot.done(run, "b"), "c")["enabled"] is True  # another task is no requirement of it
    assert task_of(epilot.done(run, "a"), "c")["enabled"] is True
    assert epilot.patch(run, "a", status="PENDING", revert_execution=True)[0] == 200
    assert task_of(epilot.get(run), "c")["enabled"] is False  # the computed value holds again
    run = epilot.start(made)
    assert epilot.patch(run, "c", enabled=False)[1]["enabled"] is False
    assert task_of(epilot.done(run, "a"), "c")["enabled"] is True
    assert epilot.patch(run, "c", enabled=False)[1]["enabled"] is False  # nothing is required any more: it stands
    assert task_of(epilot.done(run, "b"), "c")["enabled"] is False


# -- 6.7: loops -------------------------------------------------------------------------------------------------------


def test_loops_may_lie_in_loops_and_each_round_of_the_outer_one_counts_the_inner_anew(
    epilot: Epilot, environment: Environment
) -> None:
    set_attributes(environment, "ent-1", "contract", {"state": "yes"})

    def looping(id: str, most: int) -> Json:
        branches = (condition(f"again-{id}"), default(f"exit-loop-{id}"))
        loop = {"loop_branch_id": f"again-{id}", "exit_branch_id": f"exit-loop-{id}", "max_iterations": most}
        return decision(id, *branches, loop_config=loop)

    tasks = [manual("a"), manual("b"), looping("inner", 2), manual("c"), looping("outer", 1), manual("z")]
    ways = "a>b b>inner inner>b:again-inner inner>c:exit-loop-inner c>outer outer>a:again-outer outer>z:exit-loop-outer"
    run = epilot.start(epilot.make(template(tasks, ways)))

    def counts() -> dict[str, tuple[int, int]]:
        found = {id: task_of(run, id)["loop_config"] for id in ("a", "b", "inner", "c", "outer")}
        return {id: (loop["max_iterations"], loop["crt_iterations"]) for id, loop in found.items()}

    for outer in (0, 1):
        assert (current(run), statuses(run)["b"], statuses(run)["inner"]) == ({"a"}, "PENDING", "PENDING")
        run = epilot.done(run, "a")
        for inner in (0, 1, 2):
            assert current(run) == {"b"}
            own, around = (2, inner), (1, outer)
            assert counts() == {"a": around, "b": own, "inner": own, "c": around, "outer": around}
            run = epilot.done(run, "b")
        assert (current(run), statuses(run)["inner"]) == ({"c"}, "COMPLETED")
        run = epilot.done(run, "c")
    assert current(run) == {"z"}
    run = epilot.done(run, "z")
    assert (run["status"], set(statuses(run).values())) == ("DONE", {"COMPLETED"})


# -- 6.12: the summary ------------------------------------------------------------------------------------------------


def test_every_field_of_an_entitys_summary(epilot: Epilot) -> None:
    _, reason = epilot("POST", "/v1/workflows/closing-reasons", {"title": "Withdrew"})
    phases = [{"id": "p", "name": "First", "assigned_to": ["9"]}, {"id": "q", "name": "Then"}]
    tasks = [
        manual("a", phase_id="p", assigned_to=["7", "8"], due_date="2030-02-03T00:00:00.000"),
        manual("b", phase_id="p"),
        manual("c", phase_id="q"),
        manual("d", phase_id="q"),
    ]
    more = {"phases": phases, "assigned_to": ["5"], "due_date": "2031-01-01", "closing_reasons": [{"id": reason["id"]}]}
    made = epilot.make(template(tasks, "p>q a>b c>d", **more))
    run = epilot.start(made)

    def summaries() -> Json:
        return dict(Entity.objects.get(key="ent-1").summaries)

    (found,) = summaries()[made["id"]]
    assert summaries()["primary"] == found
    first, task = run["phases"][0], task_of(run, "a")
    assert found == {
        "id": run["id"],
        "definition_id": made["id"],
        "name": "Test flow",
        "status": "STARTED",
        "assignees": ["5"],
        "duedate": "2031-01-01",
        "last_update_time": run["updated_at"],
        "progress": 0,
        "task_id": task["id"],
        "task_name": "A",
        "task_assignees": ["7", "8"],
        "task_duedate": "2030-02-03T00:00:00.000",
        "task_execution_type": "MANUAL",
        "task_status": "PENDING",
        "phase_id": first["id"],
        "phase_name": "First",
        "phase_assignees": ["9"],
        "phase_progress": 0,
        "phases_in_progress": ["First"],
        "selected_closing_reasons": [],
        "closing_reason_description": None,
    }
    run = epilot.done(run, "a")
    (found,) = summaries()[made["id"]]
    assert (found["progress"], found["phase_progress"], found["task_name"]) == (0.25, 0.5, "B")
    assert (found["task_assignees"], found["task_duedate"]) == ([], None)
    run = epilot.done(run, "b")
    (found,) = summaries()[made["id"]]
    assert (found["progress"], found["phase_name"], found["phase_progress"]) == (0.5, "Then", 0)
    assert (found["phases_in_progress"], found["last_update_time"]) == (["Then"], run["updated_at"])
    selected = {"selected_reasons": [{"id": reason["id"], "title": "Withdrew"}], "extra_description": "by phone"}
    closed = epilot("PATCH", f"{RUNS}/{run['id']}", {"status": "CLOSED", "closing_reason": selected})[1]
    (found,) = summaries()[made["id"]]
    assert (found["status"], found["last_update_time"]) == ("CLOSED", closed["updated_at"])
    assert [each["id"] for each in found["selected_closing_reasons"]] == [reason["id"]]
    assert found["closing_reason_description"] == "by phone"
    assert "primary" not in summaries()


def test_the_primary_summary_is_of_the_latest_that_is_active(epilot: Epilot) -> None:
    made, other = (epilot.make(template([manual("a"), manual("b")], "a>b", name=name)) for name in ("One", "Two"))
    one, two = epilot.start(made), epilot.start(other)

    def primary() -> str:
        return str(Entity.objects.get(key="ent-1").summaries["primary"]["id"])

    assert primary() == two["id"]
    epilot.done(one, "a")
    assert primary() == one["id"]
    third = epilot.start(other)
    assert primary() == third["id"]
    assert epilot("PATCH", f"{RUNS}/{third['id']}", {"status": "CLOSED"})[0] == 200
    assert primary() == one["id"]
    assert len(Entity.objects.get(key="ent-1").summaries[other["id"]]) == 2


# -- 8.13, 8.14, 8.16 -------------------------------------------------------------------------------------------------


def test_the_history_says_that_a_task_was_completed_over_a_journey(epilot: Epilot) -> None:
    run = epilot.start(epilot.make(template([manual("a"), manual("b")], "a>b")))
    over = epilot.patch(run, "a", status="COMPLETED", completed_via_journey=True)[1]
    plain = epilot.patch(run, "b", status="COMPLETED", completed_via_journey=False)[1]
    same = {"id", "template_id", "name", "created_at", "updated_at", "analytics"}
    assert {k: v for k, v in over.items() if k not in same} == {k: v for k, v in plain.items() if k not in same}
    facts = {fact.task: fact for fact in Instance.objects.get().facts.filter(type="StepCompleted")}
    said = {task: fact_words(fact.type, fact.data).detail for task, fact in facts.items()}
    assert "over a journey" in said["a"]
    assert "journey" not in said["b"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("TaskCompleted", "PhaseCompleted"),
        ("TaskUpdated", "PhaseMarkedInProgress"),
        ("PhaseCompleted", "CurrTaskChanged"),
        ("PhaseUpdated", "CurrTaskChanged"),
        ("PhaseCompleted", "FlowCompleted"),
        ("TaskCompleted", "FlowCompleted"),
    ],
)
def test_events_of_one_change_come_in_the_order_task_phase_current_task_flow(
    epilot: Epilot, earlier: str, later: str
) -> None:
    """Both write the same attribute; the one that comes last has written it."""
    rules = [
        {
            "trigger": {"event": event},
            "value": {"source": "custom_value", "value": event},
            "target": {"entitySchema": "contract", "entityAttribute": "last"},
        }
        for event in (later, earlier)
    ]
    phases = [{"id": "p", "name": "P"}, {"id": "q", "name": "Q"}]
    tasks = [manual("a", phase_id="p"), manual("b", phase_id="q")]
    run = epilot.start(epilot.make(template(tasks, "p>q", phases=phases, entity_sync=rules)))
    for task in ("a", "b") if later == "FlowCompleted" else ("a",):
        epilot.done(run, task)
    assert Entity.objects.get(key="ent-1").attributes["last"] == later
