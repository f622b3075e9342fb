"""Events sent to one instance: kept first-in-first-out per type, each satisfies one wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Json
from engine.core.facts import FactRefused, FactType
from engine.core.ports import InboundMessage
from engine.core.state import InstanceStatus
from engine.models import Event, Instance, Step
from engine.services.actors import actor_of
from engine.services.advancing import Change, change_instance, change_locked
from engine.services.case import AskEvent, Case
from engine.services.errors import InvalidInput, NotLegalNow
from engine.services.executing import storing_problem
from engine.services.limits import warn_of_history
from engine.services.putting import put
from engine.services.together import DoAlone, Together
from engine.storage import storage
from engine.storage.contract import AwaitingStep, StepKey
from engine.storage.tables import EVENT_TYPES

LONGEST_TYPE = 200


def send_event(
    scope: Scope, instance: Instance, *, type: str, payload: Json = None, now: datetime | None = None
) -> Event:
    """Send an event to an instance. A step that waits for it goes on at once; else it is kept for one that will.

    Raises `InvalidInput`, and `NotLegalNow` when the instance has ended.
    """
    _check(type, payload)
    return _send_together(_Sending(instance.pk, type, payload, now or timezone.now(), actor_of(scope)))


class NotTheOnlyOne(Exception):
    """No instance of the environment has this key, or those of several flows have it."""


def send_event_to(scope: Scope, key: str, *, type: str, payload: Json = None, now: datetime | None = None) -> Event:
    """As `send_event`, to the instance of the scope's environment that has this key: it is looked up along with those
    that others send to at the same time. Raises `NotTheOnlyOne` as well.
    """
    _check(type, payload)
    named = (scope.environment.pk, key)
    return _send_by_name_together(_Sending(named, type, payload, now or timezone.now(), actor_of(scope)))


@dataclass(frozen=True, slots=True)
class _Sending:
    """An event that is to be sent to an instance, and by whom. `to`: its id, or its environment and its key."""

    to: int | tuple[int, str]
    type: str
    payload: Json
    at: datetime
    by: Json


def _send(wishes: Sequence[_Sending]) -> list[Event | Exception]:
    """Send events to an instance each, in the caller's transaction. Of several, those whose instance is locked are left
    alone: nobody is to wait for somebody else's."""
    addressees = _addressees(wishes)
    by_instance = {id: wish for id, wish in zip(addressees, wishes, strict=True) if id is not None}
    rows = storage().lock_instances(sorted(by_instance), skip_locked=len(wishes) > 1)
    statuses = {row.id: InstanceStatus(row.status) for row in rows}
    taking = [row for row in rows if not statuses[row.id].is_final]
    awaiting = cache(lambda: storage().awaiting_steps([row.id for row in taking]))
    tellings = {row.id: _Telling(by_instance[row.id], row.id, awaiting) for row in taking}
    put([telling.event for telling in tellings.values()], EVENT_TYPES)
    changes = [Change(id, telling) for id, telling in tellings.items()]
    for outcome in change_locked(taking, changes, now=max(wish.at for wish in wishes)):
        if isinstance(outcome.refusal, FactRefused):
            raise NotLegalNow(outcome.refusal.reason) from outcome.refusal
        if outcome.refusal is not None:
            raise outcome.refusal
    answers: list[Event | Exception] = []
    for id in addressees:
        status = None if id is None else statuses.get(id)
        if id is None:
            answers.append(NotTheOnlyOne())
        elif status is None:
            answers.append(DoAlone() if len(wishes) > 1 else NotLegalNow("The instance does not exist any more."))
        elif status.is_final:
            answers.append(NotLegalNow(f"The instance is {status.value}: it takes no events any more."))
        else:
            answers.append(tellings[id].told())
    return answers


def _addressees(wishes: Sequence[_Sending]) -> list[int | None]:
    """The id of each one's instance; None where a key does not tell which it is."""
    names = [wish.to for wish in wishes if isinstance(wish.to, tuple)]
    called = storage().instances_called(names) if names else {}
    ids = {name: found[0] for name, found in called.items() if len(found) == 1}
    return [ids.get(wish.to) if isinstance(wish.to, tuple) else wish.to for wish in wishes]


class _Telling:
    """Tells a locked case of an event, which is stored before. `awaiting`: all steps that wait for one."""

    def __init__(self, wish: _Sending, id: int, awaiting: Callable[[], Sequence[AwaitingStep]]) -> None:
        self.event = Event(instance_id=id, type=wish.type, payload=wish.payload, received_at=wish.at)
        self.awaiting = awaiting
        self.by = wish.by
        self.case: Case | None = None

    def __call__(self, case: Case) -> None:
        self.case, event = case, self.event
        case.tell(case.fact(FactType.EVENT_RECEIVED, type=event.type, event=event.pk, by=self.by))
        warn_of_history(case)
        message = InboundMessage(event.type, event.payload)
        for waiting in self.awaiting() if case.awaits_something else ():
            if (waiting.instance_id, waiting.event_type) == (event.instance_id, event.type):
                step = StepKey(waiting.instance_id, waiting.task, waiting.iteration)
                case.asks.append(AskEvent(step, event.pk, message))

    def told(self) -> Event:
        """The event as it was written, should a step have taken it."""
        if self.case is not None and self.event.pk in self.case.consumed:
            self.event.refresh_from_db(fields=["consumed_at", "consumed_by"])
        return self.event


def _is_for_another(chosen: Sequence[_Sending], wish: _Sending) -> bool:
    """Whether an event may be sent together with others: an instance takes one after the other."""
    return all(one.to != wish.to for one in chosen)


_send_together: Final = Together(_send, fits=_is_for_another)
_send_by_name_together: Final = Together(_send, fits=_is_for_another)
"""Apart from those who know ids: so no two of one transaction mean the same instance."""


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
        warn_of_history(case)
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
