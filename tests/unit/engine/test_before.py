"""What `designer.graph.before` calls certain is so in every run of every flow, by the engine's own core."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from designer.graph.before import Before, Precedence
from designer.graph.model import Flow
from engine.core.facts import FactType
from tests.drawing import draw
from tests.strategies import flows
from tests.unit.engine.driving import Driven, drawing
from tests.unit.engine.test_properties import drawn_outcome, drawn_task


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flow=flows(), data=st.data())
def test_what_is_certain_has_happened_whenever_the_task_starts(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    precedence = Precedence(flow)
    before = {key: precedence.before(key) for key in flow.tasks}
    driven = Driven(flow).start()
    for _ in range(4000):
        if driven.is_over:
            return
        open_tasks = driven.open_tasks()
        completed, failed = set(driven.ran), {fact.task for fact in driven.facts(FactType.STEP_FAILED)}
        for task in open_tasks:
            known = before[task.key]
            assert completed >= set(known.completed), task.key
            assert failed >= set(known.failed), task.key
        task = drawn_task(data.draw, open_tasks)
        driven.settle(task, drawn_outcome(data.draw, task, failures=True))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flow=flows(), data=st.data())
def test_whatever_a_start_needed_is_known_to_come_before(flow: Flow, data: st.DataObject) -> None:
    """What becomes ready because a task settled has that task among what may have run before it."""
    note(drawing(flow))
    precedence = Precedence(flow)
    driven = Driven(flow).start()
    for _ in range(4000):
        if driven.is_over:
            return
        task = drawn_task(data.draw, driven.open_tasks())
        seen = len(driven.history)
        driven.settle(task, drawn_outcome(data.draw, task, failures=False))
        for fact in driven.history[seen:]:
            if fact.type is FactType.STEP_READY and fact.task and fact.task != task.key:
                before = precedence.before(fact.task)
                assert task.key in (*before.completed, *before.failed, *before.possible)


@pytest.mark.parametrize(
    ("text", "of", "expected"),
    [
        ("a -> b -> c", "c", Before(("a", "b"))),
        ("a -> b,c -> d", "d", Before(("a", "b", "c"))),
        ("a -> b,c -> d[any]", "d", Before(("a",), possible=("b", "c"))),
        ("a -> b,c -> d[all_settled]", "d", Before((), possible=("a", "b", "c"))),
        ("a -> d; d -yes-> b; d -no-> c; b,c -> e", "e", Before(("a", "d"), possible=("b", "c"))),
        ("a -> b,c -> d -> e", "e", Before(("a", "b", "c", "d"))),
        ("a -> b; a -!-> c", "c", Before((), ("a",))),
        ("a -> b,c -> d; b -!-> x", "d", Before(("a", "c"), possible=("b",))),
        ("a -> b; x -> y", "b", Before(("a",))),
    ],
)
def test_examples(text: str, of: str, expected: Before) -> None:
    assert Precedence(draw(text)).before(of) == expected


def test_in_a_loop_what_comes_later_in_the_body_may_have_run_in_an_earlier_round() -> None:
    flow = draw("a -> b -> c; c -again-> b; c -done-> d", loops={"c": ("again", "done", 5)})
    assert Precedence(flow).before("b") == Before(("a",), possible=("c",))
    assert Precedence(flow).before("d") == Before(("a", "b", "c"))


def test_a_phase_that_is_left_ran_all_its_tasks_in_a_line() -> None:
    flow = draw("a -> b -> c; phase:p -> d", phases={"p": "b c"})
    assert Precedence(flow).before("d").completed == ("a", "b", "c")


def test_nothing_is_certain_in_a_circle() -> None:
    assert Precedence(draw("trigger -> a; a -> b -> a")).before("b").completed == ()


def test_a_loop_decided_on_after_a_failure_begins_again_without_what_its_first_round_had() -> None:
    loops = {"d": ("again", "done", 5)}
    flow = draw("a -> b -> d[all_settled]; d -again-> b; d -done-> e", loops=loops)
    assert Precedence(flow).before("b") == Before(possible=("a", "d"))
    flow = draw("a -> b -> d; d -again-> b; d -done-> e", loops=loops)
    assert Precedence(flow).before("b") == Before(("a",), possible=("d",))


def test_behind_the_error_edge_of_a_phase_nothing_is_certain_as_its_failure_may_have_come_from_before_it() -> None:
    flow = draw("a -> phase:p -!-> c", phases={"p": "b"})
    assert Precedence(flow).before("c") == Before(possible=("a", "b"))
