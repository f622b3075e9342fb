"""Edits of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from designer.graph.codec import decode_task, encode_task
from designer.graph.edits.base import (
    Applied,
    EditRefused,
    inserted,
    refuse_crowd,
    refuse_file,
    require,
)
from designer.graph.edits.changes import Change, changed
from designer.graph.edits.removing import RemoveTasks
from designer.graph.fields import FieldType
from designer.graph.kinds import KINDS
from designer.graph.model import Flow, Json, Position, Task
from designer.graph.problems import FlowFileInvalid
from designer.graph.rules import (
    Refusal,
    Rule,
    may_use_task_key,
    name,
    phases_exist,
    requirements_exist,
    tasks_exist,
)
from designer.graph.suggestions import listed, quoted
from designer.graph.values import Path


@dataclass(frozen=True, slots=True)
class AddTask:
    """Put a new task into the flow, at the end or at `index`."""

    task: Task
    index: int | None = None

    def apply(self, flow: Flow) -> Applied:
        """Refused when the key is taken, or its phase or a requirement is not there."""
        require(may_use_task_key(flow, self.task.key))
        require(phases_exist(flow, [self.task.phase] if self.task.phase is not None else []))
        require(requirements_exist(flow, self.task.settings.get("requirements")))
        tasks = inserted(flow.tasks, [(self.index, self.task.key, self.task)])
        added = refuse_crowd(replace(flow, tasks=tasks))
        return Applied(added, undo=RemoveTasks((self.task.key,)), touched=frozenset({self.task.key}))


@dataclass(frozen=True, slots=True)
class MoveTasks:
    """Put tasks somewhere else on the canvas. None: nowhere, so that they are laid out."""

    to: Mapping[str, Position | None]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a task is not there."""
        require(tasks_exist(flow, self.to))
        before = {key: flow.tasks[key].at for key in self.to}
        moved = flow.with_task(*(replace(flow.tasks[key], at=at) for key, at in self.to.items()))
        return Applied(moved, undo=MoveTasks(before), touched=frozenset(self.to))


@dataclass(frozen=True, slots=True)
class RenameTask:
    """Give a task another name. Its key, and so every reference to it, stays."""

    task: str
    name: str

    def apply(self, flow: Flow) -> Applied:
        """Refused when the task is not there or the name is empty or too long."""
        require(tasks_exist(flow, [self.task]))
        before = flow.tasks[self.task]
        renamed = _decoded({**encode_task(before), "name": self.name})
        return Applied(flow.with_task(renamed), undo=RenameTask(self.task, before.name), touched=frozenset({self.task}))


_CONFIGURABLE = ("name", "description", "join", "cancel_rest", "settings")


@dataclass(frozen=True, slots=True)
class ConfigureTask:
    """Change single values of a task: its name, description, join, cancel_rest and settings, as the flow file has them.

    Paths start at one of these words, such as `("settings", "retries", "limit")`. Conditions have edits of their own.
    """

    task: str
    changes: tuple[Change, ...]

    def apply(self, flow: Flow) -> Applied:
        """Refused when a value does not fit its field, a setting is not known, or a requirement names nothing."""
        require(tasks_exist(flow, [self.task]))
        before = flow.tasks[self.task]
        for change in self.changes:
            self._refuse_foreign(before, change.path)
        document, undo = changed({"settings": {}, **encode_task(before)}, self.changes, vanishing=_vanishing(before))
        after = _decoded(document)
        if after.settings.get("requirements") != before.settings.get("requirements"):
            require(requirements_exist(flow, after.settings.get("requirements")))
        touched = {self.task}
        if after.loop != before.loop:
            touched.update(edge.id for edge in flow.outgoing(self.task))
        return Applied(flow.with_task(after), undo=ConfigureTask(self.task, undo), touched=frozenset(touched))

    def _refuse_foreign(self, task: Task, path: Path) -> None:
        if not path or path[0] not in _CONFIGURABLE:
            raise EditRefused(f"A task's {listed(_CONFIGURABLE, last='and')} can be configured.", Rule.BAD_VALUE)
        if path[:2] == ("settings", "conditions"):
            raise EditRefused("Conditions are added, set, moved and removed one by one.", Rule.BAD_VALUE)
        if path[0] == "settings" and (len(path) == 1 or path[1] == "description"):
            # Whole settings would bring conditions in by the back door; a description is no setting here.
            raise EditRefused("Name the setting that is to be changed.", Rule.BAD_VALUE)


def _vanishing(task: Task) -> frozenset[Path]:
    """Groups of settings that say nothing once they are empty."""
    groups = (field for field in KINDS[task.kind].fields if field.type is FieldType.GROUP and not field.by)
    return frozenset(("settings", field.key) for field in groups)


@dataclass(frozen=True, slots=True)
class ReplaceKind:
    """Make another kind of a task. `settings` in flow-file form; None keeps what the new kind knows."""

    task: str
    kind: str
    settings: Mapping[str, Json] | None = None

    def apply(self, flow: Flow) -> Applied:
        """Refused when the kind is not known, or edges leave by branches that the new kind has not."""
        require(tasks_exist(flow, [self.task]))
        if self.kind not in KINDS:
            raise EditRefused(f"There is no kind {quoted(self.kind)}; there are {listed(KINDS, last='and')}.")
        before = flow.tasks[self.task]
        settings = self._kept(before) if self.settings is None else self.settings
        after = _decoded({**encode_task(before), "kind": self.kind, "settings": settings})
        require(requirements_exist(flow, after.settings.get("requirements")))
        lost = [edge for edge in flow.outgoing(self.task) if edge.branch not in (None, *after.branches)]
        if lost:
            branches = listed((quoted(edge.branch) for edge in lost), last="and")
            reason = f"Edges leave {name(flow, self.task)} by {branches}; take them away first."
            require(Refusal(Rule.BRANCHES_IN_USE, reason))
        undo = ReplaceKind(self.task, before.kind, encode_task(before).get("settings", {}))
        touched = frozenset({self.task, *(edge.id for edge in flow.outgoing(self.task))})
        return Applied(flow.with_task(after), undo=undo, touched=touched)

    def _kept(self, task: Task) -> Mapping[str, Json]:
        """The settings that mean the same in both kinds; the defaults of the new kind for the rest."""
        known = {field.key: field for field in KINDS[self.kind].fields}
        shared = {field.key for field in KINDS[task.kind].fields if known.get(field.key) == field}
        return {**KINDS[self.kind].defaults, **{k: v for k, v in task.settings.items() if k in shared}}


def _decoded(document: Mapping[str, Json]) -> Task:
    try:
        return decode_task(document)
    except FlowFileInvalid as invalid:
        refuse_file(invalid)
