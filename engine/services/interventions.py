"""Steering an instance by hand. Every intervention is a fact with who, why, before and after, and is audited."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.scope import Scope
from designer.graph.conditions import REDACTED
from designer.graph.model import Json
from designer.models import Version
from designer.services.versions import plan_of
from engine.core.advance import advance
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.rollback import named, steps_due
from engine.core.state import state_from_json
from engine.models import Instance
from engine.services import moving
from engine.services.actors import actor_of
from engine.services.advancing import change_instance
from engine.services.case import Case
from engine.services.closing import check_reasons
from engine.services.earlier_rounds import kept_of
from engine.services.errors import InvalidInput
from engine.services.executing import storing_problem
from engine.services.fitting import fitting
from engine.services.hiding import is_input_hidden
from engine.services.instances import start_queued_instances
from engine.storage import json_text

UNCHANGED: Final = object()
LARGEST_INPUT_KEPT: Final = 16 * 1024
"""Bytes of an input before and after a retry that the history keeps; of a larger one it keeps the size."""


def pause(scope: Scope, instance: Instance, *, reason: str = "", now: datetime | None = None) -> Instance:
    """Waits, delays and retry pauses stop at once; attempts under way may finish. Raises `NotLegalNow`."""
    return _intervene(scope, instance, _Told(FactType.INSTANCE_PAUSE_REQUESTED, "instance.paused", reason), now)


def resume(scope: Scope, instance: Instance, *, reason: str = "", now: datetime | None = None) -> Instance:
    """Go on; every open timer is shifted by the length of the pause. Raises `NotLegalNow`."""
    return _intervene(scope, instance, _Told(FactType.INSTANCE_RESUMED, "instance.resumed", reason), now)


def terminate(
    scope: Scope, instance: Instance, *, reason: str = "", rollback: bool = False, now: datetime | None = None
) -> Instance:
    """Cancel what runs and end it; final. With `rollback` what has started is undone first, which may take a while:
    the instance is `rolling_back` meanwhile. Without, a rollback under way is given up. Raises `NotLegalNow`.
    """
    if rollback:
        told = _Told(FactType.ROLLBACK_STARTED, "instance.terminated", reason, {"then": "terminated"})
    else:
        told = _Told(FactType.INSTANCE_TERMINATED, "instance.terminated", reason)
    return _intervene(scope, instance, told, now)


def close(
    scope: Scope, instance: Instance, *, reasons: Sequence[str], note: str = "", now: datetime | None = None
) -> Instance:
    """Terminate with closing reasons: of those that the flow offered when the instance started (`closing.offered`).

    Raises `InvalidInput` for reasons it does not offer, for none where it offers some, and for several where it
    allows one; `NotLegalNow`.
    """
    chosen = check_reasons(instance, reasons)
    data: dict[str, Json] = {"reasons": chosen, "note": note}
    told = _Told(FactType.INSTANCE_CLOSED, "instance.closed", note or ", ".join(chosen), data)
    return _intervene(scope, instance, told, now)


def restart(
    scope: Scope,
    instance: Instance,
    *,
    from_task: str | None = None,
    from_iteration: int | None = None,
    reason: str = "",
    now: datetime | None = None,
) -> Instance:
    """Begin again with the same id and input, from any status; or again from one step. Raises `NotLegalNow`.

    From a step: what was settled before it is kept. `from_iteration`: as it was in that iteration, that is, in an
    earlier round of its loop.
    """
    moment = now or timezone.now()
    data: dict[str, Json] = {} if from_task is None else {"from": from_task}
    if from_iteration is not None:
        data["from_iteration"] = from_iteration
    told = _Told(FactType.INSTANCE_RESTARTED, "instance.restarted", reason, data)
    found = _intervene(scope, instance, told, moment)
    if from_task is None:
        start_queued_instances(moment)
        found.refresh_from_db()
    return found


def revert(scope: Scope, instance: Instance, *, to: str, reason: str = "", now: datetime | None = None) -> Instance:
    """A finished human task becomes current again, everything after it starts over. Raises `NotLegalNow`."""
    told = _Told(FactType.INSTANCE_REVERTED, "instance.reverted", reason, {"to": to})
    return _intervene(scope, instance, told, now)


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

    `version`: a number, a row, `same` (as None) or `newest`; on another one than its own the instance is migrated
    first. Raises `NotLegalNow`, also when something is in the way of that; `InvalidInput`.
    """
    told = _Told(FactType.INSTANCE_RETRIED, "instance.retried", reason)
    if input is not UNCHANGED:
        problem = storing_problem(input)
        if problem is not None:
            raise InvalidInput([("input", problem)])
        told.columns["input"] = input
    told.version = moving.find_version(instance, version)
    if input is not UNCHANGED:
        _check_input(instance.version_id if told.version is None else told.version.pk, input)
    return _intervene(scope, instance, told, now)


