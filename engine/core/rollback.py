"""Rolling back: compensations run in reverse order of the start of their steps, one at a time (semantics: Steering).

A compensation is an attempt of its own beside the step's: it has retries and a time limit of its own. The step's
status in the marking stays as it was; how far the rollback is, is in `State.rollback`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from designer.graph.model import Json, Task
from designer.graph.plan import Plan
from engine.core.commands import CancelStep, Compensate, SetTimer
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.retries import is_retryable, retry_policy
from engine.core.state import InstanceStatus, Rollback, State, StepRef, StepStatus

if TYPE_CHECKING:
    from engine.core.settling import Fold


def compensation_of(task: Task) -> Task | None:
    """The compensation of a task as a task of its own, of the same key and kind; None where there is none."""
    settings = task.settings.get("compensation")
    if not isinstance(settings, Mapping):
        return None
    hidden = {"sensitive": task.settings["sensitive"]} if "sensitive" in task.settings else {}
    return Task(task.key, task.name, task.kind, settings={**settings, **hidden})


def note_start(fold: Fold, node: int) -> None:
    """A step has started; remembered where something undoes it."""
    if isinstance(fold.plan.task(node).settings.get("compensation"), Mapping):
        step = (node, fold.state.iteration(node))
        if step not in fold.state.started:
            fold.state.started.append(step)


def steps_due(plan: Plan, state: State) -> tuple[StepRef, ...]:
    """What is to be rolled back if the instance ends now, in that order."""
    undone = set(state.undone)
    left = (step for step in reversed(state.started) if step not in undone)
    # A version that the instance was migrated to may have dropped a compensation.
    return tuple(step for step in left if compensation_of(plan.task(step[0])) is not None)


def begin(fold: Fold, *, then: InstanceStatus, actor: Json = None, reason: str = "") -> None:
    """Roll back what has started, then let the instance end. Its open steps have been stopped."""
    fold.state.status = InstanceStatus.ROLLING_BACK
    fold.state.paused_at = None
    fold.state.rollback = Rollback(then, steps_due(fold.plan, fold.state), actor=actor, reason=reason)
    _go_on(fold)


def begin_after_failure(fold: Fold) -> None:
    """The instance failed: what has started is rolled back before it is errored."""
    steps = named(fold.plan, steps_due(fold.plan, fold.state))
    data = {"then": InstanceStatus.ERRORED.value, "steps": steps, "error": fold.state.error}
    fold.derive(FactType.ROLLBACK_STARTED, None, data)
    begin(fold, then=InstanceStatus.ERRORED)


def start(fold: Fold, fact: Fact) -> None:
    """A person terminates the instance and has it rolled back first. `data`: who and why."""
    state = fold.state
    if state.status.is_final:
        raise FactRefused(f"The instance is already {state.status.value}.")
    if state.rollback is not None:
        raise FactRefused("The instance is already rolling back.")
    fold.stop_open("The instance was terminated.")
    begin(
        fold,
        then=InstanceStatus.TERMINATED,
        actor=fact.data.get("actor"),
        reason=str(fact.data.get("reason") or ""),
    )


def stop(fold: Fold) -> None:
    """Give the rollback up: what has not been rolled back stays as it is."""
    rollback = fold.state.rollback
    if rollback is None:
        return
    fold.commands.append(CancelStep(*_key(fold, rollback.todo[0])))
    _finish(fold, "stopped")


# -- the compensation that is tried -----------------------------------------------------------------------------------


def begin_attempt(fold: Fold, fact: Fact) -> None:
    """An attempt of the compensation has begun."""
    rollback = _current(fold, fact, StepStatus.READY)
    _require_attempt(fact, rollback.attempt + 1)
    fold.state.rollback = replace(rollback, step=StepStatus.RUNNING, attempt=rollback.attempt + 1)


def complete(fold: Fold, fact: Fact) -> None:
    """A compensation is done: on to the step that started before, or the end."""
    rollback = _current(fold, fact, StepStatus.READY, StepStatus.RUNNING)
    _require_attempt(fact, rollback.attempt + (rollback.step is StepStatus.READY))
    fold.state.undone.append(rollback.todo[0])
    fold.state.rollback = replace(rollback, todo=rollback.todo[1:], step=StepStatus.READY, attempt=0)
    _go_on(fold)


def fail_attempt(fold: Fold, fact: Fact) -> None:
    """An attempt failed or took too long: another one after a pause, or the rollback stops here."""
    rollback = _current(fold, fact, StepStatus.READY, StepStatus.RUNNING)
    number = rollback.attempt + (rollback.step is StepStatus.READY)
    _require_attempt(fact, number)
    error = fact.data.get("error") or {"name": "Error", "message": "The attempt failed."}
    step = rollback.todo[0]
    compensation = compensation_of(fold.plan.task(step[0]))
    policy = retry_policy(compensation.settings if compensation is not None else {})
    if is_retryable(error) and policy.allows_another_after(number):
        at = fold.now + policy.pause_after(number)
        fold.state.rollback = replace(rollback, step=StepStatus.RETRYING, attempt=number)
        data = {"number": number + 1, "at": at.isoformat(), "compensation": True}
        fold.facts.append(Fact(FactType.RETRY_SCHEDULED, fold.now, *_key(fold, step), data, derived=True))
        fold.commands.append(SetTimer("rollback", *_key(fold, step), at))
    else:
        _finish(fold, "failed", error)
        _end(fold, rollback)


def fire_timer(fold: Fold, fact: Fact) -> None:
    """The pause before the next attempt is over."""
    rollback = _current(fold, fact, StepStatus.RETRYING)
    fold.state.rollback = replace(rollback, step=StepStatus.READY)
    _ask(fold)


def is_current(fold: Fold, command: Compensate) -> bool:
    """Whether it still is this attempt that is to be made."""
    rollback = fold.state.rollback
    return (
        rollback is not None
        and rollback.step is StepStatus.READY
        and _key(fold, rollback.todo[0]) == (command.task, command.iteration)
        and rollback.attempt + 1 == command.attempt
    )


def _current(fold: Fold, fact: Fact, *statuses: StepStatus) -> Rollback:
    """The rollback, if the fact is about the step at which it stands, and its compensation is in one of `statuses`."""
    rollback = fold.state.rollback
    if rollback is None:
        raise FactRefused("The instance is not rolling back.")
    if _key(fold, rollback.todo[0]) != (fact.task, fact.iteration):
        raise FactRefused(f"{fact.task} is not what is being rolled back.")
    if rollback.step not in statuses:
        raise FactRefused(f"The compensation of {fact.task} is {rollback.step.value}.")
    return rollback


def _require_attempt(fact: Fact, number: int) -> None:
    if fact.data.get("number", number) != number:
        told = fact.data["number"]
        raise FactRefused(f"Attempt {told} of the compensation of {fact.task} is not the current one: {number}.")


# -- the way through --------------------------------------------------------------------------------------------------


def _go_on(fold: Fold) -> None:
    rollback = fold.state.rollback
    if rollback is None:
        return
    if rollback.todo:
        _ask(fold)
    else:
        _finish(fold, "complete")
        _end(fold, rollback)


def _ask(fold: Fold) -> None:
    rollback = fold.state.rollback
    if rollback is not None:
        fold.commands.append(Compensate(*_key(fold, rollback.todo[0]), rollback.attempt + 1))


def _finish(fold: Fold, outcome: str, error: Json = None) -> None:
    """The rollback is over. Where it did not come to its end, the fact names the step at which it stopped."""
    rollback = fold.state.rollback
    left = rollback.todo if rollback is not None else ()
    data: dict[str, Json] = {"outcome": outcome, "left": named(fold.plan, left)}
    if error is not None:
        data["error"] = error
    task, iteration = _key(fold, left[0]) if left else (None, 0)
    fold.facts.append(Fact(FactType.ROLLBACK_FINISHED, fold.now, task, iteration, data, derived=True))
    fold.state.rollback = None


def _end(fold: Fold, rollback: Rollback) -> None:
    fold.state.status = rollback.then
    if rollback.then is InstanceStatus.ERRORED:
        fold.derive(FactType.INSTANCE_FAILED, None, {"error": fold.state.error})
    else:
        fold.derive(FactType.INSTANCE_TERMINATED, None, {"actor": rollback.actor, "reason": rollback.reason})


def _key(fold: Fold, step: StepRef) -> tuple[str, int]:
    return fold.plan.nodes[step[0]].key, step[1]


def named(plan: Plan, steps: Iterable[StepRef]) -> list[Json]:
    """Steps as facts name them."""
    return [{"task": plan.nodes[node].key, "iteration": iteration} for node, iteration in steps]
