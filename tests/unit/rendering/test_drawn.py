"""After an edit only what lies near it is drawn anew; what comes out is what drawing everything would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from designer import parts
from designer.gallery.catalog import Template, templates
from designer.graph.checks import check_flow
from designer.graph.codec import canonical_json, encode_flow
from designer.graph.delta import differs_in_places_only
from designer.graph.edits import EditRefused
from designer.graph.model import Edge, Flow, On, Position
from designer.rendering.curves import Rect, Route, point_at, polyline, runs_through
from designer.rendering.drawn import draw_flow, drawn_layout
from designer.rendering.layout import Layout, label_box, layout_flow
from designer.rendering.obstacles import Obstacles
from designer.rendering.routing import Ways, error_offset, error_way, success_ways
from designer.services.editing import tidy_edit
from tests.drawing import draw
from tests.strategies import edits, flows

APART = 12.0
"""How far two edges between the same tasks keep from each other on their ways, in canvas units."""


def placed(flow: Flow, chance: st.DataObject) -> Flow:
    """The flow with its tasks here and there on a small sheet, so that they stand in each other's way."""
    across, down = st.integers(0, 14), st.integers(0, 10)
    return flow.with_task(
        *(replace(task, at=Position(96 * chance.draw(across), 64 * chance.draw(down))) for task in flow.tasks.values())
    )


@given(flow=flows(most_blocks=14), data=st.data())
@settings(max_examples=60, deadline=None)
def test_drawing_on_gives_what_drawing_anew_gives(flow: Flow, data: st.DataObject) -> None:
    flow = placed(flow, data)
    drawn = draw_flow(flow)
    drawing = parts.Drawing(drawn, parts._Pieces(drawn, None).all())
    for _ in range(data.draw(st.integers(1, 8))):
        try:
            flow = data.draw(edits(flow)).apply(flow).flow
        except EditRefused:
            continue
        drawn, anew = draw_flow(flow, like=drawn), draw_flow(flow)
        assert drawn.layout == anew.layout
        assert (drawn.starts, drawn.lanes, list(drawn.places)) == (anew.starts, anew.lanes, list(anew.places))
        assert [place and place.seen for place in drawn.places] == [place and place.seen for place in anew.places]
        pieces = parts._Pieces(drawn, drawing).all()
        assert list(pieces.items()) == list(parts._Pieces(anew, None).all().items())
        drawing = parts.Drawing(drawn, pieces)


def test_who_is_dated_by_a_task_or_phase_is_drawn_anew_with_its_new_name() -> None:
    flow = draw(
        "trigger -> papers -> ask -> late",
        kinds={"ask": "manual"},
        settings={
            "ask": {"due": {"for": "2 days", "from": "task:papers"}},
            "late": {"schedule": {"mode": "relative", "duration": "1 hour", "reference": "phase:go"}},
        },
        phases={"go": "papers ask"},
    )
    places = {"papers": 0, "ask": 320, "late": 640}
    flow = flow.with_task(*(replace(task, at=Position(places[key], 80)) for key, task in flow.tasks.items()))
    drawn = draw_flow(flow)
    drawing = parts.Drawing(drawn, parts._Pieces(drawn, None).all())
    renamed = flow.with_task(replace(flow.tasks["papers"], name="Collect every paper that there is"))
    renamed = replace(renamed, phases={"go": replace(flow.phases["go"], name="Prep")})
    on, anew = draw_flow(renamed, like=drawn), draw_flow(renamed)
    assert on.layout == anew.layout
    pieces = parts._Pieces(on, drawing).all()
    assert "2 d after Collect every" in pieces["node-ask"].html
    assert "1 h after Prep<" in pieces["node-late"].html
    assert list(pieces.items()) == list(parts._Pieces(anew, None).all().items())


@given(flow=flows(most_blocks=14), data=st.data())
@settings(max_examples=60, deadline=None)
def test_an_edit_that_only_moves_changes_no_problem(flow: Flow, data: st.DataObject) -> None:
    after = flow
    for _ in range(data.draw(st.integers(1, 4))):
        try:
            after = data.draw(edits(after)).apply(after).flow
        except EditRefused:
            continue
    if differs_in_places_only(flow, after):
        assert check_flow(flow) == check_flow(after)
    assert canonical_json(after) == orjson.dumps(encode_flow(after))


def boxes() -> st.SearchStrategy[Rect]:
    return st.builds(
        Rect,
        st.integers(-20, 110).map(lambda x: 8 * x),
        st.integers(-20, 80).map(lambda y: 8 * y),
        st.sampled_from((44, 160, 264)),
        st.just(56),
    )


