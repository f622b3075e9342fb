"""The pieces of the editor's canvas: what has to be drawn anew after an edit, and what script is told about it."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from designer.graph.delta import delta_between
from designer.graph.kinds import kind_of
from designer.graph.lowering import is_back_edge
from designer.graph.model import TRIGGER, Edge, Flow, Note, Task, note_ref, phase_ref
from designer.inspector.forms import EDGE_PREFIX, branch_label, name_of
from designer.rendering.cards import CARD_HEIGHT, GRID, card_summary, trigger_words
from designer.rendering.curves import Rect
from designer.rendering.drawn import Drawn, draw_flow
from designer.rendering.layout import Layout
from designer.rendering.notes import note_svg
from designer.rendering.svg import (
    Ends,
    edge_element_id,
    edge_svg,
    element_id,
    ends_of,
    node_svg,
    phase_svg,
    trigger_svg,
)

PHASES: Final = "graph-phases"
NOTES: Final = "graph-notes"
EDGES: Final = "graph-edges"
NODES: Final = "graph-nodes"
CARD_WIDTH: Final = 24 * GRID
"""The width that a card is given before the server has drawn it."""
REMEMBERED: Final = 48

Facts = dict[str, Any]
Draw = Callable[[], str]
Tell = Callable[[], Facts]


@dataclass(frozen=True, slots=True)
class Piece:
    """One drawn thing: its SVG, the group it stands in, and what script knows of it (see js/editor/graph.js).

    `basis` is everything that it was made from: with an equal basis it would be drawn the same.
    """

    html: str
    into: str
    facts: Facts
    basis: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole draft, drawn: pieces by element id."""

    drawn: Drawn
    pieces: Mapping[str, Piece]

    @property
    def flow(self) -> Flow:
        """What is drawn."""
        return self.drawn.flow

    @property
    def layout(self) -> Layout:
        """Where it stands."""
        return self.drawn.layout

    def facts(self) -> dict[str, Any]:
        """Everything script knows when the page opens."""
        found = [piece.facts for piece in self.pieces.values()]
        return {**_by_kind(found), "card": {"width": CARD_WIDTH, "height": CARD_HEIGHT}}

    def group(self, into: str) -> str:
        """The SVG of one of the four groups."""
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
    # Whichever was drawn already helps to draw the other.
    drawn = draw(before, like=_recent.get(after)) if before is not None else None
    old = drawn.pieces if drawn is not None else {}
    new = draw(after, like=drawn).pieces
    changed = {id: piece for id, piece in new.items() if old.get(id) is not piece and not _is_same(old.get(id), piece)}
    return Changes(
        parts=[{"id": id, "html": piece.html, "into": piece.into} for id, piece in changed.items()],
        removed=[id for id in old if id not in new],
        facts=_by_kind([piece.facts for piece in changed.values()]),
    )


def _is_same(known: Piece | None, piece: Piece) -> bool:
    return known is not None and known.basis == piece.basis


def draw(flow: Flow, *, like: Drawing | None = None) -> Drawing:
    """The flow as its author drew it. The last ones are remembered; what is as in `like` is not drawn again."""
    found = _recent.get(flow)
    if found is None:
        drawn = draw_flow(flow, like=like.drawn if like is not None else None)
        found = Drawing(drawn, _Pieces(drawn, like).all())
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


