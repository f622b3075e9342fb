"""The step log of an instance: our steps as the vendor's log entries.

An entry's name is the name of its step and a counter, `charge card-1`: the counter counts per name and type in the
order in which they began. Steps that never began (no way led there) have no entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from designer.graph.durations import BadDuration, parse_duration
from designer.graph.model import Flow, Json, Task
from dialects.cloudflare.translate import entry_type, error_to_wire, has_program, moment_text, step_name
from engine.core.added import PROGRAM, STEP_KINDS
from engine.core.retries import DEFAULT_RETRIES, attempt_timeout, retry_policy
from engine.core.rollback import compensation_of
from engine.models import Fact, Instance, Step
from engine.scripts.values import bytes_of
from engine.storage import json_text

REDACTED: Final = "[REDACTED]"
LONGEST_OUTPUT: Final = 4096
"""Characters of an output in the log; the step endpoint has all of it."""
LONGEST_PREVIEW: Final = 256
SETTLED: Final = frozenset({"completed", "skipped", "failed", "cancelled"})
ROLLED_BACK: Final = frozenset({"rolling_back", "rolled_back", "rollback_failed"})
"""Statuses of steps that have been undone, or are being undone; what they were before is told by their attempts."""
RETRIED_KINDS: Final = frozenset({"automation", "ai_agent", "call", "transfer", "account_update"})
"""Kinds whose attempts are repeated; the others have one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A step with its place in the log."""

    step: Step
    task: Task | None
    type: str
    name: str
    count: int

    @property
    def log_name(self) -> str:
        """The name with the counter."""
        return f"{self.name}-{self.count}"

    @property
    def status(self) -> str:
        """Where the step itself stands, or stood before it was rolled back."""
        if self.step.status not in ROLLED_BACK:
            return self.step.status
        if self.step.error is not None:
            return "failed"
        own = self.own_attempts
        is_cancelled = self.step.output is None and (not own or own[-1].get("error") is not None)
        return "cancelled" if is_cancelled else "completed"

    @property
    def own_attempts(self) -> list[dict[str, Any]]:
        """The attempts of the step that have ended."""
        return [attempt for attempt in self.step.attempts if not attempt.get("compensation")]

    @property
    def undoing_attempts(self) -> list[dict[str, Any]]:
        """The attempts of its compensation that have ended."""
        return [attempt for attempt in self.step.attempts if attempt.get("compensation")]

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.status in SETTLED

    @property
    def is_success(self) -> bool:
        """Whether it ended well. What a person skipped is finished, too."""
        return self.status in ("completed", "skipped")

    @property
    def shown_output(self) -> Json:
        """The output, never a sensitive one."""
        return REDACTED if self.step.is_sensitive and self.step.output is not None else self.step.output

    @property
    def error(self) -> dict[str, str] | None:
        """Why it failed or was stopped."""
        if self.status == "cancelled":
            return {"name": "Cancelled", "message": "The step was cancelled."}
        return error_to_wire(self.step.error, timeout_ms=timeout_ms(self.task))


def entries_of(instance: Instance, flow: Flow) -> list[Entry]:
    """The entries of an instance in the order in which they began."""
    if not has_program(flow):
        return []
    steps = instance.steps.filter(is_past=False, started_at__isnull=False).exclude(kind=PROGRAM)
    counts: Counter[tuple[str, str]] = Counter()
    found = []
    for step in steps.order_by("started_at", "pk"):
        task = flow.tasks.get(step.task)
        type, name = entry_type(step.kind), step_name(task, step.task)
        counts[type, name] += 1
        count = task.settings.get("count") if task is not None and step.kind in STEP_KINDS else None
        found.append(Entry(step, task, type, name, count or counts[type, name]))
    return found


def find_entry(entries: Sequence[Entry], name: str, type: str, *, count: int | None = None) -> Entry | None:
    """The entry of a log name (`charge card-1`), or of a plain name and a count (1 where none is given)."""
    alike = [entry for entry in entries if entry.type == type]
    if count is None:
        exact = next((entry for entry in alike if entry.log_name == name), None)
        if exact is not None:
            return exact
    return next((entry for entry in alike if entry.name == name and entry.count == (count or 1)), None)


def log_json(instance: Instance, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The log of an instance, oldest first."""
    begun = _running_since(instance, entries)
    return [entry_json(entry, begun.get(entry.step.task)) for entry in entries]


