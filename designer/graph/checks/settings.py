"""Is everything set that has to be, and does it fit?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from designer.graph.cel import filter_reason
from designer.graph.checks.known import filter_problem, moments, setting_problems
from designer.graph.checks.problem import Problem, error, warning
from designer.graph.checks.subject import Subject
from designer.graph.flow_fields import (
    ENTITY_SYNC_FIELDS,
    ENTITY_SYNC_MOMENTS,
    LIMIT_FIELDS,
    RETENTION_FIELDS,
    TRIGGER_TYPES,
)
from designer.graph.kinds import KINDS
from designer.graph.messages import CHANNELS
from designer.graph.model import PHASE_PREFIX, TRIGGER, Flow, Json, Task, phase_of_ref, phase_ref
from designer.graph.suggestions import did_you_mean, listed, quoted
from designer.graph.values import TASK_PREFIX, Fault, Path, group_problems, timezone_reason

_CODES: Mapping[Fault, str] = {
    Fault.MISSING: "setting_missing",
    Fault.WRONG: "setting_wrong",
    Fault.UNKNOWN: "setting_unknown",
    Fault.STRAY: "setting_stray",
}


def check_settings(subject: Subject) -> Iterator[Problem]:
    """The settings of every task, and what is set on phases and on the flow."""
    for task in subject.flow.tasks.values():
        yield from _task(subject, task)
    yield from _requirements(subject)
    yield from _triggers(subject.flow)
    yield from _header(subject.flow)


def _task(subject: Subject, task: Task) -> Iterator[Problem]:
    if task.key == TRIGGER:
        yield error("key_clash", f"{quoted(TRIGGER)} is where instances begin. Choose another key.", node=task.key)
    if task.kind not in KINDS:
        hint = did_you_mean(task.kind, KINDS)
        yield error("kind_unknown", f"There is no kind {quoted(task.kind)}.{hint}", node=task.key, field=("kind",))
        return
    name = subject.name(task.key)
    for found in setting_problems(task):
        yield error(_CODES[found.fault], f"{name}: {found.message}", node=task.key, field=("settings", *found.path))
    if reason := filter_problem(task):
        yield error("filter_wrong", f"{name}: Filter: {reason}", node=task.key, field=("settings", "filter"))
    if _says_nothing(task):
        message = f"{name} says nothing and will fail. Give it a text."
        yield warning("message_empty", message, node=task.key, field=("settings", "body"))
    for path, value in moments(task):
        if reason := _moment_reason(subject.flow, value):
            yield error("reference_unknown", f"{name}: {reason}", node=task.key, field=("settings", *path))


def _says_nothing(task: Task) -> bool:
    """Whether a message has neither a subject nor a text, although it could do with either alone."""
    own = [known for known in KINDS[task.kind].fields if known.key in ("subject", "body")]
    if task.kind not in CHANNELS or not own or any(known.required for known in own):
        return False
    return not any(str(task.settings.get(known.key) or "").strip() for known in own)


def _moment_reason(flow: Flow, value: Json) -> str | None:
    """Why `task:KEY` or `phase:KEY` names nothing, or None."""
    if not isinstance(value, str):
        return None
    if value.startswith(TASK_PREFIX) and value.removeprefix(TASK_PREFIX) not in flow.tasks:
        key = value.removeprefix(TASK_PREFIX)
        return f"There is no task {quoted(key)}.{did_you_mean(key, flow.tasks)} Choose another."
    if value.startswith(PHASE_PREFIX) and value.removeprefix(PHASE_PREFIX) not in flow.phases:
        key = value.removeprefix(PHASE_PREFIX)
        return f"There is no phase {quoted(key)}.{did_you_mean(key, flow.phases)} Choose another."
    return None


def _requirements(subject: Subject) -> Iterator[Problem]:
    flow = subject.flow
    shapes = subject.structure.shapes
    tasks = ((shape.key, ("settings", "requirements"), shape.requirements) for shape in shapes if shape.requirements)
    phases = ((phase_ref(key), ("requirements",), phase.requirements) for key, phase in flow.phases.items())
    for owner, field, requirements in (*tasks, *phases):
        for number, requirement in enumerate(requirements):
            if requirement.node == TRIGGER or not flow.has_node(requirement.node):
                known = flow.tasks if phase_of_ref(requirement.node) is None else map(phase_ref, flow.phases)
                hint = did_you_mean(requirement.node, known)
                message = f"{subject.name(owner)} requires {quoted(requirement.node)}, which is not there.{hint}"
                yield error("requirement_unknown", message, node=owner, field=(*field, number))


def _triggers(flow: Flow) -> Iterator[Problem]:
    for number, trigger in enumerate(flow.triggers):
        field: Path = ("triggers", number)
        kind = TRIGGER_TYPES.get(str(trigger.get("type")))
        if kind is None:
            message = f"There is no trigger type {quoted(trigger.get('type'))}; there are {listed(TRIGGER_TYPES)}."
            yield error("trigger_unknown", message, field=(*field, "type"))
            continue
        name = f"The trigger {quoted(kind.label)}"
        for found in group_problems(kind.fields, {k: v for k, v in trigger.items() if k != "type"}):
            yield error(_CODES[found.fault], f"{name}: {found.message}", field=(*field, *found.path))
        if kind.key == "form" and not trigger.get("form") and not flow.input_schema:
            message = f"{name}: Form is missing. Say what is asked for here, or in the flow's input schema."
            yield error("setting_missing", message, field=(*field, "form"))
        filter_text = trigger.get("filter")
        if isinstance(filter_text, str) and (reason := filter_reason(filter_text)):
            yield error("filter_wrong", f"{name}: Filter: {reason}", field=(*field, "filter"))


def _header(flow: Flow) -> Iterator[Problem]:
    if flow.timezone != "UTC" and (reason := timezone_reason(flow.timezone)):
        yield error("timezone_unknown", f"Time zone: {reason}", field=("timezone",))
    for name, fields, values in (
        ("limits", LIMIT_FIELDS, flow.limits),
        ("retention", RETENTION_FIELDS, flow.retention),
    ):
        for found in group_problems(fields, values):
            yield error(_CODES[found.fault], found.message, field=(name, *found.path))
    for number, entry in enumerate(flow.entity_sync):
        field: Path = ("entity_sync", number)
        for found in group_problems(ENTITY_SYNC_FIELDS, entry):
            yield error(_CODES[found.fault], f"Entity sync: {found.message}", field=(*field, *found.path))
        moment = entry.get("on")
        if isinstance(moment, str) and moment and moment not in ENTITY_SYNC_MOMENTS:
            reason = _moment_reason(flow, moment)
            if reason is None and not moment.startswith((TASK_PREFIX, PHASE_PREFIX)):
                reason = f"{quoted(moment)} is none of {listed(ENTITY_SYNC_MOMENTS)}, task:KEY and phase:KEY."
            if reason:
                yield error("reference_unknown", f"Entity sync: {reason}", field=(*field, "on"))
