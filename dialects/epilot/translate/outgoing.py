"""A flow of ours as a template.

What the flow keeps of its template is sent as it is, except where the flow has been changed since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from designer.graph.durations import BadDuration, parse_duration
from designer.graph.model import NONE_MET, TRIGGER, Condition, Edge, Flow, Match, Phase, Statement, Task, phase_of_ref
from dialects.epilot.translate.incoming import (
    RUN_AUTOMATION,
    default_ids,
    flow_of,
    prompt_for,
    translated_edge,
    translated_task,
)
from dialects.epilot.translate.syncs import schema_of, syncs_of
from dialects.epilot.translate.words import DIALECT, key_of, name_of

Json = dict[str, Any]
TRIGGERS_OF: Final = ({"type": "manual"}, {"type": "api"})
_WORDS: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*([a-z]+?)s?$")
_ATTRIBUTE: Final = re.compile(r"^\{*\s*context\.primary\.([\w.-]+)\s*\}*$")
UNITS: Final = ("minute", "hour", "day", "week", "month", "year")


def template_of(flow: Flow, *, reasons: Mapping[str, str] | None = None) -> Json:
    """The template that a flow is. `reasons`: ids of closing reasons by title; answers carry `{id}` of each."""
    kept: Json = deepcopy(dict(flow.extensions.get(DIALECT, {}).get("template") or {}))
    ids = reasons or {}
    base = flow_of(kept, key=flow.key, reasons={id: title for title, id in ids.items()}) if kept else None
    found: Json = {"name": flow.name, "tasks": [], "edges": [], **kept}
    if base is None or base.name != flow.name:
        found["name"] = flow.name
    if flow.description and (base is None or base.description != flow.description):
        found["description"] = flow.description[:5_000]
    elif base is not None and base.description and not flow.description:
        found.pop("description", None)
    if base is None or base.single_closing_reason != flow.single_closing_reason:
        found["singleClosingReasonSelection"] = flow.single_closing_reason
    if flow.closing_reasons or kept.get("closing_reasons") is not None:
        found["closing_reasons"] = [{"id": ids[title]} for title in flow.closing_reasons if title in ids]
    names = _Names(kept)
    if flow.phases or "phases" in kept:
        found["phases"] = [_phase(phase, names.phases.get(phase.key)) for phase in flow.phases.values()]
    found["tasks"] = [
        _task(task, names.tasks.get(task.key), base.tasks.get(task.key) if base else None, flow, names)
        for task in flow.tasks.values()
    ]
    found["edges"] = list(_edges(flow, kept, names, found["tasks"]))
    syncs = syncs_of(flow.entity_sync, kept.get("entity_sync", ()), schema_of(kept), names.id_of)
    if syncs or "entity_sync" in kept:
        found["entity_sync"] = syncs
    found.setdefault("trigger", {"type": "manual"})
    found.setdefault("version", version_of(found))
    return found


def version_of(template: Mapping[str, Any]) -> str:
    """`v3` where there are decisions or parallel paths, else `v2`."""
    sources = [edge["from_id"] for edge in template["edges"]]
    has_branches = len(sources) != len(set(sources))
    has_decisions = any(task.get("task_type") == "DECISION" for task in template["tasks"])
    return "v3" if has_branches or has_decisions else "v2"


class _Names:
    """What the kept template calls things: documents by the keys of ours."""

    def __init__(self, kept: Mapping[str, Any]) -> None:
        self.kept = kept
        self.phases: Mapping[str, Json] = {key_of(phase["id"]): phase for phase in kept.get("phases", ())}
        self.tasks: Mapping[str, Json] = {key_of(task["id"]): task for task in kept.get("tasks", ())}

    def id_of(self, ref: str) -> str:
        """The vendor's id of a node reference of ours."""
        phase = phase_of_ref(ref)
        if phase is not None:
            return str(self.phases.get(phase, {}).get("id", phase))
        return str(self.tasks.get(ref, {}).get("id", ref))


def _phase(phase: Phase, kept: Json | None) -> Json:
    found: Json = {"id": phase.key, "name": phase.name, **(kept or {})}
    if kept is None or name_of(kept["name"]) != phase.name:
        found["name"] = phase.name
    return found


