"""Where everything of a flow stands as its author drew it, and the ways of the edges between.

After an edit only what lies near it is looked at again: an edge remembers the area that its way depends on, and a label
stands where the cards and the labels before it leave room. What comes out is as from scratch (a property test).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from designer.graph.delta import Delta, delta_between
from designer.graph.lowering import start_tasks
from designer.graph.model import TRIGGER, Edge, Flow, On, Phase, Position, Task, phase_of_ref, phase_ref
from designer.rendering import graphviz
from designer.rendering.apart import Pieces, alone, owner_of
from designer.rendering.cards import (
    GRID,
    LABEL_HEIGHT,
    PHASE_HEAD,
    PHASE_PADDING,
    TRIGGER_SIZE,
    card_size,
    edge_label,
    label_width,
)
from designer.rendering.curves import NOWHERE, Polyline, Rect, Route, polyline, route_bounds, runs_through
from designer.rendering.layout import EdgePlace, Layout, label_box, rect_around, tidy_positions
from designer.rendering.obstacles import NOTHING, Obstacles
from designer.rendering.routing import (
    Ways,
    error_offset,
    error_way,
    label_area,
    place_label,
    success_ways,
)
from designer.rendering.spreading import Way, spread

MOST_MOVED: Final = 64
"""Where more cards than this have moved, everything is drawn from scratch."""
SQUARE: Final = 384


@dataclass(frozen=True, slots=True)
class Lane:
    """Which of `lanes` edges from one node to another an edge is. `is_accompanied`: an error edge beside these."""

    number: int = 0
    lanes: int = 1
    is_accompanied: bool = False


ALONE: Final = Lane()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A flow and its layout, with what the next one is drawn from.

    `ids` and `places` in the order of the flow's edges. `is_placed`: whether its author has put every task somewhere.
    """

    flow: Flow
    layout: Layout
    is_placed: bool
    ids: Sequence[str]
    starts: tuple[str, ...]
    lanes: Mapping[Edge, Lane]
    places: Sequence[EdgePlace | None]
    obstacles: Obstacles
    pieces: Pieces


def drawn_layout(flow: Flow) -> Layout:
    """The layout as drawn: tasks at their `at`, phases at their `frame`. What has no place gets one.

    Never raises; a flow without any position is laid out by Graphviz, or in rows where that takes too long.
    """
    return draw_flow(flow).layout


def drawn_boxes(flow: Flow) -> Layout:
    """The same without the ways of the edges, which are most of the work."""
    return _Drawing(_with_places(flow), None, None).boxes()


def draw_flow(flow: Flow, *, like: Drawn | None = None) -> Drawn:
    """The same, drawing only what is other than in `like`, an earlier state of the flow."""
    placed = _with_places(flow)
    delta = None
    if like is not None and like.is_placed and placed is flow:
        delta = delta_between(like.flow, flow)
    if like is None or delta is None or not delta.is_in_order or len(delta.tasks) > MOST_MOVED:
        return replace(_Drawing(placed, None, None).drawn(), flow=flow, is_placed=placed is flow)
    return _Drawing(placed, like, delta).drawn()


def lanes_of(edges: Iterable[Edge]) -> dict[Edge, Lane]:
    """The lanes of the edges that share both ends with others. Those of one kind stand in the order of their ids."""
    together: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        together.setdefault((edge.source, edge.target), []).append(edge)
    lanes: dict[Edge, Lane] = {}
    for group in together.values():
        if len(group) < 2:
            continue
        plain = sorted((edge for edge in group if edge.on is not On.ERROR), key=lambda edge: edge.id)
        lanes |= {edge: Lane(number, len(plain)) for number, edge in enumerate(plain)}
        lanes |= {edge: Lane(0, len(plain), is_accompanied=True) for edge in group if edge.on is On.ERROR and plain}
    return lanes


