"""Statuses of tasks and phases: which changes are allowed, what a change sets beside them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from dialects.epilot.ids import iso
from dialects.epilot.running.documents import FINISHED, phase_by_id, predecessors, task_by_id
from dialects.epilot.running.due_dates import due_after

Json = dict[str, Any]
Event = tuple[str, Json]
"""What happened, and the task or phase (or the document itself) it happened to."""

_OPEN: Final = ("PENDING", "IN_PROGRESS", "COMPLETED", "SKIPPED")
ALLOWED: Final = {
    "PENDING": ("IN_PROGRESS", "COMPLETED", "SKIPPED", "ON_HOLD"),
    "IN_PROGRESS": ("COMPLETED", "SKIPPED", "ON_HOLD", "PENDING", "FAILED"),
    "ON_HOLD": _OPEN,
    "WAITING_FOR_CONFIRMATION": _OPEN,
    "FAILED": _OPEN,
    "SCHEDULED": ("SKIPPED", "COMPLETED", "IN_PROGRESS"),
    "CONDITION_PENDING": ("SKIPPED", "COMPLETED", "IN_PROGRESS"),
    "COMPLETED": ("PENDING", "SKIPPED"),
    "SKIPPED": ("PENDING", "COMPLETED"),
}
"""From each status to which, without `revert_execution`; with it COMPLETED and SKIPPED also lead to IN_PROGRESS."""
_TASK_EVENTS: Final = {
    "COMPLETED": "TaskCompleted",
    "SKIPPED": "TaskSkipped",
    "IN_PROGRESS": "TaskMarkedInProgress",
    "ON_HOLD": "TaskMarkedOnHold",
}
_PHASE_EVENTS: Final = {"COMPLETED": "PhaseCompleted", "IN_PROGRESS": "PhaseMarkedInProgress"}


def set_status(document: Json, task: Json, status: str, *, at: datetime, by: str = "") -> list[Event]:
    """Give a task another status with the times and people that belong to it; answers what happened."""
    if task["status"] == status:
        return []
    moment, analytics = iso(at), task["analytics"]
    task["status"], task["updated_at"], analytics["status_updated_at"] = status, moment, moment
    who = {"COMPLETED": "completed_by", "SKIPPED": "skipped_by", "IN_PROGRESS": "in_progress_by"}
    who["ON_HOLD"] = "on_hold_by"
    if status in FINISHED:
        analytics["completed_at"] = moment
    elif status == "IN_PROGRESS":
        analytics["in_progress_at"] = moment
    if status == "PENDING":
        for name in ("completed_at", "completed_by", "skipped_by"):
            analytics.pop(name, None)
    if by and status in who:
        analytics[who[status]] = by
    events: list[Event] = [("TaskUpdated", task)]
    if status in _TASK_EVENTS:
        events.insert(0, (_TASK_EVENTS[status], task))
    if status in FINISHED:
        _set_due_dates(document, task, at)
    return events


def _set_due_dates(document: Json, finished: Json, at: datetime) -> None:
    """Due dates that count from a task that has just been finished, or from its phase."""
    timezone = document["_"]["timezone"]
    phase = phase_by_id(document, finished.get("phase_id") or "")
    is_phase_done = phase is not None and _is_done(document, phase)
    for entry in (document, *document["phases"], *document["tasks"]):
        config = entry.get("due_date_config")
        if not config or (entry.get("due_date") and not _note(document, entry).get("due")):
            continue
        match config["type"]:
            case "TASK_FINISHED":
                counts = config.get("task_id") in (finished["template_id"], finished["id"])
            case "PHASE_FINISHED":
                wanted = config.get("phase_id")
                counts = is_phase_done and phase is not None and wanted in (phase["template_id"], phase["id"])
            case "A_PRECEDING_TASK_COMPLETED":
                counts = not entry.get("due_date") and _precedes(document, finished, entry)
            case "ALL_PRECEDING_TASKS_COMPLETED":
                counts = _precedes(document, finished, entry) and all(
                    task["status"] in FINISHED for task in predecessors(document, entry)
                )
            case _:
                counts = False
        due = due_after(config, at, timezone) if counts else None
        if due:
            entry["due_date"] = due
            _note(document, entry)["due"] = True


def _precedes(document: Json, finished: Json, entry: Json) -> bool:
    return "task_type" in entry and any(task["id"] == finished["id"] for task in predecessors(document, entry))


def _note(document: Json, entry: Json) -> Json:
    """Where it is noted that a due date was computed, and may be again."""
    notes: Json = document["_"].setdefault("due", {})
    found: Json = notes.setdefault(entry["id"], {})
    return found


def _is_done(document: Json, phase: Json) -> bool:
    members = [task for task in document["tasks"] if task.get("phase_id") == phase["id"]]
    return bool(members) and all(task["status"] in FINISHED for task in members)


def set_phases(document: Json, *, at: datetime) -> list[Event]:
    """Derive the status of every phase from its tasks; answers what happened."""
    current = {entry["id"] for entry in document["crt_tasks"]}
    events: list[Event] = []
    for number, phase in enumerate(document["phases"]):
        members = [task for task in document["tasks"] if task.get("phase_id") == phase["id"]]
        done = sum(task["status"] in FINISHED for task in members)
        is_begun = any(task["status"] == "IN_PROGRESS" or task["id"] in current for task in members)
        if members and done == len(members):
            status = "COMPLETED"
        elif number == 0 or done or is_begun:
            status = "IN_PROGRESS"
        else:
            status = "OPEN"
        if status != phase["status"]:
            moment = iso(at)
            phase["status"], phase["updated_at"] = status, moment
            analytics = phase["analytics"]
            analytics["status_updated_at"] = moment
            if status == "IN_PROGRESS":
                analytics.setdefault("started_at", moment)
            if status == "COMPLETED":
                analytics.setdefault("started_at", moment)
                analytics["completed_at"] = moment
            skipped = members and all(task["status"] == "SKIPPED" for task in members)
            name = "PhaseSkipped" if status == "COMPLETED" and skipped else _PHASE_EVENTS.get(status)
            events += [(name, phase)] if name else []
            events.append(("PhaseUpdated", phase))
    return events


def set_enabled(document: Json) -> None:
    """Compute which tasks are enabled: by their requirements, or in a linear flow by what stands before them.

    What a person has set stands until the computed value changes.
    """
    current = {entry["id"] for entry in document["crt_tasks"]}
    done = {t["template_id"] for t in document["tasks"] if t["status"] in FINISHED}
    done |= {p["template_id"] for p in document["phases"] if _is_done(document, p)}
    for key, note in document["_"]["tasks"].items():
        task = task_by_id(document, note["id"])
        if task is None:
            continue
        if document.get("linear"):
            before = list(predecessors(document, task))
            value = task["id"] in current or all(t["status"] in FINISHED for t in before)
        else:
            value = all(wanted in done for wanted in _required(task))
        if note.get("enabled") != value:
            document["_"]["tasks"][key] = note | {"enabled": value, "forced": None}
        forced = document["_"]["tasks"][key].get("forced")
        task["enabled"] = value if forced is None else forced


def _required(task: Json) -> Iterator[str]:
    for requirement in task.get("requirements") or ():
        wanted = requirement.get("task_id") or requirement.get("phase_id")
        if wanted:
            yield wanted
