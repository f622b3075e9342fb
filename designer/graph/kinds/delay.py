"""Sleeps for a duration, until a moment, or until the next match of a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from designer.graph.fields import Field, FieldType, OneOf
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS
from designer.graph.messages import ONLY_IF
from designer.graph.model import Task
from designer.graph.values import Fault, ValueProblem
from designer.graph.wording import reference_name, short_duration


def summarize(task: Task) -> str:
    """`for 2 d`, `until …`, `at 0 6 * * 1-5`."""
    if "for" in task.settings:
        return f"for {short_duration(task.settings['for'])}"
    if "until" in task.settings:
        return f"until {reference_name(str(task.settings['until']))[:40]}"
    if "dynamic" in task.settings:
        return f"until {reference_name(str(task.settings['dynamic']))[:40]}"
    return f"at {task.settings['cron']}" if "cron" in task.settings else ""


def stray_timezone(task: Task) -> Iterator[ValueProblem]:
    """A time zone says something only beside a schedule."""
    if "timezone" in task.settings and "cron" not in task.settings:
        yield ValueProblem(("timezone",), Fault.STRAY, "A time zone is used only together with a schedule.")


KIND: Final = Kind(
    key="delay",
    label="Delay",
    description="Waits for a duration, until a moment, or for the next match of a schedule.",
    group=Group.TIME,
    icon="clock",
    colour="time",
    summary=summarize,
    defaults={"for": "1 hour"},
    one_of=(OneOf(("for", "until", "cron", "dynamic"), is_required=True),),
    more_problems=stray_timezone,
    fields=(
        Field(
            key="for",
            type=FieldType.DURATION,
            label="For",
            help="So long from the moment its turn comes.",
            example="3 days",
            is_templated=True,
        ),
        Field(
            key="until",
            type=FieldType.DATETIME,
            label="Until",
            help="A moment that has passed already lets the flow go on at once.",
            example="{{ input.delivery_date }}",
            is_templated=True,
        ),
        Field(
            key="cron",
            type=FieldType.CRON,
            label="Next match of",
            help="Minute, hour, day of the month, month, day of the week.",
            example="0 6 * * 1-5",
        ),
        Field(
            key="timezone",
            type=FieldType.TIMEZONE,
            label="Time zone",
            help="In which the schedule is read; without one, the flow's.",
            example="Europe/Berlin",
        ),
        Field(
            key="dynamic",
            type=FieldType.TEXT,
            label="From the data",
            help="A path to a moment, or to {amount, unit}. A moment that has passed is an error.",
            example="payload.remind_at",
            longest=300,
        ),
        Field(
            key="extend_to_schedule",
            type=FieldType.BOOLEAN,
            label="Extend to their schedule",
            help="Goes on when the subscriber's hours next begin, where the moment is outside of them.",
            default=False,
        ),
        ONLY_IF,
        REQUIREMENTS,
    ),
)
