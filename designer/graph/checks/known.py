"""What the checks have found out about a task stays known: an edit leaves nearly all of a flow as it was.

Tasks never change, and an edit shares those that it did not touch (`designer.graph.delta`), so what follows from a task
alone is kept by the very task. What follows from how the tasks are connected is kept by the structure, see `subject`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from designer.graph.cel import filter_reason
from designer.graph.keeping import kept
from designer.graph.kinds import KINDS
from designer.graph.model import Join, Loop, Requirement, Task
from designer.graph.references import Template, is_template, output_keys, read_template, texts_of
from designer.graph.values import Path, ValueProblem


class Shape(NamedTuple):
    """All of a task that says how the flow runs through it."""

    key: str
    kind: str
    phase: str | None
    join: Join
    cancel_rest: bool
    loop: Loop | None
    branches: tuple[str, ...]
    requirements: tuple[Requirement, ...]


@kept
def shape_of(task: Task) -> Shape:
    """How the flow runs through a task."""
    return Shape(
        task.key, task.kind, task.phase, task.join, task.cancel_rest, task.loop, task.branches, task.requirements
    )


@kept
def setting_problems(task: Task) -> tuple[ValueProblem, ...]:
    """What is wrong with the settings of a task of a known kind, taken by themselves."""
    return tuple(KINDS[task.kind].setting_problems(task))


@kept
def filter_problem(task: Task) -> str | None:
    """Why the filter of a task cannot be read, or None."""
    text = task.settings.get("filter")
    return filter_reason(text) if isinstance(text, str) else None


@kept
def moments(task: Task) -> tuple[tuple[Path, object], ...]:
    """What the moments of a task are counted from, by field."""
    found = []
    for path in (("due", "from"), ("schedule", "reference")):
        group = task.settings.get(path[0])
        if isinstance(group, Mapping) and group.get(path[1]) is not None:
            found.append((path, group[path[1]]))
    return tuple(found)


@kept
def outputs(task: Task) -> tuple[str, ...] | None:
    """The keys of a task's output, None where they are not known."""
    keys = output_keys(task) if task.kind in KINDS else None
    return None if keys is None else tuple(keys)


@kept
def templates(task: Task) -> tuple[tuple[Path, Template], ...]:
    """The templates among the settings of a task, by field."""
    return tuple(
        (field, read_template(text)) for field, text in texts_of(task.settings, ("settings",)) if is_template(text)
    )
