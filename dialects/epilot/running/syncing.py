"""What executions write to the entities they are about: by the rules of their template, and a summary of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from accounts.scope import system_scope
from designer.graph.model import Flow
from designer.services.versions import flow_of
from dialects.epilot.models import Execution
from dialects.epilot.running.documents import FINISHED, phase_by_id, primary_context, task_by_id
from dialects.epilot.running.statuses import Event
from dialects.epilot.translate.outgoing import template_of
from dialects.epilot.translate.syncs import rule_of, schema_of
from dialects.epilot.translate.words import DIALECT
from engine.core.facts import FactType
from engine.entities.models import Entity
from engine.models import Instance
from engine.services.advancing import change_instance
from engine.services.entity_changes import Author, write_attributes
from engine.services.entity_sync import depth_of
from engine.services.errors import InvalidInput

Json = dict[str, Any]
_VARIABLE: Final = re.compile(r"\{\{\s*(?:entity\.)?([\w.-]+)\s*\}\}")
MOST_SUMMARIES: Final = 50


# -- assignees --------------------------------------------------------------------------------------------------------


def resolve_assignees(execution: Execution, events: Iterable[Event]) -> None:
    """Give variable assignees of tasks that have become current, and of a flow that starts, their values."""
    document = execution.document
    groups = [entry for name, entry in events if name in ("CurrTaskChanged", "FlowStarted", "FlowAssigned")]
    variables = [a for entry in groups for a in entry.get("assigned_to") or () if isinstance(a, dict)]
    context = primary_context(document)
    if not variables or context is None:
        return
    rows = Entity.objects.filter(environment_id=execution.environment_id, key=context["entity_id"])
    entity = rows.first()
    attributes = entity.attributes if entity else {}
    for assignee in variables:
        match = _VARIABLE.search(str(assignee.get("variable", "")))
        assignee["value"] = list(_ids(_found(attributes, match[1]))) if match else []


def _found(attributes: Mapping[str, Any], path: str) -> Any:
    value: Any = attributes
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = value.get("user_id") or value.get("userId") or value.get("id")
    if isinstance(value, (list, tuple)):
        for entry in value:
            yield from _ids(entry)
    elif isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
        yield str(value)


def assignee_ids(entry: Mapping[str, Any]) -> list[str]:
    """Who something is assigned to, variables by their values."""
    found: list[str] = []
    for assignee in entry.get("assigned_to") or ():
        found += [assignee] if isinstance(assignee, str) else list(assignee.get("value") or ())
    return found


# -- rules ------------------------------------------------------------------------------------------------------------


def sync_entities(execution: Execution, events: Sequence[Event], *, at: datetime) -> None:
    """Carry out the rules that these events match, tell the instance's history, and write the summary."""
    document = execution.document
    written: dict[str, Json] = {}
    rules = _own_rules(execution) if events and document.get("entity_sync") else ()
    for name, entry in events:
        for rule in rules:
            if rule["trigger"]["event"] == name and _matches(rule["trigger"].get("filter") or {}, entry, document):
                target, value = rule["target"], _value(rule["value"], entry, document)
                for context in document["contexts"]:
                    if value is not None and context.get("entity_schema") == target["entitySchema"]:
                        values = written.setdefault(context["entity_id"], {"schema": context["entity_schema"]})
                        values.setdefault("set", {})[target["entityAttribute"]] = value
    if written:
        _write(execution, written)
    if events:
        summarize(execution)
    if written:
        entities = [{"entity": key, **found} for key, found in written.items()]
        change_instance(
            execution.instance_id,
            lambda case: case.tell(case.fact(FactType.ENTITY_SYNCED, entities=entities)),
            now=at,
        )
        execution.refresh_from_db(fields=["document"])


def _own_rules(execution: Execution) -> list[Json]:
    """The rules that are carried out here: all of an execution that was started here, else those that the engine has
    no words for.
    """
    instance = Instance.objects.select_related("version").get(pk=execution.instance_id)
    rules: list[Json] = execution.document["entity_sync"]
    if is_started_here(instance):
        return rules
    schema = schema_of(kept_template(flow_of(instance.version)))
    return [rule for rule in rules if rule_of(rule, schema) is None]


def is_started_here(instance: Instance) -> bool:
    """Whether an instance was started as an execution, over this API."""
    return bool((instance.trigger or {}).get(DIALECT))


def said_here(flow: Flow) -> list[Json]:
    """The rules of a flow that its template says as well."""
    if not flow.entity_sync:
        return []
    schema = schema_of(kept_template(flow))
    rules = template_of(flow).get("entity_sync", ())
    return [rule for sync in rules if (rule := rule_of(sync, schema)) is not None]


