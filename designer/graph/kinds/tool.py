"""Tells a tool, such as an on-call system, about a subscriber's event."""

from __future__ import annotations

from typing import Final

from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, RETRIES, TIMEOUT
from designer.graph.messages import ONLY_IF, SUBSCRIBER, body, summary_of
from designer.graph.model import Task


def summarize(task: Task) -> str:
    """The first words of it."""
    return summary_of(task.settings)


KIND: Final = Kind(
    key="tool",
    label="Tool message",
    description="Tells a tool, such as an on-call system, about a subscriber's event.",
    group=Group.NOTIFY,
    icon="settings",
    colour="notify",
    summary=summarize,
    output_keys=lambda task: ("message",),
    fields=(
        body(),
        SUBSCRIBER,
        ONLY_IF,
        RETRIES,
        TIMEOUT,
        REQUIREMENTS,
    ),
)
