"""Is there around a flow what its tasks name: groups of people, connections to services and to agents?

They may be made later, and what comes from elsewhere keeps its words: so these are for people to judge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from designer.graph.checks.problem import Problem, warning
from designer.graph.checks.subject import Subject
from designer.graph.mentions import AGENT, ASSIGNEE, SERVICE, mentions_in, services_of
from designer.graph.model import Flow, Task
from designer.graph.references import is_template
from designer.graph.suggestions import did_you_mean, quoted


@dataclass(frozen=True, slots=True)
class Around:
    """What there is in an organization and its environment: names of groups, short names of agents and services."""

    groups: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


def names_what_is_around(flow: Flow) -> bool:
    """Whether any task names a group or a connection: only then is it worth finding out which there are."""
    return any(what in (AGENT, SERVICE) or (what == ASSIGNEE and _is_group(name)) for what, name in mentions_in(flow))


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
        named: list[tuple[str, frozenset[str], tuple[str, ...]]] = [
            (_agent_of(task), around.agents, ("settings", "agent")),
            *((service, around.services, field) for field, service in services_of(task)),
        ]
        for asked, known, field in named:
            if asked and asked not in known:
                hint = _hint(asked, known, "Add it in the settings, or choose another.")
                message = f"{name} asks the connection {quoted(asked)}, which is not there.{hint}"
                yield warning("connection_unknown", message, node=task.key, field=field)


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
        if isinstance(name, str) and _is_group(name) and not is_template(name)
    ]


def _is_group(name: str) -> bool:
    return "@" not in name and any(map(str.isalpha, name))


def _agent_of(task: Task) -> str:
    agent = task.settings.get("agent") if task.kind == "ai_agent" else None
    return agent if isinstance(agent, str) and not is_template(agent) else ""
