"""Layouts: everything has a place, nothing covers anything, edges end at ports."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings

from designer.graph.model import TRIGGER, Flow, Frame, Position
from designer.rendering import graphviz, layout
from designer.rendering.drawn import drawn_layout
from designer.rendering.layout import Layout, layout_flow, tidy_positions
from designer.rendering.routing import ARROW_GAP, Rect
from tests.drawing import draw
from tests.strategies import flows

PORT = 1.5  # how far from the middle of a port an edge may begin or end


def assert_edges_meet_ports(flow: Flow, laid: Layout) -> None:
    for edge in flow.edges:
        if edge.target not in flow.tasks or edge.source not in flow.tasks:
            continue
        place, source, target = laid.edges[edge.id], laid.tasks[edge.source], laid.tasks[edge.target]
        x, y = place.route[0]
        ports = [(source.x + source.width, source.y + source.height / 2)]
        ports += [(source.x + source.width / 2, source.y), (source.x + source.width / 2, source.y + source.height)]
        assert any(abs(x - px) <= PORT and abs(y - py) <= PORT for px, py in ports), edge
        x, y = place.route[-1]
        heads = [(target.x, target.y + target.height / 2), (target.x + target.width / 2, target.y)]
        assert any(((x - hx) ** 2 + (y - hy) ** 2) ** 0.5 <= ARROW_GAP + PORT for hx, hy in heads), edge


def assert_nothing_covers(laid: Layout) -> None:
    for (one, a), (other, b) in combinations([*laid.tasks.items(), (TRIGGER, laid.trigger)], 2):
        assert not a.overlaps(b), (one, other)


def test_everything_has_a_place_and_nothing_covers_anything(order: Flow) -> None:
    laid = layout_flow(order)
    assert set(laid.tasks) == set(order.tasks)
    assert set(laid.phases) == set(order.phases)
    assert set(laid.edges) == {edge.id for edge in order.edges}
    assert_nothing_covers(laid)
    assert_edges_meet_ports(order, laid)


def test_tasks_lie_inside_their_phases(order: Flow) -> None:
    laid = layout_flow(order)
    for key, task in order.tasks.items():
        box = laid.tasks[key]
        for phase, area in laid.phases.items():
            inside = area.x <= box.x and box.x + box.width <= area.x + area.width
            assert (inside and area.overlaps(box)) == (task.phase == phase), (key, phase)


def test_everything_lies_within_the_bounds(order: Flow) -> None:
    laid = layout_flow(order)
    for box in (*laid.tasks.values(), *laid.phases.values(), laid.trigger):
        assert laid.bounds.x <= box.x
        assert laid.bounds.y <= box.y
        assert box.x + box.width <= laid.bounds.x + laid.bounds.width
        assert box.y + box.height <= laid.bounds.y + laid.bounds.height


@given(flow=flows())
@settings(max_examples=15, deadline=None)
def test_any_flow_is_laid_out(flow: Flow) -> None:
    laid = layout_flow(flow)
    assert set(laid.tasks) == set(flow.tasks)
    assert_nothing_covers(laid)
    drawn = drawn_layout(flow)
    assert set(drawn.edges) == {edge.id for edge in flow.edges}


def test_the_same_flow_is_laid_out_once(order: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    first = layout_flow(order)
    monkeypatch.setattr(graphviz, "layout", lambda *_: pytest.fail("laid out again"))
    assert layout_flow(order) is first
    renamed = replace(order, name="Other", description="New")
    assert layout_flow(renamed).tasks == first.tasks


def test_a_flow_that_is_too_large_is_not_tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = draw("one -> two -> three_that_is_only_here")
    tries = []

    def give_up(*_: str) -> bytes:
        tries.append(1)
        raise graphviz.LayoutTooLarge

    monkeypatch.setattr(graphviz, "layout", give_up)
    for _ in range(2):
        with pytest.raises(graphviz.LayoutTooLarge):
            layout_flow(flow)
    assert len(tries) == 1
    assert len(drawn_layout(flow).tasks) == 3


def test_tidy_positions_are_on_the_grid(order: Flow) -> None:
    positions, frames = tidy_positions(order)
    assert set(positions) == set(order.tasks)
    assert all(at.x % layout.GRID == 0 and at.y % layout.GRID == 0 for at in positions.values())
    assert set(frames) == set(order.phases)


# -- what people drew -----------------------------------------------------------------------------------------------


def placed(flow: Flow, **places: tuple[int, int]) -> Flow:
    return flow.with_task(*(replace(flow.tasks[key], at=Position(*at)) for key, at in places.items()))


def test_drawn_tasks_stand_where_they_were_put() -> None:
    flow = placed(draw("a -> b"), a=(100, 50), b=(500, 80))
    laid = drawn_layout(flow)
    assert (laid.tasks["a"].x, laid.tasks["a"].y) == (100, 50)
    assert (laid.tasks["b"].x, laid.tasks["b"].y) == (500, 80)
    assert laid.trigger.x < 100
    assert_edges_meet_ports(flow, laid)


def test_an_edge_goes_around_a_card_in_its_way() -> None:
    flow = placed(draw("a -> b; a -> c; c"), a=(0, 100), c=(300, 100), b=(700, 100))
    laid = drawn_layout(flow)
    route = laid.edges["a~b~~success"].route
    card = laid.tasks["c"]
    box = Rect(card.x, card.y, card.width, card.height)
    assert not any(Rect(x, y, 0.1, 0.1).overlaps(box) for x, y in route)
    assert len(route) > 4


def test_an_edge_back_passes_above() -> None:
    flow = placed(draw("a -> b; b -again-> a; b -ok-> c", loops={"b": ("again", "ok", 3)}), a=(0, 100), b=(300, 100))
    route = drawn_layout(flow).edges["b~a~again~success"].route
    assert min(y for _, y in route) < 100
    assert_edges_meet_ports(flow, drawn_layout(flow))


def test_labels_keep_off_the_cards(order: Flow) -> None:
    laid = drawn_layout(order)
    boxes = [place.label_box for place in laid.edges.values() if place.label_box is not None]
    assert boxes
    assert not any(box.overlaps(card) for box in boxes for card in laid.tasks.values())


def test_new_tasks_without_a_place_get_one_below() -> None:
    flow = placed(draw("a -> b -> c"), a=(100, 50), b=(500, 80))
    laid = drawn_layout(flow)
    assert laid.tasks["c"].y > 80
    assert_nothing_covers(laid)


def test_a_drawn_frame_is_kept_and_others_fit_their_tasks() -> None:
    flow = placed(draw("a -> b", phases={"p": "a", "q": "b"}), a=(100, 100), b=(500, 100))
    flow = flow.with_phase(replace(flow.phases["p"], frame=Frame(0, 0, 400, 300)))
    laid = drawn_layout(flow)
    assert laid.phases["p"] == Rect(0, 0, 400, 300)
    assert laid.phases["q"].x < 500 < laid.phases["q"].x + laid.phases["q"].width


def test_what_leads_back_does_not_bend_what_leads_on() -> None:
    flow = draw(
        "trigger -> r -> q -> w -> c; c -again-> q; c -none_met-> x; c -none_met-> y; x -> j; y -> j",
        loops={"c": ("again", "none_met", 5)},
    )
    laid = layout_flow(flow)
    middles = [box.y + box.height / 2 for box in (laid.tasks[key] for key in "rqwc")]
    assert max(middles) - min(middles) <= 2
