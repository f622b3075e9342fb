"""What a task kind declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from designer.graph.fields import Field, FieldType, OneOf
from designer.graph.model import NONE_MET, Flow, Json, On, Task
from designer.graph.values import Fault, ValueProblem, group_problems, one_of_problems


class Group(StrEnum):
    """The headings of the palette, in their order."""

    PEOPLE = "People"
    MACHINE = "Machine"
    TIME = "Time"
    MONEY = "Money"
    NOTIFY = "Notify"
    STRUCTURE = "Structure"


@dataclass(frozen=True, slots=True)
class Port:
    """A place of a task from which edges are drawn: the `on` and `branch` of these edges, and its label."""

    on: On
    branch: str | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of task. `icon` names a symbol of the sprite (`icon-<icon>`), `colour` a variable of `tokens.css`."""

    key: str
    label: str
    description: str
    group: Group
    icon: str
    colour: str
    fields: tuple[Field, ...]
    one_of: tuple[OneOf, ...] = ()
    summary: Callable[[Task], str]
    """The second line of the task's card, at most some 40 characters; empty when there is nothing to say."""
    named_summary: Callable[[Task, Flow], str] | None = None
    """The same of a kind whose tasks name others, of the flow or beside it, which it calls by their names."""
    defaults: Mapping[str, Json] = field(default_factory=dict)
    """The settings of a task that is dropped on the canvas."""
    more_problems: Callable[[Task], Iterator[ValueProblem]] = lambda task: iter(())
    """What field by field cannot tell."""
    more_icon: Callable[[Task], str] = lambda task: ""
    """The icon of what a task of this kind is set to do, where that tells more than the kind's; else empty."""
    output_keys: Callable[[Task], tuple[str, ...] | None] = lambda task: None
    """The keys that the output of such a task has, or None when that is not known before it runs."""

    @property
    def has_branches(self) -> bool:
        """Whether edges out of it name a branch."""
        return any(known.type is FieldType.CONDITIONS for known in self.fields)

    def summary_in(self, flow: Flow, task: Task) -> str:
        """The second line of the card of a task of `flow`."""
        return self.named_summary(task, flow) if self.named_summary is not None else self.summary(task)

    def icon_of(self, task: Task) -> str:
        """The icon of a task's card."""
        return self.more_icon(task) or self.icon

    @property
    def setting_fields(self) -> tuple[Field, ...]:
        """The fields whose values are kept in `Task.settings`: all but the conditions."""
        return tuple(known for known in self.fields if known.type is not FieldType.CONDITIONS)

    def ports(self, task: Task) -> tuple[Port, ...]:
        """Where edges out of `task` may start: its branches or its success, then its error."""
        if self.has_branches:
            branches = [Port(On.SUCCESS, c.key, c.name or c.key) for c in task.conditions]
            normal = (*branches, Port(On.SUCCESS, NONE_MET, "otherwise"))
        else:
            normal = (Port(On.SUCCESS, None, ""),)
        return (*normal, Port(On.ERROR, None, "error"))

    def setting_problems(self, task: Task) -> Iterator[ValueProblem]:
        """Everything wrong with the settings of `task`; paths start at a key of the settings."""
        yield from group_problems(self.setting_fields, task.settings)
        yield from one_of_problems(self._as_group, task.settings, ())
        yield from self.more_problems(task)

    def wrong_settings(self, task: Task) -> Iterator[ValueProblem]:
        """What not even a draft may hold: values that can never be right as they are, and unknown keys."""
        found = group_problems(self.setting_fields, task.settings)
        return (problem for problem in found if problem.fault in (Fault.WRONG, Fault.UNKNOWN))

    @property
    def _as_group(self) -> Field:
        return Field(key="settings", type=FieldType.GROUP, label="Settings", fields=self.fields, one_of=self.one_of)
