"""Two graphs of one flow held against each other: on one drawing, and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from django.utils.safestring import SafeString

from designer.graph.diff import FlowDiff, diff_flows
from designer.graph.diff import Mark as Difference
from designer.graph.kinds import kind_of
from designer.graph.model import TRIGGER, Edge, Flow, On, note_of_ref, phase_of_ref
from designer.graph.wording import branch_name
from designer.moves import Move, moves_between, with_room
from designer.rendering.blocks import shown
from designer.rendering.drawn import drawn_layout
from designer.rendering.graphviz import GraphvizFailed, LayoutTooLarge
from designer.rendering.layout import Layout, layout_flow
from designer.rendering.marks import LOOKS, Look
from designer.rendering.svg import Ghost, flow_svg

ORDER: Final = (Difference.ADDED, Difference.REMOVED, Difference.CHANGED, Difference.MOVED)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, or why there is none."""

    svg: SafeString | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `what` says what it is, `sentences` what about it changed."""

    mark: str
    what: str
    name: str
    sentences: tuple[str, ...] = ()

    @property
    def look(self) -> Look:
        """Its colour, icon and word."""
        return LOOKS[self.mark]


class Comparison:
    """`new` against `old`."""

    def __init__(self, old: Flow, new: Flow, *, is_laid_out: bool = False) -> None:
        """`is_laid_out`: also what moved is shown where Graphviz puts it, not at its places."""
        self.old = old
        self.new = new
        self.is_laid_out = is_laid_out

    @cached_property
    def diff(self) -> FlowDiff:
        """What differs."""
        return diff_flows(self.old, self.new)

    @property
    def is_empty(self) -> bool:
        """Whether the two are the same, places on the canvas included."""
        return self.diff.is_empty

    @cached_property
    def moves(self) -> dict[str, Move]:
        """What both have, at other places of the canvas, by reference."""
        return moves_between(self.old, self.new)

    @property
    def is_at_places(self) -> bool:
        """Whether the drawing shows everything where its author put it: else nobody could see what moved."""
        return not self.is_laid_out and any(note_of_ref(ref) is None for ref in self.moves)

    @cached_property
    def changes(self) -> list[Change]:
        """Every difference in words: the flow itself, then added, removed, changed and moved things."""
        found = [*self._nodes(), *self._edges()]
        ordered = sorted(found, key=lambda change: ORDER.index(Difference(change.mark)))
        own = [Change("changed", "Flow", self.new.name, tuple(change.sentence for change in self.diff.flow))]
        return (own if self.diff.flow else []) + ordered

    @property
    def legend(self) -> list[Look]:
        """The looks of the marks that occur on the drawing."""
        nodes = (mark for ref, mark in self.diff.nodes.items() if note_of_ref(ref) is None)  # notes are not drawn
        found = {str(mark) for mark in (*nodes, *self.diff.edges.values())}
        return [LOOKS[mark.value] for mark in ORDER if mark.value in found]

    @cached_property
    def picture(self) -> Picture:
        """Both graphs on one drawing: what went is drawn where it was connected."""
        diff = self.diff
        both = united(self.old, self.new)
        if self.is_at_places:
            both = with_room(both, gone=[key for key in self.old.tasks if key not in self.new.tasks])
        return drawn(
            both,
            moves=self.moves if self.is_at_places else None,
            marks={ref: str(mark) for ref, mark in diff.nodes.items() if _is_task(ref)},
            phases={key: str(mark) for ref, mark in diff.nodes.items() if (key := phase_of_ref(ref)) is not None},
            edges={edge.id: str(mark) for edge, mark in diff.edges.items()},
            label=f"{self.new.name}: what differs",
        )

    def _nodes(self) -> Iterator[Change]:
        for ref, mark in self.diff.nodes.items():
            sentences = [change.sentence for change in self.diff.fields.get(ref, ())]
            sentences += self.moves[ref].sentences if ref in self.moves else ()
            yield Change(str(mark), self._what(ref), self._name(ref), tuple(sentences))

    def _edges(self) -> Iterator[Change]:
        for edge, mark in self.diff.edges.items():
            yield Change(str(mark), "Edge", self._edge_name(edge))

    def _what(self, ref: str) -> str:
        if phase_of_ref(ref) is not None:
            return "Phase"
        if note_of_ref(ref) is not None:
            return "Note"
        return kind_of(self.new.tasks[ref] if ref in self.new.tasks else self.old.tasks[ref]).label

    def _name(self, ref: str) -> str:
        if ref == TRIGGER:
            return "Trigger"
        phase, note = phase_of_ref(ref), note_of_ref(ref)
        for flow in (self.new, self.old):
            if note is not None and note in flow.notes:
                return flow.notes[note].name
            if phase is not None and phase in flow.phases:
                return flow.phases[phase].name or phase
            if phase is None and ref in flow.tasks:
                return flow.tasks[ref].name or ref
        return ref

    def _edge_name(self, edge: Edge) -> str:
        ends = f"{self._name(edge.source)} → {self._name(edge.target)}"
        if edge.on is On.ERROR:
            return f"{ends}, on error"
        task = (self.new if edge in self.new.edges else self.old).tasks.get(edge.source)
        return f"{ends}, {branch_name(task, edge.branch)}" if task is not None and edge.branch else ends


def _is_task(ref: str) -> bool:
    return phase_of_ref(ref) is None and note_of_ref(ref) is None


def drawn(
    flow: Flow,
    *,
    marks: dict[str, str] | None = None,
    phases: dict[str, str] | None = None,
    edges: dict[str, str] | None = None,
    moves: dict[str, Move] | None = None,
    label: str = "",
) -> Picture:
    """The drawing of a flow as Graphviz lays it out, or a sentence for people about why there is none.

    With `moves` everything stands where its author put it, and what moved has a ghost where it was.
    """
    flow = shown(flow)
    try:
        layout = drawn_layout(flow) if moves else layout_flow(flow)
    except LayoutTooLarge as too_large:
        return Picture(None, str(too_large))
    except GraphvizFailed:
        return Picture(None, "The graph cannot be drawn: Graphviz does not work on this server.")
    ghosts = _ghosts(layout, moves or {})
    return Picture(
        flow_svg(flow, layout, marks=marks, edge_marks=edges, phase_marks=phases, ghosts=ghosts, label=label)
    )


def _ghosts(layout: Layout, moves: dict[str, Move]) -> list[Ghost]:
    pairs = ((move, layout.box_of(ref)) for ref, move in moves.items() if note_of_ref(ref) is None)
    return [Ghost(move.name, move.before, after) for move, after in pairs if after is not None]


def united(old: Flow, new: Flow) -> Flow:
    """`new` with everything that only `old` has."""
    gone = [edge for edge in old.edges if edge not in set(new.edges)]
    tasks = {**new.tasks, **{key: task for key, task in old.tasks.items() if key not in new.tasks}}
    phases = {**new.phases, **{key: phase for key, phase in old.phases.items() if key not in new.phases}}
    return replace(new, tasks=tasks, phases=phases, edges=(*new.edges, *gone), called={**old.called, **new.called})
