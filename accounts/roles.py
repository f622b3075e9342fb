"""What a member may do: five roles in order, and the scopes of API keys."""

from collections.abc import Collection
from functools import lru_cache

from django.db import models


class Role(models.TextChoices):
    """A member's role in one organization. Each may do all that the ones before it may."""

    VIEWER = "viewer", "Viewer"
    ASSIGNEE = "assignee", "Assignee"
    OPERATOR = "operator", "Operator"
    DESIGNER = "designer", "Designer"
    ADMINISTRATOR = "administrator", "Administrator"

    @property
    def rank(self) -> int:
        """0 for the lowest role."""
        return list(Role).index(self)

    def allows(self, needed: "Role") -> bool:
        """Whether someone with this role may do what needs the other."""
        return self.rank >= needed.rank

    @property
    def meaning(self) -> str:
        """One sentence for the people who hand out roles."""
        return ROLE_MEANINGS[self]


ROLE_MEANINGS = {
    Role.VIEWER: "Sees flows and instances.",
    Role.ASSIGNEE: "Also does the human tasks in the inbox.",
    Role.OPERATOR: "Also starts, steers and mends instances.",
    Role.DESIGNER: "Also draws and publishes flows.",
    Role.ADMINISTRATOR: "Also manages members, environments and keys.",
}


class ApiScope(models.TextChoices):
    """What an API key may be used for."""

    FLOWS_READ = "flows:read", "Read flows and versions"
    FLOWS_WRITE = "flows:write", "Change and publish flows"
    INSTANCES_READ = "instances:read", "Read instances, steps and facts"
    INSTANCES_WRITE = "instances:write", "Start and steer instances, send events"
    TASKS_READ = "tasks:read", "Read human tasks"
    TASKS_WRITE = "tasks:write", "Claim and complete human tasks"


def all_api_scopes() -> list[str]:
    """The scopes of a key that may do everything a key can."""
    return list(ApiScope.values)


ROLE_NEEDED_BY = {
    ApiScope.FLOWS_READ: Role.VIEWER,
    ApiScope.FLOWS_WRITE: Role.DESIGNER,
    ApiScope.INSTANCES_READ: Role.VIEWER,
    ApiScope.INSTANCES_WRITE: Role.OPERATOR,
    ApiScope.TASKS_READ: Role.VIEWER,
    ApiScope.TASKS_WRITE: Role.ASSIGNEE,
}


def role_for(scopes: Collection[str]) -> Role:
    """The role an API key acts with: the highest that one of its scopes needs, never administrator."""
    return _role_for(frozenset(scopes))


@lru_cache(maxsize=64)
def _role_for(scopes: frozenset[str]) -> Role:
    needed = [role for scope, role in ROLE_NEEDED_BY.items() if scope.value in scopes]
    return max(needed, key=lambda role: role.rank, default=Role.VIEWER)
