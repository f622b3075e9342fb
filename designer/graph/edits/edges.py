"""Edits of edges."""

from __future__ import annotations

from dataclasses import dataclass, replace

from designer.graph.edits.base import (
    Applied,
    EditRefused,
    edge_places,
    require,
    require_edge,
    with_inserted,
    without_edges,
)
from designer.graph.edits.removing import Disconnect, PutBack, RemoveTasks
from designer.graph.edits.tasks import AddTask
from designer.graph.edits.together import Batch
from designer.graph.lowering import is_back_edge
from designer.graph.model import NONE_MET, Edge, Flow, Task
from designer.graph.rules import Rule, may_connect, may_reconnect


@dataclass(frozen=True, slots=True)
class Connect:
    """Draw an edge."""

    edge: Edge

    def apply(self, flow: Flow) -> Applied:
        """Refused as `rules.may_connect` says."""
        edge = self.edge
        require(may_connect(flow, edge.source, edge.target, edge.branch, edge.on))
        return Applied(flow.with_edges((*flow.edges, edge)), undo=Disconnect((edge,)), touched=frozenset({edge.id}))


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Put an edge in another place: other ends, another branch, another outcome."""

    edge: Edge
    to: Edge

    def apply(self, flow: Flow) -> Applied:
        """Refused when the edge is not there, or as `rules.may_connect` says."""
        require(may_reconnect(flow, self.edge, self.to))
        edges = tuple(self.to if edge == self.edge else edge for edge in flow.edges)
        undo = MoveEdgeBack(self.to, self.edge)
        return Applied(flow.with_edges(edges), undo=undo, touched=frozenset({self.edge.id, self.to.id}))


@dataclass(frozen=True, slots=True)
class MoveEdgeBack:
    """The undo of a reconnection: asks only that both ends are there."""

    edge: Edge
    to: Edge

    def apply(self, flow: Flow) -> Applied:
        """Refused when the edge is not there, or its place is taken or gone."""
        (index, _), *_ = edge_places(flow, [require_edge(flow, self.edge)])
        back = PutBack(edges=((index, self.to),)).apply(without_edges(flow, [self.edge]))
        undo = MoveEdgeBack(self.to, self.edge)
        return Applied(back.flow, undo=undo, touched=frozenset({self.edge.id, self.to.id}))


@dataclass(frozen=True, slots=True)
class InsertOnEdge:
    """Put a new task into the middle of an edge. The first half keeps the branch and the outcome."""

    edge: Edge
    task: Task

    def apply(self, flow: Flow) -> Applied:
        """Refused when the edge is not there or leads back, or as for a new task and its edges."""
        (index, _), *_ = edge_places(flow, [require_edge(flow, self.edge)])
        if is_back_edge(flow, self.edge):
            raise EditRefused("Put the task before the decision or behind the start of the loop.", Rule.CYCLE)
        added = AddTask(self.task).apply(without_edges(flow, [self.edge])).flow
        first = replace(self.edge, target=self.task.key)
        second = Edge(self.task.key, self.edge.target, NONE_MET if self.task.branches else None)
        for half in (first, second):
            require(may_connect(added, half.source, half.target, half.branch, half.on))
        both = added.with_edges(with_inserted(added.edges, [(index, first), (index + 1, second)]))
        undo = Batch((RemoveTasks((self.task.key,)), PutBack(edges=((index, self.edge),))))
        touched = frozenset({self.task.key, self.edge.id, first.id, second.id})
        return Applied(both, undo=undo, touched=touched)
