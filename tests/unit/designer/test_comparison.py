"""Two graphs held against each other, in words."""

from __future__ import annotations

from dataclasses import replace

from designer.comparison import Comparison
from designer.graph.model import Condition, Flow
from tests.drawing import draw


def named(flow: Flow) -> Flow:
    """The flow whose branch `big` people call “Over 1,000”."""
    return flow.with_task(replace(flow.tasks["d"], conditions=(Condition("big", "Over 1,000"),)))


def test_an_edge_is_called_by_its_branch_as_on_the_graph() -> None:
    old = named(draw("trigger -> d; d -big-> a; d -none_met-> b"))
    new = named(draw("trigger -> d; d -big-> b"))
    names = {change.name for change in Comparison(old, new).changes if change.what == "Edge"}
    assert names == {"d → a, Over 1,000", "d → b, otherwise", "d → b, Over 1,000"}