def _running_since(instance: Instance, entries: Sequence[Entry]) -> Mapping[str, datetime]:
    """When the attempts that are under way began, by task."""
    running = [entry.step.task for entry in entries if entry.step.status == "running"]
    if not running:
        return {}
    facts = Fact.objects.filter(instance=instance, type="AttemptStarted", task__in=running).order_by("number")
    return dict(facts.values_list("task", "at"))


def entry_json(entry: Entry, running_since: datetime | None = None) -> dict[str, Any]:
    """One entry."""
    match entry.type:
        case "sleep":
            return _sleep_json(entry)
        case "waitForEvent":
            return _wait_json(entry)
        case _:
            return _step_json(entry, running_since)


def _sleep_json(entry: Entry) -> dict[str, Any]:
    return {
        "type": "sleep",
        "name": entry.log_name,
        "start": _text(entry.step.started_at),
        "end": _text(_end_or_plan(entry.step)),
        "finished": entry.is_done,
        "error": entry.error,
    }


def _wait_json(entry: Entry) -> dict[str, Any]:
    body = {**_sleep_json(entry), "type": "waitForEvent"}
    if entry.step.event_type:
        body["event_type"] = entry.step.event_type
    if entry.status == "completed":
        body["output"] = _output_text(entry)
    return body


def _end_or_plan(step: Step) -> datetime | None:
    """When it ended; while it has not, when it will at the latest (a wait without an end is not known to end)."""
    return step.ended_at or step.wakes_at or step.due_at or step.started_at


def _step_json(entry: Entry, running_since: datetime | None) -> dict[str, Any]:
    step = entry.step
    return {
        "type": "step",
        "name": entry.log_name,
        "start": _text(step.started_at),
        "end": _text(step.ended_at) if entry.is_done else None,
        "success": entry.is_success if entry.is_done else None,
        "output": _output_text(entry) if entry.status == "completed" else None,
        "config": config_json(entry.task, step.kind),
        "attempts": list(attempts_json(entry, running_since)),
    }


def attempts_json(entry: Entry, running_since: datetime | None = None) -> Iterator[dict[str, Any]]:
    """The attempts of a step, the one under way included."""
    step = entry.step
    for attempt in entry.own_attempts:
        yield _attempt_json(attempt, timeout_ms(entry.task))
    if step.status == "running":
        yield {"start": _text(running_since or step.started_at), "end": None, "success": None, "error": None}
    elif not entry.own_attempts and entry.is_done:
        yield {
            "start": _text(step.started_at),
            "end": _text(step.ended_at),
            "success": entry.is_success,
            "error": None if entry.is_success else entry.error,
        }


def _attempt_json(attempt: Mapping[str, Any], limit: float | None) -> dict[str, Any]:
    """An attempt that has ended."""
    error = error_to_wire(attempt.get("error"), timeout_ms=limit)
    return {
        "start": _text(datetime.fromisoformat(attempt["started_at"])),
        "end": _text(datetime.fromisoformat(attempt["ended_at"])),
        "success": error is None,
        "error": error,
    }


def config_json(task: Task | None, kind: str) -> dict[str, Any]:
    """The settings of a step with all defaults filled in."""
    settings = task.settings if task is not None else {}
    if isinstance(settings.get("config"), Mapping):
        return dict(settings["config"])
    if kind in RETRIED_KINDS:
        policy = retry_policy(settings)
        delay = (settings.get("retries") or {}).get("delay")
        shown = delay if delay is not None else policy_ms(policy.delay.total_seconds())
        retries = {"limit": policy.limit, "delay": shown, "backoff": policy.backoff.value}
    else:
        retries = {"limit": 0, "delay": 0, "backoff": DEFAULT_RETRIES.backoff.value}
    config: dict[str, Any] = {"retries": retries, "timeout": settings.get("timeout", "10 minutes")}
    if settings.get("sensitive") == "output":
        config["sensitive"] = "output"
    return config


def policy_ms(seconds: float) -> int:
    """Seconds as whole milliseconds."""
    return round(seconds * 1000)


def timeout_ms(task: Task | None) -> float | None:
    """How long an attempt, or a wait, may take; None where that is not known."""
    if task is None:
        return None
    if task.kind == "wait":
        return float(task.settings.get("ms") or 0)
    if task.kind == "wait_event":
        try:
            return parse_duration(task.settings.get("timeout", "24 hours")).as_timedelta().total_seconds() * 1000
        except BadDuration:
            return None
    return attempt_timeout(task).total_seconds() * 1000


