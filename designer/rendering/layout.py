"""Where everything of a flow stands as Graphviz lays it out; as its author drew it: `designer.rendering.drawn`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar

import orjson
from django.core.cache import cache

from designer.graph.model import TRIGGER, Flow, Frame, Position, phase_of_ref
from designer.rendering import graphviz
from designer.rendering.apart import Alone, Piece
from designer.rendering.cards import (
    GRID,
    LABEL_HEIGHT,
    TRIGGER_SIZE,
    card_size,
    edge_label,
    label_width,
)
from designer.rendering.curves import NOWHERE, Point, Rect, nearest_point
from designer.rendering.dot import cluster_name, layout_dot
from designer.rendering.routing import ARROW_GAP

MARGIN: Final = 40
Made = TypeVar("Made")
REMEMBERED: Final = 256
REMEMBERED_SECONDS: Final = 30 * 86_400
REFUSED_SECONDS: Final = 600
_TOO_LARGE: Final = "too large"


@dataclass(frozen=True, slots=True)
class EdgePlace:
    """The way of an edge (a chain of cubic curves) and the box of its label, if it has one.

    Where we drew it, `bounds` is a box that the way does not leave; `alone` says how it would go if it were the only
    one, and `seen` is the area in which any card that comes, goes or moves may change that. From its `pieces` others
    keep apart; `felt` are the areas where cards and others' pieces may move it aside.
    """

    route: tuple[Point, ...]
    label: str = ""
    label_box: Rect | None = None
    seen: Rect = field(default=NOWHERE, compare=False)
    bounds: Rect = field(default=NOWHERE, compare=False)
    alone: Alone | None = field(default=None, compare=False)
    pieces: tuple[Piece, ...] = field(default=(), compare=False)
    felt: tuple[Rect, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Layout:
    """Places in canvas units, y downwards. `edges` by edge id; `implied` lead from the trigger to where instances begin
    although no edge is drawn there."""

    tasks: Mapping[str, Rect]
    phases: Mapping[str, Rect]
    trigger: Rect
    edges: Mapping[str, EdgePlace]
    implied: tuple[tuple[Point, ...], ...] = ()

    @cached_property
    def bounds(self) -> Rect:
        """The box around everything, the words below the trigger and a margin included."""
        trigger = self.trigger
        caption = Rect(trigger.x - 40, trigger.y, trigger.width + 80, trigger.height + 24)
        boxes = [*self.tasks.values(), *self.phases.values(), caption]
        boxes += [edge.label_box for edge in self.edges.values() if edge.label_box is not None]
        boxes += [Rect(x, y, 0, 0) for edge in self.edges.values() for x, y in _extent(edge.route)]
        around = rect_around(boxes)
        left, top = round(around.x - MARGIN), round(around.y - MARGIN)
        return Rect(left, top, round(around.width + 2 * MARGIN), round(around.height + 2 * MARGIN))

    def box_of(self, ref: str) -> Rect | None:
        """The box of a node reference, or None where there is no such node."""
        phase = phase_of_ref(ref)
        if ref == TRIGGER:
            return self.trigger
        return self.phases.get(phase) if phase is not None else self.tasks.get(ref)


def layout_flow(flow: Flow) -> Layout:
    """The layout Graphviz gives `flow`, whatever its author drew. The same flow always has the same layout.

    Remembered in this process and in the cache, by what the layout depends on. Raises `graphviz.LayoutTooLarge`.
    """
    found = _recent.get(flow)
    if found is None:
        found = _remembered_layout(flow)
        _recent.put(flow, found)
    return found


def tidy_positions(flow: Flow) -> tuple[dict[str, Position], dict[str, Frame]]:
    """Positions of tasks and frames of phases as Graphviz lays them out, on the grid. For "tidy up".

    Raises `graphviz.LayoutTooLarge`.
    """
    laid = layout_flow(flow)
    positions = {key: Position(_snap(box.x), _snap(box.y)) for key, box in laid.tasks.items()}
    frames = {
        key: Frame(_snap(box.x), _snap(box.y), _snap(box.width), _snap(box.height)) for key, box in laid.phases.items()
    }
    return positions, frames


def graph_hash(flow: Flow) -> str:
    """What a layout depends on, hashed."""
    return sha256(layout_dot(flow).encode()).hexdigest()


# -- remembering ------------------------------------------------------------------------------------------------------


class Recent(Generic[Made]):
    """What was made of the flows that were drawn last, by the flow value itself (values never change)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[int, tuple[Flow, Made]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, flow: Flow) -> Made | None:
        with self._lock:
            entry = self._found.get(id(flow))
            if entry is None:
                return None
            self._found.move_to_end(id(flow))
            return entry[1]

    def put(self, flow: Flow, made: Made) -> None:
        # Holding the flow keeps its id from being given to another.
        with self._lock:
            self._found[id(flow)] = (flow, made)
            while len(self._found) > self._most:
                self._found.popitem(last=False)


