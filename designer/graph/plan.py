"""Compile a flow into the plan an engine runs: phases and the trigger lowered, loop bodies found, joins resolved.

A plan is made of nodes (tasks, and one invisible junction for each phase that has edges of its own) and edges between
them, both numbered. The numbering follows the flow's own order and is part of what a stored instance relies on: a
version never changes, so compiling it again must give the same numbers, also in later releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from designer.graph.lowering import EdgeRole, LoweredEdge, Lowering, first_tasks, is_back_edge, start_tasks
from designer.graph.model import TRIGGER, Flow, Join, Task, phase_of_ref
from designer.graph.plan_parts import START, FlowNotRunnable, Plan, PlanEdge, PlanLoop, PlanNode
from designer.graph.values import TASK_PREFIX


def compile_plan(flow: Flow, *, may_require_later: bool = False) -> Plan:
    """The plan of `flow`. Raises `FlowNotRunnable` for undeclared cycles, dangling edges, or loops that are none.

    `may_require_later`: let a task require what can only begin after it. Such a requirement is met by hand: the
    required task is done before its turn, or the task is started regardless (see docs/decisions/0043).
    """
    ground = _Ground(flow, may_require_later=may_require_later)
    loops = _loops(ground)
    edges = ground.edges(loops)
    loops = tuple(_with_edges(loop, edges) for loop in loops)
    if not may_require_later:
        ground.refuse_waiting_inside(loops, edges)
    nodes = ground.nodes(loops, edges)
    return Plan(
        flow=flow,
        nodes=nodes,
        edges=edges,
        start_edges=tuple(edge.index for edge in edges if edge.source == START),
        orphans=tuple(node.index for node in nodes if not node.incoming),
        loops=loops,
        loop_of_decision={loop.decision: loop.index for loop in loops},
        index=ground.index,
        required_by=ground.required_by,
        due_from=_due_from(flow, ground.lowering, ground.index),
        phases={key: tuple(ground.index[task] for task in ground.lowering.tasks_in[key]) for key in flow.phases},
    )


class _Ground:
    """What a plan is made from: the lowered edges between numbered nodes, what waits for what, and an order of it."""

    def __init__(self, flow: Flow, *, may_require_later: bool) -> None:
        self.flow = flow
        self.lowering = Lowering(flow)
        self.drafts = list(self.lowering.edges())
        self.keys = [*flow.tasks, *self.lowering.junctions]
        self.index = {key: position for position, key in enumerate(self.keys)}
        _refuse_dangling(self.drafts, self.index)
        self.ends = [
            (START if draft.source == TRIGGER else self.index[draft.source], self.index[draft.target])
            for draft in self.drafts
        ]
        self.back = frozenset(
            number
            for number, draft in enumerate(self.drafts)
            if draft.flow_edge is not None and self.lowering.is_back_edge(draft.flow_edge)
        )
        self.graph = _Graph(len(self.keys), [ends for number, ends in enumerate(self.ends) if number not in self.back])
        self.requires = {
            self.index[key]: tuple(
                tuple(self.index[name] for name in group) for group in self.lowering.required_tasks(key)
            )
            for key in flow.tasks
        }
        self.required_by = _required_by(self.requires)
        self.waits = [(source, node) for node, groups in self.requires.items() for group in groups for source in group]
        self.order = self._order(may_require_later=may_require_later)

    def _order(self, *, may_require_later: bool) -> list[int]:
        order = self.graph.order_with(self.waits)
        if order is None and may_require_later:
            self.waits = self.graph.without_circles(self.waits)
            order = self.graph.order_with(self.waits)
        if order is None:
            raise FlowNotRunnable("The flow goes round in a circle that no decision declares as its loop.")
        return order

    def edges(self, loops: Sequence[PlanLoop]) -> tuple[PlanEdge, ...]:
        bodies = [frozenset(loop.body) for loop in loops]
        return tuple(
            PlanEdge(
                index=number,
                source=ends[0],
                target=ends[1],
                role=draft.role,
                branch=draft.branch,
                flow_edge=draft.flow_edge,
                leaves=_left_loop(ends, loops, bodies, draft),
                carries_failure=draft.carries_failure,
            )
            for number, (draft, ends) in enumerate(zip(self.drafts, self.ends, strict=True))
        )

    def refuse_waiting_inside(self, loops: Sequence[PlanLoop], edges: Sequence[PlanEdge]) -> None:
        """An edge that leaves a loop settles only once the loop is left: what it leads to waits for its decision."""
        deferred = [(loops[edge.leaves].decision, edge.target) for edge in edges if edge.leaves is not None]
        if deferred and self.graph.order_with([*self.waits, *deferred]) is None:
            raise FlowNotRunnable("A task in a loop requires what can only begin when the loop is left.")

    def nodes(self, loops: Sequence[PlanLoop], edges: Sequence[PlanEdge]) -> tuple[PlanNode, ...]:
        incoming: list[list[int]] = [[] for _ in self.keys]
        outgoing: list[list[int]] = [[] for _ in self.keys]
        for edge in edges:
            if edge.source != START:
                outgoing[edge.source].append(edge.index)
            if edge.index not in self.back:
                incoming[edge.target].append(edge.index)
        ways = [[edges[number] for number in numbers if number not in self.back] for numbers in outgoing]
        innermost = _innermost(loops, len(self.keys))
        tasks = self.flow.tasks
        return tuple(
            PlanNode(
                index=number,
                key=key,
                task=tasks.get(key),
                join=tasks[key].join if key in tasks else Join.ALL_SETTLED,
                is_phase_exit=key not in tasks,
                incoming=tuple(incoming[number]),
                outgoing=tuple(outgoing[number]),
                loop=innermost[number],
                requires=self.requires.get(number, ()),
                cancels=_cancelled_by(number, tasks.get(key), ways, self.required_by, self.order),
                ends_path=_ends_path(outgoing[number], edges, self.back),
            )
            for number, key in enumerate(self.keys)
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


def _loops(ground: _Ground) -> tuple[PlanLoop, ...]:
    found: list[PlanLoop] = []
    for number in sorted(ground.back):
        decision, target = ground.ends[number]
        task = ground.flow.tasks[ground.drafts[number].source]
        loop = task.loop
        if loop is None:
            continue
        if any(other.decision == decision for other in found):
            raise FlowNotRunnable(f"The loop of {task.key!r} leads back to more than one task.")
        body = ground.graph.reach(target) & ground.graph.reach(decision, backwards=True)
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
