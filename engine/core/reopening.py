"""Running parts of an instance again: restart, restart from a step, retry, revert to a task.

What is opened again is of two sorts. Steps that had *begun* are started again directly: their joins had decided, and
that stands. Nodes that never began (no way led there, or a failure came first) are *undecided* again: their joins
decide anew over the edges as they are now. Everything else keeps its outcome; a step that completed is not run again
unless the intervention asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from designer.graph.lowering import EdgeRole
from designer.graph.model import Json
from designer.graph.plan import Plan, PlanEdge, PlanLoop, PlanNode
from engine.core import programs, rollback
from engine.core.commands import Supersede
from engine.core.earlier_rounds import go_back, round_of
from engine.core.facts import Fact, FactRefused
from engine.core.settling import Fold
from engine.core.state import DEAD, EDGE_FAILED, PENDING, TAKEN, InstanceStatus, State, StepStatus


def restart(fold: Fold, fact: Fact) -> None:
    """Everything from the start, from any status; or with `from` that step and everything after it, in a loop also as
    it was in an earlier round (`from_iteration`).

    Iterations count on, so that the history keeps its steps apart. After a whole restart the instance is queued.
    """
    old = fold.state
    before = old.iterations.copy()
    if fact.data.get("from") is not None:
        key, iteration = str(fact.data["from"]), fact.data.get("from_iteration")
        gone = restart_from(fold, key, iteration=iteration, kept=fact.data.get("kept") or {})
        _supersede(fold, before, gone)
        return
    fold.stop_open("The instance was restarted.")
    rollback.stop(fold)
    begun = [node for node, status in enumerate(old.nodes) if status is not StepStatus.IDLE]
    fold.state = State(
        status=InstanceStatus.QUEUED,
        nodes=programs.nodes_anew(old),
        edges=[PENDING] * len(old.edges),
        iterations={**old.iterations, **{node: old.iteration(node) + 1 for node in begun}},
        rounds=[1] * len(fold.plan.loops),
        is_called=old.is_called,
        added=list(old.added),
    )
    _supersede(fold, before, dict.fromkeys(begun, 1))


def _supersede(fold: Fold, before: Mapping[int, int], since: Mapping[int, int]) -> None:
    """Say which steps do not count any more: of a node that starts over its latest one, or those from `since` on."""
    iterations = fold.state.iterations
    for node in sorted({*since, *(node for node, count in iterations.items() if count != before.get(node, 1))}):
        if fold.plan.nodes[node].task is not None:
            first = since.get(node, before.get(node, 1))
            end = max(iterations.get(node, 1), before.get(node, 1) + (node in since))
            fold.commands.append(Supersede(fold.plan.nodes[node].key, first, end))


def revert(fold: Fold, fact: Fact) -> None:
    """A finished human task becomes current again and everything after it starts over. `data`: `to`, a task key."""
    key = str(fact.data.get("to"))
    node = fold.plan.index.get(key)
    if node is not None and fold.plan.nodes[node].task is not None:
        if fold.plan.task(node).kind != "manual":
            raise FactRefused(f"{fold.name(node)} is no manual task.")
        if fold.state.nodes[node].is_open:
            raise FactRefused(f"{fold.name(node)} is not finished; it is what is to be done now.")
        if fold.state.nodes[node] in (StepStatus.FAILED, StepStatus.CANCELLED):
            raise FactRefused(f"{fold.name(node)} was not finished: it is {fold.state.nodes[node].value}.")
    before = fold.state.iterations.copy()
    _supersede(fold, before, restart_from(fold, key))


def restart_from(
    fold: Fold, key: str, *, iteration: Json = None, kept: Mapping[str, Json] = MappingProxyType({})
) -> dict[int, int]:
    """A step and everything after it run again, in new iterations; results settled beside and before it are kept.

    `iteration`: as the step was in that earlier round of its loop, of which `kept` is known; later rounds are then
    gone. Of an instance that failed or was terminated, what failed or was stopped elsewhere runs again too. Answers by
    node from which iteration on its steps do not count any more, where that is not its latest one.
    """
    state, plan = fold.state, fold.plan
    node = plan.index.get(key)
    if node is None or plan.nodes[node].task is None:
        raise FactRefused(f"There is no task {key!r} in this version.")
    if fold.is_held_up:
        raise FactRefused("The instance is paused; resume it first.")
    if state.rollback is not None:
        raise FactRefused("The instance is rolling back.")
    is_earlier = iteration not in (None, state.iteration(node))
    if not is_earlier and not _has_run(state, node):
        raise FactRefused(f"{fold.name(node)} has not been run yet.")
    if plan.nodes[node].parent is not None and not is_earlier:
        _rewind(fold, node)
        return {}
    after = _everything_after(plan, node)
    gone: dict[int, int] = {}
    if is_earlier:
        loop, round = round_of(plan, state, node, int(iteration))
        gone = _forget_rounds(state, loop, after, round)
        gone |= go_back(fold, loop, round, after, kept)
    lost = set(_lost_steps(plan, state)) - after if state.status.is_final else set()
    for other in sorted(after):
        if state.nodes[other].is_open:
            fold.stop(other, f"The instance was restarted from {fold.name(node)}.")
        if state.nodes[other] is not StepStatus.IDLE or other in gone:
            programs.forget_steps(fold, other)
            state.iterations[other] = state.iteration(other) + 1
            state.attempts.pop(other, None)
    for loop in plan.loops:
        if loop.target in after and loop.target != node:
            gone |= {n: state.iteration(n) - state.rounds[loop.index] for n in loop.body if n in state.iterations}
            state.rounds[loop.index] = 1
            state.edges[loop.back_edge] = PENDING
    _reopen(fold, {node, *lost}, undecided=after - {node})
    return {node: max(1, first) for node, first in gone.items()}


def _forget_rounds(state: State, loop: PlanLoop, after: set[int], round: int) -> dict[int, int]:
    """Of a loop that is taken back, the iteration with which `round` began, for what is after the step in it."""
    back = state.rounds[loop.index] - round
    return {node: state.iteration(node) - back for node in loop.body if node in after}


def _rewind(fold: Fold, node: int) -> None:
    """A program is taken back to before it asked for a step; what comes after the program starts over."""
    program = programs.rewind(fold, node)
    after = _everything_after(fold.plan, program) - {program}
    lost = set(_lost_steps(fold.plan, fold.state)) - after if fold.state.status.is_final else set()
    for other in sorted(after):
        if fold.state.nodes[other].is_open:
            fold.stop(other, f"The instance was restarted from {fold.name(node)}.")
        if fold.state.nodes[other] is not StepStatus.IDLE:
            programs.forget_steps(fold, other)
            fold.state.iterations[other] = fold.state.iteration(other) + 1
            fold.state.attempts.pop(other, None)
    _reopen(fold, {program, *lost}, undecided=after)


def _refuse_to_keep_undone(fold: Fold) -> None:
    """What was rolled back is not kept as if it had not been: it has to run again, in an iteration of its own."""
    kept = (fold.name(node) for node, iteration in fold.state.undone if fold.state.iteration(node) == iteration)
    name = next(kept, None)
    if name is not None:
        raise FactRefused(f"{name} was rolled back: restart the instance, or restart it from there or a step before.")


def retry(fold: Fold, fact: Fact) -> None:
    """A failed instance goes on from what failed: failed and cancelled steps, and all that waited for them.

    Their attempts count on (and so do their idempotency keys: the other side may have got the last one), but those
    made so far do not count against their retries.
    """
    state = fold.state
    if state.status is not InstanceStatus.ERRORED:
        raise FactRefused(f"Only a failed instance can be retried; this one is {state.status.value}.")
    _reopen(fold, {*programs.failures_to_retry(fold), *_lost_steps(fold.plan, state)})


# -- what is lost -----------------------------------------------------------------------------------------------------


def _lost_steps(plan: Plan, state: State) -> Iterator[int]:
    """Steps that failed of themselves without being caught or tolerated, and those stopped when the instance ended."""
    matters = _Matters(plan, state)
    for node in plan.nodes:
        status = state.nodes[node.index]
        if node.parent is not None:
            is_lost = status is StepStatus.CANCELLED and programs.is_cut_short(state, node)
        elif status is StepStatus.CANCELLED:
            is_lost = was_stopped(plan, state, node)
        else:
            is_own = status is StepStatus.FAILED and not failed_before(plan, state, node.index)
            is_lost = is_own and matters.of(node)
        if is_lost:
            yield node.index


@dataclass(slots=True)
class _Matters:
    """Whether a failure ended the instance or still could: nothing caught it, and not every join it reached went on."""

    plan: Plan
    state: State
    known: dict[int, bool] = field(default_factory=dict)
    back_edges: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self.back_edges = frozenset(loop.back_edge for loop in self.plan.loops)

    def of(self, node: PlanNode) -> bool:
        # Depth first over failed nodes only, with a stack of its own: a flow may be deeper than Python's.
        todo = [node]
        while todo:
            at = todo[-1]
            unknown = [n for n in self._reached(at) if n.index not in self.known]
            if unknown and at.index not in self.known:
                todo.extend(unknown)
                continue
            todo.pop()
            self.known[at.index] = self._decide(at)
        return self.known[node.index]

    def _has_ended(self, node: PlanNode) -> bool:
        """Whether the instance ended by this failure in another version: its edges have not settled."""
        ways = [number for number in node.outgoing if self.plan.edges[number].leaves is None]
        return any(self.state.edges[number] == PENDING for number in ways if number not in self.back_edges)

    def _failed_edges(self, node: PlanNode) -> Iterator[PlanEdge]:
        return (self.plan.edges[n] for n in node.outgoing if self.state.edges[n] == EDGE_FAILED)

    def _reached(self, node: PlanNode) -> Iterator[PlanNode]:
        """Failed joins that this failure made fail."""
        for edge in self._failed_edges(node):
            if failed_before(self.plan, self.state, edge.target):
                yield self.plan.nodes[edge.target]

    def _decide(self, node: PlanNode) -> bool:
        if node.index not in self.state.errors:
            return False
        if node.ends_path or self._has_ended(node):
            return True
        undecided = any(self.state.nodes[edge.target] is StepStatus.IDLE for edge in self._failed_edges(node))
        return undecided or any(self.known[other.index] for other in self._reached(node))


def failed_before(plan: Plan, state: State, node: int) -> bool:
    """Whether a node failed without having begun, because a failure reached it."""
    error = state.errors.get(node)
    return state.nodes[node] is StepStatus.FAILED and error is not None and error["task"] != plan.nodes[node].key


def was_stopped(plan: Plan, state: State, node: PlanNode) -> bool:
    """Whether a cancelled step was stopped because the instance ended, and not because a join did not need it: its
    edges have not settled (but for an error edge out of a loop that an earlier round took).
    """
    values = ((plan.edges[n], state.edges[n]) for n in _own_ways(plan, node.index))
    return all(value == PENDING or (edge.leaves is not None and value == TAKEN) for edge, value in values)


def _has_run(state: State, node: int) -> bool:
    status = state.nodes[node]
    return node in state.passed or status.is_open or (status.is_settled and status is not StepStatus.SKIPPED)


def never_began(plan: Plan, state: State, node: int) -> bool:
    """Whether a settled node did not run: no way led there, or a failure came first."""
    if state.nodes[node] is StepStatus.SKIPPED:
        return node not in state.passed
    return failed_before(plan, state, node) or _is_caught_in_vain(plan, state, plan.nodes[node])


def _is_caught_in_vain(plan: Plan, state: State, node: PlanNode) -> bool:
    """Whether the end of a phase caught a failure, and what its error edges lead to has not begun."""
    if node.task is not None or state.nodes[node.index] is not StepStatus.FAILED:
        return False
    caught = [plan.edges[n].target for n in node.outgoing if plan.edges[n].role is EdgeRole.ERROR]
    return all(state.nodes[target] is StepStatus.IDLE for target in caught)


# -- opening again ----------------------------------------------------------------------------------------------------


def _everything_after(plan: Plan, start: int) -> set[int]:
    """A node and all that it leads to: over edges, out of the loops that it may leave, and by requirements."""
    after, todo = {start}, [start]
    while todo:
        node = todo.pop()
        targets = [plan.edges[number].target for number in _ways_on(plan, node)]
        for target in (*targets, *plan.required_by.get(node, ())):
            if target not in after:
                after.add(target)
                todo.append(target)
    return after


def _own_ways(plan: Plan, node: int) -> Iterator[int]:
    """The edges out of a node, but for a back edge."""
    loop = plan.loop_of_decision.get(node)
    back = None if loop is None else plan.loops[loop].back_edge
    return (number for number in plan.nodes[node].outgoing if number != back)


def _ways_on(plan: Plan, node: int) -> Iterator[int]:
    """Edges that settle with a node: its own but for a back edge, and those that waited for its loop to be left."""
    yield from _own_ways(plan, node)
    loop = plan.loop_of_decision.get(node)
    if loop is not None:
        yield from plan.loops[loop].deferred_edges


def _reopen(fold: Fold, begun: Iterable[int], *, undecided: Iterable[int] = ()) -> None:
    """Start the `begun` steps again, and let joins decide anew: those of `undecided` and of all that never began
    because of what is opened again.
    """
    state, plan = fold.state, fold.plan
    _refuse_to_keep_undone(fold)
    reopened = _Reopened(plan, state, set(begun), set(undecided))
    reopened.spread()
    both = reopened.begun | reopened.undecided
    for node in both:
        for number in _ways_on(plan, node):
            edge = plan.edges[number]
            if not (edge.leaves is not None and edge.role is EdgeRole.ERROR and state.edges[number] == TAKEN):
                state.edges[number] = PENDING
        loop = plan.loop_of_decision.get(node)
        if loop is not None and state.edges[plan.loops[loop].back_edge] == DEAD:
            state.edges[plan.loops[loop].back_edge] = PENDING
    for node in both:
        fold.put(node, StepStatus.IDLE)
        state.errors.pop(node, None)
        state.tally.pop(node, None)
        if node in state.attempts:
            state.forgiven[node] = state.attempts[node]
    state.passed -= both
    state.ends = [node for node in state.ends if node not in both]
    state.error = None
    state.status = InstanceStatus.RUNNING
    # All of them: where the instance ended, edges may have settled that no join has looked at yet.
    for node, status in enumerate(state.nodes):
        if status is StepStatus.IDLE and node not in reopened.begun:
            fold.look_again(node)
    for node in sorted(reopened.begun):
        fold.start(node)


@dataclass(slots=True)
class _Reopened:
    """What is opened again, until nothing more has to be."""

    plan: Plan
    state: State
    begun: set[int]
    undecided: set[int]
    unneeded: set[int] = field(default_factory=set)
    """What a join cancelled that stands."""

    def spread(self) -> None:
        """Add what follows from what is there."""
        for node in self.plan.nodes:
            if node.cancels and node.index not in self.undecided and self._stands(node.index):
                self.unneeded.update(node.cancels)
        todo = [*self.begun, *self.undecided]
        while todo:
            node = self.plan.nodes[todo.pop()]
            found = [*self._never_begun_after(node), *self._lost_requirements(node)]
            if node.index in self.undecided:
                found += [*self._failed_before(node), *self._cancelled_with(node)]
            for other in found:
                if other not in self.begun and other not in self.undecided:
                    (self.undecided if never_began(self.plan, self.state, other) else self.begun).add(other)
                    todo.append(other)

    def _stands(self, node: int) -> bool:
        return self.state.nodes[node] is not StepStatus.IDLE and not never_began(self.plan, self.state, node)

    def _never_begun_after(self, node: PlanNode) -> Iterator[int]:
        for number in _ways_on(self.plan, node.index):
            target = self.plan.edges[number].target
            if never_began(self.plan, self.state, target) and target not in self.unneeded:
                yield target

    def _lost_requirements(self, node: PlanNode) -> Iterator[int]:
        lost = (StepStatus.FAILED, StepStatus.CANCELLED)
        return (n for group in node.requires for n in group if self.state.nodes[n] in lost)

    def _failed_before(self, node: PlanNode) -> Iterator[int]:
        return (self.plan.edges[n].source for n in node.incoming if self.state.edges[n] == EDGE_FAILED)

    def _cancelled_with(self, node: PlanNode) -> Iterator[int]:
        """What a race that failed had cancelled."""
        if self.state.nodes[node.index] is StepStatus.FAILED:
            yield from (
                n
                for n in node.cancels
                if n not in self.unneeded
                and (self.state.nodes[n] is StepStatus.CANCELLED or never_began(self.plan, self.state, n))
            )
