"""Phases as nodes, their facts, and requirements (semantics: Graph, Phase status, Requirements)."""

from __future__ import annotations

import pytest

from engine.core.advance import FactRefused
from engine.core.facts import FactType
from tests.drawing import draw
from tests.unit.engine.driving import Driven


def phase_facts(driven: Driven) -> list[str]:
    found = driven.facts(FactType.PHASE_STARTED, FactType.PHASE_COMPLETED)
    return [f"{fact.data['phase']} {fact.type.value.removeprefix('Phase').lower()}" for fact in found]


# -- phases -----------------------------------------------------------------------------------------------------------


def test_an_edge_into_a_phase_enters_its_first_tasks() -> None:
    driven = Driven(draw("a -> phase:p; x -> z; y -> z", phases={"p": "x y z"})).start().complete("a")
    assert driven.statuses() == {"a": "completed", "x": "ready", "y": "ready", "z": "idle"}


def test_an_edge_out_of_a_phase_waits_for_all_its_tasks() -> None:
    driven = Driven(draw("x; y; phase:p -> after", phases={"p": "x y"})).start().complete("x")
    assert driven.status("after") == "idle"
    driven.complete("y")
    assert driven.status("after") == "ready"


def test_an_edge_out_of_a_phase_is_taken_when_any_task_ran() -> None:
    driven = Driven(draw("d -yes-> x; d -no-> y; phase:p -> after", phases={"p": "x y"})).start()
    driven.decide("d", "yes").complete("x")
    assert driven.status("after") == "ready"


def test_an_edge_out_of_a_phase_dies_when_no_task_ran() -> None:
    driven = Driven(draw("d -yes-> phase:p; phase:p -> after", phases={"p": "x y"})).start().decide("d")
    assert driven.status("after") == "skipped"
    assert driven.state.status == "complete"


def test_an_error_edge_of_a_phase_catches_what_failed_inside() -> None:
    driven = Driven(draw("x -> y; phase:p -> after; phase:p -!-> mend", phases={"p": "x y"})).start().fail("x")
    assert driven.statuses() == {"x": "failed", "y": "failed", "after": "skipped", "mend": "ready"}
    driven.complete("mend")
    assert driven.state.status == "complete"


def test_a_phase_fails_only_once_all_its_tasks_are_settled() -> None:
    driven = Driven(draw("x; y; phase:p -!-> mend", phases={"p": "x y"})).start().fail("x")
    assert (driven.status("y"), driven.status("mend")) == ("ready", "idle")
    driven.complete("y")
    assert driven.status("mend") == "ready"


def test_a_failure_caught_inside_a_phase_does_not_leave_it() -> None:
    driven = Driven(draw("x -!-> fix; phase:p -> after; phase:p -!-> mend", phases={"p": "x fix"})).start()
    driven.fail("x").complete("fix")
    assert (driven.status("after"), driven.status("mend")) == ("ready", "skipped")


def test_a_failure_in_a_phase_without_error_edge_travels_on() -> None:
    driven = Driven(draw("x; phase:p -> after", phases={"p": "x"})).start().fail("x")
    assert driven.state.status == "errored"
    assert driven.state.error["task"] == "x"


def test_a_phase_without_edges_changes_nothing() -> None:
    driven = Driven(draw("x -> y", phases={"p": "x y"})).start().complete("x", "y")
    assert driven.state.status == "complete"


def test_a_phase_starts_with_its_first_step_and_completes_with_its_last() -> None:
    driven = Driven(draw("x -> y -> z", phases={"p": "x y", "q": "z"})).start().complete("x")
    assert phase_facts(driven) == ["p started"]
    driven.complete("y", "z")
    assert phase_facts(driven) == ["p started", "p completed", "q started", "q completed"]


def test_a_phase_of_which_a_person_skips_the_first_step_starts_once() -> None:
    driven = Driven(draw("x -> y", phases={"p": "x y"})).start().skip("x").complete("y")
    assert phase_facts(driven) == ["p started", "p completed"]


def test_a_phase_that_no_way_led_into_neither_starts_nor_completes() -> None:
    driven = Driven(draw("d -yes-> x", phases={"p": "x"})).start().decide("d")
    assert phase_facts(driven) == []


def test_a_phase_with_a_failed_task_does_not_complete() -> None:
    driven = Driven(draw("x -!-> fix; y", phases={"p": "x y"})).start().fail("x").complete("fix", "y")
    assert phase_facts(driven) == ["p started"]


def test_a_phase_inside_a_loop_starts_anew_with_each_round() -> None:
    flow = draw("trigger -> x -> d; d -again-> x", loops={"d": ("again", "done", 2)}, phases={"p": "x d"})
    driven = Driven(flow).start().complete("x").decide("d", "again").complete("x").decide("d", "done")
    assert phase_facts(driven) == ["p started", "p started", "p completed"]


