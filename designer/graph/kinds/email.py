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
            help="Whether the text is HTML, or blocks as the Novu editor makes them.",
            choices=choices(html="HTML", block="Blocks"),
            default="html",
            group="Content",
        ),
        Field(
            key="preheader",
            type=FieldType.TEMPLATE,
            label="Preview line",
            help="What mailboxes show beside the subject.",
            example="Your parcel is on its way",
            longest=1000,
            group="Content",
        ),
        Field(
            key="layout",
            type=FieldType.TEXT,
            label="Layout",
            help="The layout around the text, by its name; without one, the default.",
            example="newsletter",
            longest=200,
            group="Content",
        ),
        Field(
            key="from",
            type=FieldType.GROUP,
            label="From",
            help="Who it comes from; without it, the sender of the provider.",
            group="Sender",
            fields=(
                Field(
                    key="email",
                    type=FieldType.TEMPLATE,
                    label="Address",
                    help="The address of the sender.",
                    example="news@example.com",
                    longest=300,
                ),
                Field(
                    key="name",
                    type=FieldType.TEMPLATE,
                    label="Name",
                    help="The name beside the address.",
                    example="The parcel service",
                    longest=200,
                ),
            ),
        ),
        Field(
            key="reply_to",
            type=FieldType.TEMPLATE,
            label="Replies to",
            help="Where answers go, if not to the sender.",
            example="help@example.com",
            longest=300,
            group="Sender",
        ),
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