class _Pieces:
    """Draws what has to be drawn, and takes the rest from an earlier drawing."""

    def __init__(self, drawn: Drawn, like: Drawing | None) -> None:
        self.drawn, self.flow, self.layout, self.like = drawn, drawn.flow, drawn.layout, like
        self.earlier = like.pieces if like is not None else {}
        self.delta = delta_between(like.flow, drawn.flow) if like is not None else None

    def all(self) -> dict[str, Piece]:
        """Every piece of the drawing, by element id, in the order in which it is drawn."""
        flow = self.flow
        if self.like is not None and self._has_the_same_pieces(self.like):
            return self._renewed(self.like)
        counts = Counter(task.phase for task in flow.tasks.values())
        pieces = {element_id(phase_ref(key)): self._phase(key, counts[key]) for key in flow.phases}
        pieces |= {element_id(note_ref(key)): self._note(note) for key, note in flow.notes.items()}
        pieces |= {edge_element_id(edge): self._edge(edge) for edge in flow.edges if edge.id in self.layout.edges}
        pieces[element_id(TRIGGER)] = self._trigger()
        pieces |= {element_id(key): self._task(task) for key, task in flow.tasks.items()}
        return pieces

    def _has_the_same_pieces(self, like: Drawing) -> bool:
        before, after = like.flow, self.flow
        if self.delta is None or self.delta.edges or not self.delta.is_in_order:
            return False
        kinds = ((before.tasks, after.tasks), (before.phases, after.phases), (before.notes, after.notes))
        is_same = all(old is new or list(old) == list(new) for old, new in kinds)
        return is_same and like.drawn.is_placed and self.drawn.is_placed

    def _renewed(self, like: Drawing) -> dict[str, Piece]:
        """The earlier pieces, and those that may be others now in their places."""
        flow, pieces, renamed = self.flow, dict(like.pieces), self.renamed
        if flow.phases:
            counts = Counter(task.phase for task in flow.tasks.values())
            pieces |= {element_id(phase_ref(key)): self._phase(key, counts[key]) for key in flow.phases}
        pieces |= {element_id(note_ref(key)): self._note(note) for key, note in flow.notes.items()}
        for edge, place, old in zip(flow.edges, self.drawn.places, like.drawn.places, strict=True):
            if place is not None and (place is not old or edge.source in renamed or edge.target in renamed):
                pieces[edge_element_id(edge)] = self._edge(edge)
        pieces[element_id(TRIGGER)] = self._trigger()
        pieces |= {element_id(key): self._task(flow.tasks[key]) for key in self.touched or () if key in flow.tasks}
        return pieces

    @cached_property
    def ends(self) -> Ends:
        """What the edges mean for the cards."""
        return ends_of(self.flow)

    @cached_property
    def renamed(self) -> frozenset[str]:
        """Nodes that are not what they were: they may be called otherwise, have other branches or another place."""
        if self.delta is None:
            return frozenset()
        return frozenset({*self.delta.tasks, *map(phase_ref, self.delta.phases)})

    @cached_property
    def ways(self) -> Mapping[str, list[str]]:
        """Where the edges lead of the nodes that are looked at again."""
        return _ways(self.flow, self.touched)

    @cached_property
    def touched(self) -> frozenset[str] | None:
        """Nodes of which anything may have changed, in themselves or at the other end of their edges; None: all."""
        if self.delta is None or self.like is None or not (self.like.drawn.is_placed and self.drawn.is_placed):
            return None
        phases = self.delta.phases
        inside = {key for key, task in self.flow.tasks.items() if task.phase in phases} if phases else ()
        ends = {ref for edge in self.delta.edges for ref in (edge.source, edge.target)}
        before = {edge.source for edge in self.flow.edges if edge.target in self.renamed} if self.renamed else ()
        return frozenset({TRIGGER, *self.renamed, *inside, *ends, *before})

    def _kept(self, key: str) -> Piece | None:
        """The earlier drawing of a task, if nothing that it shows can be other than it was."""
        if self.like is None or self.touched is None or key in self.touched:
            return None
        before, now = self.like.layout.tasks.get(key), self.layout.tasks[key]
        return self.earlier.get(element_id(key)) if before is now or before == now else None

    def _piece(self, id: str, into: str, basis: tuple[object, ...], draw_it: Draw, tell: Tell) -> Piece:
        known = self.earlier.get(id)
        return known if known is not None and known.basis == basis else Piece(draw_it(), into, tell(), basis)

    def _phase(self, key: str, count: int) -> Piece:
        flow, layout = self.flow, self.layout
        basis = (flow.phases[key], layout.phases[key], count)
        id = element_id(phase_ref(key))
        return self._piece(
            id, PHASES, basis, lambda: phase_svg(flow, layout, key), lambda: _phase_facts(flow, layout, key)
        )

    def _note(self, note: Note) -> Piece:
        id = element_id(note_ref(note.key))
        return self._piece(id, NOTES, (note,), lambda: note_svg(note), lambda: _note_facts(note))

    def _edge(self, edge: Edge) -> Piece:
        flow, layout, id = self.flow, self.layout, edge_element_id(edge)
        known, place = self.earlier.get(id), layout.edges[edge.id]
        is_named_same = edge.source not in self.renamed and edge.target not in self.renamed
        if known is not None and known.basis[1] is place and is_named_same:
            return known
        names = name_of(flow, edge.source), name_of(flow, edge.target)
        basis = (edge, place, is_back_edge(flow, edge), branch_label(flow, edge), names)
        return self._piece(
            id,
            EDGES,
            basis,
            lambda: edge_svg(flow, layout, edge),
            lambda: _edge_facts(flow, edge),
        )

    def _trigger(self) -> Piece:
        flow, layout, ways = self.flow, self.layout, self.ways
        basis = (layout.trigger, flow.triggers, tuple(ways.get(TRIGGER, ())))
        return self._piece(
            element_id(TRIGGER),
            NODES,
            basis,
            lambda: trigger_svg(flow, layout),
            lambda: _trigger_facts(flow, layout, ways),
        )

    def _task(self, task: Task) -> Piece:
        key = task.key
        if (known := self._kept(key)) is not None:
            return known
        flow, layout, ends, ways = self.flow, self.layout, self.ends, self.ways
        box = layout.tasks[key]
        phase = name_of(flow, phase_ref(task.phase)) if task.phase else ""
        edges = (ends.incoming[key] > 1, key in ends.failing, tuple(ways.get(key, ())))
        return self._piece(
            element_id(key),
            NODES,
            (task, box, phase, card_summary(flow, task), *edges),
            lambda: node_svg(flow, layout, key, is_canvas=True, ends=ends),
            lambda: _task_facts(flow, task, box, ways),
        )


