"""Where everything of a flow stands: as Graphviz lays it out, or as its author drew it."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar

import orjson
from django.core.cache import cache

from designer.graph.lowering import start_tasks
from designer.graph.model import TRIGGER, Edge, Flow, Frame, On, Position, phase_of_ref
from designer.rendering import graphviz
from designer.rendering.cards import (
    GRID,
    LABEL_HEIGHT,
    PHASE_HEAD,
    PHASE_PADDING,
    TRIGGER_SIZE,
    WIDEST,
    card_size,
    edge_label,
    label_width,
)
from designer.rendering.dot import cluster_name, layout_dot
from designer.rendering.routing import (
    ARROW_GAP,
    Point,
    Rect,
    error_route,
    nearest_point,
    place_label,
    success_route,
)

MARGIN: Final = 40
Made = TypeVar("Made")
REMEMBERED: Final = 256
REMEMBERED_SECONDS: Final = 30 * 86_400
REFUSED_SECONDS: Final = 600
_TOO_LARGE: Final = "too large"


@dataclass(frozen=True, slots=True)
class EdgePlace:
    """The way of an edge (a chain of cubic curves) and the box of its label, if it has one."""

    route: tuple[Point, ...]
    label: str = ""
    label_box: Rect | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in canvas units, y downwards. `edges` by edge id; `implied` lead from the trigger to where instances begin
    although no edge is drawn there."""

    tasks: Mapping[str, Rect]
    phases: Mapping[str, Rect]
    trigger: Rect
    edges: Mapping[str, EdgePlace]
    implied: tuple[tuple[Point, ...], ...] = ()
    bounds: Rect = field(default=Rect(0, 0, 0, 0))

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


def drawn_layout(flow: Flow) -> Layout:
    """The layout as drawn: tasks at their `at`, phases at their `frame`. What has no place gets one.

    Never raises; a flow without any position is laid out by Graphviz, or in rows where that takes too long.
    """
    placed = _with_places(flow)
    sizes = {key: card_size(task) for key, task in placed.tasks.items()}
    tasks = {
        key: Rect(task.at.x, task.at.y, sizes[key].width, sizes[key].height)
        for key, task in placed.tasks.items()
        if task.at is not None
    }
    phases = {key: _frame_of(placed, key, tasks) for key in placed.phases}
    layout = Layout(tasks=tasks, phases=phases, trigger=_trigger_beside(placed, tasks, phases), edges={})
    return _bounded(replace(layout, edges=_routes(placed, layout)))


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
        size = card_size(task)
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
    return _bounded(Layout(tasks=tasks, phases=phases, trigger=trigger, edges=edges, implied=tuple(implied)))


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
    return EdgePlace(route, label, _label_box(middle, label))


def _label_box(middle: Point, label: str) -> Rect:
    width = label_width(label)
    return Rect(round(middle[0] - width / 2, 1), round(middle[1] - LABEL_HEIGHT / 2, 1), width, LABEL_HEIGHT)


# -- what the author drew ---------------------------------------------------------------------------------------------


def _with_places(flow: Flow) -> Flow:
    """`flow` with a position on every task."""
    unplaced = [task for task in flow.tasks.values() if task.at is None]
    if not unplaced:
        return flow
    if len(unplaced) == len(flow.tasks):
        try:
            positions, frames = tidy_positions(flow)
        except graphviz.LayoutTooLarge:
            positions, frames = _in_rows(flow.tasks, 0), {}
        phases = {k: replace(phase, frame=frames.get(k, phase.frame)) for k, phase in flow.phases.items()}
        flow = replace(flow, phases=phases)
    else:
        low = max(task.at.y for task in flow.tasks.values() if task.at is not None)
        positions = _in_rows([task.key for task in unplaced], low + 3 * PHASE_HEAD)
    return flow.with_task(*(replace(flow.tasks[key], at=at) for key, at in positions.items()))