# -- tasks ------------------------------------------------------------------------------------------------------------


def _task(task: Task, kept: Json | None, base: Task | None, flow: Flow, names: _Names) -> Json:
    if kept is not None and base is not None and _same(task, base):
        return kept
    if kept is None or base is None or base.kind != task.kind:
        kept, base = _fresh(task, kept), None
    found = dict(kept)
    if base is None or base.name != task.name:
        found["name"] = task.name
    if base is None or base.phase != task.phase:
        found.pop("phase_id", None)
        if task.phase is not None:
            found["phase_id"] = names.id_of(f"phase:{task.phase}")
    if (base.description if base else "") != task.description:
        found["description"] = {**(kept.get("description") or {"enabled": True}), "value": task.description}
    before: Mapping[str, Any] = base.settings if base else {}
    for name, write in SETTINGS.items():
        if task.settings.get(name) != before.get(name):
            write(found, task.settings.get(name), names)
    if task.kind == "decision" and (base is None or task.conditions != base.conditions):
        found["conditions"] = list(_conditions(task, found))
    return found


def _same(task: Task, base: Task) -> bool:
    """Whether the vendor could not tell the two apart."""
    if (task.name, task.phase, task.description, task.conditions) != (
        base.name,
        base.phase,
        base.description,
        base.conditions,
    ):
        return False
    return task.kind == base.kind and all(task.settings.get(n) == base.settings.get(n) for n in SETTINGS)


def _fresh(task: Task, kept: Json | None) -> Json:
    """A task that the vendor has not seen, or that has become another kind of task."""
    found: Json = {"id": kept["id"] if kept else task.key, "name": task.name}
    match task.kind:
        case "manual":
            found["task_type"] = "MANUAL"
        case "decision":
            found |= {"task_type": "DECISION", "trigger_mode": "automatic", "conditions": []}
        case "ai_agent":
            found |= {
                "task_type": "AI_AGENT",
                "agent_config": {"agent_id": str(task.settings.get("agent") or task.key)},
            }
        case _:  # what the vendor has no kind for runs by itself there, too
            found |= {"task_type": "AUTOMATION", "trigger_mode": "automatic", "automation_config": {}}
    return found


def _write_requirements(found: Json, value: Any, names: _Names) -> None:
    found.pop("requirements", None)
    entries = []
    for entry in value or ():
        if "task" in entry:
            entries.append({"when": "TASK_FINISHED", "task_id": names.id_of(entry["task"])})
        else:
            entries.append({"when": "PHASE_FINISHED", "phase_id": names.id_of(f"phase:{entry['phase']}")})
    if entries:
        found["requirements"] = entries


def _write_assigned(found: Json, value: Any, names: _Names) -> None:
    found.pop("assigned_to", None)
    if value:
        found["assigned_to"] = [{"variable": v} if "{{" in v else v for v in value if isinstance(v, str)]


def _write_due(found: Json, value: Any, names: _Names) -> None:
    found.pop("due_date", None)
    found.pop("due_date_config", None)
    if not value:
        return
    if value.get("at"):
        found["due_date"] = value["at"]
        return
    config: Json | None = amount_of(value.get("for"))
    if config is None:
        return
    start = value.get("from", "start")
    if start.startswith("task:"):
        config |= {"type": "TASK_FINISHED", "task_id": names.id_of(start.removeprefix("task:"))}
    elif start.startswith("phase:"):
        config |= {"type": "PHASE_FINISHED", "phase_id": names.id_of(start)}
    else:
        config["type"] = "WORKFLOW_STARTED"
    found["due_date_config"] = config


def amount_of(text: Any) -> Json | None:
    """`2 days` as `{duration: 2, unit: "days"}`; None for what the vendor has no words for."""
    match = _WORDS.match(text.strip().lower()) if isinstance(text, str) else None
    if match and match[2] in UNITS:
        amount = float(match[1])
        return {"duration": int(amount) if amount.is_integer() else amount, "unit": f"{match[2]}s"}
    try:
        seconds = parse_duration(text).as_timedelta().total_seconds()
    except BadDuration:
        return None
    return {"duration": max(1, round(seconds / 60)), "unit": "minutes"}


