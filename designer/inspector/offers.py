"""What a form offers to choose from: tasks, branches, people. What templates may name: `designer.graph.data_tree`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from designer.graph.fields import Choice
from designer.graph.kinds import kind_of
from designer.graph.model import NONE_MET, Flow, Task, phase_of_ref, phase_ref

TIMEZONES: Final = (
    *("UTC", "Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Zurich"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo"),
    *("Asia/Kolkata", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney"),
)


@dataclass(frozen=True, slots=True)
class Offers:
    """`moments`: `start`, `task:KEY`, `phase:KEY`; `nodes`: named references."""

    moments: tuple[str, ...] = ()
    nodes: tuple[Choice, ...] = ()
    branches: tuple[Choice, ...] = ()
    people: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    timezones: tuple[str, ...] = TIMEZONES

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """What inputs suggest, by the id of the list."""
        return {
            "offer-moments": self.moments,
            "offer-people": self.people,
            "offer-connections": self.connections,
            "offer-flows": self.flows,
            "offer-timezones": self.timezones,
        }


def offers_for(
    flow: Flow,
    subject: str,
    *,
    people: tuple[str, ...] = (),
    flows: tuple[str, ...] = (),
    connections: tuple[str, ...] = (),
) -> Offers:
    """What the form of `subject` (a task key or `phase:KEY`) offers."""
    task = flow.tasks.get(subject)
    moments = ["start", *(f"task:{key}" for key in flow.tasks if key != subject), *map(phase_ref, flow.phases)]
    return Offers(
        moments=tuple(moments),
        nodes=tuple(_nodes(flow, subject, task)),
        branches=tuple(_branches(task)) if task is not None else (),
        people=people,
        flows=flows,
        connections=connections,
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
