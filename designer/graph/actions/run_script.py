"""Make a value of others by an expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from designer.graph.actions.action import Action
from designer.graph.cel import LONGEST_SCRIPT, script_reason
from designer.graph.fields import Field, FieldType
from designer.graph.model import Json
from designer.graph.values import Fault, ValueProblem
from designer.graph.wording import mapping

LONGEST_SHOWN: Final = 36


def summarize(inputs: Mapping[str, Json]) -> str:
    """The beginning of the script."""
    words = " ".join(str(inputs.get("script", "")).split())
    return words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN]}…"


def more_problems(inputs: Mapping[str, Json]) -> Iterator[ValueProblem]:
    """Whether the script can be read, and names nothing but its arguments."""
    script = inputs.get("script")
    if isinstance(script, str) and script and (reason := script_reason(script, mapping(inputs.get("arguments")))):
        yield ValueProblem(("script",), Fault.WRONG, f"Script: {reason}")


ACTION: Final = Action(
    key="run_script",
    label="Run script",
    description="Makes a value of others by an expression: choose, count, reshape.",
    icon="calculator",
    summary=summarize,
    output_keys=lambda inputs: None,
    more_problems=more_problems,
    inputs=(
        Field(
            key="arguments",
            type=FieldType.MAP,
            label="Arguments",
            help="What the script can name.",
            longest=100,
            of=Field(key="", type=FieldType.JSON, label="Argument", example="{{ input.order }}"),
        ),
        Field(
            key="script",
            type=FieldType.CEL,
            label="Script",
            help="One expression in the Common Expression Language; its value becomes the output.",
            example='{"total": order.lines.map(l, l.price * l.count).sum()}',
            required=True,
            lines=6,
            longest=LONGEST_SCRIPT,
        ),
    ),
)
