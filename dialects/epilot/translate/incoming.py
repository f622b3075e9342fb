"""A template as a flow of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any, Final

from designer.graph.model import (
    NONE_MET,
    TRIGGER,
    Condition,
    Edge,
    Flow,
    Match,
    Phase,
    Statement,
    Task,
    phase_ref,
)
from dialects.epilot.checking.rules import NONE_MET as DEFAULT_PREFIX
from dialects.epilot.translate.syncs import merged_syncs, rule_of, schema_of
from dialects.epilot.translate.words import (
    DIALECT,
    attribute_path,
    duration_of,
    key_of,
    name_of,
    template_of,
)

Json = Mapping[str, Any]
RUN_AUTOMATION: Final = "run_automation"
NUMBERS: Final = frozenset({"number", "price"})
DUE_FROM: Final = {"WORKFLOW_STARTED": "start", "TASK_FINISHED": "task", "PHASE_FINISHED": "phase"}


def flow_of(
    template: Json,
    *,
    key: str,
    reasons: Mapping[str, str] | None = None,
    before: Flow | None = None,
    said: Json | None = None,
) -> Flow:
    """The flow that a template describes. `reasons`: titles of closing reasons by id.

    `before`: the flow as it was, and `said`: the template that it was shown as. What is not different from that one
    stays as it is in the flow.
    """
    known = reasons or {}
    fresh = _translated(template, key, known)
    if before is None:
        return fresh
    return merged(fresh, None if said is None else _translated(said, key, known), before)


def merged(fresh: Flow, base: Flow | None, before: Flow) -> Flow:
    """`before` with what `fresh` says differently from `base`."""
    tasks = {
        task.key: _merged_task(task, base.tasks.get(task.key) if base else None, before.tasks.get(task.key))
        for task in fresh.tasks.values()
    }
    phases = {
        phase.key: _merged_fields(phase, base.phases.get(phase.key) if base else None, before.phases.get(phase.key))
        for phase in fresh.phases.values()
    }
    nodes = {*tasks, *(phase_ref(key) for key in phases), TRIGGER}
    said = set(base.edges) if base else set()
    own = [e for e in before.edges if e not in said and e not in fresh.edges and {e.source, e.target} <= nodes]
    own = [e for e in own if e.branch is None or e.branch in tasks[e.source].branches]
    header = _merged_fields(
        replace(fresh, tasks={}, phases={}, edges=()),
        replace(base, tasks={}, phases={}, edges=()) if base else None,
        replace(before, tasks={}, phases={}, edges=()),
    )
    syncs = merged_syncs(fresh.entity_sync, (base or before).entity_sync, before.entity_sync)
    flow: Flow = replace(header, tasks=tasks, phases=phases, edges=(*fresh.edges, *own), entity_sync=syncs)
    return replace(flow, extensions={**before.extensions, **fresh.extensions})


def _merged_fields(fresh: Any, base: Any, before: Any) -> Any:
    """Field by field: what `fresh` says differently from `base`, else what `before` has."""
    if before is None:
        return fresh
    if base is None:
        base = before
    changed = {
        field.name: getattr(fresh, field.name)
        for field in fields_of(fresh)
        if getattr(fresh, field.name) != getattr(base, field.name)
    }
    return replace(before, **changed)


def _merged_task(fresh: Task, base: Task | None, before: Task | None) -> Task:
    if before is None:
        return fresh
    if base is None:
        return replace(fresh, at=before.at)
    if fresh.kind != base.kind:
        return replace(fresh, at=before.at)
    settings = dict(before.settings)
    for name in {*fresh.settings, *base.settings}:
        if fresh.settings.get(name) != base.settings.get(name):
            settings.pop(name, None)
            if name in fresh.settings:
                settings[name] = fresh.settings[name]
    task: Task = _merged_fields(fresh, base, before)
    return replace(task, settings=settings)


# -- translating ------------------------------------------------------------------------------------------------------


def _translated(template: Json, key: str, reasons: Mapping[str, str]) -> Flow:
    phases = {phase.key: phase for phase in map(_phase, template.get("phases", ()))}
    edges = list(template.get("edges", ()))
    is_linear = bool(template.get("linear"))
    tasks = [translated_task(task, phases, edges, is_linear=is_linear) for task in template.get("tasks", ())]
    by_key = {task.key: task for task in tasks}
    titles = [reasons[r["id"]] for r in template.get("closing_reasons", ()) if r["id"] in reasons]
    return Flow(
        key=key,
        name=name_of(template["name"]),
        description=template.get("description", "") or "",
        phases=phases,
        tasks=by_key,
        edges=tuple(dict.fromkeys(_edges(edges, template.get("tasks", ()), by_key, phases))),
        closing_reasons=tuple(dict.fromkeys(titles)),
        single_closing_reason=bool(template.get("singleClosingReasonSelection")),
        triggers=({"type": "manual"}, {"type": "api"}),
        entity_sync=tuple(
            rule for sync in template.get("entity_sync", ()) if (rule := rule_of(sync, schema_of(template))) is not None
        ),
        extensions={DIALECT: {"template": dict(template)}},
    )


def _phase(phase: Json) -> Phase:
    return Phase(key=key_of(phase["id"]), name=name_of(phase["name"]))


def translated_task(task: Json, phases: Mapping[str, Phase], edges: Iterable[Json], *, is_linear: bool = False) -> Task:
    """One task of a template."""
    kind = KINDS_OF[task["task_type"]]
    phase = key_of(task["phase_id"]) if task.get("phase_id") else None
    settings: dict[str, Any] = {}
    if task.get("requirements") and not is_linear:
        settings["requirements"] = [
            _requirement(r) for r in task["requirements"] if r.get("task_id") or r.get("phase_id")
        ]
    conditions: tuple[Condition, ...] = ()
    match task["task_type"]:
        case "MANUAL":
            settings |= _manual(task)
        case "AUTOMATION":
            settings |= _automation(task)
        case "AI_AGENT":
            settings |= _agent(task)
        case "DECISION":
            mine = [edge for edge in edges if edge["from_id"] == task["id"]]
            defaults = default_ids(task, mine)
            conditions = tuple(_condition(c) for c in task["conditions"] if c["id"] not in defaults)
            settings |= _decision(task, defaults)
    return Task(
        key=key_of(task["id"]),
        name=name_of(task["name"]),
        kind=kind,
        phase=phase if phase in phases else None,
        settings=settings,
        conditions=conditions,
        description=(task.get("description") or {}).get("value", "") or "",
    )


KINDS_OF: Final = {"MANUAL": "manual", "DECISION": "decision", "AUTOMATION": "automation", "AI_AGENT": "ai_agent"}
_NO_RETRY: Final[dict[str, Any]] = {"retries": {"limit": 0}, "on_failure": "wait"}


def _manual(task: Json) -> Iterator[tuple[str, Any]]:
    assigned = [a if isinstance(a, str) else template_of(a["variable"]) for a in task.get("assigned_to", ())]
    if assigned:
        yield "assigned_to", [name[:300] for name in assigned[:100]]
    due = due_of(task)
    if due:
        yield "due", due


def due_of(task: Json) -> dict[str, Any]:
    """A due date in our words, as far as we have any."""
    config = task.get("due_date_config")
    if task.get("due_date"):
        return {"at": task["due_date"]}
    if not config or config["type"] not in DUE_FROM:
        return {}
    start = DUE_FROM[config["type"]]
    if start == "task":
        start = f"task:{key_of(config['task_id'])}" if config.get("task_id") else ""
    elif start == "phase":
        start = f"phase:{key_of(config['phase_id'])}" if config.get("phase_id") else ""
    return {"for": duration_of(config), **({"from": start} if start != "start" else {})} if start else {}


def _automation(task: Json) -> Iterator[tuple[str, Any]]:
    config = task.get("automation_config") or {}
    inputs = {"automation": config["flow_id"]} if config.get("flow_id") else {}
    context = config.get("input_context") or {}
    if context.get("source") == "task" and context.get("task_id"):
        inputs["entity"] = f"{{{{ steps.{key_of(context['task_id'])}.output.entity_id }}}}"
    yield "action", RUN_AUTOMATION
    yield "inputs", inputs
    yield from _NO_RETRY.items()
    yield from _start(task)


def _agent(task: Json) -> Iterator[tuple[str, Any]]:
    """`agent_id` is the short name of a connection. It is asked what `parameters.prompt` says; without one, to do the
    task, told all there is.
    """
    config = task.get("agent_config") or {}
    parameters = config.get("parameters")
    prompt = parameters.get("prompt") if isinstance(parameters, Mapping) else None
    if config.get("agent_id"):
        yield "agent", str(config["agent_id"])[:200]
    yield "prompt", prompt if isinstance(prompt, str) and prompt.strip() else prompt_for(task)
    yield from _NO_RETRY.items()


def prompt_for(task: Json) -> str:
    """What an agent is asked that came without a prompt."""
    name = str(task["name"]).replace("{", "").replace("}", "")
    return f"Do this task: {name}\nIt is about: {{{{ context.primary | json }}}}"


def _start(task: Json) -> Iterator[tuple[str, Any]]:
    if task.get("trigger_mode") == "manual":
        yield "start", "manual"
    schedule = schedule_of(task.get("schedule"))
    if schedule and task.get("trigger_mode") != "manual":
        yield "schedule", schedule


def schedule_of(schedule: Json | None) -> dict[str, Any]:
    """A schedule in our words; empty for at once."""
    if not schedule or schedule.get("mode") not in ("delayed", "relative"):
        return {}
    found = {"mode": schedule["mode"], "duration": duration_of(schedule)}
    if schedule["mode"] == "delayed":
        return found
    reference = schedule["reference"]
    match reference["origin"]:
        case "flow_started":
            moment = "start"
        case "task_completed":
            moment = f"task:{key_of(reference['id'])}"
        case "trigger_entity_attribute":
            moment = f"{{{{ {attribute_path(reference.get('attribute', ''))} }}}}"
        case _:  # when all tasks before it are completed: that is when its turn comes
            moment = "{{ now }}"
    return {**found, "direction": schedule["direction"], "reference": moment}


def _requirement(requirement: Json) -> dict[str, str]:
    if requirement.get("task_id"):
        return {"task": key_of(requirement["task_id"])}
    return {"phase": key_of(requirement["phase_id"])}


def default_ids(task: Json, edges: Iterable[Json]) -> frozenset[str]:
    """The conditions of a decision that stand for our `none_met`.

    A loop that has no default leaves by its exit branch when no condition is met; then that one is the default.
    """
    named = [str(condition["id"]) for condition in task.get("conditions") or ()]
    mine = [edge for edge in edges if edge["from_id"] == task["id"]]
    found = {id for id in named if id.startswith(DEFAULT_PREFIX)}
    found |= {edge["condition_id"] for edge in mine if edge.get("none_met") and edge.get("condition_id")}
    has_default = bool(found) or any(edge.get("none_met") for edge in mine)
    if task.get("loop_config") and not has_default:
        found.add(task["loop_config"]["exit_branch_id"])
    return frozenset(found)


def _decision(task: Json, defaults: frozenset[str]) -> Iterator[tuple[str, Any]]:
    if task.get("allow_parallel_execution") is False:
        yield "parallel", False
    yield from _start(task)
    if task.get("trigger_mode") != "manual":
        yield "on_failure", "wait"
    loop = task.get("loop_config")
    if loop:
        yield (
            "loop",
            {
                "branch": branch_of(loop["loop_branch_id"], defaults),
                "exit": branch_of(loop["exit_branch_id"], defaults),
                "max_iterations": loop["max_iterations"] + 1,  # it counts how often the flow goes back, we the rounds
            },
        )


def branch_of(condition_id: str, defaults: frozenset[str]) -> str:
    """The branch of ours that a condition names; a default condition is our `none_met`."""
    return NONE_MET if condition_id in defaults else key_of(condition_id)


def _condition(condition: Json) -> Condition:
    return Condition(
        key=key_of(condition["id"]),
        name=name_of(condition["branch_name"]) if condition["branch_name"].strip() else "",
        match=Match.ANY if condition["logical_operator"] == "OR" else Match.ALL,
        statements=tuple(_statement(s) for s in condition.get("statements") or ()),
    )


def _statement(statement: Json) -> Statement:
    source = statement["source"]
    names = [name for name in source.get("attributes", ()) if name] or [source.get("attribute", "")]
    sub_field = source.get("attribute_sub_field", "") if len(names) == 1 else ""
    options: dict[str, Any] = {"rules": "attribute", "type": source.get("attribute_type", "")}
    if len(names) > 1:
        options["sources"] = [attribute_path(name) for name in names[1:]]
        options["match"] = source.get("attributes_match", "any")
    elif source.get("date_offset"):
        options["offset"] = dict(source["date_offset"])
    if statement.get("value_type") == "relative_date":
        options["relative"] = True
    return Statement(
        source=attribute_path(names[0], sub_field),
        operator=statement["operator"],
        values=tuple(statement["values"]),
        options=options,
    )


def _edges(
    edges: Iterable[Json], tasks: Iterable[Json], by_key: Mapping[str, Task], phases: Mapping[str, Phase]
) -> Iterator[Edge]:
    every = list(edges)
    defaults = {t["id"]: default_ids(t, every) for t in tasks if t["task_type"] == "DECISION"}
    for edge in every:
        found = translated_edge(edge, by_key, phases, defaults.get(edge["from_id"], frozenset()))
        if found is not None:
            yield found


def translated_edge(
    edge: Json, tasks: Mapping[str, Task], phases: Mapping[str, Phase], defaults: frozenset[str]
) -> Edge | None:
    """An edge of ours; None for an open end, and for one from a phase to a task inside it: its tasks begin anyway."""
    if not edge.get("to_id"):
        return None
    source, target = (_ref(edge[end], tasks, phases) for end in ("from_id", "to_id"))
    if source is None or target is None or source == target:
        return None
    inside = tasks[target].phase if target in tasks else None
    if inside is not None and source == phase_ref(inside):
        return None
    task = tasks.get(source)
    branch = None
    if task is not None and task.kind == "decision":
        condition = edge.get("condition_id")
        branch = branch_of(condition, defaults) if condition else NONE_MET if edge.get("none_met") else None
    return Edge(source, target, branch)


def _ref(id: str, tasks: Mapping[str, Task], phases: Mapping[str, Phase]) -> str | None:
    key = key_of(id) if id != TRIGGER else TRIGGER
    if key == TRIGGER or key in tasks:
        return key
    return phase_ref(key) if key in phases else None
