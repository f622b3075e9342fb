"""A list of steps as a graph: one after the other. A channel that fails does not hold up the next step; others do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from designer.graph.model import TRIGGER, Edge, Flow, Join, Json, On, Task
from dialects.novu.translate import forms
from dialects.novu.translate.controls import type_of


def goes_on_after_failure(task: Task, aside: Mapping[str, Json]) -> bool:
    """Whether the next step runs although this one failed (contract 6.6)."""
    kind = type_of(task)
    return kind in forms.CHANNEL_TYPES or (kind == "http_request" and aside.get("continueOnFailure") is True)


def chained(flow: Flow, tasks: Sequence[Task], asides: Mapping[str, Mapping[str, Json]]) -> Flow:
    """`flow` with just these tasks, one after the other. `asides`: by task, what its settings do not say."""
    placed: dict[str, Task] = {}
    edges: list[Edge] = []
    before: Task | None = None
    for task in tasks:
        forgiving = before is not None and goes_on_after_failure(before, asides.get(before.key, {}))
        placed[task.key] = replace(task, join=Join.ANY if forgiving else Join.ALL)
        source = TRIGGER if before is None else before.key
        edges.append(Edge(source, task.key))
        if forgiving:
            edges.append(Edge(source, task.key, on=On.ERROR))
        before = task
    return replace(flow, tasks=placed, edges=tuple(edges))


def in_order(flow: Flow) -> list[Task]:
    """The tasks as a list of steps: along the edges, and as they stand in the flow where edges do not say."""
    place = {key: number for number, key in enumerate(flow.tasks)}
    found: list[str] = []
    waiting = {
        key: {edge.source for edge in flow.incoming(key) if edge.source in flow.tasks and edge.source != key}
        for key in flow.tasks
    }
    while waiting:
        ready = [key for key, before in waiting.items() if not before - set(found)]
        chosen = min(ready or waiting, key=lambda key: place[key])
        found.append(chosen)
        del waiting[chosen]
    return [flow.tasks[key] for key in found]


def is_chain(flow: Flow, asides: Mapping[str, Mapping[str, Json]]) -> bool:
    """Whether the flow is just what its list of steps would be drawn as."""
    drawn = chained(flow, in_order(flow), asides)
    return set(drawn.edges) == set(flow.edges) and all(
        drawn.tasks[key].join == flow.tasks[key].join for key in drawn.tasks
    )
