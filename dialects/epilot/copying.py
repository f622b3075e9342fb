"""A template under new ids, every reference rewritten with them. Pure: ids are drawn by the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]
PREFIXES: Final = ("none-met-", "exit-loop-", "loop-edge-", "loop-branch-")


@dataclass(slots=True)
class Renamed:
    """A copy and what its parts were called before."""

    template: Json
    nodes: dict[str, str] = field(default_factory=dict)
    """Tasks and phases: new ids by old ones."""
    conditions: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)


def renamed(template: Mapping[str, Any], new_id: Callable[[], str]) -> Renamed:
    """A copy of a template with new ids for tasks, phases, edges and conditions."""
    copy = Renamed(deepcopy(dict(template)))
    found = copy.template
    for phase in found.get("phases", ()):
        copy.nodes[phase["id"]] = new_id()
    for task in found.get("tasks", ()):
        copy.nodes[task["id"]] = copy.tasks[task["id"]] = new_id()
        for condition in task.get("conditions") or ():
            copy.conditions[condition["id"]] = _with_prefix(condition["id"], new_id)
    for edge in found.get("edges", ()):
        if edge.get("condition_id") and edge["condition_id"] not in copy.conditions:
            copy.conditions[edge["condition_id"]] = _with_prefix(edge["condition_id"], new_id)
        edge["id"] = _with_prefix(edge["id"], new_id)
    for entry in (found, *found.get("phases", ()), *found.get("tasks", ())):
        if entry is not found:
            entry["id"] = copy.nodes[entry["id"]]
        _rewrite(entry, copy)
    for edge in found.get("edges", ()):
        _replace(edge, copy.nodes, "from_id", "to_id")
        _replace(edge, copy.conditions, "condition_id")
    for sync in found.get("entity_sync", ()):
        _replace(sync["trigger"].get("filter"), copy.nodes, "task_template_id", "phase_template_id")
    return copy


def _with_prefix(id: str, new_id: Callable[[], str]) -> str:
    return next((prefix for prefix in PREFIXES if id.startswith(prefix)), "") + new_id()


def _rewrite(entry: Json, copy: Renamed) -> None:
    _replace(entry.get("due_date_config"), copy.nodes, "task_id", "phase_id")
    _replace(entry, copy.nodes, "phase_id")
    for requirement in entry.get("requirements", ()):
        _replace(requirement, copy.nodes, "task_id", "phase_id")
    _replace((entry.get("automation_config") or {}).get("input_context"), copy.nodes, "task_id")
    reference = (entry.get("schedule") or {}).get("reference") or {}
    if reference.get("origin") == "task_completed":
        _replace(reference, copy.nodes, "id")
    _replace(entry.get("loop_config"), copy.conditions, "loop_branch_id", "exit_branch_id")
    for condition in entry.get("conditions") or ():
        _replace(condition, copy.conditions, "id")


def _replace(entry: Json | None, names: Mapping[str, str], *fields: str) -> None:
    for name in fields:
        if entry and entry.get(name) in names:
            entry[name] = names[entry[name]]
