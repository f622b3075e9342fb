"""Fail on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.actions.action import Action
from designer.graph.fields import Field, FieldType
from designer.graph.model import Json
from designer.graph.wording import reference_name


def summarize(inputs: Mapping[str, Json]) -> str:
    """The message."""
    return reference_name(str(inputs.get("message", "")))[:40]


ACTION: Final = Action(
    key="raise_error",
    label="Raise an error",
    description="Fails on purpose, with a message.",
    icon="alert",
    summary=summarize,
    output_keys=lambda inputs: (),
    inputs=(
        Field(
            key="message",
            type=FieldType.TEMPLATE,
            label="Message",
            help="What the step and the instance say went wrong.",
            example="No stock left for {{ input.sku }}",
            required=True,
            longest=2000,
        ),
        Field(
            key="retryable",
            type=FieldType.BOOLEAN,
            label="Try again",
            help="Whether the retries of the task apply.",
            default=False,
        ),
    ),
)
