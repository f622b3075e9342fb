"""What people do with steps: complete, skip, claim, hold, assign, start.

Each is refused (`NotLegalNow`) when the step is not in the state for it, also when someone else was faster. Who may do
what is the doors' question (roles); only a claim by someone else is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.utils import timezone

from accounts.models import MemberGroup, User
from accounts.roles import Role
from accounts.scope import Scope
from designer.graph.model import Json, Task
from engine.core.facts import FactType
from engine.core.ports import Completed
from engine.models import Step
from engine.services.actors import actor_of
from engine.services.advancing import change_instance
from engine.services.case import Case
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.executing import storing_problem
from engine.services.fitting import fitting
from engine.storage.contract import StepKey

MOST_ASSIGNEES: Final = 100


def complete_step(
    scope: Scope, step: Step, *, output: Json = None, branch: str | None = None, now: datetime | None = None
) -> Step:
    """Do a human task, or decide a manual decision by its `branch`.

    Raises `InvalidInput` with the path of each problem when `output` does not fit the task's form, or the branch is
    none of the decision's; `NotLegalNow`.
    """

    def apply(case: Case, row: Step) -> None:
        task = case.task(step.task)
        if row.waits_for != "person":
            raise NotLegalNow(f"{_name(task)} does not wait for a person.")
        if task.kind == "automation":
            raise NotLegalNow(f"{_name(task)} runs by itself once it is started.")
        _refuse_when_claimed(scope, row)
        if task.kind == "decision":
            chosen = (_checked_branch(task, branch),)
            result = Completed(output=output, branches=chosen, by=actor_of(scope))
        else:
            _check_branch_is_absent(branch)
            result = Completed(output=checked_output(task, output), by=actor_of(scope))
        case.settle(_key(step), result)

    return _change(step, apply, now)


def skip_step(scope: Scope, step: Step, *, reason: str = "", now: datetime | None = None) -> Step:
    """Pass over an open step: it counts as finished, and the way goes on. Raises `NotLegalNow`."""
    return _tell(step, FactType.STEP_SKIPPED, now, reason=reason, by=actor_of(scope))


def claim_step(scope: Scope, step: Step, *, person: User | None = None, now: datetime | None = None) -> Step:
    """Make a human task one's own; a program claims it for a `person`, a member.

    Raises `NotLegalNow` when someone else has it, or when there is nobody to claim it for.
    """
    user = person or scope.user
    if user is None:
        raise NotLegalNow("Only a person can claim a task: say for whom.")
    told = {"for": user.email} if person is not None else {}

    def apply(case: Case, row: Step) -> None:
        _require_person(case, row)
        _refuse_when_claimed(scope, row, strictly=True)
        case.tell(case.fact(FactType.STEP_CLAIMED, _key(step), by=actor_of(scope), **told))
        case.patch(_key(step)).columns["claimed_by_id"] = user.pk

    return _change(step, apply, now)


def unclaim_step(scope: Scope, step: Step, *, now: datetime | None = None) -> Step:
    """Give a claimed task back to those it is assigned to. Raises `NotLegalNow`."""

    def apply(case: Case, row: Step) -> None:
        _require_person(case, row)
        if row.claimed_by_id is None:
            raise NotLegalNow("Nobody has claimed this task.")
        _refuse_when_claimed(scope, row)
        case.tell(case.fact(FactType.STEP_ASSIGNED, _key(step), to=row.assigned_to, by=actor_of(scope)))
        case.patch(_key(step)).columns["claimed_by_id"] = None

    return _change(step, apply, now)


def hold_step(scope: Scope, step: Step, *, now: datetime | None = None) -> Step:
    """Put a human task on hold. Raises `NotLegalNow`."""

    def apply(case: Case, row: Step) -> None:
        _require_person(case, row)
        case.tell(case.fact(FactType.STEP_PUT_ON_HOLD, _key(step), by=actor_of(scope)))

    return _change(step, apply, now)


def release_step(scope: Scope, step: Step, *, now: datetime | None = None) -> Step:
    """Let a task that is on hold be done again. Raises `NotLegalNow`."""
    return _tell(step, FactType.STEP_RELEASED, now, by=actor_of(scope))


def assign_step(scope: Scope, step: Step, *, to: Sequence[str], now: datetime | None = None) -> Step:
    """Assign a human task to members (by address) and groups (by slug); to nobody in particular with an empty list.

    A claim ends by it. Raises `InvalidInput` for who is not of the organization, `NotLegalNow`.
    """
    chosen = list(dict.fromkeys(name.strip() for name in to))
    _check_assignees(scope, chosen)

    def apply(case: Case, row: Step) -> None:
        _require_person(case, row)
        case.tell(case.fact(FactType.STEP_ASSIGNED, _key(step), to=chosen, by=actor_of(scope)))
        case.patch(_key(step)).columns["claimed_by_id"] = None

    return _change(step, apply, now)


def start_step(scope: Scope, step: Step, *, now: datetime | None = None) -> Step:
    """Start a step that is set to be started by a person, or one now that is scheduled for later.

    Raises `NotLegalNow`.
    """
    return _tell(step, FactType.STEP_READY, now, by=actor_of(scope))


# -- what is checked --------------------------------------------------------------------------------------------------


def checked_output(task: Task, output: Json) -> Json:
    """`output`, if it can be stored and fits the task's form. Raises `InvalidInput` with paths like `items.0.price`."""
    problem = storing_problem(output)
    if problem is not None:
        raise InvalidInput([("", problem)])
    form = task.settings.get("form")
    return fitting(form, output) if isinstance(form, Mapping) else output


