"""The history of an instance in the vendor's words: our facts, each under the name of its event. Pure.

Names: `workflow_queued workflow_started workflow_running workflow_paused workflow_waiting_for_pause workflow_waiting
workflow_completed workflow_errored workflow_terminated`, and the families `step_* attempt_* sleep_* wait_* rollback_*`.
What the vendor has no event for (timers, phases, claims) is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from dialects.cloudflare.translate import entry_type, error_to_wire, moment_text
from engine.core.added import PROGRAM

OF_INSTANCE: Final[Mapping[str, str]] = {
    "InstanceQueued": "workflow_queued",
    "InstanceStarted": "workflow_started",
    "InstancePauseRequested": "workflow_waiting_for_pause",
    "InstancePaused": "workflow_paused",
    "InstanceResumed": "workflow_running",
    "InstanceRestarted": "workflow_queued",
    "InstanceRetried": "workflow_running",
    "InstanceReverted": "workflow_running",
    "InstanceCompleted": "workflow_completed",
    "InstanceFailed": "workflow_errored",
    "InstanceTerminated": "workflow_terminated",
    "InstanceClosed": "workflow_terminated",
    "RollbackStarted": "rollback_started",
    "RollbackFinished": "rollback_completed",
}
OF_ATTEMPT: Final[Mapping[str, str]] = {
    "AttemptStarted": "attempt_started",
    "AttemptFailed": "attempt_errored",
    "AttemptTimedOut": "attempt_errored",
    "RetryScheduled": "attempt_retry_scheduled",
}
FAMILIES: Final[Mapping[str, str]] = {"step": "step", "sleep": "sleep", "waitForEvent": "wait"}
ENDS: Final[Mapping[str, str]] = {
    "StepCompleted": "completed",
    "StepSkipped": "completed",
    "StepFailed": "errored",
    "StepCancelled": "cancelled",
}
BEGINNINGS: Final = frozenset({"StepStarted", "StepWaiting"})
AWAKE: Final = frozenset({"StepReady", "AttemptStarted", "RetryScheduled"})
"""After these a step is at work, or will be without anybody's doing: a pause between attempts is no waiting here."""
WAITED_TOO_LONG: Final = frozenset({"Timeout", "WaitTimedOut", "WorkflowTimeoutError"})

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Happening:
    """A fact, as much of it as is needed here. `kind`: of its task; `step`: the name of its entry in the step log."""

    type: str
    at: datetime
    key: Key
    data: Mapping[str, Any]
    kind: str = ""
    step: str = ""


def events_of(facts: Iterable[Happening]) -> Iterator[dict[str, Any]]:
    """The events of a whole history: `{event, timestamp, step?, attempt?, retry_delay_ms?, error?}`."""
    history = _History()
    for fact in facts:
        yield from history.moves_until(fact.at)
        yield from history.tell(fact)
    yield from history.moves_until(None)


@dataclass(slots=True)
class _History:
    """Where the instance stands, so far as events follow from it."""

    begun: set[Key] = field(default_factory=set)
    awake: set[Key] = field(default_factory=set)
    asleep: set[Key] = field(default_factory=set)
    is_waiting: bool = False
    at: datetime | None = None

    def moves_until(self, at: datetime | None) -> Iterator[dict[str, Any]]:
        """Whether the instance waits, or runs again, is told once all of one moment has been heard."""
        if self.at is None or at == self.at:
            return
        waits = bool(self.asleep) and not self.awake
        if waits != self.is_waiting:
            self.is_waiting = waits
            yield {"event": "workflow_waiting" if waits else "workflow_running", "timestamp": moment_text(self.at)}

    def tell(self, fact: Happening) -> Iterator[dict[str, Any]]:
        """The events that a fact is, oldest first."""
        self.at = fact.at
        if fact.type in OF_INSTANCE:
            yield _event(_of_instance(fact), fact)
            if fact.type not in ("InstancePauseRequested", "InstancePaused", "InstanceResumed", "RollbackStarted"):
                self.is_waiting = False
                self.awake.clear()
                self.asleep.clear()
            return
        self._note(fact)
        if not fact.kind or fact.kind == PROGRAM:
            return  # a program's turns are no steps
        if fact.data.get("compensation"):
            yield from _of_rollback(fact)
        elif fact.type in OF_ATTEMPT:
            yield from self._begin(fact)
            yield _event(OF_ATTEMPT[fact.type], fact)
        elif fact.type in BEGINNINGS:
            yield from self._begin(fact)
        elif fact.type in ENDS:
            yield from self._begin(fact)
            self.begun.discard(fact.key)
            yield _event(_end_of(fact), fact)

    def _note(self, fact: Happening) -> None:
        if fact.type in AWAKE:
            self.awake.add(fact.key)
            self.asleep.discard(fact.key)
        elif fact.type == "StepWaiting" and fact.kind != PROGRAM:
            self.asleep.add(fact.key)
            self.awake.discard(fact.key)
        elif fact.type in ENDS or fact.type == "StepWaiting":
            self.awake.discard(fact.key)
            self.asleep.discard(fact.key)

    def _begin(self, fact: Happening) -> Iterator[dict[str, Any]]:
        if fact.key not in self.begun:
            self.begun.add(fact.key)
            yield {"event": f"{_family(fact)}_started", "timestamp": moment_text(fact.at), "step": fact.step}


def _family(fact: Happening) -> str:
    return FAMILIES[entry_type(fact.kind)]


def _of_instance(fact: Happening) -> str:
    if fact.type == "RollbackFinished" and fact.data.get("outcome") != "complete":
        return "rollback_errored"
    return OF_INSTANCE[fact.type]


def _of_rollback(fact: Happening) -> Iterator[dict[str, Any]]:
    if fact.type in OF_ATTEMPT:
        yield _event(f"rollback_{OF_ATTEMPT[fact.type]}", fact)
    elif fact.type == "StepRolledBack":
        yield _event("rollback_step_completed", fact)


def _end_of(fact: Happening) -> str:
    error = fact.data.get("error")
    if entry_type(fact.kind) == "waitForEvent" and isinstance(error, Mapping) and error.get("name") in WAITED_TOO_LONG:
        return "wait_timed_out"
    return f"{_family(fact)}_{ENDS[fact.type]}"


def _event(name: str, fact: Happening) -> dict[str, Any]:
    body: dict[str, Any] = {"event": name, "timestamp": moment_text(fact.at)}
    if fact.step:
        body["step"] = fact.step
    if fact.type in OF_ATTEMPT and isinstance(fact.data.get("number"), int):
        body["attempt"] = fact.data["number"]
    if fact.type == "RetryScheduled" and fact.data.get("at"):
        pause = datetime.fromisoformat(str(fact.data["at"])) - fact.at
        body["retry_delay_ms"] = max(0, round(pause.total_seconds() * 1000))
    if fact.data.get("error") is not None:
        body["error"] = error_to_wire(fact.data["error"])
    return body
