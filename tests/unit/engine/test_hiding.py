"""What a step leaves for people to see, where it read what is shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from designer.graph.hiding import NOTHING_HIDDEN, Hidden, hidden_in
from designer.graph.model import Task
from engine.core.hiding import reads_hidden, without_hidden
from engine.core.ports import Completed, StepContext, failed
from tests.drawing import draw
from tests.unit.engine.driving import NOON

FLOW = draw(
    "card -> use",
    settings={"card": {"action": "set_values", "inputs": {"values": {"pin": "1"}}, "sensitive": "output"}},
)
DATA = {"steps": {"card": {"output": {"pin": "1234", "n": 98765}}}, "vars": {"pin": "1234", "other": "x"}, "input": "i"}


def reading(text: str, *, is_input_hidden: bool = False, **settings: Any) -> StepContext:
    """A step whose inputs are this text."""
    task = Task("use", "", "automation", settings={"inputs": {"url": text}, **settings})
    return StepContext(
        instance_id=1,
        instance_key="k",
        flow_key="f",
        task=task,
        iteration=1,
        attempt=1,
        data=DATA,
        now=NOON,
        flow=FLOW,
        is_input_hidden=is_input_hidden,
    )


def test_values_that_a_sensitive_task_sets_are_hidden_as_well() -> None:
    assert hidden_in(FLOW) == Hidden(frozenset({"card"}), frozenset({"pin"}))
    assert hidden_in(draw("a")) is NOTHING_HIDDEN
    assert hidden_in(FLOW, is_input_hidden=True).input


@pytest.mark.parametrize(
    ("text", "is_hidden"),
    [
        ("{{ steps.card.output.pin }}", True),
        ("{% for s in steps %}{{ s }}{% endfor %}", True),
        ("{{ vars.pin }}", True),
        ("{{ vars.other }}", False),
        ("{{ vars }}", True),
        ("{{ input }}", False),
        ("{{ steps.use.output }}", False),
        ("plain", False),
    ],
)
def test_what_a_task_reads(text: str, *, is_hidden: bool) -> None:
    assert reads_hidden(reading(text)) == is_hidden
    kept = without_hidden(reading(text), Completed(input={"url": "rendered", "more": 1})).input
    assert kept == ({"url": text, "more": "[REDACTED]"} if is_hidden else {"url": "rendered", "more": 1})


def test_the_input_of_a_call_may_be_hidden_as_a_whole() -> None:
    assert reads_hidden(reading("{{ input.a }}", is_input_hidden=True))


def test_errors_are_scrubbed_of_hidden_values() -> None:
    context = reading("{{ steps.card.output }}")
    result = without_hidden(context, failed("X", "no 1234 and no 98765", retryable=True, seen=["1234", {"n": 98765}]))
    assert getattr(result, "error", None) == {
        "name": "X",
        "message": "no [REDACTED] and no [REDACTED]",
        "retryable": True,
        "seen": ["[REDACTED]", {"n": "[REDACTED]"}],
    }


def test_of_the_error_of_a_sensitive_task_only_the_plain_parts_are_kept() -> None:
    context = reading("plain", sensitive="output")
    result = without_hidden(context, failed("UnexpectedStatus", "It answered 500.", status=500, body="the output"))
    error = getattr(result, "error", {})
    assert set(error) == {"name", "message", "retryable", "status"}
