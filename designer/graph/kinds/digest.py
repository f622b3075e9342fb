"""Collects what was triggered for a subscriber over a window, and goes on once with all of it."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType, OneOf
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, YEAR_SECONDS
from designer.graph.messages import ONLY_IF
from designer.graph.model import Task
from designer.graph.wording import short_duration, with_dots


def summarize(task: Task) -> str:
    """`over 30 min · by orderId`."""
    settings = task.settings
    window = f"over {short_duration(settings['window'])}" if settings.get("window") else ""
    window = window or (f"until {settings['cron']}" if settings.get("cron") else "")
    return with_dots(window, f"by {settings['key']}" if settings.get("key") else "")


KIND: Final = Kind(
    key="digest",
    label="Digest",
    description="Collects what happens to a subscriber over a window, and goes on once with all of it.",
    group=Group.NOTIFY,
    icon="layers",
    colour="notify",
    summary=summarize,
    defaults={"window": "30 minutes"},
    one_of=(OneOf(("window", "cron"), is_required=True),),
    output_keys=lambda task: ("events", "eventCount", "is_merged", "is_at_once"),
    fields=(
        Field(
            key="window",
            type=FieldType.DURATION,
            label="Collects for",
            help="From the first event; at most 90 days.",
            example="30 minutes",
            group="Window",
        ),
        Field(
            key="cron",
            type=FieldType.CRON,
            label="Collects until the next match of",
            help="Minute, hour, day of the month, month, day of the week.",
            example="0 6 * * 1-5",
            group="Window",
        ),
        Field(
            key="timezone",
            type=FieldType.TIMEZONE,
            label="Time zone",
            help="In which the schedule is read.",
            example="Europe/Berlin",
            group="Window",
        ),
        Field(
            key="look_back",
            type=FieldType.DURATION,
            label="Looks back",
            help="If nothing came within this time, the event goes on at once and no window opens.",
            example="10 minutes",
            maximum=YEAR_SECONDS,
            group="Window",
        ),
        Field(
            key="key",
            type=FieldType.TEXT,
            label="Grouped by",
            help="A path into the payload: events with different values are collected apart.",
            example="payload.order.id",
            longest=300,
        ),
        ONLY_IF,
        REQUIREMENTS,
    ),
)
