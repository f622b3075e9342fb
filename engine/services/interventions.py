"""Steering an instance by hand. Every intervention is a fact with who and why, and an entry of the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from designer.graph.model import Json
from designer.models import Version
from engine.core.facts import FactType
from engine.models import Instance
from engine.services.actors import actor_of
from engine.services.advancing import change_instance
from engine.services.case import Case
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.executing import storing_problem
from engine.services.instances import start_queued_instances

UNCHANGED: Final = object()
FINAL = ("complete", "errored", "terminated")


def pause(scope: Scope, instance: Instance, *, reason: str = "", now: datetime | None = None) -> Instance:
    """Waits, delays and retry pauses stop at once; attempts under way may finish. Raises `NotLegalNow`."""
    return _intervene(scope, instance, FactType.INSTANCE_PAUSE_REQUESTED, "instance.paused", reason, now)


def resume(scope: Scope, instance: Instance, *, reason: str = "", now: datetime | None = None) -> Instance:
    """Go on; every open timer is shifted by the length of the pause. Raises `NotLegalNow`."""
    return _intervene(scope, instance, FactType.INSTANCE_RESUMED, "instance.resumed", reason, now)


def terminate(scope: Scope, instance: Instance, *, reason: str = "", now: datetime | None = None) -> Instance:
    """Cancel what runs and end it; final. Raises `NotLegalNow`."""
    return _intervene(scope, instance, FactType.INSTANCE_TERMINATED, "instance.terminated", reason, now)


def restart(
    scope: Scope,
    instance: Instance,
    *,
    reason: str = "",
    from_task: str | None = None,
    now: datetime | None = None,
) -> Instance:
    """Begin again with the same id and input, from any status; or again from one step. Raises `NotLegalNow`."""
    moment = now or timezone.now()
    data: dict[str, Json] = {} if from_task is None else {"from": from_task}
    found = _intervene(scope, instance, FactType.INSTANCE_RESTARTED, "instance.restarted", reason, moment, data=data)
    if from_task is None:
        start_queued_instances(moment)
        found.refresh_from_db()
    return found


def retry(
    scope: Scope,
    instance: Instance,
    *,
    reason: str = "",
    input: Json = UNCHANGED,
    version: int | str | Version | None = None,
    now: datetime | None = None,
) -> Instance:
    """A failed instance goes on from its failed steps, with the same input or an edited one.

    Raises `NotLegalNow`, also for another version than the instance's own; `InvalidInput`.
    """
    _require_same_version(instance, version)
    columns: dict[str, Any] = {}
    if input is not UNCHANGED:
        problem = storing_problem(input)
        if problem is not None:
            raise InvalidInput([("input", problem)])
        columns["input"] = input
    return _intervene(
        scope, instance, FactType.INSTANCE_RETRIED, "instance.retried", reason, now, data={}, columns=columns
    )


def _require_same_version(instance: Instance, version: int | str | Version | None) -> None:
    if version in (None, "", "same"):
        return
    number = version.number if isinstance(version, Version) else version
    if number == "newest":
        newest = instance.flow.live_version
        number = newest.number if newest is not None else instance.version.number
    if number != instance.version.number:
        raise NotLegalNow("An instance can only be retried on the version it runs.")


def _intervene(
    scope: Scope,
    instance: Instance,
    fact: FactType,
    action: str,
    reason: str,
    now: datetime | None,
    *,
    data: Mapping[str, Json] = MappingProxyType({}),
    columns: Mapping[str, Any] = MappingProxyType({}),
) -> Instance:
    told: dict[str, Json] = {"actor": actor_of(scope), "reason": reason, **data}

    def apply(case: Case) -> None:
        before["status"] = case.state.status.value
        case.tell(case.fact(fact, **told))
        case.columns |= columns
        if "input" in columns and case.loaded.instance is not None:
            case.loaded.instance["input"] = columns["input"]

    before: dict[str, str] = {}
    with transaction.atomic():
        change_instance(instance.pk, apply, now=now or timezone.now())
        instance.refresh_from_db()
        after = {"status": instance.status, "reason": reason, **data}
        record(scope, action, instance, before=before, after=after)
    return instance


def legal_actions(instance: Instance) -> Mapping[str, str | None]:
    """What may be done to an instance now: None where it is legal, else why not. From its status alone."""
    status = instance.status
    ended = f"The instance is {status}." if status in FINAL else None
    held_up = status in ("paused", "waiting_for_pause")
    shown = status.replace("_", " ")
    return {
        "pause": ended or (f"The instance is already {shown}." if held_up else None),
        "resume": None if held_up else f"The instance is {shown}, not paused.",
        "terminate": ended,
        "restart": None,
        "retry": None if status == "errored" else f"Only a failed instance can be retried; this one is {shown}.",
        "send_event": ended,
    }
