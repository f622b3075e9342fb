"""What is found wrong with a flow."""

from __future__ import annotations

from typing import Any

from designer.graph.checks import Problem, check_flow
from designer.graph.model import Flow
from tests.drawing import draw


def errors(flow: Flow) -> list[Problem]:
    """The errors of a flow."""
    return [problem for problem in check_flow(flow) if problem.is_error]


def warnings(flow: Flow) -> list[Problem]:
    """Its warnings."""
    return [problem for problem in check_flow(flow) if not problem.is_error]


def only_error(flow: Flow) -> Problem:
    """The one error a flow has."""
    found = errors(flow)
    assert [problem.code for problem in found] == [found[0].code]
    return found[0]


def reading(text: str, drawing: str = "a -> b", **settings: Any) -> Flow:
    """A drawing in which `b` sets a value from a template."""
    return draw(drawing, settings={"b": {"action": "set_values", "inputs": {"values": {"x": text}}}, **settings})
