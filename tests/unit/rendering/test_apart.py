"""Edges between different tasks do not share a line: who runs along another makes room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from math import hypot

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.graph.model import Edge, Flow, On, Position
from designer.rendering import spreading
from designer.rendering.curves import Rect, Route, are_free, point_at, polyline, runs_through
from designer.rendering.drawn import draw_flow, drawn_layout
from designer.rendering.layout import Layout, label_box
from tests.drawing import draw

LONGEST_SHARED = 12.0
"""How far two edges may run on one line, in canvas units."""
ONE_LINE = 1.5


@dataclass(frozen=True)
class Line:
    """A straight piece of an edge's way; `is_fixed`: it begins or ends at a card."""

    edge: Edge
    is_level: bool
    at: float
    first: float
    last: float
    is_fixed: bool


def lines(edge: Edge, route: Route) -> Iterator[Line]:
    for number in range(0, len(route) - 1, 3):
        is_fixed = number == 0 or number == len(route) - 4
        for axis in (0, 1):
            across = [point[axis] for point in route[number : number + 4]]
            along = sorted(point[1 - axis] for point in route[number : number + 4])
            if max(across) - min(across) < 0.01 and along[-1] - along[0] > 1:
                yield Line(edge, axis == 1, across[0], along[0], along[-1], is_fixed)


def run_together(one: Line, other: Line, near: float = ONE_LINE) -> bool:
    is_beside = one.is_level == other.is_level and abs(one.at - other.at) < near
    return is_beside and min(one.last, other.last) - max(one.first, other.first) > LONGEST_SHARED


def shared_lines(flow: Flow, layout: Layout) -> Iterator[tuple[Line, Line]]:
    """Lines on which edges of different tasks run, but for two that both go straight from or to their cards there."""
    found = [line for edge in flow.edges for line in lines(edge, layout.edges[edge.id].route)]
    for one, other in combinations(found, 2):
        is_other_pair = (one.edge.source, one.edge.target) != (other.edge.source, other.edge.target)
        if is_other_pair and not (one.is_fixed and other.is_fixed) and run_together(one, other):
            yield one, other


def has_room(line: Line, flow: Flow, layout: Layout) -> bool:
    """Whether there is a free line within 48 units of one that can be moved."""
    if line.is_fixed:
        return False
    others = [each for edge in flow.edges for each in lines(edge, layout.edges[edge.id].route) if edge != line.edge]
    cards = [*layout.tasks.values(), layout.trigger]
    for by in range(-48, 49, 2):
        there = replace(line, at=line.at + by)
        a, b = [(each, there.at) if line.is_level else (there.at, each) for each in (line.first - 8, line.last + 8)]
        way = (a, a, b, b)
        if are_free((way,), cards) and not any(run_together(there, other, 6) for other in others):
            return True
    return False


Ends = tuple[int, int, bool]