class _Drawing:
    """Draws one flow; with `like`, what `delta` leaves alone is taken from there."""

    def __init__(self, flow: Flow, like: Drawn | None, delta: Delta | None) -> None:
        self.flow, self.like, self.delta = flow, like, delta
        self.tasks = self._tasks()
        self.phases = {key: self._frame(phase) for key, phase in flow.phases.items()}
        self.starts = self._starts()
        self.trigger = self._trigger()
        self.obstacles = self._obstacles()
        self.pieces = Pieces()
        if like is not None and delta is not None and not delta.edges:
            self.lanes = like.lanes
        else:
            self.lanes = lanes_of(flow.edges)

    def drawn(self) -> Drawn:
        places = list(self._places())
        is_connected = self.like is not None and self.delta is not None and not self.delta.edges
        ids = self.like.ids if self.like is not None and is_connected else [edge.id for edge in self.flow.edges]
        edges = {id: place for id, place in zip(ids, places, strict=True) if place is not None}
        layout = Layout(tasks=self.tasks, phases=self.phases, trigger=self.trigger, edges=edges)
        return Drawn(self.flow, layout, True, ids, self.starts, self.lanes, places, self.obstacles, self.pieces)

    # -- boxes

    def boxes(self) -> Layout:
        return Layout(tasks=self.tasks, phases=self.phases, trigger=self.trigger, edges={})

    def _tasks(self) -> dict[str, Rect]:
        if self.like is None or self.delta is None:
            return {key: _card(self.flow, task) for key, task in self.flow.tasks.items()}
        tasks = dict(self.like.layout.tasks)
        for key in self.delta.tasks:
            task = self.flow.tasks.get(key)
            if task is None:
                del tasks[key]
            elif (card := _card(self.flow, task)) != tasks.get(key):
                tasks[key] = card
        return tasks

    def _frame(self, phase: Phase) -> Rect:
        frame = phase.frame
        if frame is not None:
            return Rect(frame.x, frame.y, frame.width, frame.height)
        inside = [self.tasks[task.key] for task in self.flow.tasks_in(phase.key)]
        if not inside:
            low = max((box.y + box.height for box in self.tasks.values()), default=0)
            return Rect(80, low + 2 * PHASE_HEAD, 280, 120)
        around = rect_around(inside)
        return Rect(
            around.x - PHASE_PADDING,
            around.y - PHASE_HEAD,
            around.width + 2 * PHASE_PADDING,
            around.height + PHASE_HEAD + PHASE_PADDING,
        )

    def _starts(self) -> tuple[str, ...]:
        if (
            self.like is None
            or self.delta is None
            or self.delta.edges
            or self._is_regrouped(self.like.flow, self.delta)
        ):
            return start_tasks(self.flow)
        return self.like.starts

    def _is_regrouped(self, before: Flow, delta: Delta) -> bool:
        """Whether something other than an edge may have changed where instances begin."""
        if before.phases.keys() != self.flow.phases.keys():
            return True
        pairs = ((before.tasks.get(key), self.flow.tasks.get(key)) for key in delta.tasks)
        return any(a is None or b is None or (a.phase, a.loop) != (b.phase, b.loop) for a, b in pairs)

    def _trigger(self) -> Rect:
        """The trigger stands left of everything, level with the first task it leads to."""
        everything = [*self.tasks.values(), *self.phases.values()]
        left = min((box.x for box in everything), default=2 * TRIGGER_SIZE)
        starts = [self.tasks[key] for key in self.starts if key in self.tasks]
        level = sum(box.y + box.height / 2 for box in starts) / len(starts) if starts else 80
        return Rect(left - 2 * TRIGGER_SIZE, round(level - TRIGGER_SIZE / 2), TRIGGER_SIZE, TRIGGER_SIZE)

    def _obstacles(self) -> Obstacles:
        if self.like is None or self.delta is None:
            return Obstacles([*self.tasks.values(), self.trigger])
        old, trigger = self.like.layout, self.like.layout.trigger
        pairs = [(old.tasks.get(key), self.tasks.get(key)) for key in self.delta.tasks] + [(trigger, self.trigger)]
        gone = [before for before, after in pairs if before is not None and before is not after]
        return self.like.obstacles.changed(gone, [after for before, after in pairs if after and before is not after])

    def _box(self, ref: str) -> Rect | None:
        if ref == TRIGGER:
            return self.trigger
        phase = phase_of_ref(ref)
        return self.phases.get(phase) if phase is not None else self.tasks.get(ref)

    # -- edges: first all ways, then the labels, each of which keeps clear of the ways and of the labels before it

    def _places(self) -> Iterator[EdgePlace | None]:
        moved, relaid, changed, gone = self._moved()
        renamed = self.delta.tasks if self.delta is not None else frozenset[str]()
        ways = list(self._ways(moved, relaid, changed))
        self.pieces = spread(ways, gone, changed, self.obstacles, self.like.pieces if self.like is not None else None)
        changed += [place.label_box for place in gone if place.label_box]
        others = ((way.old, way.place) for way in ways if not way.is_kept and _differ(way.old, way.place))
        crossing = [place.route for place in gone] + [each.route for pair in others for each in pair if each]
        changes = _Changes(changed, [(route_bounds(route), polyline(route)) for route in crossing])
        near = _Ways(way.place for way in ways if way.place is not None)
        labels: list[Rect] = []
        for edge, way in zip(self.flow.edges, ways, strict=True):
            old, place, is_kept = way.old, way.place, way.is_kept
            if is_kept and place is not None and not place.label and edge.source not in renamed:
                yield place
                continue
            if place is not None:
                place = self._labelled(edge, place, labels, changes, near, is_kept=is_kept)
                if old is not None and place == old and (place.seen, place.alone) == (old.seen, old.alone):
                    place = old
                if place.label_box is not None:
                    labels.append(place.label_box)
            before, after = (each.label_box if each is not None else None for each in (old, place))
            if before != after:
                changes.boxes += [box for box in (before, after) if box is not None]
            yield place

    def _ways(self, moved: set[str], relaid: set[Edge], changed: Sequence[Rect]) -> Iterator[Way]:
        """The way of each edge, by itself. All are gone through with every edit: what most need is written out."""
        around = rect_around(changed) if changed else NOWHERE
        left, top, right, bottom = around.x, around.y, around.x + around.width, around.y + around.height
        for edge, old in self._with_old_places():
            if old is not None and edge.source not in moved and edge.target not in moved:
                seen = old.seen
                is_near = (
                    seen.x < right
                    and left < seen.x + seen.width
                    and seen.y < bottom
                    and top < seen.y + seen.height
                    and any(seen.overlaps(box) for box in changed)
                )
                if not is_near and not (relaid and edge in relaid):
                    yield Way(old, old, True)
                    continue
            yield Way(old, self._route(edge), False)

    def _moved(self) -> tuple[set[str], set[Edge], list[Rect], list[EdgePlace]]:
        """Nodes whose boxes are others than before, edges whose lanes are; the boxes of what came, went or moved, and
        the places of the edges that went."""
        if self.like is None or self.delta is None:
            return set(), set(), [], []
        old, moved, changed = self.like.layout, set(), []
        pairs: list[tuple[str, Rect | None, Rect | None]] = [(TRIGGER, old.trigger, self.trigger)]
        pairs += [(key, old.tasks.get(key), self.tasks.get(key)) for key in self.delta.tasks]
        for ref, before, after in pairs:
            if before != after:
                moved.add(ref)
                changed += [box for box in (before, after) if box is not None]
        keys = {*old.phases, *self.phases}
        moved.update(phase_ref(key) for key in keys if old.phases.get(key) != self.phases.get(key))
        if not self.delta.edges:
            return moved, set(), changed, []
        gone = self.delta.edges - set(self.flow.edges)
        left = [place for edge in gone if (place := old.edges.get(edge.id))]
        lanes = self.like.lanes
        relaid = {edge for edge in {*lanes, *self.lanes} if lanes.get(edge) != self.lanes.get(edge)}
        return moved, relaid, changed, left

    def _with_old_places(self) -> Iterable[tuple[Edge, EdgePlace | None]]:
        edges = self.flow.edges
        if self.like is None or self.delta is None:
            return ((edge, None) for edge in edges)
        if not self.delta.edges:
            return zip(edges, self.like.places, strict=True)
        old = dict(zip(map(id, self.like.flow.edges), self.like.places, strict=True))
        known = self.like.layout.edges
        return ((edge, old.get(id(edge)) or known.get(edge.id)) for edge in edges)

    def _route(self, edge: Edge) -> EdgePlace | None:
        source, target = self._box(edge.source), self._box(edge.target)
        if source is None or target is None:
            return None
        # A phase is left and entered past its own cards: they stand in no way.
        is_about_phase = phase_of_ref(edge.source) is not None or phase_of_ref(edge.target) is not None
        others = NOTHING if is_about_phase else self.obstacles
        lane = self.lanes.get(edge, ALONE)
        ways = _ways(edge, lane, source, target, others)
        route = ways.routes[0 if edge.on is On.ERROR else lane.number]
        ends = (source, target)
        owner = owner_of(edge.id, edge.source, edge.target, ends)
        by_itself = alone(route, owner, ends, goes_around=not is_about_phase)
        seen = NOWHERE if is_about_phase else ways.seen
        return EdgePlace(route, seen=seen, bounds=route_bounds(route), alone=by_itself)

    def _labelled(
        self,
        edge: Edge,
        place: EdgePlace,
        labels: Sequence[Rect],
        changes: _Changes,
        near: _Ways,
        *,
        is_kept: bool,
    ) -> EdgePlace:
        is_same = is_kept and not (self.delta is not None and edge.source in self.delta.tasks)
        if is_same and (not place.label or not changes):
            return place
        label = place.label if is_same else edge_label(self.flow, edge)
        if not label:
            return replace(place, label="", label_box=None)
        width, height = label_width(label) + 4, LABEL_HEIGHT + 4
        area = label_area(place.route, width, height)
        if is_same and not changes.touch(area):
            return place
        taken = [*self.obstacles.within(area.x, area.y, area.x + area.width, area.y + area.height)]
        taken += (box for box in labels if area.overlaps(box))
        others = near.in_area(area, but=place)
        middle = place_label(place.route, width, height, taken, others)
        return replace(place, label=label, label_box=label_box(middle, label))


