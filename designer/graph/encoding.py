"""Flow → flow file: keys in a stable order, defaults left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from designer.graph.kinds import KINDS
from designer.graph.model import (
    NOTE_HEIGHT,
    NOTE_WIDTH,
    Condition,
    Edge,
    Flow,
    Join,
    Json,
    Match,
    Note,
    NoteColour,
    On,
    Phase,
    Requirement,
    Statement,
    Task,
    phase_of_ref,
)
from designer.graph.trials import encode_trials
from designer.graph.upgrades import FORMAT

_SETTING_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    kind.key: tuple(field.key for field in kind.fields) for kind in KINDS.values()
}


def encode_flow(flow: Flow) -> dict[str, Json]:
    """The flow file of `flow`: keys in a stable order, defaults left out. `decode_flow` of it is `flow` again."""
    document: dict[str, Json] = {"format": FORMAT, "key": flow.key, "name": flow.name}
    if flow.description:
        document["description"] = flow.description
    if flow.tags:
        document["tags"] = list(flow.tags)
    if flow.timezone != "UTC":
        document["timezone"] = flow.timezone
    if flow.input_schema:
        document["input_schema"] = dict(flow.input_schema)
    document |= encode_graph(flow)
    if flow.notes:
        document["notes"] = [encode_note(note) for note in flow.notes.values()]
    if flow.closing_reasons:
        document["closing_reasons"] = list(flow.closing_reasons)
    if flow.single_closing_reason:
        document["single_closing_reason"] = True
    if flow.triggers:
        document["triggers"] = [dict(trigger) for trigger in flow.triggers]
    for name, values in (("limits", flow.limits), ("retention", flow.retention)):
        if values:
            document[name] = dict(values)
    if flow.entity_sync:
        document["entity_sync"] = [dict(entry) for entry in flow.entity_sync]
    if flow.extensions:
        document["extensions"] = dict(flow.extensions)
    return document | encode_trials(flow.trials)


def encode_graph(flow: Flow) -> dict[str, Json]:
    """Phases, tasks and edges."""
    document: dict[str, Json] = {}
    if flow.phases:
        document["phases"] = [encode_phase(phase) for phase in flow.phases.values()]
    document["tasks"] = [encode_task(task) for task in flow.tasks.values()]
    document["edges"] = [encode_edge(edge) for edge in flow.edges]
    return document


def encode_fragment(flow: Flow) -> dict[str, Json]:
    """What the clipboard holds: the graph, and the notes where there are any (`decode_fragment`)."""
    document = encode_graph(flow)
    if flow.notes:
        document["notes"] = [encode_note(note) for note in flow.notes.values()]
    return document


def encode_phase(phase: Phase) -> dict[str, Json]:
    """A phase as the flow file has it."""
    document: dict[str, Json] = {"key": phase.key, "name": phase.name}
    if phase.description:
        document["description"] = phase.description
    if phase.requirements:
        document["requirements"] = [encode_requirement(requirement) for requirement in phase.requirements]
    if phase.frame is not None:
        document["frame"] = [phase.frame.x, phase.frame.y, phase.frame.width, phase.frame.height]
    return document


def encode_requirement(requirement: Requirement) -> dict[str, Json]:
    """`{"task": KEY}` or `{"phase": KEY}`."""
    phase = phase_of_ref(requirement.node)
    return {"task": requirement.node} if phase is None else {"phase": phase}


def encode_task(task: Task) -> dict[str, Json]:
    """A task as the flow file has it; settings in the order of the kind's fields."""
    document: dict[str, Json] = {"key": task.key, "name": task.name, "kind": task.kind}
    if task.phase is not None:
        document["phase"] = task.phase
    if task.description:
        document["description"] = task.description
    settings: dict[str, Json] = {}
    for name in _SETTING_ORDER[task.kind]:
        if name == "conditions":
            if task.conditions:
                settings[name] = [encode_condition(condition) for condition in task.conditions]
        elif name in task.settings:
            settings[name] = task.settings[name]
    if settings:
        document["settings"] = settings
    if task.join is not Join.ALL:
        document["join"] = task.join.value
    if not task.cancel_rest:
        document["cancel_rest"] = False
    if task.at is not None:
        document["at"] = [task.at.x, task.at.y]
    return document


def encode_condition(condition: Condition) -> dict[str, Json]:
    """A condition as the flow file has it."""
    document: dict[str, Json] = {"key": condition.key}
    if condition.name:
        document["name"] = condition.name
    if condition.match is not Match.ALL:
        document["match"] = condition.match.value
    document["statements"] = [encode_statement(statement) for statement in condition.statements]
    return document


def encode_statement(statement: Statement) -> dict[str, Json]:
    """A statement as the flow file has it."""
    document: dict[str, Json] = {"source": statement.source, "operator": statement.operator}
    if statement.values:
        document["values"] = list(statement.values)
    if statement.type is not None:
        document["type"] = statement.type
    if statement.options:
        document["options"] = dict(statement.options)
    return document


def encode_note(note: Note) -> dict[str, Json]:
    """A note as the flow file has it."""
    document: dict[str, Json] = {"key": note.key, "text": note.text, "at": [note.at.x, note.at.y]}
    if (note.width, note.height) != (NOTE_WIDTH, NOTE_HEIGHT):
        document["size"] = [note.width, note.height]
    if note.colour is not NoteColour.YELLOW:
        document["colour"] = note.colour.value
    return document


def encode_edge(edge: Edge) -> dict[str, Json]:
    """An edge as the flow file has it."""
    document: dict[str, Json] = {"from": edge.source, "to": edge.target}
    if edge.branch is not None:
        document["branch"] = edge.branch
    if edge.on is not On.SUCCESS:
        document["on"] = edge.on.value
    return document
