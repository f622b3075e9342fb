"""What templates and conditions see: `input context steps vars event instance flow now` (semantics: Data).

Only what a task refers to is loaded, for a whole batch in at most two queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol

from designer.graph.messages import MESSAGE_KINDS
from designer.graph.model import Json, Task, phase_of_ref
from designer.graph.plan import Plan
from designer.graph.references import references_of, steps_read
from engine.core.added import PROGRAM, SLEEP, STEP_KINDS, WAIT
from engine.core.schedule import is_scheduled
from engine.entities.store import resolved
from engine.storage import json_text, storage
from engine.storage.contract import InstanceRow, StepData, StepKey, StepPatch

INSTANCE_ROOTS: Final = frozenset({"input", "context", "vars", "event", "instance", "payload", "subscriber"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What a task refers to: of its instance (`instance`), and of which steps; `steps` None: of any."""

    instance: bool = False
    steps: frozenset[str] | None = frozenset()

    @property
    def nothing(self) -> bool:
        """Whether the task can be run without loading anything."""
        return not self.instance and self.steps is not None and not self.steps


# A plan is kept by its process; held here, its id is never given to another.
_known: dict[int, tuple[Plan, dict[str, Needs]]] = {}
MOST_PLANS_KNOWN: Final = 5_000


def needs_of(plan: Plan, task: Task) -> Needs:
    """What has to be loaded to run `task`."""
    if task.kind == PROGRAM or task.kind in STEP_KINDS:
        return _program_needs(plan, task)
    if len(_known) > MOST_PLANS_KNOWN:
        _known.clear()
    known = _known.setdefault(id(plan), (plan, {}))[1]
    needs = known.get(task.key)
    if needs is None:
        needs = known[task.key] = _find_needs(plan, task)
    return needs


def _program_needs(plan: Plan, task: Task) -> Needs:
    """A program, and what is done in its name, see its instance and its steps; sleeps and waits need nothing."""
    if task.kind in (SLEEP, WAIT):
        return Needs()
    program = str(task.settings.get("program", task.key))
    steps = [node.key for node in plan.nodes if node.parent is not None and plan.nodes[node.parent].key == program]
    return Needs(instance=True, steps=frozenset(steps))


def _find_needs(plan: Plan, task: Task) -> Needs:
    read = steps_read(task)
    counted_from = _counted_from(plan, task)
    instance = (
        bool(counted_from)
        or is_scheduled(task)
        or task.settings.get("action") == "run_automation"  # it is handed the primary entity
        or any(reference.path[0] in INSTANCE_ROOTS for reference in references_of(task))
    )
    instance = instance or task.kind in MESSAGE_KINDS or "dynamic" in task.settings
    if read.any_step or task.settings.get("only_if") is not None:
        return Needs(True, None)  # a rule names steps as text
    steps = (read.keys | counted_from) & plan.flow.tasks.keys()
    return Needs(instance or task.kind == "manual", frozenset(steps))


def _counted_from(plan: Plan, task: Task) -> frozenset[str]:
    """Tasks whose end a due date or a schedule counts from: `from: task:KEY` or `phase:KEY`."""
    found: set[str] = set()
    for setting, name in (("due", "from"), ("schedule", "reference")):
        raw = task.settings.get(setting)
        reference = raw.get(name) if isinstance(raw, Mapping) else None
        if isinstance(reference, str) and reference.startswith("task:"):
            found.add(reference.removeprefix("task:"))
        elif isinstance(reference, str) and (phase := phase_of_ref(reference)) is not None:
            found.update(member.key for member in plan.flow.tasks_in(phase))
    return frozenset(found)


class Subject(Protocol):
    """An instance in a unit of work, with what of it is not written yet."""

    row: InstanceRow
    plan: Plan
    now: datetime
    loaded: Loaded
    steps: dict[StepKey, StepPatch]
    var_changes: dict[str, Json]


