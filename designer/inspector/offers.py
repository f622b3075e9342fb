"""What a form offers to choose from: tasks, branches, people. What templates may name: `designer.graph.data_tree`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Final, TypeAlias

from designer.graph.fields import Choice
from designer.graph.kinds import kind_of
from designer.graph.model import NONE_MET, Flow, Task, phase_of_ref, phase_ref
from designer.graph.values import INSTANCE_START, TASK_PREFIX

TIMEZONES: Final = (
    *("UTC", "Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Zurich"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo"),
    *("Asia/Kolkata", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney"),
)


Names: TypeAlias = Callable[[], tuple[str, ...]]
"""Looked up when a form suggests them; most forms suggest none."""


def nobody() -> tuple[str, ...]:
    """No names."""
    return ()


@dataclass(frozen=True, slots=True)
class Offers:
    """`moments`: `start`, `task:KEY`, `phase:KEY`; `nodes`: named references. Both with what people call them."""

    moments: tuple[Choice, ...] = ()
    nodes: tuple[Choice, ...] = ()
    branches: tuple[Choice, ...] = ()
    people: Names = nobody
    flows: Names = nobody
    connections: Names = nobody
    agents: Names = nobody
    timezones: tuple[str, ...] = TIMEZONES

    def suggestions(self, named: Set[str]) -> dict[str, tuple[Choice, ...]]:
        """The lists that inputs name, by id; a label only where it says more than the value. The others, which may be
        long, are not looked up."""
        words: dict[str, Names] = {
            "offer-people": self.people,
            "offer-connections": self.connections,
            "offer-agents": self.agents,
            "offer-flows": self.flows,
            "offer-timezones": lambda: self.timezones,
        }
        found = {"offer-moments": self.moments} if "offer-moments" in named else {}
        return found | {id: tuple(Choice(word, "") for word in words[id]()) for id in words if id in named}


def offers_for(
    flow: Flow,
    subject: str,
    *,
    people: Names = nobody,
    flows: Names = nobody,
    connections: Names = nobody,
    agents: Names = nobody,
) -> Offers:
    """What the form of `subject` (a task key or `phase:KEY`) offers."""
    task = flow.tasks.get(subject)
    moments = [Choice(INSTANCE_START, "Start of the instance")]
    moments += (Choice(TASK_PREFIX + key, other.name or key) for key, other in flow.tasks.items() if key != subject)
    moments += (Choice(phase_ref(key), f"Phase {phase.name or key}") for key, phase in flow.phases.items())
    return Offers(
        moments=tuple(moments),
        nodes=tuple(_nodes(flow, subject, task)),
        branches=tuple(_branches(task)) if task is not None else (),
        people=people,
        flows=flows,
        connections=connections,
        agents=agents,
    )


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
