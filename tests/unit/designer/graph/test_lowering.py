"""Phases and the trigger, lowered."""

from __future__ import annotations

import pytest

from designer.graph.lowering import EdgeRole, Lowering, first_tasks, is_back_edge, start_tasks
from designer.graph.model import Edge
from designer.graph.plan import FlowNotRunnable, compile_plan
from tests.drawing import draw


def test_an_edge_into_a_phase_enters_its_first_tasks() -> None:
    flow = draw("a -> phase:p; x -> y; x -> z", phases={"p": "x y z w"})
    assert first_tasks(flow, "p") == ("x", "w")
    lowered = [(edge.source, edge.target) for edge in Lowering(flow).edges() if edge.source == "a"]
    assert lowered == [("a", "x"), ("a", "w")]


def test_a_back_edge_does_not_keep_a_task_from_being_first() -> None:
    flow = draw("x -> d; d -again-> x", loops={"d": ("again", "done", 2)}, phases={"p": "x d"})
    assert first_tasks(flow, "p") == ("x",)
    assert is_back_edge(flow, Edge("d", "x", "again"))
    assert not is_back_edge(flow, Edge("x", "d"))


def test_an_edge_out_of_a_phase_starts_at_a_junction_that_waits_for_all_its_tasks() -> None:
    flow = draw("x -> y; phase:p -> end", phases={"p": "x y"})
    lowering = Lowering(flow)
    assert lowering.junctions == ["phase:p"]
    settled = {edge.source: edge.carries_failure for edge in lowering.edges() if edge.role is EdgeRole.SETTLED}
    assert set(settled) == {"x", "y"}
    assert settled["y"]


def test_a_phase_without_outgoing_edges_has_no_junction() -> None:
    assert Lowering(draw("a -> phase:p; x", phases={"p": "x"})).junctions == []


def test_start_tasks_are_the_targets_of_the_trigger_or_else_those_that_nothing_leads_to() -> None:
    assert start_tasks(draw("trigger -> b; a")) == ("b",)
    assert start_tasks(draw("trigger -> phase:p; x -> y", phases={"p": "x y"})) == ("x",)
    assert start_tasks(draw("a -> c; b -> c")) == ("a", "b")


@pytest.mark.parametrize(
    "flow",
    [
        draw("a -> b -> a"),
        draw("a").with_edges([Edge("a", "gone")]),
        draw("a").with_edges([Edge("a", "trigger")]),
        draw("a -> b -> d; d -again-> a,b", loops={"d": ("again", "done", 2)}),
        draw("a -> d; d -again-> b", loops={"d": ("again", "done", 2)}),
        draw("a -> b -> d; b -> c; d -again-> a", loops={"d": ("again", "done", 2)}),
        draw("a -> b -> d -> a; a -!-> m; d -again-> a", loops={"d": ("again", "done", 2)}, requires={"b": "m"}),
    ],
)
def test_what_cannot_run_does_not_compile(flow: object) -> None:
    with pytest.raises(FlowNotRunnable):
        compile_plan(flow)  # type: ignore[arg-type] - parametrize loses the type


def test_compiling_twice_numbers_nodes_and_edges_alike() -> None:
    flow = draw("trigger -> a -> b,c -> d; phase:p -> e", phases={"p": "b c"})
    assert compile_plan(flow) == compile_plan(flow)
    assert list(compile_plan(flow).index) == ["a", "b", "c", "d", "e", "phase:p"]
