"""Keeping the filters of the list of instances under names, each person their own."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.scope import Scope
from engine.models import SavedView
from engine.services.errors import NotLegalNow

MOST: Final = 30
"""Views of one person in one environment: more are no help."""


def views_of(scope: Scope) -> QuerySet[SavedView]:
    """The actor's own, by name."""
    views: QuerySet[SavedView] = SavedView.objects.within(scope).filter(environment=scope.environment, user=scope.user)
    return views


def save_view(scope: Scope, *, name: str, query: str) -> SavedView:
    """Keep a query string under a name; one of that name is replaced. Raises `NotLegalNow` when there are too many."""
    if not isinstance(scope.user, User):
        raise NotLegalNow("Only people have views of their own.")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=scope.user.pk)
        view = views_of(scope).filter(name=name).first()
        if view is None and views_of(scope).count() >= MOST:
            raise NotLegalNow(f"You have {MOST} views already. Remove one first.")
        if view is None:
            return SavedView.objects.create(environment=scope.environment, user=scope.user, name=name, query=query)
        view.query = query
        view.save(update_fields=["query"])
        return view
