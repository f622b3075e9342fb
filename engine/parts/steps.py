"""One step as people see it: names, status, times, attempts, data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from designer.graph.kinds import KINDS
from designer.graph.model import Condition, Flow, Task
from engine.display.json_text import JsonText, json_text
from engine.display.spans import span_words
from engine.display.timeline import Span
from engine.models import Step
from engine.wording import error_message, error_words

SETTLED: Final = frozenset({"completed", "skipped", "failed", "cancelled", "rolled_back", "rollback_failed"})
ROLLBACK_STATUSES: Final = frozenset({"rolling_back", "rolled_back", "rollback_failed"})
"""Statuses of a step's row that its marking does not have: what became of it counts there, not that it was undone."""
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
LOOKS_LIKE: Final = {"do": "program", "sleep": "delay", "wait": "wait_event"}
"""Kinds of the steps of programs, and the kinds that they are shown as."""
SHOWN_STATUS: Final = {"held": "on_hold", "idle": "open"}


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt that ended."""

    number: int
    began_at: datetime | None
    ended_at: datetime | None
    error: Any
    is_compensation: bool = False

    @property
    def key(self) -> str:
        """What tells it from the others of its step."""
        return f"compensation-{self.number}" if self.is_compensation else f"attempt-{self.number}"

    @property
    def error_text(self) -> str:
        """Why it failed, in one line."""
        return error_words(self.error)

    @property
    def lasted(self) -> str:
        """How long it took."""
        return span_words(self.ended_at - self.began_at) if self.began_at and self.ended_at else ""


def attempts_of(step: Step) -> list[AttemptRow]:
    """The ended attempts of a step; entries of another shape are left out."""
    rows: list[AttemptRow] = []
    for entry in step.attempts if isinstance(step.attempts, list) else []:
        if isinstance(entry, Mapping):
            rows.append(
                AttemptRow(
                    int(entry.get("number") or len(rows) + 1),
                    _moment(entry.get("started_at")),
                    _moment(entry.get("ended_at")),
                    entry.get("error"),
                    bool(entry.get("compensation")),
                )
            )
    return rows


def _moment(text: Any) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None


class StepLook:
    """A step beside its task. `step` is None for a task that nothing has led to; `people` is of `people_called`."""

    def __init__(
        self, task: Task, step: Step | None, flow: Flow, *, now: datetime, people: Mapping[str, str] = NOBODY
    ) -> None:
        self.people = people
        self.task = task
        self.step = step
        self.flow = flow
        self.now = now

    @property
    def key(self) -> str:
        """`task:iteration`, how pages name the step."""
        return f"{self.task.key}:{self.iteration}"

    @property
    def iteration(self) -> int:
        """Its round, from 1."""
        return self.step.iteration if self.step else 1

    @property
    def name(self) -> str:
        """What people call it."""
        return self.task.name or self.task.key

    @property
    def kind(self) -> Any:
        """Its kind in the catalogue (None for one this release does not know)."""
        return KINDS.get(LOOKS_LIKE.get(self.task.kind, self.task.kind))

    @property
    def icon(self) -> str:
        """The icon of its kind, or of what it is set to do."""
        return self.kind.icon_of(self.task) if self.kind else "circle"

    @property
    def phase(self) -> str:
        """The name of its phase."""
        phase = self.flow.phases.get(self.task.phase) if self.task.phase else None
        return (phase.name or phase.key) if phase else ""

    @property
    def status(self) -> str:
        """The word of its status chip."""
        if self.step is None:
            return "open"
        if self.is_not_reached:
            return "not_reached"
        if self.is_scheduled:
            return "scheduled"
        return SHOWN_STATUS.get(self.step.status, self.step.status)

    @property
    def is_scheduled(self) -> bool:
        """Whether it waits for the moment its schedule names."""
        return self.step is not None and self.step.status == "waiting" and self.step.waits_for == "start"

    @property
    def is_not_reached(self) -> bool:
        """Whether it only failed because something before it did."""
        error = self.step.error if self.step is not None and self.step.status == "failed" else None
        return isinstance(error, Mapping) and error.get("name") == "FailedBefore"

    @property
    def is_open(self) -> bool:
        """Whether it has begun and not ended."""
        return self.step is not None and self.step.status not in SETTLED

    @property
    def is_for_person(self) -> bool:
        """Whether a person can do it now, or could if it were not on hold."""
        return self.step is not None and self.step.waits_for == "person" and self.step.status in ("waiting", "held")

    @property
    def began_at(self) -> datetime | None:
        """When it started, or else became ready."""
        return (self.step.started_at or self.step.ready_at) if self.step else None

    @property
    def lasted(self) -> str:
        """How long it took, once it has ended."""
        if self.step is None or self.began_at is None or self.step.ended_at is None or self.step.status == "skipped":
            return ""
        return span_words(self.step.ended_at - self.began_at)

    @property
    def error_text(self) -> str:
        """Why it failed, in one line."""
        if self.step is None or not self.step.error:
            return ""
        return "Something before it failed." if self.is_not_reached else error_words(self.step.error)

    @property
    def error_line(self) -> str:
        """The beginning of what it says, for a table."""
        text = self.error_text if self.is_not_reached or self.step is None else error_message(self.step.error)
        return text if len(text) <= 140 else f"{text[:139]}…"

    @cached_property
    def attempts(self) -> list[AttemptRow]:
        """Its ended attempts."""
        return attempts_of(self.step) if self.step else []

    @property
    def waits(self) -> str:
        """What it waits for, in a few words."""
        step = self.step
        if step is None or not self.is_open:
            return ""
        if step.status == "retrying":
            return f"attempt {step.attempt + 1}"
        if step.waits_for == "child":
            return f"flow {self.task.settings.get('flow', '')}"
        if step.waits_for == "start":
            return "its moment"
        if step.waits_for == "person":
            people = ", ".join(self.people.get(str(each).lower(), str(each)) for each in step.assigned_to or [])
            return people or "a person"
        return f"event {step.event_type}" if step.waits_for == "event" else ""

    @cached_property
    def input(self) -> JsonText:
        """What it was given."""
        return json_text(self.step.input if self.step else None)

    @cached_property
    def output(self) -> JsonText:
        """What it made; `[REDACTED]` where the task says so."""
        step = self.step
        return json_text(step.output, is_sensitive=step.is_sensitive) if step else json_text(None)

    @property
    def error_json(self) -> JsonText:
        """The whole error."""
        return json_text(self.step.error if self.step else None)

    @property
    def branches(self) -> list[tuple[str, str]]:
        """The branches a person may choose from, as (key, name), where it is a decision."""
        if self.task.kind != "decision":
            return []
        edges = {edge.branch for edge in self.flow.outgoing(self.task.key) if edge.branch}
        named = [(condition.key, condition_name(condition)) for condition in self.task.conditions]
        return named + ([("none_met", "Otherwise")] if "none_met" in edges or not named else [])


def condition_name(condition: Condition) -> str:
    """What people call a branch."""
    return condition.name or condition.key


def names_of(flow: Flow) -> Mapping[str, str]:
    """The names of tasks, phases and branches by their keys; tasks win where keys are equal."""
    names = {c.key: condition_name(c) for task in flow.tasks.values() for c in task.conditions}
    names |= {phase.key: phase.name or phase.key for phase in flow.phases.values()}
    return names | {task.key: task.name or task.key for task in flow.tasks.values()}


def looks_of(flow: Flow, steps: Iterable[Step], *, now: datetime, people: Mapping[str, str] = NOBODY) -> list[StepLook]:
    """Steps in the order they began, each beside its task. A task that the version does not have gets a stand-in."""
    tasks = ((flow.tasks.get(step.task) or Task(step.task, step.task, step.kind), step) for step in steps)
    return [StepLook(task, step, flow, now=now, people=people) for task, step in tasks]


def spans_of(looks: Sequence[StepLook]) -> list[Span]:
    """The timeline's view of steps that have begun."""
    spans = []
    for look in looks:
        step = look.step
        began_at = look.began_at or (step.ended_at if step else None)
        if step is None or began_at is None or look.is_not_reached or (step.status == "skipped" and not look.began_at):
            continue
        attempts = len(look.attempts) + (1 if step.status == "running" else 0)
        spans.append(
            Span(
                task=step.task,
                iteration=step.iteration,
                status=look.status,
                began_at=began_at,
                ended_at=step.ended_at,
                note=_note(look, step, attempts),
                waits=step.status in ("waiting", "held", "blocked", "retrying") or step.kind in WAITING_KINDS,
                attempts=_pieces(look) if attempts > 1 else (),
            )
        )
    return spans


WAITING_KINDS: Final = frozenset({"manual", "delay", "wait_event", "call"})


def _pieces(look: StepLook) -> tuple[tuple[datetime, datetime, bool], ...]:
    ended = [(a.began_at, a.ended_at, a.error is not None) for a in look.attempts]
    pieces = [(began, end, failed) for began, end, failed in ended if began and end]
    step = look.step
    if step is not None and step.status == "running" and step.started_at is not None:
        latest = max((end for _, end, _ in pieces), default=step.started_at)
        pieces.append((latest, look.now, False))
    return tuple(pieces)


def _note(look: StepLook, step: Step, attempts: int) -> str:
    if step.status == "skipped":
        return "skipped"
    if look.is_open and look.waits:
        return f"waiting for {look.waits}"
    return f"{attempts} attempts" if attempts > 1 else ""
