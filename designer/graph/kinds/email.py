"""Sends an e-mail to a subscriber."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType, choices
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, RETRIES, TIMEOUT
from designer.graph.messages import KEEP_HTML, ONLY_IF, SUBSCRIBER, body, subject, summary_of
from designer.graph.model import Task


def summarize(task: Task) -> str:
    """The first words of it."""
    return summary_of(task.settings)


KIND: Final = Kind(
    key="email",
    label="E-mail message",
    description="Sends an e-mail to a subscriber, unless they have turned that off.",
    group=Group.NOTIFY,
    icon="mail",
    colour="notify",
    summary=summarize,
    output_keys=lambda task: ("message", "email"),
    fields=(
        subject(required=True),
        body(),
        Field(
            key="editor",
            type=FieldType.CHOICE,
            label="Written as",
            choices=choices(html="HTML", block="Blocks"),
            default="html",
            group="Content",
        ),
        Field(key="preheader", type=FieldType.TEMPLATE, label="Preview line", longest=1000, group="Content"),
        Field(key="layout", type=FieldType.TEXT, label="Layout", longest=200, group="Content"),
        Field(
            key="from",
            type=FieldType.GROUP,
            label="From",
            group="Sender",
            fields=(
                Field(key="email", type=FieldType.TEMPLATE, label="Address", longest=300),
                Field(key="name", type=FieldType.TEMPLATE, label="Name", longest=200),
            ),
        ),
        Field(key="reply_to", type=FieldType.TEMPLATE, label="Replies to", longest=300, group="Sender"),
        Field(
            key="provider_defaults",
            type=FieldType.BOOLEAN,
            label="Sender of the provider",
            help="The sender that the provider is set to wins over the one given here.",
            group="Sender",
        ),
        KEEP_HTML,
        SUBSCRIBER,
        ONLY_IF,
        RETRIES,
        TIMEOUT,
        REQUIREMENTS,
    ),
)