def _output_text(entry: Entry) -> str | None:
    if entry.step.is_sensitive and entry.step.output is not None:
        return REDACTED
    raw = bytes_of(entry.step.output)
    if raw is not None:
        return _preview(raw)
    text = json_text.write(entry.step.output)
    return text if len(text) <= LONGEST_OUTPUT else f"{text[:LONGEST_OUTPUT]}…"


def _preview(raw: bytes) -> str:
    """A stream in the log: the beginning of its text, or how many bytes it has."""
    try:
        return raw[:LONGEST_PREVIEW].decode()
    except UnicodeDecodeError:
        return f"[binary data, {len(raw)} bytes]"


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)


# -- rolling back -----------------------------------------------------------------------------------------------------


def rollbacks_json(instance: Instance, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """An entry for each compensation that was begun, in that order: under the name of its step."""
    begun: dict[tuple[str, int], datetime] = {}
    rows = Fact.objects.filter(instance=instance, type="AttemptStarted", data__compensation=True).order_by("number")
    for task, iteration, at in rows.values_list("task", "iteration", "at"):
        begun.setdefault((task, iteration), at)
    by_step = {(entry.step.task, entry.step.iteration): entry for entry in entries}
    return [_rollback_json(by_step[key], at) for key, at in begun.items() if key in by_step]


def _rollback_json(entry: Entry, began_at: datetime) -> dict[str, Any]:
    undoing = compensation_of(entry.task) if entry.task is not None else None
    attempts = [_attempt_json(attempt, timeout_ms(undoing)) for attempt in entry.undoing_attempts]
    is_done = entry.step.status != "rolling_back"
    if not is_done:
        attempts.append({"start": _text(began_at), "end": None, "success": None, "error": None})
    return {
        "type": "rollback",
        "name": entry.log_name,
        "start": _text(began_at),
        "end": attempts[-1]["end"] if is_done and attempts else None,
        "success": entry.step.status == "rolled_back" if is_done else None,
        "output": None,
        "config": config_json(undoing, entry.step.kind),
        "attempts": attempts,
    }


def outcome_json(instance: Instance) -> dict[str, Any] | None:
    """How the rollback of an instance ended; None where there was nothing to roll back, or it goes on still."""
    fact = instance.facts.filter(type="RollbackFinished").order_by("-number").first()
    begun = instance.facts.filter(type="RollbackStarted").order_by("-number").first()
    if fact is None or begun is None or fact.number < begun.number or not begun.data.get("steps"):
        return None
    is_complete = fact.data.get("outcome") == "complete"
    error = error_to_wire(fact.data.get("error") or {"name": "Error", "message": "The rollback was stopped."})
    return {"outcome": "complete" if is_complete else "failed", "error": None if is_complete else error}


# -- one step ---------------------------------------------------------------------------------------------------------


def result_json(entry: Entry) -> dict[str, Any]:
    """The whole result of one step, untruncated. Between two attempts: `running` with the last error."""
    step = entry.step
    last = entry.own_attempts[-1].get("error") if entry.own_attempts else None
    error = entry.error if entry.is_done and not entry.is_success else None
    if not entry.is_done and last is not None:
        error = error_to_wire(last, timeout_ms=timeout_ms(entry.task))
    body: dict[str, Any] = {"status": _result_status(entry), "error": error}
    body["output"] = entry.shown_output if entry.status == "completed" else None
    if entry.type == "waitForEvent" and step.event_type:
        body["event_type"] = step.event_type
    return body


def _result_status(entry: Entry) -> str:
    if entry.is_done:
        return "complete" if entry.is_success else "errored"
    return "waiting" if entry.step.status in ("waiting", "held") else "running"


def attempt_json(entry: Entry, number: int) -> dict[str, Any] | None:
    """What came of attempt `number` (from 1) of a step; None where it has not been made."""
    attempts = list(attempts_json(entry))
    if entry.type != "step":
        return result_json(entry) if number == 1 else None
    numbers = [int(attempt["number"]) for attempt in entry.own_attempts]
    while len(numbers) < len(attempts):  # the one under way
        numbers.append((numbers or [0])[-1] + 1)
    if number not in numbers:
        return None
    attempt = attempts[numbers.index(number)]
    status = {None: "running", True: "complete", False: "errored"}[attempt["success"]]
    output = entry.shown_output if status == "complete" and entry.status == "completed" else None
    return {"status": status, "error": attempt["error"], "output": output}
