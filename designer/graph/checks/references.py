"""Does every reference in a template or a condition name something that is there?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from designer.graph.checks.known import outputs, templates
from designer.graph.checks.problem import Problem, error, warning
from designer.graph.checks.subject import Subject
from designer.graph.kinds import KINDS
from designer.graph.messages import MESSAGE_KINDS
from designer.graph.model import Json, Task
from designer.graph.paths import DataPath, lone_reference, parse_path, written
from designer.graph.references import (
    FILTERS,
    ROOTS,
    STEP_PARTS,
    Template,
    is_template,
    read_template,
    statement_references,
    texts_of,
)
from designer.graph.suggestions import closest, did_you_mean, listed, quoted
from designer.graph.values import Path
from designer.graph.wording import mapping

_INPUT_ROOTS = ("input", "payload")
_TRIGGER_ROOTS = ("event", "flow", "now")


def check_references(subject: Subject) -> Iterator[Problem]:
    """Templates of tasks, conditions, triggers and entity sync."""
    checker = _Checker(subject)
    for task in subject.flow.tasks.values():
        if task.kind in KINDS:
            for field, template in templates(task):
                yield from checker.template(template, field, task, tuple(ROOTS))
            yield from checker.conditions(task)
    for number, trigger in enumerate(subject.flow.triggers):
        yield from checker.texts(trigger.get("inputs"), ("triggers", number, "inputs"), roots=_TRIGGER_ROOTS)
    for number, entry in enumerate(subject.flow.entity_sync):
        yield from checker.texts(entry.get("set"), ("entity_sync", number, "set"))


class _Checker:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.tasks = subject.flow.tasks
        self.variables = _variables(subject)

    def texts(self, value: Json, path: Path, *, roots: Collection[str] = tuple(ROOTS)) -> Iterator[Problem]:
        for field, text in texts_of(value, path):
            if is_template(text):
                yield from self.template(read_template(text), field, None, roots)

    def template(self, read: Template, field: Path, reader: Task | None, roots: Collection[str]) -> Iterator[Problem]:
        node = reader.key if reader is not None else None
        name = f"{self.subject.name(reader.key)}: " if reader is not None else ""
        if read.error is not None:
            yield error("template_wrong", f"{name}The template cannot be read: {read.error}", node=node, field=field)
        for used in read.filters:
            if used not in FILTERS:
                message = f"{name}There is no filter {quoted(used)}.{did_you_mean(used, FILTERS)}"
                yield error("filter_unknown", message, node=node, field=field)
        for path in read.paths:
            yield from self.reference(path, field, reader, roots)

    def conditions(self, task: Task) -> Iterator[Problem]:
        for number, condition in enumerate(task.conditions):
            for place, statement in enumerate(condition.statements):
                where: Path = ("settings", "conditions", number, "statements", place)
                source = statement.source.strip()
                if source and parse_path(lone_reference(source) or source) is None:
                    message = f"{self.subject.name(task.key)}: {quoted(source)} names no value."
                    mend = "Write a path such as input.order.total."
                    yield error("reference_wrong", f"{message} {mend}", node=task.key, field=(*where, "source"))
                for rest, path in statement_references(statement):
                    yield from self.reference(path, (*where, *rest), task, tuple(ROOTS))

    def reference(self, path: DataPath, field: Path, reader: Task | None, roots: Collection[str]) -> Iterator[Problem]:
        name = f"{self.subject.name(reader.key)}: " if reader is not None else ""
        node = reader.key if reader is not None else None
        reason = self.unknown(path, roots)
        if reason is not None:
            message = f"{name}{quoted(written(path))} is not there. {reason}"
            yield error("reference_unknown", message, node=node, field=field)
        elif path[0] in _INPUT_ROOTS and (undeclared := self.undeclared(path)):
            message = f"{name}{quoted(written(path))} is read, but {undeclared}"
            yield warning("reference_undeclared", message, node=node, field=field)
        elif (
            path[0] == "steps"
            and len(path) > 1
            and reader is not None
            and not _is_undoing_itself(path, field, reader)
            and self.is_too_early(path, reader)
        ):
            message = (
                f"{name}{quoted(written(path))} is read, but {self.subject.name(str(path[1]))} does not come before, "
                "so it may not have run."
            )
            yield warning("reference_early", message, node=node, field=field)

    def unknown(self, path: DataPath, roots: Collection[str]) -> str | None:
        """Why the path leads nowhere, with a suggestion; None when it may lead somewhere."""
        root = str(path[0])
        if root not in roots:
            # A bare `fetch.output` was probably meant to be that of the step.
            meant = f"steps.{root}" if root in self.tasks else closest(root, roots)
            return f"Did you mean {quoted(meant)}?" if meant else f"A reference begins with {listed(roots)}."
        if root == "steps" and len(path) > 1:
            return self.unknown_step(path)
        if root == "vars" and len(path) > 1 and str(path[1]) not in self.variables:
            hint = did_you_mean(str(path[1]), self.variables).strip()
            return hint or "No task sets it: use “Set values” before."
        return None

    def undeclared(self, path: DataPath) -> str | None:
        """Why the flow's input has nothing at a path; None where it may, or where nothing is declared."""
        here: Json = self.subject.flow.input_schema
        for place, step in enumerate(path[1:], 1):
            if isinstance(step, int):
                here = mapping(here).get("items")
                continue
            known = mapping(here).get("properties")
            if not isinstance(known, Mapping):
                return None
            if step not in known:
                hint = did_you_mean(str(step), known).strip() or "Declare it, or name another."
                return f"the flow's input declares no {quoted(written(path[: place + 1]))}. {hint}"
            here = known[step]
        return None

    def unknown_step(self, path: DataPath) -> str | None:
        key = str(path[1])
        if key not in self.tasks:
            return did_you_mean(key, self.tasks).strip() or f"There is no task with the key {quoted(key)}."
        if len(path) < 3:
            return None
        part = str(path[2])
        if self.tasks[key].kind in MESSAGE_KINDS and part in (outputs(self.tasks[key]) or ()):
            return None  # of a digest the events may be named at once: `steps.digest.events`
        if part not in STEP_PARTS:
            known = outputs(self.tasks[key]) or ()
            meant = f"output.{part}" if part in known else closest(part, STEP_PARTS)
            hint = f"Did you mean {quoted(f'steps.{key}.{meant}')}? " if meant else ""
            return f"{hint}Of a step there is {listed(STEP_PARTS, last='and')}."
        there = outputs(self.tasks[key])
        if part == "output" and len(path) > 3 and there is not None and str(path[3]) not in there:
            has = f"Its output has {listed(there, last='and')}." if there else "It has no output."
            return f"{did_you_mean(str(path[3]), there).strip()} {has}".strip()
        return None

    def is_too_early(self, path: DataPath, reader: Task) -> bool:
        """Whether the step that is read is neither before the reader nor in a loop with it."""
        step = str(path[1])
        if step == reader.key:
            return not any(step in body for body in self.subject.structure.bodies.values())
        if self.subject.structure.comes_before(step, reader.key):
            return False
        return not any(step in body and reader.key in body for body in self.subject.structure.bodies.values())


def _variables(subject: Subject) -> frozenset[str]:
    """Everything that some task sets."""
    return frozenset(
        name
        for task in subject.flow.tasks.values()
        if task.kind == "automation" and task.settings.get("action") == "set_values"
        for name in outputs(task) or ()
    )


def _is_undoing_itself(path: DataPath, field: Path, reader: Task) -> bool:
    """Whether a compensation reads the task that it undoes: by then that has started."""
    return field[:2] == ("settings", "compensation") and path[1] == reader.key
