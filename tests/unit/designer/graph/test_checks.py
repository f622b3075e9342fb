"""Every problem names its culprit and its mend: ways, decisions and loops."""

from __future__ import annotations

from dataclasses import replace

import pytest

from designer.graph.checks import check_flow
from designer.graph.model import Condition, Edge, Flow, On, Phase, Statement
from designer.graph.plan import compile_plan
from tests.drawing import draw
from tests.problems import errors, only_error, warnings

# -- ways -------------------------------------------------------------------------------------------------------------


def test_a_sound_flow_has_no_problems() -> None:
    flow = draw("trigger -> fetch -> decide; decide -yes-> ship -> end; decide -none_met-> end[any]; fetch -!-> mend")
    assert check_flow(flow) == ()


def test_a_flow_without_tasks_has_nothing_to_start_with() -> None:
    assert only_error(Flow("empty", "Empty")).code == "nothing_to_start"


def test_a_flow_of_nothing_but_a_circle_has_nothing_to_start_with() -> None:
    assert {problem.code for problem in errors(draw("a -> b -> a"))} == {"nothing_to_start", "cycle"}


def test_an_undeclared_cycle_names_its_tasks() -> None:
    problem = only_error(draw("trigger -> a -> b -> c -> b"))
    assert problem.code == "cycle"
    assert problem.node == "b"
    assert problem.message.startswith('"b" and "c" go round in a circle.')
    assert "declare its loop" in problem.message


def test_a_circle_of_edges_and_requirements_is_told_as_such() -> None:
    problem = only_error(draw("trigger -> a -> b", requires={"a": "b"}))
    assert problem.code == "cycle"
    assert "requirements and edges" in problem.message


def test_a_task_that_requires_its_own_phase_waits_for_itself() -> None:
    problem = only_error(draw("a", phases={"p": "a"}, requires={"a": "phase:p"}))
    assert problem.code == "cycle"
    assert "waits for itself" in problem.message


def test_a_requirement_of_a_phase_counts_for_each_of_its_tasks() -> None:
    assert only_error(draw("a -> b", phases={"p": "a"}, requires={"phase:p": "b"})).code == "cycle"


def test_a_task_in_a_loop_cannot_require_what_begins_when_the_loop_is_left() -> None:
    flow = draw(
        "trigger -> a -> b -> d; d -again-> a; a -!-> mend",
        loops={"d": ("again", "done", 3)},
        requires={"b": "mend"},
    )
    assert "only begin when the loop is left" in only_error(flow).message


def test_an_unreachable_task_is_named_with_everything_behind_it() -> None:
    found = errors(draw("trigger -> a; b -> c"))
    assert [(problem.code, problem.node) for problem in found] == [("unreachable", "b"), ("unreachable", "c")]
    assert "no edge leads to it" in found[0].message
    assert "nothing that starts leads to it" in found[1].message


def test_without_trigger_edges_every_task_without_incoming_edges_is_a_start() -> None:
    assert errors(draw("a -> c; b -> d")) == []


def test_a_phase_with_edges_needs_tasks_and_one_without_is_a_warning() -> None:
    flow = draw("a")
    empty = flow.with_phase(Phase("p", "Payment"))
    assert [problem.code for problem in warnings(empty)] == ["phase_empty"]
    problem = only_error(empty.with_edges([Edge("a", "phase:p")]))
    assert problem.code == "phase_empty"
    assert problem.edge == Edge("a", "phase:p").id


def test_a_phase_is_not_connected_with_its_own_tasks() -> None:
    flow = draw("a -> b", phases={"p": "a b"})
    assert "edge_within_phase" in {p.code for p in errors(flow.with_edges([*flow.edges, Edge("b", "phase:p")]))}


@pytest.mark.parametrize(
    ("edge", "code"),
    [
        (Edge("a", "bb"), "edge_dangles"),
        (Edge("phase:q", "b"), "edge_dangles"),
        (Edge("a", "trigger"), "edge_into_trigger"),
        (Edge("a", "a"), "edge_to_itself"),
        (Edge("trigger", "a", on=On.ERROR), "trigger_cannot_fail"),
        (Edge("a", "b"), "edge_twice"),
        (Edge("a", "b", branch="yes"), "branch_unknown"),
    ],
)
def test_edges_that_no_editor_draws_are_found_too(edge: Edge, code: str) -> None:
    flow = draw("a -> b")
    assert code in {problem.code for problem in errors(flow.with_edges([*flow.edges, edge]))}


# -- decisions and loops ----------------------------------------------------------------------------------------------


def test_a_missing_default_branch_and_an_unused_branch_are_warnings() -> None:
    flow = draw("trigger -> d; d -yes-> a")
    d = flow.tasks["d"]
    no = Condition("no", "Refused", statements=(Statement("input.no", "equals", (True,)),))
    flow = flow.with_task(replace(d, conditions=(*d.conditions, no)))
    found = warnings(flow)
    assert [problem.code for problem in found] == ["branch_unused", "no_default_branch"]
    assert '"Refused"' in found[0].message
    assert errors(flow) == []


def test_a_manual_decision_needs_neither_statements_nor_a_default_branch() -> None:
    flow = draw("d -yes-> a", settings={"d": {"start": "manual"}})
    flow = flow.with_task(replace(flow.tasks["d"], conditions=(Condition("yes", "Yes"),)))
    assert check_flow(flow) == ()


