"""Is there around a flow what its tasks name: groups of people, connections?

They may be made later, and what comes from elsewhere keeps its words: so these are for people to judge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from designer.graph.checks.problem import Problem, warning
from designer.graph.checks.subject import Subject
from designer.graph.model import Flow, Task
from designer.graph.references import is_template
from designer.graph.suggestions import did_you_mean, quoted


@dataclass(frozen=True, slots=True)
class Around:
    """What there is in an organization and its environment: names of groups, short names of connections."""

    groups: frozenset[str] = frozenset()
    connections: frozenset[str] = frozenset()


def names_what_is_around(flow: Flow) -> bool:
    """Whether any task names a group or a connection: only then is it worth finding out which there are."""
    return any(_groups_of(task) or _connection_of(task) for task in flow.tasks.values())


def check_around(subject: Subject, around: Around | None) -> Iterator[Problem]:
    """Groups and connections that are not there. `around`: which there are, if that is known."""
    if around is None:
        return
    for task in subject.flow.tasks.values():
        name = subject.name(task.key)
        for place, group in _groups_of(task):
            if group not in around.groups:
                hint = _hint(group, around.groups, "Make that group, or assign it to somebody else.")
                message = f"{name} is assigned to the group {quoted(group)}, which is not there.{hint}"
                yield warning("group_unknown", message, node=task.key, field=("settings", "assigned_to", place))
        agent = _connection_of(task)
        if agent and agent not in around.connections:
            hint = _hint(agent, around.connections, "Add it in the settings, or choose another.")
            message = f"{name} asks the connection {quoted(agent)}, which is not there.{hint}"
            yield warning("connection_unknown", message, node=task.key, field=("settings", "agent"))


def _hint(name: str, known: Collection[str], otherwise: str) -> str:
    return did_you_mean(name, known) or f" {otherwise}"


def _groups_of(task: Task) -> list[tuple[int, str]]:
    """The groups that a manual task is assigned to, with their places in the list.

    Neither addresses nor templates, nor numbers, which is how others call people.
    """
    names = task.settings.get("assigned_to") if task.kind == "manual" else None
    if not isinstance(names, Sequence) or isinstance(names, str):
        return []
    return [
        (place, name)
        for place, name in enumerate(names)
        if isinstance(name, str) and "@" not in name and not is_template(name) and any(map(str.isalpha, name))
    ]


def _connection_of(task: Task) -> str:
    agent = task.settings.get("agent") if task.kind == "ai_agent" else None
    return agent if isinstance(agent, str) and not is_template(agent) else ""