# -- what script is told ----------------------------------------------------------------------------------------------


def _ways(flow: Flow, sources: Container[str] | None) -> dict[str, list[str]]:
    """For each of these nodes (None: for all), where its edges lead, in words."""
    ways: dict[str, list[str]] = {}
    for edge in flow.edges:
        if sources is not None and edge.source not in sources:
            continue
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
        "kind_label": kind.label,
        "icon": kind.icon_of(task),
        "tone": kind.colour,
        "summary": card_summary(flow, task),
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
        "icon": "play",
        "tone": "machine",
        "summary": trigger_words(flow),
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
        "icon": "layers",
        "tone": "plain",
        "summary": "",
        "label": f"Phase {name}, {count} task{'' if count == 1 else 's'}",
        "phase": None,
        "branches": [],
        "can_fail": False,
        **_box(layout.phases[key]),
    }


def _note_facts(note: Note) -> Facts:
    ref = note_ref(note.key)
    return {
        "ref": ref,
        "id": element_id(ref),
        "type": "note",
        "name": note.name,
        "kind": "",
        "icon": "note",
        "tone": "plain",
        "summary": "",
        "colour": note.colour.value,
        "label": f"Note: {' '.join(note.text.split()) or 'empty'}",
        "phase": None,
        "branches": [],
        "can_fail": False,
        "x": note.at.x,
        "y": note.at.y,
        "width": note.width,
        "height": note.height,
    }


def _edge_facts(flow: Flow, edge: Edge) -> Facts:
    label = branch_label(flow, edge)
    source = flow.tasks.get(edge.source)
    loop = source.loop if source is not None and is_back_edge(flow, edge) else None
    ends = f"{name_of(flow, edge.source)} to {name_of(flow, edge.target)}"
    return {
        "ref": EDGE_PREFIX + edge.id,
        "id": edge_element_id(edge),
        "edge": edge.id,
        "source": edge.source,
        "target": edge.target,
        "branch": edge.branch,
        "on": edge.on.value,
        "words": label,
        "rounds": loop.max_iterations if loop is not None else 0,
        "label": f"Edge from {ends}{f', {label}' if label else ''}",
    }
