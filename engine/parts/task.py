"""A step in full, with the form and buttons of whoever looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils import timezone

from accounts.models import MemberGroup, Membership
from accounts.roles import Role
from accounts.scope import Scope
from designer.graph.model import Flow
from designer.schema_form import SchemaForm
from designer.services.versions import flow_of
from engine.calls.models import Call
from engine.core.facts import FactType
from engine.models import Instance, Step
from engine.parts.instructions import instructions_of
from engine.parts.people import people_called
from engine.parts.rights import TaskRights
from engine.parts.steps import StepLook, looks_of
from engine.services.interventions import legal_actions, why_not_after_rollback

STOPPED = frozenset({"complete", "errored", "terminated", "rolling_back"})
FROZEN = frozenset({"paused", "waiting_for_pause"})


@dataclass(frozen=True, slots=True)
class Steer:
    """Something an operator may do from a step on."""

    key: str
    refusal: str | None
    """Why it is not legal now."""


class TaskPanel:
    """What one viewer sees of a step and may do with it. `form` is given when a filled-in one was refused, `people`
    (as of `people_called`) where those of several panels are looked up at once."""

    def __init__(
        self,
        scope: Scope,
        instance: Instance,
        look: StepLook,
        *,
        rights: TaskRights | None = None,
        form: Any = None,
        people: Mapping[str, str] | None = None,
    ) -> None:
        self.scope = scope
        self._people = people
        self.instance = instance
        self.look = look
        self.rights = rights or TaskRights(scope)
        self._form = form

    @property
    def step(self) -> Step | None:
        """Its row."""
        return self.look.step

    @cached_property
    def may_do(self) -> bool:
        """Whether this viewer may work on it."""
        return self.step is not None and self.rights.may_do(self.step)

    @cached_property
    def assigned(self) -> Sequence[str]:
        """Whom it is assigned to, by their names; by address or slug whoever is not known."""
        if self.step is None:
            return ()
        people = people_called(self.scope, [self.step]) if self._people is None else self._people
        return [people.get(str(each).lower(), str(each)) for each in self.step.assigned_to or ()]

    @property
    def is_open(self) -> bool:
        """Whether there is something to do for a person."""
        return self.look.is_for_person and not self.instance.is_final

    @property
    def is_frozen(self) -> bool:
        """Whether its instance is paused."""
        return self.instance.status in FROZEN

    @property
    def is_held(self) -> bool:
        """Whether a person put it on hold."""
        return self.step is not None and self.step.status == "held"

    @property
    def is_stopped(self) -> bool:
        """Whether it can be filled in but not completed for now."""
        return self.is_frozen or self.is_held

    @property
    def is_claimed_by_me(self) -> bool:
        """Whether the viewer has claimed it."""
        return self.step is not None and self.scope.user is not None and self.step.claimed_by_id == self.scope.user.pk

    @property
    def is_start(self) -> bool:
        """Whether it is an automation that a person starts."""
        return self.look.task.kind == "automation"

    @property
    def may_start_now(self) -> bool:
        """Whether it is scheduled for later, and this viewer may start it now."""
        return self.look.is_scheduled and not self.instance.is_final and not self.is_frozen and self.rights.may_assign

    @property
    def is_overdue(self) -> bool:
        """Whether its due date has passed while it is open."""
        due_at = self.step.due_at if self.step is not None else None
        return self.is_open and due_at is not None and due_at < self.look.now

    @property
    def may_skip(self) -> bool:
        """Whether this viewer may skip it now."""
        return self.look.is_open and self.instance.status not in STOPPED and self.rights.may_assign

    @cached_property
    def steering(self) -> Sequence[Steer]:
        """What may be done from this step on: `restart_from`, `revert`; after a rollback, or why not."""
        step = self.step
        if step is None or step.is_past or not self.scope.allows(Role.OPERATOR):
            return ()
        legal = legal_actions(self.instance)
        is_begun = step.started_at is not None and step.status not in ("skipped", "blocked")
        has_run = is_begun and not self.look.is_not_reached and not self.look.is_for_person
        found = []
        if has_run and legal["restart_from"] is None:
            ask = {"from": step.task, "from_iteration": step.iteration, "kept": {}}
            found.append(Steer("restart_from", self._why_not(FactType.INSTANCE_RESTARTED, ask)))
        is_finished = step.kind == "manual" and step.status in ("completed", "skipped") and step.started_at
        if is_finished and legal["revert"] is None:
            found.append(Steer("revert", self._why_not(FactType.INSTANCE_REVERTED, {"to": step.task})))
        return found

    def _why_not(self, type: FactType, data: dict[str, Any]) -> str | None:
        return why_not_after_rollback(self.instance, type, **data)

    @cached_property
    def calls(self) -> Sequence[Call]:
        """The instances it has called, with these."""
        step = self.step
        if step is None or step.kind != "call":
            return ()
        calls = Call.objects.filter(parent=self.instance, task=step.task, iteration=step.iteration)
        return list(
            calls.select_related("child").defer("child__state", "child__input", "child__output").order_by("run")
        )

    @cached_property
    def schema(self) -> Any:
        """The JSON Schema of its form, or None."""
        return self.look.task.settings.get("form") if self.look.task.kind == "manual" else None

    @cached_property
    def form(self) -> SchemaForm | None:
        """The form to fill in."""
        if self._form is not None or not self.schema:
            return self._form  # type: ignore[no-any-return]  # a SchemaForm by construction
        return schema_form(self.look, prefix_values=self.look.step.input if self.look.step else None)

    @cached_property
    def people(self) -> Sequence[tuple[str, str]]:
        """Whom it can be assigned to: members and groups, as (address or slug, name)."""
        members = Membership.objects.within(self.scope).select_related("user").order_by("user__name", "user__email")
        people = [(m.user.email, m.user.display_name) for m in members[:500]]
        groups = MemberGroup.objects.within(self.scope).values_list("slug", "name")[:200]
        return [(slug, f"{name} (group)") for slug, name in groups] + people

    @cached_property
    def instructions(self) -> str:
        """What the designer wrote for whoever does it."""
        return instructions_of(self.look, self.instance)


def schema_form(look: StepLook, data: Any = None, prefix_values: Any = None) -> SchemaForm:
    """The form of a manual task; `prefix_values` are shown where the step was given defaults."""
    values = prefix_values.get("form_values") if isinstance(prefix_values, dict) else None
    timezone_name = look.flow.timezone or "UTC"
    return SchemaForm(look.task.settings.get("form"), data, timezone=timezone_name, values=values, auto_id="task-%s")


def panel_of(scope: Scope, step: Step, *, now: datetime | None = None, form: Any = None) -> TaskPanel:
    """The panel of a step whose instance, flow and version were fetched with it."""
    flow: Flow = flow_of(step.instance.version)
    look = looks_of(flow, [step], now=now or timezone.now())[0]
    return TaskPanel(scope, step.instance, look, form=form)
