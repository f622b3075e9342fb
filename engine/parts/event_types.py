"""Types of events that something listens for: what is offered where one is sent by hand. Another may be typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from accounts.scope import Scope
from designer.graph.model import Flow
from designer.models import Trigger, TriggerType

MOST_OFFERED: Final = 100
WAIT: Final = "wait_event"


def types_that_start(scope: Scope) -> list[str]:
    """Those that triggers of the environment listen for."""
    listening = Trigger.objects.within(scope).filter(type=TriggerType.EVENT, is_active=True, flow__is_enabled=True)
    return _offered(listening.order_by("event_type").values_list("event_type", flat=True).distinct())


def awaited_in(flow: Flow) -> list[str]:
    """Those that tasks of a graph wait for."""
    return _offered(task.settings.get("event_type") for task in flow.tasks.values() if task.kind == WAIT)


def _offered(types: Iterable[object]) -> list[str]:
    """In order and once each; without those that a template makes, which are known only as it runs."""
    known = {type for type in types if isinstance(type, str) and type and "{{" not in type}
    return sorted(known)[:MOST_OFFERED]
