"""A flow under examination, with what several checks ask about its structure computed once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from designer.graph.checks.known import shape_of
from designer.graph.checks.problem import Problem
from designer.graph.lowering import LoweredEdge, Lowering, reachable
from designer.graph.model import Edge, Flow, Requirement
from designer.graph.rules import name


class Structure:
    """How a flow runs: its edges, phases and what its tasks say of that. The same for whatever is set otherwise."""

    def __init__(self, flow: Flow) -> None:
        self.tasks = tuple(flow.tasks)
        self.edges_drawn = flow.edges
        self.shapes = [shape_of(task) for task in flow.tasks.values()]
        self.phases = _phases(flow)
        sound = tuple(e for e in flow.edges if flow.has_node(e.source) and flow.has_node(e.target))
        self.is_sound = len(sound) == len(flow.edges)
        self.lowering = Lowering(flow if self.is_sound else flow.with_edges(sound))
        self.is_clean: dict[Callable[..., object], bool] = {}
        """Checks that ask for nothing but the structure, and whether they found nothing."""

    def is_of(self, flow: Flow) -> bool:
        """Whether this is how another flow runs as well."""
        return (
            self.edges_drawn == flow.edges
            and self.shapes == [shape_of(task) for task in flow.tasks.values()]
            and self.phases == _phases(flow)
        )

    @cached_property
    def edges(self) -> Sequence[LoweredEdge]:
        """All lowered edges."""
        return tuple(self.lowering.edges())

    @cached_property
    def forward(self) -> Sequence[LoweredEdge]:
        """The lowered edges that are no back edges."""
        return tuple(e for e in self.edges if e.flow_edge is None or not self.lowering.is_back_edge(e.flow_edge))

    @cached_property
    def following(self) -> Mapping[str, Sequence[str]]:
        """What the forward edges of each node lead to."""
        return _adjacent((edge.source, edge.target) for edge in self.forward)

    @cached_property
    def preceding(self) -> Mapping[str, Sequence[str]]:
        """Where the forward edges to each node come from."""
        return _adjacent((edge.target, edge.source) for edge in self.forward)

    @cached_property
    def waiting(self) -> Mapping[str, Sequence[str]]:
        """As `following`, and what requires each node."""
        pairs = [(edge.source, edge.target) for edge in self.forward]
        return _adjacent([*pairs, *self.lowering.requirement_pairs()])

    @cached_property
    def started(self) -> frozenset[str]:
        """Every node that can be reached from the start, back edges included: one that leads ahead is reported so."""
        return frozenset(
            reachable(self.lowering.start_tasks(), _adjacent((edge.source, edge.target) for edge in self.edges))
        )

    @cached_property
    def circles(self) -> Sequence[Sequence[str]]:
        """Groups of nodes that lead to each other in a circle, requirements included."""
        return tuple(tuple(group) for group in _circles([*self.tasks, *self.lowering.junctions], self.waiting))

    @cached_property
    def in_circles(self) -> frozenset[str]:
        """Every node of a circle."""
        return frozenset(node for group in self.circles for node in group)

    @cached_property
    def earlier(self) -> Mapping[str, int]:
        """For each node the set of nodes before it, as bits by `numbers`; empty while there are circles."""
        before: dict[str, int] = {}
        for node in self._order():
            mask = before.get(node, 0) | 1 << self.numbers[node]
            for target in self.waiting.get(node, ()):
                before[target] = before.get(target, 0) | mask
        return before

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Which bit of `earlier` stands for a node."""
        return {node: number for number, node in enumerate([*self.tasks, *self.lowering.junctions])}

    def _order(self) -> Iterable[str]:
        """Nodes in an order that every edge and requirement respects."""
        if self.circles:
            return
        counts = dict.fromkeys(self.numbers, 0)
        for node in self.numbers:
            for target in self.waiting.get(node, ()):
                counts[target] += 1
        ready = [node for node, count in counts.items() if count == 0]
        for node in ready:
            yield node
            for target in self.waiting.get(node, ()):
                counts[target] -= 1
                if counts[target] == 0:
                    ready.append(target)

    def comes_before(self, earlier: str, later: str) -> bool:
        """Whether a task is on some way to another, or requires it; true while there are circles."""
        return bool(self.circles) or bool(self.earlier.get(later, 0) >> self.numbers[earlier] & 1)

    @cached_property
    def back_edges(self) -> Mapping[str, Sequence[Edge]]:
        """The edges of the loop branch, by decision that declares a loop."""
        found: dict[str, list[Edge]] = {key: [] for key in self.lowering.loop_branches}
        for edge in self.lowering.flow.edges:
            if self.lowering.is_back_edge(edge):
                found[edge.source].append(edge)
        return found

    @cached_property
    def bodies(self) -> Mapping[str, frozenset[str]]:
        """The body of each sound loop by its decision: all nodes on a way from the loop's start to the decision."""
        found = {}
        for decision, edges in self.back_edges.items():
            starts = self.lowering.entered(edges[0].target) if len(edges) == 1 else ()
            if len(starts) == 1 and decision in (ahead := reachable(starts, self.following)):
                found[decision] = frozenset(ahead & reachable([decision], self.preceding))
        return found

    @cached_property
    def loop_starts(self) -> Mapping[str, str]:
        """The first task of each sound loop, by its decision."""
        return {decision: self.lowering.entered(self.back_edges[decision][0].target)[0] for decision in self.bodies}


