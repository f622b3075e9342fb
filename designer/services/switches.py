"""Planning that a flow is enabled or disabled at a moment, and doing it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from accounts.audit import record
from accounts.scope import Scope, system_scope
from designer import models
from designer.services.versions import set_enabled
from designer.switching.models import PlannedSwitch

MOST_PLANNED: Final = 50
"""Of one flow."""
MOST_AT_ONCE: Final = 100


class CannotPlan(ValueError):
    """This switch cannot be planned; the text says why, for people."""


def plan_switch(scope: Scope, flow: models.Flow, *, enables: bool, at: datetime, now: datetime) -> PlannedSwitch:
    """Have the flow enabled or disabled at `at`. Raises `CannotPlan`."""
    if at <= now:
        raise CannotPlan("This moment has passed. Choose a later one, or switch the flow now.")
    with transaction.atomic():
        models.Flow.objects.within(scope).select_for_update(of=("self",)).get(pk=flow.pk)
        planned = PlannedSwitch.objects.filter(flow=flow)
        if planned.filter(at=at).exists():
            raise CannotPlan("Something is planned for this very moment already. Remove that first.")
        if planned.count() >= MOST_PLANNED:
            raise CannotPlan(f"At most {MOST_PLANNED} switches can be planned for a flow. Remove some first.")
        switch = PlannedSwitch.objects.create(flow=flow, at=at, enables=enables, planned_by=scope.user)
        record(scope, "flow.switch_planned", flow, after={"enables": enables, "at": at.isoformat()})
    return switch


def drop_switch(scope: Scope, switch: PlannedSwitch) -> None:
    """Do not do it after all."""
    with transaction.atomic():
        before = {"enables": switch.enables, "at": switch.at.isoformat()}
        record(scope, "flow.switch_dropped", switch.flow, before=before)
        switch.delete()


def switch_due_flows(now: datetime) -> int:
    """Enable and disable what is due, in the order of the moments; answers how many flows were switched.

    Several processes may do this at once: each flow is switched by one of them.
    """
    due = PlannedSwitch.objects.filter(at__lte=now).order_by("at", "pk").values_list("flow", flat=True)
    flows = list(dict.fromkeys(due[:MOST_AT_ONCE]))
    return sum(_switch(flow, now) for flow in flows)


def _switch(flow_id: int, now: datetime) -> int:
    with transaction.atomic():
        flow = models.Flow.objects.select_for_update(of=("self",)).filter(pk=flow_id).first()
        due = list(PlannedSwitch.objects.filter(flow=flow_id, at__lte=now).order_by("at", "pk"))
        if flow is None or not due:  # somebody else was quicker
            return 0
        set_enabled(system_scope(flow.environment), flow, enabled=due[-1].enables)
        PlannedSwitch.objects.filter(pk__in=[switch.pk for switch in due]).delete()
    return 1
