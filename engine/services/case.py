"""One instance inside a unit of work: what is told to it, what follows, and what of that has to be written.

A `Case` changes nothing in the database. `advancing` loads it, asks executors, and writes what it has come to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from designer.graph.model import Json, Task
from designer.graph.plan import Plan
from engine.core.advance import Advance, fold
from engine.core.commands import CancelStep, Command, Compensate, CountDue, Execute, SetTimer, ShiftTimers, Supersede
from engine.core.facts import Fact, FactType
from engine.core.ports import (
    ChildCall,
    Completed,
    Failed,
    InboundMessage,
    Result,
    Skipped,
    Waiting,
    facts_for,
    failed,
)
from engine.core.programs import plan_with
from engine.core.schedule import is_scheduled
from engine.core.state import InstanceStatus, Rollback, State, StepStatus
from engine.services.projecting import project_fact
from engine.services.step_data import Loaded
from engine.storage import json_text
from engine.storage.contract import InstanceRow, StepKey, StepPatch, TimerRow

HELD_UP = (InstanceStatus.PAUSED, InstanceStatus.WAITING_FOR_PAUSE)


@dataclass(frozen=True, slots=True)
class AskClaimed:
    """Go on with a step that a worker has claimed."""

    step: StepKey
    token: int
    lost_leases: int


@dataclass(frozen=True, slots=True)
class AskTimer:
    """Ask a step's executor what follows from a timer that fired."""

    step: StepKey
    purpose: str


@dataclass(frozen=True, slots=True)
class AskEvent:
    """Ask a waiting step's executor whether an event is the awaited one."""

    step: StepKey
    event_id: int
    message: InboundMessage


@dataclass(frozen=True, slots=True)
class AskKept:
    """Look through the kept events for one that a step which has begun to wait is waiting for."""

    step: StepKey
    event_type: str


@dataclass(frozen=True, slots=True)
class AskDue:
    """Count the due date of a waiting step."""

    step: StepKey


Ask = Execute | Compensate | AskClaimed | AskTimer | AskEvent | AskKept | AskDue


@dataclass(slots=True)
class Event:
    """A kept event of the instance."""

    id: int
    message: InboundMessage


