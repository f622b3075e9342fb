"""What is different between two flows: nodes and edges that came, went, changed or moved, and each field in words."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from designer.graph.codec import encode_condition, encode_flow, encode_note, encode_phase, encode_task
from designer.graph.conditions import OPERATOR_WORDS
from designer.graph.fields import Field
from designer.graph.flow_fields import LIMIT_FIELDS, RETENTION_FIELDS
from designer.graph.kinds import KINDS
from designer.graph.mentions import ASSIGNEE, mention
from designer.graph.model import (
    Condition,
    Edge,
    Flow,
    Json,
    Match,
    Task,
    note_of_ref,
    note_ref,
    phase_of_ref,
    phase_ref,
)
from designer.graph.problems import path_text
from designer.graph.suggestions import quoted
from designer.graph.values import TASK_PREFIX, Path


class Mark(StrEnum):
    """What became of a node or an edge."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; None stands for "not set". `label` is its name in words, `path` its place in the node."""

    path: str
    label: str
    before: Json
    after: Json
    names: tuple[str, str] = ("", "")
    """What the two values are called where they are choices, else empty."""

    @property
    def sentence(self) -> str:
        """`Repeats: 4 → 6`, `Kind: Delay → Junction`, `Time limit set to "30 seconds"`, `Filter taken away (was …)`."""
        before, after = _worded_apart(self.before, self.after)
        before, after = self.names[0] or before, self.names[1] or after
        if self.before is None:
            return f"{self.label} set to {after}"
        if self.after is None:
            return f"{self.label} taken away (was {before})"
        return f"{self.label}: {before} → {after}"


