"""A card that grows, or comes in between, makes room."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from designer.graph.edits import Batch, Connect, Disconnect, Edit, InsertOnEdge, MoveTasks, RenameTask
from designer.graph.model import Edge, Flow, Frame, Position, Task
from designer.rendering.cards import CARD_HEIGHT, card_size, label_width
from designer.services.making_room import with_room
from tests.drawing import draw

LONG = "Ask whoever has the key for it"


def placed(text: str, places: dict[str, tuple[int, int]], **more: dict[str, str]) -> Flow:
    """A flow whose tasks stand there."""
    flow = draw(text, **more)  # type: ignore[arg-type]
    return flow.with_task(*(replace(flow.tasks[key], at=Position(*at)) for key, at in places.items()))


def x_of(flow: Flow, *keys: str) -> list[int]:
    """How far to the right they stand."""
    return [at.x for key in keys if (at := flow.tasks[key].at) is not None]


def made(flow: Flow, edit: Edit) -> Flow:
    """After the edit with all that it calls for. Taken back, everything is as before."""
    applied = with_room(flow, edit).apply(flow)
    assert applied.undo.apply(applied.flow).flow == flow
    return applied.flow


def overlaps(flow: Flow) -> list[tuple[str, str]]:
    """Pairs of cards that lie over one another."""
    boxes = {
        key: (task.at.x, task.at.y, card_size(flow, task).width)
        for key, task in flow.tasks.items()
        if task.at is not None
    }
    return [
        (a, b)
        for a, (ax, ay, aw) in boxes.items()
        for b, (bx, by, _) in boxes.items()
        if a != b and ax <= bx < ax + aw and abs(ay - by) < CARD_HEIGHT
    ]


def test_what_a_longer_name_would_lie_over_goes_to_the_right_and_so_does_what_that_would() -> None:
    flow = placed("a -> b -> c; a -> far", {"a": (0, 0), "b": (224, 0), "c": (424, 0), "far": (1200, 0)})
    after = made(flow, RenameTask("a", LONG))
    assert overlaps(flow.with_task(after.tasks["a"])) == [("a", "b")]  # what it is about
    assert overlaps(after) == []
    assert x_of(after, "a", "far") == [0, 1200]
    a, b, c = x_of(after, "a", "b", "c")
    assert b == a + card_size(after, after.tasks["a"]).width + 40
    assert c == b + 160 + 40


def test_what_is_not_in_the_way_stays() -> None:
    flow = placed("a -> b; a -> c; d -> a", {"a": (200, 0), "b": (424, 72), "c": (700, 0), "d": (0, 0)})
    after = made(flow, RenameTask("a", LONG))
    assert x_of(after, "b", "c", "d") == [424, 700, 0]
    shorter = made(after, RenameTask("a", "a"))
    assert x_of(shorter, "a", "b", "c", "d") == [200, 424, 700, 0]


def test_what_was_near_stays_as_near() -> None:
    flow = placed("a -> b", {"a": (0, 0), "b": (168, 0)})
    after = made(flow, RenameTask("a", LONG))
    assert x_of(after, "b") == [card_size(after, after.tasks["a"]).width + 8]


def test_a_phase_reaches_around_its_tasks_and_the_next_one_makes_room_as_a_whole() -> None:
    flow = placed(
        "a -> b -> c -> d",
        {"a": (24, 48), "b": (260, 48), "c": (524, 48), "d": (524, 148)},
        phases={"p": "a b", "q": "c d"},
    )
    for key, frame in (("p", Frame(0, 0, 444, 128)), ("q", Frame(500, 0, 208, 228))):
        flow = flow.with_phase(replace(flow.phases[key], frame=frame))
    after = made(flow, RenameTask("b", LONG))
    first, second = after.phases["p"].frame, after.phases["q"].frame
    assert first is not None
    assert second is not None
    assert first.x + first.width >= 260 + card_size(after, after.tasks["b"]).width + 24
    assert second.x > first.x + first.width
    c, d = x_of(after, "c", "d")
    assert (c, d) == (second.x + 24, second.x + 24)


@pytest.mark.parametrize("at", [180, 240, 300])
def test_a_task_put_on_a_short_edge_stands_between_its_neighbours(at: int) -> None:
    flow = placed("a -> b -> c", {"a": (0, 0), "b": (224, 0), "c": (448, 0)})
    task = Task(key="n", name="New", kind="noop", at=Position(at - 80, 0))
    after = made(flow, InsertOnEdge(Edge("a", "b"), task))
    assert overlaps(after) == []
    assert x_of(after, "a", "n", "b", "c") == sorted(x_of(after, "a", "n", "b", "c"))


@pytest.mark.parametrize("at", [180, 240, 300])
def test_so_does_one_that_stood_alone(at: int) -> None:
    places = {"a": (0, 0), "b": (224, 0), "c": (448, 0), "n": (0, 400)}
    flow = placed("a -> b -> c; n -> n2", {**places, "n2": (400, 400)})
    flow = flow.with_edges(tuple(edge for edge in flow.edges if edge.source != "n"))
    steps = (
        MoveTasks({"n": Position(at - 80, 0)}),
        Disconnect((Edge("a", "b"),)),
        Connect(Edge("a", "n")),
        Connect(Edge("n", "b")),
    )
    after = made(flow, Batch(steps))
    assert overlaps(after) == []
    assert x_of(after, "a", "n", "b", "c") == sorted(x_of(after, "a", "n", "b", "c"))
    assert x_of(after, "n2") == [400]


def test_an_edit_that_is_refused_comes_back_as_it_is() -> None:
    flow = placed("a -> b", {"a": (0, 0), "b": (224, 0)})
    assert with_room(flow, RenameTask("nobody", "X")) == RenameTask("nobody", "X")


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12)), min_size=2, max_size=14, unique=True),
    st.integers(0, 13),
)
def test_where_no_card_lay_over_another_none_does_afterwards(squares: list[tuple[int, int]], which: int) -> None:
    places = {f"t{number}": (x * 96, y * 40) for number, (x, y) in enumerate(squares)}
    flow = placed("; ".join(places), places)
    assume(not overlaps(flow))
    after = made(flow, RenameTask(f"t{which % len(places)}", LONG))
    assert overlaps(after) == []
    assert [task.at.y for task in after.tasks.values() if task.at] == [y for _, y in places.values()]


def test_the_name_of_a_branch_keeps_its_room() -> None:
    flow = placed("d -first-> b", {"d": (0, 0), "b": (288, 0)})
    after = made(flow, RenameTask("d", LONG))
    free = x_of(after, "b")[0] - card_size(after, after.tasks["d"]).width
    assert free >= label_width("first") + 40


def test_a_row_of_a_thousand_cards_makes_room() -> None:
    keys = [f"t{number}" for number in range(1000)]
    flow = placed(" -> ".join(keys), {key: (number * 168, 0) for number, key in enumerate(keys)})
    after = made(flow, RenameTask("t0", LONG))
    by = card_size(after, after.tasks["t0"]).width - card_size(flow, flow.tasks["t0"]).width
    assert by > 0
    assert x_of(after, *keys[1:]) == [number * 168 + by for number in range(1, 1000)]
