"""Events sent to one instance: kept first-in-first-out per type, each satisfies one wait."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Json
from engine.core.facts import FactType
from engine.core.ports import InboundMessage
from engine.models import Event, Instance, Step
from engine.services.actors import actor_of
from engine.services.advancing import change_instance
from engine.services.case import AskEvent, Case
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.executing import storing_problem
from engine.storage import storage
from engine.storage.contract import StepKey

LONGEST_TYPE = 200


def send_event(
    scope: Scope, instance: Instance, *, type: str, payload: Json = None, now: datetime | None = None
) -> Event:
    """Send an event to an instance. A step that waits for it goes on at once; else it is kept for one that will.

    Raises `InvalidInput`, and `NotLegalNow` when the instance has ended.
    """
    _check(type, payload)
    moment = now or timezone.now()
    sent: list[Event] = []
    told: list[Case] = []

    def apply(case: Case) -> None:
        told.append(case)
        if case.state.status.is_final:
            raise NotLegalNow(f"The instance is {case.state.status.value}: it takes no events any more.")
        event = Event.objects.create(instance_id=instance.pk, type=type, payload=payload, received_at=moment)
        sent.append(event)
        case.tell(case.fact(FactType.EVENT_RECEIVED, type=type, event=event.pk, by=actor_of(scope)))
        message = InboundMessage(type, payload)
        for waiting in storage().awaiting_steps([instance.pk] if case.awaits_something else []):
            if waiting.event_type == type:
                step = StepKey(waiting.instance_id, waiting.task, waiting.iteration)
                case.asks.append(AskEvent(step, event.pk, message))

    change_instance(instance.pk, apply, now=moment)
    if sent[0].pk in told[0].consumed:
        sent[0].refresh_from_db(fields=["consumed_at", "consumed_by"])
    return sent[0]


def offer_event(
    scope: Scope, instance: Instance, step: Step, *, type: str, payload: Json = None, now: datetime | None = None
) -> bool:
    """Send an event to one step if it waits for just that type now; otherwise nothing happens, and nothing is kept.

    Answers whether the step took it. Raises `InvalidInput`.
    """
    _check(type, payload)
    moment = now or timezone.now()
    key = StepKey(instance.pk, step.task, step.iteration)
    sent: list[Event] = []

    def apply(case: Case) -> None:
        awaited = [
            StepKey(one.instance_id, one.task, one.iteration)
            for one in storage().awaiting_steps([instance.pk])
            if one.event_type == type
        ]
        if case.state.status.is_final or key not in awaited:
            return
        event = Event.objects.create(instance_id=instance.pk, type=type, payload=payload, received_at=moment)
        sent.append(event)
        case.tell(case.fact(FactType.EVENT_RECEIVED, type=type, event=event.pk, by=actor_of(scope)))
        case.asks.append(AskEvent(key, event.pk, InboundMessage(type, payload)))

    change_instance(instance.pk, apply, now=moment)
    return bool(sent)


def _check(type: str, payload: Json) -> None:
    problems = []
    if not type.strip() or len(type) > LONGEST_TYPE or "\0" in type:
        problems.append(("type", f"must be a text of 1 to {LONGEST_TYPE} characters"))
    problem = storing_problem(payload)
    if problem is not None:
        problems.append(("payload", problem))
    if problems:
        raise InvalidInput(problems)
