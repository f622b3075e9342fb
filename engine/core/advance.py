"""Facts in, commands out: all of *How an instance moves* in `semantics.md`, as a pure function.

`fold` takes the told facts in order, applies each to a copy of the state and follows every consequence to the end:
edges settle, joins decide, steps become ready, are skipped or cancelled, loops go round, the instance completes or
fails. It answers the new state, the whole history of it (told and derived facts), and what the world has to do.

Where `semantics.md` leaves room, this is how it is read:

- The end of a phase waits for all its tasks; it fails if a failure inside was not caught there.
- A step whose requirement failed or was cancelled fails itself (`RequirementNotMet`).
- A step that a person skips is finished, and the way goes on as if it had completed; a skipped decision goes on by
  `none_met`, that of a loop leaves the loop by its exit branch.
- When several branches of a loop's decision are met, the loop branch wins.
- Iterations of a step only ever grow, also over restarts; the rounds of a loop begin anew when a loop around it goes
  round.
- An edge out of a loop settles when both its task has settled and the loop is left (an error edge that is taken: at
  once).
- Of a task in a loop each round that started is rolled back; so is a step that failed, was cancelled, or was run again
  by a restart from it. A whole restart forgets what was before.
- While an instance is paused or pausing, no attempt begins and people can do nothing; what was under way is still
  taken in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from designer.graph.plan import Plan
from engine.core import instance_facts, programs, reopening, rollback, step_facts
from engine.core.commands import Command
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.settling import Fold
from engine.core.state import State

__all__ = ["Advance", "FactRefused", "advance", "fold"]


@dataclass(frozen=True, slots=True)
class Advance:
    """What follows: the new state, the facts to append in this order, the commands to carry out in this order."""

    state: State
    facts: tuple[Fact, ...]
    commands: tuple[Command, ...]


def advance(plan: Plan, state: State, fact: Fact, *, now: datetime) -> Advance:
    """Fold one told fact. Raises `FactRefused` and leaves `state` as it was."""
    return fold(plan, state, (fact,), now=now)


def fold(plan: Plan, state: State, facts: Iterable[Fact], *, now: datetime) -> Advance:
    """Fold told facts in order into a copy of `state`.

    All or nothing: raises `FactRefused` for the first that does not fit. `now` is the moment of all that follows.
    """
    run = Fold(programs.plan_with(plan, state), state.copy(), now)
    for fact in facts:
        _tell(run, fact)
    return _result(run, run.commands)


def _tell(run: Fold, fact: Fact) -> None:
    """Record a told fact and follow its consequences to the end."""
    handler = _HANDLERS.get(fact.type)
    if handler is None:
        raise FactRefused(f"{fact.type.value} follows from other facts and cannot be told.")
    run.facts.append(fact)
    handler(run, fact)
    run.follow()


def _result(run: Fold, commands: Iterable[Command]) -> Advance:
    """What has come of it. A step may have been cancelled after its command was given."""
    return Advance(run.state, tuple(run.facts), tuple(c for c in commands if run.is_current(c)))


_HANDLERS: Final[dict[FactType, Callable[[Fold, Fact], None]]] = {
    FactType.INSTANCE_QUEUED: instance_facts.queue,
    FactType.INSTANCE_STARTED: instance_facts.start,
    FactType.INSTANCE_PAUSE_REQUESTED: instance_facts.request_pause,
    FactType.INSTANCE_RESUMED: instance_facts.resume,
    FactType.INSTANCE_TERMINATED: instance_facts.terminate,
    FactType.INSTANCE_CLOSED: instance_facts.close,
    FactType.INSTANCE_RESTARTED: reopening.restart,
    FactType.INSTANCE_RETRIED: reopening.retry,
    FactType.INSTANCE_REVERTED: reopening.revert,
    FactType.ROLLBACK_STARTED: rollback.start,
    FactType.STEP_ROLLED_BACK: rollback.complete,
    FactType.ATTEMPT_STARTED: step_facts.begin_attempt,
    FactType.ATTEMPT_FAILED: step_facts.fail_attempt,
    FactType.ATTEMPT_TIMED_OUT: step_facts.fail_attempt,
    FactType.STEP_READY: step_facts.start_by_person,
    FactType.STEP_ADDED: programs.add_step,
    FactType.STEP_WAITING: step_facts.wait,
    FactType.STEP_COMPLETED: step_facts.complete_step,
    FactType.STEP_FAILED: step_facts.fail_step,
    FactType.STEP_SKIPPED: step_facts.skip_step,
    FactType.STEP_DONE_AHEAD: step_facts.do_ahead,
    FactType.DECISION_TAKEN: step_facts.take_decision,
    FactType.STEP_PUT_ON_HOLD: step_facts.hold,
    FactType.STEP_RELEASED: step_facts.release,
    FactType.STEP_ASSIGNED: step_facts.note,
    FactType.STEP_CLAIMED: step_facts.note,
    FactType.DUE_DATE_SET: step_facts.note,
    FactType.STEP_SCHEDULED: step_facts.schedule,
    FactType.TIMER_SET: step_facts.set_timer,
    FactType.TIMER_FIRED: step_facts.fire_timer,
    FactType.TIMER_CANCELLED: instance_facts.record,
    FactType.EVENT_RECEIVED: instance_facts.record,
    FactType.EVENT_CONSUMED: instance_facts.record,
    FactType.CONTEXT_CHANGED: instance_facts.record,
    FactType.ENTITY_SYNCED: instance_facts.record,
    FactType.INSTANCE_WARNED: instance_facts.warn,
}
