"""The marking of an instance: one small document beside its steps and facts.

Nodes and edges are those of the instance's plan, by number. The document holds no outputs: those live on the steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from designer.graph.model import Json
from designer.graph.plan import Plan
from engine.core.added import AddedStep, added_from_json


class InstanceStatus(StrEnum):
    """Semantics: Steering an instance. `waiting`: nothing can move until a timer, an event or a person."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    WAITING_FOR_PAUSE = "waiting_for_pause"
    ROLLING_BACK = "rolling_back"
    COMPLETE = "complete"
    ERRORED = "errored"
    TERMINATED = "terminated"

    @property
    def is_final(self) -> bool:
        """Whether the instance has ended; only restart and retry lead out of a final status."""
        return self in FINAL_STATUSES


FINAL_STATUSES: Final = frozenset({InstanceStatus.COMPLETE, InstanceStatus.ERRORED, InstanceStatus.TERMINATED})
STOPPED_STATUSES: Final = FINAL_STATUSES | {InstanceStatus.ROLLING_BACK}
"""Statuses in which no task of the flow moves any more."""


class StepStatus(StrEnum):
    """Where a step stands. `idle` steps have no row and no fact yet."""

    IDLE = "idle"
    BLOCKED = "blocked"
    """Its join is decided, a requirement is not met."""
    READY = "ready"
    """To be executed."""
    RUNNING = "running"
    """An attempt is under way."""
    WAITING = "waiting"
    """For a timer, an event or a person."""
    RETRYING = "retrying"
    """Between two attempts."""
    HELD = "held"
    """A person put it on hold."""
    COMPLETED = "completed"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether the step has begun, or could, and is not done with."""
        return self is not StepStatus.IDLE and self not in SETTLED_STATUSES

    @property
    def is_settled(self) -> bool:
        """Whether the step is done with, one way or another."""
        return self in SETTLED_STATUSES

    @property
    def is_finished(self) -> bool:
        """Completed or skipped: what requirements and phases ask for."""
        return self in (StepStatus.COMPLETED, StepStatus.SKIPPED)


SETTLED_STATUSES: Final = frozenset({StepStatus.COMPLETED, StepStatus.SKIPPED, StepStatus.FAILED, StepStatus.CANCELLED})
BUSY_STATUSES: Final = frozenset({StepStatus.READY, StepStatus.RUNNING})
"""Statuses in which the engine itself has something to do."""

PENDING: Final = "p"
TAKEN: Final = "t"
DEAD: Final = "d"
EDGE_FAILED: Final = "f"

_CODES: Final = {
    StepStatus.IDLE: ".",
    StepStatus.BLOCKED: "b",
    StepStatus.READY: "r",
    StepStatus.RUNNING: "a",
    StepStatus.WAITING: "w",
    StepStatus.RETRYING: "y",
    StepStatus.HELD: "h",
    StepStatus.COMPLETED: "c",
    StepStatus.SKIPPED: "s",
    StepStatus.FAILED: "f",
    StepStatus.CANCELLED: "x",
}
_STATUSES: Final = {code: status for status, code in _CODES.items()}
FORMAT: Final = 2
"""Raised by a release whose markings one before must not touch; that one then leaves the instance to newer workers.
1 has `attempts` as an object always, 2 as a digit for each node where it can."""
READABLE: Final = frozenset((1, FORMAT))
KEYS: Final = frozenset(
    (
        *("v", "status", "nodes", "edges", "iterations", "attempts", "rounds", "tally", "ends", "paused_at", "error"),
        *("errors", "passed", "forgiven", "begun", "finished", "called", "warned", "scheduled", "added", "outcomes"),
        *("fingerprints", "started", "ahead", "undone", "rollback"),
    )
)
"""What this release keeps in a marking."""

StepRef = tuple[int, int]
"""A node and its iteration: a step."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """A rollback under way. `todo`: what is to be rolled back, the step at which it stands first."""

    then: InstanceStatus
    """What the instance becomes afterwards: errored, or terminated."""
    todo: tuple[StepRef, ...]
    step: StepStatus = StepStatus.READY
    """Of the first compensation: ready, running, or retrying."""
    attempt: int = 0
    """The number of its current or last attempt."""
    actor: Json = None
    reason: str = ""
    """Who asked for it and why, where somebody did."""

    def to_json(self) -> dict[str, Json]:
        """As the marking stores it."""
        return {
            "then": self.then.value,
            "todo": [list(step) for step in self.todo],
            "step": _CODES[self.step],
            "attempt": self.attempt,
            "actor": self.actor,
            "reason": self.reason,
        }


def _rollback_from_json(document: dict[str, Json]) -> Rollback:
    return Rollback(
        then=InstanceStatus(document["then"]),
        todo=tuple((node, iteration) for node, iteration in document["todo"]),
        step=_STATUSES[document["step"]],
        attempt=document["attempt"],
        actor=document["actor"],
        reason=document["reason"],
    )


@dataclass(slots=True)
class State:
    """The marking. `advance` never changes the state it is given; it answers a new one."""

    status: InstanceStatus
    nodes: list[StepStatus]
    edges: list[str]
    iterations: dict[int, int] = field(default_factory=dict)
    """How often a node has been opened by a loop, where more than once."""
    attempts: dict[int, int] = field(default_factory=dict)
    """The number of the current attempt of each node that has begun one."""
    rounds: list[int] = field(default_factory=list)
    """Which round each loop is in, from 1."""
    tally: dict[int, list[int]] = field(default_factory=dict)
    """Settled incoming edges of undecided joins with several: taken, dead, failed."""
    ends: list[int] = field(default_factory=list)
    """Completed nodes at which a path ended, in that order."""
    open: int = 0
    """How many nodes are neither idle nor settled."""
    busy: int = 0
    """How many of those are ready or running."""
    paused_at: datetime | None = None
    error: Json = None
    """Why the instance failed, `{name, message, task}`: the first error of those that led to its end."""
    errors: dict[int, dict[str, Json]] = field(default_factory=dict)
    """The error, `{name, message, task}`, of each node whose failure was not caught, and of each undecided or failed
    join the first that reached it. `task` names the step that failed of itself.
    """
    passed: set[int] = field(default_factory=set)
    """Steps that a person skipped: they are finished, and the way went on as if they had completed."""
    forgiven: dict[int, int] = field(default_factory=dict)
    """How many attempts of a step were made before its instance was retried; they do not count against its retries.
    """
    begun: set[str] = field(default_factory=set)
    """Keys of the phases of which a task has begun."""
    finished: dict[str, int] = field(default_factory=dict)
    """How many tasks of a phase are completed or skipped."""
    is_called: bool = False
    """Whether a step of another instance wants to know how this one ends."""
    warned: set[str] = field(default_factory=set)
    """Limits it has nearly used up."""
    scheduled: dict[int, bool] = field(default_factory=dict)
    """Steps whose schedule has been read: whether their moment has come, or a person did not wait for it."""
    started: list[StepRef] = field(default_factory=list)
    """Steps that started and have a compensation, in that order."""
    undone: list[StepRef] = field(default_factory=list)
    """Those of them that have been rolled back, in that order."""
    rollback: Rollback | None = None

    added: list[AddedStep] = field(default_factory=list)
    """Steps that programs asked for; their nodes are the last of `nodes` (`engine.core.programs`)."""
    outcomes: dict[int, list[int]] = field(default_factory=dict)
    """By program the steps of its current run that have settled, in that order."""
    fingerprints: dict[int, str] = field(default_factory=dict)
    """By program the source with which its run began."""

    ahead: dict[int, str | None] = field(default_factory=dict)
    """Steps that a person has done before their turn: they are passed when it comes, a decision by this branch."""

    unknown: dict[str, Json] = field(default_factory=dict)
    """What a newer release keeps in the marking beside: handed on as it is, while both are at work."""

    def iteration(self, node: int) -> int:
        """The current round of a node, from 1."""
        return self.iterations.get(node, 1)

    def copy(self) -> State:
        """A state that shares nothing changeable with this one."""
        return State(
            status=self.status,
            nodes=self.nodes.copy(),
            edges=self.edges.copy(),
            iterations=self.iterations.copy(),
            attempts=self.attempts.copy(),
            rounds=self.rounds.copy(),
            tally={node: counts.copy() for node, counts in self.tally.items()},
            ends=self.ends.copy(),
            open=self.open,
            busy=self.busy,
            paused_at=self.paused_at,
            error=self.error,
            errors=self.errors.copy(),
            passed=self.passed.copy(),
            forgiven=self.forgiven.copy(),
            begun=self.begun.copy(),
            finished=self.finished.copy(),
            is_called=self.is_called,
            warned=self.warned.copy(),
            scheduled=self.scheduled.copy(),
            added=self.added.copy(),
            outcomes={program: nodes.copy() for program, nodes in self.outcomes.items()},
            fingerprints=self.fingerprints.copy(),
            started=self.started.copy(),
            undone=self.undone.copy(),
            ahead=self.ahead.copy(),
            unknown=self.unknown,
            rollback=self.rollback,
        )

    def to_json(self) -> dict[str, Json]:
        """The document to store, with nodes by number; empty parts are left out."""
        document: dict[str, Json] = {
            "v": FORMAT,
            "status": self.status.value,
            "nodes": "".join([_CODES[status] for status in self.nodes]),
            "edges": "".join(self.edges),
        }
        if self.iterations:
            document["iterations"] = self.iterations.copy()
        if self.attempts:
            document["attempts"] = _in_digits(self.attempts)
        if self.rounds:
            document["rounds"] = self.rounds.copy()
        if self.tally:
            document["tally"] = {node: counts.copy() for node, counts in self.tally.items()}
        if self.ends:
            document["ends"] = self.ends.copy()
        if self.paused_at is not None:
            document["paused_at"] = self.paused_at.isoformat()
        if self.error is not None:
            document["error"] = self.error
        if self.errors:
            document["errors"] = self.errors.copy()
        if self.passed:
            document["passed"] = sorted(self.passed)
        if self.forgiven:
            document["forgiven"] = self.forgiven.copy()
        if self.begun:
            document["begun"] = sorted(self.begun)
        if self.finished:
            document["finished"] = self.finished.copy()
        if self.is_called:
            document["called"] = True
        if self.warned:
            document["warned"] = sorted(self.warned)
        if self.scheduled:
            document["scheduled"] = {str(node): has_come for node, has_come in self.scheduled.items()}
        if self.added:
            document["added"] = [added.to_json() for added in self.added]
            document["outcomes"] = {str(program): nodes.copy() for program, nodes in self.outcomes.items()}
            document["fingerprints"] = {str(program): text for program, text in self.fingerprints.items()}
        if self.started:
            document["started"] = [list(step) for step in self.started]
        if self.ahead:
            document["ahead"] = {str(node): branch for node, branch in self.ahead.items()}
        if self.undone:
            document["undone"] = [list(step) for step in self.undone]
        if self.rollback is not None:
            document["rollback"] = self.rollback.to_json()
        if self.unknown:
            document |= self.unknown
        return document


def _in_digits(attempts: dict[int, int]) -> Json:
    """A digit for each node, up to the last that was tried: a marking is written with each step, and numbers with names
    were nine tenths of it in a long flow. Where one was tried more than nine times: the object."""
    if max(attempts.values()) > 9:
        return attempts.copy()
    digits = ["0"] * (max(attempts) + 1)
    for node, count in attempts.items():
        digits[node] = str(count)
    return "".join(digits)


def _attempts_from_json(stored: Json) -> dict[int, int]:
    if isinstance(stored, str):
        return {node: int(digit) for node, digit in enumerate(stored) if digit != "0"}
    return {int(node): count for node, count in stored.items()}


def new_state(plan: Plan) -> State:
    """The state of an instance that has not started."""
    return State(
        status=InstanceStatus.QUEUED,
        nodes=[StepStatus.IDLE] * len(plan.nodes),
        edges=[PENDING] * len(plan.edges),
        rounds=[1] * len(plan.loops),
    )


def state_from_json(document: dict[str, Json]) -> State:
    """The state that `State.to_json` stored. Raises `ValueError` for a format this release does not know."""
    if document.get("v") not in READABLE:
        raise ValueError(f"State format {document.get('v')!r} is not known to this release.")
    nodes = [_STATUSES[code] for code in document["nodes"]]
    paused_at = document.get("paused_at")
    return State(
        status=InstanceStatus(document["status"]),
        nodes=nodes,
        edges=list(document["edges"]),
        iterations={int(node): count for node, count in document.get("iterations", {}).items()},
        attempts=_attempts_from_json(document.get("attempts", {})),
        rounds=list(document.get("rounds", ())),
        tally={int(node): list(counts) for node, counts in document.get("tally", {}).items()},
        ends=list(document.get("ends", ())),
        open=sum(1 for status in nodes if status.is_open),
        busy=sum(1 for status in nodes if status in BUSY_STATUSES),
        paused_at=datetime.fromisoformat(paused_at) if paused_at else None,
        error=document.get("error"),
        errors={int(node): dict(error) for node, error in document.get("errors", {}).items()},
        passed=set(document.get("passed", ())),
        forgiven={int(node): count for node, count in document.get("forgiven", {}).items()},
        begun=set(document.get("begun", ())),
        finished=dict(document.get("finished", {})),
        is_called=bool(document.get("called")),
        warned=set(document.get("warned", ())),
        scheduled={int(node): has_come for node, has_come in document.get("scheduled", {}).items()},
        added=[added_from_json(raw) for raw in document.get("added", ())],
        outcomes={int(program): list(nodes) for program, nodes in document.get("outcomes", {}).items()},
        fingerprints={int(program): text for program, text in document.get("fingerprints", {}).items()},
        started=[(node, iteration) for node, iteration in document.get("started", ())],
        ahead={int(node): branch for node, branch in document.get("ahead", {}).items()},
        undone=[(node, iteration) for node, iteration in document.get("undone", ())],
        unknown={key: value for key, value in document.items() if key not in KEYS},
        rollback=_rollback_from_json(document["rollback"]) if "rollback" in document else None,
    )
