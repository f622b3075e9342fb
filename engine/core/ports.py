"""What the engine asks of an executor, and what an executor answers.

An executor is the run-time half of a task kind (`engine/steps`). It is told where a step stands and answers with a
result; it changes nothing itself. `facts_for` turns a result into the told facts that `advance` folds. Outputs,
inputs and vars are not in the facts: the caller stores them on the step and the instance in the same transaction.

Tasks that a person starts (`start: manual`) need nothing from their executors: the core makes such a step wait for a
person, and asks for its first attempt once `StepReady` with `by` is told. (A manual decision is never executed: its
branch is told as `DecisionTaken`.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from designer.graph.hiding import Hidden, hidden_in
from designer.graph.model import Flow, Json, Task
from engine.core.facts import Fact, FactType
from engine.core.schedule import START

LONGEST_MESSAGE = 2000
"""Characters of an error's message that are kept."""


class TimerPurpose(StrEnum):
    """Why a timer was set. `retry`, `rollback` and `start` belong to the core, the others to the executors."""

    RETRY = "retry"
    ROLLBACK = "rollback"
    """As `retry`, of a compensation."""
    START = START
    """A scheduled moment has come."""
    WAKE = "wake"
    """A delay is over."""
    TIMEOUT = "timeout"
    """An event did not come in time."""
    EXPIRE = "expire"
    """A manual task was not done in time: it fails."""
    DUE = "due"
    """A due date has come; nothing follows but the record of it."""


