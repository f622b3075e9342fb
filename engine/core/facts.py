"""What can happen to an instance, in the past tense.

Facts are the append-only history of an instance, numbered from 1. A *told* fact comes from outside (`advance` is
called with it); a *derived* one follows from it. Folding the told facts of a history again gives the same state and
the same derived facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from designer.graph.model import Json


class FactType(StrEnum):
    """The history vocabulary. The comment after a member names the keys of `Fact.data`.

    Interventions also hold `actor`, `reason`, and `before` and `after`: what of the instance they changed.
    """

    INSTANCE_QUEUED = "InstanceQueued"  # actor, caller? {flow, instance, task, iteration}
    INSTANCE_STARTED = "InstanceStarted"
    INSTANCE_PAUSE_REQUESTED = "InstancePauseRequested"
    INSTANCE_PAUSED = "InstancePaused"
    INSTANCE_RESUMED = "InstanceResumed"
    INSTANCE_RESTARTED = "InstanceRestarted"  # from? (a task key: it and what follows it run again), from_iteration?,
    # kept? (what the steps of that earlier round came to: engine.core.earlier_rounds)
    INSTANCE_RETRIED = "InstanceRetried"
    INSTANCE_REVERTED = "InstanceReverted"  # to (a task key)
    INSTANCE_MIGRATED = "InstanceMigrated"  # from, to (version numbers), mapping {old task key: new task key}
    INSTANCE_WARNED = "InstanceWarned"  # limit: max_steps | max_facts, count, most
    INSTANCE_COMPLETED = "InstanceCompleted"  # ends: task keys whose outputs make the instance's output
    INSTANCE_FAILED = "InstanceFailed"  # error
    INSTANCE_TERMINATED = "InstanceTerminated"
    INSTANCE_CLOSED = "InstanceClosed"  # reasons, note
    STEP_READY = "StepReady"  # by?, regardless? (told, when a person starts it)
    STEP_BLOCKED = "StepBlocked"  # requires: keys of unfinished requirements
    STEP_STARTED = "StepStarted"
    STEP_ADDED = "StepAdded"  # of a program: kind, name, count, after, settings
    STEP_SCHEDULED = "StepScheduled"  # wakes_at
    STEP_WAITING = "StepWaiting"
    # for: timer | event | person | child | steps, event_type?, assigned_to?, flow?, seen?, fingerprint?, error?
    # Of the four about attempts, `compensation: true` says that it is the step's compensation that is tried.
    ATTEMPT_STARTED = "AttemptStarted"  # number
    ATTEMPT_FAILED = "AttemptFailed"  # number, error {name, message, retryable}
    ATTEMPT_TIMED_OUT = "AttemptTimedOut"  # number, error
    RETRY_SCHEDULED = "RetryScheduled"  # number (of the coming attempt), at
    STEP_COMPLETED = "StepCompleted"  # number? (of the attempt), by? (an actor, when a person did it), ends_path?
    STEP_SKIPPED = "StepSkipped"  # reason, by?
    STEP_DONE_AHEAD = "StepDoneAhead"  # by, branch? | taken_back: before its turn; it is passed when that comes
    STEP_FAILED = "StepFailed"  # error
    STEP_CANCELLED = "StepCancelled"  # reason
    STEP_ASSIGNED = "StepAssigned"  # to, by
    STEP_CLAIMED = "StepClaimed"  # by
    STEP_PUT_ON_HOLD = "StepPutOnHold"  # by
    STEP_RELEASED = "StepReleased"  # by
    DUE_DATE_SET = "DueDateSet"  # due_at: None when it is taken away
    DECISION_TAKEN = "DecisionTaken"  # branches, conditions [{key, is_met, statements}], by?
    LOOP_ENTERED = "LoopEntered"  # round (from 1; the first round is not recorded)
    LOOP_EXITED = "LoopExited"  # rounds, limit_reached
    TIMER_SET = "TimerSet"  # purpose, due_at
    TIMER_FIRED = "TimerFired"  # purpose
    TIMER_CANCELLED = "TimerCancelled"  # purpose
    EVENT_RECEIVED = "EventReceived"  # type, event (its id)
    EVENT_CONSUMED = "EventConsumed"  # type, event
    PHASE_STARTED = "PhaseStarted"  # phase
    PHASE_COMPLETED = "PhaseCompleted"  # phase
    ROLLBACK_STARTED = "RollbackStarted"  # then, steps [{task, iteration}] in their order, error?; told by a person
    STEP_ROLLED_BACK = "StepRolledBack"  # number (of the attempt)
    ROLLBACK_FINISHED = "RollbackFinished"  # outcome: complete | failed | stopped, error?, left [{task, iteration}]
    ENTITY_SYNCED = "EntitySynced"
    CONTEXT_CHANGED = "ContextChanged"  # actor, reason, before, after


class FactRefused(ValueError):
    """The fact does not fit the state: the step is not open, the attempt is not the current one, the instance has
    ended.

    Callers turn it into "not legal now" (a 409) or drop a late result. `reason` is a sentence for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened. `task` is a task key; `iteration` counts a task's rounds from 1 (0 when no task is
    meant).
    """

    type: FactType
    at: datetime
    task: str | None = None
    iteration: int = 0
    data: Mapping[str, Json] = field(default_factory=dict)
    derived: bool = False
