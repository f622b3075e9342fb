"""Who may do a human task: operators any, assignees their own and those that nobody has been given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from accounts.models import MemberGroup
from accounts.roles import Role
from accounts.scope import Scope
from engine.models import Step


class TaskRights:
    """The rights of one actor; their groups are looked up once."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @cached_property
    def names(self) -> frozenset[str]:
        """What a task may be assigned to for it to be theirs: their address and the slugs of their groups."""
        user = self.scope.user
        if user is None:
            return frozenset()
        groups = MemberGroup.objects.within(self.scope).filter(members=user).values_list("slug", flat=True)
        return frozenset({user.email.lower(), *groups})

    def is_mine(self, step: Step) -> bool:
        """Whether it is assigned to them, or they have claimed it."""
        user = self.scope.user
        if user is not None and step.claimed_by_id == user.pk:
            return True
        return not self.names.isdisjoint(assignees_of(step))

    def may_do(self, step: Step) -> bool:
        """Whether they may claim, complete, hold and release it."""
        if self.scope.allows(Role.OPERATOR):
            return True
        return self.scope.allows(Role.ASSIGNEE) and (not assignees_of(step) or self.is_mine(step))

    @property
    def may_assign(self) -> bool:
        """Whether they may give tasks to others, and skip them."""
        return self.scope.allows(Role.OPERATOR)


def assignees_of(step: Step) -> frozenset[str]:
    """The addresses and group slugs a step is assigned to, in lower case."""
    people: Iterable[object] = step.assigned_to if isinstance(step.assigned_to, list) else ()
    return frozenset(str(person).lower() for person in people)
