"""What executions write to entities, as rules of our flow and back: pure.

A rule of ours sets attributes of an entity that the context names, at a moment; one of the vendor's sets one attribute
of every context entity of a schema, at an event. Both sides say: a text, or the name of the flow, written when the flow
starts, completes or is closed, or when a task or a phase is done. What only one side can say stays with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from designer.graph.model import phase_of_ref, phase_ref
from dialects.epilot.translate.words import key_of

Json = Mapping[str, Any]
PRIMARY: Final = "primary"
FLOW_NAME: Final = "{{ flow.name }}"
TASK: Final = "task:"
LONGEST: Final = 10_000
MOMENTS: Final = {"FlowStarted": "started", "FlowCompleted": "completed", "FlowCancelled": "closed"}
EVENTS: Final = {moment: event for event, moment in MOMENTS.items()}
STATUSES: Final = {
    ("FlowStarted", "workflow_status"): "STARTED",
    ("FlowCompleted", "workflow_status"): "DONE",
    ("FlowCancelled", "workflow_status"): "CLOSED",
    ("TaskCompleted", "task_status"): "COMPLETED",
    ("PhaseCompleted", "phase_status"): "COMPLETED",
}
"""What a status is at the event that is about it."""


def schema_of(template: Json) -> str:
    """The schema of the entity that a template's executions are about first of all; empty where it says none."""
    return str((template.get("trigger") or {}).get("entity_schema") or "")


def rule_of(sync: Json, primary_schema: str) -> dict[str, Any] | None:
    """A rule of ours that sets one attribute; None where we have no words for this one."""
    on, value = _moment(sync["trigger"]), _value(sync)
    if on is None or value is None:
        return None
    schema = str(sync["target"]["entitySchema"])
    entity = PRIMARY if schema == primary_schema else schema
    return {"on": on, "entity": entity, "set": {str(sync["target"]["entityAttribute"]): value}}


def _moment(trigger: Json) -> str | None:
    event, filter = trigger["event"], trigger.get("filter") or {}
    task, phase = filter.get("task_template_id"), filter.get("phase_template_id")
    if event == "TaskCompleted" and task:
        return f"{TASK}{key_of(task)}"
    if event == "PhaseCompleted" and phase:
        return phase_ref(key_of(phase))
    return None if task or phase else MOMENTS.get(event)


def _value(sync: Json) -> str | None:
    source = sync["value"]["source"]
    if source == "workflow_name":
        return FLOW_NAME
    text = (
        sync["value"].get("value", "") if source == "custom_value" else STATUSES.get((sync["trigger"]["event"], source))
    )
    return text if isinstance(text, str) and not _is_template(text) else None


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def single(rules: Iterable[Json]) -> Iterator[dict[str, Any]]:
    """Rules of ours that set one attribute each."""
    for rule in rules:
        values = rule.get("set")
        for name, value in values.items() if isinstance(values, Mapping) else ():
            yield {"on": rule.get("on"), "entity": rule.get("entity"), "set": {name: value}}


def sync_of(rule: Json, primary_schema: str, id_of: Callable[[str], str]) -> dict[str, Any] | None:
    """The vendor's rule for one of ours that sets one attribute; None where it has no words for it. `id_of`: the
    vendor's id of a node.
    """
    on, entity = str(rule.get("on")), str(rule.get("entity") or "")
    trigger: dict[str, Any] = {"event": EVENTS.get(on)}
    if on.startswith(TASK):
        trigger = {"event": "TaskCompleted", "filter": {"task_template_id": id_of(on.removeprefix(TASK))}}
    elif phase_of_ref(on) is not None:
        trigger = {"event": "PhaseCompleted", "filter": {"phase_template_id": id_of(on)}}
    ((attribute, value),) = rule["set"].items()
    schema = primary_schema if entity == PRIMARY else entity
    if trigger["event"] is None or not schema or not isinstance(value, str):
        return None
    said: dict[str, Any] = (
        {"source": "workflow_name"} if value == FLOW_NAME else {"source": "custom_value", "value": value}
    )
    if value != FLOW_NAME and (_is_template(value) or len(value) > LONGEST):
        return None
    return {"trigger": trigger, "value": said, "target": {"entitySchema": schema, "entityAttribute": attribute}}


def syncs_of(
    rules: Iterable[Json], kept: Iterable[Json], primary_schema: str, id_of: Callable[[str], str]
) -> list[dict[str, Any]]:
    """The vendor's rules of a flow: those kept that we have no words for or that still stand, then new ones."""
    left = list(single(rules))
    found: list[dict[str, Any]] = []
    for sync in kept:
        ours = rule_of(sync, primary_schema)
        if ours is None or ours in left:
            found.append(dict(sync))
        if ours in left:
            left.remove(ours)
    found += [new for rule in left if (new := sync_of(rule, primary_schema, id_of)) is not None]
    return found


def merged_syncs(fresh: Iterable[Json], base: Iterable[Json], before: Iterable[Json]) -> tuple[Json, ...]:
    """The rules of a flow whose template says `fresh` where it said `base`: with what only the flow can say."""
    said, wanted = list(base), list(fresh)
    if wanted == said:
        return tuple(before)
    return (*wanted, *(rule for rule in single(before) if rule not in said))
