"""What changed on the graph since one looked last. As `engine.parts.marks`, which looks at all of it.

A try looks after every step: looking at what changed alone makes its cost grow with its steps, not with their square.
"""

from __future__ import annotations

from collections.abc import Sequence

from designer.graph.plan import Plan
from engine.core.state import PENDING, State, StepStatus
from engine.parts.marks import EDGE_WORDS, STRONGEST, GraphMarks, phase_progress, task_word


class Eyes:
    """Looks at the states of one instance, each later than the one before."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tasks: dict[str, str] = {}
        """The status of each task when one looked last."""
        self.taken: set[str] = set()
        """Ids of drawn edges that were taken at any time."""
        self._edges: dict[str, str] = {}
        self._nodes_seen: Sequence[StepStatus] = ()
        self._edges_seen: Sequence[str] = ()
        self._drawn: dict[str, list[int]] = {}
        for edge in plan.edges:
            if edge.flow_edge is not None:
                self._drawn.setdefault(edge.flow_edge.id, []).append(edge.index)
        self._id_of = {number: id for id, numbers in self._drawn.items() for number in numbers}
        self._phases_of: dict[int, list[str]] = {}
        for key, nodes in plan.phases.items():
            for node in nodes:
                self._phases_of.setdefault(node, []).append(key)

    def look(self, state: State) -> GraphMarks:
        """The marks that are not what they were."""
        nodes = _changed(self._nodes_seen or [None] * len(state.nodes), state.nodes)
        edges = _changed(self._edges_seen or [""] * len(state.edges), state.edges)
        self._nodes_seen, self._edges_seen = state.nodes, state.edges
        tasks = {
            self.plan.nodes[n].key: task_word(self.plan, state, n) for n in nodes if self.plan.nodes[n].task is not None
        }
        found = {id: self._word(state, id) for id in dict.fromkeys(self._id_of[n] for n in edges if n in self._id_of)}
        for loop in self.plan.loops:
            back = self.plan.edges[loop.back_edge].flow_edge
            if back is not None and state.rounds[loop.index] > 1:
                found[back.id] = "taken"
        words = {id: word for id, word in found.items() if self._edges.get(id) != word}
        self.taken.update(id for id, word in words.items() if word == "taken")
        self.tasks |= tasks
        self._edges |= words
        phases = dict.fromkeys(phase for node in nodes for phase in self._phases_of.get(node, ()))
        progress = {key: phase_progress([state.nodes[node] for node in self.plan.phases[key]]) for key in phases}
        return GraphMarks(tasks, words, progress)

    def _word(self, state: State, id: str) -> str:
        words = {EDGE_WORDS.get(state.edges[number], EDGE_WORDS[PENDING]) for number in self._drawn[id]}
        return next(word for word in STRONGEST if word in words)


def _changed(before: Sequence[object], now: Sequence[object]) -> list[int]:
    return [number for number, (one, other) in enumerate(zip(before, now, strict=False)) if one != other]
