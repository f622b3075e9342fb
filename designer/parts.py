"""The pieces of the editor's canvas: what has to be drawn anew after an edit, and what script is told about it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from designer.graph.kinds import kind_of
from designer.graph.model import TRIGGER, Edge, Flow, Task, phase_ref
from designer.inspector.forms import EDGE_PREFIX, branch_label, name_of
from designer.rendering.cards import CARD_HEIGHT, GRID
from designer.rendering.layout import Layout, drawn_layout
from designer.rendering.routing import Rect
from designer.rendering.svg import (
    edge_element_id,
    edge_svg,
    element_id,
    node_svg,
    phase_svg,
    trigger_svg,
    trigger_words,
)

PHASES: Final = "graph-phases"
EDGES: Final = "graph-edges"
NODES: Final = "graph-nodes"
CARD_WIDTH: Final = 24 * GRID
"""The width that a card is given before the server has drawn it."""
REMEMBERED: Final = 48

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """One drawn thing: its SVG, the group it stands in, and what script knows of it (see js/editor/graph.js)."""

    html: str
    into: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole draft, drawn: pieces by element id."""

    flow: Flow
    layout: Layout
    pieces: Mapping[str, Piece]

    def facts(self) -> dict[str, Any]:
        """Everything script knows when the page opens."""
        found = [piece.facts for piece in self.pieces.values()]
        return {**_by_kind(found), "card": {"width": CARD_WIDTH, "height": CARD_HEIGHT}}

    def group(self, into: str) -> str:
        """The SVG of one of the three groups."""
        return "".join(piece.html for piece in self.pieces.values() if piece.into == into)


def _by_kind(found: list[Facts]) -> dict[str, Any]:
    return {
        "nodes": [facts for facts in found if "edge" not in facts],
        "edges": [facts for facts in found if "edge" in facts],
    }


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two drawings: `parts` as js/editor/parts.js takes them, `removed` element ids, `facts`."""

    parts: list[dict[str, str]]
    removed: list[str]
    facts: dict[str, Any]


def changes_between(before: Flow | None, after: Flow) -> Changes:
    """What a page that shows `before` has to be told to show `after`; everything when `before` is not known."""
    old = draw(before).pieces if before is not None else {}
    new = draw(after).pieces
    changed = {id: piece for id, piece in new.items() if old.get(id) != piece}
    return Changes(
        parts=[{"id": id, "html": piece.html, "into": piece.into} for id, piece in changed.items()],
        removed=[id for id in old if id not in new],
        facts=_by_kind([piece.facts for piece in changed.values()]),
    )


def draw(flow: Flow) -> Drawing:
    """The flow as its author drew it. The last ones are remembered: after an edit only the new one is drawn."""
    found = _recent.get(flow)
    if found is None:
        layout = drawn_layout(flow)
        found = Drawing(flow, layout, dict(_pieces(flow, layout)))
        _recent.put(found)
    return found


class _Recent:
    """Drawings by the flow value itself: values never change."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[int, Drawing] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, flow: Flow) -> Drawing | None:
        with self._lock:
            return self._found.get(id(flow))

    def put(self, drawing: Drawing) -> None:
        # The drawing holds its flow, so the id is not given to another meanwhile.
        with self._lock:
            self._found[id(drawing.flow)] = drawing
            while len(self._found) > self._most:
                self._found.popitem(last=False)


_recent = _Recent(REMEMBERED)


def _pieces(flow: Flow, layout: Layout) -> Iterator[tuple[str, Piece]]:
    for key in flow.phases:
        yield element_id(phase_ref(key)), Piece(phase_svg(flow, layout, key), PHASES, _phase_facts(flow, layout, key))
    for edge in flow.edges:
        if edge.id in layout.edges:
            yield edge_element_id(edge), Piece(edge_svg(flow, layout, edge), EDGES, _edge_facts(flow, edge))
    ways = _ways(flow)
    yield element_id(TRIGGER), Piece(trigger_svg(flow, layout), NODES, _trigger_facts(flow, layout, ways))
    for key, task in flow.tasks.items():
        facts = _task_facts(flow, task, layout.tasks[key], ways)
        yield element_id(key), Piece(node_svg(flow, layout, key, is_canvas=True), NODES, facts)


# -- what script is told ----------------------------------------------------------------------------------------------


def _ways(flow: Flow) -> dict[str, list[str]]:
    """For each node, where its edges lead, in words."""
    ways: dict[str, list[str]] = {}
    for edge in flow.edges:
        label = branch_label(flow, edge)
        target = name_of(flow, edge.target)
        ways.setdefault(edge.source, []).append(f"{target} ({label})" if label else target)
    return ways


def _leads(ways: Mapping[str, list[str]], ref: str) -> str:
    found = ways.get(ref, [])
    shown = found if len(found) < 5 else [*found[:4], f"{len(found) - 4} more"]
    return f"leads to {', '.join(shown)}" if found else "leads nowhere"


def _box(box: Rect) -> dict[str, float]:
    return {"x": box.x, "y": box.y, "width": box.width, "height": box.height}


def _task_facts(flow: Flow, task: Task, box: Rect, ways: Mapping[str, list[str]]) -> Facts:
    kind = kind_of(task)
    ports = kind.ports(task)
    place = [f"in phase {name_of(flow, phase_ref(task.phase))}"] if task.phase else []
    return {
        "ref": task.key,
        "id": element_id(task.key),
        "type": "task",
        "name": task.name or task.key,
        "kind": task.kind,
        "label": ", ".join([task.name or task.key, kind.label, *place, _leads(ways, task.key)]),
        "phase": task.phase,
        "branches": [{"key": port.branch, "name": port.label} for port in ports if port.branch is not None],
        "can_fail": task.kind != "noop",
        **_box(box),
    }


def _trigger_facts(flow: Flow, layout: Layout, ways: Mapping[str, list[str]]) -> Facts:
    return {
        "ref": TRIGGER,
        "id": element_id(TRIGGER),
        "type": "trigger",
        "name": "Start",
        "kind": "",
        "label": f"Start, {trigger_words(flow)}, {_leads(ways, TRIGGER)}",
        "phase": None,
        "branches": [],
        "can_fail": False,
        **_box(layout.trigger),
    }


def _phase_facts(flow: Flow, layout: Layout, key: str) -> Facts:
    phase, ref = flow.phases[key], phase_ref(key)
    count = sum(1 for _ in flow.tasks_in(key))
    name = phase.name or key
    return {
        "ref": ref,
        "id": element_id(ref),
        "type": "phase",
        "name": name,
        "kind": "",
        "label": f"Phase {name}, {count} task{'' if count == 1 else 's'}",
        "phase": None,
        "branches": [],
        "can_fail": False,
        **_box(layout.phases[key]),
    }


def _edge_facts(flow: Flow, edge: Edge) -> Facts:
    label = branch_label(flow, edge)
    ends = f"{name_of(flow, edge.source)} to {name_of(flow, edge.target)}"
    return {
        "ref": EDGE_PREFIX + edge.id,
        "id": edge_element_id(edge),
        "edge": edge.id,
        "source": edge.source,
        "target": edge.target,
        "branch": edge.branch,
        "on": edge.on.value,
        "label": f"Edge from {ends}{f', {label}' if label else ''}",
    }
