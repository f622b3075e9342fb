"""What a form offers to choose from: values that templates and conditions may name, tasks, branches, people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from designer.graph.fields import Choice
from designer.graph.kinds import kind_of
from designer.graph.lowering import Lowering
from designer.graph.model import NONE_MET, Flow, Json, Task, phase_of_ref, phase_ref

ALWAYS: Final = ("input", "context", "vars", "instance.id", "instance.started_at", "flow.key", "now")
TIMEZONES: Final = (
    *("UTC", "Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Zurich"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo"),
    *("Asia/Kolkata", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney"),
)
MOST_REFERENCES: Final = 300


@dataclass(frozen=True, slots=True)
class Offers:
    """`references`: paths (`input.order`); `moments`: `start`, `task:KEY`, `phase:KEY`; `nodes`: named references."""

    references: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    nodes: tuple[Choice, ...] = ()
    branches: tuple[Choice, ...] = ()
    people: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    timezones: tuple[str, ...] = TIMEZONES


def offers_for(
    flow: Flow,
    subject: str,
    *,
    people: tuple[str, ...] = (),
    flows: tuple[str, ...] = (),
    connections: tuple[str, ...] = (),
) -> Offers:
    """What the form of `subject` (a task key or `phase:KEY`) offers. Tasks that run before it come first."""
    task = flow.tasks.get(subject)
    before = _upstream(flow, subject) if task is not None else list(flow.tasks)
    references = [*ALWAYS, *_form_inputs(flow), *(path for key in before for path in _outputs(flow.tasks[key]))]
    if flow.triggers:
        references.append("event")
    moments = ["start", *(f"task:{key}" for key in flow.tasks if key != subject), *map(phase_ref, flow.phases)]
    return Offers(
        references=tuple(dict.fromkeys(references))[:MOST_REFERENCES],
        moments=tuple(moments),
        nodes=tuple(_nodes(flow, subject, task)),
        branches=tuple(_branches(task)) if task is not None else (),
        people=people,
        flows=flows,
        connections=connections,
    )


def _upstream(flow: Flow, key: str) -> list[str]:
    """The tasks from which one gets to this one, the nearest first."""
    before: dict[str, list[str]] = {}
    for source, targets in Lowering(flow).next_nodes().items():
        for target in targets:
            before.setdefault(target, []).append(source)
    seen, waiting = {key: None}, [key]
    for node in waiting:
        for source in before.get(node, ()):
            if source not in seen:
                seen[source] = None
                waiting.append(source)
    return [node for node in seen if node != key and node in flow.tasks]


def _outputs(task: Task) -> Iterator[str]:
    """`steps.charge.output`, and its parts as far as they are known."""
    stem = f"steps.{task.key}"
    yield f"{stem}.output"
    for name in kind_of(task).output_keys(task) or ():
        yield f"{stem}.output.{name}"
    if task.settings.get("action") == "set_values":
        inputs = task.settings.get("inputs")
        values = inputs.get("values") if isinstance(inputs, dict) else None
        yield from (f"vars.{name}" for name in (values if isinstance(values, dict) else ()))
    yield f"{stem}.status"


def _form_inputs(flow: Flow) -> Iterator[str]:
    """`input.…` of the forms that start the flow, and whatever the flow names already."""
    for trigger in flow.triggers:
        form: Json = trigger.get("form")
        properties = form.get("properties") if isinstance(form, dict) else None
        yield from (f"input.{name}" for name in (properties if isinstance(properties, dict) else ()))
    for task in flow.tasks.values():
        for condition in task.conditions:
            yield from (s.source for s in condition.statements if s.source.startswith(("input.", "context.")))


def _nodes(flow: Flow, subject: str, task: Task | None) -> Iterator[Choice]:
    """Every other task and phase, for requirements; not the phase that the task is part of."""
    for key, other in flow.tasks.items():
        inside = phase_of_ref(subject)
        if key != subject and (inside is None or other.phase != inside):
            yield Choice(key, other.name or key)
    for key, phase in flow.phases.items():
        if phase_ref(key) != subject and (task is None or task.phase != key):
            yield Choice(phase_ref(key), f"Phase {phase.name or key}")


def _branches(task: Task) -> Iterator[Choice]:
    yield from (Choice(condition.key, condition.name or condition.key) for condition in task.conditions)
    if kind_of(task).has_branches:
        yield Choice(NONE_MET, "otherwise")
