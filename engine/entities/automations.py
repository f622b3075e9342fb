"""Automations: made, cloned, run. The outcome of a run is the one its automation is set to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from engine.entities.models import Automation, AutomationRun, Entity, Outcome
from engine.entities.store import new_key
from engine.models import InboundEvent

ENDED_WELL: Final = ("success", "skipped", "cancelled")
ENDED_ON_BUS: Final = "automation.ended"
RUNNING: Final = ("pending", "in_progress", "scheduled")


def make_automation(
    environment_id: int,
    *,
    name: str = "",
    actions: Sequence[Mapping[str, Any]] = (),
    trigger: Sequence[Mapping[str, Any]] = (),
    outcome: str = Outcome.SUCCESS,
    output: Mapping[str, Any] | None = None,
) -> Automation:
    """A new automation under a fresh key."""
    return Automation.objects.create(
        environment_id=environment_id,
        key=f"a-{new_key(8)}",
        name=name[:200],
        actions=list(actions),
        trigger=list(trigger),
        outcome=outcome,
        output=dict(output or {}),
    )


def clone_automation(environment_id: int, key: str) -> Automation | None:
    """A copy under a fresh key; None where there is no such automation."""
    found = Automation.objects.filter(environment_id=environment_id, key=key).first()
    if found is None:
        return None
    return make_automation(
        environment_id,
        name=found.name,
        actions=found.actions,
        trigger=found.trigger,
        outcome=found.outcome,
        output=found.output,
    )


def automation_json(automation: Automation) -> dict[str, Any]:
    """All of an automation, as exports carry it."""
    return {
        "id": automation.key,
        "flow_name": automation.name,
        "enabled": automation.is_enabled,
        "actions": automation.actions,
        "triggers": automation.trigger,
        "outcome": automation.outcome,
        "output": automation.output,
    }


def begin_run(
    environment_id: int,
    key: str,
    *,
    instance_id: int | None = None,
    task: str = "",
    iteration: int = 1,
    entity_key: str = "",
    now: datetime | None = None,
    depth: int = 0,
) -> AutomationRun:
    """Run an automation. Unless it is a slow one, the run has ended when this returns, and whoever listens to
    `automation.ended` on the bus hears of it. `depth`: how many changes of entities led to it.

    An automation that is not there any more, or is disabled, fails.
    """
    moment = now or timezone.now()
    found = Automation.objects.filter(environment_id=environment_id, key=key).first()
    run = AutomationRun(
        environment_id=environment_id,
        key=new_key(),
        automation=found,
        automation_key=key[:100],
        instance_id=instance_id,
        task=task,
        iteration=iteration,
        entity_key=entity_key,
        depth=depth,
        created_at=moment,
    )
    if found is None or not found.is_enabled:
        gone = "is not there" if found is None else "is disabled"
        _end(run, Outcome.FAILED, moment, reason=f"The automation {key[:80]} {gone}.")
    elif found.outcome != Outcome.SLOW:
        _end(run, found.outcome, moment, output=found.output)
    run.save()
    _tell_bus(run)
    return run


def has_automation(environment_id: int, key: str) -> bool:
    """Whether there is one of this key."""
    return Automation.objects.filter(environment_id=environment_id, key=key).exists()


def keep_run(
    environment_id: int,
    key: str,
    *,
    status: str,
    output: Mapping[str, Any],
    reason: str,
    instance_id: int,
    task: str,
    iteration: int,
    now: datetime,
) -> AutomationRun:
    """A run that somebody else has made, an agent over its connection, as it has ended."""
    return AutomationRun.objects.create(
        environment_id=environment_id,
        key=new_key(),
        automation_key=key[:100],
        instance_id=instance_id,
        task=task,
        iteration=iteration,
        status=status,
        output=dict(output),
        error_reason=reason,
        created_at=now,
        ended_at=now,
    )


@transaction.atomic
def end_run(
    run: AutomationRun, status: str, *, output: Mapping[str, Any] | None = None, reason: str = "", now: datetime
) -> None:
    """Say how a run that goes on has ended. The step that waits for it is told by `engine.services`."""
    _end(run, status, now, output=output, reason=reason)
    run.save(update_fields=["status", "output", "error_reason", "ended_at"])
    _tell_bus(run)


def _tell_bus(run: AutomationRun) -> None:
    """Let triggers and listeners hear of a run that has ended; the engine matches it with its next round."""
    if run.ended_at is None:
        return
    entity = Entity.objects.filter(environment_id=run.environment_id, key=run.entity_key).first()
    payload = {
        "automation": run.automation_key,
        "run": run.key,
        "outcome": run.status,
        "output": run.output,
        "entity": None if entity is None else {"id": entity.key, "schema": entity.schema},
        "depth": run.depth,
    }
    InboundEvent.objects.create(
        environment_id=run.environment_id, type=ENDED_ON_BUS, payload=payload, received_at=run.ended_at
    )


def _end(
    run: AutomationRun, status: str, now: datetime, *, output: Mapping[str, Any] | None = None, reason: str = ""
) -> None:
    run.status, run.ended_at = status, now
    if status == Outcome.SUCCESS:
        run.output = dict(output or {})
    elif status not in ENDED_WELL:
        run.error_reason = reason or f"The automation ended as {status.replace('_', ' ')}."
