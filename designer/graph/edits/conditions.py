"""Edits of the branches of decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace

from designer.graph.edits.base import Applied, EditRefused, edge_places, require, with_inserted, without_edges
from designer.graph.edits.removing import PutBack
from designer.graph.edits.together import Batch
from designer.graph.kinds import KINDS
from designer.graph.model import Condition, Flow, Task
from designer.graph.rules import Rule, condition_of, may_use_condition_key, name, tasks_exist
from designer.graph.suggestions import did_you_mean, quoted


@dataclass(frozen=True, slots=True)
class AddCondition:
    """Give a decision a new branch, at the end or at `index`."""

    task: str
    condition: Condition
    index: int | None = None

    def apply(self, flow: Flow) -> Applied:
        """Refused when the task is no decision or the key is taken."""
        task = _decision(flow, self.task)
        require(may_use_condition_key(task, self.condition.key))
        conditions = with_inserted(task.conditions, [(self.index, self.condition)])
        added = flow.with_task(replace(task, conditions=conditions))
        undo = RemoveCondition(self.task, self.condition.key)
        return Applied(added, undo=undo, touched=frozenset({self.task}))


@dataclass(frozen=True, slots=True)
class SetCondition:
    """Change a branch: its name, match and statements. The key says which, and stays."""

    task: str
    condition: Condition

    def apply(self, flow: Flow) -> Applied:
        """Refused when there is no such branch."""
        task = _decision(flow, self.task)
        before = _condition(flow, task, self.condition.key)
        conditions = tuple(self.condition if c.key == before.key else c for c in task.conditions)
        after = flow.with_task(replace(task, conditions=conditions))
        edges = {edge.id for edge in flow.outgoing(self.task) if edge.branch == before.key}
        return Applied(after, undo=SetCondition(self.task, before), touched=frozenset({self.task, *edges}))


@dataclass(frozen=True, slots=True)
class RemoveCondition:
    """Take a branch away, with its edges."""

    task: str
    key: str

    def apply(self, flow: Flow) -> Applied:
        """Refused when there is no such branch."""
        task = _decision(flow, self.task)
        before = _condition(flow, task, self.key)
        edges = [edge for edge in flow.outgoing(self.task) if edge.branch == self.key]
        index = task.conditions.index(before)
        kept = tuple(condition for condition in task.conditions if condition.key != self.key)
        after = without_edges(flow.with_task(replace(task, conditions=kept)), edges)
        undo = Batch((AddCondition(self.task, before, index), PutBack(edges=edge_places(flow, edges))))
        return Applied(after, undo=undo, touched=frozenset({self.task, *(edge.id for edge in edges)}))


@dataclass(frozen=True, slots=True)
class MoveCondition:
    """Put a branch at another place: branches are looked at in their order."""

    task: str
    key: str
    index: int

    def apply(self, flow: Flow) -> Applied:
        """Refused when there is no such branch."""
        task = _decision(flow, self.task)
        condition = _condition(flow, task, self.key)
        was = task.conditions.index(condition)
        others = tuple(other for other in task.conditions if other.key != self.key)
        moved = with_inserted(others, [(max(self.index, 0), condition)])
        after = flow.with_task(replace(task, conditions=moved))
        return Applied(after, undo=MoveCondition(self.task, self.key, was), touched=frozenset({self.task}))


def _decision(flow: Flow, key: str) -> Task:
    require(tasks_exist(flow, [key]))
    task = flow.tasks[key]
    if not KINDS[task.kind].has_branches:
        raise EditRefused(f"{name(flow, key)} is no decision and has no branches.", Rule.NO_SUCH_BRANCH)
    return task


def _condition(flow: Flow, task: Task, key: str) -> Condition:
    found = condition_of(task, key)
    if found is None:
        hint = did_you_mean(key, (condition.key for condition in task.conditions))
        reason = f"{name(flow, task.key)} has no branch {quoted(key)}.{hint}"
        raise EditRefused(reason, Rule.NO_SUCH_BRANCH)
    return found
