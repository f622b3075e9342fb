"""Carrying an instance over to another version (semantics: Steering, migrate).

Steps keep what became of them, by the key of their task or a given mapping. Edges are not carried over: the ways of the
other version settle by what became of the steps they come from, and joins that have not begun decide anew. A task that
only the other version has runs when its turn comes; one that stands before something which has begun already is passed
over, as if a person had skipped it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from designer.graph.kinds import kind_of
from designer.graph.lowering import EdgeRole
from designer.graph.model import NONE_MET, Json, Task
from designer.graph.plan import START, Plan, PlanEdge, PlanNode
from designer.graph.wording import branch_name
from engine.core.added import PROGRAM
from engine.core.advance import Advance
from engine.core.facts import Fact, FactRefused
from engine.core.programs import plan_with
from engine.core.reopening import never_began, was_stopped
from engine.core.settling import Fold
from engine.core.state import (
    BUSY_STATUSES,
    DEAD,
    EDGE_FAILED,
    PENDING,
    TAKEN,
    InstanceStatus,
    State,
    StepStatus,
    new_state,
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A step that has no place in the other version. `reason` is a sentence for people."""

    task: str
    iteration: int
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """From one plan to another. `mapping`: keys of tasks that are called otherwise there, old to new."""

    old: Plan
    new: Plan
    mapping: Mapping[str, str]
    version: int
    """The number of the other version, for the wording."""

    @classmethod
    def of(cls, old: Plan, new: Plan, state: State, mapping: Mapping[str, str], version: int) -> Move:
        """The move of an instance, with the steps that its programs have added."""
        return cls(plan_with(old, state), new, mapping, version)

    def key(self, key: str) -> str:
        """What a task, or the end of a phase, is called in the other version, if it is there."""
        return self.mapping.get(key, key)

    def counterpart(self, node: int) -> int | None:
        """The node of the other version that stands for this one."""
        return self.new.index.get(self.key(self.old.nodes[node].key))


def migrate(move: Move, state: State, fact: Fact, *, now: datetime) -> Advance:
    """Carry an instance over and follow what comes of that. Raises `FactRefused` naming what is in the way."""
    if state.rollback is not None:
        raise FactRefused("The instance is rolling back.")
    obstacles = find_obstacles(move, state)
    if obstacles:
        raise FactRefused(" ".join(obstacle.reason for obstacle in obstacles[:5]))
    carried = carry_over(move, state)
    fold = Fold(plan_with(move.new, carried), carried, now)
    fold.facts.append(fact)
    begun = fold.has_begun
    for node in move.new.orphans if begun else ():
        if fold.state.nodes[node] is StepStatus.IDLE:
            fold.skip(node, "Nothing leads here.")
    if begun and not state.status.is_final:
        for node, status in enumerate(fold.state.nodes):
            if status is StepStatus.IDLE:
                fold.look_again(node)
        fold.look_at_all_blocked()
        fold.follow()
    return Advance(fold.state, tuple(fold.facts), tuple(c for c in fold.commands if fold.is_current(c)))


# -- what is in the way -----------------------------------------------------------------------------------------------


def find_obstacles(move: Move, state: State) -> list[Obstacle]:
    """Every step that began, or waits to, and has no place in the other version; in the order of the tasks."""
    found: list[Obstacle] = []
    taken: dict[int, str] = {}
    for node in move.old.nodes:
        if not needs_place(move.old, state, node):
            continue
        reason = _why_not(move, state, node, taken)
        if reason is not None:
            status = state.nodes[node.index].value
            found.append(Obstacle(node.key, state.iteration(node.index), status, reason))
    return found


def needs_place(plan: Plan, state: State, node: PlanNode) -> bool:
    """Whether there is something to be kept: the step began or waits to, or can still be rolled back."""
    if node.task is None or node.parent is not None:
        return False  # what a program has added goes where the program goes
    began = state.nodes[node.index] is not StepStatus.IDLE and not never_began(plan, state, node.index)
    has_added = any(added.of == node.index for added in state.added)
    return began or has_added or any(step[0] == node.index for step in state.started)


