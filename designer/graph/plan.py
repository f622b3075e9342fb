"""Compile a flow into the plan an engine runs: phases and the trigger lowered, loop bodies found, joins resolved.

A plan is made of nodes (tasks, and one invisible junction for each phase that has edges of its own) and edges between
them, both numbered. The numbering follows the flow's own order and is part of what a stored instance relies on: a
version never changes, so compiling it again must give the same numbers, also in later releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from designer.graph.lowering import EdgeRole, LoweredEdge, Lowering, first_tasks, is_back_edge, start_tasks
from designer.graph.model import TRIGGER, Edge, Flow, Join, Task, phase_of_ref
from designer.graph.values import TASK_PREFIX

START = -1
"""The source of plan edges that are taken when the instance starts."""


class FlowNotRunnable(ValueError):
    """The flow cannot be compiled. `reason` says why in one sentence; the checks say it in full, with the mend."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PlanEdge:
    """One way between plan nodes. `flow_edge` is the edge as drawn (None for invisible ones).

    `leaves`: the outermost loop that the edge leaves other than through that loop's decision; such an edge stays
    pending while the loop may still go round. `carries_failure`: a `settled` edge fails when its source fails, because
    that failure has no other way to go inside the phase.
    """

    index: int
    source: int
    target: int
    role: EdgeRole
    branch: str | None = None
    flow_edge: Edge | None = None
    leaves: int | None = None
    carries_failure: bool = False


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A task, or (with `task` None) the junction behind a phase. Edges are indices into `Plan.edges`."""

    index: int
    key: str
    task: Task | None
    join: Join
    is_phase_exit: bool
    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]
    loop: int | None
    """The innermost loop whose body holds this node."""
    requires: tuple[tuple[int, ...], ...]
    """One tuple per requirement: the nodes that must all be finished."""
    cancels: tuple[int, ...]
    """What is cancelled when this node's join is decided: nodes that can only lead here."""
    ends_path: bool
    """No edge leads on: an uncaught failure here fails the instance."""
    parent: int | None = None
    """The program whose step this is: such nodes are found at run time and belong to one instance."""

    @property
    def name(self) -> str:
        """What people call it."""
        return (self.task.name if self.task is not None else "") or self.key


@dataclass(frozen=True, slots=True)
class PlanLoop:
    """A declared loop. `body` holds every node on a path from `target` to `decision`, both included."""

    index: int
    decision: int
    target: int
    back_edge: int
    branch: str
    exit: str
    max_iterations: int
    body: tuple[int, ...]
    inner_edges: tuple[int, ...]
    """Edges that are opened again for each round: both ends in the body, and all that leave its decision."""
    deferred_edges: tuple[int, ...]
    """Edges that stay pending until this loop is left (see `PlanEdge.leaves`)."""
    parent: int | None
    inside: tuple[int, ...]
    """Loops nested in this one, at any depth."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `engine.core.advance` runs. Immutable; shared by all instances of a version."""

    flow: Flow
    nodes: tuple[PlanNode, ...]
    edges: tuple[PlanEdge, ...]
    start_edges: tuple[int, ...]
    orphans: tuple[int, ...]
    """Nodes that nothing leads to; they are skipped at the start so that the instance can end."""
    loops: tuple[PlanLoop, ...]
    loop_of_decision: dict[int, int]
    index: dict[str, int]
    """Node index by task key, or by `phase:KEY` for junctions."""
    required_by: dict[int, tuple[int, ...]]
    """Nodes to look at again when this node settles."""
    due_from: dict[int, tuple[int, ...]]
    """Nodes whose due date counts from when this node, or the whole of its phase, is finished."""
    phases: dict[str, tuple[int, ...]]
    """Task nodes by phase key."""

    def task(self, node: int) -> Task:
        """The task of a node that is no junction."""
        task = self.nodes[node].task
        if task is None:
            raise LookupError("a junction has no task")
        return task