_recent = Recent[Layout](REMEMBERED)


def _remembered_layout(flow: Flow) -> Layout:
    dot = layout_dot(flow)
    key = f"quadrille-layout-{sha256(dot.encode()).hexdigest()}"
    made = cache.get(key)
    if made == _TOO_LARGE:
        raise graphviz.LayoutTooLarge
    if made is None:
        try:
            made = graphviz.layout(dot, layout_dot(flow, fast=True))
        except graphviz.LayoutTooLarge:
            cache.set(key, _TOO_LARGE, REFUSED_SECONDS)
            raise
        cache.set(key, made, REMEMBERED_SECONDS)
    return _read(flow, orjson.loads(made))


# -- reading what Graphviz made ---------------------------------------------------------------------------------------


def _read(flow: Flow, made: Mapping[str, Any]) -> Layout:
    height = float(made["bb"].split(",")[3])
    objects = {thing["name"]: thing for thing in made.get("objects", ())}
    tasks = {}
    for key, task in flow.tasks.items():
        size = card_size(flow, task)
        x, y = _point(objects[key]["pos"], height)
        tasks[key] = Rect(x - size.width / 2, y - size.height / 2, size.width, size.height)
    phases = {key: _cluster_box(objects[cluster_name(key)]["bb"], height) for key in flow.phases}
    if TRIGGER in objects:
        x, y = _point(objects[TRIGGER]["pos"], height)
        trigger = Rect(x - TRIGGER_SIZE / 2, y - TRIGGER_SIZE / 2, TRIGGER_SIZE, TRIGGER_SIZE)
    else:
        trigger = Rect(0, 0, TRIGGER_SIZE, TRIGGER_SIZE)
    edges: dict[str, EdgePlace] = {}
    implied: list[tuple[Point, ...]] = []
    for drawn in made.get("edges", ()):
        route = _route(drawn["pos"], height)
        name = drawn["id"]
        if name.startswith("s"):
            implied.append(route)
            continue
        edge = flow.edges[int(name[1:])]
        wanted = _point(drawn["lp"], height) if "lp" in drawn else None
        edges[edge.id] = _labelled(route, edge_label(flow, edge), wanted)
    return Layout(tasks=tasks, phases=phases, trigger=trigger, edges=edges, implied=tuple(implied))


def _point(text: str, height: float) -> Point:
    x, y = text.split(",")[:2]
    return round(float(x), 1), round(height - float(y), 1)


def _cluster_box(text: str, height: float) -> Rect:
    left, low, right, high = (float(part) for part in text.split(","))
    return Rect(round(left, 1), round(height - high, 1), round(right - left, 1), round(high - low, 1))


def _route(text: str, height: float) -> tuple[Point, ...]:
    """Graphviz writes `e,END START C C P C C P …`: curves that stop where its own arrowhead begins."""
    end: Point | None = None
    points: list[Point] = []
    for part in text.split():
        if part.startswith("e,"):
            end = _point(part[2:], height)
        elif not part.startswith("s,"):
            points.append(_point(part, height))
    if end is not None:
        last = points[-1]
        tip = _towards(end, last, ARROW_GAP)
        points += [_between(last, tip, 1 / 3), _between(last, tip, 2 / 3), tip]
    return tuple(points)


def _towards(start: Point, other: Point, distance: float) -> Point:
    length = ((other[0] - start[0]) ** 2 + (other[1] - start[1]) ** 2) ** 0.5
    return start if length <= distance else _between(start, other, distance / length)


def _between(a: Point, b: Point, share: float) -> Point:
    return round(a[0] + (b[0] - a[0]) * share, 2), round(a[1] + (b[1] - a[1]) * share, 2)


def _labelled(route: tuple[Point, ...], label: str, wanted: Point | None) -> EdgePlace:
    if not label:
        return EdgePlace(route)
    middle = nearest_point(route, wanted) if wanted else route[len(route) // 2]
    return EdgePlace(route, label, label_box(middle, label))


def label_box(middle: Point, label: str) -> Rect:
    """The box of an edge's label around its middle."""
    width = label_width(label)
    return Rect(round(middle[0] - width / 2, 1), round(middle[1] - LABEL_HEIGHT / 2, 1), width, LABEL_HEIGHT)


def rect_around(boxes: Sequence[Rect]) -> Rect:
    """The box around several, at least one."""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    return Rect(left, top, right - left, max(box.y + box.height for box in boxes) - top)


def _extent(route: Sequence[Point]) -> Iterator[Point]:
    """Points that hold most of a route: a curve stays within three quarters of the way to its control points."""
    for n in range(0, len(route) - 1, 3):
        a, b, c, d = route[n : n + 4]
        yield from (a, d, _between(_between(a, d, 0.5), b, 0.75), _between(_between(a, d, 0.5), c, 0.75))


def _snap(value: float) -> int:
    return round(value / GRID) * GRID


__all__ = ["EdgePlace", "Layout", "graph_hash", "layout_flow", "tidy_positions"]
