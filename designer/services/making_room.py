"""A card that grows, or comes in between two others, makes room: what would lie under it goes to the right.

As wide as the words on it, a card would else come to lie over its neighbour as soon as it is called something. Only
what is in the way goes, and what that would come to lie on; a phase reaches as far as its tasks do. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from designer.graph.edits import (
    AddCondition,
    Batch,
    ConfigureTask,
    Edit,
    EditRefused,
    FramePhase,
    InsertOnEdge,
    MoveTasks,
    RemoveCondition,
    RenameTask,
    SetCondition,
)
from designer.graph.model import Flow, Frame, Position
from designer.rendering.cards import CARD_HEIGHT, GRID, card_size, edge_label, label_width
from designer.rendering.curves import Rect

GAP: Final = 40
"""Between a card and one that made room; where they were nearer before, they stay as near."""
BESIDE: Final = 8
"""So much above or below one another cards are not in each other's way."""
MARGIN: Final = 24
"""Between the last task of a phase and its border."""

About = AddCondition | ConfigureTask | RemoveCondition | RenameTask | SetCondition


def with_room(flow: Flow, edit: Edit) -> Edit:
    """`edit`, and the moves that it calls for where a card grows by it or comes in between. All tasks have places.

    An edit that is refused comes back as it is: who makes it will say so.
    """
    if isinstance(edit, Batch) and edit.edits and isinstance(edit.edits[-1], About | InsertOnEdge):
        return Batch((*edit.edits[:-1], with_room(Batch(edit.edits[:-1]).apply(flow).flow, edit.edits[-1])))
    if not isinstance(edit, About | InsertOnEdge):
        return edit
    try:
        after = edit.apply(flow).flow
    except EditRefused:
        return edit
    moves = _inserted(flow, after, edit) if isinstance(edit, InsertOnEdge) else _grown(flow, after, edit.task)
    return Batch((edit, *moves)) if moves else edit


def _grown(flow: Flow, after: Flow, key: str) -> list[Edit]:
    before, task = flow.tasks[key], after.tasks[key]
    width = card_size(after, task).width
    if task.at is None or width <= card_size(flow, before).width:
        return []
    sheet = _Sheet(after)
    sheet.widths[key] = width
    sheet.clear(key, task.at.x + card_size(flow, before).width)
    return sheet.edits()


def _inserted(flow: Flow, after: Flow, edit: InsertOnEdge) -> list[Edit]:
    """The new card stands clear of the one that it comes after, and what it comes before makes room."""
    key, at = edit.task.key, after.tasks[edit.task.key].at
    if at is None:
        return []
    sheet = _Sheet(after)
    border = at.x + sheet.width(key) // 2
    source, target = (after.tasks.get(ref) for ref in (edit.edge.source, edit.edge.target))
    if source is not None and source.at is not None and abs(source.at.y - at.y) < CARD_HEIGHT + BESIDE:
        right = source.at.x + sheet.width(source.key)
        name = label_width(edge_label(flow, edit.edge))  # the first half of the edge keeps it
        clear = right + GAP + name
        if source.at.x < border and clear > at.x:
            sheet.shove(key, _on_grid(clear - at.x))
        if target is not None and target.at is not None and target.at.x >= right:
            border = min(border, target.at.x)
    sheet.clear(key, border, gap=GAP)
    return sheet.edits()


@dataclass(slots=True)
class _Sheet:
    """Where everything stands while some of it makes room."""

    flow: Flow
    widths: dict[str, int]
    x: dict[str, int]
    frames: dict[str, Frame]

    def __init__(self, flow: Flow) -> None:
        self.flow, self.widths = flow, {}
        self.x = {key: task.at.x for key, task in flow.tasks.items() if task.at is not None}
        self.frames = {key: phase.frame for key, phase in flow.phases.items() if phase.frame is not None}

    def width(self, key: str) -> int:
        """That of a card; what lies far away is never asked for."""
        if key not in self.widths:
            self.widths[key] = card_size(self.flow, self.flow.tasks[key]).width
        return self.widths[key]

    def shove(self, key: str, by: int) -> None:
        """A card goes to the right."""
        self.x[key] += by

    def clear(self, key: str, border: int, gap: int = 0) -> None:
        """Whatever stood right of `border` at first goes out of the way of a card, and its phase reaches around it.

        What was nearer to the border than usual stays as near, but for a `gap`.
        """
        task = self.flow.tasks[key]
        at, right = task.at, self.x[key] + self.width(key)
        if at is None:
            return
        self._push(Rect(border, at.y, right - border, CARD_HEIGHT), task.phase, gap=gap, mover=key)
        frame = self.frames.get(task.phase or "")
        if task.phase is not None and frame is not None and right + MARGIN > frame.x + frame.width:
            edge = self._first_edge(task.phase)
            self.frames[task.phase] = replace(frame, width=_on_grid(right + MARGIN - frame.x))
            self._push(Rect(edge, frame.y, right + MARGIN - edge, frame.height), None, but=task.phase)

    def _push(self, taken: Rect, phase: str | None, *, gap: int = 0, but: str = "", mover: str = "") -> None:
        """What stood right of where an area begins, and is in it or next to it, goes to the right of it.

        As only what stood farther to the right is pushed on, this ends.
        """
        right = int(taken.x + taken.width)
        for other, task in self.flow.tasks.items():
            at = task.at
            if at is None or other == mover or (but and task.phase == but):
                continue
            wanted = GAP + self._name_between(mover, other)
            if at.x < taken.x or self.x[other] >= right + wanted:
                continue
            if at.y >= taken.y + taken.height + BESIDE or at.y + CARD_HEIGHT <= taken.y - BESIDE:
                continue
            by = _on_grid(right + max(gap, min(wanted, int(at.x - taken.x))) - self.x[other])
            if by <= 0:
                continue
            if task.phase is not None and task.phase != phase and task.phase in self.frames:
                self._shove_phase(task.phase, by)
            else:
                self.shove(other, by)
                self.clear(other, at.x + self.width(other))

    def _name_between(self, one: str, other: str) -> int:
        """How wide the name is of an edge from one card to another."""
        edges = [edge for edge in self.flow.outgoing(one) if edge.target == other] if one else ()
        return max((label_width(edge_label(self.flow, edge)) for edge in edges), default=0)

    def _shove_phase(self, phase: str, by: int) -> None:
        """A phase goes to the right as a whole."""
        frame = self.frames[phase]
        self.frames[phase] = replace(frame, x=frame.x + by)
        for key, task in self.flow.tasks.items():
            if task.phase == phase and key in self.x:
                self.shove(key, by)
        edge = self._first_edge(phase)
        self._push(Rect(edge, frame.y, frame.x + frame.width + by - edge, frame.height), None, but=phase)

    def _first_edge(self, phase: str) -> int:
        """Where a phase ended at first."""
        frame = self.flow.phases[phase].frame or self.frames[phase]
        return frame.x + frame.width

    def edits(self) -> list[Edit]:
        """The moves that were made."""
        tasks = self.flow.tasks
        to = {key: Position(x, at.y) for key, x in self.x.items() if (at := tasks[key].at) is not None and at.x != x}
        framed = [(key, frame) for key, frame in self.frames.items() if frame != self.flow.phases[key].frame]
        return [*([MoveTasks(to)] if to else []), *(FramePhase(key, frame) for key, frame in framed)]


def _on_grid(length: int) -> int:
    return -(-length // GRID) * GRID