def kept_template(flow: Flow) -> Mapping[str, Any]:
    """What a flow keeps of its template."""
    found: Mapping[str, Any] = flow.extensions.get(DIALECT, {}).get("template") or {}
    return found


def _write(execution: Execution, written: Mapping[str, Json]) -> None:
    instance = Instance.objects.select_related("environment__organization").get(pk=execution.instance_id)
    by = {"type": "instance", "id": instance.pk, "name": f"{execution.document['name']} {instance.key}"}
    author = Author(by, instance.pk, depth_of(instance.trigger) + 1)
    for key, found in sorted(written.items()):
        try:
            write_attributes(system_scope(instance.environment), key, found["schema"], found["set"], author)
        except InvalidInput as refused:
            found["problem"] = str(refused)[:500]


def _matches(wanted: Mapping[str, Any], entry: Json, document: Json) -> bool:
    if wanted.get("task_template_id"):
        return bool(entry.get("template_id") == wanted["task_template_id"] and "task_type" in entry)
    if wanted.get("phase_template_id"):
        phase = entry if "task_type" not in entry else phase_by_id(document, entry.get("phase_id") or "")
        return phase is not None and bool(phase.get("template_id") == wanted["phase_template_id"])
    return True


def _value(wanted: Mapping[str, Any], entry: Json, document: Json) -> Any:
    subject, _, field = wanted["source"].partition("_")
    if wanted["source"] == "custom_value":
        return wanted.get("value", "")
    if subject == "workflow":
        owner: Json | None = document
    else:
        owner = _task(entry, document) if subject == "task" else _phase(entry, document)
    if owner is None:
        return None
    return ",".join(assignee_ids(owner)) if field == "assigned_to" else owner.get(field)


def _task(entry: Json, document: Json) -> Json | None:
    if "task_type" in entry:
        return entry
    current = document["crt_tasks"]
    return task_by_id(document, current[0]["id"]) if current else None


def _phase(entry: Json, document: Json) -> Json | None:
    if entry in document["phases"]:
        return entry
    task = _task(entry, document)
    return phase_by_id(document, (task or {}).get("phase_id") or "")


# -- the summary ------------------------------------------------------------------------------------------------------


@transaction.atomic
def summarize(execution: Execution) -> None:
    """Let every entity of the contexts carry how this execution stands."""
    document = execution.document
    keys = [context["entity_id"] for context in document["contexts"]]
    entities = Entity.objects.select_for_update().filter(environment_id=execution.environment_id, key__in=keys)
    summary = summary_of(document)
    for entity in entities.order_by("pk"):
        found: dict[str, Any] = dict(entity.summaries)
        mine = [s for s in found.get(summary["definition_id"], ()) if s["id"] != summary["id"]]
        found[summary["definition_id"]] = [*mine, summary][-MOST_SUMMARIES:]
        found.pop("primary", None)
        active = [s for list_ in found.values() for s in list_ if s["status"] == "STARTED"]
        if active:
            found["primary"] = max(active, key=lambda each: each["last_update_time"])
        if found != entity.summaries:
            entity.summaries = found
            entity.save(update_fields=["summaries"])


def summary_of(document: Json) -> Json:
    """How an execution stands, in few words."""
    tasks = document["tasks"]
    current = [t for entry in document["crt_tasks"] if (t := task_by_id(document, entry["id"]))]
    task = current[0] if current else {}
    phase = phase_by_id(document, task.get("phase_id") or "") or {}
    closing = document.get("closing_reason") or {}
    return {
        "id": document["id"],
        "definition_id": document["flow_template_id"],
        "name": document["name"],
        "status": document["status"],
        "assignees": assignee_ids(document),
        "duedate": document.get("due_date"),
        "last_update_time": document["updated_at"],
        "progress": _progress(tasks),
        "task_id": task.get("id"),
        "task_name": task.get("name"),
        "task_assignees": assignee_ids(task),
        "task_duedate": task.get("due_date"),
        "task_execution_type": task.get("task_type"),
        "task_status": task.get("status"),
        "phase_id": phase.get("id"),
        "phase_name": phase.get("name"),
        "phase_assignees": assignee_ids(phase),
        "phase_progress": _progress([t for t in tasks if phase and t.get("phase_id") == phase["id"]]),
        "phases_in_progress": [p["name"] for p in document["phases"] if p["status"] == "IN_PROGRESS"],
        "selected_closing_reasons": closing.get("selected_reasons", []),
        "closing_reason_description": closing.get("extra_description"),
    }


def _progress(tasks: Sequence[Json]) -> float:
    """The share of the tasks that are done."""
    return round(sum(t["status"] in FINISHED for t in tasks) / len(tasks), 4) if tasks else 0
