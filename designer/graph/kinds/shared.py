"""Fields that several kinds share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from designer.graph.fields import Choice, Field, FieldType, OneOf, VisibleWhen, choices
from designer.graph.model import Flow, Task
from designer.graph.values import INSTANCE_START, Fault, ValueProblem
from designer.graph.wording import mapping, moment_name, short_duration

DAY_SECONDS: Final = 86_400
YEAR_SECONDS: Final = 365 * DAY_SECONDS

START: Final = Field(
    key="start",
    type=FieldType.CHOICE,
    label="Start",
    help="Whether it runs by itself as soon as its turn comes, or waits until a person starts it.",
    choices=choices(automatic="By itself", manual="By a person"),
    default="automatic",
    group="Start",
)

REQUIREMENTS: Final = Field(
    key="requirements",
    type=FieldType.REQUIREMENTS,
    label="Requirements",
    help="Tasks and phases that must be finished (completed or skipped) first, beside the edges that lead here.",
    group="Start",
)

SCHEDULE: Final = Field(
    key="schedule",
    type=FieldType.GROUP,
    label="Schedule",
    help="When it starts once its turn has come.",
    group="Start",
    fields=(
        Field(
            key="mode",
            type=FieldType.CHOICE,
            label="When",
            help="At once, some time later, or before or after a moment in the data.",
            required=True,
            choices=choices(immediate="At once", delayed="After a delay", relative="Relative to a moment"),
            default="immediate",
        ),
        Field(
            key="duration",
            type=FieldType.DURATION,
            label="Duration",
            help="How long to wait, or how far from the moment.",
            example="2 days",
            is_templated=True,
            visible_when=VisibleWhen("mode", ("delayed", "relative")),
        ),
        Field(
            key="direction",
            type=FieldType.CHOICE,
            label="Before or after",
            help="On which side of the moment it starts.",
            choices=choices(before="Before", after="After"),
            default="after",
            visible_when=VisibleWhen("mode", ("relative",)),
        ),
        Field(
            key="reference",
            type=FieldType.REFERENCE,
            label="Moment",
            help="The start of the instance, the completion of a task, or a date in the data.",
            example="{{ input.delivery_date }}",
            is_templated=True,
            visible_when=VisibleWhen("mode", ("relative",)),
        ),
    ),
)

RETRIES: Final = Field(
    key="retries",
    type=FieldType.GROUP,
    label="Retries",
    help="How often a failed attempt is repeated.",
    group="Attempts",
    fields=(
        Field(
            key="limit",
            type=FieldType.NUMBER,
            label="Repeats",
            help="4 repeats mean up to 5 attempts.",
            is_whole=True,
            minimum=0,
            maximum=1_000_000_000,
            default=5,
        ),
        Field(
            key="delay",
            type=FieldType.DURATION,
            label="Pause",
            help="After the first failure; later ones grow as set below.",
            example="10 seconds",
            maximum=YEAR_SECONDS,
            default="10 seconds",
        ),
        Field(
            key="backoff",
            type=FieldType.CHOICE,
            label="Pauses grow",
            help="How the pause changes from one repeat to the next.",
            choices=choices(constant="Not at all", linear="Linearly", exponential="Exponentially"),
            default="exponential",
        ),
        Field(
            key="longest",
            type=FieldType.DURATION,
            label="Longest pause",
            help="However often it was repeated.",
            example="100 seconds",
            maximum=YEAR_SECONDS,
            default="365 days",
        ),
    ),
)

TIMEOUT: Final = Field(
    key="timeout",
    type=FieldType.DURATION,
    label="Time limit of an attempt",
    help="An attempt that takes longer has failed, and is repeated like any other.",
    example="30 seconds",
    minimum=0.001,
    maximum=YEAR_SECONDS,
    default="10 minutes",
    group="Attempts",
)

SENSITIVE: Final = Field(
    key="sensitive",
    type=FieldType.CHOICE,
    label="Confidential",
    help="The output is passed on, but shown nowhere.",
    choices=(Choice("output", "Its output"),),
    group="Output",
)

ON_FAILURE: Final = Field(
    key="on_failure",
    type=FieldType.CHOICE,
    label="When it fails",
    help="Whether the step fails for good, or stays open for a person who runs it again, completes or skips it.",
    choices=choices(fail="It fails", wait="It waits for a person"),
    default="fail",
    group="Attempts",
)

DUE: Final = Field(
    key="due",
    type=FieldType.GROUP,
    label="Due",
    help="By when it should be done. Late tasks stand first in the inbox.",
    group="Due",
    one_of=(OneOf(("at", "for"), is_required=True),),
    fields=(
        Field(
            key="at",
            type=FieldType.DATETIME,
            label="At",
            help="A fixed moment; without an offset, in the flow's time zone.",
            example="2026-01-31T17:00:00+01:00",
            is_templated=True,
        ),
        Field(
            key="for",
            type=FieldType.DURATION,
            label="Within",
            help="So long after the moment below.",
            example="2 days",
            is_templated=True,
        ),
        Field(
            key="from",
            type=FieldType.REFERENCE,
            label="Counted from",
            help="The start of the instance (start), or the completion of a task or phase.",
            example="task:approve",
            default=INSTANCE_START,
        ),
    ),
)


def schedule_words(task: Task, flow: Flow | None) -> str:
    """`in 2 d`, `2 d after start`: when a scheduled task starts, for its card; empty for at once. `flow`: for names."""
    schedule = mapping(task.settings.get("schedule"))
    mode, duration = schedule.get("mode"), schedule.get("duration")
    if mode not in ("delayed", "relative") or not duration:
        return ""
    if mode == "delayed":
        return f"in {short_duration(duration)}"
    counted_from = moment_name(schedule.get("reference", ""), flow)
    return f"{short_duration(duration)} {schedule.get('direction', 'after')} {counted_from}"


def schedule_problems(task: Task) -> Iterator[ValueProblem]:
    """What a schedule needs for its mode."""
    schedule = mapping(task.settings.get("schedule"))
    mode = schedule.get("mode")
    if mode in ("delayed", "relative") and not schedule.get("duration"):
        yield ValueProblem(("schedule", "duration"), Fault.MISSING, "Duration is required.")
    if mode == "relative" and not schedule.get("reference"):
        yield ValueProblem(("schedule", "reference"), Fault.MISSING, "Moment is required.")
