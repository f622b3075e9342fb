"""The rules of a template's graph, each with the message it is refused with. A template here has passed its schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from dialects.epilot.errors import bad_request
from dialects.epilot.running.due_dates import duration_fault, moment_of

Json = Mapping[str, Any]
TRIGGER: Final = "trigger"
NONE_MET: Final = "none-met-"
EXIT_LOOP: Final = "exit-loop-"


def check_rules(template: Json) -> None:
    """Raise a `Refusal` for the first rule that a template breaks."""
    for message in _problems(template):
        raise bad_request(message)


def _problems(template: Json) -> Iterator[str]:
    tasks: list[Json] = list(template.get("tasks", ()))
    phases: list[Json] = list(template.get("phases", ()))
    edges: list[Json] = list(template.get("edges", ()))
    yield from _duplicates(tasks, phases, edges)
    task_ids, phase_ids = {task["id"] for task in tasks}, {phase["id"] for phase in phases}
    yield from _edges(edges, tasks, task_ids | phase_ids)
    for task in tasks:
        if task.get("phase_id") and task["phase_id"] not in phase_ids:
            yield f"Task '{task['name']}' references unknown phase '{task['phase_id']}'"
    for task in tasks:
        if task["task_type"] == "DECISION":
            yield from _decision(task, edges)
    yield from _references(template, tasks, phases, task_ids, phase_ids)
    yield from _due_dates([template, *phases], tasks)
    yield from _durations(template, tasks, phases)
    if has_cycle(tasks, phases, edges):
        yield "Workflow contains an undeclared cycle"


def conditions_of(tasks: Iterable[Json]) -> Iterator[Json]:
    """Every condition of a template."""
    for task in tasks:
        yield from task.get("conditions") or ()


def _duplicates(tasks: list[Json], phases: list[Json], edges: list[Json]) -> Iterator[str]:
    for group in ([*tasks, *phases], edges, list(conditions_of(tasks))):
        seen: set[str] = set()
        for entry in group:
            if entry["id"] in seen or (entry["id"] == TRIGGER and group is not edges):
                yield f"Duplicate id '{entry['id']}'"
            seen.add(entry["id"])


def _edges(edges: list[Json], tasks: list[Json], nodes: set[str]) -> Iterator[str]:
    decisions = {task["id"]: {c["id"] for c in task["conditions"]} for task in tasks if task["task_type"] == "DECISION"}
    defaults: set[str] = set()
    for edge in edges:
        if edge["from_id"] not in nodes and edge["from_id"] != TRIGGER:
            yield f"Edge '{edge['id']}' references unknown node '{edge['from_id']}'"
        if edge.get("to_id") and edge["to_id"] not in nodes:
            yield f"Edge '{edge['id']}' references unknown node '{edge['to_id']}'"
        condition = edge.get("condition_id")
        branches = decisions.get(edge["from_id"], set())
        if condition and condition not in branches and not (edge.get("none_met") and condition.startswith(NONE_MET)):
            yield f"Edge '{edge['id']}' references unknown condition '{condition}'"
        if edge.get("none_met"):
            if edge["from_id"] not in decisions or edge["from_id"] in defaults:
                yield f"Edge '{edge['id']}' cannot be a default branch"
            defaults.add(edge["from_id"])


def is_default(condition: Json, edges: Iterable[Json]) -> bool:
    """Whether a condition stands for the branch that is taken when none is met."""
    if str(condition["id"]).startswith(NONE_MET):
        return True
    return any(edge.get("none_met") and edge.get("condition_id") == condition["id"] for edge in edges)


def is_exit(condition: Json, task: Json) -> bool:
    """Whether a condition stands for the way out of a loop."""
    loop = task.get("loop_config") or {}
    return bool(condition["id"] == loop.get("exit_branch_id")) or str(condition["id"]).startswith(EXIT_LOOP)


def _decision(task: Json, edges: list[Json]) -> Iterator[str]:
    mine = [edge for edge in edges if edge["from_id"] == task["id"]]
    conditions: list[Json] = list(task["conditions"])
    has_default_edge = any(
        edge.get("none_met") and edge.get("condition_id") not in {c["id"] for c in conditions} for edge in mine
    )
    if len(conditions) + has_default_edge < 2:
        yield f"Decision '{task['name']}' needs at least two branches"
    loop = task.get("loop_config")
    if loop is not None:
        branches = {condition["id"] for condition in conditions}
        branches |= {edge["condition_id"] for edge in mine if edge.get("condition_id")}
        if not {loop["loop_branch_id"], loop["exit_branch_id"]} <= branches or (
            loop["loop_branch_id"] == loop["exit_branch_id"]
        ):
            yield f"Invalid loop configuration of '{task['name']}'"
    for condition in conditions:
        is_free = task.get("trigger_mode") == "manual" or is_default(condition, mine) or is_exit(condition, task)
        if not is_free and not condition.get("statements"):
            yield f"Branch '{condition['branch_name']}' needs at least one condition"


def _references(
    template: Json, tasks: list[Json], phases: list[Json], task_ids: set[str], phase_ids: set[str]
) -> Iterator[str]:
    known = {"task_id": task_ids, "phase_id": phase_ids}

    def ends(path: str, value: Json | None) -> Iterator[str]:
        for name, ids in known.items():
            if value and value.get(name) and value[name] not in ids:
                yield f"{path} references unknown task or phase '{value[name]}'"

    yield from ends("due_date_config", template.get("due_date_config"))
    for kind, group in (("tasks", tasks), ("phases", phases)):
        for number, entry in enumerate(group):
            path = f"{kind}[{number}]"
            yield from ends(f"{path}.due_date_config", entry.get("due_date_config"))
            for place, requirement in enumerate(entry.get("requirements", ())):
                yield from ends(f"{path}.requirements[{place}]", requirement)
            context = (entry.get("automation_config") or {}).get("input_context")
            if context and context["source"] == "task" and not context.get("task_id"):
                yield f"Invalid request body: {path}.automation_config.input_context.task_id is required"
            yield from ends(f"{path}.automation_config.input_context", context)
            reference = (entry.get("schedule") or {}).get("reference") or {}
            if reference.get("origin") == "task_completed" and reference.get("id") not in task_ids:
                yield f"{path}.schedule.reference references unknown task or phase '{reference.get('id')}'"
    for number, sync in enumerate(template.get("entity_sync", ())):
        wanted = sync["trigger"].get("filter") or {}
        if wanted.get("task_template_id") and wanted.get("phase_template_id"):
            yield "Entity sync filter accepts either task_template_id or phase_template_id"
        ids = {"task_id": wanted.get("task_template_id"), "phase_id": wanted.get("phase_template_id")}
        yield from ends(f"entity_sync[{number}].trigger.filter", ids)


def _due_dates(wholes: Iterable[Json], tasks: Iterable[Json]) -> Iterator[str]:
    """A task drawn in our own editor may be due when a reference says so; such a date is known at run time only."""
    dates = [entry.get("due_date") for entry in wholes]
    dates += [task.get("due_date") for task in tasks if "{{" not in (task.get("due_date") or "")]
    if any(date and (date != date.strip() or moment_of(date) is None) for date in dates):
        yield "Invalid due_date"


def _durations(template: Json, tasks: list[Json], phases: list[Json]) -> Iterator[str]:
    places = [("", template)]
    for kind, group in (("tasks", tasks), ("phases", phases)):
        places += [(f"{kind}[{number}].", entry) for number, entry in enumerate(group)]
    for path, entry in places:
        for name in ("due_date_config", "schedule"):
            config = entry.get(name) or {}
            fault = duration_fault(config, f"{path}{name}") if "duration" in config else None
            if fault:
                yield fault


def has_cycle(tasks: Iterable[Json], phases: Iterable[Json], edges: Iterable[Json]) -> bool:
    """Whether edges go round in a circle that no decision declares as its loop.

    A phase counts as two nodes, its entry and its end, with its tasks between them; an edge from a phase to one of its
    own tasks leads on from the entry.
    """
    members: dict[str, list[str]] = {phase["id"]: [] for phase in phases}
    phase_of: dict[str, str] = {}
    loops: set[tuple[str, str]] = set()
    for task in tasks:
        if task.get("phase_id") in members:
            members[task["phase_id"]].append(task["id"])
            phase_of[task["id"]] = task["phase_id"]
        if task.get("loop_config"):
            loops.add((task["id"], task["loop_config"]["loop_branch_id"]))
    following: dict[str, list[str]] = {}
    for phase, inside in members.items():
        for task_id in inside:
            following.setdefault(f"{phase}:in", []).append(task_id)
            following.setdefault(task_id, []).append(f"{phase}:out")
    for edge in edges:
        source, target = edge["from_id"], edge.get("to_id")
        if not target or source == TRIGGER or (source, edge.get("condition_id")) in loops:
            continue
        if source in members:
            source = f"{source}:in" if phase_of.get(target) == source else f"{source}:out"
        following.setdefault(source, []).append(f"{target}:in" if target in members else target)
    return _goes_round(following)


def _goes_round(following: Mapping[str, list[str]]) -> bool:
    """By taking away, again and again, what nothing leads to: a circle is what is left."""
    counts: dict[str, int] = dict.fromkeys(following, 0)
    for targets in following.values():
        for target in targets:
            counts[target] = counts.get(target, 0) + 1
    ready = [node for node, count in counts.items() if count == 0]
    seen = 0
    while ready:
        node = ready.pop()
        seen += 1
        for target in following.get(node, ()):
            counts[target] -= 1
            if counts[target] == 0:
                ready.append(target)
    return seen < len(counts)
