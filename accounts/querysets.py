"""The one organization-scoped base of every queryset: start with `.within(scope)`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from accounts.models import Organization
    from accounts.scope import Scope

Row = TypeVar("Row", bound=models.Model, covariant=True)


class ScopedQuerySet(models.QuerySet[Row]):
    """Rows that belong to one environment through a field `environment`."""

    def within(self, scope: Scope) -> Self:
        """Only the rows of the scope's environment; everything else does not exist for its actor."""
        return self.filter(environment=scope.environment)


class OrganizationQuerySet(models.QuerySet[Row]):
    """Rows that belong to a whole organization through a field `organization`."""

    def within(self, scope: Scope) -> Self:
        """Only the rows of the scope's organization."""
        return self.filter(organization=scope.organization)

    def of(self, organization: Organization) -> Self:
        """Only the rows of this organization."""
        return self.filter(organization=organization)


class ApiKeyQuerySet(ScopedQuerySet[Row]):
    """API keys."""

    def usable(self, now: datetime) -> Self:
        """Neither revoked nor expired."""
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        return self.filter(unexpired, revoked_at=None)


class HistoryIsFinal(TypeError):
    """The audit log is only ever added to."""


class AppendOnlyQuerySet(OrganizationQuerySet[Row]):
    """Rows that are written once. Deleting a whole organization still removes them, through the foreign key."""

    def update(self, **_: Any) -> NoReturn:
        """Refuse: raises HistoryIsFinal."""
        raise HistoryIsFinal("entries of the audit log cannot be changed")

    def delete(self) -> NoReturn:
        """Refuse: raises HistoryIsFinal."""
        raise HistoryIsFinal("entries of the audit log cannot be deleted")
