"""Send an e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.actions.action import Action
from designer.graph.fields import Field, FieldType
from designer.graph.model import Json
from designer.graph.wording import reference_name


def summarize(inputs: Mapping[str, Json]) -> str:
    """`to ops@example.com`."""
    to = inputs.get("to", "")
    first = to[0] if isinstance(to, list) and to else to
    return f"to {reference_name(str(first))}" if first else ""


ACTION: Final = Action(
    key="send_email",
    label="Send e-mail",
    description="Sends an e-mail.",
    icon="mail",
    summary=summarize,
    output_keys=lambda inputs: ("message_id",),
    inputs=(
        Field(
            key="to",
            type=FieldType.TEMPLATE,
            label="To",
            help="One address, or several separated by commas.",
            required=True,
            example="{{ input.customer.email }}",
            longest=4000,
        ),
        Field(
            key="subject",
            type=FieldType.TEMPLATE,
            label="Subject",
            help="One line.",
            example="Your order {{ input.order.id }}",
            required=True,
            longest=1000,
        ),
        Field(
            key="body",
            type=FieldType.TEMPLATE,
            label="Text",
            help="For those who read plain text.",
            example="Dear {{ input.customer.name }}, …",
            required=True,
            lines=6,
            longest=200_000,
        ),
        Field(
            key="html",
            type=FieldType.TEMPLATE,
            label="HTML",
            help="The same with markup, beside the text.",
            example="<p>Dear {{ input.customer.name }}, …</p>",
            lines=6,
            longest=200_000,
        ),
        Field(
            key="from",
            type=FieldType.TEMPLATE,
            label="From",
            example="shop@example.com",
            help="Without one, the installation's own address.",
            longest=300,
        ),
    ),
)
