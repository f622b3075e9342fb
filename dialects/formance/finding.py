"""From ids on the wire to rows of the caller's environment. What belongs to another one is not found."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.scope import Scope
from designer.models import Flow
from dialects.formance import ids
from dialects.formance.errors import bad_request, not_found
from dialects.formance.models import EventTrigger
from engine.models import Instance, Step


def workflows(scope: Scope) -> QuerySet[Flow]:
    """The flows that can be run and were not deleted through this API, newest first."""
    rows = Flow.objects.within(scope).filter(live_version__isnull=False, formance_deletion=None)
    return rows.select_related("live_version").order_by("-created_at", "-pk")


def find_workflow(scope: Scope, text: str) -> Flow:
    """A flow, also one that was deleted through this API. Raises FormanceError 404."""
    pk = ids.decode(ids.FLOW, text)
    rows = Flow.objects.within(scope).filter(pk=pk, live_version__isnull=False) if pk is not None else None
    flow = rows.select_related("live_version", "environment").first() if rows is not None else None
    if flow is None:
        raise not_found("workflow")
    return flow


def find_runnable(scope: Scope, text: str) -> Flow:
    """A flow that was not deleted. Raises FormanceError 404."""
    flow = find_workflow(scope, text)
    if is_deleted(flow):
        raise not_found("workflow")
    return flow


def is_deleted(flow: Flow) -> bool:
    """Whether a flow was deleted through this API."""
    return hasattr(flow, "formance_deletion")


def refuse_no_uuid(text: str) -> None:
    """Raise FormanceError 400 unless `text` is a UUID."""
    if ids.parse(text) is None:
        reason = f"invalid UUID length: {len(text)}" if len(text) != 36 else "invalid UUID format"
        raise bad_request(f"parsing id: {reason}")


def instances(scope: Scope) -> QuerySet[Instance]:
    """The instances of flows that were not deleted through this API, newest first."""
    rows = Instance.objects.within(scope).filter(flow__formance_deletion=None)
    return rows.select_related("flow__live_version").order_by("-created_at", "-pk")


def find_instance(scope: Scope, text: str, *, what: str = "instance") -> Instance:
    """An instance, by the id that was made of its number or by the UUID it was started with.

    Raises FormanceError 404 that says `what` is missing.
    """
    pk = ids.decode(ids.INSTANCE, text)
    rows = Instance.objects.within(scope).select_related("flow__live_version")
    if "\0" in text or len(text) > 200:
        found = None
    else:
        found = rows.filter(pk=pk).first() if pk is not None else rows.filter(key=text).order_by("-pk").first()
    if found is None:
        raise not_found(what)
    return found


def steps_by_task(instance: Instance) -> dict[str, Step]:
    """The newest step of each task; what was before a restart is left out."""
    steps = Step.objects.filter(instance=instance, is_past=False).order_by("iteration", "pk")
    return {step.task: step for step in steps}


def triggers(scope: Scope) -> QuerySet[EventTrigger]:
    """The triggers that were not deleted, newest first."""
    return (
        EventTrigger.objects.within(scope).filter(deleted_at=None).select_related("flow").order_by("-created_at", "-pk")
    )


def find_trigger(scope: Scope, text: str) -> EventTrigger:
    """A trigger. Raises FormanceError 404."""
    pk = ids.decode(ids.TRIGGER, text)
    found = triggers(scope).filter(pk=pk).first() if pk is not None else None
    if found is None:
        raise not_found("trigger")
    return found
