"""What instances tell one another: start the child a step asked for, tell the step how it ended, stop a child nobody
waits for, start the next of a flow that runs only so many at once.

Whatever one instance has to tell another is stored as a `Signal` in the transaction it follows from, and delivered in a
transaction of its own: a crash in between loses nothing, and nobody waits for the lock of a second instance while
holding the first. A signal that is delivered twice changes nothing the second time, because it asks how things stand.

A child is an instance of its own. Pausing the parent does not pause it; ending the parent ends it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.scope import system_scope
from designer.graph.kinds.call import LONGEST_CHAIN
from designer.graph.model import Json
from designer.models import Flow
from engine.calls.models import Call, Signal
from engine.core.facts import FactType
from engine.core.ports import Completed, Failed, Result, failed
from engine.core.state import StepStatus
from engine.models import Instance
from engine.services.advancing import change_instance
from engine.services.case import Case
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow
from engine.services.executing import storable
from engine.services.hiding import is_output_hidden
from engine.services.instances import start_instance
from engine.services.queueing import start_queued_of
from engine.storage.contract import StepKey

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 100
MOST_AFTER_A_COMMIT: Final = 20
"""How many messages whoever made the commit delivers; the clock does the rest."""
PUT_BACK: Final = timedelta(minutes=1)


def deliver_signals(now: datetime, limit: int = MOST_AT_ONCE) -> int:
    """Deliver up to `limit` messages, oldest first, each in a transaction of its own. Answers how many there were."""
    for done in range(limit):
        if not _deliver_next(now):
            return done
    return limit


def deliver_some() -> None:
    """As much as whoever has just committed should be held up by."""
    deliver_signals(timezone.now(), MOST_AFTER_A_COMMIT)


def _deliver_next(now: datetime) -> bool:
    """The oldest message that nobody else is delivering. One that breaks comes up again in a while."""
    if not Signal.objects.filter(due_at__lte=now).exists():
        return False
    with transaction.atomic():
        skip = connection.features.has_select_for_update_skip_locked
        due = Signal.objects.select_for_update(skip_locked=skip).filter(due_at__lte=now)
        signal = due.order_by("due_at", "pk").first()
        if signal is None:
            return False
        try:
            with transaction.atomic():
                _DELIVERIES[signal.kind](signal, now)
        except NotLegalNow:
            pass  # whoever it was for has ended, or is gone
        except Exception:
            log.exception("%s could not be delivered; it is tried again", signal)
            Signal.objects.filter(pk=signal.pk).update(due_at=now + PUT_BACK)
            return True
        signal.delete()
    return True


def repeat_signals(instance_id: int, renamed: Mapping[str, str]) -> None:
    """Say again under its new name what is yet to be told of a step that is called otherwise now.

    The old signals are left alone, and tell nobody anything: whoever delivers one may hold it, and wait for us.
    """
    waiting = Signal.objects.filter(instance_id=instance_id, task__in=renamed)
    Signal.objects.bulk_create(
        Signal(
            kind=signal.kind,
            instance_id=instance_id,
            task=renamed[signal.task],
            iteration=signal.iteration,
            data=signal.data,
            due_at=signal.due_at,
        )
        for signal in waiting
    )


# -- start ------------------------------------------------------------------------------------------------------------


def _start(signal: Signal, now: datetime) -> None:
    """Start the child, unless the step does not wait for it any more."""
    step = StepKey(signal.instance_id, signal.task, signal.iteration)

    def apply(case: Case) -> None:
        if case.status(step) is not StepStatus.WAITING:
            return
        latest = _calls_of(step).last()
        child = latest.child if latest is not None else None
        if child is not None and latest is not None and latest.waits and not _is_lost(child):
            # The step is tried again: a child that was mended meanwhile is taken as it is.
            _tell_end(case, step, child)
            return
        result = _call(case, step, signal.data, (latest.run if latest else 0) + 1, now)
        if result is not None:
            _settle(case, step, result)

    change_instance(step.instance_id, apply, now=now)


def _calls_of(step: StepKey) -> Any:
    calls = Call.objects.filter(parent=step.instance_id, task=step.task, iteration=step.iteration)
    return calls.select_related("child__flow").order_by("run")


def _is_lost(child: Instance) -> bool:
    return child.status in ("errored", "terminated")


def _call(case: Case, step: StepKey, wanted: Mapping[str, Any], run: int, now: datetime) -> Result | None:
    """Start a child; answers what the step is settled with at once, None when it waits."""
    parent = Instance.objects.select_related("environment__organization", "flow").get(pk=step.instance_id)
    above = Call.objects.filter(child=parent).values_list("depth", flat=True).first()
    depth = (above or 0) + 1
    key = str(wanted.get("flow"))
    if depth > LONGEST_CHAIN:
        return failed("CallTooDeep", f"A chain of calls has at most {LONGEST_CHAIN} links; this would be one more.")
    flow = Flow.objects.select_related("live_version").filter(environment=parent.environment_id, key=key).first()
    if flow is None:
        return failed("UnknownFlow", f"There is no flow {key[:64]!r} in this environment.")
    try:
        child = _start_child(parent, flow, step, wanted, run, now)
    except NotLegalNow as refusal:
        return failed("CannotCall", f"{flow.name}: {refusal.reason}")
    except InvalidInput as bad:
        return failed("CannotCall", f"{flow.name}: {bad}")
    waits = bool(wanted.get("waits", True))
    Call.objects.create(
        parent_id=step.instance_id,
        task=step.task,
        iteration=step.iteration,
        run=run,
        child=child,
        child_key=child.key,
        flow_key=flow.key,
        waits=waits,
        depth=depth,
        started_at=now,
    )
    return None if waits else Completed(output={"flow": flow.key, "instance": child.key})


def _start_child(
    parent: Instance, flow: Flow, step: StepKey, wanted: Mapping[str, Any], run: int, now: datetime
) -> Instance:
    """Raises as `start_instance`, but never `KeyTaken`."""
    caller: dict[str, Json] = {
        "flow": parent.flow.key,
        "instance": parent.key,
        "task": step.task,
        "iteration": step.iteration,
    }
    trigger: dict[str, Json] = {"type": "call", "by": f"{parent.flow.name} · {parent.key}", "caller": caller}
    if wanted.get("is_input_hidden"):
        trigger["is_input_hidden"] = True
    scope = system_scope(parent.environment)
    again = f"-{run}" if run > 1 else ""
    key = f"call-{parent.pk}-{step.task}-{step.iteration}{again}"
    try:
        return start_instance(scope, flow, input=wanted.get("input"), key=key, trigger=trigger, now=now)
    except KeyTaken:  # by somebody who chose it himself
        return start_instance(scope, flow, input=wanted.get("input"), trigger=trigger, now=now)


# -- ended ------------------------------------------------------------------------------------------------------------


def _ended(signal: Signal, now: datetime) -> None:
    """Tell the step that waits for it how a child has ended."""
    gone = signal.data.get("gone")
    which = {"child": signal.instance_id, "waits": True} if gone is None else {"pk": gone["call"]}
    call = Call.objects.filter(**which).first()
    if call is None:
        return
    step = StepKey(call.parent_id, call.task, call.iteration)

    def apply(case: Case) -> None:
        latest = _calls_of(step).last()
        if case.status(step) is not StepStatus.WAITING or latest is None or latest.pk != call.pk:
            return
        if gone is not None:
            result = Failed(error=gone["error"]) if "error" in gone else Completed(output=gone["output"])
            _settle_as(case, step, result, is_hidden=gone["is_hidden"])
        elif latest.child:
            _tell_end(case, step, latest.child)

    change_instance(step.instance_id, apply, now=now)


def _tell_end(case: Case, step: StepKey, child: Instance) -> None:
    """What a child that has ended means for the step; nothing while it runs."""
    if child.is_final:
        _settle_as(case, step, _result_of(child), is_hidden=is_output_hidden(child))


def _settle_as(case: Case, step: StepKey, result: Result, *, is_hidden: bool) -> None:
    _settle(case, step, result)
    if is_hidden and isinstance(result, Completed):
        case.patch(step).columns["is_sensitive"] = True


def take_along(signal: Signal) -> None:
    """The instance that an `ended` or `cancel` is about is removed in this transaction: keep what it tells of.

    Whoever calls holds both rows.
    """
    if signal.kind == Signal.Kind.CANCEL:
        children = _calls_of(StepKey(signal.instance_id, signal.task, signal.iteration)).filter(waits=True)
        signal.data = {**signal.data, "children": list(children.values_list("child", flat=True))}
    else:
        call = Call.objects.select_related("child__flow").filter(child=signal.instance_id, waits=True).first()
        if call is None or call.child is None:
            return
        result = _result_of(call.child)
        told = {"error": dict(result.error)} if isinstance(result, Failed) else {"output": call.child.output}
        signal.data = {"gone": {"call": call.pk, "is_hidden": is_output_hidden(call.child), **told}}
    signal.save(update_fields=["data"])


def _result_of(child: Instance) -> Result:
    if child.status == "complete":
        return storable(Completed(output=child.output))
    details: dict[str, Json] = {"flow": child.flow.key, "instance": child.key}
    if child.status == "terminated":
        return failed("CallTerminated", f"{child.flow.name} {child.key} was terminated.", **details)
    error = child.error if isinstance(child.error, Mapping) else {}
    why = str(error.get("message") or "no reason is known")
    return failed("CallFailed", f"{child.flow.name} {child.key} failed: {why}", **details, cause=child.error)


def _settle(case: Case, step: StepKey, result: Result) -> None:
    case.settle(step, result)
    case.uncalled.pop(step, None)  # there is no child left to stop


# -- cancel -----------------------------------------------------------------------------------------------------------


def _cancel(signal: Signal, now: datetime) -> None:
    """Stop the children of a step that does not wait for them any more."""
    step = StepKey(signal.instance_id, signal.task, signal.iteration)
    children = Instance.objects.filter(call__in=_calls_of(step).filter(waits=True))
    if "children" in signal.data:
        children = Instance.objects.filter(pk__in=signal.data["children"])
    for child in children.unfinished().order_by("pk").values_list("pk", flat=True):
        change_instance(child, _termination(step), now=now)


def _termination(step: StepKey) -> Callable[[Case], None]:
    actor: Json = {"type": "system", "id": None, "name": "Quadrille"}
    reason = f"The step {step.task} that called it was stopped or ended without it."

    def apply(case: Case) -> None:
        case.tell(case.fact(FactType.INSTANCE_TERMINATED, actor=actor, reason=reason))

    return apply


# -- room -------------------------------------------------------------------------------------------------------------


def _fill_room(signal: Signal, now: datetime) -> None:
    """An instance of a flow with a limit has ended: the next may start."""
    start_queued_of(signal.instance_id, now)


_DELIVERIES: Final[Mapping[str, Callable[[Signal, datetime], None]]] = {
    Signal.Kind.START: _start,
    Signal.Kind.ENDED: _ended,
    Signal.Kind.CANCEL: _cancel,
    Signal.Kind.ROOM: _fill_room,
}