def _checked_branch(task: Task, branch: str | None) -> str:
    listed = ", ".join(task.branches)
    if branch is None:
        raise InvalidInput([("branch", f"is required: one of {listed}")])
    if branch not in task.branches:
        raise InvalidInput([("branch", f"must be one of {listed}")])
    return branch


def _check_branch_is_absent(branch: str | None) -> None:
    if branch is not None:
        raise InvalidInput([("branch", "is for decisions only")])


def _check_assignees(scope: Scope, names: Sequence[str]) -> None:
    if len(names) > MOST_ASSIGNEES:
        raise InvalidInput([("to", f"must have at most {MOST_ASSIGNEES} entries")])
    organization = scope.organization
    people = User.objects.filter(memberships__organization=organization, email__in=[name.lower() for name in names])
    known = set(people.values_list("email", flat=True))
    known |= set(MemberGroup.objects.of(organization).filter(slug__in=names).values_list("slug", flat=True))
    problems = [
        (f"to.{place}", "is neither the address of a member nor a group")
        for place, name in enumerate(names)
        if name not in known and name.lower() not in known
    ]
    if problems:
        raise InvalidInput(problems)


def _require_person(case: Case, row: Step) -> None:
    if row.waits_for != "person":
        raise NotLegalNow(f"{_name(case.task(row.task))} does not wait for a person.")


def _refuse_when_claimed(scope: Scope, row: Step, *, strictly: bool = False) -> None:
    """Refuse when someone else has claimed it; operators may step in, but not claim it for themselves unnoticed."""
    other = row.claimed_by
    if other is not None and other != scope.user and (strictly or not scope.allows(Role.OPERATOR)):
        raise NotLegalNow(f"{other.display_name} has claimed this task.")


def _name(task: Task) -> str:
    return task.name or task.key


# -- how it is told ---------------------------------------------------------------------------------------------------


def _key(step: Step) -> StepKey:
    return StepKey(step.instance_id, step.task, step.iteration)


def _tell(step: Step, type: FactType, now: datetime | None, **data: Json) -> Step:
    return _change(step, lambda case, row: case.tell(case.fact(type, _key(step), **data)), now)


def _change(step: Step, apply: Callable[[Case, Step], None], now: datetime | None) -> Step:
    """Change the step's instance with the row as it is under the instance's lock, and answer the row as it is then."""

    def with_row(case: Case) -> None:
        if step.task not in case.plan.index:
            raise NotLegalNow("The version of the instance does not have this task any more.")
        apply(case, Step.objects.select_related("claimed_by").get(pk=step.pk))

    change_instance(step.instance_id, with_row, now=now or timezone.now())
    step.refresh_from_db()
    return step
