"""Templates: what is sent comes back, whatever of it our model knows; copies, lists, limits, locking."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from accounts.scope import Scope
from designer.graph.edits import ConfigureTask
from designer.graph.edits.changes import Change
from designer.models import Flow
from designer.services.drafting import apply_edit, create_flow, draft_of
from engine.entities.models import Automation
from engine.services.instances import start_instance
from tests.drawing import draw
from tests.integration.epilot.conftest import METER, Epilot

Json = dict[str, Any]
SERVER_MADE = ("id", "org_id", "created_at", "updated_at", "limit_warnings")


def stripped(template: Json) -> Json:
    return {name: value for name, value in template.items() if name not in SERVER_MADE}


def everything(reason: str) -> Json:
    """A template with all that a template can carry."""
    statement = METER["tasks"][1]["conditions"][0]["statements"][0]
    operators = ["equals", "not_equals", "any_of", "none_of", "contains", "not_contains", "starts_with", "ends_with"]
    operators += ["greater_than", "less_than", "greater_than_or_equals", "less_than_or_equals", "is_empty"]
    statements = [{**statement, "id": f"s{n}", "operator": o} for n, o in enumerate(operators)]
    statements[0]["source"] = {
        "origin": "trigger",
        "origin_type": "entity",
        "schema": "contract",
        "attributes": ["a", "b"],
        "attributes_match": "all",
        "attribute_type": "date",
    }
    statements[1] |= {"value_type": "relative_date", "values": ["today"]}
    statements[1]["source"] = {**statement["source"], "date_offset": {"amount": -18, "unit": "years"}}
    journey = {"id": "j1", "journeyId": "jj", "name": "Form", "complete_task_automatically": True}
    return {
        "name": "Everything",
        "description": "All of it",
        "version": "v3",
        "enabled": True,
        "linear": False,
        "trigger": {"type": "manual", "id": "tr1", "entity_schema": "contract"},
        "additional_triggers": [
            {"type": "journey_submission", "journey_id": "jj", "journey_name": "Form", "automation_id": "a-zz"},
            {"type": "automation", "automation_id": "a-yy", "input_entity": "first_email"},
            {"type": "journey_automation", "entity_schema": "contract"},
        ],
        "due_date_config": {"duration": 2, "unit": "weeks", "type": "WORKFLOW_STARTED"},
        "assigned_to": ["1001", {"variable": "{{entity.owner}}", "value": ["7"]}],
        "available_in_ecp": True,
        "phases": [
            {"id": "p1", "name": "One", "due_date": "2030-01-01", "assigned_to": ["9"], "taxonomies": ["x"]},
            {
                "id": "p2",
                "name": "Two",
                "due_date_config": {"duration": 1, "unit": "days", "type": "PHASE_FINISHED", "phase_id": "p1"},
            },
        ],
        "tasks": [
            {
                "id": "m1",
                "name": "Manual",
                "task_type": "MANUAL",
                "phase_id": "p1",
                "description": {"enabled": True, "value": "<p>What to do</p>"},
                "journey": journey,
                "due_date_config": {"duration": 3, "unit": "days", "type": "A_PRECEDING_TASK_COMPLETED"},
                "assigned_to": ["1001"],
                "ecp": {"enabled": True, "label": "L", "description": "D", "journey": journey},
                "installer": {"enabled": False, "label": "I"},
                "partner": {"enabled": True, "label": "P", "description": "D"},
                "taxonomies": ["tax"],
            },
            {
                "id": "a1",
                "name": "Automation",
                "task_type": "AUTOMATION",
                "phase_id": "p1",
                "trigger_mode": "automatic",
                "automation_config": {"flow_id": "a-xx", "input_context": {"source": "task", "task_id": "m1"}},
                "schedule": {
                    "mode": "relative",
                    "direction": "before",
                    "duration": 2,
                    "unit": "days",
                    "reference": {
                        "id": "e",
                        "origin": "trigger_entity_attribute",
                        "schema": "contract",
                        "attribute": "d",
                    },
                },
                "created_automatically": True,
            },
            {
                "id": "d1",
                "name": "Decision",
                "task_type": "DECISION",
                "phase_id": "p2",
                "trigger_mode": "automatic",
                "allow_parallel_execution": False,
                "schedule": {"mode": "delayed", "duration": 1, "unit": "minutes"},
                "requirements": [
                    {"when": "PHASE_FINISHED", "phase_id": "p1"},
                    {"when": "TASK_FINISHED", "task_id": "m1"},
                ],
                "conditions": [
                    {"id": "again", "branch_name": "Again", "logical_operator": "OR", "statements": statements},
                    {"id": "none-met-d1", "branch_name": "Out", "logical_operator": "AND", "statements": None},
                ],
                "loop_config": {"loop_branch_id": "again", "exit_branch_id": "none-met-d1", "max_iterations": 3},
            },
            {
                "id": "an id with spaces & more!",
                "name": "Agent",
                "task_type": "AI_AGENT",
                "agent_config": {"agent_id": "ag", "parameters": {"deep": [1, {"x": None}]}, "free": True},
            },
            {"id": "m0", "name": "Round", "task_type": "MANUAL", "phase_id": "p2"},
        ],
        "edges": [
            {"id": "e1", "from_id": "trigger", "to_id": "p1"},
            {"id": "e2", "from_id": "p1", "to_id": "m1"},
            {"id": "e3", "from_id": "m1", "to_id": "a1"},
            {"id": "e4", "from_id": "p1", "to_id": "m0"},
            {"id": "e5", "from_id": "m0", "to_id": "d1"},
            {"id": "loop-edge-1", "from_id": "d1", "to_id": "m0", "condition_id": "again"},
            {
                "id": "e6",
                "from_id": "d1",
                "to_id": "an id with spaces & more!",
                "condition_id": "none-met-d1",
                "none_met": True,
            },
            {"id": "e7", "from_id": "an id with spaces & more!", "to_id": None},
        ],
        "closing_reasons": [{"id": reason}],
        "entity_sync": [
            {
                "trigger": {"event": "TaskCompleted", "filter": {"task_template_id": "m1"}},
                "value": {"source": "custom_value", "value": "done"},
                "target": {"entitySchema": "contract", "entityAttribute": "state"},
            }
        ],
        "taxonomies": ["t1", "t2"],
        "singleClosingReasonSelection": True,
        "_manifest": ["m-1"],
    }


def test_what_was_sent_comes_back(epilot: Epilot) -> None:
    _, reason = epilot("POST", "/v1/workflows/closing-reasons", {"title": "Withdrew"})
    sent = everything(reason["id"])
    made = epilot.make(sent)
    assert stripped(made) == {**sent, "closing_reasons": [reason]}
    assert stripped(epilot("GET", f"/v2/flows/templates/{made['id']}")[1]) == stripped(made)
    status, again = epilot("PUT", f"/v2/flows/templates/{made['id']}", {**made, "name": "Renamed"})
    assert (status, stripped(again)) == (200, {**stripped(made), "name": "Renamed"})


def test_actions_become_automations_and_leave_the_template(epilot: Epilot) -> None:
    made = epilot.make(METER)
    config = made["tasks"][2]["automation_config"]
    assert list(config) == ["flow_id"]
    assert Automation.objects.get(key=config["flow_id"]).actions == [
        METER["tasks"][2]["automation_config"]["action_config"]
    ]


def test_a_change_in_the_editor_reads_back(epilot: Epilot, scope: Scope) -> None:
    made = epilot.make(METER)
    row = Flow.objects.get(key=made["id"])
    edit = ConfigureTask("t-call", (Change(("name",), "Ring the customer"),))
    apply_edit(scope, row, edit, revision=row.draft_revision)
    found = epilot("GET", f"/v2/flows/templates/{made['id']}")[1]
    expected = deepcopy(made)
    expected["tasks"][0]["name"] = "Ring the customer"
    assert stripped(found) == stripped(expected)
    assert found["updated_at"] > made["updated_at"]


def test_what_only_our_editor_knows_survives_an_update(epilot: Epilot, scope: Scope) -> None:
    made = epilot.make(METER)
    row = Flow.objects.get(key=made["id"])
    form = {"type": "object", "properties": {"date": {"type": "string"}}}
    edit = ConfigureTask("t-call", (Change(("settings", "form"), form),))
    apply_edit(scope, row, edit, revision=row.draft_revision)
    epilot("PUT", f"/v2/flows/templates/{made['id']}", {**made, "name": "Another name", "updated_at": None})
    row.refresh_from_db()
    assert draft_of(row).tasks["t-call"].settings["form"] == form
    assert draft_of(row).name == "Another name"


def test_whoever_loaded_an_older_template_is_refused(epilot: Epilot) -> None:
    made = epilot.make(METER)
    path = f"/v2/flows/templates/{made['id']}"
    assert epilot("PUT", path, {**made, "name": "One"})[0] == 200
    assert epilot("PUT", path, {**made, "name": "Two"}) == (
        409,
        {"message": "Workflow was changed by someone else after you loaded it"},
    )
    assert epilot("PUT", path, {k: v for k, v in made.items() if k != "updated_at"})[0] == 200


def test_a_duplicate_has_new_ids_and_automations(epilot: Epilot) -> None:
    made = epilot.make(METER)
    status, copy = epilot("POST", f"/v2/flows/templates/{made['id']}/duplicate")
    assert (status, copy["name"], copy["enabled"]) == (201, "Meter exchange (Copy)", False)
    ids = [{entry["id"] for entry in [*t["tasks"], *t["phases"], *t["edges"]]} for t in (made, copy)]
    assert ids[0].isdisjoint(ids[1])
    assert len(copy["edges"]) == len(made["edges"])
    assert copy["tasks"][2]["automation_config"] != made["tasks"][2]["automation_config"]


def test_an_export_can_be_imported(epilot: Epilot, stranger: Epilot) -> None:
    made = epilot.make(METER)
    status, export = epilot("GET", f"/v2/flows/templates/{made['id']}/export")
    automation = made["tasks"][2]["automation_config"]["flow_id"]
    assert status == 200
    assert export["_resolved_automations"][automation]["actions"][0]["type"] == "send-email"
    status, answer = stranger("POST", "/v2/flows/templates/import", export)
    assert status == 201, answer
    mappings = answer["_id_mappings"]
    assert mappings["flow_id"] == {"old": made["id"], "new": answer["flow"]["id"]}
    assert [mappings["task_ids"][task["id"]] for task in made["tasks"]] == [t["id"] for t in answer["flow"]["tasks"]]
    assert answer["flow"]["tasks"][2]["automation_config"]["flow_id"] == mappings["automation_ids"][automation]
    export["_resolved_automations"][automation] = None
    _, without = stranger("POST", "/v2/flows/templates/import", export)
    assert without["flow"]["tasks"][2]["automation_config"] == {}


def test_an_import_brings_its_closing_reasons_along(epilot: Epilot, stranger: Epilot) -> None:
    reasons = "/v1/workflows/closing-reasons"
    titles = {"Moved away": "ACTIVE", "Too dear": "INACTIVE"}
    ids = [epilot("POST", reasons, {"title": title, "status": status})[1]["id"] for title, status in titles.items()]
    made = epilot.make(METER, closing_reasons=[{"id": id} for id in ids])
    _, export = epilot("GET", f"/v2/flows/templates/{made['id']}/export")
    known = stranger("POST", reasons, {"title": "Moved away"})[1]
    for _ in range(2):  # the second time they are all there
        status, answer = stranger("POST", "/v2/flows/templates/import", deepcopy(export))
        assert status == 201, answer
        mapped = answer["_id_mappings"]["closing_reason_ids"]
        assert list(mapped) == ids
        assert mapped[ids[0]] == known["id"]
        found = {reason["title"]: reason["status"] for reason in answer["flow"]["closing_reasons"]}
        assert found == titles
        assert [reason["id"] for reason in answer["flow"]["closing_reasons"]] == list(mapped.values())
    assert len(stranger("GET", f"{reasons}?includeInactive=true")[1]["reasons"]) == 2
    # Where they came from they are what they were, whatever they are called today.
    epilot("PATCH", f"/v2/workflows/closing-reasons/{ids[0]}", {"title": "Left"})
    _, back = epilot("POST", "/v2/flows/templates/import", export)
    assert back["_id_mappings"]["closing_reason_ids"] == {id: id for id in ids}


def test_templates_are_found_by_name_and_trigger(epilot: Epilot) -> None:
    for name in ("Alpha one", "Beta", "alpha two"):
        epilot.make(METER, name=name)
    _, found = epilot(
        "POST", "/v2/flows/templates:search", {"name": "ALPHA", "sort_by": "created_at", "sort_order": "asc"}
    )
    assert (found["hits"], [t["name"] for t in found["results"]]) == (2, ["Alpha one", "alpha two"])
    _, page = epilot("POST", "/v2/flows/templates:search", {"from": 1, "size": 1})
    assert (page["hits"], len(page["results"])) == (3, 1)
    for query, count in (
        ("", 3),
        ("?trigger_type=manual&trigger_schema=contract", 3),
        ("?trigger_type=manual&trigger_schema=lead", 0),
        ("?trigger_type=journey_submission", 0),
    ):
        assert len(epilot("GET", f"/v2/flows/templates{query}")[1]["results"]) == count


def test_a_flow_drawn_here_is_a_template_too(epilot: Epilot, scope: Scope) -> None:
    flow = draw("a -> decide; decide -yes-> b; decide -none_met-> c")
    create_flow(scope, key="drawn", name="Drawn here", flow=flow)
    status, found = epilot("GET", "/v2/flows/templates/drawn")
    assert status == 200
    assert {task["id"] for task in found["tasks"]} == set(flow.tasks)
    status, again = epilot("PUT", "/v2/flows/templates/drawn", found)
    assert (status, stripped(again)) == (200, stripped(found))
    row = Flow.objects.get(key="drawn")
    assert draft_of(row).tasks == flow.tasks
    assert set(draft_of(row).edges) == set(flow.edges)


def test_limits_warn_and_refuse_only_when_asked_to(epilot: Epilot) -> None:
    tasks = [{"id": f"t{n}", "name": f"T{n}", "task_type": "MANUAL"} for n in range(201)]
    template = {"name": "Large", "tasks": tasks, "edges": []}
    made = epilot.make(template)
    assert made["limit_warnings"][0] | {"message": ""} == {
        "i18nKey": "errors.max_tasks",
        "message": "",
        "max": 200,
        "path": ["tasks"],
        "current": 201,
    }
    assert epilot("POST", "/v2/flows/templates?enforce_limits=true", template)[0] == 400
    path = f"/v2/flows/templates/{made['id']}?enforce_limits=true"
    assert epilot("PUT", path, {**template, "name": "Large still"})[0] == 200
    more = [*tasks, {"id": "more", "name": "More", "task_type": "MANUAL"}]
    assert epilot("PUT", path, {**template, "tasks": more})[0] == 400


def test_the_number_of_workflows_is_limited(epilot: Epilot, settings: Any) -> None:
    settings.EPILOT_MAX_WORKFLOWS = 1
    epilot.make(METER)
    assert epilot("GET", "/v1/workflows/limits/max-allowed")[1] == {"currentNoOfWorkflows": 1, "maxAllowed": 1}
    refused = epilot("POST", "/v2/flows/templates", METER)
    assert refused == (400, {"message": "Maximum number of workflows reached"})
    assert epilot("POST", "/v2/flows/templates", {**METER, "enabled": False})[0] == 201


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_organizations_template_is_not_there(epilot: Epilot, stranger: Epilot, method: str) -> None:
    made = epilot.make(METER)
    status, body = stranger(method, f"/v2/flows/templates/{made['id']}", METER if method == "PUT" else None)
    assert (status, body) == (404, {"message": f"Definition with id '{made['id']}' not found"})


def test_tokens_and_headers(epilot: Epilot) -> None:
    assert Epilot(None)("GET", "/v2/flows/templates") == (401, {"message": "Unauthorized"})
    assert epilot("GET", "/v2/flows/templates", **{"x-epilot-org-id": "0"}) == (403, {"message": "Forbidden"})


def test_a_template_opens_in_the_editor(epilot: Epilot, client_as: Callable[[Role], Client]) -> None:
    made = epilot.make(METER)
    page = client_as(Role.DESIGNER).get(f"/o/acme/development/flows/{made['id']}/edit/")
    assert page.status_code == 200
    assert "Date agreed?" in page.content.decode()


def test_an_instance_that_the_console_starts_is_an_execution(epilot: Epilot, scope: Scope) -> None:
    made = epilot.make(METER)
    row = Flow.objects.select_related("live_version").get(key=made["id"])
    instance = start_instance(scope, row)
    status, found = epilot("GET", f"/v2/flows/executions/{instance.key}")
    assert (status, found["flow_template_id"], found["contexts"]) == (200, made["id"], [])