class Folds:
    """The folds of one batch at one moment.

    Under load many instances of a version stand at the same point and the same happens to them. What follows is the
    same as well, so it is asked once.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Plan, State, Advance]] = {}

    def fold(self, plan: Plan, state: State, facts: Sequence[Fact], now: datetime) -> Advance:
        """As `engine.core.advance.fold`. The answer is shared, and not to be changed."""
        told = tuple([(f.type, f.at, f.task, f.iteration, json_text.write_bytes(f.data)) for f in facts])
        key = (id(plan), id(state), told)
        known = self._known.get(key)
        if known is None:
            # Plan and state are kept with the answer, so that their ids are not given to others.
            known = self._known[key] = (plan, state, fold(plan, state, facts, now=now))
        return known[2]


@dataclass(slots=True)
class Case:
    """One locked instance."""

    row: InstanceRow
    plan: Plan
    state: State
    now: datetime
    folds: Folds
    facts: list[Fact] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)
    """Columns of the instance to write, beside those that follow from the state."""
    is_new: bool = False
    """Whether the instance is yet to be inserted; then `columns` holds them all."""
    steps: dict[StepKey, StepPatch] = field(default_factory=dict)
    timers: dict[tuple[StepKey, str], TimerRow] = field(default_factory=dict)
    dropped: dict[StepKey, None] = field(default_factory=dict)
    """Steps whose timers go."""
    var_changes: dict[str, Json] = field(default_factory=dict)
    asks: deque[Ask] = field(default_factory=deque)
    calls: dict[StepKey, ChildCall] = field(default_factory=dict)
    """Children to start, by the step that calls."""
    uncalled: dict[StepKey, None] = field(default_factory=dict)
    """Steps that do not wait for their child any more."""
    consumed: dict[int, StepKey] = field(default_factory=dict)
    kept: list[Event] | None = None
    """Events that nothing has consumed, oldest first; None until they are loaded."""
    shift_seconds: float | None = None
    is_resumed: bool = False
    must_hold: bool = False
    assigned: dict[StepKey, None] = field(default_factory=dict)
    """Human tasks that were given to somebody, who is to be told."""
    superseded: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By task from which iteration on, before which, its steps belong to the past after a restart."""
    executed: int = 0
    has_left_work: bool = False
    """Whether a worker has something to claim now."""
    loaded: Loaded = field(default_factory=Loaded)

    # -- telling ------------------------------------------------------------------------------------------------------

    def tell(self, *facts: Fact) -> None:
        """Fold told facts. All or nothing: raises `FactRefused` for the first that does not fit."""
        self._follow(self.folds.fold(self.plan, self.state, facts, self.now))

    def move(self, version_id: int, plan: Plan, advance: Advance) -> None:
        """Go on in another version, as `advance` has it there."""
        self.plan = plan
        self.row = self.row._replace(version_id=version_id)
        self.columns["version_id"] = version_id
        self._follow(advance)

    def _follow(self, advance: Advance) -> None:
        self.state = advance.state
        self.plan = plan_with(self.plan, self.state)
        for fact in advance.facts:
            project_fact(self, fact)
        self.facts.extend(advance.facts)
        for command in advance.commands:
            self._take(command)

    def outlook(self, fact: Fact) -> State:
        """The state that telling `fact` would lead to. Raises `FactRefused`."""
        return self.folds.fold(self.plan, self.state, (fact,), self.now).state

    def settle(self, step: StepKey, result: Result, *, attempt: int | None = None) -> None:
        """Tell what an executor or a person made of a step, and note its data. Raises `FactRefused`.

        `attempt`: the number of the attempt that ended so, None when none was under way.
        """
        told = facts_for(result, task=step.task, iteration=step.iteration, now=self.now, attempt=attempt)
        self.tell(*told)
        columns = self.patch(step).columns
        if result.input is not None:
            columns["input"] = result.input
        if isinstance(result, Completed):
            columns["output"] = result.output
            self.var_changes.update(result.vars or {})
        elif isinstance(result, Skipped):
            columns["output"] = result.output
        elif isinstance(result, Waiting):
            columns["event_filter"] = result.event_filter
            if result.for_ == "event":
                self.asks.append(AskKept(step, result.event_type))
            if result.call is not None:
                self.calls[step] = result.call

    def _take(self, command: Command) -> None:
        match command:
            case Execute() | Compensate():
                self.asks.append(command)
            case SetTimer(purpose, task, iteration, due_at):
                step = StepKey(self.row.id, task, iteration)
                self.timers[step, purpose] = TimerRow(*step, purpose, due_at, False)
                columns = self.patch(step).columns
                if purpose != "due":
                    columns["wakes_at"] = min(due_at, columns.get("wakes_at") or due_at)
            case CountDue(task, iteration):
                self.asks.append(AskDue(StepKey(self.row.id, task, iteration)))
            case CancelStep(task, iteration):
                step = StepKey(self.row.id, task, iteration)
                self.dropped[step] = None
                if self.task(task).kind == "call":
                    self.calls.pop(step, None)
                    self.uncalled[step] = None
                for key in [key for key in self.timers if key[0] == step]:
                    del self.timers[key]
            case Supersede(task, since, before):
                self.superseded[task] = (since, before)
            case ShiftTimers(seconds):
                self.shift_seconds = seconds

    # -- asking the state ---------------------------------------------------------------------------------------------

    def task(self, key: str) -> Task:
        """The task of a step."""
        return self.plan.flow.tasks[key]

    def status(self, step: StepKey) -> StepStatus:
        """Where a step stands; a step of an earlier round, or of a task this version does not have, is `idle`."""
        node = self.plan.index.get(step.task)
        if node is None or self.state.iteration(node) != step.iteration:
            return StepStatus.IDLE
        return self.state.nodes[node]

    def attempt(self, task: str) -> int:
        """The number of a task's current or last attempt; 0 before the first."""
        return self.state.attempts.get(self.plan.index[task], 0)

    def is_current(self, command: Execute) -> bool:
        """Whether the step still is to be executed with just that attempt."""
        step = StepKey(self.row.id, command.task, command.iteration)
        ready = self.status(step) is StepStatus.READY and self.attempt(command.task) + 1 == command.attempt
        return ready and self.state.status not in HELD_UP

    def awaits_schedule(self, task: str) -> bool:
        """Whether a ready step is to wait for its schedule before its first attempt."""
        node = self.plan.index[task]
        is_due = node in self.state.attempts or self.state.scheduled.get(node)
        return not is_due and is_scheduled(self.plan.task(node))

    def is_current_compensation(self, command: Compensate) -> bool:
        """Whether the step is still to be rolled back, with just that attempt."""
        rollback = self.compensating(StepKey(self.row.id, command.task, command.iteration))
        return rollback is not None and rollback.step is StepStatus.READY and rollback.attempt + 1 == command.attempt

    def compensating(self, step: StepKey) -> Rollback | None:
        """The rollback, if it stands at this step."""
        rollback = self.state.rollback
        if rollback is None or rollback.todo[0] != (self.plan.index.get(step.task), step.iteration):
            return None
        return rollback

    @property
    def awaits_something(self) -> bool:
        """Whether any step waits at all: for an event, a person, a timer or another instance."""
        return StepStatus.WAITING in self.state.nodes

    @property
    def is_held_up(self) -> bool:
        """Whether the instance is paused or about to be."""
        return self.state.status in HELD_UP

    # -- noting -------------------------------------------------------------------------------------------------------

    def patch(self, step: StepKey, *, may_be_new: bool = False) -> StepPatch:
        """What is to be written of a step."""
        patch = self.steps.get(step)
        if patch is None:
            task = self.plan.flow.tasks[step.task]
            patch = self.steps[step] = StepPatch(self.row.environment_id, task.kind, {})
            if may_be_new and task.settings.get("sensitive") == "output":
                patch.columns["is_sensitive"] = True
        patch.may_be_new = patch.may_be_new or may_be_new
        return patch

    def keep(self, event: Event) -> None:
        """Have an event ready for the steps that wait, or will."""
        self.kept = [*(self.kept or ()), event]

    def settle_compensation(self, step: StepKey, result: Result, *, attempt: int | None = None) -> None:
        """Tell what came of an attempt of a compensation. Raises `FactRefused`."""
        number: dict[str, Json] = {} if attempt is None else {"number": attempt}
        if isinstance(result, Completed):
            self.tell(self.fact(FactType.STEP_ROLLED_BACK, step, **number))
            self.var_changes.update(result.vars or {})
            return
        known = result if isinstance(result, Failed) else failed("CannotWait", "A compensation cannot wait.")
        error = dict(known.error)
        self.tell(self.fact(FactType.ATTEMPT_FAILED, step, **number, error=error, compensation=True))

    def leave_to_workers(self, command: Execute | Compensate) -> None:
        """Let the next free worker claim a step."""
        step = StepKey(self.row.id, command.task, command.iteration)
        self.patch(step).columns["claimable_at"] = self.now
        self.has_left_work = True

    def note_attempt(
        self, step: StepKey, number: int, started_at: datetime, error: Json, *, is_compensation: bool = False
    ) -> None:
        """Add an attempt that ended to the step's list."""
        entry = {
            "number": number,
            "started_at": started_at.isoformat(),
            "ended_at": self.now.isoformat(),
            "error": error,
        }
        if is_compensation:
            entry["compensation"] = True
        self.patch(step).columns["attempts"] = [entry]

    def fact(self, type: FactType, step: StepKey | None = None, /, **data: Json) -> Fact:
        """A fact of now."""
        if step is None:
            return Fact(type, self.now, data=data)
        return Fact(type, self.now, step.task, step.iteration, data)

    @property
    def has_ended(self) -> bool:
        """Whether it has come to its end in this unit of work."""
        return self.state.status.is_final and self.state.status.value != self.row.status

    @property
    def has_side_tracks(self) -> bool:
        """Whether more came of it than facts, steps and columns of the instance."""
        noted = self.timers or self.dropped or self.calls or self.uncalled or self.consumed or self.superseded
        noted = noted or self.assigned
        done = self.executed or self.has_left_work or self.is_resumed or self.must_hold or self.var_changes
        return bool(noted or done or self.asks) or self.kept is not None or self.shift_seconds is not None

    def has_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.facts or self.columns or self.steps or self.consumed)
