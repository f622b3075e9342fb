"""Who is meant by the addresses and the slugs of groups that tasks are assigned to."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.people import called
from accounts.scope import Scope
from engine.models import Step


def people_called(scope: Scope, steps: Iterable[Step]) -> dict[str, str]:
    """The names of those whom these steps wait for, by address or slug in lower case; of a stranger the same again."""
    waiting = (step for step in steps if step.waits_for == "person" and step.status in ("waiting", "held"))
    return called(scope, (str(each) for step in waiting for each in step.assigned_to or ()))
