"""What a told fact about a whole instance changes first: start, pause, resume, terminate, close."""

from __future__ import annotations

from engine.core import rollback
from engine.core.commands import ShiftTimers
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.settling import Fold
from engine.core.state import TAKEN, InstanceStatus, StepStatus


def queue(fold: Fold, fact: Fact) -> None:
    """The instance exists and waits to be started."""
    if fold.state.status is not InstanceStatus.QUEUED:
        raise FactRefused("The instance has already started.")
    if fact.data.get("caller") is not None:
        fold.state.is_called = True


def start(fold: Fold, fact: Fact) -> None:
    """The instance starts: the edges of the trigger are taken, and what nothing leads to is skipped."""
    if fold.state.status is InstanceStatus.PAUSED:
        raise FactRefused("The instance is paused.")
    queue(fold, fact)
    fold.state.status = InstanceStatus.RUNNING
    for number in fold.plan.start_edges:
        fold.settle_edge(number, TAKEN)
    for node in fold.plan.orphans:
        fold.skip(node, "Nothing leads here.")


def request_pause(fold: Fold, fact: Fact) -> None:
    """Waits, delays and retry pauses stop at once; the instance is paused when no attempt is under way any more.

    One that has not started is paused at once, and queued again by the resume.
    """
    _require_unfinished(fold)
    if fold.state.rollback is not None:
        raise FactRefused("The instance is rolling back.")
    if fold.is_held_up:
        raise FactRefused(f"The instance is already {_words(fold)}.")
    fold.state.paused_at = fold.now
    if fold.state.status is InstanceStatus.QUEUED:
        fold.state.status = InstanceStatus.PAUSED
        fold.derive(FactType.INSTANCE_PAUSED)
    else:
        fold.state.status = InstanceStatus.WAITING_FOR_PAUSE


def resume(fold: Fold, fact: Fact) -> None:
    """From `waiting_for_pause`: the pause is called off, nothing is shifted. From `paused`: every open timer moves
    later by the length of the pause, counted from when it was asked for.
    """
    state = fold.state
    if not fold.is_held_up:
        raise FactRefused(f"The instance is {_words(fold)}, not paused.")
    if state.status is InstanceStatus.PAUSED and not fold.has_begun:
        state.status = InstanceStatus.QUEUED
    else:
        if state.status is InstanceStatus.PAUSED and state.paused_at is not None:
            fold.commands.append(ShiftTimers((fold.now - state.paused_at).total_seconds()))
        state.status = InstanceStatus.RUNNING
    state.paused_at = None
    for node, status in enumerate(state.nodes):
        if status is StepStatus.READY:
            fold.ask_for_attempt(node)


def terminate(fold: Fold, fact: Fact) -> None:
    """Open steps are cancelled, a rollback under way is given up; final."""
    _require_unfinished(fold)
    fold.stop_open("The instance was terminated.")
    rollback.stop(fold)
    fold.state.paused_at = None
    fold.state.status = InstanceStatus.TERMINATED


def close(fold: Fold, fact: Fact) -> None:
    """A person ends the instance with closing reasons: it is terminated."""
    terminate(fold, fact)
    fold.derive(FactType.INSTANCE_TERMINATED, None, {"reason": "The instance was closed."})


def warn(fold: Fold, fact: Fact) -> None:
    """It has nearly used up a limit."""
    fold.state.warned.add(str(fact.data.get("limit")))


def record(fold: Fold, fact: Fact) -> None:
    """Recorded as it is, whatever the state."""


def _words(fold: Fold) -> str:
    return fold.state.status.value.replace("_", " ")


def _require_unfinished(fold: Fold) -> None:
    if fold.state.status.is_final:
        raise FactRefused(f"The instance is already {fold.state.status.value}.")
