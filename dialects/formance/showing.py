"""This room's triggers for the page of a flow: shown there with what came of them, tried with a sample, made and
deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.scope import Scope
from designer.graph.model import Json
from designer.models import Flow
from designer.services.guards import Firing, TriedInput, TriedTrigger
from designer.services.outside_triggers import OutsideTrigger
from dialects.formance.finding import is_deleted
from dialects.formance.models import EventTrigger, TriggerOccurrence
from dialects.formance.trigger_forms import TriggerForm
from dialects.formance.triggers import delete_trigger, make_trigger, tried

NO_MATCH = "The filter does not let it pass."


class FormanceTriggers:
    """The source that is registered with the designer."""

    def triggers_of(self, flow: Flow, *, each: int) -> Sequence[OutsideTrigger]:
        """Those that were not deleted, of a flow that was not."""
        rows = EventTrigger.objects.filter(flow=flow, deleted_at=None, flow__formance_deletion=None).order_by("pk")
        return [_shown(trigger, each) for trigger in rows]

    def try_out(self, flow: Flow, id: str, payload: Json) -> TriedTrigger | None:
        """What its filter and its variables come to."""
        trigger = _find(flow, id)
        return None if trigger is None else _trial(tried(trigger, payload))

    def may_have(self, flow: Flow) -> bool:
        """A flow that was published, and not deleted over this API."""
        return flow.live_version_id is not None and not is_deleted(flow)

    def form(self, data: Mapping[str, str] | None) -> TriggerForm:
        """What a new one is made from."""
        return TriggerForm(data)

    def add(self, scope: Scope, flow: Flow, values: Mapping[str, Any]) -> None:
        """Make one."""
        texts = {name: values[name] for name in ("event", "name", "version", "filter")}
        make_trigger(scope, flow, {**texts, "vars": values["vars"] or None})

    def remove(self, scope: Scope, flow: Flow, id: str) -> bool:
        """Delete one; what came of it is kept."""
        trigger = _find(flow, id)
        if trigger is None:
            return False
        delete_trigger(scope, trigger)
        return True


def _find(flow: Flow, id: str) -> EventTrigger | None:
    rows = EventTrigger.objects.filter(flow=flow, deleted_at=None)
    return rows.filter(pk=int(id)).first() if id.isdecimal() and len(id) < 19 else None


def _shown(trigger: EventTrigger, each: int) -> OutsideTrigger:
    rows = trigger.occurrences.exclude(outcome=TriggerOccurrence.Outcome.WAITING).select_related("instance")
    settings = [("Event type", trigger.event), ("Version", trigger.version), ("Filter", trigger.filter)]
    return OutsideTrigger(
        id=str(trigger.pk),
        title=trigger.name or "Event",
        kept_by="Formance",
        description="Starts an instance by an event of the bus. Formance's API knows it as well.",
        event_type=trigger.event,
        settings=[(name, value) for name, value in settings if value],
        inputs=list((trigger.vars or {}).items()),
        firings=[_firing(row) for row in rows.order_by("-at", "-pk")[:each]],
    )


def _firing(row: TriggerOccurrence) -> Firing:
    instance = row.instance
    key = "" if instance is None else instance.key
    return Firing(row.at, row.outcome, row.error, None if instance is None else instance.pk, key)


def _trial(found: dict[str, Json]) -> TriedTrigger:
    verdict = found.get("filter", {"match": True})
    inputs = [
        TriedInput(name, str(value.get("value", "")), str(value.get("error", "")))
        for name, value in found.get("variables", {}).items()
    ]
    reason = "" if verdict.get("match") else str(verdict.get("error") or NO_MATCH)
    broken = next((one for one in inputs if one.error), None)
    if not reason and broken is not None:
        reason = f"{broken.name} cannot be had, so no instance is started."
    return TriedTrigger(not reason, reason, inputs)
