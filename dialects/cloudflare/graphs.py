"""The structure of a version as this wire shows it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from designer.graph.blocks import Branch, FunctionDef, Start, StepDo
from designer.graph.model import Flow
from designer.graph.plan import FlowNotRunnable
from designer.graph.script_structure import NoSuchClass, structure_of_script
from designer.graph.structure import structure_of
from designer.models import Version
from designer.services.versions import flow_of
from dialects.cloudflare.translate import class_name_of, has_program, source_of

FORMAT = 1
OMITTED_WHEN_NONE = frozenset({"starts", "resolves", "payload"})
OURS = frozenset({"key"})


def structure_for(flow: Flow) -> Start | None:
    """The nested blocks of a version: of its script, or of what was drawn; None where there is no program."""
    if not has_program(flow):
        return None
    try:
        source = source_of(flow)
        return structure_of_script(source, class_name_of(flow)) if source else structure_of(flow)
    except (NoSuchClass, FlowNotRunnable):
        return None


def has_graph(version: Version) -> bool:
    """Whether there is a program to show."""
    return structure_for(flow_of(version)) is not None


def graph_of(version: Version) -> dict[str, Any] | None:
    """`{version, workflow: {class_name, functions, nodes}}`, or None where there is no program."""
    flow = flow_of(version)
    start = structure_for(flow)
    if start is None:
        return None
    body = node_json(start)
    del body["type"]
    return {"version": FORMAT, "workflow": {**body, "class_name": class_name_of(flow)}}


def node_json(node: Any) -> dict[str, Any]:
    """A node with all that lies in it."""
    body: dict[str, Any] = {} if isinstance(node, Branch) else {"type": node.type}
    for known in fields(node):
        value = getattr(node, known.name)
        if known.name in OURS or (value is None and known.name in OMITTED_WHEN_NONE):
            continue
        body[known.name] = _value_json(value)
    if isinstance(node, StepDo):
        body["config"] = {"retries": dict(node.config["retries"]), "timeout": node.config["timeout"]}
    return body


def _value_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [node_json(child) for child in value]
    if isinstance(value, dict) and any(isinstance(child, FunctionDef) for child in value.values()):
        return {name: node_json(child) for name, child in value.items()}
    if is_dataclass(value):
        return node_json(value)
    return dict(value) if isinstance(value, dict) else value
