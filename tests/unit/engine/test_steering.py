"""Pause, resume, terminate, close, restart, retry, revert (semantics: Steering an instance)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.core.advance import FactRefused, fold
from engine.core.commands import CancelStep, Execute, ShiftTimers, Supersede
from engine.core.facts import Fact, FactType
from engine.core.state import state_from_json
from tests.drawing import draw
from tests.unit.engine.driving import FLAKY, NOON, Driven

PAUSE = FactType.INSTANCE_PAUSE_REQUESTED
RESUME = FactType.INSTANCE_RESUMED


# -- pause and resume -------------------------------------------------------------------------------------------------


def paused_while_running() -> Driven:
    driven = Driven(draw("a -> b; c")).start()
    driven.tell(FactType.ATTEMPT_STARTED, "a")
    driven.tell(PAUSE)
    return driven


def test_an_attempt_under_way_may_finish_before_the_instance_is_paused() -> None:
    driven = paused_while_running()
    assert driven.state.status == "waiting_for_pause"
    driven.complete("a")
    assert driven.state.status == "paused"
    assert driven.status("b") == "ready"
    assert driven.facts(FactType.INSTANCE_PAUSED)


def test_nothing_is_executed_while_paused() -> None:
    driven = paused_while_running()
    driven.commands.clear()
    driven.complete("a")
    assert driven.commands == []
    with pytest.raises(FactRefused, match="no attempt may begin"):
        driven.tell(FactType.ATTEMPT_STARTED, "c")


def test_a_pause_with_nothing_under_way_is_at_once() -> None:
    driven = Driven(draw("a")).start()
    driven.tell(PAUSE)
    assert driven.state.status == "paused"


def test_people_can_do_nothing_while_paused() -> None:
    driven = Driven(draw("a -> b")).start()
    driven.tell(FactType.STEP_WAITING, "a", **{"for": "person"})
    driven.tell(PAUSE)
    with pytest.raises(FactRefused, match="The instance is paused; resume it first"):
        driven.complete("a", by="ann@example.com")


def test_a_retry_that_fails_while_pausing_waits_for_the_resume() -> None:
    driven = Driven(draw("a")).start()
    driven.tell(FactType.ATTEMPT_STARTED, "a")
    driven.tell(PAUSE)
    driven.fail("a", error=FLAKY)
    driven.commands.clear()
    driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    assert (driven.status("a"), driven.commands) == ("ready", [])
    driven.tell(RESUME)
    assert Execute("a", 1, 2) in driven.commands


def test_a_resume_shifts_every_timer_by_the_length_of_the_pause() -> None:
    driven = Driven(draw("a")).start()
    driven.tell(PAUSE)
    driven.now += timedelta(hours=2)
    driven.commands.clear()
    driven.tell(RESUME)
    assert driven.commands == [ShiftTimers(7200.0), Execute("a", 1, 1)]
    assert driven.state.status == "running"
    assert driven.state.paused_at is None


def test_a_resume_before_the_pause_was_reached_calls_it_off() -> None:
    driven = paused_while_running()
    driven.now += timedelta(hours=2)
    driven.commands.clear()
    driven.tell(RESUME)
    assert driven.commands == [Execute("c", 1, 1)]
    assert driven.state.status == "running"


def test_an_instance_that_has_not_started_is_paused_and_queued_again() -> None:
    driven = Driven(draw("a"))
    driven.tell(PAUSE)
    assert driven.state.status == "paused"
    with pytest.raises(FactRefused, match="The instance is paused"):
        driven.start()
    driven.tell(RESUME)
    assert driven.state.status == "queued"
    assert driven.start().status("a") == "ready"


@pytest.mark.parametrize(("twice", "reason"), [(PAUSE, "already paused"), (RESUME, "not paused")])
def test_what_is_not_legal_now_is_refused(twice: FactType, reason: str) -> None:
    driven = Driven(draw("a")).start()
    if twice is PAUSE:
        driven.tell(PAUSE)
    with pytest.raises(FactRefused, match=reason):
        driven.tell(twice)


def test_facts_about_an_ended_instance_are_refused() -> None:
    driven = Driven(draw("a")).start().complete("a")
    for type in (PAUSE, FactType.INSTANCE_TERMINATED, FactType.INSTANCE_STARTED, FactType.INSTANCE_CLOSED):
        with pytest.raises(FactRefused):
            driven.tell(type)
    with pytest.raises(FactRefused, match="The instance is complete"):
        driven.complete("a")


# -- ending it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("started", [True, False])
def test_terminate_cancels_what_runs_and_is_final(started: bool) -> None:
    driven = Driven(draw("a -> b; c"))
    if started:
        driven.start()
    driven.tell(FactType.INSTANCE_TERMINATED, reason="Enough.")
    assert driven.state.status == "terminated"
    assert [c for c in driven.commands if isinstance(c, CancelStep)] == (
        [CancelStep("a", 1), CancelStep("c", 1)] if started else []
    )


def test_close_terminates_with_its_reasons() -> None:
    driven = Driven(draw("a")).start()
    driven.tell(FactType.INSTANCE_CLOSED, reasons=["Customer withdrew"])
    assert driven.state.status == "terminated"
    assert [fact.derived for fact in driven.facts(FactType.INSTANCE_TERMINATED)] == [True]


# -- restart ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["running", "complete", "errored", "terminated", "paused", "queued"])
def test_restart_is_legal_from_any_status(how: str) -> None:
    driven = Driven(draw("a -> b"))
    if how != "queued":
        driven.start()
    match how:
        case "complete":
            driven.complete("a", "b")
        case "errored":
            driven.fail("a")
        case "terminated":
            driven.tell(FactType.INSTANCE_TERMINATED)
        case "paused":
            driven.tell(PAUSE)
    assert driven.state.status == how
    driven.tell(FactType.INSTANCE_RESTARTED)
    assert driven.state.status == "queued"
    driven.start().complete("a", "b")
    assert driven.state.status == "complete"
    assert driven.iteration("a") == (1 if how == "queued" else 2)


def test_restart_from_a_step_keeps_what_was_before_it_and_runs_the_rest_again() -> None:
    driven = Driven(draw("a -> b -> c; a -> d")).start().complete("a", "b", "c", "d")
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "b"})
    assert driven.statuses() == {"a": "completed", "b": "ready", "c": "idle", "d": "completed"}
    assert [driven.iteration(task) for task in "abcd"] == [1, 2, 2, 1]
    driven.complete("b", "c")
    assert driven.state.status == "complete"
    assert driven.facts(FactType.INSTANCE_COMPLETED)[-1].data["ends"] == ["d", "c"]


def test_restart_from_a_step_cancels_what_runs_after_it() -> None:
    driven = Driven(draw("a -> b -> c")).start().complete("a", "b")
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "a"})
    assert CancelStep("c", 1) in driven.commands
    assert driven.statuses() == {"a": "ready", "b": "idle", "c": "idle"}


def test_restart_from_a_step_of_a_failed_instance_runs_what_failed_elsewhere_too() -> None:
    driven = Driven(draw("a -> j; b -> j")).start().complete("b").fail("a")
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "b"})
    assert (driven.status("a"), driven.status("b")) == ("ready", "ready")
    driven.complete("a", "b", "j")
    assert driven.state.status == "complete"


def test_restart_from_a_step_also_runs_what_failed_or_was_stopped_on_another_way() -> None:
    driven = Driven(draw("a; b -> c; d")).start().complete("b").fail("a")
    assert (driven.state.status, driven.status("d")) == ("errored", "cancelled")
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "b"})
    assert [driven.status(task) for task in "abcd"] == ["ready", "ready", "idle", "ready"]
    driven.complete("a", "b", "c", "d")
    assert driven.state.status == "complete"


def test_an_instance_whose_last_step_ends_while_it_is_to_be_paused_is_complete() -> None:
    driven = Driven(draw("a")).start()
    driven.tell(FactType.ATTEMPT_STARTED, "a")
    driven.tell(FactType.INSTANCE_PAUSE_REQUESTED)
    assert driven.state.status == "waiting_for_pause"
    driven.tell(FactType.STEP_COMPLETED, "a")
    assert driven.state.status == "complete"


def test_restart_from_a_step_before_a_loop_counts_its_rounds_anew() -> None:
    flow = draw("trigger -> z -> a -> d; d -again-> a; d -done-> e", loops={"d": ("again", "done", 2)})
    driven = Driven(flow).start().complete("z", "a").decide("d", "again").complete("a").decide("d", "again")
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "z"})
    assert driven.edge("d", "a") == "pending"
    driven.complete("z", "a").decide("d", "again")
    assert driven.status("a") == "ready"


ROUNDS = "trigger -> a -> b -> c -> d; a -> e -> d; d -again-> a; d -done-> f"


def in_round_three() -> Driven:
    driven = Driven(draw(ROUNDS, loops={"d": ("again", "done", 4)})).start()
    for _ in range(2):
        driven.complete("a", "b", "e", "c").decide("d", "again")
    return driven.complete("a", "e")


def kept(iteration: int, *tasks: str) -> dict[str, dict[str, object]]:
    return {task: {"iteration": iteration, "status": "completed"} for task in tasks}


def test_a_step_of_an_earlier_round_can_be_restarted_from() -> None:
    driven = in_round_three()
    driven.commands.clear()
    told = {"from": "c", "from_iteration": 1, "kept": kept(1, "a", "b", "c", "d", "e")}
    driven.tell(FactType.INSTANCE_RESTARTED, **told)
    assert driven.statuses() == {
        "a": "completed",
        "b": "completed",
        "c": "ready",
        "d": "idle",
        "e": "completed",
        "f": "idle",
    }
    assert driven.edge("d", "a") == "pending"
    gone = {c.task: (c.since, c.before) for c in driven.commands if isinstance(c, Supersede)}
    assert gone == {"a": (2, 4), "b": (2, 4), "e": (2, 4), "c": (1, 4), "d": (1, 4)}
    assert driven.iteration("c") == 4
    driven.complete("c").decide("d", "again")
    assert driven.facts(FactType.LOOP_ENTERED)[-1].data == {"round": 2}
    driven.complete("a", "b", "e", "c").decide("d", "done").complete("f")
    assert driven.state.status == "complete"


def test_an_earlier_round_of_a_loop_that_was_left_can_be_gone_back_to() -> None:
    driven = in_round_three().complete("b", "c").decide("d", "done").complete("f")
    driven.tell(
        FactType.INSTANCE_RESTARTED, **{"from": "b", "from_iteration": 2, "kept": kept(2, "a", "b", "c", "d", "e")}
    )
    assert driven.edge("d", "a") == "taken"
    assert (driven.status("b"), driven.status("e"), driven.status("f")) == ("ready", "completed", "idle")
    driven.complete("b", "c").decide("d", "again").complete("a", "b", "e", "c").decide("d", "again")
    driven.complete("a", "b", "e", "c").decide("d", "again")
    assert driven.facts(FactType.LOOP_EXITED)[-1].data == {"rounds": 4, "limit_reached": True}
    driven.complete("f")
    assert driven.state.status == "complete"


@pytest.mark.parametrize(
    ("key", "iteration", "reason"),
    [("b", 4, "b has the rounds 1 to 3"), ("f", 2, "f is in no loop"), ("b", 0, "b has the rounds 1 to 3")],
)
def test_only_a_round_that_was_can_be_gone_back_to(key: str, iteration: int, reason: str) -> None:
    with pytest.raises(FactRefused, match=reason):
        in_round_three().tell(FactType.INSTANCE_RESTARTED, **{"from": key, "from_iteration": iteration})


@pytest.mark.parametrize(
    ("key", "reason"), [("x", "There is no task 'x'"), ("c", "c has not been run yet"), ("s", "s has not been run yet")]
)
def test_only_a_step_that_was_run_can_be_restarted_from(key: str, reason: str) -> None:
    driven = Driven(draw("d -yes-> s; d -no-> b -> c")).start().decide("d", "no")
    with pytest.raises(FactRefused, match=reason):
        driven.tell(FactType.INSTANCE_RESTARTED, **{"from": key})


def test_a_paused_instance_is_resumed_before_it_is_restarted_from_a_step() -> None:
    driven = Driven(draw("a -> b")).start().complete("a")
    driven.tell(PAUSE)
    with pytest.raises(FactRefused, match="resume it first"):
        driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "a"})


def test_revert_makes_a_finished_human_task_current_again() -> None:
    driven = Driven(draw("a -> b -> c", kinds={"a": "manual"})).start().complete("a", "b")
    driven.tell(FactType.INSTANCE_REVERTED, to="a", by="ann@example.com")
    assert driven.statuses() == {"a": "ready", "b": "idle", "c": "idle"}
    with pytest.raises(FactRefused, match="b is no manual task"):
        driven.tell(FactType.INSTANCE_REVERTED, to="b")


# -- retry ------------------------------------------------------------------------------------------------------------


def test_a_retry_goes_on_from_the_failed_step_and_runs_no_completed_step_again() -> None:
    driven = Driven(draw("a -> b -> c; a -> d")).start().complete("a").fail("b")
    driven.retry()
    assert driven.statuses() == {"a": "completed", "b": "ready", "c": "idle", "d": "ready"}
    assert driven.state.error is None
    driven.complete("b", "d", "c")
    assert driven.state.status == "complete"


def test_a_retried_step_counts_its_attempts_on_but_has_all_its_retries_again() -> None:
    driven = Driven(draw("a", settings={"a": {"retries": {"limit": 1, "delay": "1 second"}}})).start()
    for number in (1, 2):
        driven.tell(FactType.ATTEMPT_STARTED, "a", number=number)
        driven.fail("a", error=FLAKY)
        if number == 1:
            driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    driven.retry()
    assert driven.commands[-1] == Execute("a", 1, 3)
    driven.tell(FactType.ATTEMPT_STARTED, "a", number=3)
    driven.fail("a", error=FLAKY)
    assert driven.status("a") == "retrying"


def test_a_retry_does_not_touch_what_was_caught_or_tolerated() -> None:
    driven = Driven(draw("a -!-> mend; b -> j[any]; c -> j; d")).start().fail("a").complete("mend").fail("b")
    driven.complete("c", "j").fail("d")
    driven.retry()
    assert driven.statuses() == {
        "a": "failed",
        "mend": "completed",
        "b": "failed",
        "j": "completed",
        "c": "completed",
        "d": "ready",
    }


def test_a_retry_opens_what_failed_because_of_the_failed_step() -> None:
    driven = Driven(draw("a -> b -> c; x -> c")).start().complete("x").fail("a")
    assert (driven.status("b"), driven.status("c")) == ("failed", "failed")
    driven.retry()
    driven.complete("a", "b", "c")
    assert driven.state.status == "complete"


def test_a_retry_of_a_lost_race_runs_the_other_runners_again() -> None:
    driven = Driven(draw("a -> j[race]; b -> j")).start().fail("a")
    assert driven.status("b") == "cancelled"
    driven.retry()
    assert (driven.status("a"), driven.status("b")) == ("ready", "ready")
    driven.complete("b")
    assert driven.statuses() == {"a": "cancelled", "j": "ready", "b": "completed"}


def test_a_retry_in_a_loop_stays_in_its_round() -> None:
    flow = draw("trigger -> a -> d; d -again-> a; d -done-> e", loops={"d": ("again", "done", 3)})
    driven = Driven(flow).start().complete("a").decide("d", "again").fail("a")
    driven.retry()
    assert (driven.status("a"), driven.iteration("a")) == ("ready", 2)
    driven.complete("a").decide("d", "done").complete("e")
    assert driven.state.status == "complete"
    assert driven.facts(FactType.LOOP_EXITED)[0].data["rounds"] == 2


def test_a_retry_also_runs_again_what_a_requirement_lost() -> None:
    driven = Driven(draw("a -!-> mend; b", requires={"b": "a"})).start().fail("a")
    assert driven.state.error["name"] == "RequirementNotMet"
    driven.retry()
    assert (driven.status("a"), driven.status("b")) == ("ready", "blocked")
    driven.complete("a", "mend", "b")
    assert driven.state.status == "complete"


def test_a_step_that_was_started_by_a_person_is_not_asked_for_again() -> None:
    driven = Driven(draw("a", settings={"a": {"start": "manual"}})).start()
    driven.tell(FactType.STEP_READY, "a", by="ann@example.com")
    driven.tell(FactType.ATTEMPT_STARTED, "a")
    driven.fail("a").retry()
    assert driven.status("a") == "ready"


def test_only_a_failed_instance_can_be_retried() -> None:
    with pytest.raises(FactRefused, match="Only a failed instance can be retried; this one is running"):
        Driven(draw("a")).start().retry()


# -- folding ----------------------------------------------------------------------------------------------------------


def test_a_fold_is_all_or_nothing() -> None:
    driven = Driven(draw("a -> b")).start()
    before = driven.state.to_json()
    facts = [Fact(FactType.STEP_COMPLETED, NOON, "a", 1), Fact(FactType.STEP_COMPLETED, NOON, "a", 1)]
    with pytest.raises(FactRefused):
        fold(driven.plan, driven.state, facts, now=NOON)
    assert driven.state.to_json() == before


def test_a_state_of_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="State format 99"):
        state_from_json({"v": 99})


def test_a_retry_looks_at_edges_that_settled_when_the_instance_failed() -> None:
    # `a` fails: the end of phase p catches that, and at the same moment `b`, a path of its own, ends the instance.
    flow = draw("a -> x; a -> b -> c; phase:p -!-> mend; phase:p -> d", phases={"p": "x"})
    driven = Driven(flow).start().fail("a")
    assert (driven.state.status, driven.status("mend")) == ("errored", "idle")
    driven.retry()
    driven.complete("a", "x", "b", "d", "c")
    assert driven.state.status == "complete"
    assert driven.status("mend") == "skipped"
