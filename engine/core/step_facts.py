"""What a told fact about a step changes first."""

from __future__ import annotations

from datetime import datetime

from designer.graph.model import NONE_MET, Json
from engine.core import programs, rollback
from engine.core.commands import SetTimer
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.loops import pass_through_loop
from engine.core.retries import is_retryable, pause_before_retry, retry_policy
from engine.core.schedule import START
from engine.core.settling import Fold
from engine.core.state import DEAD, TAKEN, StepStatus

_COMPLETABLE = (StepStatus.READY, StepStatus.RUNNING, StepStatus.WAITING)


def start_by_person(fold: Fold, fact: Fact) -> None:
    """A person starts a step: one that is set to be started so, one before its scheduled moment, one that failed and
    waits; or, `regardless`, one whose requirements are not met.
    """
    if fact.data.get("regardless"):
        fold.make_ready(fold.open_node(fact, StepStatus.BLOCKED))
        return
    node = fold.open_node(fact, StepStatus.WAITING)
    task = fold.plan.task(node)
    if fold.state.scheduled.get(node) is False:
        fold.drop_waits(node)
        _let_start(fold, node)
        return
    if task.settings.get("on_failure") == "wait" and task.settings.get("start") != "manual":
        fold.drop_waits(node)
        fold.state.forgiven[node] = fold.state.attempts.get(node, 0)
        _let_start(fold, node)
        return
    if task.settings.get("start") != "manual":
        raise FactRefused(f"{task.name or task.key} starts by itself.")
    if task.kind == "decision":
        raise FactRefused(f"{task.name or task.key} is a decision: name its branch.")
    fold.put(node, StepStatus.READY)
    fold.ask_for_attempt(node)


def begin_attempt(fold: Fold, fact: Fact) -> None:
    """An attempt has begun. Refused while the instance is paused or pausing."""
    if fact.data.get("compensation"):
        rollback.begin_attempt(fold, fact)
        return
    node = fold.open_node(fact, StepStatus.READY)
    if fold.is_held_up:
        raise FactRefused("The instance is paused; no attempt may begin.")
    number = fold.state.attempts.get(node, 0) + 1
    _require_attempt(fact, number)
    fold.state.attempts[node] = number
    fold.put(node, StepStatus.RUNNING)
    if number == 1:
        fold.derive(FactType.STEP_STARTED, node)
    rollback.note_start(fold, node)


def fail_attempt(fold: Fold, fact: Fact) -> None:
    """An attempt failed or took too long: another one after a pause, or the step fails.

    Also for a step that was executed without being claimed: its attempt is counted now.
    """
    if fact.data.get("compensation"):
        rollback.fail_attempt(fold, fact)
        return
    node = fold.open_node(fact, StepStatus.RUNNING, StepStatus.READY)
    number = fold.state.attempts.get(node, 0) + (fold.state.nodes[node] is StepStatus.READY)
    _require_attempt(fact, number)
    fold.state.attempts[node] = number
    rollback.note_start(fold, node)
    error = fact.data.get("error") or {"name": "Error", "message": "The attempt failed."}
    policy = retry_policy(fold.plan.task(node).settings)
    counted = number - fold.state.forgiven.get(node, 0)
    if is_retryable(error) and policy.allows_another_after(counted):
        at = fold.now + pause_before_retry(policy, counted, error)
        fold.put(node, StepStatus.RETRYING)
        fold.derive(FactType.RETRY_SCHEDULED, node, {"number": number + 1, "at": at.isoformat()})
        fold.commands.append(SetTimer("retry", fold.plan.nodes[node].key, fact.iteration, at))
    else:
        _fail_or_wait(fold, node, error)


def _fail_or_wait(fold: Fold, node: int, error: Json, *, is_told: bool = False) -> None:
    """The step fails, or stays open for a person who runs it again, completes or skips it, if it is set to."""
    if fold.plan.task(node).settings.get("on_failure") != "wait":
        fold.fail(node, error, is_told=is_told)
        return
    fold.put(node, StepStatus.WAITING)
    fold.derive(FactType.STEP_WAITING, node, {"for": "person", "error": error})


def fire_timer(fold: Fold, fact: Fact) -> None:
    """A retry's pause is over, or a scheduled moment has come. Timers of other purposes are recorded; their executors
    tell what follows.
    """
    purpose = fact.data.get("purpose")
    if purpose == "rollback":
        rollback.fire_timer(fold, fact)
        return
    if purpose == START:
        node = fold.open_node(fact, StepStatus.WAITING)
        fold.derive(FactType.STEP_READY, node)
        _let_start(fold, node)
        return
    if purpose != "retry":
        fold.open_node(fact)
        return
    node = fold.open_node(fact, StepStatus.RETRYING)
    fold.put(node, StepStatus.READY)
    fold.derive(FactType.STEP_READY, node)
    fold.ask_for_attempt(node)


def schedule(fold: Fold, fact: Fact) -> None:
    """A ready step has a schedule: it waits until `wakes_at`. One whose moment has come already just starts."""
    node = fold.open_node(fact, StepStatus.READY)
    starts_at = datetime.fromisoformat(fact.data["wakes_at"])
    if starts_at <= fold.now:
        _let_start(fold, node)
        return
    fold.put(node, StepStatus.WAITING)
    fold.state.scheduled[node] = False
    fold.commands.append(SetTimer(START, fold.plan.nodes[node].key, fact.iteration, starts_at))


