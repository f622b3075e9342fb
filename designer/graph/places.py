"""A draft as **places** that hold values: a setting of a task, a branch, an edge, a name; and which of them differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from designer.graph.model import Flow, Json, Note, Phase, Task, note_ref, phase_ref
from designer.graph.values import Path

Place = tuple[str, Path]
"""What holds a value: a ref (task key, `phase:KEY`, `note:KEY`, `edge:ID`, empty for the flow) and a path within it."""

EDGE_PREFIX: Final = "edge:"


class _Nothing:
    """What a place holds that is not there."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class Held:
    """The value of one place before and after; `NOTHING` where there was or is none."""

    before: Any
    after: Any


def changed_places(before: Flow, after: Flow) -> dict[Place, Held]:
    """Every place whose value differs. What both flows share is not looked into: the cost is that of the difference."""
    found: dict[Place, Held] = {}
    _compare(found, before.tasks, after.tasks, str, _task_places)
    _compare(found, before.phases, after.phases, phase_ref, _phase_places)
    _compare(found, before.notes, after.notes, note_ref, _note_places)
    had, has = set(before.edges), set(after.edges)
    for edge in had ^ has:
        found[EDGE_PREFIX + edge.id, ()] = Held(edge if edge in had else NOTHING, edge if edge in has else NOTHING)
    _differences(found, "", dict(_flow_places(before)), dict(_flow_places(after)))
    for key in before.tasks.keys() & after.tasks.keys():
        one, other = before.tasks[key].conditions, after.tasks[key].conditions
        if one is not other:
            _order(found, key, [c.key for c in one], [c.key for c in other])
    return found


def _compare(found: dict[Place, Held], before: Any, after: Any, ref: Any, places: Any) -> None:
    if before is after:
        return
    for key in before.keys() | after.keys():
        one, other = before.get(key), after.get(key)
        if one is not other:
            _differences(found, ref(key), dict(places(one)) if one else {}, dict(places(other)) if other else {})


def _differences(found: dict[Place, Held], ref: str, before: Mapping[Path, Any], after: Mapping[Path, Any]) -> None:
    for path in before.keys() | after.keys():
        one, other = before.get(path, NOTHING), after.get(path, NOTHING)
        if one != other:
            found[ref, path] = Held(one, other)


def _order(found: dict[Place, Held], ref: str, before: list[str], after: list[str]) -> None:
    """Branches are looked at in their order: that of those that both have is a place of its own."""
    one, other = tuple(k for k in before if k in after), tuple(k for k in after if k in before)
    if one != other:
        found[ref, ("conditions",)] = Held(one, other)


def _task_places(task: Task) -> Iterator[tuple[Path, Any]]:
    yield from _words(task, but=("key", "settings", "conditions"))
    yield from leaves(("settings",), task.settings)
    for condition in task.conditions:
        yield ("conditions", condition.key), condition


def _phase_places(phase: Phase) -> Iterator[tuple[Path, Any]]:
    yield from _words(phase, but=("key",))


def _note_places(note: Note) -> Iterator[tuple[Path, Any]]:
    yield from _words(note, but=("key",))


def _flow_places(flow: Flow) -> Iterator[tuple[Path, Any]]:
    yield from _words(flow, but=("key", "phases", "tasks", "edges", "notes", "limits", "retention"))
    yield from leaves(("limits",), flow.limits)
    yield from leaves(("retention",), flow.retention)


def _words(node: Task | Phase | Note | Flow, *, but: Collection[str]) -> Iterator[tuple[Path, Any]]:
    """The values that a node holds directly, each a place of its own."""
    return (((known.name,), getattr(node, known.name)) for known in fields(node) if known.name not in but)


def leaves(path: Path, value: Json) -> Iterator[tuple[Path, Any]]:
    """The single values in an object; a list is one value: whoever changes it sets the whole of it."""
    if not isinstance(value, Mapping) or (not value and len(path) > 1):
        yield path, value
        return
    for key, inner in value.items():
        yield from leaves((*path, key), inner)


def covers(one: Place, other: Place) -> bool:
    """Whether one place lies within the other: an object that became a text, say."""
    short, long = sorted((one[1], other[1]), key=len)
    return one[0] == other[0] and long[: len(short)] == short


def nested(places: Mapping[Place, Held], ref: str) -> Iterator[tuple[Place, Held]]:
    """Those of the places that are settings of one task."""
    return ((place, held) for place, held in places.items() if place[0] == ref and place[1][:1] == ("settings",))
