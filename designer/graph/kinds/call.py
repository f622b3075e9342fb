"""Starts another flow, and waits for what it puts out."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, SENSITIVE
from designer.graph.mentions import FLOW, called
from designer.graph.model import Flow, Task
from designer.graph.wording import with_dots

LONGEST_CHAIN: Final = 10
"""How many instances may have called one another (semantics: Task kinds)."""


def summarize(task: Task, flow: Flow | None = None) -> str:
    """`runs Billing`, `starts Billing`."""
    other = task.settings.get("flow")
    if not other:
        return "no flow chosen"
    name = called(flow, FLOW, str(other))
    return with_dots(f"{'starts' if task.settings.get('wait') is False else 'runs'} {name}")


def output_keys(task: Task) -> tuple[str, ...] | None:
    """Which instance it started, where it does not wait; else whatever that one puts out."""
    return ("flow", "instance") if task.settings.get("wait") is False else None


KIND: Final = Kind(
    key="call",
    label="Call a flow",
    description="Starts another flow and waits for its output.",
    group=Group.MACHINE,
    icon="flow",
    colour="machine",
    summary=summarize,
    named_summary=summarize,
    output_keys=output_keys,
    fields=(
        Field(
            key="flow",
            type=FieldType.FLOW_KEY,
            label="Flow",
            help="The key of a flow of this environment. Its live version is started.",
            example="billing",
            required=True,
        ),
        Field(
            key="inputs",
            type=FieldType.MAP,
            label="Input",
            help="What the instance is started with.",
            longest=200,
            of=Field(key="", type=FieldType.JSON, label="Value", example="{{ input.order }}"),
        ),
        Field(
            key="wait",
            type=FieldType.BOOLEAN,
            label="Wait for its end",
            help="Its output becomes this task's output; if it fails, this task fails. Otherwise it is only started.",
            default=True,
        ),
        SENSITIVE,
        REQUIREMENTS,
    ),
)
