"""The structure of a version as this wire shows it."""

from __future__ import annotations

from typing import Any

from designer.models import Version
from designer.services.versions import flow_of
from dialects.cloudflare.translate import class_name_of, has_program


def has_graph(version: Version) -> bool:
    """Whether there is a program to show."""
    return has_program(flow_of(version))


def graph_of(version: Version) -> dict[str, Any] | None:
    """`{version, workflow: {class_name, functions, nodes}}`, or None where there is no program."""
    flow = flow_of(version)
    if not has_program(flow):
        return None
    return {"version": 1, "workflow": {"class_name": class_name_of(flow), "functions": {}, "nodes": []}}
