"""Lets at most so many through for a subscriber within a window; the rest ends here."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType, OneOf
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, YEAR_SECONDS
from designer.graph.messages import ONLY_IF
from designer.graph.model import Task
from designer.graph.wording import short_duration


def summarize(task: Task) -> str:
    """`1 in 1 h`."""
    window = task.settings.get("window") or task.settings.get("dynamic") or ""
    return f"{task.settings.get('threshold', 1)} in {short_duration(window)}" if window else ""


KIND: Final = Kind(
    key="throttle",
    label="Throttle",
    description="Lets at most so many through for a subscriber within a window. Any more end here.",
    group=Group.NOTIFY,
    icon="filter",
    colour="notify",
    summary=summarize,
    defaults={"threshold": 1, "window": "1 hour"},
    one_of=(OneOf(("window", "dynamic"), is_required=True),),
    output_keys=lambda task: ("throttled", "threshold", "executionCount"),
    fields=(
        Field(
            key="threshold",
            type=FieldType.NUMBER,
            label="Lets through",
            help="How many go on within the window; those beyond end here.",
            example="5",
            is_whole=True,
            minimum=1,
            maximum=1_000_000,
            default=1,
        ),
        Field(
            key="window",
            type=FieldType.DURATION,
            label="Within",
            help="How long the window is, from the first that comes.",
            example="1 hour",
            maximum=YEAR_SECONDS,
        ),
        Field(
            key="dynamic",
            type=FieldType.TEXT,
            label="Window from the data",
            help="A path to the moment the window ends, or to {amount, unit}.",
            example="payload.quiet_until",
            longest=300,
        ),
        Field(
            key="key",
            type=FieldType.TEXT,
            label="Counted by",
            help="A path into the payload: different values are counted apart.",
            example="payload.order.id",
            longest=300,
        ),
        ONLY_IF,
        REQUIREMENTS,
    ),
)
