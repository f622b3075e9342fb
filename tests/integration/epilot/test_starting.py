"""Automations that start flows, chains of flows, and what lists cost."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment
from dialects.epilot.models import Execution
from engine.entities.models import Automation, AutomationRun
from engine.services.triggers import match_inbound_events
from tests.integration.epilot.conftest import METER, Epilot, set_attributes
from tests.integration.epilot.test_people_outside import Native, native

Json = dict[str, Any]
__all__ = ["native"]


def one_task(name: str, **more: Any) -> Json:
    return {"name": name, "tasks": [{"id": "a", "name": "A", "task_type": "MANUAL"}], "edges": [], **more}


def hear_all() -> None:
    from django.utils import timezone

    for _ in range(40):
        if not match_inbound_events(timezone.now()):
            return


def test_a_template_is_started_by_its_trigger_automation(epilot: Epilot, environment: Environment) -> None:
    config = [{"type": "entity_operation", "configuration": {"schema": "contract", "operations": ["updateEntity"]}}]
    made = epilot.make(one_task("Changed"), trigger={"type": "automation", "trigger_config": config})
    assert Automation.objects.get(key=made["trigger"]["automation_id"]).trigger == config
    set_attributes(environment, "ent-1", "contract", {"a": 1})
    set_attributes(environment, "ent-1", "contract", {"a": 2})
    hear_all()
    body = {"entity_id": "ent-1", "entity_schema": "contract"}
    (found,) = epilot("POST", "/v2/flows/executions:search", body)[1]["results"]
    assert (found["flow_template_id"], found["trigger"]["type"]) == (made["id"], "AUTOMATIC")
    assert found["contexts"][0]["entity_id"] == "ent-1"


def test_a_disabled_template_is_not_started_by_anybody(epilot: Epilot, environment: Environment) -> None:
    trigger = {"type": "automation", "trigger_config": [{"type": "entity_operation", "configuration": {}}]}
    epilot.make(one_task("Off"), trigger=trigger, enabled=False)
    set_attributes(environment, "ent-1", "contract", {"a": 1})
    hear_all()
    assert not Execution.objects.exists()


def starter(name: str, target: str) -> Json:
    action = {"type": "trigger-workflow", "config": {"target_workflow": target}}
    task = {"id": "go", "name": "Go", "task_type": "AUTOMATION", "trigger_mode": "automatic"}
    return {"name": name, "tasks": [{**task, "automation_config": {"action_config": action}}], "edges": []}


def test_an_automation_task_starts_another_flow_in_a_chain(epilot: Epilot) -> None:
    child = epilot.make(one_task("Child"))
    parent = epilot.start(epilot.make(starter("Parent", child["id"])))
    hear_all()
    (started,) = Execution.objects.filter(document__flow_template_id=child["id"])
    chain = epilot("GET", f"/v2/flows/executions/{started.key}")[1]["_execution_chain"]
    assert chain == {
        "parent_execution_id": parent["id"],
        "parent_task_id": parent["tasks"][0]["id"],
        "depth": 1,
    }


def test_a_chain_ends_after_ten_and_says_why(epilot: Epilot) -> None:
    made = epilot.make(starter("Myself", "x"))
    automation = Automation.objects.get(key=made["tasks"][0]["automation_config"]["flow_id"])
    automation.actions = [{"type": "trigger-workflow", "config": {"target_workflow": made["id"]}}]
    automation.save()
    epilot.start(made)
    hear_all()
    assert Execution.objects.count() == 11
    assert "deeper than 10" in AutomationRun.objects.latest("pk").error_reason


def test_an_automation_is_run_over_the_native_api(epilot: Epilot, native: Native, environment: Environment) -> None:
    assert native("PUT", "/automations/nightly", {"name": "Nightly"})[0] == 201
    made = epilot.make(one_task("Nightly"), trigger={"type": "automation", "automation_id": "nightly"})
    set_attributes(environment, "ent-1", "contract", {})
    status, run = native("POST", "/automations/nightly/runs", {"entity": "ent-1"})
    assert (status, run["status"]) == (201, "success")
    assert native("POST", "/automations/nightly/runs", {"entity": "ghost"})[0] == 422
    assert native("POST", "/automations/ghost/runs", {})[0] == 404
    hear_all()
    assert Execution.objects.get().document["flow_template_id"] == made["id"]
    assert [one["id"] for one in native("GET", "/automations/nightly/runs")[1]["items"]] == [run["id"]]


def queries(epilot: Epilot, method: str, path: str, body: Any = None) -> int:
    epilot(method, path, body)  # so that everything that is kept is kept
    with CaptureQueriesContext(
        connection,
    ) as seen:
        status, _ = epilot(method, path, body)
    assert status == 200
    return len(seen)


def test_lists_cost_the_same_however_many_there_are(epilot: Epilot) -> None:
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/v2/flows/templates", None),
        ("GET", "/v2/flows/templates?trigger_type=manual&trigger_schema=contract", None),
        ("POST", "/v2/flows/templates:search", {"name": "meter", "trigger_type": "manual", "enabled": True}),
        ("GET", "/v1/workflows/definitions", None),
        ("GET", "/v1/workflows/limits/max-allowed", None),
    ]
    step = {"type": "STEP", "name": "Answer", "order": 1}

    def more(count: int) -> None:
        for number in range(count):
            epilot.make(deepcopy(METER), name=f"Meter {number}")
            assert epilot("POST", "/v1/workflows/definitions", {"name": f"Old {number}", "flow": [step]})[0] == 201

    more(2)
    few = [queries(epilot, *one) for one in asked]
    more(6)
    assert [queries(epilot, *one) for one in asked] == few


def test_a_search_folds_case_and_follows_a_new_name(epilot: Epilot) -> None:
    made = epilot.make(one_task("Zähler tauschen"))
    found = epilot("POST", "/v2/flows/templates:search", {"name": "ZÄHLER"})[1]
    assert (found["hits"], found["results"][0]["id"]) == (1, made["id"])
    made["name"] = "Etwas anderes"
    epilot("PUT", f"/v2/flows/templates/{made['id']}", made)
    assert epilot("POST", "/v2/flows/templates:search", {"name": "zähler"})[1] == {"hits": 0, "results": []}
