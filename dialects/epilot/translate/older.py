"""Definitions of the older API ⇄ templates: sections are phases, steps are tasks one after the other in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any, Final

Json = dict[str, Any]
DUE_TYPES: Final = {
    "WORKFLOW_STARTED": "WORKFLOW_STARTED",
    "STEP_CLOSED": "TASK_FINISHED",
    "PHASE_FINISHED": "PHASE_FINISHED",
}
SYNC: Final = {
    "workflow_status": ("workflow_status", ("FlowStarted", "FlowCompleted", "FlowCancelled", "FlowReopened")),
    "current_section": ("phase_name", ("CurrTaskChanged",)),
    "current_step": ("task_name", ("CurrTaskChanged",)),
}
_PLAIN: Final = ("description", "journey", "ecp", "installer", "partner", "taxonomies")


def template_of(definition: Mapping[str, Any]) -> Json:
    """The template that a definition (with ids everywhere) means."""
    phases, tasks = [], []
    for entry in in_order(definition["flow"]):
        if entry["type"] == "SECTION":
            phases.append(_phase(entry))
            tasks += [_task(step, entry["id"]) for step in in_order(entry["steps"])]
        else:
            tasks.append(_task(entry, None))
    ids = [task["id"] for task in tasks]
    found: Json = {
        "name": definition["name"],
        "version": "v1",
        "trigger": {"type": "manual"},
        "phases": phases,
        "tasks": tasks,
        "edges": [{"id": f"e-{a}-{b}", "from_id": a, "to_id": b} for a, b in pairwise(ids)],
        "closing_reasons": [dict(reason) for reason in definition.get("closingReasons", ())],
        "entity_sync": list(_syncs(definition)),
    }
    for old, new in (
        ("description", "description"),
        ("dueDate", "due_date"),
        ("assignedTo", "assigned_to"),
        ("enableECPWorkflow", "available_in_ecp"),
        ("taxonomies", "taxonomies"),
        ("singleClosingReasonSelection", "singleClosingReasonSelection"),
    ):
        if old in definition:
            found[new] = deepcopy(definition[old])
    if "dynamicDueDate" in definition:
        found["due_date_config"] = due_config(definition["dynamicDueDate"])
    return found


def in_order(entries: list[Json]) -> list[Json]:
    """Sections or steps by their order; equal ones as they stand."""
    return sorted(entries, key=lambda entry: float(entry["order"]))


def due_config(dynamic: Mapping[str, Any]) -> Json:
    """A dynamic due date in the newer words."""
    config: Json = {
        "duration": dynamic["numberOfUnits"],
        "unit": dynamic["timePeriod"],
        "type": DUE_TYPES[dynamic["actionTypeCondition"]],
    }
    if dynamic.get("stepId"):
        config["task_id"] = dynamic["stepId"]
    if dynamic.get("phaseId"):
        config["phase_id"] = dynamic["phaseId"]
    return config


def dynamic_due(config: Mapping[str, Any]) -> Json:
    """The other way round."""
    types = {new: old for old, new in DUE_TYPES.items()}
    found: Json = {
        "numberOfUnits": config["duration"],
        "timePeriod": config["unit"],
        "actionTypeCondition": types.get(config["type"], "WORKFLOW_STARTED"),
    }
    if config.get("task_id"):
        found["stepId"] = config["task_id"]
    if config.get("phase_id"):
        found["phaseId"] = config["phase_id"]
    return found


def _phase(section: Mapping[str, Any]) -> Json:
    return {
        "id": section["id"],
        "name": section["name"],
        **_times_and_people(section),
        **_copied(section, "taxonomies"),
    }


def _task(step: Mapping[str, Any], section: str | None) -> Json:
    is_automation = step.get("executionType") == "AUTOMATION"
    found: Json = {
        "id": step["id"],
        "name": step["name"],
        "task_type": "AUTOMATION" if is_automation else "MANUAL",
        **_times_and_people(step),
        **_copied(step, *_PLAIN),
    }
    if section is not None:
        found["phase_id"] = section
    if is_automation:
        flow = (step.get("automationConfig") or {}).get("flowId")
        found |= {"automation_config": {"flow_id": flow} if flow else {}, "trigger_mode": "automatic"}
    if step.get("requirements"):
        found["requirements"] = [_requirement(requirement) for requirement in step["requirements"]]
    return found


def _requirement(requirement: Mapping[str, Any]) -> Json:
    if requirement["type"] == "SECTION":
        return {"when": "PHASE_FINISHED", "phase_id": requirement["definitionId"]}
    return {"when": "TASK_FINISHED", "task_id": requirement["definitionId"]}


def _times_and_people(entry: Mapping[str, Any]) -> Json:
    found: Json = {}
    if entry.get("dueDate"):
        found["due_date"] = entry["dueDate"]
    if entry.get("dynamicDueDate"):
        found["due_date_config"] = due_config(entry["dynamicDueDate"])
    if entry.get("assignedTo"):
        found["assigned_to"] = list(entry["assignedTo"])
    return found


def _copied(entry: Mapping[str, Any], *names: str) -> Json:
    return {name: deepcopy(entry[name]) for name in names if name in entry}


def _syncs(definition: Mapping[str, Any]) -> Iterator[Json]:
    for rule in definition.get("updateEntityAttributes", ()):
        source, events = SYNC[rule["source"]]
        for event in events:
            yield {"trigger": {"event": event}, "value": {"source": source}, "target": dict(rule["target"])}


def definition_of(template: Mapping[str, Any], kept: Mapping[str, Any]) -> Json:
    """The definition that a template has become; `kept`: the one it was made of.

    Where nothing has changed since, it is the very one that was sent.
    """
    if template_of(kept) == {**template_of(kept), **{k: template.get(k) for k in ("name", "phases", "tasks", "edges")}}:
        return dict(kept)
    found = {**kept, "name": template["name"]}
    known = {entry["id"]: entry for entry in _every(kept["flow"])}
    before = {task["id"]: task for task in template_of(kept)["tasks"]}
    flow: list[Json] = []
    sections: dict[str, Json] = {}
    phases = {phase["id"]: phase for phase in template.get("phases", ())}
    for task in template["tasks"]:
        step = _step(task, known.get(task["id"]), before.get(task["id"]))
        phase = phases.get(task.get("phase_id", ""))
        if phase is None:
            flow.append({**step, "order": len(flow) + 1})
            continue
        section = sections.get(phase["id"])
        if section is None:
            section = {**known.get(phase["id"], {}), "id": phase["id"], "name": phase["name"], "type": "SECTION"}
            section |= {"steps": [], "order": len(flow) + 1}
            sections[phase["id"]] = section
            flow.append(section)
        section["steps"].append({**step, "order": len(section["steps"]) + 1})
    return {**found, "flow": flow}


def _every(flow: list[Json]) -> Iterator[Json]:
    for entry in flow:
        yield entry
        yield from entry.get("steps", ())


def _step(task: Mapping[str, Any], kept: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> Json:
    if kept is not None and task == before:
        return dict(kept)
    found: Json = {**(kept or {}), "id": task["id"], "name": task["name"], "type": "STEP", **_copied(task, *_PLAIN)}
    found["executionType"] = "AUTOMATION" if task["task_type"] == "AUTOMATION" else "MANUAL"
    if task.get("assigned_to"):
        found["assignedTo"] = [a if isinstance(a, str) else a["variable"] for a in task["assigned_to"]]
    if task.get("due_date"):
        found["dueDate"] = task["due_date"]
    if task.get("due_date_config"):
        found["dynamicDueDate"] = dynamic_due(task["due_date_config"])
    return found
