"""Filters of a list that somebody keeps under a name."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import EnvironmentScoped, User
from accounts.querysets import ScopedQuerySet


class SavedView(EnvironmentScoped):
    """One person's filters of the list of instances. `query` is the list's query string: the view is an address."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet["SavedView"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "environment", "name"], name="one_saved_view_per_name"),
        ]

    def __str__(self) -> str:
        return self.name