def _check_input(version_id: int, input: Json) -> None:
    """Does it fit what the version that it is retried on declares?"""
    schema = plan_of(version_id).flow.input_schema
    try:
        fitting(schema, input)
    except InvalidInput as bad:
        raise InvalidInput((f"input.{path}" if path else "input", message) for path, message in bad.problems) from None


@dataclass(slots=True)
class _Told:
    """An intervention: its fact, how the audit log calls it, and what it changes beside the state."""

    fact: FactType
    action: str
    reason: str
    data: Mapping[str, Json] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    version: Version | None = None
    """To migrate to before it is told."""


def _intervene(scope: Scope, instance: Instance, told: _Told, now: datetime | None) -> Instance:
    before: dict[str, Json] = {}

    def apply(case: Case) -> None:
        before["status"] = case.state.status.value
        if told.version is not None and told.version.pk != case.row.version_id:
            before["version"] = Version.objects.values_list("number", flat=True).get(pk=case.row.version_id)
            moving.move(scope, case, told.version, reason=told.reason)
        _tell(scope, case, told, instance)

    with transaction.atomic():
        change_instance(instance.pk, apply, now=now or timezone.now())
        instance.refresh_from_db()
        after = {"status": instance.status, "reason": told.reason, **told.data}
        if "version" in before and told.version is not None:
            after["version"] = told.version.number
        record(scope, told.action, instance, before=before, after=after)
    return instance


def _tell(scope: Scope, case: Case, told: _Told, instance: Instance) -> None:
    """Tell the intervention's fact. What it changes is part of it: `before` and `after`."""
    data: dict[str, Json] = {"actor": actor_of(scope), "reason": told.reason, **told.data}
    if data.get("from_iteration") is not None:
        data["kept"] = kept_of(case, data["from"], data["from_iteration"])
    if told.fact is FactType.ROLLBACK_STARTED:
        data["steps"] = named(case.plan, steps_due(case.plan, case.state))
    before: dict[str, Json] = {"status": case.state.status.value}
    after: dict[str, Json] = {"status": case.outlook(case.fact(told.fact, **data)).status.value}
    if "input" in told.columns:
        former = Instance.objects.only("input", "trigger").get(pk=instance.pk)
        before |= _kept_input(former.input, is_hidden=is_input_hidden(former))
        after |= _kept_input(told.columns["input"], is_hidden=is_input_hidden(former))
    case.tell(case.fact(told.fact, **data, before=before, after=after))
    case.columns |= told.columns
    if "input" in told.columns and case.loaded.instance is not None:
        case.loaded.instance["input"] = told.columns["input"]


def _kept_input(input: Json, *, is_hidden: bool) -> dict[str, Json]:
    if is_hidden:
        return {"input": REDACTED}
    size = len(json_text.write_bytes(input))
    return {"input": input} if size <= LARGEST_INPUT_KEPT else {"input_bytes": size}


# -- what may be done -------------------------------------------------------------------------------------------------

FINAL: Final = ("complete", "errored", "terminated")


def legal_actions(instance: Instance) -> Mapping[str, str | None]:
    """What may be done to an instance now: None where it is legal, else why not. From its status and what of it was
    rolled back.

    `rollback` is terminating with it; `restart_from` and `revert` may still be refused for the step that is named.
    """
    status = instance.status
    shown = status.replace("_", " ")
    ended = f"The instance is {shown}." if status in FINAL else None
    undoing = "The instance is rolling back." if status == "rolling_back" else None
    paused = "The instance is paused; resume it first." if status in ("paused", "waiting_for_pause") else None
    again = undoing or paused or ("The instance has not started." if status == "queued" else None)
    return {
        "pause": ended or undoing or (f"The instance is already {shown}." if paused else None),
        "resume": None if paused else f"The instance is {shown}, not paused.",
        "terminate": ended,
        "rollback": ended or ("The instance is already rolling back." if undoing else None),
        "close": ended,
        "restart": None,
        "restart_from": again,
        "revert": again,
        "retry": why_not_after_rollback(instance, FactType.INSTANCE_RETRIED)
        if status == "errored"
        else f"Only a failed instance can be retried; this one is {shown}.",
        "migrate": undoing
        or (f"The instance is {shown}: only one that has not ended can be migrated." if ended else None),
        "send_event": ended,
    }


def why_not_after_rollback(instance: Instance, type: FactType, /, **data: Json) -> str | None:
    """Why an intervention is refused to an instance of which something was rolled back; None for any other instance.

    The engine's own answer: the fact is folded into a copy of the marking.
    """
    state = state_from_json(json.loads(instance.state)) if instance.state else None
    if state is None or not state.undone:
        return None
    now = timezone.now()
    try:
        advance(plan_of(instance.version_id), state, Fact(type, now, data=data), now=now)
    except FactRefused as refused:
        return str(refused)
    return None