def _card(flow: Flow, task: Task) -> Rect:
    size, at = card_size(flow, task), task.at or Position(0, 0)
    return Rect(at.x, at.y, size.width, size.height)


def _ways(edge: Edge, lane: Lane, source: Rect, target: Rect, others: Obstacles) -> Ways:
    if edge.on is not On.ERROR:
        return success_ways(source, target, others, lanes=lane.lanes)
    lower = error_offset(source, target, lane.lanes) if lane.is_accompanied else 0
    return error_way(source, target, others, lower=lower)


def _differ(old: EdgePlace | None, new: EdgePlace | None) -> bool:
    """Whether an edge goes another way than before."""
    return old is not new and (old is None or new is None or old.route != new.route)


@dataclass(slots=True)
class _Changes:
    """What may change where a label stands: cards and labels that came, went or moved, and ways, old and new."""

    boxes: list[Rect]
    lines: list[tuple[Rect, Polyline]]

    def __bool__(self) -> bool:
        return bool(self.boxes or self.lines)

    def touch(self, area: Rect) -> bool:
        """Whether any of it shares something with an area."""
        return any(area.overlaps(box) for box in self.boxes) or any(
            bounds.overlaps(area) and runs_through(line, area) for bounds, line in self.lines
        )


class _Ways:
    """The ways of a drawing by the squares of a coarse grid that they may reach into."""

    def __init__(self, places: Iterable[EdgePlace]) -> None:
        self._places = places
        self._squares: dict[tuple[int, int], list[EdgePlace]] | None = None

    def in_area(self, area: Rect, *, but: EdgePlace) -> list[Route]:
        """The ways, but one, that may share something with an area, in the order of their edges."""
        if self._squares is None:
            self._squares = {}
            for place in self._places:
                for square in _squares_of(place.bounds):
                    self._squares.setdefault(square, []).append(place)
        found = (place for square in _squares_of(area) for place in self._squares.get(square, ()))
        near = {id(place): place for place in found if place is not but and place.bounds.overlaps(area)}
        return [place.route for place in near.values()]


def _squares_of(area: Rect) -> Iterator[tuple[int, int]]:
    across = range(int(area.x // SQUARE), int((area.x + area.width) // SQUARE) + 1)
    down = range(int(area.y // SQUARE), int((area.y + area.height) // SQUARE) + 1)
    return ((x, y) for x in across for y in down)


# -- what has no place yet --------------------------------------------------------------------------------------------


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
    top = round(top / GRID) * GRID
    return {key: Position(80 + 320 * (n % 6), top + 104 * (n // 6)) for n, key in enumerate(keys)}
