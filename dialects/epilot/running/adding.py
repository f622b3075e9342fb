"""A task that a person adds to a running execution: a version of its flow for this instance alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accounts.scope import Scope
from designer.graph.model import TRIGGER, Edge, Flow
from designer.services.versions import flow_of
from dialects.epilot.errors import Refusal, bad_request
from dialects.epilot.ids import iso, long_id
from dialects.epilot.running.documents import FINISHED, note_of, phase_by_id, task_by_id
from dialects.epilot.running.executions import refuse_bad_due_date, set_due_date
from dialects.epilot.running.statuses import set_status
from dialects.epilot.running.tasks import change_status, refresh
from dialects.epilot.running.versions import private_version
from dialects.epilot.running.work import Work, changing
from dialects.epilot.translate.incoming import translated_task
from dialects.epilot.translate.words import DIALECT, key_of
from engine.core.facts import FactType
from engine.core.state import StepStatus
from engine.services.case import Case
from engine.services.moving import move

Json = dict[str, Any]


def add_task(scope: Scope, key: str, body: Json, *, user: str) -> Json:
    """Put a task between two others. Raises `Refusal`."""
    with changing(scope, key, user) as work:
        if work.document["status"] != "STARTED":
            raise bad_request("Flow execution is closed")
        for name in ("previous_task_id", "next_task_id"):
            if task_by_id(work.document, body[name]) is None and phase_by_id(work.document, body[name]) is None:
                raise Refusal(404, "Task not found")
        added = insert(work, body["task"], before=body["next_task_id"], after=body["previous_task_id"])
        refresh(work)
    return work.task(added)


def insert(work: Work, wanted: Json, *, after: str | None, before: str | None) -> str:
    """Add a task between two nodes (execution ids; None: at the beginning, at the end). Answers its id."""
    document = work.document
    id = wanted.get("id") or long_id()
    if task_by_id(document, id) is not None:
        raise bad_request(f"Duplicate id '{id}'")
    refuse_bad_due_date(document, wanted)
    template_task = _template_task(document, wanted, id)
    previous, following = _template_id(document, after), _template_id(document, before)
    is_next_current = before is not None and any(entry["id"] == before for entry in document["crt_tasks"])
    is_previous_done = after is None or _is_done(document, after)
    flow = with_task(flow_of(work.instance().version), template_task, previous, following)
    version = private_version(work.scope, work.instance().flow, flow, note=f"With the task {wanted['name'][:80]} added")
    work.save()
    new_key = key_of(template_task["id"])

    def apply(case: Case) -> None:
        move(work.scope, case, version, reason="A task was added")

    work.change(apply)
    if is_previous_done and is_next_current and not work.instance().is_final:
        work.tell(FactType.INSTANCE_RESTARTED, **{"from": new_key}, reason="A task was added")
    note = work.document["_"]["tasks"][new_key]
    task = work.task(note["id"])
    _finish(work, task, wanted, id)
    return id


def _finish(work: Work, task: Json, wanted: Json, id: str) -> None:
    """Give the new task its own id and what it was sent with."""
    document, old = work.document, task["id"]
    note_of(document, task)["id"] = id
    task |= {"id": id, "manually_created": True, "updated_at": iso(work.now)}
    for edge in document["edges"]:
        for end in ("from_id", "to_id"):
            edge[end] = id if edge[end] == old else edge[end]
    for entry in document["crt_tasks"]:
        entry["id"] = id if entry["id"] == old else entry["id"]
    document["_"]["last"] = [id if entry == old else entry for entry in document["_"]["last"]]
    if work.status(work.key(id)).is_settled and task["status"] in FINISHED:
        # It stands before what has begun already: the engine passed over it, nobody did it.
        work.events += set_status(document, task, "PENDING", at=work.now)
    set_due_date(document, task, wanted, at=work.now)
    if "assigned_to" in wanted:
        task["assigned_to"] = wanted["assigned_to"]
    if "enabled" in wanted:
        note_of(document, task)["forced"] = task["enabled"] = wanted["enabled"]
    status = wanted.get("status", "PENDING")
    if status not in ("PENDING", "UNASSIGNED", "ASSIGNED", task["status"]) and task["enabled"]:
        change_status(work, task, status, {})


def _template_task(document: Json, wanted: Json, id: str) -> Json:
    found: Json = {"id": id, "name": wanted["name"], "task_type": wanted.get("task_type", "MANUAL")}
    if wanted.get("phase_id"):
        phase = phase_by_id(document, wanted["phase_id"])
        if phase is None:
            raise bad_request(f"Task '{wanted['name']}' references unknown phase '{wanted['phase_id']}'")
        found["phase_id"] = phase["template_id"]
    if found["task_type"] == "AUTOMATION":
        found["automation_config"] = {k: v for k, v in wanted.get("automation_config", {}).items() if k == "flow_id"}
        found["trigger_mode"] = "manual"
    elif found["task_type"] not in ("MANUAL", "AI_AGENT"):
        raise bad_request("Invalid request body: task.task_type must be one of MANUAL, AUTOMATION, AI_AGENT")
    for name in ("description", "due_date_config"):
        if name in wanted:
            found[name] = wanted[name]
    return found


def _template_id(document: Json, id: str | None) -> str | None:
    if id is None:
        return None
    entry = task_by_id(document, id) or phase_by_id(document, id)
    return str(entry["template_id"]) if entry else None


def _is_done(document: Json, id: str) -> bool:
    entry: Mapping[str, Any] = task_by_id(document, id) or phase_by_id(document, id) or {}
    return entry.get("status") in FINISHED


def with_task(flow: Flow, task: Json, previous: str | None, following: str | None) -> Flow:
    """A flow with one more task between two others, in place of an edge between them."""
    new = translated_task(task, flow.phases, ())
    source = _ref(flow, previous) if previous else TRIGGER
    target = _ref(flow, following) if following else None
    has_direct = [edge for edge in flow.edges if edge.source == source and edge.target == target]
    branch = has_direct[0].branch if has_direct else None
    edges = [edge for edge in flow.edges if edge not in has_direct]
    has_start = any(edge.source == TRIGGER for edge in flow.edges)
    if source != TRIGGER or has_start:
        edges.append(Edge(source, new.key, branch))
    if target is not None:
        edges.append(Edge(new.key, target))
    kept = dict(flow.extensions.get(DIALECT) or {})
    template = kept.get("template")
    if template:
        kept["template"] = _with_task(template, task, previous, following)
    tasks = {**flow.tasks, new.key: new}
    return replace(flow, tasks=tasks, edges=tuple(edges), extensions={**flow.extensions, DIALECT: kept})


def _with_task(template: Json, task: Json, previous: str | None, following: str | None) -> Json:
    source = previous or TRIGGER
    direct = [e for e in template["edges"] if e["from_id"] == source and (e.get("to_id") or None) == following]
    edges = [e for e in template["edges"] if e not in direct]
    has_start = any(e["from_id"] == TRIGGER for e in template["edges"])
    if source != TRIGGER or has_start:
        first = direct[0] if direct else {"id": long_id(), "from_id": source}
        edges.append({**first, "to_id": task["id"]})
    if following is not None:
        edges.append({"id": long_id(), "from_id": task["id"], "to_id": following})
    return {**template, "tasks": [*template["tasks"], task], "edges": edges}


def _ref(flow: Flow, id: str) -> str:
    key = key_of(id)
    return key if key in flow.tasks else f"phase:{key}"


__all__ = ["StepStatus", "add_task", "insert"]
