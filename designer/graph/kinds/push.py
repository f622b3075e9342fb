"""Sends a push message to a subscriber's devices."""

from __future__ import annotations

from typing import Final

from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, RETRIES, TIMEOUT
from designer.graph.messages import ONLY_IF, SUBSCRIBER, body, subject, summary_of
from designer.graph.model import Task


def summarize(task: Task) -> str:
    """The first words of it."""
    return summary_of(task.settings)


KIND: Final = Kind(
    key="push",
    label="Push message",
    description="Sends a push message to a subscriber's devices.",
    group=Group.NOTIFY,
    icon="screen",
    colour="notify",
    summary=summarize,
    output_keys=lambda task: ("message",),
    fields=(
        subject(),
        body(),
        SUBSCRIBER,
        ONLY_IF,
        RETRIES,
        TIMEOUT,
        REQUIREMENTS,
    ),
)
