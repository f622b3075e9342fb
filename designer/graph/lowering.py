"""Phases and the trigger lowered: the edges between tasks, and between tasks and the junctions behind phases.

An edge into a phase enters its first tasks; an edge out of a phase starts at an invisible junction (named like the
phase, `phase:KEY`) that waits for all its tasks. Shared by the plan compiler, the rules and the checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from designer.graph.model import TRIGGER, Edge, Flow, On, phase_of_ref, phase_ref


class EdgeRole(StrEnum):
    """Why a lowered edge exists."""

    NORMAL = "normal"
    ERROR = "error"
    SETTLED = "settled"
    """Invisible: tells a phase's junction that one of the phase's tasks has settled."""


@dataclass(frozen=True, slots=True)
class LoweredEdge:
    """An edge between tasks and junctions. `flow_edge` is the edge as drawn, None for invisible ones."""

    source: str
    target: str
    role: EdgeRole
    branch: str | None
    flow_edge: Edge | None
    carries_failure: bool = False
    """For `settled` edges: a failure of the source has no other way to go inside the phase."""


class Lowering:
    """One flow, lowered. Edges whose ends are not in the flow are lowered as they are."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.loop_branches = {key: task.loop.branch for key, task in flow.tasks.items() if task.loop is not None}
        self.tasks_in: dict[str, list[str]] = {phase: [] for phase in flow.phases}
        for key, task in flow.tasks.items():
            if task.phase is not None:
                self.tasks_in.setdefault(task.phase, []).append(key)
        self.first_tasks = self._first_tasks()
        self.left_phases = dict.fromkeys(p for e in flow.edges if (p := phase_of_ref(e.source)) in flow.phases and p)
        """The phases that have a junction: those with outgoing edges, in the flow's order once lowered."""

    @property
    def junctions(self) -> list[str]:
        """The references of all junctions, in the order of the flow's phases."""
        return [phase_ref(phase) for phase in self.flow.phases if phase in self.left_phases]

    def is_back_edge(self, edge: Edge) -> bool:
        """Whether `edge` is the loop branch of a decision that declares a loop."""
        return edge.branch is not None and edge.on is On.SUCCESS and self.loop_branches.get(edge.source) == edge.branch

    def _first_tasks(self) -> Mapping[str, tuple[str, ...]]:
        phase_of = {key: phase for phase, keys in self.tasks_in.items() for key in keys}
        fed = {
            edge.target
            for edge in self.flow.edges
            if edge.target in phase_of
            and phase_of[edge.target] == phase_of.get(edge.source)
            and not self.is_back_edge(edge)
        }
        return {phase: tuple(key for key in keys if key not in fed) for phase, keys in self.tasks_in.items()}

    def entered(self, ref: str) -> tuple[str, ...]:
        """The tasks that an edge to `ref` leads to."""
        phase = phase_of_ref(ref)
        return (ref,) if phase is None else self.first_tasks.get(phase, ())

    def start_tasks(self) -> tuple[str, ...]:
        """Where an instance enters: the targets of `trigger` edges, or else the tasks without incoming edges."""
        targets = dict.fromkeys(key for edge in self.flow.outgoing(TRIGGER) for key in self.entered(edge.target))
        if targets:
            return tuple(targets)
        fed = {key for edge in self.flow.edges if not self.is_back_edge(edge) for key in self.entered(edge.target)}
        return tuple(key for key in self.flow.tasks if key not in fed)

    def edges(self) -> Iterator[LoweredEdge]:
        """All edges, in the flow's order; those from the trigger first, the invisible ones last."""
        drawn = {key: edge for edge in reversed(list(self.flow.outgoing(TRIGGER))) for key in self.entered(edge.target)}
        for key in self.start_tasks():
            yield LoweredEdge(TRIGGER, key, EdgeRole.NORMAL, None, drawn.get(key))
        seen: set[tuple[str, str, str | None, EdgeRole]] = set()
        for edge in self.flow.edges:
            if edge.source == TRIGGER:
                continue
            role = EdgeRole.ERROR if edge.on is On.ERROR else EdgeRole.NORMAL
            for target in self.entered(edge.target):
                identity = (edge.source, target, edge.branch, role)
                if identity not in seen:
                    seen.add(identity)
                    yield LoweredEdge(edge.source, target, role, edge.branch, edge)
        yield from self._settled_edges()

    def _settled_edges(self) -> Iterator[LoweredEdge]:
        """One invisible edge from each task of a phase to its junction."""
        phase_of = {key: phase for phase, keys in self.tasks_in.items() for key in keys}
        leads_on = {
            edge.source
            for edge in self.flow.edges
            if edge.on is On.SUCCESS
            and edge.target in phase_of
            and phase_of[edge.target] == phase_of.get(edge.source)
            and not self.is_back_edge(edge)
        }
        for phase in self.flow.phases:
            if phase in self.left_phases:
                for key in self.tasks_in[phase]:
                    carries = key not in leads_on
                    yield LoweredEdge(key, phase_ref(phase), EdgeRole.SETTLED, None, None, carries_failure=carries)

    def required_tasks(self, key: str) -> tuple[tuple[str, ...], ...]:
        """The requirements of a task and of its phase: for each, the tasks that must be finished."""
        task = self.flow.tasks[key]
        phase = self.flow.phases.get(task.phase) if task.phase else None
        groups = []
        for requirement in (*task.requirements, *(phase.requirements if phase else ())):
            required = phase_of_ref(requirement.node)
            keys = self.tasks_in.get(required, ()) if required is not None else [requirement.node]
            groups.append(tuple(name for name in keys if name in self.flow.tasks))
        return tuple(group for group in groups if group)

    def requirement_pairs(self) -> Iterator[tuple[str, str]]:
        """`(required task, task that waits for it)`."""
        for key, task in self.flow.tasks.items():
            if "requirements" in task.settings or (task.phase and self.flow.phases[task.phase].requirements):
                yield from ((required, key) for group in self.required_tasks(key) for required in group)

    def next_nodes(self, *, with_requirements: bool = True) -> dict[str, list[str]]:
        """What follows each node: forward edges only, and what waits for it if `with_requirements`."""
        following: dict[str, list[str]] = {}
        for edge in self.edges():
            if edge.flow_edge is None or not self.is_back_edge(edge.flow_edge):
                following.setdefault(edge.source, []).append(edge.target)
        if with_requirements:
            for required, key in self.requirement_pairs():
                following.setdefault(required, []).append(key)
        return following


def reachable(starts: Iterable[str], following: Mapping[str, Iterable[str]]) -> set[str]:
    """Everything that can be reached from `starts`, themselves included."""
    todo = list(starts)
    seen = set(todo)
    while todo:
        for node in following.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def first_tasks(flow: Flow, phase: str) -> tuple[str, ...]:
    """The tasks an edge into `phase` enters: those with no incoming edge from inside it (back edges do not count)."""
    return Lowering(flow).first_tasks.get(phase, ())


def is_back_edge(flow: Flow, edge: Edge) -> bool:
    """Whether `edge` is the loop branch of a decision that declares a loop."""
    task = flow.tasks.get(edge.source)
    return task is not None and task.loop is not None and edge.on is On.SUCCESS and edge.branch == task.loop.branch


def start_tasks(flow: Flow) -> tuple[str, ...]:
    """Where an instance enters: the targets of `trigger` edges, or else the tasks without incoming edges."""
    return Lowering(flow).start_tasks()
