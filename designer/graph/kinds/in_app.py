"""Puts a message into a subscriber's inbox."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS
from designer.graph.messages import KEEP_HTML, ONLY_IF, REDIRECT, SUBSCRIBER, body, button, subject, summary_of
from designer.graph.model import Task


def summarize(task: Task) -> str:
    """The first words of it."""
    return summary_of(task.settings)


KIND: Final = Kind(
    key="in_app",
    label="Inbox message",
    description="Puts a message into a subscriber's inbox, with a bell that counts.",
    group=Group.NOTIFY,
    icon="bell",
    colour="notify",
    summary=summarize,
    output_keys=lambda task: ("message",),
    fields=(
        subject(),
        body(),
        Field(
            key="avatar",
            type=FieldType.TEMPLATE,
            label="Picture",
            help="Stands beside the message: an address, or a name that the inbox knows.",
            example="/static/parcel.png",
            longest=4000,
            group="Content",
        ),
        button("primary_action", "First button"),
        button("secondary_action", "Second button"),
        REDIRECT,
        Field(
            key="data",
            type=FieldType.JSON,
            label="Data",
            example='{"order": "{{ input.order.id }}"}',
            help="What the page that shows it gets beside.",
            lines=4,
            group="Content",
        ),
        KEEP_HTML,
        SUBSCRIBER,
        ONLY_IF,
        REQUIREMENTS,
    ),
)