def _why_not(move: Move, state: State, node: PlanNode, taken: dict[int, str]) -> str | None:
    """Why a step has no place, or None; then its place is noted in `taken`."""
    name, place = node.name, move.counterpart(node.index)
    other = None if place is None else move.new.nodes[place].task
    if place is None or other is None or node.task is None:
        return f"{name} is not in version {move.version}.{_namesake(move, name)}"
    there = other.name or other.key
    if other.kind != node.task.kind:
        kinds = kind_of(node.task).label, kind_of(other).label
        return f"{name} is of the kind {kinds[0]}, and {there} of version {move.version} of the kind {kinds[1]}."
    if place in taken:
        return f"{name} and {taken[place]} cannot both become {there}."
    taken[place] = name
    if node.task.kind == PROGRAM:
        return _why_not_program(node.task, other, move.version)
    status = state.nodes[node.index]
    if status is StepStatus.RUNNING and other.key != node.key:
        return f"{name}: an attempt is under way. Wait until it has ended, or pause the instance, before it is renamed."
    if status is StepStatus.FAILED and node.index not in state.errors and not _has_error_edge(move.new, place):
        return f"{name} failed and that was caught; in version {move.version} nothing catches it."
    lost = [branch for branch in _taken_branches(move.old, state, node) if branch not in other.branches]
    if status.is_settled and lost:
        branch = branch_name(node.task, lost[0])
        return f"{name} went on by {branch}, which it cannot in version {move.version}."
    return None


def _why_not_program(task: Task, other: Task, version: int) -> str | None:
    """A program under way keeps its name and its code: it is replayed."""
    name = task.name or task.key
    if other.key != task.key:
        return f"{name} is a program: it cannot go on under another key."
    if any(other.settings.get(name) != task.settings.get(name) for name in CODE_SETTINGS):
        return f"{name} is a program under way, and version {version} has other code for it."
    return None


CODE_SETTINGS: Final = ("script", "class_name", "fingerprint")
"""Settings of a program that say what its code is."""


def _namesake(move: Move, name: str) -> str:
    """Which task there looks the same to people and is another: its key tells."""
    key = next((node.key for node in move.new.nodes if node.task is not None and node.task.name == name), None)
    return "" if key is None else f" What is called {name} there has another key: {key}."


def _has_error_edge(plan: Plan, node: int) -> bool:
    return any(plan.edges[number].role is EdgeRole.ERROR for number in plan.nodes[node].outgoing)


def _taken_branches(plan: Plan, state: State, node: PlanNode) -> frozenset[str]:
    """The branches by which a decision went on; those without an edge are not known."""
    if node.task is None or node.task.kind != "decision":
        return frozenset()
    loop = plan.loop_of_decision.get(node.index)
    back = None if loop is None else plan.loops[loop].back_edge
    edges = (plan.edges[number] for number in node.outgoing if number != back and state.edges[number] == TAKEN)
    return frozenset(edge.branch for edge in edges if edge.branch is not None and edge.role is EdgeRole.NORMAL)


# -- carrying over ----------------------------------------------------------------------------------------------------


def carry_over(move: Move, state: State) -> State:
    """The marking in the other version. Nothing is in the way of it."""
    return _Carried(move, state).state


