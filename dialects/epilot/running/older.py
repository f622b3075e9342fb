"""Executions of the older API: the same documents as sections and steps. Changes go by those of the newer API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from accounts.scope import Scope
from dialects.epilot.errors import Refusal, bad_request
from dialects.epilot.models import Execution
from dialects.epilot.running import executions, tasks
from dialects.epilot.running.adding import insert
from dialects.epilot.running.documents import FINISHED, note_of, phase_by_id, task_by_id
from dialects.epilot.running.following_rows import bring_up_to_date
from dialects.epilot.running.syncing import assignee_ids
from dialects.epilot.running.work import Work, changing
from dialects.epilot.translate.older import due_config, dynamic_due

Json = dict[str, Any]
PAGE: Final = 25
MOST: Final = 250


# -- shapes -----------------------------------------------------------------------------------------------------------


def execution_json(document: Mapping[str, Any]) -> Json:
    """An execution with its sections and steps."""
    closing = document.get("closing_reason") or {}
    analytics = document["analytics"]
    found: Json = {
        "id": document["id"],
        "definitionId": document["flow_template_id"],
        "orgId": document["org_id"],
        "name": document["name"],
        "creationTime": document["created_at"],
        "lastUpdateTime": document["updated_at"],
        "dueDate": document.get("due_date"),
        "dynamicDueDate": dynamic_due(document["due_date_config"]) if document.get("due_date_config") else None,
        "completedTime": analytics.get("completed_at") or analytics.get("closed_at"),
        "lastModifiedBy": analytics.get("closed_by"),
        "status": document["status"],
        "trigger": document["trigger"].get("type", "MANUAL"),
        "assignedTo": assignee_ids(document) or None,
        "contexts": [_context(context) for context in document["contexts"]],
        "nextOpenStep": next_open_step(document),
        "configuredClosingReasonSnapshot": closing.get("configured_reasons", []),
        "selectedClosingReasons": closing.get("selected_reasons"),
        "closingReasonDescription": closing.get("extra_description"),
        "enableECPWorkflow": document.get("available_in_ecp"),
        "taxonomies": document.get("taxonomies"),
        "singleClosingReasonSelection": document.get("singleClosingReasonSelection"),
        "version": 1,
        "flow": _flow(document),
    }
    return {name: value for name, value in found.items() if value is not None}


def next_open_step(document: Mapping[str, Any]) -> Json | None:
    """The first step that is not done."""
    return next(({"id": task["id"]} for task in shown(document) if task["status"] not in FINISHED), None)


def shown(document: Mapping[str, Any]) -> list[Json]:
    """The tasks that nobody has deleted."""
    hidden = document["_"].get("hidden", ())
    return [task for task in document["tasks"] if task["id"] not in hidden]


def _context(context: Mapping[str, Any]) -> Json:
    return {
        "id": context["entity_id"],
        "title": context.get("title") or context["entity_id"],
        "schema": context.get("entity_schema", ""),
    }


def _flow(document: Mapping[str, Any]) -> list[Json]:
    flow: list[Json] = []
    sections: dict[str, Json] = {}
    phases = {phase["id"]: phase for phase in document["phases"]}
    for task in shown(document):
        phase = phases.get(task.get("phase_id", ""))
        if phase is None:
            flow.append(step_json(document, task))
            continue
        if phase["id"] not in sections:
            sections[phase["id"]] = _section(phase)
            flow.append(sections[phase["id"]])
        sections[phase["id"]]["steps"].append(step_json(document, task))
    return flow + [_section(phase) for id, phase in phases.items() if id not in sections]


def _section(phase: Mapping[str, Any]) -> Json:
    analytics = phase.get("analytics") or {}
    found = {
        "id": phase["id"],
        "definitionId": phase["template_id"],
        "name": phase["name"],
        "type": "SECTION",
        "status": phase["status"],
        "assignedTo": assignee_ids(phase) or None,
        "dueDate": phase.get("due_date"),
        "startedTime": analytics.get("started_at"),
        "completedTime": analytics.get("completed_at"),
        "taxonomies": phase.get("taxonomies"),
        "steps": [],
    }
    return {name: value for name, value in found.items() if value is not None}


def step_json(document: Mapping[str, Any], task: Mapping[str, Any]) -> Json:
    """A task as a step."""
    analytics, config = task["analytics"], task.get("automation_config") or {}
    found: Json = {
        "id": task["id"],
        "definitionId": task["template_id"],
        "name": task["name"],
        "type": "STEP",
        "sectionId": task.get("phase_id"),
        "executionId": document["id"],
        "status": task["status"],
        "enabled": task["enabled"],
        "created": task["created_at"],
        "lastUpdated": task["updated_at"],
        "statusLastUpdated": analytics.get("status_updated_at"),
        "startedTime": analytics.get("started_at"),
        "completedTime": analytics.get("completed_at"),
        "manuallyCreated": task.get("manually_created", False),
        "assignedTo": assignee_ids(task) or None,
        "assignedToInProgress": analytics.get("in_progress_by"),
        "assignedToOnHold": analytics.get("on_hold_by"),
        "dueDate": task.get("due_date"),
        "dynamicDueDate": dynamic_due(task["due_date_config"]) if task.get("due_date_config") else None,
        "executionType": "AUTOMATION" if task["task_type"] == "AUTOMATION" else "MANUAL",
        "requirements": [_requirement(r) for r in task.get("requirements") or ()] or None,
        **{name: task.get(name) for name in ("description", "journey", "ecp", "installer", "partner", "taxonomies")},
    }
    if task["task_type"] == "AUTOMATION":
        names = {"flow_id": "flowId", "execution_id": "executionId", "execution_status": "executionStatus"}
        found["automationConfig"] = {new: config[old] for old, new in names.items() if old in config}
    return {name: value for name, value in found.items() if value is not None}


def _requirement(requirement: Mapping[str, Any]) -> Json:
    if requirement.get("phase_id"):
        return {"definitionId": requirement["phase_id"], "type": "SECTION", "condition": "CLOSED"}
    return {"definitionId": requirement.get("task_id", ""), "type": "STEP", "condition": "CLOSED"}


# -- changes ----------------------------------------------------------------------------------------------------------


def start(scope: Scope, body: Json, *, user: str) -> Execution:
    """Start an execution of a definition. Raises `Refusal`."""
    if not body.get("workflowId"):
        raise bad_request("workflowId is required")
    wanted = {
        "flow_template_id": body["workflowId"],
        "contexts": contexts_of(body.get("contexts") or ()),
        "trigger": {"type": body.get("trigger", "MANUAL")},
        "purposes": body.get("purposes") or (),
        "assigned_to": body.get("assignedTo"),
    }
    return executions.start(scope, wanted, user=user, is_v1=True)


def contexts_of(contexts: Any) -> list[Json]:
    """Contexts in the newer words; the title stays beside."""
    return [
        {"entity_id": c["id"], "entity_schema": c["schema"], **({"title": c["title"]} if c.get("title") else {})}
        for c in contexts
    ]


@transaction.atomic
def update(scope: Scope, key: str, body: Json, *, user: str) -> None:
    """Change an execution: all of it or nothing. Raises `Refusal`."""
    wanted: Json = {}
    for old, new in (("status", "status"), ("assignedTo", "assigned_to"), ("dueDate", "due_date")):
        if old in body:
            wanted[new] = body[old]
    if "dynamicDueDate" in body:
        wanted["due_date_config"] = due_config(body["dynamicDueDate"])
    if "contexts" in body:
        wanted["contexts"] = contexts_of(body["contexts"])
    closing: Json = {}
    if "selectedClosingReasons" in body:
        closing["selected_reasons"] = body["selectedClosingReasons"]
    if "closingReasonDescription" in body:
        closing["extra_description"] = body["closingReasonDescription"]
    if closing:
        wanted["closing_reason"] = closing
    executions.patch_execution(scope, key, wanted, user=user, is_v1=True)
    if "closedBy" in body or "completedTime" in body:
        with changing(scope, key, user, is_v1=True) as work:
            for old, new in (("closedBy", "closed_by"), ("completedTime", "completed_at")):
                if old in body:
                    work.document["analytics"][new] = body[old]


def create_step(scope: Scope, key: str, body: Json, *, user: str) -> Json:
    """Put a step into an execution. Raises `Refusal`."""
    with changing(scope, key, user, is_v1=True) as work:
        section = body.get("sectionId")
        if section and phase_by_id(work.document, section) is None:
            raise bad_request(f"Section with id '{section}' not found")
        place = _place(work.document, section, int(body.get("insertionIndex", 0)))
        after, before = _neighbours(work.document, place)
        task: Json = {"name": body["name"], "task_type": body.get("executionType", "MANUAL")}
        for old, new in (("description", "description"), ("status", "status"), ("sectionId", "phase_id")):
            if old in body:
                task[new] = body[old]
        if body.get("automationConfig"):
            task["automation_config"] = {"flow_id": body["automationConfig"]["flowId"]}
        id = insert(work, task, after=after, before=before)
        chain = work.document["tasks"]
        added = task_by_id(work.document, id) or {}
        chain.remove(added)
        chain.insert(min(place, len(chain)), added)
        tasks.refresh(work)
    return step_json(work.document, work.task(id))


def _neighbours(document: Json, place: int) -> tuple[str | None, str | None]:
    """Between which steps one that is shown at this place of the chain has its turn. Steps may be shown elsewhere than
    they have theirs: then it comes right after the one that is shown before it.
    """
    chain = document["tasks"]
    after = str(chain[place - 1]["id"]) if place > 0 else None
    before = str(chain[place]["id"]) if place < len(chain) else None
    if after is not None and (before is None or not _leads(document, after, before)):
        before = next((edge["to_id"] for edge in document["edges"] if edge["from_id"] == after), None)
    return after, before or None


def _leads(document: Json, one: str, other: str) -> bool:
    """Whether a way leads from one step to another."""
    following: dict[str, list[str]] = {}
    for edge in document["edges"]:
        following.setdefault(edge["from_id"], []).append(edge.get("to_id") or "")
    todo, seen = [one], {one}
    while todo:
        new = set(following.get(todo.pop(), ())) - seen
        seen |= new
        todo.extend(new)
    return other in seen


def _place(document: Json, section: str | None, index: int) -> int:
    """Where in the chain of all steps a position is: among the steps of a section, or among the sections and the steps
    outside of all. What has been deleted does not count.
    """
    chain, visible = document["tasks"], {task["id"] for task in shown(document)}
    known = {phase["id"] for phase in document["phases"]}
    places, begun = [], set()
    for place, task in enumerate(chain):
        of = task.get("phase_id") if task.get("phase_id") in known else None
        if task["id"] not in visible or (section and of != section) or of in begun:
            continue
        if not section and of is not None:
            begun.add(of)
        places.append(place)
    if not places or (not section and index >= len(places)):
        return len(chain)
    return places[index] if index < len(places) else places[-1] + 1


@transaction.atomic
def update_step(scope: Scope, key: str, step_id: str, body: Json, *, user: str) -> Json:
    """Change a step: all of it or nothing. Raises `Refusal`."""
    wanted: Json = {name: body[name] for name in ("name", "description", "status") if name in body}
    if "assignedTo" in body:
        wanted["assigned_to"] = body["assignedTo"]
    if "dueDate" in body:
        wanted["due_date"] = body["dueDate"]
    if "dynamicDueDate" in body:
        wanted["due_date_config"] = due_config(body["dynamicDueDate"])
    if body.get("automationConfig"):
        wanted["automation_config"] = {"flow_id": body["automationConfig"]["flowId"]}
    tasks.patch_task(scope, key, step_id, wanted, user=user, is_v1=True)
    with changing(scope, key, user, is_v1=True) as work:
        analytics = work.task(step_id)["analytics"]
        for old, new in (
            ("assignedToInProgress", "in_progress_by"),
            ("assignedToOnHold", "on_hold_by"),
            ("startedTime", "started_at"),
            ("completedTime", "completed_at"),
        ):
            if old in body:
                analytics[new] = body[old]
        if "position" in body:
            _move(work, step_id, body["position"])
    return step_json(work.document, work.task(step_id))


def _move(work: Work, step_id: str, position: Json) -> None:
    """Show a step elsewhere. What its turn is stays as it was."""
    chain, task = work.document["tasks"], work.task(step_id)
    section = position.get("sectionId")
    if section and phase_by_id(work.document, section) is None:
        raise bad_request(f"Section with id '{section}' not found")
    chain.remove(task)
    task.pop("phase_id", None)
    if section:
        task["phase_id"] = section
    chain.insert(_place(work.document, section, int(position["index"])), task)


def delete_step(scope: Scope, key: str, step_id: str, *, user: str) -> None:
    """Take a step out of an execution: it is skipped, and shown no more. Raises `Refusal`."""
    with changing(scope, key, user, is_v1=True) as work:
        task = work.task(step_id)
        if task["status"] not in FINISHED and work.document["status"] == "STARTED":
            note_of(work.document, task)["forced"] = True
            task["enabled"] = True
            tasks.change_status(work, task, "SKIPPED", {})
        work.document["_"].setdefault("hidden", []).append(step_id)
        tasks.refresh(work)


# -- finding ----------------------------------------------------------------------------------------------------------


def all_executions(scope: Scope) -> list[Execution]:
    """Every execution of the older API, the newest first."""
    rows = Execution.objects.within(scope).filter(is_hidden=False, is_v1=True).order_by("-pk")[:5_000]
    return list(map(bring_up_to_date, rows))


def search(scope: Scope, body: Json) -> Json:
    """A page of executions, and where the next begins."""
    fitting = [(row.document, _moment_key(row)) for row in all_executions(scope) if _fits(row.document, body)]
    found = [{**document, "moment": moment} for document, moment in fitting]
    _sort(found, body.get("sorting", "TRIGGER_DATE_DESC"), name="name", due="due_date", at="created_at")
    after = (body.get("pagination") or {}).get("creationTime")
    if after:
        places = [n for n, document in enumerate(found) if after in (document["moment"], document["created_at"])]
        found = found[places[-1] + 1 :] if places else []
    page = found[:PAGE]
    answer: Json = {"executions": [execution_json(document) for document in page]}
    if len(found) > PAGE:
        answer["lastEvaluatedKey"] = {"orgId": page[-1]["org_id"], "creationTime": page[-1]["moment"]}
    return answer


def _moment_key(row: Execution) -> str:
    """When an execution began, told apart from those of the same millisecond by the digits that follow."""
    return f"{str(row.document['created_at']).removesuffix('Z')}{row.pk:012d}Z"


def _fits(document: Json, body: Json) -> bool:
    if body.get("name") and body["name"].casefold() not in document["name"].casefold():
        return False
    if body.get("status"):
        return bool(document["status"] == body["status"]) and _is_assigned(document, body)
    if document["status"] != "STARTED" and not body.get("includeDoneWorkflows"):
        return False
    return _is_assigned(document, body)


def _is_assigned(entry: Json, body: Json) -> bool:
    return body.get("assignedTo") in (None, "") or str(body["assignedTo"]) in assignee_ids(entry)


def search_steps(scope: Scope, body: Json) -> Json:
    """Steps of all executions that fit, and the page of them that is asked for."""
    found: list[tuple[Json, Json]] = []
    for document in (row.document for row in all_executions(scope)):
        if document["status"] != "STARTED" and not body.get("includeDoneWorkflows"):
            continue
        if body.get("executionName") and body["executionName"].casefold() not in document["name"].casefold():
            continue
        following = next_open_step(document)
        for task in shown(document):
            if _step_fits(task, body, following):
                found.append((document, task))
    key = body.get("sorting", "TRIGGER_DATE_DESC")
    rows = [{**task, "of": document} for document, task in found]
    _sort(rows, key, name="name", due="due_date", at="created_at")
    pagination = body.get("pagination") or {}
    start, size = int(pagination.get("from", 0)), min(MOST, int(pagination.get("size", PAGE)))
    return {"hits": len(rows), "results": [_extended(row) for row in rows[start : start + size]]}


def _step_fits(task: Json, body: Json, following: Json | None) -> bool:
    is_done = task["status"] in FINISHED
    match body.get("status"):
        case "OPEN" if is_done:
            return False
        case "COMPLETE" if not is_done:
            return False
        case "NEXT_OPEN_ITEM_IN_WORKFLOW" if following is None or task["id"] != following["id"]:
            return False
    if "manuallyCreated" in body and bool(task.get("manually_created")) != body["manuallyCreated"]:
        return False
    if body.get("stepName") and body["stepName"].casefold() not in task["name"].casefold():
        return False
    return _is_assigned(task, body)


def _extended(row: Json) -> Json:
    document = row["of"]
    return {
        **step_json(document, row),
        "executionName": document["name"],
        "executionStatus": document["status"],
        "contexts": [_context(context) for context in document["contexts"]],
    }


def _sort(rows: list[Json], how: str, *, name: str, due: str, at: str) -> None:
    field = {"A_Z": name, "Z_A": name, "DUE_DATE_ASC": due, "DUE_DATE_DESC": due}.get(how, at)
    rows.sort(key=lambda row: str(row.get(field) or ""), reverse=how in ("Z_A", "DUE_DATE_DESC", "TRIGGER_DATE_DESC"))


__all__ = ["Refusal", "create_step", "execution_json", "search", "search_steps", "start", "update", "update_step"]
