"""The inbox: open human tasks by due date, overdue first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.scope import Scope
from designer.services.versions import flow_of
from engine.models import Step
from engine.parts.people import people_called
from engine.parts.rights import TaskRights
from engine.parts.steps import StepLook, looks_of
from engine.parts.task import TaskPanel

TASKS_A_PAGE: Final = 50
WHOSE: Final = (("open", "Open to me"), ("mine", "Mine"), ("unassigned", "Unassigned"), ("all", "All"))
HEAVY: Final = (
    "input",
    "output",
    "attempts",
    "instance__state",
    "instance__input",
    "instance__output",
    "instance__version__document",
    "instance__flow__draft_document",
)
FINAL: Final = ("complete", "errored", "terminated")


def open_tasks(scope: Scope) -> QuerySet[Step]:
    """Every open human task of the environment, with what its row names; the most urgent first."""
    tasks = Step.objects.within(scope).for_people().exclude(instance__status__in=FINAL)
    tasks = tasks.select_related("instance__flow", "instance__version", "claimed_by")
    return tasks.order_by(F("due_at").asc(nulls_last=True), "pk")


def whose(tasks: QuerySet[Step], rights: TaskRights, choice: str) -> QuerySet[Step]:
    """Those of `choice`: `mine` (given to me, my groups, or claimed by me), `unassigned`, `open` (both), `all`."""
    if choice == "all":
        return tasks
    unassigned = Q(assigned_to=[], claimed_by=None)
    if choice == "unassigned":
        return tasks.filter(unassigned)
    claimed = Q(claimed_by=rights.scope.user)
    return assigned_to(tasks, rights.names, or_else=claimed | unassigned if choice == "open" else claimed)


def assigned_to(tasks: QuerySet[Step], names: Iterable[str], *, or_else: Q) -> QuerySet[Step]:
    """Tasks that one of these addresses or group slugs was given, and those of `or_else`."""
    # As text: SQLite has no search in JSON lists. The quotes keep ann@… from finding joann@….
    tasks = tasks.annotate(assigned_text=Cast("assigned_to", TextField()))
    wanted = or_else
    for name in names:
        wanted |= Q(assigned_text__icontains=f'"{name}"')
    return tasks.filter(wanted)


@dataclass(frozen=True, slots=True)
class Counted:
    """A filter and how many tasks it finds (at most 100 are counted)."""

    key: str
    label: str
    count: int


class Inbox:
    """The list for one viewer. `choice` is one of `WHOSE`, anything else shows the viewer's own."""

    def __init__(self, scope: Scope, choice: str, page: int = 1) -> None:
        self.scope = scope
        self.rights = TaskRights(scope)
        self.choice = choice if choice in dict(WHOSE) else "open"
        self.page = page
        self.now = timezone.now()

    @cached_property
    def _found(self) -> list[Step]:
        start = (self.page - 1) * TASKS_A_PAGE
        tasks = whose(open_tasks(self.scope), self.rights, self.choice).defer(*HEAVY)
        return list(tasks[start : start + TASKS_A_PAGE + 1])

    @cached_property
    def tasks(self) -> list[TaskPanel]:
        """The tasks of this page."""
        shown = self._found[:TASKS_A_PAGE]
        people = people_called(self.scope, shown)
        return [self._panel(step, people) for step in shown]

    def _panel(self, step: Step, people: Mapping[str, str]) -> TaskPanel:
        look = looks_of(flow_of(step.instance.version), [step], now=self.now)[0]
        return TaskPanel(self.scope, step.instance, look, rights=self.rights, people=people)

    @property
    def has_more(self) -> bool:
        """Whether there is another page."""
        return len(self._found) > TASKS_A_PAGE

    @cached_property
    def counts(self) -> Sequence[Counted]:
        """How many there are by filter."""
        base = Step.objects.within(self.scope).for_people().exclude(instance__status__in=FINAL)
        return [Counted(key, label, whose(base, self.rights, key)[:100].count()) for key, label in WHOSE]


def next_task(scope: Scope, after: Step) -> StepLook | None:
    """The most urgent open task that the actor could do beside this one."""
    tasks = whose(open_tasks(scope), TaskRights(scope), "open").exclude(pk=after.pk).defer(*HEAVY)
    step = tasks.first()
    return looks_of(flow_of(step.instance.version), [step], now=timezone.now())[0] if step is not None else None


def open_count(scope: Scope) -> int:
    """How many open tasks the actor could do (at most 100 are counted)."""
    base = Step.objects.within(scope).for_people().exclude(instance__status__in=FINAL)
    return whose(base, TaskRights(scope), "open")[:100].count()


def task_within(scope: Scope) -> QuerySet[Step]:
    """Steps with what a task's page and actions need."""
    related = ("instance__flow", "instance__version", "instance__environment__organization", "claimed_by")
    return Step.objects.within(scope).select_related(*related)
