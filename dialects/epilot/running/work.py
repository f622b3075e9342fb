"""A change of an execution: document and instance together, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.plan import Plan
from designer.services.versions import plan_of
from dialects.epilot.errors import Refusal
from dialects.epilot.models import Execution
from dialects.epilot.running.documents import key_by_id, task_by_id
from dialects.epilot.running.following_rows import bring_up_to_date, settle
from dialects.epilot.running.statuses import Event
from engine.core.facts import FactType
from engine.core.state import State, StepStatus, new_state
from engine.models import Instance
from engine.services.actors import actor_of
from engine.services.advancing import change_instance
from engine.services.case import Case
from engine.services.states import read_state
from engine.storage.contract import StepKey

Json = dict[str, Any]


def find_execution(scope: Scope, key: str, *, is_v1: bool = False) -> Execution:
    """The execution of this id. Raises `Refusal` 404, also for one of the other generation."""
    rows = Execution.objects.within(scope).filter(is_hidden=False, is_v1=is_v1)
    found = rows.filter(key=key).first()
    if found is None:
        raise Refusal(404, "Flow execution not found")
    return found


class Work:
    """An execution under its instance's lock."""

    def __init__(self, scope: Scope, execution: Execution, user: str, now: datetime) -> None:
        self.scope, self.execution, self.user, self.now = scope, execution, user, now
        self.events: list[Event] = []

    @property
    def document(self) -> Json:
        """The document, as it is now."""
        found: Json = self.execution.document
        return found

    def instance(self) -> Instance:
        """The instance, as it is now."""
        return Instance.objects.select_related("flow", "version", "environment").get(pk=self.execution.instance_id)

    def standing(self) -> tuple[Plan, State]:
        """Where the instance stands."""
        row = self.instance()
        plan = plan_of(row.version_id)
        return plan, (read_state(row.state) if row.state else new_state(plan))

    def status(self, key: str) -> StepStatus:
        """Where the step of a task stands."""
        plan, state = self.standing()
        node = plan.index.get(key)
        return StepStatus.IDLE if node is None else state.nodes[node]

    def task(self, id: str) -> Json:
        """A task of the document. Raises `Refusal` 404."""
        found = task_by_id(self.document, id)
        if found is None:
            raise Refusal(404, "Task not found")
        return found

    def key(self, id: str) -> str:
        """The key of a task."""
        return key_by_id(self.document, id)

    def save(self) -> None:
        """Store the document with what has happened in it so far."""
        events, self.events = self.events, []
        settle(self.execution, events, at=self.now)

    def change(self, apply: Callable[[Case], None]) -> None:
        """Change the instance, and bring the document up to date with that."""
        self.save()
        change_instance(self.execution.instance_id, apply, now=self.now)
        self.execution.refresh_from_db()
        bring_up_to_date(self.execution)

    def tell(self, type: FactType, key: str | None = None, **data: Any) -> None:
        """Tell the instance a fact, of a step's current round where a task is named, by the one who acts."""

        def apply(case: Case) -> None:
            actor = actor_of(self.scope)
            if key is None:
                case.tell(case.fact(type, actor=actor, **data))
            else:
                case.tell(case.fact(type, step_of(case, key), by=actor, **data))

        self.change(apply)


def step_of(case: Case, key: str) -> StepKey:
    """The current round of a task's step."""
    return StepKey(case.row.id, key, case.state.iteration(case.plan.index[key]))


@contextmanager
def changing(scope: Scope, key: str, user: str, *, is_v1: bool = False) -> Iterator[Work]:
    """Change an execution: all of it or nothing."""
    found = find_execution(scope, key, is_v1=is_v1)
    with transaction.atomic():
        Instance.objects.select_for_update().filter(pk=found.instance_id).first()
        execution = Execution.objects.select_for_update().get(pk=found.pk)
        work = Work(scope, bring_up_to_date(execution), user, timezone.now())
        yield work
        work.save()
