"""Sends a text message to a subscriber's phone."""

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
    key="sms",
    label="Text message",
    description="Sends a text message to a subscriber's phone.",
    group=Group.NOTIFY,
    icon="send",
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
