"""What holds for every valid flow, whatever happens to its instances."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from designer.graph.model import Flow, Task
from engine.core.advance import FactRefused
from engine.core.facts import FactType
from engine.core.state import InstanceStatus, StepStatus
from tests.strategies import flows
from tests.unit.engine.driving import BROKEN, FLAKY, Driven, drawing, replay

quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Draw = Any


def drawn_task(draw: Draw, tasks: Sequence[Task]) -> Task:
    # Keys are drawn, not tasks, so that a failing example can be read.
    keys = [task.key for task in tasks]
    return tasks[keys.index(draw(st.sampled_from(keys)))]


def drawn_outcome(draw: Draw, task: Task, *, failures: bool) -> str:
    outcomes = [*task.branches] if task.branches else ["done"]
    if failures:
        outcomes = [*outcomes, "fail"]
    return str(draw(st.sampled_from(outcomes)))


def run_at_random(draw: Draw, driven: Driven, *, failures: bool = True, most: int = 4000) -> None:
    """To the end, in any order, with any outcomes."""
    for _ in range(most):
        if driven.is_over:
            return
        tasks = driven.open_tasks()
        assert tasks, f"stuck: {driven.statuses()}"
        task = drawn_task(draw, tasks)
        driven.settle(task, drawn_outcome(draw, task, failures=failures))
    raise AssertionError("it does not end")


def run_well(draw: Draw, driven: Driven) -> None:
    """To the end without a failure. A step that requires one that has failed and was caught still fails once; the next
    retry runs what it requires again."""
    run_at_random(draw, driven, failures=False)
    while driven.state.status is InstanceStatus.ERRORED:
        assert driven.state.error["name"] == "RequirementNotMet"
        driven.retry()
        run_at_random(draw, driven, failures=False)
    assert driven.state.status is InstanceStatus.COMPLETE


@quick
@given(flow=flows(), data=st.data())
def test_an_instance_always_ends(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    run_at_random(data.draw, driven)
    assert driven.state.status in (InstanceStatus.COMPLETE, InstanceStatus.ERRORED)


@quick
@given(flow=flows(), data=st.data())
def test_an_instance_whose_steps_all_succeed_completes(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    run_at_random(data.draw, driven, failures=False)
    assert driven.state.status is InstanceStatus.COMPLETE
    assert StepStatus.FAILED not in driven.state.nodes


@quick
@given(flow=flows(), data=st.data())
def test_replaying_the_told_facts_gives_the_same_state_and_history(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    meddle(data.draw, driven)
    let_go_on(driven)
    run_at_random(data.draw, driven)
    state, history = replay(driven.plan, driven.told)
    assert state == driven.state
    assert history == driven.history
    assert [fact for fact in history if not fact.derived] == [fact for _, fact in driven.told]


@quick
@given(flow=flows(), data=st.data())
def test_an_instance_ends_whatever_is_done_to_it_on_the_way(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    meddle(data.draw, driven)
    let_go_on(driven)
    run_at_random(data.draw, driven)
    assert driven.is_over


@quick
@given(flow=flows(), data=st.data())
def test_a_retried_instance_completes_when_all_goes_well_and_runs_no_completed_step_again(
    flow: Flow, data: st.DataObject
) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    run_at_random(data.draw, driven)
    if driven.state.status is not InstanceStatus.ERRORED:
        return
    done = {
        (node.key, driven.state.iteration(node.index))
        for node in driven.plan.nodes
        if driven.state.nodes[node.index] is StepStatus.COMPLETED and node.task
    }
    note(str(driven.statuses()))
    driven.retry()
    assert not driven.is_over
    before = len(driven.history)
    run_well(data.draw, driven)
    again = {(fact.task, fact.iteration) for fact in driven.history[before:] if fact.type is FactType.STEP_COMPLETED}
    assert not done & again


@quick
@given(flow=flows(), data=st.data())
def test_retries_with_any_outcome_end_too(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    for _ in range(4):
        run_at_random(data.draw, driven)
        if driven.state.status is not InstanceStatus.ERRORED:
            return
        driven.retry()
    run_well(data.draw, driven)


@quick
@given(flow=flows(), data=st.data())
def test_a_restarted_instance_runs_as_if_it_were_new(flow: Flow, data: st.DataObject) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    meddle(data.draw, driven)
    driven.tell(FactType.INSTANCE_RESTARTED)
    assert driven.state.status is InstanceStatus.QUEUED
    fresh = Driven(flow).start()
    driven.start()
    assert driven.statuses() == fresh.statuses()
    assert driven.state.edges == fresh.state.edges
    run_at_random(data.draw, driven)


@quick
@given(flow=flows(), data=st.data())
def test_an_instance_restarted_from_a_step_ends_and_completes_when_all_goes_well(
    flow: Flow, data: st.DataObject
) -> None:
    note(drawing(flow))
    driven = Driven(flow).start()
    failures = data.draw(st.booleans())
    for _ in range(data.draw(st.integers(0, 12))):
        if driven.is_over:
            break
        task = drawn_task(data.draw, driven.open_tasks())
        driven.settle(task, drawn_outcome(data.draw, task, failures=failures))
    begun = sorted({f.task for f in driven.facts(FactType.STEP_READY) if f.task})
    if not begun:
        return
    key = data.draw(st.sampled_from(begun))
    note(f"{driven.statuses()} from {key}")
    try:
        driven.tell(FactType.INSTANCE_RESTARTED, **{"from": key})
    except FactRefused:
        assert driven.status(key) in ("idle", "skipped")
        return
    # A join that other steps satisfy may not need it: then it is cancelled at once.
    assert driven.status(key) in ("ready", "blocked", "cancelled")
    run_at_random(data.draw, driven, failures=False)
    assert driven.is_over
    assert failures or driven.state.status is InstanceStatus.COMPLETE


def meddle(draw: Draw, driven: Driven) -> None:
    """A few things happen, of all that people, workers and timers do; those that are not legal are refused."""
    for _ in range(draw(st.integers(0, 25))):
        tasks = driven.open_tasks()
        kind = draw(st.sampled_from([*MEDDLING]))
        if kind.task_needed and not tasks:
            continue
        key = drawn_task(draw, tasks).key if kind.task_needed else None
        driven.now += draw(st.sampled_from(PAUSES))
        before = driven.state
        with suppress(FactRefused):
            driven.tell(kind.type, key, **kind.data)
            continue
        assert driven.state is before


def let_go_on(driven: Driven) -> None:
    """Undo what would keep the instance from moving: a pause, steps on hold."""
    if driven.state.status in (InstanceStatus.PAUSED, InstanceStatus.WAITING_FOR_PAUSE):
        driven.tell(FactType.INSTANCE_RESUMED)
    if driven.is_over:
        return
    for node in driven.plan.nodes:
        if driven.state.nodes[node.index] is StepStatus.HELD:
            driven.tell(FactType.STEP_RELEASED, node.key)


class Meddling:
    """Something that may be told."""

    def __init__(self, type: FactType, task_needed: bool = False, /, **data: Any) -> None:
        self.type, self.task_needed, self.data = type, task_needed, data


PAUSES = [timedelta(), timedelta(seconds=1), timedelta(days=2)]
MEDDLING = [
    Meddling(FactType.INSTANCE_PAUSE_REQUESTED),
    Meddling(FactType.INSTANCE_RESUMED),
    Meddling(FactType.INSTANCE_RESUMED),
    Meddling(FactType.INSTANCE_RETRIED),
    Meddling(FactType.INSTANCE_TERMINATED),
    Meddling(FactType.ROLLBACK_STARTED),
    Meddling(FactType.EVENT_RECEIVED, type="go"),
    Meddling(FactType.ATTEMPT_STARTED, True),
    Meddling(FactType.ATTEMPT_STARTED, True),
    Meddling(FactType.ATTEMPT_FAILED, True, error=FLAKY),
    Meddling(FactType.ATTEMPT_FAILED, True, error=BROKEN),
    Meddling(FactType.ATTEMPT_TIMED_OUT, True),
    Meddling(FactType.TIMER_FIRED, True, purpose="retry"),
    Meddling(FactType.STEP_WAITING, True, **{"for": "person"}),
    Meddling(FactType.STEP_PUT_ON_HOLD, True, by="ann"),
    Meddling(FactType.STEP_COMPLETED, True),
    Meddling(FactType.STEP_COMPLETED, True),
    Meddling(FactType.STEP_COMPLETED, True, by="ann"),
    Meddling(FactType.STEP_SKIPPED, True, by="ann"),
    Meddling(FactType.STEP_FAILED, True, error=BROKEN),
    Meddling(FactType.DECISION_TAKEN, True, branches=["yes"]),
    Meddling(FactType.DECISION_TAKEN, True, branches=["again"]),
]
