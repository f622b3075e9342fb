"""Run an automation of the environment by its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.actions.action import Action
from designer.graph.fields import Field, FieldType
from designer.graph.model import Json


def summarize(inputs: Mapping[str, Json]) -> str:
    """`runs a-x7k2`."""
    name = str(inputs.get("automation") or "")
    return f"runs {name[:40]}" if name else "runs nothing yet"


ACTION: Final = Action(
    key="run_automation",
    label="Run an automation",
    description="Runs one of the environment's automations, which are kept beside its flows.",
    icon="bolt",
    summary=summarize,
    output_keys=lambda inputs: None,
    inputs=(
        Field(
            key="automation",
            type=FieldType.TEMPLATE,
            label="Automation",
            help="Its id.",
            example="a-x7k2m9qa",
            longest=200,
        ),
        Field(
            key="entity",
            type=FieldType.TEMPLATE,
            label="Entity",
            help="The id of the entity it is run with; without one, the primary one of the instance.",
            example="{{ steps.create.output.entity_id }}",
            longest=1000,
        ),
    ),
)
