"""Steps that are done before their turn, and steps that wait for a person when they fail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from designer.graph.plan import Plan, compile_plan
from engine.core.advance import advance
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.state import State, StepStatus, new_state, state_from_json
from tests.drawing import draw

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def tell(plan: Plan, state: State, type: FactType, task: str | None = None, **data: Any) -> State:
    iteration = 0 if task is None else state.iteration(plan.index[task])
    found = advance(plan, state, Fact(type, NOW, task, iteration, data), now=NOW).state
    return state_from_json(found.to_json())  # nothing gets lost on the way through the database


def begun(text: str, **settings: dict[str, Any]) -> tuple[Plan, State]:
    flow = draw(text, settings=settings)
    plan = compile_plan(flow)
    return plan, tell(plan, new_state(plan), FactType.INSTANCE_STARTED)


def status(plan: Plan, state: State, task: str) -> StepStatus:
    return state.nodes[plan.index[task]]


def test_a_step_that_was_done_ahead_is_passed_when_its_turn_comes() -> None:
    plan, state = begun("a -> b -> c")
    state = tell(plan, state, FactType.STEP_DONE_AHEAD, "b", by={"type": "user"})
    assert status(plan, state, "b") is StepStatus.IDLE
    state = tell(plan, state, FactType.STEP_COMPLETED, "a")
    assert (status(plan, state, "b"), status(plan, state, "c")) == (StepStatus.SKIPPED, StepStatus.READY)


def test_it_can_be_taken_back() -> None:
    plan, state = begun("a -> b")
    state = tell(plan, state, FactType.STEP_DONE_AHEAD, "b")
    state = tell(plan, state, FactType.STEP_DONE_AHEAD, "b", taken_back=True)
    state = tell(plan, state, FactType.STEP_COMPLETED, "a")
    assert status(plan, state, "b") is StepStatus.READY


def test_a_decision_that_was_taken_ahead_goes_on_by_its_branch() -> None:
    plan, state = begun("a -> decide; decide -yes-> b; decide -none_met-> c")
    state = tell(plan, state, FactType.STEP_DONE_AHEAD, "decide", branch="yes")
    state = tell(plan, state, FactType.STEP_COMPLETED, "a")
    assert (status(plan, state, "b"), status(plan, state, "c")) == (StepStatus.READY, StepStatus.SKIPPED)


def test_what_has_begun_cannot_be_done_ahead() -> None:
    plan, state = begun("a -> b")
    with pytest.raises(FactRefused):
        tell(plan, state, FactType.STEP_DONE_AHEAD, "a")


def test_a_step_that_is_set_to_wait_does_not_fail_and_runs_again() -> None:
    waits = {"action": "set_values", "inputs": {"values": {}}, "retries": {"limit": 0}, "on_failure": "wait"}
    plan, state = begun("a -> b", a=waits)
    error = {"name": "Broken", "message": "no", "retryable": False}
    state = tell(plan, state, FactType.ATTEMPT_FAILED, "a", number=1, error=error)
    assert (status(plan, state, "a"), state.status.value) == (StepStatus.WAITING, "waiting")
    state = tell(plan, state, FactType.STEP_READY, "a", by={"type": "user"})
    assert status(plan, state, "a") is StepStatus.READY
    state = tell(plan, state, FactType.STEP_COMPLETED, "a")
    assert status(plan, state, "b") is StepStatus.READY
