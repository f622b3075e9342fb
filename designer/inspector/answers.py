"""What a form posts, as the edit it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from designer.graph.codec import decode_condition
from designer.graph.conditions import WITHOUT_VALUES
from designer.graph.edits import (
    AddCondition,
    AssignPhase,
    Batch,
    Change,
    ConfigureFlow,
    ConfigureNote,
    ConfigurePhase,
    ConfigureTask,
    Edit,
    FramePhase,
    MoveCondition,
    Reconnect,
    RekeyTask,
    RemoveCondition,
    RenameTask,
    SetCondition,
    free_key,
    take_away,
)
from designer.graph.fields import Field, FieldType
from designer.graph.flow_fields import TRIGGER_TYPES
from designer.graph.kinds import kind_of
from designer.graph.model import (
    NONE_MET,
    TRIGGER,
    Condition,
    Edge,
    Flow,
    Json,
    On,
    Statement,
    Task,
    note_of_ref,
    phase_of_ref,
)
from designer.graph.problems import FlowFileInvalid
from designer.graph.values import Path
from designer.inspector import branches, forms, own_fields
from designer.inspector.controls import text_of
from designer.inspector.frames import frame_of
from designer.inspector.reading import ValueRefused, read_value

PRIMARY: Final = "primary"
"""What a context calls the entity that an instance is about first of all."""
_GONE: Final = "This is not there any more."


def edit_for(flow: Flow, subject: str, path: Sequence[str | int], raw: Json) -> Edit:
    """The edit that sets the field at `path` of `subject` (refs as in `forms.form_for`) to what was typed.

    Raises `ValueRefused` with a reason for people; the edit itself may still be refused when it is applied.
    """
    if not path:
        raise ValueRefused("Name the field that is to be changed.")
    phase = phase_of_ref(subject)
    if subject in ("", TRIGGER):
        return _flow_edit(flow, tuple(path), raw)
    if subject.startswith(forms.EDGE_PREFIX):
        return _edge_edit(flow, subject.removeprefix(forms.EDGE_PREFIX), path, raw)
    if phase is not None:
        return _phase_edit(flow, phase, path, raw)
    note = note_of_ref(subject)
    if note is not None:
        return _note_edit(flow, note, path, raw)
    if subject not in flow.tasks:
        raise ValueRefused(_GONE)
    return _task_edit(flow, flow.tasks[subject], tuple(path), raw)


def _find(fields: Iterable[Field], key: Json) -> Field:
    found = next((field for field in fields if field.key == key), None)
    if found is None:
        raise ValueRefused(f"There is no field {str(key)[:60]!r} here.")
    return found


def _field_at(fields: Sequence[Field], values: Mapping[str, Json], path: Path) -> Field:
    """The field that `path` leads to, through groups."""
    field = _find(fields, path[0]).beside({known.key: values.get(known.key, known.default) for known in fields})
    if len(path) == 1:
        return field
    if field.type is not FieldType.GROUP:
        raise ValueRefused(f"{field.label} holds no fields of its own.")
    inner = values.get(field.key)
    return _field_at(field.fields, inner if isinstance(inner, Mapping) else {}, path[1:])


def _change(path: Path, value: Json) -> Change:
    return take_away(*path) if value is None else Change(path, value)


# -- tasks ------------------------------------------------------------------------------------------------------------


def _task_edit(flow: Flow, task: Task, path: Path, raw: Json) -> Edit:
    if path[0] == "settings":
        return _setting_edit(task, path[1:], raw)
    if path == ("conditions",):
        return _conditions_edit(task, raw)
    if path == ("conditions", "add"):
        return AddCondition(task.key, _new_condition(task))
    field = _find((*forms.task_fields(flow, task), own_fields.JOIN, own_fields.CANCEL_REST), path[0])
    value = read_value(field, raw)
    if field.key == "name":
        return RenameTask(task.key, _required(field, value))
    if field.key == "key":
        return RekeyTask(task.key, _required(field, value))
    if field.key == "phase":
        return AssignPhase({task.key: value})
    return ConfigureTask(task.key, (_change((field.key,), value),))


def _required(field: Field, value: Json) -> Any:
    if value in (None, ""):
        raise ValueRefused(f"{field.label} cannot be empty.")
    return value


def _setting_edit(task: Task, path: Path, raw: Json) -> Edit:
    if not path:
        raise ValueRefused("Name the setting that is to be changed.")
    field = _field_at(kind_of(task).setting_fields, task.settings, path)
    value = read_value(field, raw)
    changes = [_change(("settings", *path), value)]
    if field.type is FieldType.CHOICE:
        changes += _dropped_inputs(task, path, value)
    return ConfigureTask(task.key, tuple(changes))


def _dropped_inputs(task: Task, path: Path, chosen: Json) -> list[Change]:
    """Values of a group that depends on this choice and does not have them any more: inputs of another action."""
    *parents, key = path
    fields: Sequence[Field] = kind_of(task).setting_fields
    values: Any = task.settings
    for step in parents:
        fields, values = _find(fields, step).fields, values.get(step, {}) if isinstance(values, Mapping) else {}
    dropped = []
    for group in (field for field in fields if field.by == key):
        known = {field.key for field in group.variants.get(str(chosen), ())}
        held = values.get(group.key) if isinstance(values, Mapping) else None
        strays = [name for name in held if name not in known] if isinstance(held, Mapping) else []
        if strays and len(strays) == len(held or ()):
            dropped.append(take_away("settings", *parents, group.key))
        else:
            dropped += [take_away("settings", *parents, group.key, name) for name in strays]
    return dropped


# -- branches ---------------------------------------------------------------------------------------------------------


def _new_condition(task: Task) -> Condition:
    number = len(task.conditions) + 1
    key = free_key(f"branch-{number}", {*(condition.key for condition in task.conditions), NONE_MET})
    return Condition(key=key, name=f"Branch {number}", statements=(Statement("", "equals"),))


def _conditions_edit(task: Task, raw: Json) -> Edit:
    """What has to be done so that the branches are those of the form: its rows in their order."""
    if not isinstance(raw, list) or not all(isinstance(row, Mapping) for row in raw):
        raise ValueRefused("Branches: give a list.")
    before = {condition.key: condition for condition in task.conditions}
    wanted = [_read_condition(row, before.get(str(row.get("key")))) for row in raw]
    keys = [condition.key for condition in wanted]
    if len(set(keys)) != len(keys):
        raise ValueRefused("Branches: two have the same key.")
    steps: list[Edit] = [RemoveCondition(task.key, key) for key in before if key not in keys]
    steps += [SetCondition(task.key, c) for c in wanted if c.key in before and c != before[c.key]]
    steps += [AddCondition(task.key, c) for c in wanted if c.key not in before]
    order = [key for key in before if key in keys] + [key for key in keys if key not in before]
    for place, key in enumerate(keys):
        if order[place] != key:
            order.remove(key)
            order.insert(place, key)
            steps.append(MoveCondition(task.key, key, place))
    return steps[0] if len(steps) == 1 else Batch(tuple(steps))


def _read_condition(row: Mapping[str, Json], before: Condition | None) -> Condition:
    statements = row.get("statements", [])
    if not isinstance(statements, list) or not all(isinstance(entry, Mapping) for entry in statements):
        raise ValueRefused("Statements: give a list.")
    held = before.statements if before is not None else ()
    document = {
        "key": row.get("key"),
        "name": row.get("name") or (before.key if before else ""),
        "match": row.get("match", "all"),
        "statements": [_statement_document(entry, held) for entry in statements],
    }
    try:
        return decode_condition(document)
    except FlowFileInvalid as invalid:
        raise ValueRefused(" ".join(problem.message for problem in invalid.problems[:2])) from None


def _statement_document(row: Mapping[str, Json], held: Sequence[Statement]) -> dict[str, Json]:
    operator, declared = row.get("operator") or "equals", row.get("type") or None
    document: dict[str, Json] = {"source": str(row.get("source") or "").strip(), "operator": operator}
    values = row.get("values")
    if isinstance(values, str) and operator not in WITHOUT_VALUES:
        many = branches.takes_many(str(operator), declared if isinstance(declared, str) else None)
        texts = [line.strip() for line in values.splitlines()] if many else [values.strip()]
        document["values"] = [_value_of(text, held) for text in texts if text]
    if declared is not None:
        document["type"] = declared
    # Other rules of comparing cannot be chosen here; they stay with the source they were made for.
    options = next((s.options for s in held if s.options and s.source == document["source"]), None)
    if options:
        document["options"] = dict(options)
    return document


def _value_of(text: str, held: Sequence[Statement]) -> Json:
    """A value as typed; one that stood there before keeps its JSON type."""
    known = (value for statement in held for value in statement.values)
    return next((value for value in known if text_of(branches.VALUE, value) == text), text)


# -- edges, phases, the flow ------------------------------------------------------------------------------------------


def _edge_edit(flow: Flow, edge_id: str, path: Sequence[str | int], raw: Json) -> Edit:
    edge = next((edge for edge in flow.edges if edge.id == edge_id), None)
    if edge is None:
        raise ValueRefused(_GONE)
    if path[0] == "on":
        value = read_value(own_fields.ON, raw) or "success"
        return Reconnect(edge, replace(edge, on=On(value), branch=_branch_for(flow, edge, On(value))))
    if path[0] == "branch":
        return Reconnect(edge, replace(edge, branch=read_value(own_fields.BRANCH, raw)))
    raise ValueRefused(f"There is no field {str(path[0])[:60]!r} here.")


def _branch_for(flow: Flow, edge: Edge, on: On) -> str | None:
    """Error edges have no branch; an edge of a decision that follows success again takes the first free one."""
    task = flow.tasks.get(edge.source)
    if on is On.ERROR or task is None or not task.branches:
        return None
    used = {other.branch for other in flow.outgoing(edge.source)}
    return next((branch for branch in task.branches if branch not in used), task.branches[0])


def _phase_edit(flow: Flow, key: str, path: Sequence[str | int], raw: Json) -> Edit:
    if key not in flow.phases:
        raise ValueRefused(_GONE)
    fields = (own_fields.NAME, own_fields.DESCRIPTION, own_fields.REQUIREMENTS, *own_fields.SIZE_FIELDS)
    field = _find(fields, path[0])
    value = read_value(field, raw)
    if field in own_fields.SIZE_FIELDS:
        frame = frame_of(flow, key)
        sides = {"width": frame.width, "height": frame.height, field.key: _required(field, value)}
        return FramePhase(key, replace(frame, width=sides["width"], height=sides["height"]))
    if field.key == "name":
        value = _required(field, value)
    return ConfigurePhase(key, (_change((field.key,), value),))


def _note_edit(flow: Flow, key: str, path: Sequence[str | int], raw: Json) -> Edit:
    if key not in flow.notes:
        raise ValueRefused(_GONE)
    note, field = flow.notes[key], _find(own_fields.NOTE_FIELDS, path[0])
    value = read_value(field, raw)
    if field.key == "text":
        # As it was typed: an empty note is a note.
        return ConfigureNote(key, (Change(("text",), value or ""),))
    if field.key == "colour":
        return ConfigureNote(key, (_change(("colour",), value),))
    sides = {"width": note.width, "height": note.height, field.key: _required(field, value)}
    return ConfigureNote(key, (Change(("size",), [sides["width"], sides["height"]]),))


def _flow_edit(flow: Flow, path: Path, raw: Json) -> Edit:
    if path[0] == "triggers":
        return _trigger_edit(flow, path[1:], raw)
    if path[0] == "entity_sync":
        return _sync_edit(flow, path[1:], raw)
    values = forms.flow_values(flow)
    field = _field_at((*own_fields.FLOW_FIELDS, own_fields.LIMITS, own_fields.RETENTION), values, path)
    value = read_value(field, raw)
    if field is own_fields.NAME:
        value = _required(field, value)
    return ConfigureFlow((_change(path, value),))


def _trigger_edit(flow: Flow, path: Path, raw: Json) -> Edit:
    """`("add",)` with a type; `(2,)` with nothing takes the third away; `(2, "cron")` sets one of its fields."""
    triggers = [dict(trigger) for trigger in flow.triggers]
    if path == ("add",):
        if raw not in TRIGGER_TYPES:
            raise ValueRefused("Choose what starts it.")
        triggers.append({"type": raw})
        return _with_triggers(triggers)
    if not path or type(path[0]) is not int or not 0 <= path[0] < len(triggers):
        raise ValueRefused(_GONE)
    trigger = triggers[path[0]]
    if len(path) == 1:
        if raw is not None:
            raise ValueRefused("Name the field that is to be changed.")
        del triggers[path[0]]
        return _with_triggers(triggers)
    field = _find(TRIGGER_TYPES[trigger["type"]].fields, path[1])
    value = read_value(field, raw)
    trigger.pop(field.key, None)
    if value is not None:
        trigger[field.key] = value
    return _with_triggers(triggers)


def _with_triggers(triggers: list[dict[str, Json]]) -> Edit:
    return ConfigureFlow((_change(("triggers",), triggers or None),))


def _sync_edit(flow: Flow, path: Path, raw: Json) -> Edit:
    """`("add",)` with a moment; `(2,)` with nothing takes the third rule away; `(2, "set")` sets one of its fields."""
    rules = [dict(rule) for rule in flow.entity_sync]
    if path == ("add",):
        if raw not in {moment.value for moment in forms.sync_moments(flow)}:
            raise ValueRefused("Choose when something is written.")
        return _with_syncs([*rules, {"on": raw, "entity": PRIMARY}])
    if not path or type(path[0]) is not int or not 0 <= path[0] < len(rules):
        raise ValueRefused(_GONE)
    rule = rules[path[0]]
    if len(path) == 1:
        if raw is not None:
            raise ValueRefused("Name the field that is to be changed.")
        del rules[path[0]]
        return _with_syncs(rules)
    field = _find(forms.sync_fields(flow, rule.get("on")), path[1])
    value = read_value(field, raw)
    rule.pop(field.key, None)
    if value is not None:
        rule[field.key] = value
    return _with_syncs(rules)


def _with_syncs(rules: list[dict[str, Json]]) -> Edit:
    return ConfigureFlow((_change(("entity_sync",), rules or None),))
