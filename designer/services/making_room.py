"""A card that grows, or comes in between two others, makes room: what would lie under it goes to the right.

As wide as the words on it, a card would else come to lie over its neighbour as soon as it is called something. Only
what is in the way goes, and what that would come to lie on; a phase reaches as far as its tasks do. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from dataclasses import dataclass, replace
from typing import Final

from designer.graph.edits import (
    AddCondition,
    Batch,
    ConfigureTask,
    Connect,
    Disconnect,
    Edit,
    EditRefused,
    FramePhase,
    InsertOnEdge,
    MoveTasks,
    RemoveCondition,
    RenameTask,
    SetCondition,
)
from designer.graph.model import Edge, Flow, Position
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
    between = _put_between(edit)
    if between is None and not isinstance(edit, About):
        return edit
    try:
        after = edit.apply(flow).flow
    except EditRefused:
        return edit
    moves: list[Edit] = []
    if between is not None:
        moves = _inserted(flow, after, *between)
    elif isinstance(edit, About):
        moves = _grown(flow, after, edit.task)
    steps = edit.edits if isinstance(edit, Batch) else (edit,)
    return Batch((*steps, *moves)) if moves else edit


def _put_between(edit: Edit) -> tuple[str, Edge] | None:
    """Which task comes in between by an edit, a new one or one that stood alone, and on which edge."""
    if isinstance(edit, InsertOnEdge):
        return edit.task.key, edit.edge
    match edit:
        case Batch((MoveTasks(to), Disconnect((edge,)), Connect(first), Connect(second))) if len(to) == 1:
            (key,) = to
            ends = (first.source, first.target, second.source, second.target)
            return (key, edge) if ends == (edge.source, key, key, edge.target) else None
    return None


def _grown(flow: Flow, after: Flow, key: str) -> list[Edit]:
    before, task = flow.tasks[key], after.tasks[key]
    width = card_size(after, task).width
    if task.at is None or width <= card_size(flow, before).width:
        return []
    sheet = _Sheet(after)
    sheet.widths[key] = width
    sheet.clear(key, task.at.x + card_size(flow, before).width)
    return sheet.edits()


def _inserted(flow: Flow, after: Flow, key: str, edge: Edge) -> list[Edit]:
    """The card stands clear of the one that it comes after, and what it comes before makes room."""
    at = after.tasks[key].at
    if at is None:
        return []
    sheet = _Sheet(after)
    border = at.x + sheet.width(key) // 2
    source, target = (after.tasks.get(ref) for ref in (edge.source, edge.target))
    if source is not None and source.at is not None and abs(source.at.y - at.y) < CARD_HEIGHT + BESIDE:
        right = source.at.x + sheet.width(source.key)
        name = label_width(edge_label(flow, edge))  # the first half of the edge keeps it
        clear = right + GAP + name
        if source.at.x < border and clear > at.x:
            sheet.shove(key, _on_grid(clear - at.x))
        if target is not None and target.at is not None and target.at.x >= right:
            border = min(border, target.at.x)
    sheet.clear(key, border, gap=GAP)
    return sheet.edits()


@dataclass(frozen=True, slots=True)
class _Push:
    """Whatever is in an area is to leave it, but for what is of the phase `but`; see `_Sheet.clear` for the others."""

    taken: Rect
    phase: str | None
    gap: int = 0
    but: str = ""
    mover: str = ""


class _Sheet:
    """Where everything stands while some of it makes room."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.widths: dict[str, int] = {}
        self.at = {key: task.at for key, task in flow.tasks.items() if task.at is not None}
        self.x = {key: at.x for key, at in self.at.items()}
        self.frames = {key: phase.frame for key, phase in flow.phases.items() if phase.frame is not None}
        # Nothing goes to the left, so who stood right of an area at first is right of it for good.
        self._from_left = sorted(self.x, key=self.x.__getitem__)
        self._lefts = [self.x[key] for key in self._from_left]
        self._edges: dict[str, list[Edge]] = defaultdict(list)
        for edge in flow.edges:
            self._edges[edge.source].append(edge)
        self._due: deque[tuple[str, int, int] | _Push] = deque()

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

        What was nearer to the border than usual stays as near, but for a `gap`. What that comes to lie on goes, too:
        in turn, as a row may be a thousand cards long. As only what stood farther to the right is pushed on, it ends.
        """
        self._due.append((key, border, gap))
        while self._due:
            due = self._due.popleft()
            if isinstance(due, _Push):
                self._push(due)
            else:
                self._clear(*due)

    def _clear(self, key: str, border: int, gap: int) -> None:
        at, phase = self.at.get(key), self.flow.tasks[key].phase
        if at is None:
            return
        right = self.x[key] + self.width(key)
        self._push(_Push(Rect(border, at.y, right - border, CARD_HEIGHT), phase, gap=gap, mover=key))
        frame = self.frames.get(phase or "")
        if phase is not None and frame is not None and right + MARGIN > frame.x + frame.width:
            edge = self._first_edge(phase)
            self.frames[phase] = replace(frame, width=_on_grid(right + MARGIN - frame.x))
            self._due.append(_Push(Rect(edge, frame.y, right + MARGIN - edge, frame.height), None, but=phase))

    def _push(self, push: _Push) -> None:
        """What stood right of where an area begins, and is in it or next to it, goes to the right of it."""
        taken, right = push.taken, int(push.taken.x + push.taken.width)
        names = self._names_from(push.mover)
        farthest = right + GAP + max(names.values(), default=0)
        first = bisect_left(self._lefts, taken.x)
        for other in self._from_left[first : bisect_left(self._lefts, farthest)]:
            at, task = self.at[other], self.flow.tasks[other]
            wanted = GAP + names.get(other, 0)
            if other == push.mover or (push.but and task.phase == push.but) or self.x[other] >= right + wanted:
                continue
            if at.y >= taken.y + taken.height + BESIDE or at.y + CARD_HEIGHT <= taken.y - BESIDE:
                continue
            by = _on_grid(right + max(push.gap, min(wanted, int(at.x - taken.x))) - self.x[other])
            if by <= 0:
                continue
            if task.phase is not None and task.phase != push.phase and task.phase in self.frames:
                self._shove_phase(task.phase, by)
            else:
                self.shove(other, by)
                self._due.append((other, at.x + self.width(other), 0))

    def _names_from(self, one: str) -> dict[str, int]:
        """How wide the names are of the edges that leave a card, by where they lead."""
        names: dict[str, int] = {}
        for edge in self._edges[one]:
            names[edge.target] = max(names.get(edge.target, 0), label_width(edge_label(self.flow, edge)))
        return names

    def _shove_phase(self, phase: str, by: int) -> None:
        """A phase goes to the right as a whole."""
        frame = self.frames[phase]
        self.frames[phase] = replace(frame, x=frame.x + by)
        for key in self.x:
            if self.flow.tasks[key].phase == phase:
                self.shove(key, by)
        edge = self._first_edge(phase)
        self._due.append(_Push(Rect(edge, frame.y, frame.x + frame.width + by - edge, frame.height), None, but=phase))

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
