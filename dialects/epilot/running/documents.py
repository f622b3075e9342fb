"""The document of an execution: made when its instance starts, and read by its parts.

Beside what goes over the wire it holds, under `_`, what ties it to the instance: `n`, the number of the last fact it
has followed, and for each task by the key of ours `{id, round, open, ahead, due, forced, enabled}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from dialects.epilot.ids import iso
from dialects.epilot.running.due_dates import due_after
from dialects.epilot.translate.words import key_of

Json = dict[str, Any]
FINISHED: Final = ("COMPLETED", "SKIPPED")
_COPIED: Final = (
    "due_date",
    "due_date_config",
    "assigned_to",
    "entity_sync",
    "taxonomies",
    "singleClosingReasonSelection",
    "available_in_ecp",
    "linear",
)


def new_document(
    template: Mapping[str, Any],
    *,
    execution_id: str,
    org_id: str,
    contexts: list[Json],
    trigger: Json,
    started_by: str,
    at: datetime,
    reasons: list[Json],
    chain: Json | None,
    timezone: str,
    new_id: Callable[[], str],
) -> Json:
    """The document of an execution that starts at `at`. `template`: as it is answered, of the version that runs."""
    moment = iso(at)
    document: Json = {
        "id": execution_id,
        "flow_template_id": template["id"],
        "org_id": org_id,
        "name": template["name"],
        "created_at": moment,
        "updated_at": moment,
        "status": "STARTED",
        "trigger": trigger,
        "contexts": contexts,
        "analytics": {"started_at": moment, "started_by": started_by},
        "crt_tasks": [],
        "phases": [],
        "tasks": [],
        "edges": [],
        **{name: deepcopy(template[name]) for name in _COPIED if name in template},
        "closing_reason": {"configured_reasons": reasons},
        "_": {"n": 0, "tasks": {}, "timezone": timezone, "last": []},
    }
    if chain is not None:
        document["_execution_chain"] = chain
    extend(document, template, at=at, new_id=new_id)
    for entry in (document, *document["phases"], *document["tasks"]):
        config = entry.get("due_date_config")
        if config and config["type"] == "WORKFLOW_STARTED" and not entry.get("due_date"):
            due = due_after(config, at, timezone)
            if due:
                entry["due_date"] = due
    return document


def extend(document: Json, template: Mapping[str, Any], *, at: datetime, new_id: Callable[[], str]) -> None:
    """Add the phases and tasks that a template has and the document has not, and make its edges the template's."""
    ids = {entry["template_id"]: entry["id"] for entry in (*document["phases"], *document["tasks"])}
    for phase in template.get("phases", ()):
        if phase["id"] not in ids:
            ids[phase["id"]] = new_id()
            document["phases"].append(_phase(phase, ids[phase["id"]], at))
    for task in template.get("tasks", ()):
        if task["id"] not in ids:
            ids[task["id"]] = new_id()
            document["tasks"].append(_task(task, ids, at))
            document["_"]["tasks"][key_of(task["id"])] = {"id": ids[task["id"]], "round": 0, "open": False}
    known = {_ends(edge): edge["id"] for edge in document["edges"]}
    document["edges"] = []
    for edge in template.get("edges", ()):
        found = {
            **edge,
            "id": "",
            "from_id": ids.get(edge["from_id"], edge["from_id"]),
            "to_id": ids.get(edge.get("to_id") or "", ""),
        }
        found["id"] = known.get(_ends(found)) or new_id()
        document["edges"].append(found)
    _note_loops(document)


def _ends(edge: Mapping[str, Any]) -> tuple[Any, ...]:
    return edge["from_id"], edge["to_id"], edge.get("condition_id")


def _phase(phase: Mapping[str, Any], id: str, at: datetime) -> Json:
    found = {**deepcopy(dict(phase)), "id": id, "template_id": phase["id"], "status": "OPEN", "updated_at": iso(at)}
    return {**found, "analytics": {}}


