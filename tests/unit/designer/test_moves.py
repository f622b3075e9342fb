"""What moved on the canvas between two graphs: told in words, and drawn where it is and where it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from defusedxml.ElementTree import fromstring

from designer.comparison import Comparison
from designer.graph.model import Flow, Frame, Note, Phase, Position
from designer.moves import moves_between, with_room
from designer.rendering.cards import card_size
from designer.rendering.curves import Rect
from tests.drawing import draw


def placed(text: str, **places: tuple[int, int]) -> Flow:
    """A flow with its tasks at places of the canvas."""
    flow = draw(text)
    return flow.with_task(*(replace(flow.tasks[key], at=Position(*at)) for key, at in places.items()))


OLD = placed("trigger -> a; a -> b", a=(80, 80), b=(400, 80))


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ((400, 240), "Moved 160 down"),
        ((240, 80), "Moved 160 to the left"),
        ((416, 32), "Moved 16 to the right and 48 up"),
    ],
)
def test_a_move_is_told_with_its_ways(to: tuple[int, int], sentence: str) -> None:
    [change] = Comparison(OLD, placed("trigger -> a; a -> b", a=(80, 80), b=to)).changes
    assert (change.mark, change.name, change.sentences) == ("moved", "b", (sentence,))


def test_what_changed_and_moved_tells_both() -> None:
    b = replace(OLD.tasks["b"], name="Pack", at=Position(400, 240))
    [change] = Comparison(OLD, OLD.with_task(b)).changes
    assert change.mark == "changed"
    assert len(change.sentences) == 2
    assert change.sentences[1] == "Moved 160 down"


def test_areas_and_notes_tell_their_sizes() -> None:
    def with_area(flow: Flow, frame: Frame, width: int) -> Flow:
        note = Note("n", "Mind this", Position(0, 400), width=width)
        return replace(flow, phases={"p": Phase("p", "Packing", frame=frame)}, notes={"n": note})

    old = with_area(OLD, Frame(60, 40, 320, 160), 192)
    told = {
        change.what: change.sentences
        for change in Comparison(old, with_area(OLD, Frame(60, 40, 400, 160), 240)).changes
    }
    assert told == {"Phase": ("Sized from 320 × 160 to 400 × 160",), "Note": ("Sized from 192 × 96 to 240 × 96",)}


def test_what_nobody_had_placed_has_not_moved() -> None:
    assert moves_between(draw("trigger -> a; a -> b"), OLD) == {}


def test_what_moved_is_drawn_at_its_place_with_a_ghost_where_it_was() -> None:
    new = placed("trigger -> a; a -> b", a=(80, 80), b=(720, 480))
    comparison = Comparison(OLD, new)
    root = fromstring(str(comparison.picture.svg).encode())
    card = next(element for element in root.iter() if element.get("id") == "node-b")
    [ghost] = [element for element in root.iter() if element.get("class") == "ghost-card"]
    assert card.get("transform") == "translate(720 480)"
    assert (ghost.get("x"), ghost.get("y")) == ("400", "80")
    assert "was here: b" in "".join(root.itertext())
    assert [element for element in root.iter() if element.get("class") == "ghost-way"]


def test_the_sheet_reaches_as_far_as_what_was_there() -> None:
    far = placed("trigger -> a; a -> b", a=(80, 80), b=(2400, 80))
    root = fromstring(str(Comparison(far, OLD).picture.svg).encode())
    sheet = next(element for element in root.iter() if element.get("id") == "graph").get("viewBox") or ""
    left, _, width, _ = map(float, sheet.split())
    assert left + width > 2400 + card_size(far, far.tasks["b"]).width


def test_a_small_move_has_no_line() -> None:
    near = placed("trigger -> a; a -> b", a=(80, 80), b=(408, 88))
    svg = str(Comparison(OLD, near).picture.svg)
    assert "ghost-card" in svg
    assert "ghost-way" not in svg


def test_without_a_move_and_where_one_asks_for_it_graphviz_lays_it_out() -> None:
    new = placed("trigger -> a; a -> b", a=(80, 80), b=(2000, 480))
    laid_out = Comparison(OLD, new, is_laid_out=True)
    assert not laid_out.is_at_places
    assert "ghost" not in str(laid_out.picture.svg)
    assert "translate(2000 480)" not in str(laid_out.picture.svg)
    added = placed("trigger -> a; a -> b; b -> c", a=(80, 80), b=(400, 80), c=(2000, 80))
    assert not Comparison(OLD, added).is_at_places


def test_what_went_makes_room_for_what_stands_there_now() -> None:
    both = with_room(
        placed("a; b; c", a=(80, 80), b=(88, 96), c=(84, 84)),
        gone=["b", "c"],
    )
    boxes = []
    for task in both.tasks.values():
        assert task.at is not None
        size = card_size(both, task)
        boxes.append(Rect(task.at.x, task.at.y, size.width, size.height))
    assert (boxes[0].x, boxes[0].y) == (80, 80)
    assert not [1 for n, one in enumerate(boxes) for other in boxes[n + 1 :] if one.overlaps(other)]
