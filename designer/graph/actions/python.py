"""Run a Python function that the deployment has registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.actions.action import Action
from designer.graph.fields import Field, FieldType
from designer.graph.model import Json


def summarize(inputs: Mapping[str, Json]) -> str:
    """The name of the function."""
    return str(inputs.get("function", ""))


ACTION: Final = Action(
    key="python",
    label="Python function",
    description="Runs a function that this installation has registered.",
    icon="code",
    summary=summarize,
    output_keys=lambda inputs: None,
    inputs=(
        Field(
            key="function",
            type=FieldType.TEXT,
            label="Function",
            help="The name under which it was registered.",
            required=True,
            example="orders.price",
            longest=200,
        ),
        Field(
            key="arguments",
            type=FieldType.MAP,
            label="Arguments",
            help="By name, as the function takes them.",
            longest=100,
            of=Field(key="", type=FieldType.JSON, label="Argument", example="{{ input.order }}"),
        ),
    ),
)
