"""Versions of a flow for single executions: with a task added, or without some. Never the live one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from accounts.scope import Scope
from designer.graph.model import Edge, Flow, Requirement
from designer.models import Flow as FlowRow
from designer.models import Version
from designer.services.publishing import write_version
from dialects.epilot.templates import refuse_what_cannot_run
from dialects.epilot.translate.words import DIALECT, key_of


def private_version(scope: Scope, row: FlowRow, flow: Flow, *, note: str) -> Version:
    """A version that only those run who ask for it."""
    refuse_what_cannot_run(flow)
    return write_version(scope, row, flow, note)


def without_tasks(flow: Flow, gone: Collection[str]) -> Flow:
    """A flow without these tasks; what led to one leads to what came after it."""
    edges = list(flow.edges)
    for key in gone:
        into = [edge for edge in edges if edge.target == key]
        out = [edge for edge in edges if edge.source == key]
        rest = [edge for edge in edges if key not in (edge.source, edge.target)]
        bridges = [replace(a, target=b.target) for a in into for b in out if a.source != b.target]
        edges = list(dict.fromkeys([*rest, *bridges]))
    tasks = {key: task for key, task in flow.tasks.items() if key not in gone}
    tasks = {
        key: replace(task, settings=_without_requirements(task.settings, task.requirements, gone))
        for key, task in tasks.items()
    }
    return replace(flow, tasks=tasks, edges=tuple(edges), extensions=_thinned(flow, gone, edges))


def _without_requirements(
    settings: Mapping[str, Any], requirements: tuple[Requirement, ...], gone: Collection[str]
) -> Mapping[str, Any]:
    if not any(requirement.node in gone for requirement in requirements):
        return settings
    kept = [entry for entry in settings["requirements"] if entry.get("task") not in gone]
    return {**{k: v for k, v in settings.items() if k != "requirements"}, **({"requirements": kept} if kept else {})}


def _thinned(flow: Flow, gone: Collection[str], edges: Collection[Edge]) -> Mapping[str, Any]:
    kept = dict(flow.extensions.get(DIALECT) or {})
    template = kept.get("template")
    if template:
        tasks = [task for task in template["tasks"] if key_of(task["id"]) not in gone]
        left = [e for e in template["edges"] if key_of(e["from_id"]) not in gone]
        left = [e for e in left if not e.get("to_id") or key_of(e["to_id"]) not in gone]
        kept["template"] = {**template, "tasks": tasks, "edges": left}
    return {**flow.extensions, DIALECT: kept}
