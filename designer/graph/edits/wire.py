"""Edits ⇄ JSON: `{"edit": "move_tasks", "to": {"a": [80, 160]}}`.

The names of edits and of their fields are part of what a draft's history stores: add, never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from designer.graph.codec import (
    decode_condition,
    decode_edge,
    decode_flow,
    decode_fragment,
    decode_note,
    decode_phase,
    decode_task,
    encode_condition,
    encode_edge,
    encode_flow,
    encode_fragment,
    encode_note,
    encode_phase,
    encode_task,
)
from designer.graph.edits.base import Edit
from designer.graph.edits.changes import Change
from designer.graph.edits.conditions import AddCondition, MoveCondition, RemoveCondition, SetCondition
from designer.graph.edits.edges import Connect, InsertOnEdge, MoveEdgeBack, Reconnect
from designer.graph.edits.flow import ConfigureFlow, ReplaceFlow, TidyUp
from designer.graph.edits.membership import AssignPhase
from designer.graph.edits.notes import AddNote, ConfigureNote, MoveNotes, RemoveNotes
from designer.graph.edits.pasting import Paste
from designer.graph.edits.phases import AddPhase, ConfigurePhase, FramePhase
from designer.graph.edits.rekeying import RekeyTask, TextAt
from designer.graph.edits.removing import Disconnect, PutBack, RemovePhase, RemoveTasks, RequirementPlace
from designer.graph.edits.tasks import AddTask, ConfigureTask, MoveTasks, RenameTask, ReplaceKind
from designer.graph.edits.together import Batch
from designer.graph.loading import DEEPEST, refuse_unclean
from designer.graph.model import Frame, Json, Position
from designer.graph.problems import FlowFileInvalid, PathProblem
from designer.graph.suggestions import did_you_mean, listed, quoted

MOST_EDITS: Final = 10_000
"""The most edits in a batch, and entries in a list of an edit."""

Encode = Callable[[Any], Json]
Decode = Callable[[Json, str], Any]


def edit_to_json(edit: Edit) -> dict[str, Json]:
    """The edit as JSON. Fields that have their default are left out."""
    name = _NAMES[type(edit)]
    shapes = _SHAPES[name][1]
    document: dict[str, Json] = {"edit": name}
    for known in fields(_SHAPES[name][0]):
        value = getattr(edit, known.name)
        if not _is_default(known, value):
            document[known.name] = shapes[known.name][0](value)
    return document


def edit_from_json(document: Json) -> Edit:
    """The edit that a JSON document describes. Raises `FlowFileInvalid` with the path of each problem."""
    refuse_unclean(document, deepest=DEEPEST + 32)  # a whole flow may stand within batches
    return _edit(document, "")


def _is_default(known: Any, value: Any) -> bool:
    if known.default is not MISSING:
        return bool(value == known.default)
    return known.default_factory is not MISSING and bool(value == known.default_factory())


def _edit(document: Json, path: str) -> Edit:
    if not isinstance(document, Mapping):
        raise _problem(path, "An edit is an object.")
    name = document.get("edit")
    if not isinstance(name, str) or name not in _SHAPES:
        hint = did_you_mean(name, _SHAPES) if isinstance(name, str) else ""
        raise _problem(_at(path, "edit"), f"There is no edit {quoted(name)}.{hint}")
    kind, shapes = _SHAPES[name]
    unknown = next((key for key in document if key != "edit" and key not in shapes), None)
    if unknown is not None:
        hint = did_you_mean(unknown, shapes) or f" Known here: {listed(shapes, last='and')}."
        raise _problem(_at(path, unknown), f"Unknown key {quoted(unknown)}.{hint}")
    values = {}
    for known in fields(kind):
        if known.name in document:
            values[known.name] = shapes[known.name][1](document[known.name], _at(path, known.name))
        elif known.default is MISSING and known.default_factory is MISSING:
            raise _problem(_at(path, known.name), f"{quoted(known.name)} is required.")
    made: Edit = kind(**values)
    return made


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _problem(path: str, message: str) -> FlowFileInvalid:
    return FlowFileInvalid([PathProblem(path, message)])


# -- shapes of fields -------------------------------------------------------------------------------------------------


def _same(value: Any) -> Json:
    return value


def _text(raw: Json, path: str) -> str:
    if not isinstance(raw, str):
        raise _problem(path, "Give a text.")
    return raw


def _whole(raw: Json, path: str) -> int:
    if type(raw) is not int or not -1_000_000 <= raw <= 1_000_000:
        raise _problem(path, "Give a whole number.")
    return raw


def _object(raw: Json, path: str) -> Mapping[str, Json]:
    if not isinstance(raw, Mapping):
        raise _problem(path, "Give an object.")
    return raw


def _path(raw: Json, path: str) -> tuple[str | int, ...]:
    if not isinstance(raw, (list, tuple)) or not all(type(step) in (str, int) for step in raw) or len(raw) > 64:
        raise _problem(path, "A path is a list of keys and positions.")
    return tuple(raw)


Shape = tuple[Encode, Decode]


def _maybe(shape: Shape) -> Shape:
    encode, decode = shape
    return (
        lambda value: None if value is None else encode(value),
        lambda raw, path: None if raw is None else decode(raw, path),
    )


def _list(shape: Shape) -> Shape:
    encode, decode = shape

    def decode_list(raw: Json, path: str) -> tuple[Any, ...]:
        if not isinstance(raw, (list, tuple)) or len(raw) > MOST_EDITS:
            raise _problem(path, f"Give a list of at most {MOST_EDITS:,} entries.")
        return tuple(decode(entry, f"{path}[{number}]") for number, entry in enumerate(raw))

    return lambda values: [encode(value) for value in values], decode_list


def _map(shape: Shape) -> Shape:
    encode, decode = shape
    return (
        lambda values: {key: encode(value) for key, value in values.items()},
        lambda raw, path: {key: decode(value, _at(path, key)) for key, value in _object(raw, path).items()},
    )


def _tuple(*shapes: Shape) -> Shape:
    def decode(raw: Json, path: str) -> tuple[Any, ...]:
        if not isinstance(raw, (list, tuple)) or len(raw) != len(shapes):
            raise _problem(path, f"Give a list of {len(shapes)} entries.")
        return tuple(shape[1](entry, f"{path}[{n}]") for n, (shape, entry) in enumerate(zip(shapes, raw, strict=True)))

    return lambda values: [shape[0](value) for shape, value in zip(shapes, values, strict=True)], decode


def _record(kind: type, **shapes: Shape) -> Shape:
    """A small dataclass as an object."""

    def encode(value: Any) -> Json:
        return {name: shape[0](getattr(value, name)) for name, shape in shapes.items()}

    def decode(raw: Json, path: str) -> Any:
        document = _object(raw, path)
        if set(document) != set(shapes):
            raise _problem(path, f"Give {listed(shapes, last='and')}.")
        return kind(**{name: shape[1](document[name], _at(path, name)) for name, shape in shapes.items()})

    return encode, decode


def _encode_change(change: Change) -> Json:
    return {"path": list(change.path), "value": change.value} if change.is_set else {"path": list(change.path)}


def _decode_change(raw: Json, path: str) -> Change:
    document = _object(raw, path)
    if not {"path"} <= set(document) <= {"path", "value"}:
        raise _problem(path, "A change has a path, and a value unless it takes the value away.")
    steps = _path(document["path"], _at(path, "path"))
    return Change(steps, document.get("value"), is_set="value" in document)


def _decode_flow(raw: Json, path: str) -> Any:
    return _below(path, decode_flow, raw)


def _decode_fragment(raw: Json, path: str) -> Any:
    return _below(path, decode_fragment, raw)


def _below(path: str, decode: Callable[[Json], Any], raw: Json) -> Any:
    try:
        return decode(raw)
    except FlowFileInvalid as invalid:
        raise FlowFileInvalid(PathProblem(_at(path, p.path), p.message) for p in invalid.problems) from None


TEXT: Final[Shape] = (_same, _text)
WHOLE: Final[Shape] = (_same, _whole)
TASK: Final[Shape] = (encode_task, decode_task)
PHASE: Final[Shape] = (encode_phase, decode_phase)
NOTE: Final[Shape] = (encode_note, decode_note)
EDGE: Final[Shape] = (encode_edge, decode_edge)
CONDITION: Final[Shape] = (encode_condition, decode_condition)
CHANGES: Final = _list((_encode_change, _decode_change))
SETTINGS: Final[Shape] = (dict, _object)
INDEX: Final = _maybe(WHOLE)
PATH: Final[Shape] = (list, _path)


def _position(raw: Json, path: str) -> Position:
    return Position(*_tuple(WHOLE, WHOLE)[1](raw, path))


def _frame(raw: Json, path: str) -> Frame:
    frame = Frame(*_tuple(WHOLE, WHOLE, WHOLE, WHOLE)[1](raw, path))
    if min(frame.width, frame.height) < 0:
        raise _problem(path, "Width and height cannot be negative.")
    return frame


POSITION: Final[Shape] = (lambda at: [at.x, at.y], _position)
POSITIONS: Final = _map(_maybe(POSITION))
FRAME: Final = _maybe((lambda frame: [frame.x, frame.y, frame.width, frame.height], _frame))

_SHAPES: Final[Mapping[str, tuple[type[Any], Mapping[str, Shape]]]] = {
    "add_task": (AddTask, {"task": TASK, "index": INDEX}),
    "move_tasks": (MoveTasks, {"to": POSITIONS}),
    "remove_tasks": (RemoveTasks, {"tasks": _list(TEXT)}),
    "rename_task": (RenameTask, {"task": TEXT, "name": TEXT}),
    "rekey_task": (
        RekeyTask,
        {
            "task": TEXT,
            "to": TEXT,
            "exact": _list(_record(TextAt, owner=TEXT, path=PATH, was=TEXT, now=TEXT)),
        },
    ),
    "configure_task": (ConfigureTask, {"task": TEXT, "changes": CHANGES}),
    "replace_kind": (ReplaceKind, {"task": TEXT, "kind": TEXT, "settings": _maybe(SETTINGS)}),
    "assign_phase": (AssignPhase, {"to": _map(_maybe(TEXT))}),
    "connect": (Connect, {"edge": EDGE}),
    "disconnect": (Disconnect, {"edges": _list(EDGE)}),
    "reconnect": (Reconnect, {"edge": EDGE, "to": EDGE}),
    "move_edge_back": (MoveEdgeBack, {"edge": EDGE, "to": EDGE}),
    "insert_on_edge": (InsertOnEdge, {"edge": EDGE, "task": TASK}),
    "add_phase": (AddPhase, {"phase": PHASE, "tasks": _list(TEXT), "index": INDEX}),
    "configure_phase": (ConfigurePhase, {"phase": TEXT, "changes": CHANGES}),
    "frame_phase": (FramePhase, {"phase": TEXT, "frame": FRAME, "tasks": POSITIONS}),
    "remove_phase": (RemovePhase, {"phase": TEXT}),
    "add_condition": (AddCondition, {"task": TEXT, "condition": CONDITION, "index": INDEX}),
    "set_condition": (SetCondition, {"task": TEXT, "condition": CONDITION}),
    "remove_condition": (RemoveCondition, {"task": TEXT, "key": TEXT}),
    "move_condition": (MoveCondition, {"task": TEXT, "key": TEXT, "index": WHOLE}),
    "add_note": (AddNote, {"note": NOTE, "index": INDEX}),
    "configure_note": (ConfigureNote, {"note": TEXT, "changes": CHANGES}),
    "move_notes": (MoveNotes, {"to": _map(POSITION)}),
    "remove_notes": (RemoveNotes, {"notes": _list(TEXT)}),
    "configure_flow": (ConfigureFlow, {"changes": CHANGES}),
    "replace_flow": (ReplaceFlow, {"flow": (encode_flow, _decode_flow)}),
    "tidy_up": (TidyUp, {"tasks": POSITIONS, "frames": _map(FRAME)}),
    "paste": (
        Paste,
        {"fragment": (encode_fragment, _decode_fragment), "dx": WHOLE, "dy": WHOLE, "phase": _maybe(TEXT)},
    ),
    "put_back": (
        PutBack,
        {
            "tasks": _list(_tuple(WHOLE, TASK)),
            "phases": _list(_tuple(WHOLE, PHASE)),
            "edges": _list(_tuple(WHOLE, EDGE)),
            "members": _map(TEXT),
            "requirements": _list(_record(RequirementPlace, owner=TEXT, index=WHOLE, node=TEXT)),
        },
    ),
    "batch": (Batch, {"edits": _list((edit_to_json, _edit))}),
}
_NAMES: Final = {kind: name for name, (kind, _) in _SHAPES.items()}

EDIT_NAMES: Final = tuple(_SHAPES)
"""Every edit by the name it has in JSON."""
