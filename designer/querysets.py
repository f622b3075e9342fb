"""Rows that belong to an environment through their flow."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

from accounts.scope import Scope

Row = TypeVar("Row", bound=models.Model, covariant=True)


class FlowChildQuerySet(models.QuerySet[Row]):
    """Versions, graph rows and edits: scoped by the flow they belong to."""

    def within(self, scope: Scope) -> Self:
        """Only what belongs to flows of the scope's environment."""
        return self.filter(flow__environment=scope.environment)
