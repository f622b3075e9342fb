"""Decisions and the loops they declare (semantics: How an instance moves, Decision and Loop)."""

from __future__ import annotations

import pytest

from engine.core.advance import FactRefused
from engine.core.commands import CancelStep
from engine.core.facts import FactType
from tests.drawing import draw
from tests.unit.engine.driving import Driven

LOOP = "trigger -> head -> body -> test; test -again-> head; test -done-> after"


def looping(drawing: str = LOOP, *, most: int = 3, decision: str = "test") -> Driven:
    return Driven(draw(drawing, loops={decision: ("again", "done", most)})).start()


# -- decisions --------------------------------------------------------------------------------------------------------


def test_all_named_branches_are_taken_and_all_others_die() -> None:
    driven = Driven(draw("d -one-> a; d -two-> b; d -three-> c; d -none_met-> n; d -!-> e")).start()
    driven.decide("d", "one", "three")
    assert driven.statuses() == {
        "d": "completed",
        "a": "ready",
        "b": "skipped",
        "c": "ready",
        "n": "skipped",
        "e": "skipped",
    }


def test_without_a_met_condition_none_met_is_taken() -> None:
    driven = Driven(draw("d -one-> a; d -none_met-> n")).start().decide("d")
    assert driven.edge("d", "n") == "taken"
    assert driven.edge("d", "a") == "dead"


def test_without_a_none_met_edge_the_path_ends_at_the_decision() -> None:
    driven = Driven(draw("d -one-> a -> b")).start().decide("d")
    assert driven.state.status == "complete"
    assert driven.ends == ["d"]


def test_a_decision_records_its_conditions_and_who_took_it() -> None:
    records = [{"key": "one", "is_met": True, "statements": []}]
    driven = Driven(draw("d -one-> a")).start().decide("d", "one", conditions=records, by="ann@example.com")
    (taken,) = driven.facts(FactType.DECISION_TAKEN)
    assert taken.data == {"branches": ["one"], "conditions": records, "by": "ann@example.com"}


def test_a_decision_that_a_person_takes_waits_for_that_person() -> None:
    driven = Driven(draw("d -one-> a", settings={"d": {"start": "manual"}})).start()
    assert driven.status("d") == "waiting"
    assert driven.executes() == []
    (waiting,) = driven.facts(FactType.STEP_WAITING)
    assert waiting.data == {"for": "person"}
    driven.decide("d", "one", by="ann@example.com")
    assert driven.status("a") == "ready"


def test_a_branch_that_does_not_exist_is_refused() -> None:
    driven = Driven(draw("d -one-> a")).start()
    with pytest.raises(FactRefused, match="has no branch 'two'; it has one, none_met"):
        driven.decide("d", "two")


def test_a_decision_cannot_be_completed_without_a_branch() -> None:
    with pytest.raises(FactRefused, match="name its branch"):
        Driven(draw("d -one-> a")).start().complete("d")


def test_a_task_that_is_no_decision_takes_no_branch() -> None:
    with pytest.raises(FactRefused, match="is no decision"):
        Driven(draw("a -> b")).start().decide("a", "one")


# -- loops ------------------------------------------------------------------------------------------------------------


def test_a_loop_goes_round_with_new_steps() -> None:
    driven = looping().complete("head", "body").decide("test", "again")
    assert driven.statuses() == {"head": "ready", "body": "idle", "test": "idle", "after": "idle"}
    assert [driven.iteration(task) for task in ("head", "body", "test", "after")] == [2, 2, 2, 1]
    (entered,) = driven.facts(FactType.LOOP_ENTERED)
    assert entered.data == {"round": 2}
    ready = [(fact.task, fact.iteration) for fact in driven.facts(FactType.STEP_READY)]
    assert ready == [("head", 1), ("body", 1), ("test", 1), ("head", 2)]


def test_a_loop_is_left_by_another_branch() -> None:
    driven = looping().complete("head", "body").decide("test", "done")
    assert driven.status("after") == "ready"
    (exited,) = driven.facts(FactType.LOOP_EXITED)
    assert exited.data == {"rounds": 1, "limit_reached": False}
    assert driven.edge("test", "head") == "dead"


def test_when_the_limit_is_reached_the_exit_branch_is_taken_instead() -> None:
    driven = looping(most=2)
    for _ in range(2):
        driven.complete("head", "body").decide("test", "again")
    assert driven.status("after") == "ready"
    (exited,) = driven.facts(FactType.LOOP_EXITED)
    assert exited.data == {"rounds": 2, "limit_reached": True}
    assert driven.edge("test", "head") == "taken"
    assert driven.ran.count("body") == 2


def test_a_decision_may_go_round_to_itself() -> None:
    driven = looping("trigger -> test; test -again-> test", most=10)
    for _ in range(10):
        driven.decide("test", "again")
    assert driven.state.status == "complete"


def test_the_loop_branch_wins_over_others_that_are_met() -> None:
    driven = looping().complete("head", "body").decide("test", "done", "again")
    assert driven.status("head") == "ready"
    assert driven.status("after") == "idle"


def test_none_met_can_be_the_loop_branch() -> None:
    flow = draw("trigger -> a -> d; d -done-> after; d -none_met-> a", loops={"d": ("none_met", "done", 5)})
    driven = Driven(flow).start().complete("a").decide("d")
    assert (driven.status("a"), driven.iteration("a")) == ("ready", 2)


