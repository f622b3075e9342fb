"""What executions write to entities: one thing in the template and in the editor, carried out once."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.scope import Scope
from designer.graph.edits import ConfigureFlow
from designer.graph.edits.changes import Change
from designer.models import Flow
from designer.services.drafting import apply_edit, draft_of
from designer.services.publishing import publish_flow
from dialects.epilot.translate.syncs import rule_of, sync_of
from engine.entities.models import Entity, EntityChange
from engine.models import Instance
from engine.services.instances import start_instance
from tests.integration.epilot.conftest import Epilot
from tests.integration.epilot.test_executions import manual, template

Json = dict[str, Any]


def sync(event: str, attribute: str, schema: str = "contract", filter: Json | None = None, **value: Any) -> Json:
    """A rule as the vendor writes it; of a text, where no source is given."""
    trigger = {"event": event, **({"filter": filter} if filter else {})}
    target = {"entitySchema": schema, "entityAttribute": attribute}
    return {"trigger": trigger, "value": {"source": "custom_value", **value}, "target": target}


DONE_A = {"task_template_id": "a"}
PAIRS: list[tuple[Json, Json | None]] = [
    (sync("FlowStarted", "x", value="new"), {"on": "started", "entity": "primary", "set": {"x": "new"}}),
    (sync("FlowCancelled", "x", "order", value="off"), {"on": "closed", "entity": "order", "set": {"x": "off"}}),
    (
        sync("FlowCompleted", "x", source="workflow_name"),
        {"on": "completed", "entity": "primary", "set": {"x": "{{ flow.name }}"}},
    ),
    (sync("TaskCompleted", "x", filter=DONE_A, value="a"), {"on": "task:a", "entity": "primary", "set": {"x": "a"}}),
    (
        sync("PhaseCompleted", "x", filter={"phase_template_id": "p"}, value="p"),
        {"on": "phase:p", "entity": "primary", "set": {"x": "p"}},
    ),
    (sync("CurrTaskChanged", "x", source="task_name"), None),
    (sync("TaskCompleted", "x", value="any task"), None),
    (sync("FlowStarted", "x", value="{{ no template }}"), None),
    (sync("FlowStarted", "x", source="workflow_assigned_to"), None),
]


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_rules_are_translated_there_and_back(theirs: Json, ours: Json | None) -> None:
    assert rule_of(theirs, "contract") == ours
    if ours is not None:
        assert sync_of(ours, "contract", lambda ref: ref.removeprefix("phase:")) == theirs


@pytest.mark.parametrize(
    "rule",
    [
        {"on": "failed", "entity": "primary", "set": {"x": "off"}},
        {"on": "started", "entity": "primary", "set": {"x": 5}},
        {"on": "started", "entity": "primary", "set": {"x": "{{ input.total }}"}},
        {"on": "started", "entity": "primary", "set": {"x": "y" * 10_001}},
    ],
)
def test_what_the_vendor_has_no_words_for_is_not_said(rule: Json) -> None:
    assert sync_of(rule, "contract", str) is None


def test_a_status_is_the_text_that_it_is_then() -> None:
    status = sync("FlowCompleted", "x", source="workflow_status")
    assert rule_of(status, "contract") == {"on": "completed", "entity": "primary", "set": {"x": "DONE"}}


RULES = [
    sync("FlowStarted", "flow", source="workflow_name"),
    sync("CurrTaskChanged", "now", source="task_name"),
    sync("TaskCompleted", "a", filter=DONE_A, source="task_status"),
]
TRIGGER = {"type": "manual", "entity_schema": "contract"}


def test_a_change_in_the_editor_and_one_over_the_api_lose_nothing(epilot: Epilot, scope: Scope) -> None:
    made = epilot.make(template([manual("a"), manual("b")], "a>b", entity_sync=RULES, trigger=TRIGGER))
    at = f"/v2/flows/templates/{made['id']}"
    row = Flow.objects.get(key=made["id"])
    mine = {"on": "completed", "entity": "primary", "set": {"end": "well", "at": "{{ now }}"}}
    rules = [*draft_of(row).entity_sync[1:], mine]  # the first one is taken away
    apply_edit(scope, row, ConfigureFlow((Change(("entity_sync",), rules),)), revision=row.draft_revision)
    found = epilot("GET", at)[1]
    assert found["entity_sync"] == [*RULES[1:], sync("FlowCompleted", "end", value="well")]
    found["entity_sync"][2]["value"]["value"] = "fine"
    status, changed = epilot("PUT", at, found)
    assert status == 200, changed
    assert changed["entity_sync"] == found["entity_sync"]
    row.refresh_from_db()
    assert list(draft_of(row).entity_sync) == [
        {"on": "task:a", "entity": "primary", "set": {"a": "COMPLETED"}},
        {"on": "completed", "entity": "primary", "set": {"end": "fine"}},
        {"on": "completed", "entity": "primary", "set": {"at": "{{ now }}"}},
    ]


def test_an_execution_writes_each_value_once(epilot: Epilot, scope: Scope) -> None:
    made = epilot.make(template([manual("a"), manual("b")], "a>b", entity_sync=RULES, trigger=TRIGGER))
    row = Flow.objects.get(key=made["id"])
    rules = [*draft_of(row).entity_sync, {"on": "started", "entity": "primary", "set": {"number": 7}}]
    apply_edit(scope, row, ConfigureFlow((Change(("entity_sync",), rules),)), revision=row.draft_revision)
    row.refresh_from_db()
    publish_flow(scope, row)
    execution = epilot.start(made)
    epilot.done(execution, "a")
    entity = Entity.objects.get(key="ent-1")
    assert entity.attributes == {"flow": "Test flow", "number": 7, "now": "B", "a": "COMPLETED"}
    written = [name for change in EntityChange.objects.filter(entity=entity) for name in change.values]
    assert sorted(written) == ["a", "flow", "now", "now", "number"]
    told = Instance.objects.get().facts.filter(type="EntitySynced").values_list("data", flat=True)
    said = [name for data in told for each in data["entities"] for name in each["set"]]
    assert sorted(said) == ["a", "flow", "now", "now", "number"]


def test_an_instance_that_is_started_elsewhere_writes_what_its_template_says(epilot: Epilot, scope: Scope) -> None:
    made = epilot.make(template([manual("a")], entity_sync=RULES, trigger=TRIGGER))
    epilot.start(made, "ent-9")  # the entity is there
    row = Flow.objects.select_related("live_version").get(key=made["id"])
    context = {"primary": {"$entity": "ent-9", "schema": "contract"}}
    Entity.objects.filter(key="ent-9").update(attributes={})
    start_instance(scope, row, context=context)
    # The engine writes what it has words for, this room the rest.
    assert Entity.objects.get(key="ent-9").attributes == {"flow": "Test flow", "now": "A"}
    written = EntityChange.objects.filter(entity__key="ent-9").order_by("-pk")[:2]
    assert sorted(name for change in written for name in change.values) == ["flow", "now"]
