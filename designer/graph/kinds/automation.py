"""Runs an action: an HTTP request, an e-mail, values, a Python function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from designer.graph.actions import ACTIONS
from designer.graph.fields import Choice, Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import (
    ON_FAILURE,
    REQUIREMENTS,
    RETRIES,
    SCHEDULE,
    SENSITIVE,
    START,
    TIMEOUT,
    schedule_problems,
    schedule_words,
)
from designer.graph.model import Flow, Json, Task
from designer.graph.values import Fault, ValueProblem, one_of_problems
from designer.graph.wording import mapping, with_dots

ACTION: Final = Field(
    key="action",
    type=FieldType.CHOICE,
    label="Action",
    help="What it does.",
    required=True,
    choices=tuple(Choice(action.key, action.label) for action in ACTIONS.values()),
    group="Action",
)
INPUTS: Final = Field(
    key="inputs",
    type=FieldType.GROUP,
    label="Inputs",
    help="What the action works with.",
    group="Action",
    by="action",
    variants={action.key: action.inputs for action in ACTIONS.values()},
)


def summarize(task: Task, flow: Flow | None = None) -> str:
    """`POST payments · in 2 d · 4×`: what it does, when, and how often it is repeated, if that is set."""
    action = ACTIONS.get(str(task.settings.get("action", "")))
    if action is None:
        return "no action chosen"
    repeats = mapping(task.settings.get("retries")).get("limit")
    words = action.summary(mapping(task.settings.get("inputs"))) or action.label
    return with_dots(words, schedule_words(task, flow), f"{repeats}×" if repeats else "")


def more_icon(task: Task) -> str:
    """The icon of its action."""
    action = ACTIONS.get(str(task.settings.get("action", "")))
    return action.icon if action else ""


def output_keys(task: Task) -> tuple[str, ...] | None:
    """What its action puts out."""
    action = ACTIONS.get(str(task.settings.get("action", "")))
    return action.output_keys(mapping(task.settings.get("inputs"))) if action else None


def input_problems(task: Task) -> Iterator[ValueProblem]:
    """Inputs that are missing altogether, or exclude each other; of the action and of its compensation."""
    yield from _action_problems(task.settings, ())
    if isinstance(task.settings.get("compensation"), Mapping):
        yield from _action_problems(task.settings["compensation"], ("compensation",))
    yield from schedule_problems(task)


def _action_problems(settings: Mapping[str, Json], path: tuple[str, ...]) -> Iterator[ValueProblem]:
    action = ACTIONS.get(str(settings.get("action", "")))
    if action is None:
        return
    if "inputs" not in settings:
        for needed in action.inputs:
            if needed.required:
                message = f"{needed.label} is required."
                yield ValueProblem((*path, "inputs", needed.key), Fault.MISSING, message)
    rules = replace(INPUTS, fields=action.inputs, one_of=action.one_of)
    inputs = mapping(settings.get("inputs"))
    yield from one_of_problems(rules, inputs, (*path, "inputs"))
    for found in action.more_problems(inputs):
        yield replace(found, path=(*path, "inputs", *found.path))


KIND: Final = Kind(
    key="automation",
    label="Automation",
    description="Does something by itself: calls a service, sends an e-mail, sets values.",
    group=Group.MACHINE,
    icon="bolt",
    colour="machine",
    summary=summarize,
    named_summary=summarize,
    more_icon=more_icon,
    output_keys=output_keys,
    more_problems=input_problems,
    fields=(
        ACTION,
        INPUTS,
        RETRIES,
        TIMEOUT,
        ON_FAILURE,
        START,
        SCHEDULE,
        REQUIREMENTS,
        SENSITIVE,
        Field(
            key="compensation",
            type=FieldType.GROUP,
            label="Compensation",
            help="What undoes it when an instance is rolled back.",
            group="Compensation",
            fields=(ACTION, INPUTS, RETRIES, TIMEOUT),
        ),
    ),
)
