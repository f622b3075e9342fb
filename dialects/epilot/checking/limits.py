"""Soft limits: warnings on every answer, refusals only when asked for. The numbers are ours: the vendor has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dialects.epilot.errors import bad_request

Json = Mapping[str, Any]
MOST: Final[Mapping[str, int]] = {
    "tasks": 200,
    "phases": 30,
    "edges": 400,
    "incoming_edges": 20,
    "branches": 20,
    "statements": 20,
    "entity_sync": 50,
    "iterations": 10,
}
MOST_WORKFLOWS: Final = 500


def limit_warnings(template: Json) -> list[dict[str, Any]]:
    """What of a template is beyond a limit."""
    return list(_warnings(template))


def refuse_beyond_limits(template: Json, before: Json | None = None) -> None:
    """Raise a `Refusal` for a limit that is broken, unless it was broken before and is not broken worse."""
    known = {_identity(w): w.get("current", 0) for w in _warnings(before)} if before else {}
    for warning in _warnings(template):
        if warning.get("current", 0) > known.get(_identity(warning), -1):
            raise bad_request(warning["message"])


def _identity(warning: Json) -> tuple[Any, ...]:
    return (warning["i18nKey"], warning.get("node_id"), warning.get("branch_name"))


def _warnings(template: Json) -> Iterator[dict[str, Any]]:
    for name, key in (
        ("tasks", "errors.max_tasks"),
        ("phases", "errors.max_phases"),
        ("edges", "errors.max_edges"),
        ("entity_sync", "errors.max_entity_sync_rules"),
    ):
        count = len(template.get(name) or ())
        if count > MOST[name]:
            words = name.replace("_", " ")
            yield _warning(key, f"A workflow should have at most {MOST[name]} {words}", MOST[name], [name], count)
    incoming = Counter(edge.get("to_id") for edge in template.get("edges") or ())
    for number, task in enumerate(template.get("tasks") or ()):
        yield from _of_task(task, ["tasks", str(number)], incoming[task["id"]])


def _of_task(task: Json, path: list[str], incoming: int) -> Iterator[dict[str, Any]]:
    name = {"node_id": task["id"], "task_name": task["name"]}
    if incoming > MOST["incoming_edges"]:
        most = MOST["incoming_edges"]
        message = f"Task '{task['name']}' should have at most {most} incoming edges"
        yield _warning("errors.task_max_incoming_edges", message, most, path, incoming, **name)
    conditions = task.get("conditions") or ()
    if len(conditions) > MOST["branches"]:
        message = f"Decision '{task['name']}' should have at most {MOST['branches']} branches"
        place = [*path, "conditions"]
        yield _warning("errors.decision_max_branches", message, MOST["branches"], place, len(conditions), **name)
    for number, condition in enumerate(conditions):
        count = len(condition.get("statements") or ())
        if count > MOST["statements"]:
            branch = condition["branch_name"]
            message = f"Branch '{branch}' should have at most {MOST['statements']} conditions"
            place = [*path, "conditions", str(number), "statements"]
            key = "errors.branch_max_statements"
            yield _warning(key, message, MOST["statements"], place, count, **name, branch_name=branch)
    rounds = (task.get("loop_config") or {}).get("max_iterations", 0)
    if rounds > MOST["iterations"]:
        message = f"The loop of '{task['name']}' should have at most {MOST['iterations']} iterations"
        place = [*path, "loop_config", "max_iterations"]
        yield _warning("errors.loop_max_iterations", message, MOST["iterations"], place, rounds, **name)


def _warning(key: str, message: str, most: int, path: list[str], current: int, **more: str) -> dict[str, Any]:
    return {"i18nKey": key, "message": message, "max": most, "path": path, "current": current, **more}
