"""A program that speaks the epilot APIs, and templates for it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.models import ApiKey, Environment
from accounts.scope import system_scope
from engine.services.entity_changes import save_entity

Json = dict[str, Any]
Answer = Any

METER: Json = {
    "name": "Meter exchange",
    "version": "v3",
    "enabled": True,
    "trigger": {"type": "manual", "entity_schema": "contract"},
    "phases": [{"id": "ph-prep", "name": "Preparation"}],
    "tasks": [
        {
            "id": "t-call",
            "name": "Call customer",
            "task_type": "MANUAL",
            "phase_id": "ph-prep",
            "assigned_to": ["1001", {"variable": "{{entity.owner}}"}],
        },
        {
            "id": "t-ok",
            "name": "Date agreed?",
            "task_type": "DECISION",
            "phase_id": "ph-prep",
            "trigger_mode": "automatic",
            "conditions": [
                {
                    "id": "c-yes",
                    "branch_name": "Yes",
                    "logical_operator": "AND",
                    "statements": [
                        {
                            "id": "s1",
                            "operator": "equals",
                            "values": ["agreed"],
                            "source": {
                                "origin": "trigger",
                                "origin_type": "entity",
                                "schema": "contract",
                                "attribute": "meter_state",
                                "attribute_type": "select",
                            },
                        }
                    ],
                },
                {"id": "none-met-t-ok", "branch_name": "Otherwise", "logical_operator": "AND", "statements": []},
            ],
        },
        {
            "id": "t-mail",
            "name": "Send appointment",
            "task_type": "AUTOMATION",
            "trigger_mode": "automatic",
            "automation_config": {"action_config": {"type": "send-email", "config": {"template": "appointment"}}},
            "schedule": {"mode": "delayed", "duration": 2, "unit": "hours"},
        },
        {"id": "t-letter", "name": "Write letter", "task_type": "MANUAL"},
    ],
    "edges": [
        {"id": "e0", "from_id": "trigger", "to_id": "ph-prep"},
        {"id": "e1", "from_id": "ph-prep", "to_id": "t-call"},
        {"id": "e2", "from_id": "t-call", "to_id": "t-ok"},
        {"id": "e3", "from_id": "t-ok", "to_id": "t-mail", "condition_id": "c-yes"},
        {"id": "e4", "from_id": "t-ok", "to_id": "t-letter", "condition_id": "none-met-t-ok", "none_met": True},
    ],
}
"""The example of the vendor's page."""


class Epilot:
    """Calls `/epilot` with a key. Answers are `(status, body)`."""

    def __init__(self, key: str | None) -> None:
        self.client = Client()
        self.headers = {"authorization": f"Bearer {key}"} if key else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        answer = self.client.generic(
            method, f"/epilot{path}", data, content_type="application/json", headers=self.headers | headers
        )
        is_json = answer.headers.get("content-type", "").startswith("application/json") and answer.content
        return answer.status_code, orjson.loads(answer.content) if is_json else None

    def make(self, template: Json, **changes: Any) -> Json:
        """A new template."""
        status, body = self("POST", "/v2/flows/templates", {**deepcopy(template), **changes})
        assert status == 201, body
        return dict(body)

    def start(self, template: Json, entity: str = "ent-1", schema: str = "contract", **more: Any) -> Json:
        """A new execution."""
        context = {"entity_id": entity, "entity_schema": schema, "is_primary": True}
        body = {"flow_template_id": template["id"], "contexts": [context], **more}
        status, found = self("POST", "/v2/flows/executions", body)
        assert status == 201, found
        return dict(found)

    def get(self, execution: Json) -> Json:
        """An execution as it is now."""
        status, found = self("GET", f"/v2/flows/executions/{execution['id']}")
        assert status == 200, found
        return dict(found)

    def patch(self, execution: Json, task: str, **changes: Any) -> tuple[int, Any]:
        """Patch the task that has this template id."""
        id = task_of(execution, task)["id"]
        return self("PATCH", f"/v2/flows/executions/{execution['id']}/tasks/{id}", changes)

    def done(self, execution: Json, task: str, **more: Any) -> Json:
        """Complete a task; answers the execution."""
        status, body = self.patch(execution, task, status="COMPLETED", **more)
        assert status == 200, body
        return self.get(execution)


def task_of(execution: Json, template_id: str) -> Json:
    """The task of an execution that was made of this task of its template."""
    found: Json = next(task for task in execution["tasks"] if task["template_id"] == template_id)
    return found


def current(execution: Json) -> set[str]:
    """The template ids of an execution's current tasks."""
    ids = {entry["id"] for entry in execution["crt_tasks"]}
    return {task["template_id"] for task in execution["tasks"] if task["id"] in ids}


def statuses(execution: Json) -> dict[str, str]:
    """Statuses by template id."""
    return {task["template_id"]: task["status"] for task in execution["tasks"]}


def set_attributes(environment: Environment, key: str, schema: str, values: Json) -> None:
    """An entity with these attributes beside those it has."""
    save_entity(system_scope(environment), key, schema=schema, attributes=values, merge=True)


@pytest.fixture
def key(environment: Environment) -> str:
    """The plain text of a key of `development`."""
    return ApiKey.objects.issue(environment=environment, name="tests")[1]


@pytest.fixture
def epilot(key: str) -> Epilot:
    """A program in `development`."""
    return Epilot(key)


@pytest.fixture
def stranger(foreign_scope: Any) -> Epilot:
    """A program of another organization."""
    return Epilot(ApiKey.objects.issue(environment=foreign_scope.environment, name="tests")[1])


@pytest.fixture
def meter(epilot: Epilot) -> Callable[..., Json]:
    """`meter(name="…")`: a template like the vendor's example."""
    return lambda **changes: epilot.make(METER, **changes)
