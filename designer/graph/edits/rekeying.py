"""Changing keys, with every reference to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from designer.graph.edits.base import FLOW, Applied, require
from designer.graph.model import (
    PHASE_PREFIX,
    Condition,
    Edge,
    Flow,
    Json,
    Phase,
    Statement,
    Task,
    phase_of_ref,
    phase_ref,
)
from designer.graph.references import map_texts, rename_path, rename_steps
from designer.graph.rules import may_use_task_key, tasks_exist
from designer.graph.values import TASK_PREFIX, Path


@dataclass(frozen=True, slots=True)
class TextAt:
    """The text at `path` within `owner` (a task key, or `flow` for the entity sync): `was` has to become `now`."""

    owner: str
    path: Path
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class RekeyTask:
    """Give a task another key, and write every reference to it anew: edges, requirements, templates, conditions.

    `exact` is for undoing: texts in which the new key was spoken of before, so that renaming back would say too much.
    """

    task: str
    to: str
    exact: tuple[TextAt, ...] = ()

    def apply(self, flow: Flow) -> Applied:
        """Refused when the task is not there or the new key is taken or no key."""
        require(tasks_exist(flow, [self.task]))
        if self.to == self.task:
            return Applied(flow, undo=self, touched=frozenset())
        require(may_use_task_key(flow, self.to))
        after = rekeyed(flow, {self.task: self.to}, exact=self.exact)
        undo = RekeyTask(self.to, self.task, exact=self._lost(flow, after))
        return Applied(after, undo=undo, touched=self._touched(flow, after))

    def _lost(self, before: Flow, after: Flow) -> tuple[TextAt, ...]:
        """Where renaming back would not bring back what was."""
        back = rekeyed(after, {self.to: self.task})
        wanted, present, found = _texts(before), _texts(after), _texts(back)
        return tuple(
            TextAt(self.to if owner == self.task else owner, path, present[self._moved(owner), path], text)
            for (owner, path), text in wanted.items()
            if found[owner, path] != text
        )

    def _moved(self, owner: str) -> str:
        return self.to if owner == self.task else owner

    def _touched(self, before: Flow, after: Flow) -> frozenset[str]:
        touched = {self.task, self.to}
        touched.update(key for key, task in after.tasks.items() if before.tasks.get(key) is not task)
        touched.update(phase_ref(key) for key, phase in after.phases.items() if before.phases[key] is not phase)
        for flow, other in ((before, set(after.edges)), (after, set(before.edges))):
            touched.update(edge.id for edge in flow.edges if edge not in other)
        return frozenset(touched | ({FLOW} if before.entity_sync != after.entity_sync else set()))


def rekeyed(
    flow: Flow,
    tasks: Mapping[str, str],
    phases: Mapping[str, str] | None = None,
    *,
    exact: tuple[TextAt, ...] = (),
) -> Flow:
    """The flow with these tasks and phases under other keys, in the same places, and everything that names them."""
    writer = Writer(tasks, phases or {}, {(text.owner, text.path): text for text in exact})
    return replace(
        flow,
        tasks={tasks.get(key, key): writer.task(task) for key, task in flow.tasks.items()},
        phases={writer.phases.get(key, key): writer.phase(phase) for key, phase in flow.phases.items()},
        edges=tuple(writer.edge(edge) for edge in flow.edges),
        entity_sync=tuple(writer.document(FLOW, entry, (number,)) for number, entry in enumerate(flow.entity_sync)),
    )


class Writer:
    """Writes things that name tasks and phases anew, by other keys for these. What names none of them stays itself."""

    def __init__(
        self,
        tasks: Mapping[str, str],
        phases: Mapping[str, str],
        exact: Mapping[tuple[str, Path], TextAt] | None = None,
    ) -> None:
        self.tasks = tasks
        self.phases = phases
        self.exact = exact or {}

    def ref(self, ref: str) -> str:
        """What the reference to a node is now."""
        phase = phase_of_ref(ref)
        return self.tasks.get(ref, ref) if phase is None else phase_ref(self.phases.get(phase, phase))

    def edge(self, edge: Edge) -> Edge:
        """An edge with both its ends."""
        source, target = self.ref(edge.source), self.ref(edge.target)
        return edge if (source, target) == (edge.source, edge.target) else replace(edge, source=source, target=target)

    def task(self, task: Task) -> Task:
        """A task under its key, in its phase, with its settings and branches."""
        settings = self.document(task.key, task.settings, ("settings",))
        conditions = tuple(self.condition(task.key, c, n) for n, c in enumerate(task.conditions))
        key = self.tasks.get(task.key, task.key)
        phase = self.phases.get(task.phase, task.phase) if task.phase is not None else None
        same = settings is task.settings and conditions == task.conditions
        if same and key == task.key and phase == task.phase:
            return task
        return replace(task, key=key, phase=phase, settings=settings, conditions=conditions)

    def phase(self, phase: Phase) -> Phase:
        """A phase under its key, with its requirements."""
        key = self.phases.get(phase.key, phase.key)
        requirements = tuple(replace(r, node=self.ref(r.node)) for r in phase.requirements)
        same = (key, requirements) == (phase.key, phase.requirements)
        return phase if same else replace(phase, key=key, requirements=requirements)

    def condition(self, owner: str, condition: Condition, number: int) -> Condition:
        """The branch with this number of a task."""
        path: Path = ("settings", "conditions", number, "statements")
        statements = tuple(self.statement(owner, s, (*path, n)) for n, s in enumerate(condition.statements))
        return condition if statements == condition.statements else replace(condition, statements=statements)

    def statement(self, owner: str, statement: Statement, path: Path) -> Statement:
        source = self.exactly(owner, (*path, "source"), statement.source)
        if source is None:
            source = rename_path(statement.source, self.tasks)
        values = tuple(
            map_texts(value, lambda at, text: self.text(owner, at, text), (*path, "values", number))
            for number, value in enumerate(statement.values)
        )
        return replace(statement, source=source, values=values)

    def document(self, owner: str, value: Json, path: Path) -> Json:
        """The value at a path of a task, a phase or the entity sync."""
        return map_texts(value, lambda at, text: self.text(owner, at, text), path)

    def text(self, owner: str, path: Path, text: str) -> str:
        exact = self.exactly(owner, path, text)
        if exact is not None:
            return exact
        if path[:2] == ("settings", "requirements"):
            names = self.tasks if path[-1] == "task" else self.phases
            return names.get(text, text)
        if path[-1] in ("from", "reference", "on"):
            return self.named(text)
        return rename_steps(text, self.tasks)

    def named(self, text: str) -> str:
        """`task:KEY` and `phase:KEY`, as due dates, schedules and the entity sync have them."""
        for prefix, names in ((TASK_PREFIX, self.tasks), (PHASE_PREFIX, self.phases)):
            key = text.removeprefix(prefix)
            if key != text and key in names:
                return prefix + names[key]
        return rename_steps(text, self.tasks)

    def exactly(self, owner: str, path: Path, text: str) -> str | None:
        exact = self.exact.get((owner, path))
        return exact.now if exact is not None and exact.was == text else None


def _texts(flow: Flow) -> dict[tuple[str, Path], str]:
    """Every text in which a key may be spoken of, by its owner and path."""
    found: dict[tuple[str, Path], str] = {}

    def keep(owner: str, value: Json, path: Path) -> None:
        map_texts(value, lambda at, text: found.setdefault((owner, at), text), path)

    for task in flow.tasks.values():
        keep(task.key, task.settings, ("settings",))
        for number, condition in enumerate(task.conditions):
            for place, statement in enumerate(condition.statements):
                path: Path = ("settings", "conditions", number, "statements", place)
                keep(task.key, statement.source, (*path, "source"))
                keep(task.key, list(statement.values), (*path, "values"))
    for number, entry in enumerate(flow.entity_sync):
        keep(FLOW, entry, (number,))
    return found
