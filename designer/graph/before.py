"""What has certainly, and what has possibly, happened when a task starts.

A dominator analysis over the lowered graph, sharpened by what the joins promise (semantics: How an instance moves):

- A task starts by an edge that is taken: what all its incoming edges have in common has happened. That is what
  dominators say.
- A join of `all` starts only where no incoming edge failed. So a task side by side with others that had to start, that
  cannot be caught and chooses no branch, has completed as well: otherwise its failure would have reached the join.
- A join of `all_settled` also starts after failures, so little is certain behind it.

Requirements make nothing certain: they are met by what was skipped, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_
from typing import Final

from designer.graph.lowering import EdgeRole, LoweredEdge, Lowering, reachable
from designer.graph.model import TRIGGER, Flow, Join

_CHOOSING: Final = frozenset({"decision", "digest", "throttle"})
"""Kinds that may complete without taking an edge: another branch, or the way ends here."""


@dataclass(frozen=True, slots=True)
class Before:
    """Keys of tasks, each in the flow's order: `completed` and `failed` for certain; `possible`: may have run."""

    completed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()


class Precedence:
    """One flow under examination; ask it about as many tasks as needed."""

    def __init__(self, flow: Flow) -> None:
        sound = tuple(edge for edge in flow.edges if flow.has_node(edge.source) and flow.has_node(edge.target))
        self.flow = flow if len(sound) == len(flow.edges) else flow.with_edges(sound)
        self.lowering = Lowering(self.flow)
        edges = _that_may_be_taken(self.lowering)
        self._into, self._out_of = _by_target(edges), _by_source(edges)
        self._numbers = {node: number for number, node in enumerate([*flow.tasks, *self.lowering.junctions])}

    def before(self, key: str) -> Before:
        """What happened before a task of the flow starts. In a flow with circles nothing is certain in them."""
        facts = self._certain.get(key, 0)
        completed = [task for task in self.flow.tasks if facts & self._done(task) and task != key]
        failed = [task for task in self.flow.tasks if facts & self._failed(task) and task != key]
        possible = self._upstream(key) - {*completed, *failed}
        return Before(tuple(completed), tuple(failed), tuple(task for task in self.flow.tasks if task in possible))

    # -- facts as bits: two for each node -----------------------------------------------------------------------------

    def _done(self, node: str) -> int:
        return 1 << 2 * self._numbers[node] if node in self._numbers else 0

    def _failed(self, node: str) -> int:
        return 2 << 2 * self._numbers[node] if node in self._numbers else 0

    def _upstream(self, key: str) -> set[str]:
        """Every other task on some way here, requirements and earlier rounds of a loop around it included."""
        pairs = [(edge.target, edge.source) for edges in self._into.values() for edge in edges]
        pairs += [(key, required) for required, key in self.lowering.requirement_pairs()]
        for edge in self.flow.edges:
            if self.lowering.is_back_edge(edge):
                pairs += [(target, edge.source) for target in self.lowering.entered(edge.target)]
        backwards: dict[str, list[str]] = {}
        for target, source in pairs:
            backwards.setdefault(target, []).append(source)
        return {node for node in reachable([key], backwards) if node in self.flow.tasks} - {key}

    @cached_property
    def _certain(self) -> Mapping[str, int]:
        """The facts that hold when each node starts; nodes in circles, and behind them, are left out."""
        limits: dict[str, int] = {}
        while True:
            started = self._started(limits)
            if not self._is_limited(limits, started):
                return started

    def _started(self, limits: Mapping[str, int]) -> dict[str, int]:
        """The facts when each node starts; a node has none that its limit lacks."""
        started: dict[str, int] = {TRIGGER: 0}
        told: dict[str, int] = {TRIGGER: 0}
        for node in self._order():
            edges = self._into[node]
            # A join that failed without starting may have left out anything it waited for.
            told[node] = reduce(and_, (told[edge.source] for edge in edges))
            join = self._join(node)
            facts = reduce(
                and_,
                (
                    told[edge.source] if self._is_unstarted(edge) else started[edge.source] | self._taken(edge)
                    for edge in edges
                ),
            )
            if join is Join.ALL_SETTLED:
                facts = told[node]
            elif join is Join.ALL and len(edges) > 1:
                facts = self._sharpened(node, facts)
            started[node] = facts & limits.get(node, facts)
        return started

    def _is_limited(self, limits: dict[str, int], started: Mapping[str, int]) -> bool:
        """Note what a loop's next round begins with where that is less than its first: what decides on it may join
        whatever failed, the beginning of the loop included. Answers whether anything was noted."""
        is_new = False
        for edge in self.flow.edges:
            if not self.lowering.is_back_edge(edge) or edge.source not in started:
                continue
            again = started[edge.source] | self._done(edge.source)
            for node in self.lowering.entered(edge.target):
                if started.get(node, 0) & ~again:
                    limits[node] = limits.get(node, again) & again
                    is_new = True
        return is_new

    def _join(self, node: str) -> Join:
        task = self.flow.tasks.get(node)
        return task.join if task is not None else Join.ALL

    def _taken(self, edge: LoweredEdge) -> int:
        """What it tells of its source that an edge is taken."""
        if edge.role is EdgeRole.ERROR:
            return self._failed(edge.source)
        return self._done(edge.source) if edge.role is EdgeRole.NORMAL else 0

    def _is_unstarted(self, edge: LoweredEdge) -> bool:
        """Whether it is taken where its source did not start: the error edge of a phase, whatever failed before it."""
        return edge.role is EdgeRole.ERROR and edge.source not in self.flow.tasks

    def _sharpened(self, join: str, facts: int) -> int:
        """The facts, and the completion of everything that had to run and could not fail without stopping the join."""
        would_stop = self._would_stop(join)
        waiting = [TRIGGER, *(node for node in would_stop if facts & self._done(node))]
        waiting += [node for node in self._numbers if facts & self._done(node) and node not in would_stop]
        seen = set(waiting)
        for node in waiting:
            if self._may_end_a_way(node):
                continue
            for edge in self._out_of.get(node, ()):
                if edge.role is EdgeRole.NORMAL and edge.target in would_stop and edge.target not in seen:
                    seen.add(edge.target)
                    waiting.append(edge.target)
                    facts |= self._done(edge.target)
        return facts

    def _would_stop(self, join: str) -> set[str]:
        """Nodes whose failure reaches this join: by joins of `all` only, with nothing that catches it before."""
        found: set[str] = set()
        waiting = [join]
        for node in waiting:
            for edge in self._into.get(node, ()):
                source = edge.source
                carries = edge.role is EdgeRole.NORMAL or edge.carries_failure
                if not carries or source in found or source not in self._numbers or self._is_caught(source):
                    continue
                found.add(source)
                if self._join(source) is Join.ALL:
                    waiting.append(source)
        return found

    def _may_end_a_way(self, node: str) -> bool:
        """Whether an edge out of it may stay untaken although it has completed."""
        task = self.flow.tasks.get(node)
        return task is not None and task.kind in _CHOOSING

    def _is_caught(self, node: str) -> bool:
        return any(edge.role is EdgeRole.ERROR for edge in self._out_of.get(node, ()))

    def _order(self) -> Iterable[str]:
        """Nodes behind all that lead to them."""
        counts = {node: len(edges) for node, edges in self._into.items()}
        ready = [TRIGGER]
        for node in ready:
            if node != TRIGGER:
                yield node
            for edge in self._out_of.get(node, ()):
                counts[edge.target] -= 1
                if counts[edge.target] == 0:
                    ready.append(edge.target)


def _that_may_be_taken(lowering: Lowering) -> list[LoweredEdge]:
    """The forward edges whose source can be reached from the start."""
    edges = [e for e in lowering.edges() if e.flow_edge is None or not lowering.is_back_edge(e.flow_edge)]
    following = {source: [edge.target for edge in found] for source, found in _by_source(edges).items()}
    reached = reachable([TRIGGER], following)
    return [edge for edge in edges if edge.source in reached]


def _by_target(edges: Sequence[LoweredEdge]) -> Mapping[str, Sequence[LoweredEdge]]:
    found: dict[str, list[LoweredEdge]] = {}
    for edge in edges:
        found.setdefault(edge.target, []).append(edge)
    return found


def _by_source(edges: Sequence[LoweredEdge]) -> Mapping[str, Sequence[LoweredEdge]]:
    found: dict[str, list[LoweredEdge]] = {}
    for edge in edges:
        found.setdefault(edge.source, []).append(edge)
    return found
