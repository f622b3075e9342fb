"""How SQLite looks for what a filter of the list of instances asks for."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.scope import Scope
from engine.models import Step
from engine.parts.instances import filtered


@pytest.mark.parametrize("assignee", ["me", "nobody", "group:night", "member:ann@example.com"])
def test_who_is_waited_for_is_found_among_open_tasks_alone(scope: Scope, assignee: str) -> None:
    """Never among all steps that ever were: the index of open human tasks answers it."""
    plan = filtered(scope, {"assignee": assignee}).order_by("-pk")[:51].explain()
    assert "steps_inbox" in plan, plan


def test_open_tasks_are_asked_for_in_the_words_of_their_index(scope: Scope) -> None:
    """Which are no parameters: a partial index is only taken where its condition stands in the statement."""
    assert connection.vendor == "sqlite"
    plan = Step.objects.within(scope).for_people().explain()
    assert "steps_inbox" in plan, plan