@dataclass(frozen=True, slots=True)
class ProgramStep:
    """A step that a program has asked for before."""

    key: str
    kind: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ProgramHistory:
    """What a program has asked for so far, in order; which of it has settled, in that order, as places in `steps`.

    `fingerprint`: of the source with which its run began, empty before the first turn ended. Outputs and errors are in
    the data of the context, by key.
    """

    task: Task
    steps: tuple[ProgramStep, ...] = ()
    outcomes: tuple[int, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """Everything an executor may know about the step it is to run.

    `data` has the keys `input context steps vars event instance flow now` (semantics: Data) and is not to be changed.
    `attempt` counts from 1. `timezone` is the flow's IANA name, `flow` the version's graph.
    """

    instance_id: int
    instance_key: str
    flow_key: str
    task: Task
    iteration: int
    attempt: int
    data: Mapping[str, Json]
    now: datetime
    timezone: str = "UTC"
    flow: Flow | None = None
    history: ProgramHistory | None = None
    """Of the program, where the step is one or belongs to one."""
    environment_id: int = 0
    is_input_hidden: bool = False
    """The instance was called with what is shown nowhere."""
    flow_id: int = 0
    is_compensation: bool = False
    """The step is rolled back: `task` holds the settings of its compensation, `data` what the step saw and its output.
    """
    cause: Json = None
    """Why the instance is rolled back: the error by which it failed; None when somebody terminated it."""

    @property
    def hidden(self) -> Hidden:
        """What of the data is passed on but shown nowhere."""
        return hidden_in(self.flow, is_input_hidden=self.is_input_hidden)

    @property
    def idempotency_key(self) -> str:
        """`<instance>:<task>:<iteration>`, the same for all attempts; of a compensation with `:rollback` behind it.

        The instance is named by its number and its key: keys are unique per flow only, and numbers begin again with a
        new database.
        """
        key = f"{self.instance_id}-{self.instance_key}:{self.task.key}:{self.iteration}"
        return f"{key}:rollback" if self.is_compensation else key


@dataclass(frozen=True, slots=True)
class Timer:
    """A moment at which the step wants to be asked again (`Executor.on_timer`)."""

    purpose: TimerPurpose
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The step is done. `output` is at most 1 MiB of JSON.

    `vars`: values to merge into the instance's vars. `branches` (decisions only, else None): the branches that are
    met, in their order; `conditions`: the record of each condition. `by`: who did it, when a person did. `input`:
    what the step was run with, for people to look at.
    """

    output: Json = None
    vars: Mapping[str, Json] | None = None
    branches: tuple[str, ...] | None = None
    conditions: Sequence[Mapping[str, Json]] = ()
    by: Json = None
    input: Json = None
    ends_path: bool = False
    """The step ran, and nothing follows it: its normal edges die (a throttle that is full, an event in a digest)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """The step passes itself over, and the way goes on as if it had completed. `output` says what was seen."""

    reason: str
    output: Json = None
    input: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt, or the wait, failed. `error` is `{name, message, retryable, …}`."""

    error: Mapping[str, Json]
    input: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCall:
    """An instance that a step calls: of the flow with this key, with this input. `waits`: the step ends with it.

    `is_input_hidden`: the input may hold what is shown nowhere.
    """

    flow: str
    input: Json = None
    waits: bool = True
    is_input_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The step waits. `timers` are set with it. What else is filled in depends on what it waits for.

    For a child: `call`. For a person: `assigned_to` (addresses and group slugs; none: anyone), `due_at`, `form` (JSON
    Schema). For an event: `event_type`, `event_filter` (CEL, empty for none).
    """

    for_: Literal["timer", "event", "person", "child"]
    timers: tuple[Timer, ...] = ()
    event_type: str = ""
    event_filter: str = ""
    assigned_to: tuple[str, ...] = ()
    due_at: datetime | None = None
    form: Mapping[str, Json] | None = None
    call: ChildCall | None = None
    input: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """A program's turn has come to its end: it waits for its steps. `added`: those it asked for in this turn, as
    `{kind, name, count, after, settings}`; `seen`: how many outcomes it knew of; `fingerprint`: of its source.
    """

    added: Sequence[Mapping[str, Json]] = ()
    seen: int = 0
    fingerprint: str = ""
    input: Json = None


Result = Completed | Skipped | Failed | Waiting | Suspended


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """An event that was sent to an instance."""

    type: str
    payload: Json = field(default=None)


class Executor(Protocol):
    """The run-time half of a task kind. Executors hold no state; one object serves every instance.

    None of the methods raises for what a flow's author or the outside world did wrong: that is a `Failed`.
    """

    kind: str
    """The key of the kind."""

    def has_outside_effect(self, task: Task) -> bool:
        """False: `begin` is called in the transaction that settles the step, and so takes effect exactly once.
        True: it runs as a leased attempt, at least once, outside of any transaction."""
        ...

    def begin(self, context: StepContext) -> Result:
        """Run the step's next attempt."""
        ...

    def on_timer(self, context: StepContext, purpose: str) -> Result | None:
        """A timer of the waiting step fired. None: nothing follows."""
        ...

    def on_event(self, context: StepContext, event: InboundMessage) -> Result | None:
        """An event of the awaited type is there. None: it is not the awaited one, and is kept."""
        ...


def failed(name: str, message: str, *, retryable: bool = False, input: Json = None, **details: Json) -> Failed:
    """A failure with its error in the usual shape; the message is cut to a storable length."""
    shown = message if len(message) <= LONGEST_MESSAGE else message[:LONGEST_MESSAGE] + "…"
    return Failed(error={"name": name, "message": shown, "retryable": retryable, **details}, input=input)


def facts_for(
    result: Result, *, task: str, iteration: int, now: datetime, attempt: int | None = None
) -> tuple[Fact, ...]:
    """The told facts a result means, in order.

    `attempt`: the number of the attempt that ended so. None when no attempt was under way (a timer, an event, a
    person told it): a failure is then final, whatever the retries.
    """

    def fact(type: FactType, **data: Json) -> Fact:
        return Fact(type, now, task, iteration, data)

    if isinstance(result, Failed):
        if attempt is None:
            return (fact(FactType.STEP_FAILED, error=dict(result.error)),)
        return (fact(FactType.ATTEMPT_FAILED, number=attempt, error=dict(result.error)),)
    if isinstance(result, Suspended):
        waits = {"for": "steps", "seen": result.seen, "fingerprint": result.fingerprint}
        return (*(fact(FactType.STEP_ADDED, **added) for added in result.added), fact(FactType.STEP_WAITING, **waits))
    if isinstance(result, Skipped):
        return (fact(FactType.STEP_SKIPPED, reason=result.reason[:LONGEST_MESSAGE]),)
    if isinstance(result, Waiting):
        noted = {"for": result.for_, **_noted(result)}
        due = (fact(FactType.DUE_DATE_SET, due_at=result.due_at.isoformat()),) if result.due_at else ()
        timers = [
            fact(FactType.TIMER_SET, purpose=timer.purpose.value, due_at=timer.due_at.isoformat())
            for timer in result.timers
        ]
        return (fact(FactType.STEP_WAITING, **noted), *due, *timers)
    by = {} if result.by is None else {"by": result.by}
    if result.branches is not None:
        records = [dict(record) for record in result.conditions]
        return (fact(FactType.DECISION_TAKEN, branches=list(result.branches), conditions=records, **by),)
    number = {} if attempt is None else {"number": attempt}
    ends = {"ends_path": True} if result.ends_path else {}
    return (fact(FactType.STEP_COMPLETED, **number, **by, **ends),)


def _noted(result: Waiting) -> dict[str, Json]:
    """What of a wait is worth a place in the history."""
    noted: dict[str, Json] = {}
    if result.for_ == "event":
        noted["event_type"] = result.event_type
    if result.call is not None:
        noted["flow"] = result.call.flow
    if result.assigned_to:
        noted["assigned_to"] = list(result.assigned_to)
    return noted
