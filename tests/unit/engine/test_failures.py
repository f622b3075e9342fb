"""Catching, travelling and ending (semantics: How an instance moves, 3 and 4)."""

from __future__ import annotations

import pytest

from engine.core.commands import CancelStep
from engine.core.facts import FactType
from tests.drawing import draw
from tests.unit.engine.driving import BROKEN, Driven


def test_a_failure_takes_the_error_edge_and_the_normal_edges_die() -> None:
    driven = Driven(draw("a -> b; a -!-> mend")).start().fail("a")
    assert (driven.edge("a", "b"), driven.edge("a", "mend")) == ("dead", "taken")
    assert driven.statuses() == {"a": "failed", "b": "skipped", "mend": "ready"}
    driven.complete("mend")
    assert driven.state.status == "complete"
    assert driven.ends == ["mend"]


def test_on_success_error_edges_die() -> None:
    driven = Driven(draw("a -> b; a -!-> mend")).start().complete("a")
    assert (driven.edge("a", "b"), driven.edge("a", "mend")) == ("taken", "dead")


def test_without_an_error_edge_the_normal_edges_fail() -> None:
    driven = Driven(draw("a -> b[all_settled]; other -> b")).start().fail("a")
    assert driven.edge("a", "b") == "failed"
    driven.complete("other")
    assert driven.status("b") == "ready"


@pytest.mark.parametrize("outcome", ["succeeds", "fails"])
def test_a_finally_runs_either_way(outcome: str) -> None:
    driven = Driven(draw("a -> finally[all_settled]; a -!-> finally")).start()
    if outcome == "succeeds":
        driven.complete("a")
    else:
        driven.fail("a")
    assert driven.status("finally") == "ready"
    driven.complete("finally")
    assert driven.state.status == "complete"


def test_a_failure_travels_to_the_first_join_that_tolerates_it() -> None:
    driven = Driven(draw("a -> b -> c -> d[any]; other -> d -> e")).start().fail("a")
    assert [driven.status(task) for task in "bcd"] == ["failed", "failed", "idle"]
    driven.complete("other", "d", "e")
    assert driven.state.status == "complete"
    assert driven.state.error is None


def test_a_failure_at_the_end_of_a_path_fails_the_instance_and_cancels_running_siblings() -> None:
    driven = Driven(draw("a; b; c -> d")).start()
    driven.tell(FactType.ATTEMPT_STARTED, "b", number=1)
    driven.fail("a")
    assert driven.state.status == "errored"
    assert driven.statuses() == {"a": "failed", "b": "cancelled", "c": "cancelled", "d": "idle"}
    assert CancelStep("b", 1) in driven.commands
    assert driven.state.error == {"name": "Broken", "message": "It broke.", "task": "a"}
    (failed,) = driven.facts(FactType.INSTANCE_FAILED)
    assert failed.data["error"] == driven.state.error


def test_a_failure_before_an_all_join_with_nothing_tolerant_ahead_fails_the_instance_at_once() -> None:
    driven = Driven(draw("a -> join; b -> join -> c")).start().fail("a")
    assert driven.state.status == "errored"
    assert driven.status("b") == "cancelled"


def test_the_error_is_the_one_that_led_to_the_end_not_one_that_was_tolerated() -> None:
    driven = Driven(draw("a -> join[any]; b -> join -> c")).start()
    driven.fail("a", error={"name": "Tolerated", "message": "Never mind.", "retryable": False})
    driven.complete("b", "join").fail("c")
    assert driven.state.error == {"name": "Broken", "message": "It broke.", "task": "c"}


def test_of_two_failures_that_reach_a_join_the_first_is_the_error() -> None:
    driven = Driven(draw("a -> join[any]; b -> join")).start()
    driven.fail("b").fail("a", error={"name": "Second", "message": "Too.", "retryable": False})
    assert driven.state.error["task"] == "b"


def test_a_step_that_fails_because_of_one_before_it_names_it() -> None:
    driven = Driven(draw("a -> b -> c[all_settled]; other -> c")).start().fail("a")
    failed = {fact.task: fact.data["error"] for fact in driven.facts(FactType.STEP_FAILED)}
    assert failed["a"] == BROKEN
    assert failed["b"] == {"name": "FailedBefore", "message": "a failed: It broke.", "task": "a"}


def test_an_error_edge_does_not_catch_a_failure_that_came_from_before() -> None:
    driven = Driven(draw("a -> b; b -!-> mend")).start().fail("a")
    assert (driven.status("b"), driven.status("mend")) == ("failed", "failed")
    assert driven.state.status == "errored"


def test_an_error_in_the_error_handler_fails_the_instance() -> None:
    driven = Driven(draw("a -> b; a -!-> mend")).start().fail("a", "mend")
    assert driven.state.status == "errored"
    assert driven.state.error["task"] == "mend"


def test_nothing_follows_in_an_instance_that_has_failed() -> None:
    driven = Driven(draw("a -> join[race]; b -> c -> join")).start().fail("a")
    assert driven.state.status == "errored"
    last = driven.history[-1]
    assert last.type is FactType.INSTANCE_FAILED