def _write_start(found: Json, value: Any, names: _Names) -> None:
    found["trigger_mode"] = "manual" if value == "manual" else "automatic"


def _write_schedule(found: Json, value: Any, names: _Names) -> None:
    found.pop("schedule", None)
    amount = amount_of(value.get("duration")) if value and value.get("mode") in ("delayed", "relative") else None
    if amount is None:
        return
    if value["mode"] == "delayed":
        found["schedule"] = {"mode": "delayed", **amount}
        return
    raw = str(value.get("reference") or "start")
    if raw.startswith("task:"):
        reference = {"id": names.id_of(raw.removeprefix("task:")), "origin": "task_completed"}
    elif match := _ATTRIBUTE.match(raw):
        reference = {"id": "trigger", "origin": "trigger_entity_attribute", "attribute": match[1]}
    elif raw == "{{ now }}":
        reference = {"id": "all_preceding_tasks_completed", "origin": "all_preceding_tasks_completed"}
    else:
        reference = {"id": "flow_started", "origin": "flow_started"}
    direction = value.get("direction", "after")
    found["schedule"] = {"mode": "relative", "direction": direction, **amount, "reference": reference}


def _write_loop(found: Json, value: Any, names: _Names) -> None:
    found.pop("loop_config", None)
    if value:
        ids = _branch_ids(found)
        found["loop_config"] = {
            "loop_branch_id": ids.get(value["branch"], value["branch"]),
            "exit_branch_id": ids.get(value["exit"], default_id(found)),
            "max_iterations": max(1, min(100, value["max_iterations"] - 1)),
        }


def _write_inputs(found: Json, value: Any, names: _Names) -> None:
    automation = value.get("automation") if isinstance(value, Mapping) else None
    if found["task_type"] == "AUTOMATION":
        config = {k: v for k, v in (found.get("automation_config") or {}).items() if k != "flow_id"}
        found["automation_config"] = {**config, **({"flow_id": automation} if automation else {})}
    elif found["task_type"] == "AI_AGENT" and automation:
        found["agent_config"] = {**(found.get("agent_config") or {}), "agent_id": automation}


def _write_agent(found: Json, value: Any, names: _Names) -> None:
    if found["task_type"] == "AI_AGENT" and value:
        found["agent_config"] = {**(found.get("agent_config") or {}), "agent_id": value}


def _write_prompt(found: Json, value: Any, names: _Names) -> None:
    if found["task_type"] == "AI_AGENT" and value and value != prompt_for(found):
        config = found.get("agent_config") or {}
        found["agent_config"] = {**config, "parameters": {**(config.get("parameters") or {}), "prompt": value}}


def _write_parallel(found: Json, value: Any, names: _Names) -> None:
    found["allow_parallel_execution"] = value is not False


SETTINGS: Final = {
    "requirements": _write_requirements,
    "assigned_to": _write_assigned,
    "due": _write_due,
    "start": _write_start,
    "schedule": _write_schedule,
    "loop": _write_loop,
    "inputs": _write_inputs,
    "parallel": _write_parallel,
    "agent": _write_agent,
    "prompt": _write_prompt,
}
"""The settings that the vendor has words for. All others stay with the flow, and are not lost when it sends its
template again.
"""


# -- decisions --------------------------------------------------------------------------------------------------------


def _branch_ids(task: Mapping[str, Any]) -> dict[str, str]:
    return {key_of(condition["id"]): condition["id"] for condition in task.get("conditions") or ()}


def default_id(task: Mapping[str, Any]) -> str:
    """The id of a decision's default condition."""
    named = (c["id"] for c in task.get("conditions") or () if str(c["id"]).startswith("none-met-"))
    return next(named, f"none-met-{task['id']}")


def _conditions(task: Task, found: Mapping[str, Any]) -> Iterator[Json]:
    """The conditions as they are now; what is unchanged in one, and the default ones, as they were sent."""
    kept = {key_of(condition["id"]): condition for condition in found.get("conditions") or ()}
    for condition in task.conditions:
        yield _condition(condition, kept.get(condition.key))
    own = {condition.key for condition in task.conditions}
    defaults = default_ids(found, ())
    yield from (c for key, c in kept.items() if key not in own and c["id"] in defaults)


