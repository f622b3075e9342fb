"""Compute values for later tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.actions.action import Action
from designer.graph.fields import Field, FieldType
from designer.graph.model import Json
from designer.graph.wording import mapping


def summarize(inputs: Mapping[str, Json]) -> str:
    """`sets total, tax`."""
    names = list(mapping(inputs.get("values")))
    return f"sets {', '.join(names[:3])}{' …' if len(names) > 3 else ''}" if names else "sets nothing yet"


ACTION: Final = Action(
    key="set_values",
    label="Set values",
    description="Sets values that later tasks find in vars.",
    icon="pencil",
    summary=summarize,
    output_keys=lambda inputs: tuple(mapping(inputs.get("values"))),
    inputs=(
        Field(
            key="values",
            type=FieldType.MAP,
            label="Values",
            help="Later tasks find them as vars.NAME.",
            required=True,
            longest=500,
            of=Field(key="", type=FieldType.JSON, label="Value", example="{{ steps.fetch.output.body.total }}"),
        ),
    ),
)
