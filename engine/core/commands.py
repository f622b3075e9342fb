"""What the world has to do after an advance. Services carry commands out in the same transaction that stores the
facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Execute:
    """Begin attempt `attempt` (from 1) of a step with the executor of its kind."""

    task: str
    iteration: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Compensate:
    """Begin attempt `attempt` (from 1) of the compensation of a step: the instance is rolled back."""

    task: str
    iteration: int
    attempt: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire `purpose` for a step at `due_at`.

    Every timer comes this way: `retry` and `rollback` from the core itself, the others from a told `TimerSet`.
    """

    purpose: str
    task: str
    iteration: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CountDue:
    """Count the due date of a step that waits: what it counts from has happened, and how long is a template."""

    task: str
    iteration: int


@dataclass(frozen=True, slots=True)
class CancelStep:
    """Drop the step's open timers and event waits and refuse the results of its running attempt.

    Also given when a waiting step completes: an event came before its timeout, a person before the expiry.
    """

    task: str
    iteration: int


@dataclass(frozen=True, slots=True)
class Supersede:
    """The steps of a task from iteration `since` on, before iteration `before`, do not count any more."""

    task: str
    since: int
    before: int


@dataclass(frozen=True, slots=True)
class ShiftTimers:
    """Move every open timer of the instance later by `seconds` (after a pause)."""

    seconds: float


Command = Execute | Compensate | SetTimer | CountDue | CancelStep | Supersede | ShiftTimers
