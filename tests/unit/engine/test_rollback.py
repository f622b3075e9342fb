"""Compensations run in reverse order of the start of their steps, one at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from designer.graph.model import Flow, Json
from engine.core.commands import CancelStep, Compensate, SetTimer
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.rollback import compensation_of, steps_due
from engine.core.state import InstanceStatus
from tests.drawing import draw
from tests.strategies import flows
from tests.unit.engine.driving import BROKEN, FLAKY, Driven, drawing, replay
from tests.unit.engine.test_properties import drawn_outcome, drawn_task

UNDO: Json = {"action": "set_values", "inputs": {"values": {}}}


def undoable(*tasks: str, **more: Json) -> dict[str, Any]:
    """Settings of tasks that have a compensation."""
    return {task: {"compensation": {**UNDO, **more}} for task in tasks}


def roll_back(driven: Driven) -> list[tuple[str, int]]:
    """Let every compensation succeed; answers what was rolled back, in order."""
    undone = []
    while driven.state.status is InstanceStatus.ROLLING_BACK:
        compensate = [command for command in driven.commands if isinstance(command, Compensate)][-1]
        tell(driven, FactType.STEP_ROLLED_BACK, compensate)
        undone.append((compensate.task, compensate.iteration))
    return undone


def tell(driven: Driven, type: FactType, step: Compensate, **data: Any) -> None:
    driven.tell_fact(Fact(type, driven.now, step.task, step.iteration, data))


def test_a_failed_instance_is_rolled_back_in_reverse_order_of_start() -> None:
    driven = Driven(draw("a -> b -> c -> d", settings=undoable("a", "c"))).start().complete("a", "b", "c").fail("d")
    assert driven.state.status == "rolling_back"
    assert driven.facts(FactType.ROLLBACK_STARTED)[0].data["steps"] == [
        {"task": "c", "iteration": 1},
        {"task": "a", "iteration": 1},
    ]
    assert not driven.facts(FactType.INSTANCE_FAILED)
    assert roll_back(driven) == [("c", 1), ("a", 1)]
    assert driven.state.status == "errored"
    types = [fact.type.value for fact in driven.history][-4:]
    assert types == ["StepRolledBack", "StepRolledBack", "RollbackFinished", "InstanceFailed"]
    assert driven.facts(FactType.ROLLBACK_FINISHED)[0].data == {"outcome": "complete", "left": []}
    assert driven.facts(FactType.INSTANCE_FAILED)[0].data["error"]["task"] == "d"


def test_the_order_is_that_of_the_start_not_of_the_end() -> None:
    driven = Driven(draw("a; b; c -> d", settings=undoable("a", "b"))).start()
    driven.tell(FactType.ATTEMPT_STARTED, "b")
    driven.tell(FactType.ATTEMPT_STARTED, "a")
    driven.complete("b", "a").fail("c")
    assert roll_back(driven) == [("a", 1), ("b", 1)]


def test_a_step_that_failed_or_was_cancelled_is_rolled_back_if_it_had_started() -> None:
    driven = Driven(draw("a; b; c", settings=undoable("a", "b", "c"))).start()
    driven.tell(FactType.ATTEMPT_STARTED, "b")
    driven.fail("a")
    assert driven.status("b") == "cancelled"
    assert roll_back(driven) == [("a", 1), ("b", 1)]


def test_each_round_of_a_loop_is_rolled_back() -> None:
    flow = draw(
        "trigger -> a -> d; d -again-> a; d -done-> e", loops={"d": ("again", "done", 3)}, settings=undoable("a")
    )
    driven = Driven(flow).start().complete("a").decide("d", "again").complete("a").decide("d", "done").fail("e")
    assert roll_back(driven) == [("a", 2), ("a", 1)]


def test_an_instance_without_compensations_fails_at_once() -> None:
    driven = Driven(draw("a -> b", settings=undoable("b"))).start().fail("a")
    assert driven.state.status == "errored"
    assert not driven.facts(FactType.ROLLBACK_STARTED, FactType.ROLLBACK_FINISHED)


def test_terminating_with_a_rollback_undoes_first() -> None:
    driven = Driven(draw("a -> b", settings=undoable("a"))).start().complete("a")
    driven.tell(FactType.ROLLBACK_STARTED, actor={"name": "Ann"}, reason="A mistake.")
    assert (driven.state.status, driven.status("b")) == ("rolling_back", "cancelled")
    assert roll_back(driven) == [("a", 1)]
    assert driven.state.status == "terminated"
    (ended,) = driven.facts(FactType.INSTANCE_TERMINATED)
    assert (ended.data, ended.derived) == ({"actor": {"name": "Ann"}, "reason": "A mistake."}, True)


def test_terminating_with_a_rollback_where_nothing_is_to_be_undone_ends_at_once() -> None:
    driven = Driven(draw("a")).start()
    driven.tell(FactType.ROLLBACK_STARTED)
    assert driven.state.status == "terminated"
    assert driven.facts(FactType.ROLLBACK_FINISHED)[0].data["outcome"] == "complete"


def test_a_compensation_that_fails_stops_the_rollback() -> None:
    settings = undoable("a", "b", retries={"limit": 1, "delay": "1 second", "backoff": "constant"})
    driven = Driven(draw("a -> b -> c", settings=settings)).start().complete("a", "b").fail("c")
    step = Compensate("b", 1, 1)
    tell(driven, FactType.ATTEMPT_STARTED, step, number=1, compensation=True)
    tell(driven, FactType.ATTEMPT_FAILED, step, number=1, error=FLAKY, compensation=True)
    timers = [command for command in driven.commands if isinstance(command, SetTimer)]
    assert [(timer.purpose, timer.task) for timer in timers] == [("rollback", "b")]
    tell(driven, FactType.TIMER_FIRED, step, purpose="rollback")
    assert driven.commands[-1] == Compensate("b", 1, 2)
    tell(driven, FactType.ATTEMPT_STARTED, step, number=2, compensation=True)
    tell(driven, FactType.ATTEMPT_TIMED_OUT, step, number=2, error=FLAKY, compensation=True)
    (finished,) = driven.facts(FactType.ROLLBACK_FINISHED)
    assert (finished.task, finished.data["outcome"], finished.data["error"]) == ("b", "failed", FLAKY)
    assert finished.data["left"] == [{"task": "b", "iteration": 1}, {"task": "a", "iteration": 1}]
    assert driven.state.status == "errored"
    assert driven.state.error["task"] == "c"


def test_an_error_that_is_not_retryable_stops_the_rollback_at_once() -> None:
    driven = Driven(draw("a -> b", settings=undoable("a"))).start().complete("a").fail("b")
    tell(driven, FactType.ATTEMPT_FAILED, Compensate("a", 1, 1), error=BROKEN, compensation=True)
    assert driven.state.status == "errored"


def test_a_result_that_comes_late_is_refused() -> None:
    driven = Driven(draw("a -> b -> c", settings=undoable("a", "b"))).start().complete("a", "b").fail("c")
    tell(driven, FactType.STEP_ROLLED_BACK, Compensate("b", 1, 1))
    for type, step in (
        (FactType.STEP_ROLLED_BACK, Compensate("b", 1, 1)),
        (FactType.STEP_COMPLETED, Compensate("a", 1, 1)),
    ):
        with pytest.raises(FactRefused):
            tell(driven, type, step)
    with pytest.raises(FactRefused, match="not the current one: 1"):
        tell(driven, FactType.STEP_ROLLED_BACK, Compensate("a", 1, 1), number=7)


def test_a_terminate_gives_a_rollback_up() -> None:
    driven = Driven(draw("a -> b -> c", settings=undoable("a", "b"))).start().complete("a", "b").fail("c")
    driven.tell(FactType.INSTANCE_TERMINATED, reason="Enough.")
    assert driven.state.status == "terminated"
    assert CancelStep("b", 1) in driven.commands
    assert driven.facts(FactType.ROLLBACK_FINISHED)[0].data["outcome"] == "stopped"


@pytest.mark.parametrize(
    "type", [FactType.INSTANCE_PAUSE_REQUESTED, FactType.INSTANCE_RESUMED, FactType.INSTANCE_RETRIED]
)
def test_little_is_legal_while_rolling_back(type: FactType) -> None:
    driven = Driven(draw("a -> b", settings=undoable("a"))).start().complete("a").fail("b")
    with pytest.raises(FactRefused):
        driven.tell(type)
    with pytest.raises(FactRefused, match="rolling back"):
        driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "a"})
    with pytest.raises(FactRefused, match="already rolling back"):
        driven.tell(FactType.ROLLBACK_STARTED)


def test_a_restart_is_legal_while_rolling_back_and_forgets_what_was_before() -> None:
    driven = Driven(draw("a -> b", settings=undoable("a"))).start().complete("a").fail("b")
    driven.tell(FactType.INSTANCE_RESTARTED)
    assert driven.state.rollback is None
    driven.start().complete("a").fail("b")
    assert roll_back(driven) == [("a", 2)]


def test_what_was_rolled_back_is_not_kept_by_a_retry_or_a_restart_from_a_later_step() -> None:
    driven = Driven(draw("a -> b -> c", settings=undoable("a"))).start().complete("a", "b").fail("c")
    roll_back(driven)
    with pytest.raises(FactRefused, match="a was rolled back: restart the instance"):
        driven.retry()
    with pytest.raises(FactRefused, match="a was rolled back"):
        driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "b"})
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "a"})
    driven.complete("a", "b").fail("c")
    assert roll_back(driven) == [("a", 2)]


def test_after_a_restart_from_a_step_both_its_runs_are_rolled_back() -> None:
    driven = Driven(draw("a -> b", settings=undoable("a"))).start().complete("a", "b")
    driven.tell(FactType.INSTANCE_RESTARTED, **{"from": "a"})
    driven.complete("a").fail("b")
    assert roll_back(driven) == [("a", 2), ("a", 1)]


def test_an_instance_whose_rollback_failed_at_once_can_be_retried() -> None:
    driven = Driven(draw("a -> b", settings=undoable("a"))).start().complete("a").fail("b")
    tell(driven, FactType.ATTEMPT_FAILED, Compensate("a", 1, 1), error=BROKEN, compensation=True)
    driven.retry().complete("b")
    assert driven.state.status == "complete"


def test_a_compensation_keeps_secrets_as_its_task_does() -> None:
    flow = draw("a", settings={"a": {"sensitive": "output", "compensation": {**UNDO, "timeout": "1 second"}}})
    compensation = compensation_of(flow.tasks["a"])
    assert compensation is not None
    assert dict(compensation.settings) == {**UNDO, "timeout": "1 second", "sensitive": "output"}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(flow=flows(), data=st.data())
def test_everything_that_started_is_undone_once_in_reverse_order(flow: Flow, data: st.DataObject) -> None:
    """Whatever the flow and wherever it fails or is terminated; and folding it again gives the same."""
    flow = with_compensations(flow)
    note(drawing(flow))
    driven = Driven(flow).start()
    for _ in range(data.draw(st.integers(0, 30))):
        tasks = driven.open_tasks()
        if not tasks:
            break
        task = drawn_task(data.draw, tasks)
        driven.settle(task, drawn_outcome(data.draw, task, failures=True))
    if driven.state.status in (InstanceStatus.RUNNING, InstanceStatus.WAITING):
        driven.tell(FactType.ROLLBACK_STARTED)
    ended_well = driven.state.status is InstanceStatus.COMPLETE
    due = [] if ended_well else [(driven.plan.nodes[node].key, n) for node, n in steps_due(driven.plan, driven.state)]
    started = [(fact.task, fact.iteration) for fact in driven.history if is_first_sign(fact.type)]
    order = [step for step in dict.fromkeys(started) if step in due]
    assert due == order[::-1]
    assert roll_back(driven) == due
    assert driven.is_over
    state, history = replay(driven.plan, driven.told)
    assert (state, history) == (driven.state, driven.history)


def is_first_sign(type: FactType) -> bool:
    return type in (FactType.STEP_COMPLETED, FactType.STEP_FAILED, FactType.ATTEMPT_FAILED, FactType.STEP_WAITING)


def with_compensations(flow: Flow) -> Flow:
    tasks = {
        key: replace(task, settings={**task.settings, "compensation": UNDO}) if task.kind == "automation" else task
        for key, task in flow.tasks.items()
    }
    return replace(flow, tasks=tasks)