def test_the_end_of_a_phase_around_a_loop_waits_until_the_loop_is_left() -> None:
    drawing = "trigger -> x -> d; d -again-> x; phase:p -> after"
    driven = Driven(draw(drawing, loops={"d": ("again", "done", 3)}, phases={"p": "x d"})).start()
    driven.complete("x").decide("d", "again").complete("x")
    assert driven.status("after") == "idle"
    driven.decide("d", "done")
    assert driven.status("after") == "ready"


def test_the_end_of_a_phase_around_part_of_a_loop_waits_until_the_loop_is_left() -> None:
    drawing = "trigger -> x -> d; d -again-> x; phase:p -> after"
    driven = Driven(draw(drawing, loops={"d": ("again", "done", 3)}, phases={"p": "x"})).start()
    driven.complete("x")
    assert driven.status("after") == "idle"
    driven.decide("d", "again").skip("x").decide("d", "done")
    assert driven.status("after") == "ready"


# -- the output -------------------------------------------------------------------------------------------------------


def test_the_ends_are_the_last_tasks_of_the_paths_that_ran() -> None:
    driven = Driven(draw("a -> b; a -> c; a -> d; d -yes-> e")).start().complete("a", "c", "b").decide("d")
    assert driven.ends == ["c", "b", "d"]


def test_the_last_task_of_a_phase_that_leads_on_is_no_end() -> None:
    driven = Driven(draw("x; phase:p -> after", phases={"p": "x"})).start().complete("x", "after")
    assert driven.ends == ["after"]


def test_the_last_task_of_a_phase_that_only_its_errors_lead_out_of_is_an_end() -> None:
    driven = Driven(draw("x; phase:p -!-> mend", phases={"p": "x"})).start().complete("x")
    assert driven.ends == ["x"]


# -- requirements -----------------------------------------------------------------------------------------------------


def test_a_requirement_disables_a_task_until_it_is_met() -> None:
    driven = Driven(draw("a; b", requires={"b": "a"})).start()
    assert driven.status("b") == "blocked"
    (blocked,) = driven.facts(FactType.STEP_BLOCKED)
    assert (blocked.task, blocked.data) == ("b", {"requires": ["a"]})
    driven.complete("a")
    assert driven.status("b") == "ready"


def test_a_disabled_task_cannot_be_completed() -> None:
    with pytest.raises(FactRefused, match="b is disabled until its requirements are met"):
        Driven(draw("a; b", requires={"b": "a"})).start().complete("b")


@pytest.mark.parametrize("how", ["no way led there", "a person skipped it"])
def test_a_skipped_task_meets_a_requirement(how: str) -> None:
    driven = Driven(draw("d -yes-> a; b", requires={"b": "a"})).start()
    if how == "no way led there":
        driven.decide("d")
    else:
        driven.decide("d", "yes").skip("a")
    assert driven.status("b") == "ready"


def test_a_required_phase_must_be_finished_as_a_whole() -> None:
    driven = Driven(draw("x -> y; b", phases={"p": "x y"}, requires={"b": "phase:p"})).start().complete("x")
    assert driven.status("b") == "blocked"
    driven.complete("y")
    assert driven.status("b") == "ready"


def test_a_requirement_of_a_phase_holds_for_each_of_its_tasks() -> None:
    driven = Driven(draw("a; x; y", phases={"p": "x y"}, requires={"phase:p": "a"})).start()
    assert (driven.status("x"), driven.status("y")) == ("blocked", "blocked")
    driven.complete("a")
    assert (driven.status("x"), driven.status("y")) == ("ready", "ready")


def test_a_requirement_on_a_failed_task_fails_the_dependent_task() -> None:
    driven = Driven(draw("a -!-> mend; b -!-> other", requires={"b": "a"})).start().fail("a")
    assert driven.status("b") == "failed"
    failed = next(fact for fact in driven.facts(FactType.STEP_FAILED) if fact.task == "b")
    assert failed.data["error"]["name"] == "RequirementNotMet"
    assert failed.data["error"]["message"] == "It requires a, which is failed."
    assert driven.status("other") == "ready"


def test_a_task_that_requires_one_that_failed_before_fails_when_its_turn_comes() -> None:
    driven = Driven(draw("a -!-> mend; c -> b", requires={"b": "a"})).start().fail("a").complete("c")
    assert driven.status("b") == "failed"


def test_a_person_may_skip_a_disabled_task() -> None:
    driven = Driven(draw("a; b -> c", requires={"b": "a"})).start().skip("b")
    assert (driven.status("b"), driven.status("c")) == ("skipped", "ready")