def compile_plan(flow: Flow, *, may_require_later: bool = False) -> Plan:
    """The plan of `flow`. Raises `FlowNotRunnable` for undeclared cycles, dangling edges, or loops that are none.

    `may_require_later`: let a task require what can only begin after it. Such a requirement is met by hand: the
    required task is done before its turn, or the task is started regardless (see docs/decisions/0043).
    """
    lowering = Lowering(flow)
    drafts = list(lowering.edges())
    keys = [*flow.tasks, *lowering.junctions]
    index = {key: position for position, key in enumerate(keys)}
    _refuse_dangling(drafts, index)
    ends = [(START if d.source == TRIGGER else index[d.source], index[d.target]) for d in drafts]
    back = frozenset(
        number for number, d in enumerate(drafts) if d.flow_edge is not None and lowering.is_back_edge(d.flow_edge)
    )
    forward = [number for number in range(len(drafts)) if number not in back]
    graph = _Graph(len(keys), [ends[number] for number in forward])
    requires = {
        index[key]: tuple(tuple(index[name] for name in group) for group in lowering.required_tasks(key))
        for key in flow.tasks
    }
    waits = [(source, node) for node, groups in requires.items() for group in groups for source in group]
    order = graph.order_with(waits)
    if order is None and may_require_later:
        waits = graph.without_circles(waits)
        order = graph.order_with(waits)
    if order is None:
        raise FlowNotRunnable("The flow goes round in a circle that no decision declares as its loop.")
    loops = _loops(flow, drafts, ends, back, graph, index)
    innermost = _innermost(loops, len(keys))
    bodies = [frozenset(loop.body) for loop in loops]
    edges = tuple(
        PlanEdge(
            index=number,
            source=ends[number][0],
            target=ends[number][1],
            role=draft.role,
            branch=draft.branch,
            flow_edge=draft.flow_edge,
            leaves=_left_loop(ends[number], loops, bodies, draft),
            carries_failure=draft.carries_failure,
        )
        for number, draft in enumerate(drafts)
    )
    loops = tuple(_with_edges(loop, edges) for loop in loops)
    # An edge that leaves a loop settles only once the loop is left: what it leads to waits for the loop's decision.
    deferred = [(loops[e.leaves].decision, e.target) for e in edges if e.leaves is not None]
    if deferred and not may_require_later and graph.order_with([*waits, *deferred]) is None:
        raise FlowNotRunnable("A task in a loop requires what can only begin when the loop is left.")
    incoming: list[list[int]] = [[] for _ in keys]
    outgoing: list[list[int]] = [[] for _ in keys]
    for edge in edges:
        if edge.source != START:
            outgoing[edge.source].append(edge.index)
        if edge.index not in back:
            incoming[edge.target].append(edge.index)
    required_by = _required_by(requires)
    ways = [[edges[n] for n in outgoing[number] if n not in back] for number in range(len(keys))]
    nodes = tuple(
        PlanNode(
            index=number,
            key=key,
            task=flow.tasks.get(key),
            join=flow.tasks[key].join if key in flow.tasks else Join.ALL_SETTLED,
            is_phase_exit=key not in flow.tasks,
            incoming=tuple(incoming[number]),
            outgoing=tuple(outgoing[number]),
            loop=innermost[number],
            requires=requires.get(number, ()),
            cancels=_cancelled_by(number, flow.tasks.get(key), ways, required_by, order),
            ends_path=_ends_path(outgoing[number], edges, back),
        )
        for number, key in enumerate(keys)
    )
    return Plan(
        flow=flow,
        nodes=nodes,
        edges=edges,
        start_edges=tuple(edge.index for edge in edges if edge.source == START),
        orphans=tuple(node.index for node in nodes if not node.incoming),
        loops=loops,
        loop_of_decision={loop.decision: loop.index for loop in loops},
        index=index,
        required_by=required_by,
        due_from=_due_from(flow, lowering, index),
        phases={key: tuple(index[task] for task in lowering.tasks_in[key]) for key in flow.phases},
    )


def _refuse_dangling(drafts: Sequence[LoweredEdge], index: dict[str, int]) -> None:
    for draft in drafts:
        for end in (draft.source, draft.target):
            if end not in index and not (end == TRIGGER and end is draft.source):
                raise FlowNotRunnable(f"An edge names {end!r}, which is not in the flow.")