@dataclass(slots=True)
class Loaded:
    """What has been loaded of an instance so far. `steps` holds the latest round of a task."""

    instance: dict[str, Json] | None = None
    steps: dict[str, dict[str, Json]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    all_steps: bool = False
    context: Json = None
    """The instance's context with its references resolved; None until it is asked for."""

    def lacks(self, needs: Needs) -> bool:
        """Whether something of `needs` has not been loaded."""
        return (
            (needs.instance and self.instance is None)
            or bool(self.missing(needs))
            or (needs.steps is None and not self.all_steps)
        )

    def know_running(self, step: StepKey, started_at: datetime) -> None:
        """Take in a step that was under way until now, without looking it up."""
        self.steps[step.task] = {
            "status": "running",
            "output": None,
            "error": None,
            "iteration": step.iteration,
            "started_at": _text(started_at),
            "ended_at": None,
        }
        self.asked.add(step.task)

    def missing(self, needs: Needs) -> frozenset[str]:
        """The steps that have not been asked for."""
        return frozenset() if self.all_steps or needs.steps is None else needs.steps - self.asked


def load(wanted: Iterable[tuple[Subject, Needs]]) -> None:
    """Load what these instances lack: one query for the instances, one or two for the steps."""
    instances: dict[int, Subject] = {}
    steps: dict[int, set[str] | None] = {}
    subjects: dict[int, Subject] = {}
    for subject, needs in wanted:
        id, loaded = subject.row.id, subject.loaded
        if not loaded.lacks(needs):
            continue
        subjects[id] = subject
        if needs.instance and loaded.instance is None:
            instances[id] = subject
        if needs.steps is None:
            steps[id] = None
        elif missing := loaded.missing(needs):
            before = steps.setdefault(id, set())
            if before is not None:
                before |= missing
    for data in storage().instance_data(list(instances)):
        instances[data.id].loaded.instance = {
            "input": json_text.parse(data.input),
            "context": json_text.parse(data.context) or {},
            "vars": json_text.parse(data.vars) or {},
            "trigger": json_text.parse(data.trigger) or {},
            "created_at": data.created_at,
            "started_at": data.started_at,
        }
    if steps:
        _load_steps(steps, subjects)


def _load_steps(wanted: Mapping[int, set[str] | None], subjects: Mapping[int, Subject]) -> None:
    for data in storage().step_data(wanted):
        # Rounds come in their order: the last one stays.
        subjects[data.instance_id].loaded.steps[data.task] = _step_json(data)
    for id, tasks in wanted.items():
        loaded = subjects[id].loaded
        loaded.all_steps = loaded.all_steps or tasks is None
        loaded.asked |= tasks or set()


def _step_json(data: StepData) -> dict[str, Json]:
    return {
        "status": data.status,
        "output": json_text.parse(data.output),
        "error": json_text.parse(data.error),
        "iteration": data.iteration,
        "started_at": _text(data.started_at),
        "ended_at": _text(data.ended_at),
    }


def data_for(subject: Subject, needs: Needs, *, event: Json = None) -> dict[str, Json]:
    """The data a task sees. What the unit of work has changed lies over what was loaded."""
    row, loaded = subject.row, subject.loaded
    instance = loaded.instance or {}
    trigger = instance.get("trigger") or {}
    context = _context(subject)
    return {
        "input": instance.get("input"),
        "payload": instance.get("input"),
        "subscriber": context.get("subscriber"),
        "workflow": {"workflowId": subject.plan.flow.key, "name": subject.plan.flow.name},
        "context": context,
        "vars": {**instance.get("vars", {}), **subject.var_changes},
        "steps": {} if needs.steps is not None and not needs.steps else _steps(subject, needs),
        "event": trigger.get("payload") if event is None else event,
        "instance": {
            "id": row.key,
            "created_at": _text(instance.get("created_at")),
            "started_at": _text(instance.get("started_at") or subject.now),
        },
        "flow": {"key": subject.plan.flow.key, "name": subject.plan.flow.name},
        "now": _text(subject.now),
    }


def _context(subject: Subject) -> Json:
    """The linked entities as they are now. Looked up once per unit of work, and only where a task asks for them."""
    loaded = subject.loaded
    if loaded.context is None and loaded.instance is not None:
        loaded.context = resolved(subject.row.environment_id, loaded.instance.get("context") or {})
    return {} if loaded.context is None else loaded.context


def _steps(subject: Subject, needs: Needs) -> dict[str, Json]:
    known = {
        task: dict(step) for task, step in subject.loaded.steps.items() if needs.steps is None or task in needs.steps
    }
    for key, patch in subject.steps.items():
        if needs.steps is not None and key.task not in needs.steps:
            continue
        before = known.get(key.task)
        if before is None or key.iteration > before["iteration"]:
            before = known[key.task] = {"status": "", "output": None, "error": None, "iteration": key.iteration}
        if key.iteration == before["iteration"]:
            columns = patch.columns
            before |= {name: columns[name] for name in ("status", "output", "error") if name in columns}
            before |= {name: _text(columns[name]) for name in ("started_at", "ended_at") if name in columns}
    return known


@lru_cache(maxsize=256)
def _text(moment: datetime | None) -> str | None:
    # A batch has few different moments: mostly its own.
    return None if moment is None else moment.isoformat()
