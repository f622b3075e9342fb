"""The rest of the contract's rows: updates, imports, both generations, what runs, other people's ids, limits."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from accounts.models import ApiKey, Environment
from accounts.roles import ApiScope
from designer.models import Flow
from tests.integration.epilot.conftest import METER, Epilot, task_of
from tests.integration.epilot.test_bad_input import LOOP, ROWS, SYNC, WORDS, changed, due
from tests.integration.epilot.test_executions import condition, default, edges, manual, template
from tests.integration.epilot.test_older import COMPLAINT, EXECUTIONS, begin, make

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

# -- the table's rows at the other doors of a template ----------------------------------------------------------------


@pytest.mark.parametrize(("path", "value", "message"), ROWS)
def test_an_update_is_refused_and_changes_nothing(epilot: Epilot, path: str, value: Any, message: str) -> None:
    made = epilot.make(METER)
    at = f"{TEMPLATES}/{made['id']}"
    assert epilot("PUT", at, changed(path, value)) == (400, {"message": message})
    assert epilot("GET", at) == (200, made)


@pytest.mark.parametrize(("path", "value", "message"), ROWS)
def test_an_import_is_refused_and_stores_nothing(epilot: Epilot, path: str, value: Any, message: str) -> None:
    status, body = epilot("POST", f"{TEMPLATES}/import", changed(path, value))
    assert (status, body["message"]) == (400, message)
    assert not Flow.objects.exists()


MORE: list[tuple[str, Any, str]] = [
    ("tasks.0.description", {"value": 7}, f"{WORDS}tasks[0].description.value must be a string"),
    ("tasks.1.conditions.0.branch_name", "x" * 256, f"{WORDS}tasks[1].conditions[0].branch_name is too long"),
    ("tasks.1.conditions.0.statements.0.operator", "like", f"{WORDS}tasks[1].conditions[0].statements[0].operator"),
    ("tasks.1.conditions.0.logical_operator", "XOR", f"{WORDS}tasks[1].conditions[0].logical_operator must be one of"),
    ("tasks.2.schedule.unit", "fortnights", f"{WORDS}tasks[2].schedule.unit must be one of minutes, hours, days"),
    ("trigger.type", "clock", f"{WORDS}trigger.type must be one of"),
    ("trigger", {"type": "journey_submission"}, f"{WORDS}trigger.journey_id is required"),
    ("tasks.0.due_date_config", due(type="NEVER"), f"{WORDS}tasks[0].due_date_config.type must be one of"),
    ("tasks.0.due_date_config", due(unit="x"), f"{WORDS}tasks[0].due_date_config.unit must be one of"),
    ("entity_sync", [{**SYNC, "trigger": {"event": "Never"}}], f"{WORDS}entity_sync[0].trigger.event must be one of"),
    ("entity_sync", [{**SYNC, "value": {"source": "x"}}], f"{WORDS}entity_sync[0].value.source must be one of"),
    ("edges.0.from_id", None, f"{WORDS}edges[0].from_id is required"),
    ("phases.0.name", None, f"{WORDS}phases[0].name is required"),
    (
        "tasks.0.requirements",
        [{"when": "PHASE_FINISHED", "phase_id": "nope"}],
        "tasks[0].requirements[0] references unknown task or phase 'nope'",
    ),
    (
        "tasks.0.due_date_config",
        due(type="PHASE_FINISHED", phase_id="nope"),
        "tasks[0].due_date_config references unknown task or phase 'nope'",
    ),
    (
        "phases.0.due_date_config",
        due(task_id="nope"),
        "phases[0].due_date_config references unknown task or phase 'nope'",
    ),
    ("due_date_config", due(task_id="nope"), "due_date_config references unknown task or phase 'nope'"),
    (
        "entity_sync",
        [{**SYNC, "trigger": {"event": "PhaseCompleted", "filter": {"phase_template_id": "nope"}}}],
        "entity_sync[0].trigger.filter references unknown task or phase 'nope'",
    ),
    ("tasks.2.schedule", {**RELATIVE, "duration": 0}, "tasks[2].schedule.duration must be at least 1"),
    (
        "tasks.2.schedule",
        {**RELATIVE, "reference": {"id": "nope", "origin": "task_completed"}},
        "tasks[2].schedule.reference references unknown task or phase 'nope'",
    ),
    ("phases.0.due_date_config", due(duration=0), "phases[0].due_date_config.duration must be at least 1"),
    ("due_date_config", due(duration=0), "due_date_config.duration must be at least 1"),
    ("tasks.1.loop_config", {**LOOP, "exit_branch_id": "nope"}, "Invalid loop configuration of 'Date agreed?'"),
    (
        "tasks.2.schedule",
        {**RELATIVE, "duration": 1_000_000},
        "tasks[2].schedule.duration must be a whole number of days, and no more than 100 years",
    ),
    (
        "phases.0.due_date_config",
        due(duration=1.5),
        "phases[0].due_date_config.duration must be a whole number of days, and no more than 100 years",
    ),
    ("due_date", "someday", "Invalid due_date"),
    ("due_date", "{{ now }}", "Invalid due_date"),
    ("due_date", "0001-01-01T00:00:00+14:00", "Invalid due_date"),
    ("tasks.0.due_date", "someday", "Invalid due_date"),
    ("phases.0.due_date", "someday", "Invalid due_date"),
]


@pytest.mark.parametrize(("path", "value", "message"), MORE)
def test_a_template_is_refused_in_the_rows_other_places(epilot: Epilot, path: str, value: Any, message: str) -> None:
    status, body = epilot("POST", TEMPLATES, changed(path, value))
    assert status == 400
    assert body == {"message": body["message"]}
    assert body["message"].startswith(message)
    assert not Flow.objects.exists()


def test_fields_of_the_server_and_unknown_ones_are_passed_over(epilot: Epilot) -> None:
    made = epilot.make(METER, id="mine", org_id="0", created_at="never", limit_warnings=7, colour="red", version=3)
    assert made["id"] != "mine"
    assert (made["version"], "colour" in made, "limit_warnings" in made) == ("v3", False, False)


def many(kind: str) -> Json:
    """A template that is beyond one soft limit."""
    body: Json = template([manual("a")])
    if kind == "errors.max_phases":
        body["phases"] = [{"id": f"p{n}", "name": f"P{n}"} for n in range(31)]
    elif kind == "errors.max_edges":
        ways = " ".join(f"a{i}>b{j}" for i in range(21) for j in range(20))
        body = template([manual(f"{side}{n}") for side in "ab" for n in range(21)], ways)
    elif kind == "errors.task_max_incoming_edges":
        tasks = [manual("z"), *(manual(f"a{n}") for n in range(21))]
        body = template(tasks, " ".join(f"a{n}>z" for n in range(21)))
    elif kind == "errors.max_entity_sync_rules":
        body["entity_sync"] = [SYNC] * 51
    else:
        decision: Json = {"id": "d", "name": "D", "task_type": "DECISION", "trigger_mode": "automatic"}
        one, other = condition("c"), default("none-met-d")
        ways = "d>a:c"
        if kind == "errors.decision_max_branches":
            decision["conditions"] = [condition(f"c{n}") for n in range(21)]
            ways = "d>a:c0"
        elif kind == "errors.branch_max_statements":
            one["statements"] = [{**one["statements"][0], "id": f"s{n}"} for n in range(21)]
            decision["conditions"] = [one, other]
        else:
            decision["conditions"] = [one, other]
            loop = {"loop_branch_id": "c", "exit_branch_id": "none-met-d", "max_iterations": 11}
            decision["loop_config"] = loop
            return {"name": "Loop", "tasks": [manual("a"), decision], "edges": edges("a>d d>a:c")}
        body["tasks"], body["edges"] = [manual("a"), decision], edges(ways)
    return body


@pytest.mark.parametrize(
    "kind",
    [
        "errors.max_phases",
        "errors.max_edges",
        "errors.task_max_incoming_edges",
        "errors.decision_max_branches",
        "errors.branch_max_statements",
        "errors.max_entity_sync_rules",
        "errors.loop_max_iterations",
    ],
)
def test_each_soft_limit_warns_and_refuses_only_when_asked_to(epilot: Epilot, kind: str) -> None:
    body = many(kind)
    status, refused = epilot("POST", f"{TEMPLATES}?enforce_limits=true", body)
    assert (status, set(refused)) == (400, {"message"})
    assert not Flow.objects.exists()
    status, made = epilot("POST", TEMPLATES, body)
    assert status == 201, made
    assert kind in {warning["i18nKey"] for warning in made["limit_warnings"]}


# -- definitions, closing reasons, searches ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None}, f"{WORDS}name is required"),
        ({"flow": None}, f"{WORDS}flow is required"),
        ({"flow": "x"}, f"{WORDS}flow must be an array"),
        ({"flow": [{"type": "STEP", "name": "S"}]}, f"{WORDS}flow[0].order is required"),
        ({"flow": [{"type": "X", "name": "S", "order": 1}]}, f"{WORDS}flow[0].type must be one of STEP, SECTION"),
        ({"flow": [{"type": "SECTION", "name": "S", "order": 1}]}, f"{WORDS}flow[0].steps is required"),
        (
            {"dynamicDueDate": {"numberOfUnits": 0, "timePeriod": "days", "actionTypeCondition": "WORKFLOW_STARTED"}},
            "dynamicDueDate.numberOfUnits must be at least 1",
        ),
        ({"closingReasons": [{"id": "nope"}]}, "Closing reason with id 'nope' not found"),
    ],
)
def test_a_definition_is_refused(epilot: Epilot, change: Json, message: str) -> None:
    body = {name: value for name, value in {**deepcopy(COMPLAINT), **change}.items() if value is not None}
    assert epilot("POST", DEFINITIONS, body) == (400, {"message": message})
    assert not Flow.objects.exists()
    made = make(epilot)
    assert epilot("PUT", f"{DEFINITIONS}/{made['id']}", body) == (400, {"message": message})
    assert epilot("GET", f"{DEFINITIONS}/{made['id']}") == (200, made)


def test_a_closing_reason_is_refused(epilot: Epilot) -> None:
    assert epilot("POST", REASONS, {}) == (400, {"message": f"{WORDS}title is required"})
    wrong = f"{WORDS}status must be one of ACTIVE, INACTIVE"
    assert epilot("POST", REASONS, {"title": "T", "status": "MAYBE"}) == (400, {"message": wrong})
    made = epilot("POST", REASONS, {"title": "T"})[1]
    assert epilot("PATCH", f"{REASONS}/{made['id']}", {}) == (400, {"message": f"{WORDS}status is required"})
    assert epilot("PATCH", f"{REASONS}/{made['id']}", {"status": "MAYBE"}) == (400, {"message": wrong})
    assert epilot("PATCH", f"/v2/workflows/closing-reasons/{made['id']}", {"status": "x"}) == (400, {"message": wrong})
    definition = make(epilot)
    path = f"{DEFINITIONS}/{definition['id']}/closing-reasons"
    assert epilot("PATCH", path, {}) == (400, {"message": f"{WORDS}reasons is required"})
    assert epilot("PATCH", path, {"reasons": [{}]}) == (400, {"message": f"{WORDS}reasons[0].id is required"})
    unknown = (400, {"message": "Closing reason with id 'nope' not found"})
    assert epilot("PATCH", path, {"reasons": [{"id": "nope"}]}) == unknown


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (f"{TEMPLATES}:search", {"size": 251}, "size must be at most 250"),
        (f"{TEMPLATES}:search", {"from": -1}, "from must be at least 0"),
        (f"{TEMPLATES}:search", {"sort_by": "x"}, f"{WORDS}sort_by must be one of created_at, updated_at"),
        (f"{TEMPLATES}:search", {"sort_order": "x"}, f"{WORDS}sort_order must be one of asc, desc"),
        (f"{TEMPLATES}:search", {"trigger_type": "x"}, f"{WORDS}trigger_type must be one of"),
        (f"{TEMPLATES}:search", {"enabled": "yes"}, f"{WORDS}enabled must be"),
        (f"{RUNS}:search", {"entity_schema": "a"}, f"{WORDS}entity_id is required"),
        (f"{RUNS}:search", {"entity_id": "a"}, f"{WORDS}entity_schema is required"),
        (f"{EXECUTIONS}/search", {"sorting": "B_Y"}, f"{WORDS}sorting must be one of A_Z, Z_A"),
        (f"{EXECUTIONS}/search", {"status": "x"}, f"{WORDS}status must be one of"),
        (f"{EXECUTIONS}/steps/search", {"status": "MAYBE"}, f"{WORDS}status must be one of OPEN, COMPLETE"),
        (f"{EXECUTIONS}/steps/search", [], "Invalid request body"),
    ],
)
def test_a_search_is_refused(epilot: Epilot, path: str, body: Any, message: str) -> None:
    status, found = epilot("POST", path, body)
    assert status == 400
    assert found == {"message": found["message"]}
    assert found["message"].startswith(message)


# -- what runs --------------------------------------------------------------------------------------------------------


def configured(epilot: Epilot, **more: Any) -> tuple[Json, list[str]]:
    """An execution whose template offers two reasons, and their ids."""
    ids = [epilot("POST", REASONS, {"title": title})[1]["id"] for title in ("Moved", "Withdrew")]
    body = template([manual("a"), manual("b")], "a>b", closing_reasons=[{"id": id} for id in ids], **more)
    return epilot.start(epilot.make(body)), ids


def closing(*ids: str) -> Json:
    return {"status": "CLOSED", "closing_reason": {"selected_reasons": [{"id": id} for id in ids]}}


def test_closing_reasons_of_an_execution_are_checked(epilot: Epilot) -> None:
    single, ids = configured(epilot, singleClosingReasonSelection=True)
    path = f"{RUNS}/{single['id']}"
    one = (400, {"message": "Only one closing reason can be selected"})
    assert epilot("PATCH", path, closing(*ids)) == one
    other = (400, {"message": "Closing reason 'nope' is not configured for this workflow"})
    assert epilot("PATCH", path, closing("nope")) == other
    assert epilot.get(single)["status"] == "STARTED"
    status, closed = epilot("PATCH", path, closing(ids[0]))
    assert (status, closed["status"]) == (200, "CLOSED")


def test_an_execution_is_patched_with_what_fits_only(epilot: Epilot) -> None:
    phases = [{"id": "p", "name": "Phase"}]
    run = epilot.start(epilot.make(template([manual("a", phase_id="p"), manual("b")], "a>b", phases=phases)))
    path = f"{RUNS}/{run['id']}"
    places = [path, f"{path}/tasks/{task_of(run, 'a')['id']}", f"{path}/phases/{run['phases'][0]['id']}"]
    for place in places:
        for date in ("someday", "2030-02-30", "9999-12-31T23:59:59-12:00"):
            assert epilot("PATCH", place, {"due_date": date}) == (400, {"message": "Invalid due_date"})
        zero = {"due_date_config": due(type="WORKFLOW_STARTED", duration=0)}
        assert epilot("PATCH", place, zero) == (400, {"message": "due_date_config.duration must be at least 1"})
        for gone in ({"task_id": "nope"}, {"phase_id": "nope"}):
            message = "due_date_config references unknown task or phase 'nope'"
            wrong = {"due_date_config": due(type="TASK_FINISHED", **gone)}
            assert epilot("PATCH", place, wrong) == (400, {"message": message})
        assert epilot("PATCH", place, b"[]") == (400, {"message": "Invalid request body"})
    assert epilot("PATCH", path, {"status": "GONE"})[1]["message"].startswith(f"{WORDS}status must be one of STARTED")
    assert epilot.patch(run, "a", status="GONE")[1]["message"].startswith(f"{WORDS}status must be one of PENDING")
    assert epilot("PATCH", path, {"contexts": []}) == (400, {"message": "At least one context is required"})
    added = {"previous_task_id": task_of(run, "a")["id"], "next_task_id": task_of(run, "b")["id"]}
    late = {"name": "Late", "due_date_config": due(type="TASK_FINISHED", task_id="nope")}
    assert epilot("POST", f"{path}/tasks", {**added, "task": late})[0] == 400
    assert epilot.get(run) == run
    for id in ("b", task_of(run, "b")["id"]):  # a task by either of its ids
        known = {"due_date_config": due(type="TASK_FINISHED", task_id=id)}
        assert epilot("PATCH", places[1], known)[0] == 200


def test_a_start_names_entities(epilot: Epilot) -> None:
    made = epilot.make(METER)
    for context, field in (({"entity_schema": "a"}, "entity_id"), ({"entity_id": "a"}, "entity_schema")):
        body = {"flow_template_id": made["id"], "contexts": [context]}
        assert epilot("POST", RUNS, body) == (400, {"message": f"{WORDS}contexts[0].{field} is required"})


def test_tasks_without_automation_or_schedule_say_so(epilot: Epilot) -> None:
    run = epilot.start(epilot.make(template([manual("a"), manual("b")], "a>b")))
    path = f"{RUNS}/{run['id']}/tasks/{task_of(run, 'a')['id']}"
    none = (400, {"message": "Task has no automation configured"})
    assert epilot("POST", f"{path}/automation:run") == none
    assert epilot("POST", f"{path}/schedule/run-now") == (400, {"message": "Task has no schedule"})
    assert epilot("DELETE", f"{path}/schedule") == (400, {"message": "Task has no schedule"})


@pytest.mark.parametrize("door", ["patch", "execute", "automation:run", "schedule/run-now", "schedule", "reconcile"])
def test_an_unknown_task_and_an_unknown_execution_are_not_found(epilot: Epilot, stranger: Epilot, door: str) -> None:
    run = epilot.start(epilot.make(METER))
    task = task_of(run, "t-call")["id"]

    def ask(program: Epilot, execution: str, task: str) -> tuple[int, Any]:
        path = f"{RUNS}/{execution}/tasks/{task}"
        if door == "patch":
            return program("PATCH", path, {"status": "COMPLETED"})
        if door == "schedule":
            return program("DELETE", f"{path}/schedule")
        return program("POST", f"{path}/{'reconcile-automation' if door == 'reconcile' else door}")

    gone = (404, {"message": "Flow execution not found"})
    assert ask(epilot, run["id"], "nope") == (404, {"message": "Task not found"})
    assert ask(epilot, "nope", task) == gone
    assert ask(stranger, run["id"], task) == gone
    assert epilot.get(run) == run


FOREIGN: list[tuple[str, str, Any, str]] = [
    ("GET", f"{RUNS}/{{run}}", None, "Flow execution not found"),
    ("PATCH", f"{RUNS}/{{run}}", {"status": "CLOSED"}, "Flow execution not found"),
    ("DELETE", f"{RUNS}/{{run}}", None, "Flow execution not found"),
    ("PATCH", f"{RUNS}/{{run}}/phases/{{phase}}", {"name": "x"}, "Flow execution not found"),
    ("POST", f"{RUNS}/{{run}}/schedules/any", None, "Flow execution not found"),
    (
        "POST",
        f"{RUNS}/{{run}}/tasks",
        {"previous_task_id": "a", "next_task_id": "b", "task": {"name": "T"}},
        "Flow execution not found",
    ),
    ("GET", f"{TEMPLATES}/{{flow}}", None, "Definition with id '{flow}' not found"),
    ("PUT", f"{TEMPLATES}/{{flow}}", METER, "Definition with id '{flow}' not found"),
    ("DELETE", f"{TEMPLATES}/{{flow}}", None, "Definition with id '{flow}' not found"),
    ("GET", f"{TEMPLATES}/{{flow}}/export", None, "Definition with id '{flow}' not found"),
    ("POST", f"{TEMPLATES}/{{flow}}/duplicate", None, "Definition with id '{flow}' not found"),
    ("GET", f"{DEFINITIONS}/{{old}}", None, "Definition with id '{old}' not found"),
    ("PUT", f"{DEFINITIONS}/{{old}}", COMPLAINT, "Definition with id '{old}' not found"),
    ("DELETE", f"{DEFINITIONS}/{{old}}", None, "Definition with id '{old}' not found"),
    ("GET", f"{DEFINITIONS}/{{old}}/closing-reasons", None, "Definition with id '{old}' not found"),
    ("PATCH", f"{DEFINITIONS}/{{old}}/closing-reasons", {"reasons": []}, "Definition with id '{old}' not found"),
    ("GET", "/v2/workflows/closing-reasons/{reason}", None, "Closing reason with id '{reason}' not found"),
    ("PATCH", "/v2/workflows/closing-reasons/{reason}", {"title": "x"}, "Closing reason with id '{reason}' not found"),
    ("DELETE", "/v2/workflows/closing-reasons/{reason}", None, "Closing reason with id '{reason}' not found"),
    ("GET", f"{REASONS}/{{reason}}", None, "Closing reason with id '{reason}' not found"),
    ("PATCH", f"{REASONS}/{{reason}}", {"status": "INACTIVE"}, "Closing reason with id '{reason}' not found"),
    ("PATCH", f"{EXECUTIONS}/{{older}}", {"assignedTo": ["1"]}, "Flow execution not found"),
    ("DELETE", f"{EXECUTIONS}/{{older}}", None, "Flow execution not found"),
    ("POST", f"{EXECUTIONS}/{{older}}/steps", {"name": "S", "insertionIndex": 0}, "Flow execution not found"),
    ("PATCH", f"{EXECUTIONS}/{{older}}/steps/any", {"name": "S"}, "Flow execution not found"),
    ("DELETE", f"{EXECUTIONS}/{{older}}/steps/any", None, "Flow execution not found"),
    ("GET", f"{EXECUTIONS}/{{older}}/closing-reasons", None, "Flow execution not found"),
]


def test_what_is_another_organizations_is_not_there(epilot: Epilot, stranger: Epilot) -> None:
    flow, old = epilot.make(METER), make(epilot)
    run, older = epilot.start(flow), begin(epilot, old)
    reason = epilot("POST", REASONS, {"title": "Moved"})[1]
    ids = {"flow": flow["id"], "old": old["id"], "run": run["id"], "older": older["id"], "reason": reason["id"]}
    ids["phase"] = run["phases"][0]["id"]
    for method, path, body, message in FOREIGN:
        answer = stranger(method, path.format(**ids), body)
        assert answer == (404, {"message": message.format(**ids)}), (method, path)
    assert stranger("GET", f"{EXECUTIONS}/{older['id']}") == (200, {})
    start = {"flow_template_id": flow["id"], "contexts": [{"entity_id": "e", "entity_schema": "s"}]}
    missing = (400, {"message": f"Flow template with id '{flow['id']}' not found"})
    assert stranger("POST", RUNS, start) == missing
    missing = (400, {"message": f"Workflow definition with id '{old['id']}' not found"})
    assert stranger("POST", EXECUTIONS, {"workflowId": old["id"]}) == missing
    taken = {**METER, "closing_reasons": [{"id": reason["id"]}]}
    missing = (400, {"message": f"Closing reason with id '{reason['id']}' not found"})
    assert stranger("POST", TEMPLATES, taken) == missing
    assert (epilot("GET", f"{TEMPLATES}/{flow['id']}"), epilot.get(run)) == ((200, flow), run)


def test_an_unknown_phase_schedule_or_step_is_not_found(epilot: Epilot) -> None:
    run, older = epilot.start(epilot.make(METER)), begin(epilot, make(epilot))
    assert epilot("PATCH", f"{RUNS}/{run['id']}/phases/nope", {"name": "x"}) == (404, {"message": "Phase not found"})
    assert epilot("POST", f"{RUNS}/{run['id']}/schedules/nope") == (404, {"message": "Schedule not found"})
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        assert epilot(method, f"{EXECUTIONS}/{older['id']}/steps/nope", body)[0] == 404


# -- who asks ---------------------------------------------------------------------------------------------------------


def test_a_bad_token_is_unauthorized_everywhere() -> None:
    for program in (Epilot(None), Epilot("nonsense")):
        for method, path in (("GET", TEMPLATES), ("POST", RUNS), ("GET", DEFINITIONS), ("PATCH", f"{REASONS}/x")):
            assert program(method, path, {} if method != "GET" else None) == (401, {"message": "Unauthorized"})


def test_headers_that_name_others_and_keys_that_may_not_are_forbidden(
    epilot: Epilot, stranger: Epilot, environment: Environment
) -> None:
    ours = epilot.make(METER)["org_id"]
    theirs = stranger.make(METER)["org_id"]
    forbidden = (403, {"message": "Forbidden"})
    assert epilot("GET", TEMPLATES, **{"x-epilot-org-id": ours})[0] == 200
    assert epilot("GET", TEMPLATES, **{"x-epilot-org-id": theirs}) == forbidden
    assert epilot("POST", RUNS, {}, **{"x-epilot-org-id": theirs}) == forbidden
    for user in ("0", "999999999", "nobody", "²"):
        assert epilot("GET", TEMPLATES, **{"x-epilot-user-id": user}) == forbidden
    reading = [scope for scope in ApiScope.values if scope.endswith(":read")]
    reader = Epilot(ApiKey.objects.issue(environment=environment, name="reader", scopes=reading)[1])
    assert reader("GET", TEMPLATES)[0] == 200
    assert reader("POST", TEMPLATES, METER) == forbidden
    assert reader("POST", RUNS, {}) == forbidden
    assert reader("PATCH", f"{REASONS}/nope", {"status": "ACTIVE"}) == forbidden
