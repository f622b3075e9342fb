"""Waits for an inbound event."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, YEAR_SECONDS
from designer.graph.model import Task
from designer.graph.wording import short_duration, with_dots


def summarize(task: Task) -> str:
    """`event picked-up · 3 d`."""
    event, timeout = task.settings.get("event_type"), task.settings.get("timeout")
    if task.settings.get("forever") is True:
        timeout = None
    return with_dots(f"event {event}" if event else "", short_duration(timeout) if timeout else "")


KIND: Final = Kind(
    key="wait_event",
    label="Wait for event",
    description="Waits until an event of a type is sent to the instance.",
    group=Group.TIME,
    icon="flag",
    colour="time",
    summary=summarize,
    fields=(
        Field(
            key="event_type",
            type=FieldType.TEXT,
            label="Event type",
            help="What the event is called by whoever sends it.",
            example="picked-up",
            required=True,
            longest=200,
        ),
        Field(
            key="filter",
            type=FieldType.CEL,
            label="Filter",
            help="Only events for which this is true. `event` is the payload.",
            example='event.carrier == "dhl"',
            longest=2000,
        ),
        Field(
            key="timeout",
            type=FieldType.DURATION,
            label="Waits at most",
            help="Then it fails: its error edge is taken. At most 365 days.",
            example="3 days",
            is_templated=True,
            minimum=0.001,
            maximum=YEAR_SECONDS,
            default="24 hours",
        ),
        Field(
            key="forever",
            type=FieldType.BOOLEAN,
            label="Waits for ever",
            help="Without a limit, whatever “Waits at most” says.",
            default=False,
        ),
        REQUIREMENTS,
    ),
)
