"""Fields that the kinds which notify subscribers share, and which kinds those are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.fields import Choice, Field, FieldType
from designer.graph.model import Json
from designer.graph.wording import reference_name

CHANNELS: Final = ("in_app", "email", "sms", "push", "chat", "tool")
"""The kinds that send something; each is a channel that people can turn off."""
MESSAGE_KINDS: Final = frozenset({*CHANNELS, "digest", "throttle", "custom"})
"""The kinds that are about one subscriber, the one the instance was started for."""

ONLY_IF: Final = Field(
    key="only_if",
    type=FieldType.JSON,
    label="Only if",
    help="A JSON-logic rule over payload, subscriber and steps. Where it is not true the task is skipped, and the way "
    "goes on.",
    example='{"==": [{"var": "subscriber.data.plan"}, "pro"]}',
    lines=4,
    group="Condition",
)
SUBSCRIBER: Final = Field(
    key="to",
    type=FieldType.TEMPLATE,
    label="Subscriber",
    help="The id of who is notified. Without one: the subscriber the instance was started for.",
    example="{{ input.customer_id }}",
    longest=300,
    group="Recipient",
)
KEEP_HTML: Final = Field(
    key="keep_html",
    type=FieldType.BOOLEAN,
    label="Keep all HTML",
    help="Without it, scripts and other dangerous markup are taken out.",
    default=False,
    group="Content",
)
TARGETS: Final = ("_self", "_blank", "_parent", "_top", "_unfencedTop")
REDIRECT: Final = Field(
    key="redirect",
    type=FieldType.GROUP,
    label="Leads to",
    help="Where a click goes.",
    group="Actions",
    fields=(
        Field(
            key="url",
            type=FieldType.TEMPLATE,
            label="Address",
            help="A page, or a path of the site that shows the inbox.",
            example="/orders/{{ payload.id }}",
            longest=4000,
        ),
        Field(
            key="target",
            type=FieldType.CHOICE,
            label="Opens in",
            help="In this tab, or in another.",
            choices=tuple(Choice(value, value) for value in TARGETS),
        ),
    ),
)


def button(key: str, label: str) -> Field:
    """A button of a message: its wording and where it leads."""
    return Field(
        key=key,
        type=FieldType.GROUP,
        label=label,
        help="A button below the message; without a wording there is none.",
        group="Actions",
        fields=(
            Field(
                key="label",
                type=FieldType.TEMPLATE,
                label="Wording",
                help="What stands on the button.",
                example="See the parcel",
                longest=200,
            ),
            REDIRECT,
        ),
    )


def subject(*, required: bool = False) -> Field:
    """The line above a message."""
    return Field(
        key="subject",
        type=FieldType.TEMPLATE,
        label="Subject",
        help="The line above the text.",
        example="Your parcel has left",
        longest=1000,
        required=required,
        group="Content",
    )


def body(*, longest: int = 200_000, required: bool = False) -> Field:
    """What a message says."""
    return Field(
        key="body",
        type=FieldType.TEMPLATE,
        label="Text",
        help="What it says; references are filled in.",
        example="Parcel {{ payload.parcel }} has left",
        lines=6,
        longest=longest,
        required=required,
        group="Content",
    )


def summary_of(settings: Mapping[str, Json]) -> str:
    """The first words of a message."""
    text = str(settings.get("subject") or settings.get("body") or "")
    return reference_name(" ".join(text.split()))[:40]
