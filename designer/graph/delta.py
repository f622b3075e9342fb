"""Which parts of a flow are others than in an earlier one: for whoever made something of that and keeps the rest.

Values never change and an edit shares what it did not touch, so nearly everything is known by being the same value.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, TypeVar

from designer.graph.mentions import mentions_of
from designer.graph.model import Edge, Flow, Phase, Task, phase_ref
from designer.graph.wording import moments_named

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Delta:
    """Keys of tasks and phases, and edges, that are new, gone or changed; tasks also when something by which they are
    dated, or that they name, has another name now.

    `is_in_order`: whether the tasks and edges that are in both stand in the same order.
    """

    tasks: frozenset[str]
    phases: frozenset[str]
    edges: frozenset[Edge]
    is_in_order: bool


def delta_between(before: Flow, after: Flow) -> Delta:
    """What has to be looked at again of `after` by who knows `before`. One edit has it asked several times."""
    for one, other, known in tuple(_last):  # another thread may put one there meanwhile
        if one is before and other is after:
            return known
    found = _find_delta(before, after)
    _last.append((before, after, found))
    return found


_last: Final[deque[tuple[Flow, Flow, Delta]]] = deque(maxlen=8)


def _find_delta(before: Flow, after: Flow) -> Delta:
    tasks, is_in_order = _differing(before.tasks, after.tasks)
    phases, _ = _differing(before.phases, after.phases)
    tasks |= _dated_anew(before, after, tasks, phases) | _called_anew(before, after)
    if before.edges == after.edges:
        return Delta(tasks, phases, frozenset(), is_in_order)
    known = {id(edge) for edge in before.edges}
    fresh = [edge for edge in after.edges if id(edge) not in known]
    kept = {id(edge) for edge in after.edges}
    old = [edge for edge in before.edges if id(edge) not in kept]
    differing = frozenset(fresh) ^ frozenset(old)
    stayed = [[edge for edge in edges if edge not in differing] for edges in (before.edges, after.edges)]
    return Delta(tasks, phases, differing, is_in_order and stayed[0] == stayed[1])


def differs_in_places_only(before: Flow, after: Flow) -> bool:
    """Whether the two differ at most in where their tasks and phases stand, and in notes: whether they run the same."""
    if before is after:
        return True
    for field in fields(Flow):
        if field.name not in _DRAWN and getattr(before, field.name) != getattr(after, field.name):
            return False
    delta = delta_between(before, after)
    if not delta.is_in_order or delta.edges or before.edges != after.edges:
        return False
    tasks = ((before.tasks.get(key), after.tasks.get(key)) for key in delta.tasks)
    phases = ((before.phases.get(key), after.phases.get(key)) for key in delta.phases)
    return all(a is not None and b is not None and replace(a, at=b.at) == b for a, b in tasks) and all(
        a is not None and b is not None and replace(a, frame=b.frame) == b for a, b in phases
    )


_DRAWN = frozenset({"tasks", "phases", "edges", "notes"})


def _dated_anew(before: Flow, after: Flow, tasks: frozenset[str], phases: frozenset[str]) -> frozenset[str]:
    """Tasks whose cards call something by its name that has another one now, has come or has gone."""
    renamed = {key for key in tasks if _name_in(before.tasks, key) != _name_in(after.tasks, key)}
    renamed |= {phase_ref(key) for key in phases if _name_in(before.phases, key) != _name_in(after.phases, key)}
    if not renamed:
        return frozenset()
    return frozenset(key for key, task in after.tasks.items() if not renamed.isdisjoint(moments_named(task)))


def _called_anew(before: Flow, after: Flow) -> frozenset[str]:
    """Tasks whose cards name somebody or something that is called otherwise now."""
    if before.called is after.called or before.called == after.called:
        return frozenset()
    differing = {mention for mention, _ in before.called.items() ^ after.called.items()}
    return frozenset(key for key, task in after.tasks.items() if not differing.isdisjoint(mentions_of(task)))


def _name_in(nodes: Mapping[str, Task] | Mapping[str, Phase], key: str) -> str | None:
    return nodes[key].name if key in nodes else None


def _differing(before: Mapping[str, Node], after: Mapping[str, Node]) -> tuple[frozenset[str], bool]:
    if before is after:
        return frozenset(), True
    changed = {key for key, node in after.items() if (known := before.get(key)) is not node and known != node}
    gone = before.keys() - after.keys()
    if not gone and len(before) == len(after):
        return frozenset(changed), list(before) == list(after)
    is_in_order = [key for key in before if key not in gone] == [key for key in after if key in before]
    return frozenset(changed | gone), is_in_order
