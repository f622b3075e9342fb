"""Facts in human words: the one place that says how each type of the history reads. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from designer.graph.model import NONE_MET
from engine.core.facts import FactType
from engine.display.spans import span_words

Data = Mapping[str, Any]
NameOf = Callable[[str], str]
"""The name of a task, phase or branch by its key; of a person or group by their address or slug."""


@dataclass(frozen=True, slots=True)
class FactWords:
    """A fact as people read it: what happened, to what, and more about it. `tone` is that of a status chip."""

    what: str
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class _Wording:
    what: str
    detail: Callable[[Data], str] = lambda data: ""
    tone: str = ""


def fact_words(type: str, data: Data, *, name_of: NameOf = str, person_of: NameOf = str) -> FactWords:
    """The words of one fact; `person_of` names whom a task was given to. A type this release does not know is shown by
    its own name, with nothing left out.
    """
    wording = _NOT_REACHED if _was_not_reached(type, data) else _WORDINGS.get(type)
    if wording is None:
        return FactWords(type, _pairs(data))
    try:
        detail = wording.detail(_Named(data, name_of, person_of))
    except (TypeError, ValueError, KeyError, AttributeError):
        detail = _pairs(data)  # data of another shape than today's: better raw than an error
    return FactWords(wording.what, detail, wording.tone)


def _was_not_reached(type: str, data: Data) -> bool:
    """Whether the step never ran because something before it failed."""
    error = data.get("error") if type == FactType.STEP_FAILED else None
    return isinstance(error, Mapping) and error.get("name") == "FailedBefore"


class _Named(dict[str, Any]):
    """Fact data that can also name tasks, people and groups."""

    def __init__(self, data: Data, name_of: NameOf, person_of: NameOf) -> None:
        super().__init__(data)
        self.name_of = name_of
        self.person_of = person_of


def error_words(error: Any) -> str:
    """An error `{name, message}` in one line."""
    if not isinstance(error, Mapping):
        return str(error or "")
    name, message = str(error.get("name") or ""), str(error.get("message") or "")
    if not message or not name or name in ("Error", "StepError", "FailedBefore"):
        return message or name
    return f"{name}: {message}"


def error_message(error: Any) -> str:
    """What an error says, for lists: its name, which programs go by, only where it says nothing else."""
    message = error.get("message") if isinstance(error, Mapping) else None
    return str(message) if message else error_words(error)


def _synced(data: Mapping[str, Any]) -> str:
    """Which attributes of which entities were written, and what could not be."""
    written = [f"{one.get('entity')}: {', '.join(one.get('set') or ())}" for one in data.get("entities") or ()]
    failed = [f"{one.get('entity')}: {one.get('reason')}" for one in data.get("problems") or ()]
    return " · ".join([*written, *failed])


def _pairs(data: Data) -> str:
    return " · ".join(f"{key} {value}" for key, value in data.items())


def _join(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part not in (None, "", [], {}))


def _actor(data: Data) -> str:
    """Who, over what, and why."""
    actor = data.get("actor") or data.get("by")
    name = actor.get("name") or actor.get("email") if isinstance(actor, Mapping) else actor
    over = actor.get("over") if isinstance(actor, Mapping) else None
    who = f"by {name} over {over}" if name and over else f"by {name}" if name else ""
    return _join(who, _quoted(data.get("reason")))


def _quoted(text: Any) -> str:
    return f"“{text}”" if text else ""


def _moment(text: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text or "")
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _names(data: Data, keys: Any) -> str:
    name_of = getattr(data, "name_of", str)
    return ", ".join(name_of(str(key)) for key in (keys if isinstance(keys, Sequence) else []))


def _attempt_failed(data: Data) -> str:
    undone = "to undo the step" if data.get("compensation") else ""
    return _join(undone, f"attempt {data['number']}" if data.get("number") else "", error_words(data.get("error")))


def _started(data: Data) -> str:
    return _join("to undo the step" if data.get("compensation") else "", f"number {data.get('number', 1)}")


def _migrated(data: Data) -> str:
    renamed = ", ".join(f"{old} → {new}" for old, new in (data.get("mapping") or {}).items())
    return _join(f"from version {data['from']} to {data['to']}", renamed, _actor(data))


def _retried(data: Data) -> str:
    after = data.get("after") or {}
    return _join("with other input" if "input" in after or "input_bytes" in after else "", _actor(data))


def _step_names(data: Data, steps: Any) -> str:
    return _names(data, [step.get("task") for step in steps if isinstance(step, Mapping)] if steps else [])


def _rollback(data: Data) -> str:
    return _join(_step_names(data, data.get("steps")), _actor(data))


def _rolled_back(data: Data) -> str:
    outcome = {"complete": "all is undone", "failed": "a compensation failed", "stopped": "given up"}
    left = _step_names(data, data.get("left"))
    error = error_words(data["error"]) if data.get("error") else ""
    return _join(outcome.get(str(data.get("outcome")), data.get("outcome")), error, f"left: {left}" if left else "")


def _retry(data: Data) -> str:
    return _join(
        "to undo the step" if data.get("compensation") else "",
        f"attempt {data.get('number')}",
        f"at {_moment(data.get('at'))}",
    )


def _decision(data: Data) -> str:
    branches = ", ".join(_branch_name(data, branch) for branch in data.get("branches") or ()) or "no branch"
    return _join(branches, *_seen(data.get("conditions") or ()), _actor(data))


def _branch_name(data: Data, branch: Any) -> str:
    name_of = getattr(data, "name_of", str)
    return "otherwise" if branch == NONE_MET else str(name_of(str(branch)))


def _seen(conditions: Sequence[Any]) -> list[str]:
    """What the first statements saw: `saw input.order.total = 1249`."""
    seen = []
    for condition in conditions:
        for statement in condition.get("statements", ()) if isinstance(condition, Mapping) else ():
            if isinstance(statement, Mapping) and "source" in statement:
                value = statement.get("value", statement.get("saw", statement.get("actual")))
                seen.append(f"saw {statement['source']} = {_short(value)}")
    return seen[:2]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _shifted(data: Data) -> str:
    seconds = data.get("shifted_seconds")
    return _join(_actor(data), f"timers moved by {span_words(timedelta(seconds=float(seconds)))}" if seconds else "")


def _to(data: Data) -> str:
    to = data.get("to") or []
    person_of = getattr(data, "person_of", str)
    people = ", ".join(person_of(str(person)) for person in (to if isinstance(to, (list, tuple)) else [to]))
    return _join(f"→ {people or 'nobody'}", _actor({"by": data.get("by")}))


def _waiting(data: Data) -> str:
    kind = data.get("for")
    what = {
        "person": "a person",
        "event": "an event",
        "timer": "a moment",
        "child": "a flow",
        "steps": "its steps",
    }.get(str(kind), str(kind or ""))
    return _join(
        what, data.get("event_type"), data.get("flow"), _moment(data["wakes_at"]) if data.get("wakes_at") else ""
    )


def _timer(data: Data) -> str:
    purpose = TIMER_WORDS.get(str(data.get("purpose")), str(data.get("purpose") or ""))
    return _join(purpose, f"at {_moment(data['due_at'])}" if data.get("due_at") else "")


def _event(data: Data) -> str:
    return str(data.get("type") or "")


def _rounds(data: Data) -> str:
    rounds = data.get("rounds")
    return _join(
        f"after {rounds} round{'' if rounds == 1 else 's'}", "limit reached" if data.get("limit_reached") else ""
    )


def _created(data: Data) -> str:
    """Who made it; a step of another instance where that called it."""
    caller = data.get("caller")
    if isinstance(caller, Mapping):
        return f"called by {caller.get('flow')} · {caller.get('instance')}"
    return _actor(data)


def warning_words(data: Data) -> str:
    """`8,000 of 10,000 steps`: how near an instance is to a limit."""
    what = {"max_steps": "steps", "max_facts": "facts"}.get(str(data.get("limit")), str(data.get("limit")))
    return f"{data.get('count', 0):,} of {data.get('most', 0):,} {what}"


TIMER_WORDS: Final = {
    "retry": "the next attempt",
    "rollback": "the next attempt to undo the step",
    "start": "its scheduled start",
    "wake": "waking up",
    "timeout": "giving up waiting",
    "expire": "the task expiring",
    "due": "the due date",
}

_NOT_REACHED: Final = _Wording("Step not reached", lambda d: error_words(d.get("error")), "skipped")
_WORDINGS: Final[dict[str, _Wording]] = {
    FactType.INSTANCE_QUEUED: _Wording("Instance created", _created),
    FactType.INSTANCE_STARTED: _Wording("Instance started", _actor, "running"),
    FactType.INSTANCE_PAUSE_REQUESTED: _Wording("Pause asked for", _actor, "paused"),
    FactType.INSTANCE_PAUSED: _Wording("Instance paused", tone="paused"),
    FactType.INSTANCE_RESUMED: _Wording("Instance resumed", _shifted, "running"),
    FactType.INSTANCE_RESTARTED: _Wording(
        "Instance restarted", lambda d: _join(f"from {_names(d, [d['from']])}" if d.get("from") else "", _actor(d))
    ),
    FactType.INSTANCE_RETRIED: _Wording("Failed steps retried", _retried),
    FactType.INSTANCE_REVERTED: _Wording(
        "Instance taken back", lambda d: _join(f"to {_names(d, [d['to']])}", _actor(d))
    ),
    FactType.INSTANCE_MIGRATED: _Wording("Moved to another version", _migrated),
    FactType.INSTANCE_WARNED: _Wording("Limit nearly reached", warning_words, "waiting"),
    FactType.INSTANCE_COMPLETED: _Wording("Instance complete", tone="complete"),
    FactType.INSTANCE_FAILED: _Wording("Instance failed", lambda d: error_words(d.get("error")), "errored"),
    FactType.INSTANCE_TERMINATED: _Wording("Instance terminated", _actor, "terminated"),
    FactType.INSTANCE_CLOSED: _Wording(
        "Instance closed",
        lambda d: _join(", ".join(d.get("reasons") or ()), _quoted(d.get("note")), _actor(d)),
        "terminated",
    ),
    FactType.STEP_READY: _Wording("Step ready"),
    FactType.STEP_BLOCKED: _Wording("Step disabled", lambda d: f"until {_names(d, d.get('requires'))} is finished"),
    FactType.STEP_ADDED: _Wording("Step asked for", lambda d: _join(d.get("name"), d.get("kind"))),
    FactType.STEP_STARTED: _Wording("Step started"),
    FactType.STEP_SCHEDULED: _Wording("Step scheduled", lambda d: f"for {_moment(d.get('wakes_at'))}"),
    FactType.STEP_WAITING: _Wording("Step waits for", _waiting, "waiting"),
    FactType.ATTEMPT_STARTED: _Wording("Attempt started", _started),
    FactType.ATTEMPT_FAILED: _Wording("Attempt failed", _attempt_failed, "errored"),
    FactType.ATTEMPT_TIMED_OUT: _Wording("Attempt timed out", _attempt_failed, "errored"),
    FactType.RETRY_SCHEDULED: _Wording("Retry scheduled", _retry, "waiting"),
    FactType.STEP_COMPLETED: _Wording("Step completed", _actor, "complete"),
    FactType.STEP_DONE_AHEAD: _Wording("Done before its turn", _actor),
    FactType.STEP_SKIPPED: _Wording("Step skipped", _actor, "skipped"),
    FactType.STEP_FAILED: _Wording("Step failed", lambda d: error_words(d.get("error")), "errored"),
    FactType.STEP_CANCELLED: _Wording("Step cancelled", _actor, "terminated"),
    FactType.STEP_ASSIGNED: _Wording("Step assigned", _to),
    FactType.STEP_CLAIMED: _Wording("Step claimed", _actor),
    FactType.STEP_PUT_ON_HOLD: _Wording("Step put on hold", _actor, "paused"),
    FactType.STEP_RELEASED: _Wording("Hold released", _actor),
    FactType.DUE_DATE_SET: _Wording("Due date set", lambda d: _moment(d["due_at"]) if d.get("due_at") else "to none"),
    FactType.DECISION_TAKEN: _Wording("Decision taken", _decision),
    FactType.LOOP_ENTERED: _Wording("Loop goes round", lambda d: f"round {d.get('round')}"),
    FactType.LOOP_EXITED: _Wording("Loop left", _rounds),
    FactType.TIMER_SET: _Wording("Timer set", _timer),
    FactType.TIMER_FIRED: _Wording("Timer fired", _timer),
    FactType.TIMER_CANCELLED: _Wording("Timer cancelled", _timer),
    FactType.EVENT_RECEIVED: _Wording("Event received", _event),
    FactType.EVENT_CONSUMED: _Wording("Event consumed", _event),
    FactType.PHASE_STARTED: _Wording("Phase started", lambda d: _names(d, [d.get("phase")])),
    FactType.PHASE_COMPLETED: _Wording("Phase completed", lambda d: _names(d, [d.get("phase")]), "complete"),
    FactType.ROLLBACK_STARTED: _Wording("Rollback started", _rollback, "waiting"),
    FactType.STEP_ROLLED_BACK: _Wording("Step rolled back", tone="terminated"),
    FactType.ROLLBACK_FINISHED: _Wording("Rollback finished", _rolled_back, "terminated"),
    FactType.ENTITY_SYNCED: _Wording("Entity synced", _synced),
    FactType.CONTEXT_CHANGED: _Wording("Context changed", _actor),
}