def _in_rows(keys: Mapping[str, Any] | Sequence[str], top: int) -> dict[str, Position]:
    return {key: Position(80 + 320 * (n % 6), _snap(top) + 104 * (n // 6)) for n, key in enumerate(keys)}


def _frame_of(flow: Flow, key: str, tasks: Mapping[str, Rect]) -> Rect:
    frame = flow.phases[key].frame
    if frame is not None:
        return Rect(frame.x, frame.y, frame.width, frame.height)
    inside = [tasks[task.key] for task in flow.tasks_in(key) if task.key in tasks]
    if not inside:
        low = max((box.y + box.height for box in tasks.values()), default=0)
        return Rect(80, low + 2 * PHASE_HEAD, 280, 120)
    around = _around(inside)
    return Rect(
        around.x - PHASE_PADDING,
        around.y - PHASE_HEAD,
        around.width + 2 * PHASE_PADDING,
        around.height + PHASE_HEAD + PHASE_PADDING,
    )


def _trigger_beside(flow: Flow, tasks: Mapping[str, Rect], phases: Mapping[str, Rect]) -> Rect:
    """The trigger stands left of everything, level with the first task it leads to."""
    everything = [*tasks.values(), *phases.values()]
    left = min((box.x for box in everything), default=2 * TRIGGER_SIZE)
    starts = [tasks[key] for key in start_tasks(flow) if key in tasks]
    level = sum(box.y + box.height / 2 for box in starts) / len(starts) if starts else 80
    return Rect(left - 2 * TRIGGER_SIZE, round(level - TRIGGER_SIZE / 2), TRIGGER_SIZE, TRIGGER_SIZE)


def _routes(flow: Flow, layout: Layout) -> dict[str, EdgePlace]:
    """Ways between the drawn boxes; labels stand clear of cards and of each other where they can."""
    cards = [*layout.tasks.values(), layout.trigger]
    neighbours = _Neighbours(cards)
    labels: list[Rect] = []
    edges: dict[str, EdgePlace] = {}
    for edge in flow.edges:
        source, target = layout.box_of(edge.source), layout.box_of(edge.target)
        if source is None or target is None:
            continue
        route = _way(edge, source, target, neighbours)
        label = edge_label(flow, edge)
        if not label:
            edges[edge.id] = EdgePlace(route)
            continue
        middle = place_label(route, label_width(label) + 4, LABEL_HEIGHT + 4, [*_near(route, cards), *labels])
        box = _label_box(middle, label)
        labels.append(box)
        edges[edge.id] = EdgePlace(route, label, box)
    return edges


def _way(edge: Edge, source: Rect, target: Rect, neighbours: _Neighbours) -> tuple[Point, ...]:
    # A phase is left and entered past its own cards: they stand in no way.
    is_about_phase = phase_of_ref(edge.source) is not None or phase_of_ref(edge.target) is not None
    others = () if is_about_phase else neighbours.between(source, target)
    return _remembered_way(edge.on is On.ERROR, source, target, others)


@lru_cache(maxsize=20_000)
def _remembered_way(is_error: bool, source: Rect, target: Rect, others: tuple[Rect, ...]) -> tuple[Point, ...]:
    """Most edges of a draft go as they went before the last edit."""
    return (error_route if is_error else success_route)(source, target, others)


class _Neighbours:
    """The cards of a drawing by their place from left to right."""

    def __init__(self, cards: Sequence[Rect]) -> None:
        self._cards = cards
        self._order = sorted(range(len(cards)), key=lambda number: cards[number].x)
        self._lefts = [cards[number].x for number in self._order]

    def between(self, source: Rect, target: Rect) -> tuple[Rect, ...]:
        """The cards that could stand in the way of an edge, in the order of the drawing."""
        left = min(source.x, target.x) - WIDEST - MARGIN
        right = max(source.x + source.width, target.x + target.width) + MARGIN
        found = self._order[bisect_left(self._lefts, left) : bisect_right(self._lefts, right)]
        near = (self._cards[number] for number in sorted(found))
        return tuple(box for box in near if box is not source and box is not target)


def _near(route: Sequence[Point], boxes: Sequence[Rect]) -> Iterator[Rect]:
    left, right = min(point[0] for point in route) - 100, max(point[0] for point in route) + 100
    return (box for box in boxes if box.x < right and box.x + box.width > left)


def _around(boxes: Sequence[Rect]) -> Rect:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    return Rect(left, top, right - left, max(box.y + box.height for box in boxes) - top)


def _bounded(layout: Layout) -> Layout:
    """The layout with the box around everything, the words below the trigger and a margin included."""
    trigger = layout.trigger
    caption = Rect(trigger.x - 40, trigger.y, trigger.width + 80, trigger.height + 24)
    boxes = [*layout.tasks.values(), *layout.phases.values(), caption]
    boxes += [edge.label_box for edge in layout.edges.values() if edge.label_box is not None]
    boxes += [Rect(x, y, 0, 0) for edge in layout.edges.values() for x, y in _extent(edge.route)]
    around = _around(boxes)
    left, top = round(around.x - MARGIN), round(around.y - MARGIN)
    width, height = round(around.width + 2 * MARGIN), round(around.height + 2 * MARGIN)
    return replace(layout, bounds=Rect(left, top, width, height))


def _extent(route: Sequence[Point]) -> Iterator[Point]:
    """Points that hold most of a route: a curve stays within three quarters of the way to its control points."""
    for n in range(0, len(route) - 1, 3):
        a, b, c, d = route[n : n + 4]
        yield from (a, d, _between(_between(a, d, 0.5), b, 0.75), _between(_between(a, d, 0.5), c, 0.75))


def _snap(value: float) -> int:
    return round(value / GRID) * GRID


__all__ = ["EdgePlace", "Layout", "drawn_layout", "graph_hash", "layout_flow", "tidy_positions"]