def test_body_steps_that_still_run_are_cancelled_when_the_loop_goes_round() -> None:
    driven = looping("trigger -> head -> slow,fast -> test[any,keep]; test -again-> head; test -done-> after")
    driven.complete("head", "fast").decide("test", "again")
    assert CancelStep("slow", 1) in driven.commands
    cancelled = [(fact.task, fact.iteration) for fact in driven.facts(FactType.STEP_CANCELLED)]
    assert cancelled == [("slow", 1)]
    with pytest.raises(FactRefused, match="slow is not begun"):
        driven.complete("slow")


def test_a_late_result_of_an_earlier_round_is_refused() -> None:
    driven = looping().complete("head", "body").decide("test", "again").complete("head")
    late = next(fact for fact in driven.history if fact.task == "body" and fact.type is FactType.STEP_COMPLETED)
    with pytest.raises(FactRefused, match="body is in round 2, not 1"):
        driven.tell_fact(late)


def test_what_ended_in_an_earlier_round_is_no_end_of_the_instance() -> None:
    driven = looping("trigger -> head -> test; head -!-> test; test -again-> head")
    driven.complete("head").decide("test", "again").complete("head").decide("test", "done")
    assert driven.ends == ["test"]


def test_nested_loops_count_their_rounds_anew() -> None:
    drawing = "trigger -> outer -> inner -> i; i -again-> inner; i -done-> o; o -again-> outer; o -done-> after"
    flow = draw(drawing, loops={"i": ("again", "done", 2), "o": ("again", "done", 2)})
    driven = Driven(flow).start()
    for _ in range(2):
        driven.complete("outer")
        for _ in range(2):
            driven.complete("inner").decide("i", "again")
        driven.decide("o", "again")
    assert driven.status("after") == "ready"
    assert driven.ran.count("inner") == 4
    assert driven.iteration("inner") == 4
    exits = [(fact.task, fact.data["rounds"]) for fact in driven.facts(FactType.LOOP_EXITED)]
    assert exits == [("i", 2), ("i", 2), ("o", 2)]


def test_an_error_edge_out_of_a_loop_stays_pending_while_the_loop_can_go_round() -> None:
    driven = looping(f"{LOOP}; body -!-> mend").complete("head", "body")
    assert driven.edge("body", "mend") == "pending"
    driven.decide("test", "again")
    assert driven.edge("body", "mend") == "pending"


def test_an_error_edge_out_of_a_loop_is_taken_when_its_task_fails() -> None:
    driven = looping(f"{LOOP}; body -!-> mend").complete("head", "body").decide("test", "again")
    driven.complete("head").fail("body")
    assert driven.edge("body", "mend") == "taken"
    assert (driven.status("test"), driven.status("after")) == ("skipped", "skipped")
    driven.complete("mend")
    assert driven.state.status == "complete"


def test_an_error_edge_out_of_a_loop_dies_when_the_loop_is_left() -> None:
    driven = looping(f"{LOOP}; body -!-> mend").complete("head", "body").decide("test", "done")
    assert driven.edge("body", "mend") == "dead"
    assert driven.status("mend") == "skipped"


def test_an_error_edge_out_of_two_loops_waits_for_the_outer_one() -> None:
    drawing = "trigger -> outer -> inner -> i; i -again-> inner; i -done-> o; o -again-> outer; inner -!-> mend"
    driven = Driven(draw(drawing, loops={"i": ("again", "done", 2), "o": ("again", "done", 2)})).start()
    driven.complete("outer", "inner").decide("i", "done")
    assert driven.edge("inner", "mend") == "pending"
    driven.decide("o", "done")
    assert driven.edge("inner", "mend") == "dead"


def test_a_failure_in_a_loop_travels_out_by_its_decision() -> None:
    driven = looping("trigger -> head -> test; test -again-> head; test -done-> after[all_settled]").fail("head")
    assert driven.status("test") == "failed"
    assert driven.status("after") == "ready"


def test_the_failure_of_a_loop_without_an_exit_edge_fails_the_instance() -> None:
    driven = looping("trigger -> head -> test; test -again-> head").fail("head")
    assert driven.state.status == "errored"
    assert driven.state.error["task"] == "head"


def test_a_loop_that_is_skipped_is_left() -> None:
    driven = looping(f"trigger -> d -go-> head; {LOOP.removeprefix('trigger -> ')}; body -!-> mend")
    driven.decide("d")
    assert driven.state.status == "complete"
    assert driven.edge("test", "head") == "dead"
    assert driven.edge("body", "mend") == "dead"


def test_a_step_that_a_left_loop_did_not_wait_for_still_settles_its_edges() -> None:
    drawing = "trigger -> head -> slow,fast -> test[any,keep]; test -again-> head; test -done-> after; slow -!-> mend"
    driven = looping(drawing).complete("head", "fast").decide("test", "done").complete("after")
    assert driven.edge("slow", "mend") == "pending"
    driven.complete("slow")
    assert driven.edge("slow", "mend") == "dead"
    assert driven.state.status == "complete"


@pytest.mark.parametrize("branch", ["done", "again"])
def test_the_iteration_and_round_survive_a_restart(branch: str) -> None:
    driven = looping().complete("head", "body").decide("test", "again")
    driven.tell(FactType.INSTANCE_RESTARTED)
    driven.start()
    assert driven.iteration("head") == 3
    driven.complete("head", "body").decide("test", branch)
    rounds = [fact.data["round"] for fact in driven.facts(FactType.LOOP_ENTERED)]
    assert rounds == ([2, 2] if branch == "again" else [2])