@given(boxes(), boxes(), st.lists(boxes(), max_size=8), st.lists(boxes(), max_size=3), st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_what_lies_outside_of_what_a_way_has_seen_does_not_change_it(
    source: Rect, target: Rect, others: list[Rect], more: list[Rect], lanes: int
) -> None:
    def succeed(others: list[Rect]) -> Ways:
        return success_ways(source, target, Obstacles(others), lanes=lanes)

    for find in (succeed, error_from(source, target)):
        ways = find(others)
        outside = [box for box in more if not ways.seen.overlaps(box)]
        assert find([*others, *outside]) == ways
        assert find([box for box in others if ways.seen.overlaps(box)]).routes == ways.routes


def error_from(source: Rect, target: Rect) -> Callable[[list[Rect]], Ways]:
    return lambda others: error_way(source, target, Obstacles(others))


# -- cards in the way -------------------------------------------------------------------------------------------------


@st.composite
def sheets(chance: st.DrawFn) -> list[Rect]:
    """Two cards or more, here and there, 8 to 40 units apart at least."""
    places = st.tuples(st.integers(0, 110), st.integers(0, 60), st.sampled_from((44, 160, 192, 264)))
    cards = with_room(chance(st.lists(places, min_size=2, max_size=48)), chance(st.sampled_from((8, 16, 24, 40))))
    assume(len(cards) > 1)
    return cards


def with_room(places: list[tuple[int, int, int]], room: int) -> list[Rect]:
    cards: list[Rect] = []
    for x, y, width in places:
        card = Rect(8 * x, 8 * y, width, 56)
        around = Rect(card.x - room, card.y - room, width + 2 * room, 56 + 2 * room)
        if not any(around.overlaps(other) for other in cards):
            cards.append(card)
    return cards


def cards_before(route: Route, cards: list[Rect]) -> list[Rect]:
    """Behind which it passes. Looked at point by point, 40 to a curve; two units of a card's edge do not count."""
    steps = 40 * ((len(route) - 1) // 3)
    points = [point_at(route, step / steps) for step in range(steps + 1)]
    inner = ((card, card.x + 2, card.x + card.width - 2, card.y + 2, card.y + card.height - 2) for card in cards)
    return [
        card
        for card, left, right, top, bottom in inner
        if any(left < x < right and top < y < bottom for x, y in points)
    ]


@given(sheets(), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_no_edge_passes_behind_a_card_where_cards_stand_8_units_apart(cards: list[Rect], lanes: int) -> None:
    source, target = cards[:2]
    obstacles, below = Obstacles(cards), error_offset(source, target, lanes)
    routes = [*success_ways(source, target, obstacles, lanes=lanes).routes]
    routes += [*error_way(source, target, obstacles).routes, *error_way(source, target, obstacles, lower=below).routes]
    for route in routes:
        assert not cards_before(route, cards)


BEHIND = {
    "a card covers the gap": ((0, 0), (640, 0), [(224, 0)]),
    "a wall covers the gap": ((0, 200), (640, 200), [(216, y) for y in range(-300, 800, 88)]),
    "right before the next": ((0, 0), (460, 0), [(224, 0)]),
    "beside the turn of a way back": ((320, 0), (0, 0), [(544, 0), (544, 96), (-224, 0), (-224, -96)]),
}


@pytest.mark.parametrize("name", BEHIND)
@pytest.mark.parametrize("lanes", [1, 2])
def test_an_edge_goes_around_what_covers_its_way(name: str, lanes: int) -> None:
    (x1, y1), (x2, y2), places = BEHIND[name]
    source, target = Rect(x1, y1, 192, 56), Rect(x2, y2, 192, 56)
    others = [Rect(x, y, 192, 56) for x, y in places]
    for route in success_ways(source, target, Obstacles(others), lanes=lanes).routes:
        assert not cards_before(route, others)


@pytest.mark.parametrize(("top", "is_above"), [(160, True), (0, False)])
def test_the_shorter_way_around_is_taken(top: int, is_above: bool) -> None:
    source, target, wall = Rect(0, 200, 192, 56), Rect(480, 200, 192, 56), Rect(224, top, 224, 300)
    [route] = success_ways(source, target, Obstacles([wall])).routes
    assert not cards_before(route, [wall])
    middle = point_at(route, 0.5)[1]
    assert middle < wall.y if is_above else middle > wall.y + wall.height


# -- edges between the same two tasks ---------------------------------------------------------------------------------


SIDE_BY_SIDE = {
    "to the right": ((0, 100), (420, 100)),
    "down to the right": ((0, 0), (420, 240)),
    "near": ((0, 100), (240, 100)),
    "back above": ((420, 100), (0, 100)),
    "back and down": ((420, 0), (0, 240)),
    "back and up": ((420, 240), (0, 0)),
}


def with_three_edges(places: tuple[tuple[int, int], tuple[int, int]]) -> Flow:
    flow = draw("start -> which; which -one-> next; which -two-> next; which -none_met-> next")
    at = {"start": (-600, 600), "which": places[0], "next": places[1]}
    return flow.with_task(*(replace(flow.tasks[key], at=Position(*place)) for key, place in at.items()))


def assert_apart(laid: Layout, edges: list[Edge]) -> None:
    routes = [laid.edges[edge.id].route for edge in edges]
    shares = [n / 20 for n in range(2, 19)]
    for number, one in enumerate(routes):
        for other in routes[number + 1 :]:
            gaps = [
                min(
                    ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5
                    for b in (point_at(other, n / 80) for n in range(81))
                )
                for a in (point_at(one, share) for share in shares)
            ]
            assert min(gaps) >= APART, gaps
    labels = [box for edge in edges if (box := laid.edges[edge.id].label_box) is not None]
    for number, box in enumerate(labels):
        assert not any(box.overlaps(other) for other in labels[number + 1 :])


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_edges_between_the_same_tasks_keep_apart_with_their_labels(name: str) -> None:
    flow = with_three_edges(SIDE_BY_SIDE[name])
    assert_apart(drawn_layout(flow), [edge for edge in flow.edges if edge.source == "which"])


def test_an_error_edge_arrives_below_the_edge_beside_it() -> None:
    flow = draw("fetch -> next; fetch -!-> next")
    flow = flow.with_task(*(replace(flow.tasks[key], at=Position(x, 100)) for key, x in (("fetch", 0), ("next", 420))))
    laid = drawn_layout(flow)
    ends = {edge.on: laid.edges[edge.id].route[-1] for edge in flow.edges}
    assert ends[On.ERROR][1] - ends[On.SUCCESS][1] >= APART


def test_an_edge_that_has_none_beside_it_any_more_goes_back_to_the_middle() -> None:
    flow = with_three_edges(SIDE_BY_SIDE["to the right"])
    drawn = draw_flow(flow)
    alone = flow.with_edges(edge for edge in flow.edges if edge.branch not in ("two", "none_met"))
    assert draw_flow(alone, like=drawn).layout == draw_flow(alone).layout
    card, route = drawn.layout.tasks["next"], draw_flow(alone, like=drawn).layout.edges["which~next~one~success"].route
    assert route[-1][1] == card.y + card.height / 2


def test_graphviz_keeps_edges_between_the_same_tasks_apart_too() -> None:
    flow = draw("start -> which; which -one-> next; which -two-> next; which -none_met-> next")
    laid = layout_flow(flow)
    middles = sorted(point_at(laid.edges[edge.id].route, 0.5)[1] for edge in flow.edges if edge.source == "which")
    assert all(b - a >= APART for a, b in pairwise(middles))


def faults(layout: Layout, id: str, box: Rect) -> list[str]:
    """What a label in this box covers, and the other edges that run through it."""
    others = {key: place for key, place in layout.edges.items() if key != id}
    found = [key for key, card in layout.tasks.items() if box.overlaps(card)]
    found += [f"label of {key}" for key, place in others.items() if place.label_box and box.overlaps(place.label_box)]
    return found + [key for key, place in others.items() if runs_through(polyline(place.route), box)]


def assert_labels_are_clear(flow: Flow) -> None:
    """Each label covers nothing and has no other edge through it, unless there is no such place on its edge."""
    layout = drawn_layout(flow)
    for id, place in layout.edges.items():
        if place.label_box is None or not (found := faults(layout, id, place.label_box)):
            continue
        middles = [point_at(place.route, share / 50) for share in range(10, 41)]
        boxes = [label_box(middle, place.label) for middle in middles]
        roomy = [Rect(box.x - 8, box.y - 8, box.width + 16, box.height + 16) for box in boxes]
        free = [box for box in roomy if not faults(layout, id, box)]
        assert not free, f"{place.label} of {id} meets {found}, though there is room at {free[0]}"


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.key)
def test_no_edge_of_a_tidied_template_runs_through_the_label_of_another(template: Template) -> None:
    flow = tidy_edit(template.flow).apply(template.flow).flow
    layout = drawn_layout(flow)
    assert {
        id: found
        for id, place in layout.edges.items()
        if place.label_box and (found := faults(layout, id, place.label_box))
    } == {}


@given(flow=flows(most_blocks=12), data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_label_is_clear_of_tasks_labels_and_other_edges_where_there_is_room(flow: Flow, data: st.DataObject) -> None:
    assert_labels_are_clear(placed(flow, data))


@given(flow=flows(most_blocks=12))
@settings(max_examples=15, deadline=None)
def test_labels_are_clear_after_tidying_up(flow: Flow) -> None:
    assert_labels_are_clear(tidy_edit(flow).apply(flow).flow)