def _task(task: Mapping[str, Any], ids: Mapping[str, str], at: datetime) -> Json:
    found = deepcopy(dict(task))
    found |= {
        "id": ids[task["id"]],
        "template_id": task["id"],
        "status": "PENDING",
        "enabled": True,
        "analytics": {},
        "created_at": iso(at),
        "updated_at": iso(at),
    }
    if found.get("phase_id"):
        found["phase_id"] = ids.get(found["phase_id"], found["phase_id"])
    for condition in found.get("conditions") or ():
        condition["statements"] = condition.get("statements") or []
    schedule = found.get("schedule")
    if schedule is not None and not schedule.get("mode"):
        schedule["mode"] = "immediate"
    if found["task_type"] == "AUTOMATION":
        found.setdefault("automation_config", {}).setdefault("flow_id", "")
    if found.get("loop_config"):
        found["loop_config"]["crt_iterations"] = 0
    return found


def _note_loops(document: Json) -> None:
    """Tasks and phases on a loop's way carry how often it may go round."""
    following: dict[str, list[str]] = {}
    for edge in document["edges"]:
        following.setdefault(edge["from_id"], []).append(edge["to_id"])
    bodies: list[tuple[Json, set[str]]] = []
    for decision in document["tasks"]:
        loop = decision.get("loop_config")
        if decision["task_type"] != "DECISION" or not loop:
            continue
        starts = [
            edge["to_id"]
            for edge in document["edges"]
            if edge["from_id"] == decision["id"] and edge.get("condition_id") == loop["loop_branch_id"]
        ]
        bodies.append((loop, _reach(starts, following, stop=decision["id"]) - {decision["id"]}))
    for loop, body in sorted(bodies, key=lambda found: -len(found[1])):  # the innermost loop says it last
        for entry in (*document["phases"], *document["tasks"]):
            if entry["id"] in body and entry.get("task_type") != "DECISION":
                most = loop["max_iterations"]
                entry["loop_config"] = {"max_iterations": most, "crt_iterations": loop["crt_iterations"]}


def _reach(starts: list[str], following: Mapping[str, list[str]], *, stop: str) -> set[str]:
    """What lies between the starts and `stop`."""
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += [] if node == stop else following.get(node, [])
    before: set[str] = {stop}
    grown = True
    while grown:
        grown = False
        for node in seen - before:
            if before & set(following.get(node, ())):
                before.add(node)
                grown = True
    return seen & before


# -- reading ----------------------------------------------------------------------------------------------------------


def public(document: Mapping[str, Any]) -> Json:
    """A document as it goes over the wire."""
    return {name: value for name, value in document.items() if name != "_"}


def task_by_id(document: Json, id: str) -> Json | None:
    """A task by its id."""
    return next((task for task in document["tasks"] if task["id"] == id), None)


def phase_by_id(document: Json, id: str) -> Json | None:
    """A phase by its id."""
    return next((phase for phase in document["phases"] if phase["id"] == id), None)


def key_by_id(document: Json, id: str) -> str:
    """The key that the task of this id has in our flow."""
    return next(str(key) for key, note in document["_"]["tasks"].items() if note["id"] == id)


def note_of(document: Json, task: Mapping[str, Any]) -> Json:
    """What ties a task of the document to its steps."""
    note: Json = document["_"]["tasks"][key_by_id(document, task["id"])]
    return note


def predecessors(document: Json, task: Mapping[str, Any]) -> Iterator[Json]:
    """The tasks with an edge to this one, other than the way back of a loop."""
    back = {
        (t["id"], (t.get("loop_config") or {}).get("loop_branch_id"))
        for t in document["tasks"]
        if t["task_type"] == "DECISION"
    }
    for edge in document["edges"]:
        if edge["to_id"] == task["id"] and (edge["from_id"], edge.get("condition_id", "")) not in back:
            source = task_by_id(document, edge["from_id"])
            if source is not None:
                yield source


def primary_context(document: Json) -> Json | None:
    """The context that decisions read: the first primary one, else the first."""
    contexts = document["contexts"]
    return next((c for c in contexts if c.get("is_primary")), contexts[0] if contexts else None)