def sheet(columns: int, rows: int, gap: tuple[int, int], askew: int, ends: list[Ends]) -> Flow:
    """Tasks in rows, every second column lower by `askew`; edges from one to another, some of them on errors."""
    keys = [f"t{number}" for number in range(columns * rows)]
    at = [
        Position(n % columns * (160 + gap[0]), n // columns * (56 + gap[1]) + askew * (n % columns % 2))
        for n in range(len(keys))
    ]
    flow = draw("; ".join(keys))
    flow = flow.with_task(*(replace(flow.tasks[key], at=place) for key, place in zip(keys, at, strict=True)))
    pairs = {(a % len(keys), b % len(keys), is_error) for a, b, is_error in ends}
    return flow.with_edges(
        Edge(keys[a], keys[b], on=On.ERROR if is_error else On.SUCCESS) for a, b, is_error in sorted(pairs) if a != b
    )


@st.composite
def sheets(chance: st.DrawFn) -> Flow:
    """Grids and staggered rows with edges between neighbours, and between tasks that are far apart."""
    columns, rows = chance(st.integers(2, 8)), chance(st.integers(1, 5))
    gap = chance(st.sampled_from((24, 40, 48, 80))), chance(st.sampled_from((24, 40, 48, 80)))
    ends = st.tuples(st.integers(0, 39), st.integers(0, 39), st.booleans())
    return sheet(columns, rows, gap, chance(st.sampled_from((0, 24, 40, 48))), chance(st.lists(ends, max_size=30)))


@given(sheets())
@settings(max_examples=60, deadline=None)
def test_no_two_edges_share_a_line_where_there_is_room_beside_it(flow: Flow) -> None:
    layout = drawn_layout(flow)
    for one, other in shared_lines(flow, layout):
        assert not has_room(one, flow, layout), (one, other)
        assert not has_room(other, flow, layout), (one, other)


CROWDS = {
    "in rows": ((48, 48), 0),
    "in narrow rows": ((24, 24), 0),
    "staggered": ((40, 40), 48),
    "far apart": ((80, 56), 24),
}


def crowd(name: str) -> Flow:
    """Forty tasks, each with an edge to the next but one, or far ahead, or back, or on errors."""
    gap, askew = CROWDS[name]
    ends = [(n, (n * 7 + 3) % 40, n % 4 == 3) for n in range(40)] + [(n, n + 2, False) for n in range(38)]
    return sheet(8, 5, gap, askew, ends)


@cache
def crowd_layout(name: str) -> Layout:
    """Where all of it lies. To be read only."""
    return drawn_layout(crowd(name))


@pytest.mark.parametrize("name", CROWDS)
def test_edges_of_a_crowd_have_lines_of_their_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = crowd(name)
    shared = len(list(shared_lines(flow, crowd_layout(name))))
    monkeypatch.setattr(spreading, "apart", lambda way, *_: (way.route, ()))
    without = len(list(shared_lines(flow, drawn_layout(flow))))
    assert without > 10, "nothing had to be moved"
    assert not shared or (name == "in narrow rows" and shared < without / 20), f"{shared} of {without} are left"


def runs_behind_a_card(route: Route, layout: Layout) -> bool:
    """Whether any point of a way lies inside of a card."""
    steps = 40 * ((len(route) - 1) // 3)
    points = [point_at(route, step / steps) for step in range(steps + 1)]
    return any(
        card.x + 2 < x < card.x + card.width - 2 and card.y + 2 < y < card.y + card.height - 2
        for card in layout.tasks.values()
        for x, y in points
    )


@pytest.mark.parametrize("name", CROWDS)
def test_an_edge_that_makes_room_passes_behind_no_card(name: str) -> None:
    layout = crowd_layout(name)
    for edge in crowd(name).edges:
        assert not runs_behind_a_card(layout.edges[edge.id].route, layout), edge


@pytest.mark.parametrize("askew", [0, 32])
def test_an_edge_across_a_whole_crowded_sheet_passes_behind_no_card(askew: int) -> None:
    flow = sheet(24, 20, (8, 8), askew, [(1, 471, False), (478, 25, False), (52, 430, True)])
    layout = drawn_layout(flow)
    for edge in flow.edges:
        assert not runs_behind_a_card(layout.edges[edge.id].route, layout), edge


@given(sheets(), st.lists(st.tuples(st.integers(0, 39), st.integers(-12, 12), st.integers(-8, 8)), max_size=6))
@settings(max_examples=40, deadline=None)
def test_drawing_on_moves_aside_what_drawing_anew_does(flow: Flow, moves: list[tuple[int, int, int]]) -> None:
    drawn = draw_flow(flow)
    for number, across, down in moves:
        task = list(flow.tasks.values())[number % len(flow.tasks)]
        at = task.at or Position(0, 0)
        flow = flow.with_task(replace(task, at=Position(at.x + 8 * across, at.y + 8 * down)))
        if number % 5 == 0 and flow.edges:
            flow = flow.with_edges(edge for edge in flow.edges if edge is not flow.edges[number % len(flow.edges)])
        drawn = draw_flow(flow, like=drawn)
        assert drawn.layout == draw_flow(flow).layout


def test_loops_lie_one_inside_the_other() -> None:
    flow = sheet(5, 1, (80, 40), 0, [(4, 0, False), (3, 0, False), (2, 0, False), (3, 1, False)])
    routes = {edge.id: edge_place.route for edge in flow.edges if (edge_place := drawn_layout(flow).edges[edge.id])}
    highest = {id: min(y for _, y in route) for id, route in routes.items()}
    assert len(set(highest.values())) == 4
    assert highest["t4~t0~~success"] < highest["t3~t0~~success"] < highest["t2~t0~~success"]


def test_moving_one_task_tells_of_few_edges() -> None:
    flow = crowd("far apart")
    drawn = draw_flow(flow)
    task = flow.tasks["t20"]
    after = draw_flow(flow.with_task(replace(task, at=Position(task.at.x + 16, task.at.y + 8))), like=drawn)
    told = [edge.id for edge, old, new in zip(flow.edges, drawn.places, after.places, strict=True) if old is not new]
    assert 0 < len(told) < len(flow.edges) / 2


def is_taken(box: Rect, layout: Layout, but: str) -> bool:
    """Whether a label in this box covers a card or another label, or nearly so, or another edge runs through it."""
    roomy = Rect(box.x - 2, box.y - 2, box.width + 4, box.height + 4)
    others = [place for id, place in layout.edges.items() if id != but]
    boxes = [*layout.tasks.values(), layout.trigger, *(place.label_box for place in others if place.label_box)]
    return any(roomy.overlaps(other) for other in boxes) or any(
        runs_through(polyline(place.route), roomy) for place in others
    )


def assert_labels_are_by_their_lines(layout: Layout) -> None:
    for id, place in layout.edges.items():
        if place.label_box is None:
            continue
        box, points = place.label_box, [point_at(place.route, share / 200) for share in range(201)]
        middle = box.x + box.width / 2, box.y + box.height / 2
        away = min(hypot(middle[0] - x, middle[1] - y) for x, y in points)
        spots = [point_at(place.route, share) for share in (0.5, 0.38, 0.62, 0.26, 0.74, 0.14, 0.86)]
        nearer = [label_box((x, y + by), place.label) for x, y in spots for by in (0, -12, 12)]
        assert away < 15 or all(is_taken(spot, layout, id) for spot in nearer), (id, away)


@pytest.mark.parametrize("name", CROWDS)
def test_a_label_of_a_crowd_is_by_its_own_line(name: str) -> None:
    assert_labels_are_by_their_lines(crowd_layout(name))


@given(sheets())
@settings(max_examples=40, deadline=None)
def test_a_label_is_by_its_own_line_where_nothing_else_is(flow: Flow) -> None:
    assert_labels_are_by_their_lines(drawn_layout(flow))


def test_a_way_that_only_by_itself_would_go_otherwise_is_known_as_it_is_now() -> None:
    # Moving the card changes how the longer edge would go alone, though not beside the other; then the other goes.
    flow = sheet(6, 4, (24, 24), 24, [(1, 0, True), (13, 0, True)])
    drawn = draw_flow(flow)
    task = flow.tasks["t18"]
    flow = flow.with_task(replace(task, at=Position(task.at.x + 8, task.at.y)))
    drawn = draw_flow(flow, like=drawn)
    flow = flow.with_edges(edge for edge in flow.edges if edge.source != "t1")
    assert draw_flow(flow, like=drawn).layout == draw_flow(flow).layout
