"""Attempts, retries, waits and what people do with steps, one told fact at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.core.advance import FactRefused
from engine.core.commands import CancelStep, Execute, SetTimer
from engine.core.facts import FactType
from engine.core.retries import LONGEST_PAUSE, Backoff, RetryPolicy, attempt_timeout, retry_policy
from tests.drawing import draw
from tests.unit.engine.driving import BROKEN, FLAKY, NOON, Driven

RETRIES = {"a": {"retries": {"limit": 2, "delay": "10 seconds", "backoff": "linear"}}}


def with_retries() -> Driven:
    return Driven(draw("a -> b", settings=RETRIES)).start()


def begin(driven: Driven, task: str = "a", **data: Any) -> Driven:
    driven.tell(FactType.ATTEMPT_STARTED, task, **data)
    return driven


# -- attempts ---------------------------------------------------------------------------------------------------------


def test_a_ready_step_asks_for_its_first_attempt() -> None:
    assert with_retries().commands == [Execute("a", 1, 1)]


def test_an_attempt_starts_the_step_once() -> None:
    driven = begin(with_retries(), number=1).fail("a", error=FLAKY)
    driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    begin(driven, number=2)
    assert driven.status("a") == "running"
    assert len(driven.facts(FactType.STEP_STARTED)) == 1


def test_a_failed_attempt_is_repeated_after_its_pause() -> None:
    driven = begin(with_retries()).fail("a", error=FLAKY)
    assert driven.status("a") == "retrying"
    assert driven.commands[-1] == SetTimer("retry", "a", 1, NOON + timedelta(seconds=10))
    (scheduled,) = driven.facts(FactType.RETRY_SCHEDULED)
    assert scheduled.data == {"number": 2, "at": (NOON + timedelta(seconds=10)).isoformat()}
    driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    assert driven.commands[-1] == Execute("a", 1, 2)


def test_the_step_fails_when_its_attempts_are_exhausted() -> None:
    driven = with_retries()
    pauses = []
    for _ in range(2):
        begin(driven).fail("a", error=FLAKY)
        pauses.append(driven.commands[-1])
        driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    begin(driven).fail("a", error=FLAKY)
    assert driven.status("a") == "failed"
    assert [p.due_at - NOON for p in pauses if isinstance(p, SetTimer)] == [timedelta(seconds=s) for s in (10, 20)]


def test_a_non_retryable_error_ends_the_step_after_that_attempt() -> None:
    assert begin(with_retries()).fail("a", error=BROKEN).status("a") == "failed"


def test_a_timed_out_attempt_is_retryable() -> None:
    driven = begin(with_retries())
    driven.tell(FactType.ATTEMPT_TIMED_OUT, "a", number=1)
    assert driven.status("a") == "retrying"


def test_a_step_that_is_executed_without_a_claim_counts_its_failed_attempts_too() -> None:
    driven = with_retries().fail("a", error=FLAKY)
    driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    driven.tell(FactType.ATTEMPT_FAILED, "a", number=2, error=FLAKY)
    assert driven.facts(FactType.RETRY_SCHEDULED)[-1].data["number"] == 3


@pytest.mark.parametrize("type", [FactType.ATTEMPT_FAILED, FactType.STEP_COMPLETED])
def test_a_result_of_another_attempt_than_the_current_one_is_refused(type: FactType) -> None:
    driven = begin(with_retries()).fail("a", error=FLAKY)
    driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    begin(driven)
    with pytest.raises(FactRefused, match="Attempt 1 of a is not the current one, which is 2"):
        driven.tell(type, "a", number=1)


def test_a_result_between_two_attempts_is_refused() -> None:
    driven = begin(with_retries()).fail("a", error=FLAKY)
    with pytest.raises(FactRefused, match="a is between two attempts"):
        driven.complete("a")


def test_a_step_completes_once() -> None:
    driven = with_retries().complete("a")
    with pytest.raises(FactRefused, match="a is completed"):
        driven.complete("a")


def test_a_fact_about_a_task_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FactRefused, match="There is no task 'x'"):
        with_retries().complete("x")


def test_a_derived_fact_cannot_be_told() -> None:
    with pytest.raises(FactRefused, match="cannot be told"):
        with_retries().tell(FactType.STEP_CANCELLED, "a")


# -- retry policies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backoff", "seconds"),
    [(Backoff.CONSTANT, [10, 10, 10, 10]), (Backoff.LINEAR, [10, 20, 30, 40]), (Backoff.EXPONENTIAL, [10, 20, 40, 80])],
)
def test_the_pause_grows_with_the_backoff(backoff: Backoff, seconds: list[int]) -> None:
    policy = RetryPolicy(delay=timedelta(seconds=10), backoff=backoff)
    assert [policy.pause_after(n).total_seconds() for n in (1, 2, 3, 4)] == seconds


def test_no_pause_is_longer_than_a_year() -> None:
    assert RetryPolicy().pause_after(100) == LONGEST_PAUSE


def test_the_defaults_are_five_retries_ten_seconds_exponential_and_ten_minutes() -> None:
    assert retry_policy({}) == RetryPolicy(5, timedelta(seconds=10), Backoff.EXPONENTIAL)
    task = draw("a").tasks["a"]
    assert attempt_timeout(task) == timedelta(minutes=10)


def test_a_limit_of_n_means_n_and_one_attempts() -> None:
    policy = retry_policy({"retries": {"limit": 1}})
    assert [policy.allows_another_after(n) for n in (1, 2)] == [True, False]


def test_a_timeout_is_read_from_the_settings() -> None:
    task = draw("a", settings={"a": {"timeout": "30 seconds"}}).tasks["a"]
    assert attempt_timeout(task) == timedelta(seconds=30)


# -- waits ------------------------------------------------------------------------------------------------------------


def waiting(drawing: str = "a -> b") -> Driven:
    driven = Driven(draw(drawing)).start()
    driven.tell(FactType.STEP_WAITING, "a", **{"for": "event"})
    due = NOON + timedelta(hours=1)
    driven.tell(FactType.TIMER_SET, "a", purpose="timeout", due_at=due.isoformat())
    return driven


def test_an_instance_waits_when_nothing_can_move() -> None:
    driven = waiting()
    assert driven.state.status == "waiting"
    assert driven.commands[-1] == SetTimer("timeout", "a", 1, NOON + timedelta(hours=1))


def test_a_wait_that_ends_drops_its_timers() -> None:
    driven = waiting().complete("a")
    assert CancelStep("a", 1) in driven.commands
    assert driven.state.status == "running"


def test_a_step_that_never_waited_drops_nothing() -> None:
    driven = with_retries().complete("a")
    assert not [command for command in driven.commands if isinstance(command, CancelStep)]


def test_a_wait_that_fails_takes_the_error_edge_without_a_retry() -> None:
    driven = waiting("a -> b; a -!-> mend")
    driven.tell(FactType.STEP_FAILED, "a", error={"name": "WaitTimedOut", "message": "", "retryable": True})
    assert driven.status("mend") == "ready"
    assert [fact.derived for fact in driven.facts(FactType.STEP_FAILED)] == [False]


def test_a_timer_of_a_step_that_has_moved_on_is_refused() -> None:
    driven = waiting().complete("a")
    with pytest.raises(FactRefused):
        driven.tell(FactType.TIMER_FIRED, "a", purpose="timeout")


# -- people -----------------------------------------------------------------------------------------------------------


def test_a_step_on_hold_is_frozen_until_it_is_released() -> None:
    driven = waiting()
    driven.tell(FactType.STEP_PUT_ON_HOLD, "a", by="ann@example.com")
    with pytest.raises(FactRefused, match="a is on hold; release it first"):
        driven.complete("a")
    driven.tell(FactType.STEP_RELEASED, "a", by="ann@example.com")
    assert driven.complete("a").status("b") == "ready"


def test_only_a_step_on_hold_is_released() -> None:
    with pytest.raises(FactRefused, match="a is not on hold"):
        waiting().tell(FactType.STEP_RELEASED, "a")


def test_a_step_that_a_person_skips_is_finished_and_the_way_goes_on() -> None:
    driven = begin(Driven(draw("a -> b; a -!-> mend")).start()).skip("a")
    assert driven.statuses() == {"a": "skipped", "b": "ready", "mend": "skipped"}
    assert CancelStep("a", 1) in driven.commands
    (skipped, _) = driven.facts(FactType.STEP_SKIPPED)
    assert skipped.data["by"] == "ann@example.com"


def test_a_skipped_last_step_is_an_end_of_the_instance() -> None:
    driven = Driven(draw("a")).start().skip("a")
    assert driven.ends == ["a"]


def test_a_skipped_decision_goes_on_by_none_met() -> None:
    driven = Driven(draw("d -yes-> a; d -none_met-> b")).start().skip("d")
    assert driven.statuses() == {"d": "skipped", "a": "skipped", "b": "ready"}


def test_a_skipped_decision_of_a_loop_leaves_the_loop_by_its_exit() -> None:
    flow = draw("trigger -> a -> d; d -again-> a; d -done-> b", loops={"d": ("again", "done", 5)})
    driven = Driven(flow).start().complete("a").skip("d")
    assert driven.status("b") == "ready"
    assert driven.facts(FactType.LOOP_EXITED)[0].data == {"rounds": 1, "limit_reached": False}


def test_an_automation_that_a_person_starts_waits_for_that_person() -> None:
    driven = Driven(draw("a -> b", settings={"a": {"start": "manual"}})).start()
    assert (driven.status("a"), driven.commands, driven.state.status) == ("waiting", [], "waiting")
    driven.tell(FactType.STEP_READY, "a", by="ann@example.com")
    assert driven.commands == [Execute("a", 1, 1)]
    begin(driven).fail("a", error=FLAKY)
    driven.tell(FactType.TIMER_FIRED, "a", purpose="retry")
    assert driven.status("a") == "ready"


def test_an_automation_that_starts_by_itself_is_not_started_by_a_person() -> None:
    with pytest.raises(FactRefused, match="a starts by itself"):
        waiting().tell(FactType.STEP_READY, "a", by="ann@example.com")


@pytest.mark.parametrize("type", [FactType.STEP_CLAIMED, FactType.STEP_ASSIGNED, FactType.DUE_DATE_SET])
def test_what_is_only_noted_moves_nothing(type: FactType) -> None:
    driven = waiting()
    before = driven.state.to_json()
    driven.tell(type, "a", by="ann@example.com")
    assert driven.state.to_json() == before
