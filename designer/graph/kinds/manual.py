"""A task that waits for a person."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import DUE, REQUIREMENTS
from designer.graph.mentions import ASSIGNEE, called
from designer.graph.model import Flow, Task
from designer.graph.wording import mapping, moment_name, reference_name, short_duration, with_dots


def summarize(task: Task, flow: Flow | None = None) -> str:
    """`Night shift · 2 d`: who, and until when."""
    assigned = task.settings.get("assigned_to")
    people = [_who(str(entry), flow) for entry in assigned] if isinstance(assigned, list) else []
    who = ", ".join(people[:2]) + (f" +{len(people) - 2}" if len(people) > 2 else "")
    due = mapping(task.settings.get("due"))
    within = short_duration(due["for"]) if "for" in due else ""
    if within and due.get("from", "start") != "start":
        within = f"{within} after {moment_name(due['from'], flow)}"
    return with_dots(who or "anyone", within or (f"due {reference_name(str(due['at']))[:16]}" if "at" in due else ""))


def _who(entry: str, flow: Flow | None) -> str:
    """Their name where it is known; else a group's short name, or the first part of an address."""
    name = called(flow, ASSIGNEE, entry)
    return reference_name(entry).partition("@")[0] if name == entry else name


def output_keys(task: Task) -> tuple[str, ...] | None:
    """The fields of its form, unless the form allows others."""
    form = mapping(task.settings.get("form"))
    return tuple(mapping(form.get("properties"))) if form.get("additionalProperties") is False else None


KIND: Final = Kind(
    key="manual",
    label="Manual task",
    description="Waits for a person, who may fill in a form.",
    group=Group.PEOPLE,
    icon="person",
    colour="human",
    summary=summarize,
    named_summary=summarize,
    output_keys=output_keys,
    fields=(
        Field(
            key="assigned_to",
            type=FieldType.LIST,
            label="Assigned to",
            help="People by e-mail address, groups by name, or a reference. Without any, everyone may take it.",
            example="ops@example.com",
            longest=100,
            of=Field(key="", type=FieldType.TEMPLATE, label="Assignee", longest=300),
            group="People",
        ),
        Field(
            key="form",
            type=FieldType.JSON_SCHEMA,
            label="Form",
            example='{"type": "object", "properties": {"agreed": {"type": "boolean"}}}',
            help="What the person fills in, as a JSON Schema. The answers become the output.",
            group="Form",
        ),
        DUE,
        Field(
            key="expires",
            type=FieldType.DURATION,
            label="Expires after",
            help="When nobody has done it by then, it fails: its error edge is taken.",
            example="2 weeks",
            is_templated=True,
            group="Due",
        ),
        REQUIREMENTS,
    ),
)
