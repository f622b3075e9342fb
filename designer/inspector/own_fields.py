"""The fields that tasks, edges, phases, notes and flows have whatever their kind, shown beside the kind's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from designer.graph.decoding import LEAST_NOTE_SIDE, LONGEST_NOTE, MOST_NOTE_SIDE
from designer.graph.fields import Field, FieldType, VisibleWhen, choices
from designer.graph.flow_fields import LIMIT_FIELDS, RETENTION_FIELDS

NAME: Final = Field(key="name", type=FieldType.TEXT, label="Name", required=True, longest=200)
DESCRIPTION: Final = Field(
    key="description", type=FieldType.LONGTEXT, label="Description", help="For whoever reads or does it.", group="More"
)
KEY: Final = Field(
    key="key",
    type=FieldType.TEXT,
    label="Key",
    help="How templates and conditions name it. Changing it changes them too.",
    required=True,
    longest=64,
    group="More",
)
JOIN: Final = Field(
    key="join",
    type=FieldType.CHOICE,
    label="Starts when",
    choices=choices(
        all="all that lead here are done",
        any="the first is done",
        race="the first ends, well or not",
        all_settled="all have ended, well or not",
    ),
    default="all",
    group="Incoming edges",
)
CANCEL_REST: Final = Field(
    key="cancel_rest",
    type=FieldType.BOOLEAN,
    label="Cancel the rest",
    help="Steps that can only lead here and still run are cancelled.",
    default=True,
    group="Incoming edges",
    visible_when=VisibleWhen("join", ("any", "race")),
)
ON: Final = Field(
    key="on",
    type=FieldType.CHOICE,
    label="Taken",
    choices=choices(success="On success", error="On an error"),
    default="success",
)
BRANCH: Final = Field(key="branch", type=FieldType.BRANCH, label="Branch")
REQUIREMENTS: Final = Field(
    key="requirements",
    type=FieldType.REQUIREMENTS,
    label="Requirements",
    help="Tasks and phases that must be finished (completed or skipped) before anything in here begins.",
)
NOTE_FIELDS: Final = (
    Field(
        key="text",
        type=FieldType.LONGTEXT,
        label="Text",
        help="For whoever reads the flow; nothing runs because of it.",
        longest=LONGEST_NOTE,
    ),
    Field(
        key="colour",
        type=FieldType.CHOICE,
        label="Colour",
        choices=choices(yellow="Yellow", blue="Blue", green="Green", pink="Pink", grey="Grey"),
        default="yellow",
    ),
    *(
        Field(
            key=key,
            type=FieldType.NUMBER,
            label=label,
            required=True,
            is_whole=True,
            minimum=LEAST_NOTE_SIDE,
            maximum=MOST_NOTE_SIDE,
        )
        for key, label in (("width", "Width"), ("height", "Height"))
    ),
)
SIZE_FIELDS: Final = tuple(
    Field(key=key, type=FieldType.NUMBER, label=label, required=True, is_whole=True, minimum=least, maximum=10_000)
    for key, label, least in (("width", "Width", 160), ("height", "Height", 96))
)
"""How large a phase is drawn, for who does not drag its corner."""

TAGS: Final = Field(
    key="tags",
    type=FieldType.LIST,
    label="Tags",
    longest=50,
    of=Field(key="", type=FieldType.TEXT, label="Tag", longest=64, example="shop"),
)
TIMEZONE: Final = Field(
    key="timezone",
    type=FieldType.TIMEZONE,
    label="Time zone",
    help="In which days begin and end, for due dates and schedules.",
    default="UTC",
)
CLOSING_REASONS: Final = Field(
    key="closing_reasons",
    type=FieldType.LIST,
    label="Closing reasons",
    help="From which a person chooses who ends an instance early.",
    longest=100,
    of=Field(key="", type=FieldType.TEXT, label="Reason", longest=200, example="Customer withdrew"),
    group="Closing",
)
SINGLE_REASON: Final = Field(
    key="single_closing_reason", type=FieldType.BOOLEAN, label="Only one reason", default=False, group="Closing"
)
INPUT_SCHEMA: Final = Field(
    key="input_schema",
    type=FieldType.JSON_SCHEMA,
    label="Input",
    help="What an instance is started with. Start forms are made from it, input that does not fit is refused, and "
    "tasks can refer to its fields. Without any, anything goes.",
    group="Input",
)
FLOW_FIELDS: Final = (
    NAME,
    replace(DESCRIPTION, help="What it is for.", group=""),
    TAGS,
    TIMEZONE,
    INPUT_SCHEMA,
    CLOSING_REASONS,
    SINGLE_REASON,
)
LIMITS: Final = Field(key="limits", type=FieldType.GROUP, label="Limits", group="Limits", fields=LIMIT_FIELDS)
RETENTION: Final = Field(
    key="retention", type=FieldType.GROUP, label="Retention", group="Retention", fields=RETENTION_FIELDS
)
