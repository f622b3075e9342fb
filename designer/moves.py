"""What stands elsewhere on the canvas than it did, of two graphs of one flow: where it was, and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from designer.graph.model import Flow, Note, Phase, Position, Task, note_ref, phase_ref
from designer.rendering.cards import GRID, card_size
from designer.rendering.curves import Rect

CLEAR: Final = 2 * GRID


@dataclass(frozen=True, slots=True)
class Move:
    """One thing and its two boxes, in canvas units."""

    name: str
    before: Rect
    after: Rect

    @property
    def sentences(self) -> tuple[str, ...]:
        """`Moved 240 to the right and 48 up`, `Sized from 320 × 160 to 400 × 160`: as far as they are true."""
        right, down = round(self.after.x - self.before.x), round(self.after.y - self.before.y)
        ways = [f"{abs(right)} to the {'right' if right > 0 else 'left'}"] * bool(right)
        ways += [f"{abs(down)} {'down' if down > 0 else 'up'}"] * bool(down)
        said = [f"Moved {' and '.join(ways)}"] * bool(ways)
        if (self.before.width, self.before.height) != (self.after.width, self.after.height):
            said.append(f"Sized from {_size(self.before)} to {_size(self.after)}")
        return tuple(said)


def moves_between(old: Flow, new: Flow) -> dict[str, Move]:
    """Every task, phase and note that both have, both times with a place, and not the same. By reference."""
    return {ref: move for ref, move in _both(old, new) if move is not None and move.sentences}


def with_room(flow: Flow, *, gone: Sequence[str]) -> Flow:
    """`flow` with the tasks of these keys further down where others stand on their places now."""
    leaving = set(gone)
    boxes = [box for key, task in flow.tasks.items() if key not in leaving and (box := _card(flow, task)) is not None]
    moved = []
    for task in (flow.tasks[key] for key in gone):
        box = _card(flow, task)
        if box is None:
            continue
        while any(other.overlaps(box) for other in boxes):
            box = replace(box, y=box.y + GRID)
        boxes.append(box)
        moved.append(replace(task, at=Position(round(box.x + CLEAR / 2), round(box.y + CLEAR / 2))))
    return flow.with_task(*moved)


def _both(old: Flow, new: Flow) -> Iterator[tuple[str, Move | None]]:
    for key, phase in new.phases.items():
        if key in old.phases:
            yield phase_ref(key), _move(phase.name or key, _area(old.phases[key]), _area(phase))
    for key, task in new.tasks.items():
        if key in old.tasks:
            # The place alone: another kind may have another card, which nobody sized.
            before, after = old.tasks[key].at, task.at
            size = card_size(new, task)
            boxes = [Rect(at.x, at.y, size.width, size.height) if at is not None else None for at in (before, after)]
            yield key, _move(task.name or key, boxes[0], boxes[1])
    for key, note in new.notes.items():
        if key in old.notes:
            yield note_ref(key), _move(note.name, _paper(old.notes[key]), _paper(note))


def _move(name: str, before: Rect | None, after: Rect | None) -> Move | None:
    return Move(name, before, after) if before is not None and after is not None else None


def _card(flow: Flow, task: Task) -> Rect | None:
    """The card with as much around it as keeps two apart."""
    if task.at is None:
        return None
    size = card_size(flow, task)
    return Rect(task.at.x - CLEAR / 2, task.at.y - CLEAR / 2, size.width + CLEAR, size.height + CLEAR)


def _area(phase: Phase) -> Rect | None:
    frame = phase.frame
    return Rect(frame.x, frame.y, frame.width, frame.height) if frame is not None else None


def _paper(note: Note) -> Rect:
    return Rect(note.at.x, note.at.y, note.width, note.height)


def _size(box: Rect) -> str:
    return f"{round(box.width)} × {round(box.height)}"