def _condition(condition: Condition, kept: Json | None) -> Json:
    before = list((kept or {}).get("statements") or ())
    partners = _partners(condition.statements, before)
    return {
        "id": kept["id"] if kept else condition.key,
        "branch_name": condition.name or (kept["branch_name"] if kept else condition.key),
        "logical_operator": "OR" if condition.match is Match.ANY else "AND",
        "statements": [
            _statement(statement, partners.get(place), f"{condition.key}-{place + 1}")
            for place, statement in enumerate(condition.statements)
        ],
    }


def _partners(statements: Sequence[Statement], before: Sequence[Json]) -> dict[int, Json]:
    """The kept statement of each place: the one that says the same, else the one that stood there."""
    left = dict(enumerate(before))
    found: dict[int, Json] = {}
    for place, statement in enumerate(statements):
        same = next((n for n, kept in left.items() if _ours(kept) == statement), None)
        if same is not None:
            found[place] = left.pop(same)
    for place in range(len(statements)):
        if place not in found and place in left:
            found[place] = left.pop(place)
    return found


def _ours(kept: Json) -> Statement:
    """A statement of the vendor's as one of ours."""
    condition = {"id": "c", "branch_name": "", "logical_operator": "AND", "statements": [kept]}
    task = {"id": "t", "name": "t", "task_type": "DECISION", "trigger_mode": "automatic", "conditions": [condition]}
    return translated_task(task, {}, ()).conditions[0].statements[0]


def _statement(statement: Statement, kept: Json | None, id: str) -> Json:
    if kept is not None:
        same = _ours(kept)
        if same == statement:
            return kept
        if same.source == statement.source:
            values = [_text(value) for value in statement.values]
            return {**kept, "operator": statement.operator, "values": values}
    match = _ATTRIBUTE.match(statement.source.strip())
    source = {
        "origin": "trigger",
        "origin_type": "entity" if match else "workflow",
        "attribute": match[1] if match else statement.source,
        "attribute_type": _TYPES.get(statement.type or "", "string"),
    }
    values = [_text(value) for value in statement.values]
    return {"id": kept["id"] if kept else id, "source": source, "operator": statement.operator, "values": values}


_TYPES: Final = {
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "list": "multiselect",
}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


# -- edges ------------------------------------------------------------------------------------------------------------


def _edges(flow: Flow, kept: Mapping[str, Any], names: _Names, tasks: Sequence[Json]) -> Iterator[Json]:
    """Kept edges that still stand, in their order; then those that were drawn since."""
    left = dict.fromkeys(edge for edge in flow.edges if edge.on.value == "success")
    nodes = {TRIGGER, *(task["id"] for task in tasks), *(names.id_of(f"phase:{key}") for key in flow.phases)}
    by_id = {task["id"]: task for task in tasks}
    every = list(kept.get("edges", ()))
    defaults = {id: default_ids(task, every) for id, task in by_id.items() if task["task_type"] == "DECISION"}
    said: set[Edge] = set()
    for edge in every:
        if edge["from_id"] not in nodes or (edge.get("to_id") and edge["to_id"] not in nodes):
            continue
        ours = translated_edge(edge, flow.tasks, flow.phases, defaults.get(edge["from_id"], frozenset()))
        if ours is None or ours in left or ours in said:
            left.pop(ours, None) if ours else None
            said |= {ours} if ours else set()
            yield edge
    for edge in left:
        yield _drawn(edge, names, by_id)


def _drawn(edge: Edge, names: _Names, tasks: Mapping[str, Json]) -> Json:
    source, target = names.id_of(edge.source), names.id_of(edge.target)
    found: Json = {"id": f"edge-{source}-{target}", "from_id": source, "to_id": target}
    if edge.branch == NONE_MET:
        found |= {"id": f"{found['id']}-none", "condition_id": default_id(tasks[source]), "none_met": True}
    elif edge.branch is not None:
        branch = _branch_ids(tasks[source]).get(edge.branch, edge.branch)
        found |= {"id": f"{found['id']}-{branch}", "condition_id": branch}
    return found


__all__ = ["RUN_AUTOMATION", "SETTINGS", "amount_of", "template_of", "version_of"]
