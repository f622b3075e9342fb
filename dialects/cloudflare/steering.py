"""The four commands on an instance, over our interventions."""

from __future__ import annotations

from accounts.scope import Scope
from dialects.cloudflare.bodies import FromStep, StatusEdit
from dialects.cloudflare.errors import cannot
from dialects.cloudflare.finding import entries_within
from dialects.cloudflare.steplog import find_entry
from dialects.cloudflare.wire import status_of
from engine.models import Instance
from engine.services import interventions
from engine.services.errors import NotLegalNow

HELD_UP = ("paused", "waiting_for_pause")


def edit_status(scope: Scope, instance: Instance, edit: StatusEdit) -> str:
    """Carry out a command; answers the status right after it, on this wire. Raises 400 `cannot_…`."""
    try:
        match edit.command:
            case "pause":
                _pause(scope, instance)
            case "resume":
                _resume(scope, instance)
            case "terminate":
                _terminate(scope, instance, rollback=edit.rollback)
            case _:
                _restart(scope, instance, edit.from_step)
                return "queued"
    except NotLegalNow as refusal:
        raise cannot(edit.command, refusal.reason) from refusal
    instance.refresh_from_db()
    return status_of(instance)


def _pause(scope: Scope, instance: Instance) -> None:
    """One that is paused, or about to be, stays so."""
    if instance.status not in HELD_UP:
        interventions.pause(scope, instance)


def _resume(scope: Scope, instance: Instance) -> None:
    """One that is not paused goes on as it is."""
    if instance.status in HELD_UP or instance.is_final:
        interventions.resume(scope, instance)


def _terminate(scope: Scope, instance: Instance, *, rollback: bool) -> None:
    if instance.is_final:
        raise cannot("terminate", "Cannot terminate instance since its on a finite state")
    interventions.terminate(scope, instance, rollback=rollback)


def _restart(scope: Scope, instance: Instance, from_step: FromStep | None) -> None:
    if from_step is None:
        interventions.restart(scope, instance)
        return
    entry = find_entry(entries_within(instance), from_step.name, from_step.type, count=from_step.count)
    if entry is None:
        raise cannot("restart", f'Step "{from_step.name}" not found in execution history')
    if instance.status in HELD_UP:
        interventions.resume(scope, instance)
    interventions.restart(scope, instance, from_task=entry.step.task)