def _let_start(fold: Fold, node: int) -> None:
    fold.state.scheduled[node] = True
    fold.put(node, StepStatus.READY)
    fold.ask_for_attempt(node)


def set_timer(fold: Fold, fact: Fact) -> None:
    """An executor set a timer for its waiting step."""
    fold.open_node(fact)
    due_at = datetime.fromisoformat(fact.data["due_at"])
    fold.commands.append(SetTimer(fact.data["purpose"], fact.task or "", fact.iteration, due_at))


def wait(fold: Fold, fact: Fact) -> None:
    """A step has begun to wait for a timer, an event or a person."""
    node = fold.open_node(fact, StepStatus.READY, StepStatus.RUNNING)
    rollback.note_start(fold, node)
    fold.put(node, StepStatus.WAITING)
    if fact.data.get("for") == "steps":
        programs.end_turn(fold, node, fact)


def complete_step(fold: Fold, fact: Fact) -> None:
    """A step that is no decision completed: its normal edges are taken, or die where it ends its path."""
    node = fold.open_node(fact, *_COMPLETABLE)
    if fold.plan.task(node).kind == "decision":
        raise FactRefused(f"{fold.name(node)} is a decision: name its branch.")
    _require_attempt(fact, fold.state.attempts.get(node, 0) + (fold.state.nodes[node] is StepStatus.READY))
    rollback.note_start(fold, node)
    _leave_wait(fold, node)
    _go_on(fold, node, StepStatus.COMPLETED, leads_on=not fact.data.get("ends_path"))


def take_decision(fold: Fold, fact: Fact) -> None:
    """A decision was taken: the edges of its branches are taken, all others die; or its loop goes round."""
    node = fold.open_node(fact, *_COMPLETABLE)
    task = fold.plan.task(node)
    if task.kind != "decision":
        raise FactRefused(f"{fold.name(node)} is no decision.")
    branches = tuple(fact.data.get("branches", ())) or (NONE_MET,)
    unknown = [branch for branch in branches if branch not in task.branches]
    if unknown:
        raise FactRefused(f"{fold.name(node)} has no branch {unknown[0]!r}; it has {', '.join(task.branches)}.")
    _leave_wait(fold, node)
    loop = fold.plan.loop_of_decision.get(node)
    if loop is not None:
        branches = pass_through_loop(fold, fold.plan.loops[loop], branches)
    if branches:
        fold.derive(FactType.STEP_COMPLETED, node)
        _go_on(fold, node, StepStatus.COMPLETED, branches)


def fail_step(fold: Fold, fact: Fact) -> None:
    """A step failed without an attempt: an event did not come, a person did not do it in time."""
    node = fold.open_node(fact)
    fold.drop_waits(node)
    error = fact.data.get("error") or {"name": "Error", "message": "The step failed."}
    _fail_or_wait(fold, node, error, is_told=True)


def skip_step(fold: Fold, fact: Fact) -> None:
    """A person or the step itself skips an open step: it counts as finished; the way goes on as if it had completed.

    A skipped decision goes on by `none_met`; a skipped decision of a loop leaves the loop by its exit branch.
    """
    node = fold.open_node(fact)
    fold.drop_waits(node)
    fold.pass_over(node)


def do_ahead(fold: Fold, fact: Fact) -> None:
    """A person has done a step before its turn, or takes that back: it is passed when its turn comes."""
    if fold.state.status.is_final:
        raise FactRefused(f"The instance is {fold.state.status.value}.")
    node = fold.plan.index.get(fact.task or "")
    if node is None or fold.plan.nodes[node].task is None:
        raise FactRefused(f"There is no task {fact.task!r} in this version.")
    if fold.state.nodes[node] is not StepStatus.IDLE:
        raise FactRefused(f"The turn of {fold.name(node)} has come already.")
    if fact.data.get("taken_back"):
        fold.state.ahead.pop(node, None)
    else:
        fold.state.ahead[node] = fact.data.get("branch")


def hold(fold: Fold, fact: Fact) -> None:
    """A person puts a waiting step on hold."""
    fold.put(fold.open_node(fact, StepStatus.WAITING), StepStatus.HELD)


def release(fold: Fold, fact: Fact) -> None:
    """A person releases a step that is on hold."""
    node = fold.open_node(fact)
    if fold.state.nodes[node] is not StepStatus.HELD:
        raise FactRefused(f"{fold.name(node)} is not on hold.")
    fold.put(node, StepStatus.WAITING)


def note(fold: Fold, fact: Fact) -> None:
    """Recorded about an open step; moves nothing."""
    fold.open_node(fact)


def _go_on(fold: Fold, node: int, status: StepStatus, branches: tuple[str, ...] = (), *, leads_on: bool = True) -> None:
    """Settle a step that was run or passed over by a person; of a decision's edges only those of `branches` are
    taken.
    """
    fold.put(node, status)
    chosen = frozenset(branches) if fold.plan.task(node).kind == "decision" else None
    normal = TAKEN if leads_on else DEAD
    fold.settle_outgoing(fold.plan.nodes[node], normal=normal, error=DEAD, chosen=chosen)
    fold.note_settled(node)


def _leave_wait(fold: Fold, node: int) -> None:
    if fold.state.nodes[node] is StepStatus.WAITING:
        fold.drop_waits(node)


def _require_attempt(fact: Fact, number: int) -> None:
    if fact.data.get("number", number) != number:
        raise FactRefused(f"Attempt {fact.data['number']} of {fact.task} is not the current one, which is {number}.")