class Subject:
    """One flow and its structure. Edges with ends that are not there are reported, and then left out of the rest."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.structure = structure_of(flow)
        self.lowering = self.structure.lowering

    def name(self, ref: str) -> str:
        """How a node is called in a sentence."""
        return name(self.flow, ref)

    @property
    def sound(self) -> Sequence[Edge]:
        """The edges whose ends are there."""
        return self.lowering.flow.edges

    def unless_clean(self, check: Callable[[Subject], Iterable[Problem]]) -> Sequence[Problem]:
        """What a check finds that asks for nothing but the structure: nothing, where it found nothing before."""
        if self.structure.is_clean.get(check):
            return ()
        found = tuple(check(self))
        self.structure.is_clean[check] = not found
        return found


_RECENT: Final[deque[Structure]] = deque(maxlen=32)


def structure_of(flow: Flow) -> Structure:
    """The structure of a flow: one that was looked at lately, if it is the same."""
    for known in tuple(_RECENT):
        if known.is_of(flow):
            return known
    made = Structure(flow)
    _RECENT.appendleft(made)
    return made


def _phases(flow: Flow) -> Sequence[tuple[str, Sequence[Requirement]]]:
    return [(key, phase.requirements) for key, phase in flow.phases.items()]


def _adjacent(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for source, target in pairs:
        found.setdefault(source, []).append(target)
    return found


def _circles(nodes: Sequence[str], following: Mapping[str, Sequence[str]]) -> Iterable[Sequence[str]]:
    """The strongly connected groups that hold a circle. First peel off what cannot be in one, then look at the rest."""
    rest = set(nodes)
    for direction in (following, _adjacent((t, s) for s, targets in following.items() for t in targets)):
        counts = dict.fromkeys(rest, 0)
        for node in rest:
            for target in direction.get(node, ()):
                if target in rest:
                    counts[target] += 1
        ready = [node for node, count in counts.items() if count == 0]
        while ready:
            node = ready.pop()
            rest.discard(node)
            for target in direction.get(node, ()):
                if target in rest:
                    counts[target] -= 1
                    if counts[target] == 0:
                        ready.append(target)
    inner = {node: [t for t in following.get(node, ()) if t in rest] for node in nodes if node in rest}
    backwards = _adjacent((t, s) for s, targets in inner.items() for t in targets)
    while inner:
        node = next(iter(inner))
        group = reachable([node], inner) & reachable([node], backwards) & inner.keys()
        if len(group) > 1 or node in inner[node]:
            yield [member for member in nodes if member in group]
        for member in group:
            del inner[member]