def _required_by(requires: dict[int, tuple[tuple[int, ...], ...]]) -> dict[int, tuple[int, ...]]:
    waiting: dict[int, list[int]] = {}
    for node, groups in requires.items():
        for required in dict.fromkeys(number for group in groups for number in group):
            waiting.setdefault(required, []).append(node)
    return {required: tuple(nodes) for required, nodes in waiting.items()}


def _due_from(flow: Flow, lowering: Lowering, index: dict[str, int]) -> dict[int, tuple[int, ...]]:
    waiting: dict[int, list[int]] = {}
    for key, task in flow.tasks.items():
        due = task.settings.get("due")
        start = due.get("from") if isinstance(due, Mapping) else None
        if isinstance(start, str):
            phase = phase_of_ref(start)
            names = [start.removeprefix(TASK_PREFIX)] if phase is None else lowering.tasks_in.get(phase, [])
            for name in names:
                if name in flow.tasks:
                    waiting.setdefault(index[name], []).append(index[key])
    return {node: tuple(nodes) for node, nodes in waiting.items()}


class _Graph:
    """Forward reachability over numbered nodes."""

    def __init__(self, size: int, ends: Iterable[tuple[int, int]]) -> None:
        self.size = size
        self.next: list[list[int]] = [[] for _ in range(size)]
        self.before: list[list[int]] = [[] for _ in range(size)]
        for source, target in ends:
            if source != START:
                self.next[source].append(target)
                self.before[target].append(source)

    def order_with(self, more: Iterable[tuple[int, int]]) -> list[int] | None:
        """A topological order that also respects `more`, or None when there is a cycle."""
        following = [list(targets) for targets in self.next]
        for source, target in more:
            following[source].append(target)
        waiting = [0] * self.size
        for targets in following:
            for target in targets:
                waiting[target] += 1
        ready = [node for node in range(self.size) if waiting[node] == 0]
        order: list[int] = []
        for node in ready:
            order.append(node)
            for target in following[node]:
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
        return order if len(order) == self.size else None

    def without_circles(self, more: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those of `more` that can all be respected at once: each is left out whose end leads back to its source."""
        kept: list[tuple[int, int]] = []
        following = [list(targets) for targets in self.next]
        for source, target in more:
            if source not in _reached(target, following):
                following[source].append(target)
                kept.append((source, target))
        return kept

    def reach(self, start: int, *, backwards: bool = False) -> frozenset[int]:
        """Everything reachable from `start`, itself included."""
        return frozenset(_reached(start, self.before if backwards else self.next))


def _reached(start: int, step: Sequence[Sequence[int]]) -> set[int]:
    seen, todo = {start}, [start]
    while todo:
        for node in step[todo.pop()]:
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def _loops(
    flow: Flow,
    drafts: Sequence[LoweredEdge],
    ends: Sequence[tuple[int, int]],
    back: frozenset[int],
    graph: _Graph,
    index: dict[str, int],
) -> tuple[PlanLoop, ...]:
    found: list[PlanLoop] = []
    for number in sorted(back):
        decision, target = ends[number]
        task = flow.tasks[drafts[number].source]
        loop = task.loop
        if loop is None:
            continue
        if any(other.decision == decision for other in found):
            raise FlowNotRunnable(f"The loop of {task.key!r} leads back to more than one task.")
        body = graph.reach(target) & graph.reach(decision, backwards=True)
        if not body:
            raise FlowNotRunnable(f"The loop branch of {task.key!r} does not lead back to a task before it.")
        found.append(
            PlanLoop(
                index=len(found),
                decision=decision,
                target=target,
                back_edge=number,
                branch=loop.branch,
                exit=loop.exit,
                max_iterations=loop.max_iterations,
                body=tuple(sorted(body)),
                inner_edges=(),
                deferred_edges=(),
                parent=None,
                inside=(),
            )
        )
    return _nested(found)


def _nested(loops: Sequence[PlanLoop]) -> tuple[PlanLoop, ...]:
    bodies = [frozenset(loop.body) for loop in loops]
    placed = []
    for loop in loops:
        mine = bodies[loop.index]
        around = [other for other in loops if other is not loop and mine < bodies[other.index]]
        for other in loops:
            theirs = bodies[other.index]
            if other is not loop and mine & theirs and not (mine < theirs or theirs < mine):
                raise FlowNotRunnable("Two loops overlap without one lying inside the other.")
        parent = min(around, key=lambda other: len(other.body), default=None)
        inside = tuple(other.index for other in loops if bodies[other.index] < mine)
        placed.append(replace(loop, parent=parent.index if parent else None, inside=inside))
    return tuple(placed)


def _innermost(loops: Sequence[PlanLoop], size: int) -> list[int | None]:
    innermost: list[int | None] = [None] * size
    for loop in sorted(loops, key=lambda loop: -len(loop.body)):
        for node in loop.body:
            innermost[node] = loop.index
    return innermost


def _left_loop(
    ends: tuple[int, int], loops: Sequence[PlanLoop], bodies: Sequence[frozenset[int]], draft: LoweredEdge
) -> int | None:
    """The outermost loop this edge leaves. A normal edge may leave only from the loop's own decision."""
    source, target = ends
    left = [loop for loop in loops if source in bodies[loop.index] and target not in bodies[loop.index]]
    if draft.role is EdgeRole.NORMAL:
        if any(loop.decision != source for loop in left):
            raise FlowNotRunnable(f"The edge {draft.source} → {draft.target} leaves a loop other than by its decision.")
        left = []
    entered = [loop for loop in loops if target in bodies[loop.index] and source not in bodies[loop.index]]
    if any(loop.target != target for loop in entered):
        raise FlowNotRunnable(f"The edge {draft.source} → {draft.target} enters a loop other than at its start.")
    if not left:
        return None
    return max(left, key=lambda loop: len(loop.body)).index


def _with_edges(loop: PlanLoop, edges: Sequence[PlanEdge]) -> PlanLoop:
    body = frozenset(loop.body)
    inner = tuple(
        edge.index
        for edge in edges
        if (edge.source in body and edge.target in body) or (edge.source == loop.decision and edge.leaves is None)
    )
    deferred = tuple(edge.index for edge in edges if edge.leaves == loop.index)
    return replace(loop, inner_edges=inner, deferred_edges=deferred)


def _ends_path(outgoing: Sequence[int], edges: Sequence[PlanEdge], back: frozenset[int]) -> bool:
    """Whether none of these edges hands an uncaught failure on. Error edges out of a loop do not: they die with it."""

    def carries_failure(edge: PlanEdge) -> bool:
        match edge.role:
            case EdgeRole.NORMAL:
                return edge.index not in back
            case EdgeRole.ERROR:
                return edge.leaves is None
            case _:
                return edge.carries_failure

    return not any(carries_failure(edges[number]) for number in outgoing)


def _cancelled_by(
    node: int,
    task: Task | None,
    ways: Sequence[Sequence[PlanEdge]],
    required_by: dict[int, tuple[int, ...]],
    order: Sequence[int],
) -> tuple[int, ...]:
    """When the join of `node` cancels the rest: nodes from which every way leads here and which nothing else requires.

    The invisible ways to the end of a phase count too.
    """
    if task is None or not task.cancel_rest or task.join not in (Join.ANY, Join.RACE):
        return ()
    only_here: set[int] = set()
    for earlier in reversed(order):
        leads_on = any(edge.role is not EdgeRole.ERROR for edge in ways[earlier])  # else its success ends a path
        leads_here = leads_on and all(edge.target == node or edge.target in only_here for edge in ways[earlier])
        if leads_here and only_here.issuperset(required_by.get(earlier, ())):
            only_here.add(earlier)
    return tuple(sorted(only_here))


__all__ = [
    "START",
    "EdgeRole",
    "FlowNotRunnable",
    "Plan",
    "PlanEdge",
    "PlanLoop",
    "PlanNode",
    "compile_plan",
    "first_tasks",
    "is_back_edge",
    "start_tasks",
]