class _Carried:
    """A marking on its way into another plan."""

    def __init__(self, move: Move, before: State) -> None:
        self.move, self.before = move, before
        self.state = new_state(move.new)
        self.plan = self._with_added_steps()
        self.origin: dict[int, int] = {}
        """Old nodes by the new ones that stand for them."""
        kept = [node for node in move.old.nodes if needs_place(move.old, before, node)]
        others = [node for node in move.old.nodes if not needs_place(move.old, before, node)]
        for node in (*kept, *others):
            place = self.plan.index.get(move.key(node.key))
            if place is not None and (move.new.nodes[place].task is None) == (node.task is None):
                self.origin.setdefault(place, node.index)
        self.place = {old: new for new, old in self.origin.items()}
        self.begun = {
            new
            for new, old in self.origin.items()
            if before.nodes[old] is not StepStatus.IDLE and not never_began(move.old, before, old)
        }
        self._carry_numbers()
        if any(status is not StepStatus.IDLE for status in before.nodes):
            self._carry_statuses()
            self._settle_edges()
            self._derive()

    def _with_added_steps(self) -> Plan:
        """The plan with the steps that programs have added; programs keep their keys, and so do their steps."""
        state, move = self.state, self.move
        for added in self.before.added:
            of = move.counterpart(added.of)
            if of is not None:  # else something is in the way
                state.added.append(replace(added, of=of))
                state.nodes.append(StepStatus.IDLE)
        return plan_with(move.new, state)

    def _carry_numbers(self) -> None:
        state, before, place = self.state, self.before, self.place
        state.status, state.paused_at = before.status, before.paused_at
        state.iterations = {place[node]: count for node, count in before.iterations.items() if node in place}
        state.attempts = {place[node]: count for node, count in before.attempts.items() if node in place}
        state.forgiven = {place[node]: count for node, count in before.forgiven.items() if node in place}
        state.started = [(place[node], iteration) for node, iteration in before.started if node in place]
        state.undone = [(place[node], iteration) for node, iteration in before.undone if node in place]
        state.ahead = {place[node]: branch for node, branch in before.ahead.items() if node in place}
        state.scheduled = {place[node]: has_come for node, has_come in before.scheduled.items() if node in place}
        state.is_called, state.warned = before.is_called, before.warned.copy()
        state.passed = {place[node] for node in before.passed if node in place}
        state.error = self._error(before.error)
        state.outcomes = {place[n]: [place[step] for step in steps] for n, steps in before.outcomes.items()}
        state.fingerprints = {place[node]: text for node, text in before.fingerprints.items()}
        for loop in self.plan.loops:
            old = self.move.old.loop_of_decision.get(self.origin.get(loop.decision, -1))
            if old is not None:
                state.rounds[loop.index] = before.rounds[old]

    def _error(self, error: Json) -> Json:
        """An error names the task it came from as the other version does."""
        return {**error, "task": self.move.key(error["task"])} if isinstance(error, Mapping) else error

    def _carry_statuses(self) -> None:
        state, before = self.state, self.before
        for new, old in self.origin.items():
            is_caught = before.nodes[old] is StepStatus.FAILED and old not in before.errors
            if is_caught and not _has_error_edge(self.plan, new):
                continue  # the end of a phase: it decides anew
            state.nodes[new] = before.nodes[old]
            if old in before.errors and before.nodes[old] is StepStatus.FAILED:
                state.errors[new] = self._error(before.errors[old])
        for node in self._behind_the_front():
            state.nodes[node] = StepStatus.SKIPPED
            state.passed.add(node)

    def _behind_the_front(self) -> Iterator[int]:
        """New tasks that stand before something which has begun."""
        before, todo = set(self.begun), list(self.begun)
        while todo:
            for number in self.plan.nodes[todo.pop()].incoming:  # forward edges only
                source = self.plan.edges[number].source
                if source != START and source not in before:
                    before.add(source)
                    todo.append(source)
        return (node for node in sorted(before) if node not in self.origin and self.plan.nodes[node].task is not None)

    # -- edges --------------------------------------------------------------------------------------------------------

    def _settle_edges(self) -> None:
        """By what became of their sources. What never began decides anew where a way to it is open again."""
        state = self.state
        while True:
            state.edges = [self._value(edge) for edge in self.plan.edges]
            open_again = [node for node in self._undecided() if state.nodes[node] is not StepStatus.IDLE]
            if not open_again:
                return
            for node in open_again:
                state.nodes[node] = StepStatus.IDLE
                state.errors.pop(node, None)

    def _undecided(self) -> Iterator[int]:
        for new, old in self.origin.items():
            is_junction = self.plan.nodes[new].task is None
            if is_junction or never_began(self.move.old, self.before, old):
                ways = (self.plan.edges[number] for number in self.plan.nodes[new].incoming)
                if any(self.state.edges[way.index] == PENDING and not self._was(PENDING, way) for way in ways):
                    yield new

    def _value(self, edge: PlanEdge) -> str:
        if edge.source == START:
            return TAKEN
        loop = self.plan.loop_of_decision.get(edge.source)
        if loop is not None and self.plan.loops[loop].back_edge == edge.index:
            if self.state.rounds[loop] > 1:
                return TAKEN
            return DEAD if self.state.nodes[edge.source].is_settled else PENDING
        if edge.role is EdgeRole.ERROR and edge.leaves is not None and self._was(TAKEN, edge):
            return TAKEN  # maybe in an earlier round
        value = self._own_value(edge)
        if edge.leaves is None or value == PENDING:
            return value
        if not self.state.nodes[self.plan.loops[edge.leaves].decision].is_settled:
            return PENDING
        return value if edge.role is EdgeRole.SETTLED else DEAD

    def _own_value(self, edge: PlanEdge) -> str:
        """What an edge is by its source alone."""
        node, status = edge.source, self.state.nodes[edge.source]
        if not status.is_settled:
            return PENDING
        if status is StepStatus.COMPLETED or node in self.state.passed:
            if edge.role is EdgeRole.ERROR:
                return DEAD
            return TAKEN if self._is_chosen(edge) else DEAD
        if status is StepStatus.FAILED:
            return self._failed_value(edge)
        if status is StepStatus.CANCELLED and self._was_stopped(node):
            return PENDING
        return DEAD

    def _is_chosen(self, edge: PlanEdge) -> bool:
        node = self.plan.nodes[edge.source]
        if edge.role is not EdgeRole.NORMAL or edge.branch is None or node.task is None or node.task.kind != "decision":
            return True
        if edge.source in self.state.passed:
            loop = self.plan.loop_of_decision.get(edge.source)
            return edge.branch == (NONE_MET if loop is None else self.plan.loops[loop].exit)
        return edge.branch in _taken_branches(self.move.old, self.before, self.move.old.nodes[self.origin[edge.source]])

    def _failed_value(self, edge: PlanEdge) -> str:
        if edge.source not in self.state.errors:  # it was caught
            return DEAD if edge.role is EdgeRole.NORMAL else TAKEN
        if self.move.old.nodes[self.origin[edge.source]].ends_path:
            return PENDING  # the instance ended by it, before its edges settled
        return TAKEN if edge.role is EdgeRole.SETTLED and not edge.carries_failure else EDGE_FAILED

    def _was_stopped(self, node: int) -> bool:
        old = self.move.old
        return self.before.status.is_final and was_stopped(old, self.before, old.nodes[self.origin[node]])

    def _was(self, value: str, edge: PlanEdge) -> bool:
        """Whether an edge of the same role between the same tasks had this value before."""
        source, target = self.origin.get(edge.source), self.origin.get(edge.target)
        if source is None or target is None:
            return False
        old = self.move.old
        same = (old.edges[number] for number in old.nodes[source].outgoing if old.edges[number].target == target)
        return any(one.role is edge.role and self.before.edges[one.index] == value for one in same)

    # -- what follows from statuses and edges -------------------------------------------------------------------------

    def _derive(self) -> None:
        state, plan = self.state, self.plan
        state.open = sum(1 for status in state.nodes if status.is_open)
        state.busy = sum(1 for status in state.nodes if status in BUSY_STATUSES)
        known = [self.place[node] for node in self.before.ends if node in self.place]
        ends = {node for node in self.origin if self._ends_here(plan.nodes[node])}
        state.ends = [*(node for node in known if node in ends), *sorted(ends.difference(known))]
        for phase, members in plan.phases.items():
            finished = sum(1 for node in members if state.nodes[node].is_finished)
            if finished:
                state.finished[phase] = finished
            if phase in self.before.begun or not self.begun.isdisjoint(members):
                state.begun.add(phase)

    def _ends_here(self, node: PlanNode) -> bool:
        """Whether a path ended at a node: it went on, and nothing leads on from it."""
        state, plan = self.state, self.plan
        went_on = state.nodes[node.index] is StepStatus.COMPLETED or node.index in state.passed
        if node.task is None or not went_on:
            return False
        taken = (plan.edges[n] for n in node.outgoing if self._own_value(plan.edges[n]) == TAKEN)
        return not any(
            edge.role is not EdgeRole.SETTLED
            or any(plan.edges[n].role is EdgeRole.NORMAL for n in plan.nodes[edge.target].outgoing)
            for edge in taken
        )


def is_movable(status: InstanceStatus) -> str | None:
    """Why an instance of this status cannot be migrated as it is, or None."""
    if status.is_final:
        return f"The instance is {status.value}: only one that has not ended can be migrated."
    return "The instance is rolling back." if status is InstanceStatus.ROLLING_BACK else None
