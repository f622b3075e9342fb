"""Answers values that its author writes: a place for what another system does with them."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS
from designer.graph.model import Task
from designer.graph.wording import mapping


def summarize(task: Task) -> str:
    """The names of its values."""
    return ", ".join(mapping(task.settings.get("values")))[:40]


KIND: Final = Kind(
    key="custom",
    label="Custom values",
    description="Answers values made of the payload, for the messages after it.",
    group=Group.NOTIFY,
    icon="code",
    colour="notify",
    summary=summarize,
    fields=(
        Field(
            key="values",
            type=FieldType.JSON,
            label="Values",
            help="What the step puts out; references are filled in.",
            example='{"greeting": "Hi"}',
            lines=6,
        ),
        REQUIREMENTS,
    ),
)