def test_a_decision_without_branches_has_nothing_to_decide() -> None:
    assert only_error(draw("d", kinds={"d": "decision"})).code == "no_branches"


def test_a_condition_without_statements_is_never_taken() -> None:
    flow = draw("d -yes-> a; d -none_met-> b")
    flow = flow.with_task(replace(flow.tasks["d"], conditions=(Condition("yes"),)))
    assert only_error(flow).code == "condition_empty"


def test_an_edge_out_of_a_decision_needs_a_branch() -> None:
    problem = only_error(draw("d -> a; d -none_met-> b; d -yes-> b", kinds={"d": "decision"}))
    assert problem.code == "edge_without_branch"
    assert "yes or otherwise" in problem.message


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (Statement("", "equals", (1,)), "names no value"),
        (Statement("input.x", "equals"), "Give one"),
        (Statement("input.x", "equals", (1, 2)), "exactly one value"),
        (Statement("input.x", "greater_than", (1,), "text"), "another operator or type"),
        (Statement("input.x", "equals", ("many",), "number"), "not of type number"),
        (Statement("input.x", "resembles", (1,)), "no operator"),
    ],
)
def test_a_statement_that_cannot_hold_is_an_error(statement: Statement, words: str) -> None:
    flow = draw("d -yes-> a; d -none_met-> b")
    flow = flow.with_task(replace(flow.tasks["d"], conditions=(Condition("yes", statements=(statement,)),)))
    problem = only_error(flow)
    assert words in problem.message
    assert problem.path.startswith("tasks.d.settings.conditions[0].statements[0]")


LOOP = {"d": ("again", "done", 3)}


def test_a_sound_loop_has_no_errors() -> None:
    assert errors(draw("a -> b -> d; d -again-> a; d -done-> c; b -!-> mend -> e", loops=LOOP)) == []


def test_a_loop_branch_needs_exactly_one_edge() -> None:
    assert only_error(draw("a -> d; d -done-> c", loops=LOOP)).code == "loop_without_edge"
    assert only_error(draw("a -> b -> d; d -again-> a,b", loops=LOOP)).code == "loop_twice"


def test_a_loop_branch_leads_back() -> None:
    problem = only_error(draw("a -> d; d -again-> b", loops=LOOP))
    assert problem.code == "loop_not_back"
    assert "Choose an earlier task" in problem.message


def test_a_loop_without_exit_is_a_missing_setting() -> None:
    flow = draw("a -> d; d -again-> a", loops=LOOP)
    d = flow.tasks["d"]
    flow = flow.with_task(replace(d, settings={"loop": {"branch": "again"}}))
    found = {problem.field for problem in errors(flow) if problem.code == "setting_missing"}
    assert found == {("settings", "loop", "exit"), ("settings", "loop", "max_iterations")}


def test_the_branches_a_loop_names_are_there_and_differ() -> None:
    flow = draw("a -> d; d -again-> a; d -done-> b", loops=LOOP)
    d = flow.tasks["d"]
    wrong = replace(d, settings={"loop": {"branch": "again", "exit": "doen", "max_iterations": 2}})
    assert 'Did you mean "done"?' in only_error(flow.with_task(wrong)).message
    same = replace(d, settings={"loop": {"branch": "again", "exit": "again", "max_iterations": 2}})
    assert "another branch" in only_error(flow.with_task(same)).message


def test_an_edge_into_a_loop_body_names_the_loop_and_its_start() -> None:
    problem = only_error(draw("trigger -> a -> b -> d; trigger -> x -> b; d -again-> a", loops=LOOP))
    assert problem.code == "edge_into_loop"
    assert problem.message == (
        'The edge "x" → "b" leads into the loop of "d". Enter it at its start, "a", or let every way round pass there.'
    )


def test_an_edge_out_of_a_loop_body_is_named() -> None:
    problem = only_error(draw("a -> b -> d; b -> x; d -again-> a", loops=LOOP))
    assert problem.code == "edge_out_of_loop"
    assert problem.edge == Edge("b", "x").id


def test_overlapping_loops_are_named() -> None:
    flow = draw(
        "a -> b -> c -> d; c -again-> a; c -done-> d; d -again-> b",
        loops={"c": ("again", "done", 2), "d": ("again", "done", 2)},
    )
    flow = flow.with_edges(edge for edge in flow.edges if edge != Edge("c", "d"))
    assert only_error(flow).code == "loops_overlap"


def test_nested_loops_are_sound() -> None:
    loops = {"inner": ("again", "done", 2), "outer": ("again", "done", 2)}
    flow = draw(
        "a -> b -> inner; inner -again-> b; inner -done-> outer; outer -again-> a; outer -done-> e", loops=loops
    )
    assert errors(flow) == []
    assert [loop.inside for loop in compile_plan(flow).loops] == [(), (0,)]


def test_a_phase_that_straddles_a_loop_and_is_left_inside_it_is_named() -> None:
    flow = draw("trigger -> x; trigger -> a; phase:p -> d; d -again-> a", loops=LOOP, phases={"p": "a x"})
    assert "phase_across_loop" in {problem.code for problem in errors(flow)}
