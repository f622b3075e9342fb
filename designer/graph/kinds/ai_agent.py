"""Asks an agent, and checks what it answers."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import ON_FAILURE, REQUIREMENTS, RETRIES, SENSITIVE, TIMEOUT
from designer.graph.mentions import AGENT, called
from designer.graph.model import Flow, Task
from designer.graph.wording import mapping, with_dots


def summarize(task: Task, flow: Flow | None = None) -> str:
    """`asks Assistant · 3×`."""
    agent = task.settings.get("agent")
    repeats = mapping(task.settings.get("retries")).get("limit")
    return with_dots(
        f"asks {called(flow, AGENT, str(agent))}" if agent else "no agent chosen", f"{repeats}×" if repeats else ""
    )


def output_keys(task: Task) -> tuple[str, ...] | None:
    """The fields of its answer, unless others are allowed."""
    schema = mapping(task.settings.get("answer_schema"))
    return tuple(mapping(schema.get("properties"))) if schema.get("additionalProperties") is False else None


KIND: Final = Kind(
    key="ai_agent",
    label="AI agent",
    description="Asks an agent, and goes on with an answer that fits its schema.",
    group=Group.MACHINE,
    icon="spark",
    colour="machine",
    summary=summarize,
    named_summary=summarize,
    output_keys=output_keys,
    fields=(
        Field(
            key="agent",
            type=FieldType.AGENT,
            label="Agent",
            help="The short name of a connection of this environment (Settings, Connections).",
            example="assistant",
            required=True,
        ),
        Field(
            key="prompt",
            type=FieldType.TEMPLATE,
            label="Prompt",
            help="What it is asked.",
            example="Is this complaint urgent? {{ input.text }}",
            required=True,
            lines=6,
            longest=100_000,
        ),
        Field(
            key="answer_schema",
            type=FieldType.JSON_SCHEMA,
            label="Answer",
            example='{"type": "object", "properties": {"urgent": {"type": "boolean"}}}',
            help="What the answer has to be, as a JSON Schema; it becomes the output. Without one, a text.",
            group="Answer",
        ),
        RETRIES,
        TIMEOUT,
        ON_FAILURE,
        SENSITIVE,
        REQUIREMENTS,
    ),
)