@dataclass(frozen=True, slots=True)
class FlowDiff:
    """Nodes by reference, in the order of the newer flow, then those that went; `flow`: changes of the flow itself."""

    nodes: Mapping[str, Mark] = field(default_factory=dict)
    edges: Mapping[Edge, Mark] = field(default_factory=dict)
    fields: Mapping[str, tuple[FieldChange, ...]] = field(default_factory=dict)
    """Field changes by node reference, of nodes that are in both flows."""
    flow: tuple[FieldChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs, positions included."""
        return not (self.nodes or self.edges or self.flow)

    def of(self, mark: Mark) -> tuple[str, ...]:
        """The nodes with this mark."""
        return tuple(ref for ref, found in self.nodes.items() if found is mark)

    def edges_of(self, mark: Mark) -> tuple[Edge, ...]:
        """The edges with this mark: added or removed."""
        return tuple(edge for edge, found in self.edges.items() if found is mark)


def diff_flows(old: Flow, new: Flow) -> FlowDiff:
    """What has to be told to someone who knows `old` and sees `new`. Nodes are the same when their keys are."""
    marks: dict[str, Mark] = {}
    changes: dict[str, tuple[FieldChange, ...]] = {}
    for ref, before, after, labels in _pairs(old, new):
        if before is None or after is None:
            marks[ref] = Mark.ADDED if before is None else Mark.REMOVED
            continue
        found = tuple(_field_changes(_still(before), _still(after), labels))
        if found:
            marks[ref] = Mark.CHANGED
            changes[ref] = found
        elif before != after and _has_place(before):
            marks[ref] = Mark.MOVED
    had, has = set(old.edges), set(new.edges)
    edges = {edge: Mark.ADDED for edge in new.edges if edge not in had}
    edges |= {edge: Mark.REMOVED for edge in old.edges if edge not in has}
    return FlowDiff(marks, edges, changes, tuple(_field_changes(_header(old), _header(new), _FLOW_LABELS)))


Labels = Mapping[Path, str]
"""Names of fields by their paths; of a choice's values, by its path and the value."""


def _pairs(old: Flow, new: Flow) -> Iterator[tuple[str, Mapping[str, Json] | None, Mapping[str, Json] | None, Labels]]:
    """Every node of either flow: its reference, its document before and after, and the names of its fields."""
    beside: dict[Path, str] = {named: said for flow in (old, new) for named, said in flow.called.items()}
    called = beside | _called(old) | _called(new)
    for key in dict.fromkeys([*new.phases, *old.phases]):
        one, other = old.phases.get(key), new.phases.get(key)
        framed = [encode_phase(phase) if phase is not None else None for phase in (one, other)]
        yield phase_ref(key), framed[0], framed[1], ChainMap(called, _PHASE_LABELS)
    for key in dict.fromkeys([*new.tasks, *old.tasks]):
        before, after = old.tasks.get(key), new.tasks.get(key)
        kind = (after or before or new.tasks[key]).kind
        if before is after and before is not None:
            continue
        documents = [encode_task(task) if task is not None else None for task in (before, after)]
        branches = {**_branch_labels(after), **_branch_labels(before)}
        yield key, documents[0], documents[1], ChainMap(branches, called, _TASK_LABELS[kind])
    for key in dict.fromkeys([*new.notes, *old.notes]):
        noted = [encode_note(flow.notes[key]) if key in flow.notes else None for flow in (old, new)]
        yield note_ref(key), noted[0], noted[1], _NOTE_LABELS


def _called(flow: Flow) -> dict[Path, str]:
    """Tasks and phases by their names, where a field says which."""
    phases = {key: phase.name or key for key, phase in flow.phases.items()}
    named: dict[Path, str] = {("phase", key): name for key, name in phases.items()}
    named |= {(phase_ref(key),): name for key, name in phases.items()}
    return named | {(f"{TASK_PREFIX}{key}",): task.name or key for key, task in flow.tasks.items()}


def _branch_labels(task: Task | None) -> Labels:
    """Branches by their names, as on the canvas."""
    named: dict[Path, str] = {}
    for condition in task.conditions if task is not None else ():
        here = ("settings", "conditions", condition.key)
        named |= {here: condition.name or condition.key, (*here, "statements"): "when"}
    return named


def _has_place(document: Mapping[str, Json]) -> bool:
    """Whether it was ever put somewhere. Else the drawing lays it out, and the first edit only writes that down."""
    return "at" in document or "frame" in document


def _still(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """Without the place on the canvas; conditions by their keys and in words, so that each is compared with itself."""
    still = {key: value for key, value in document.items() if key not in ("at", "frame", "size")}
    settings = still.get("settings", {})
    if "conditions" in settings:
        keyed = {c["key"]: {**c, "statements": list(map(_statement, c["statements"]))} for c in settings["conditions"]}
        order = {"order of branches": list(keyed)} if len(keyed) > 1 else {}
        still["settings"] = {**settings, "conditions": {**keyed, **order}}
    return still


def condition_words(condition: Condition) -> str:
    """A branch with all that it says: `Over 1000: input.order.total over 1000`."""
    joint = " and " if condition.match == Match.ALL else " or "
    said = joint.join(_statement(statement) for statement in encode_condition(condition)["statements"])
    return f"{condition.name or condition.key}: {said}" if said else condition.name or condition.key


def _statement(document: Mapping[str, Json]) -> str:
    """`input.order.total over 1000`."""
    values = ", ".join(str(value) for value in document.get("values", ()))
    declared = f" (as {document['type']})" if document.get("type") else ""
    operator = OPERATOR_WORDS.get(document["operator"], document["operator"])
    return f"{document['source']} {operator} {values}".strip() + declared


def _field_changes(before: Json, after: Json, labels: Labels, path: Path = ()) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _field_changes(before.get(key), after.get(key), labels, (*path, key))
    elif path and labels.get(path) == _GROUP and isinstance(before or after, Mapping):
        for key in before or after:
            yield from _field_changes((before or {}).get(key), (after or {}).get(key), labels, (*path, key))
    elif before is None and isinstance(after, Mapping) and any((*path, key) in labels for key in after):
        for key in after:  # a group that was empty: its fields have names
            yield from _field_changes(None, after[key], labels, (*path, key))
    elif _are_entries(before) and _are_entries(after):
        yield from _entry_changes(before, after, labels, path)
    else:
        names = _name_of_value(path, before, labels), _name_of_value(path, after, labels)
        yield FieldChange(path_text(path), _label(path, labels), before, after, names)


def _name_of_value(path: Path, value: Json, labels: Labels) -> str:
    if path[-1:] == (ASSIGNEE,) and isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(labels.get(mention(ASSIGNEE, str(entry)), str(entry)) for entry in value)
    if not isinstance(value, str):
        return ""
    is_reference = value.startswith(TASK_PREFIX) or phase_of_ref(value) is not None
    return labels.get((*path, value), "") or (labels.get((value,), "") if is_reference else "")


def _are_entries(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(e, Mapping) for e in value)


def _entry_changes(before: Sequence[Json], after: Sequence[Json], labels: Labels, path: Path) -> Iterator[FieldChange]:
    """What is in both is left out; the rest is held against each other in its order."""
    gone = [(number, entry) for number, entry in enumerate(before) if entry not in after]
    come = [(number, entry) for number, entry in enumerate(after) if entry not in before]
    if not gone and not come:  # another order, or one more of the same
        label = _label(path, labels) + (" · order" if len(before) == len(after) else "")
        yield FieldChange(path_text(path), label, [_first(e) for e in before], [_first(e) for e in after])
    for number in range(max(len(gone), len(come))):
        had = gone[number] if number < len(gone) else None
        has = come[number] if number < len(come) else None
        here = (*path, (has or had or (0, None))[0])
        if had and has:
            yield from _field_changes(had[1], has[1], labels, here)
        else:
            yield FieldChange(path_text(here), _label(here, labels), had and had[1], has and has[1])


def _first(entry: Mapping[str, Json]) -> Json:
    return next(iter(entry.values()), "")


def label_of_place(flow: Flow, ref: str, path: Path) -> str:
    """What a field is called: of a task, of a phase (`phase:KEY`) or note, or, without a ref, of the flow."""
    if not ref:
        return _label(path, _FLOW_LABELS)
    if note_of_ref(ref) is not None:
        return _label(path, _NOTE_LABELS)
    task = flow.tasks.get(ref)
    return _label(path, _TASK_LABELS[task.kind] if task is not None else _PHASE_LABELS)


_GROUP: Final = ""
"""In labels: the path is a heading; its fields speak for themselves."""


def _label(path: Path, labels: Labels) -> str:
    """The names along the path; what has none is named as it is written."""
    words = []
    for depth in range(1, len(path) + 1):
        word = labels.get(path[:depth])
        if word is None:
            step = path[depth - 1]
            word = f"no. {step + 1}" if isinstance(step, int) else step.replace("_", " ")
        if word:
            words.append(word)
    return " · ".join(words)


def _worded(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        said = [f"{key}: {_inner(entry)}" for key, entry in list(value.items())[:_MOST_SAID]]
        return ", ".join(said) + _and_more(value) or "nothing"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_inner, value[:_MOST_SAID])) + _and_more(value) or "nothing"
    return quoted(value) if isinstance(value, str) else str(value)


def _inner(value: Json) -> str:
    """Within another value: what itself holds several things is only counted."""
    if isinstance(value, Mapping) and len(value) > 1:
        return f"{len(value)} values"
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 1:
        return f"{len(value)} entries"
    return _worded(value)


def _and_more(value: Sequence[Json] | Mapping[str, Json]) -> str:
    return f" and {len(value) - _MOST_SAID} more" if len(value) > _MOST_SAID else ""


def _worded_apart(before: Json, after: Json) -> tuple[str, str]:
    """Two values in words; of long texts the part in which they differ."""
    if not isinstance(before, str) or not isinstance(after, str):
        return _worded(before), _worded(after)
    same = _shared(before, after)
    start = 0
    if same > _LONGEST_SAID - _BEFORE_CHANGE:  # from the beginning of a word, if there is one
        start = before.find(" ", same - _BEFORE_CHANGE, same - 1) + 1 or same - _BEFORE_CHANGE
    return quoted(_from(before, start), _LONGEST_SAID), quoted(_from(after, start), _LONGEST_SAID)


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _from(text: str, start: int) -> str:
    return f"…{text[start:]}" if start else text


_MOST_SAID: Final = 3
_LONGEST_SAID: Final = 60
_BEFORE_CHANGE: Final = 20
"""How much of a long text is told before the place where it changes."""


def _labels_of(fields: Sequence[Field], path: Path) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for known in fields:
        here = (*path, known.key)
        found[here] = known.label
        found |= {(*here, choice.value): choice.label for choice in known.choices}
        inner = known.fields or tuple(entry for variant in known.variants.values() for entry in variant)
        found |= _labels_of(inner, here)
    return found


_PHASE_LABELS: Final[dict[Path, str]] = {
    ("name",): "Name",
    ("description",): "Description",
    ("requirements",): "Requirements",
}
_NOTE_LABELS: Final[Labels] = {("text",): "Text", ("colour",): "Colour"}
_TASK_LABELS: Final[Mapping[str, dict[Path, str]]] = {
    key: {
        ("name",): "Name",
        ("kind",): "Kind",
        **{("kind", other.key): other.label for other in KINDS.values()},
        ("phase",): "Phase",
        ("description",): "Description",
        ("join",): "Join",
        ("cancel_rest",): "Cancel the rest",
        ("settings",): _GROUP,
        **_labels_of(kind.fields, ("settings",)),
    }
    for key, kind in KINDS.items()
}
_FLOW_LABELS: Final[Labels] = {
    ("name",): "Name",
    ("description",): "Description",
    ("tags",): "Tags",
    ("timezone",): "Time zone",
    ("input_schema",): "Input",
    ("closing_reasons",): "Closing reasons",
    ("single_closing_reason",): "Only one closing reason",
    ("triggers",): "Triggers",
    ("limits",): "Limits",
    **_labels_of(LIMIT_FIELDS, ("limits",)),
    ("retention",): "Retention",
    **_labels_of(RETENTION_FIELDS, ("retention",)),
    ("entity_sync",): "Entity sync",
}


def _header(flow: Flow) -> Mapping[str, Json]:
    # Extensions repeat what the graph says in a vendor's words: nothing a person could read a change from.
    left_out = ("format", "key", "phases", "tasks", "edges", "notes", "extensions")
    return {key: value for key, value in encode_flow(flow).items() if key not in left_out}


__all__ = ["FieldChange", "FlowDiff", "Mark", "condition_words", "diff_flows", "label_of_place"]
