"""Triggers: what events of the bus start.

An event is heard in the transaction that marks it as heard; each trigger of its type then has an occurrence that waits.
Looking at it (filter, variables, perhaps something fetched over the network) is a chore of its own, outside of any
transaction; what comes of it is written in one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.audit import record
from accounts.clean_json import BadJson, clean_json
from accounts.outbound import OutboundError, OutboundRequest, send
from accounts.scope import Scope, system_scope
from designer.graph.model import Json
from designer.models import Flow
from dialects.formance import ids
from dialects.formance.expressions import ExpressionError, as_text, evaluate
from dialects.formance.expressions.functions import Wrong
from dialects.formance.models import EventTrigger, TriggerOccurrence
from engine.ledger.errors import LedgerRefused
from engine.ledger.outside import bearer
from engine.models import InboundEvent
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow
from engine.services.instances import start_instance
from engine.services.triggers import receive_event
from engine.services.waking import wake_after_commit

log = logging.getLogger(__name__)
ONCE_PER_OBJECT: Final = frozenset({"SAVED_PAYMENT", "SAVED_ACCOUNT"})
"""Types of which a trigger fires once per `payload.id`, however often the message comes."""
LONGEST_ID: Final = 18
"""Digits of the number of an occurrence."""
LEASE: Final = timedelta(seconds=60)
MOST_TRIES: Final = 5
BROKE: Final = "Something went wrong inside while it was looked at; the log of the server says what."
FETCH_SECONDS: Final = 5.0
OF_TRIGGERS: Final = frozenset({"SUCCEEDED_TRIGGER", "FAILED_TRIGGER"})
LONGEST_CHAIN: Final = 5
"""How many triggers of triggers may follow from one another."""
APP: Final = "orchestration"
VERSION: Final = "v2"


# -- making and deleting ----------------------------------------------------------------------------------------------


@transaction.atomic
def make_trigger(scope: Scope, flow: Flow, fields: Mapping[str, Any]) -> EventTrigger:
    """A new trigger of a flow."""
    made = EventTrigger.objects.create(environment=scope.environment, flow=flow, **fields)
    record(scope, "trigger.created", flow, after={"event": made.event, "name": made.name})
    return made


@transaction.atomic
def delete_trigger(scope: Scope, trigger: EventTrigger) -> None:
    """It fires no more; its occurrences are kept."""
    trigger.deleted_at = timezone.now()
    trigger.save(update_fields=["deleted_at"])
    record(scope, "trigger.deleted", trigger.flow, before={"event": trigger.event, "name": trigger.name})


# -- hearing ----------------------------------------------------------------------------------------------------------


def hear(event: InboundEvent, now: datetime) -> None:
    """Note which triggers an event reaches. Call it in the transaction that marks the event as heard."""
    rows = EventTrigger.objects.filter(
        Q(version="") | Q(version=event.version),
        environment_id=event.environment_id,
        event=event.type,
        deleted_at=None,
        flow__formance_deletion=None,
    )
    found = list(rows.order_by("pk"))
    if not found:
        return
    message = message_of(event)
    TriggerOccurrence.objects.bulk_create(
        [
            TriggerOccurrence(
                environment_id=event.environment_id,
                trigger=trigger,
                at=now,
                event=message,
                dedupe=_dedupe(event),
                inbound_event=event,
                look_at=now,
            )
            for trigger in found
        ],
        ignore_conflicts=True,  # it has fired for this object before
    )
    wake_after_commit()


def message_of(event: InboundEvent) -> dict[str, Json]:
    """The whole message."""
    return {
        "date": event.received_at.isoformat().replace("+00:00", "Z"),
        "app": event.app,
        "version": event.version,
        "type": event.type,
        "payload": event.payload,
    }


def _dedupe(event: InboundEvent) -> str:
    if event.type in ONCE_PER_OBJECT and isinstance(event.payload, Mapping):
        id = event.payload.get("id")
        if isinstance(id, (str, int)) and not isinstance(id, bool) and str(id):
            return f"{event.type}:{id}"[:300]
    return f"event:{event.pk}"


# -- looking ----------------------------------------------------------------------------------------------------------


def look_at_occurrences(now: datetime, limit: int = 50) -> int:
    """Look at occurrences that wait, oldest first. Answers how many there were. A chore."""
    waiting = TriggerOccurrence.objects.filter(look_at__lte=now).order_by("look_at", "pk")
    found = list(waiting.values_list("pk", flat=True)[:limit])
    for pk in found:
        occurrence = _claim(pk, now)
        if occurrence is not None:
            _look_at_safely(occurrence, now)
    return len(found)


def _look_at_safely(occurrence: TriggerOccurrence, now: datetime) -> None:
    """One that breaks holds up no other: it is tried again when its lease is over, and given up after some times."""
    try:
        _look_at(occurrence, now)
    except Exception:
        log.exception("the occurrence %s of a trigger broke", occurrence.pk)
        if occurrence.tries >= MOST_TRIES:
            rows = TriggerOccurrence.objects.filter(pk=occurrence.pk)
            rows.update(outcome=TriggerOccurrence.Outcome.FAILED, error=BROKE, look_at=None)


def _claim(pk: int, now: datetime) -> TriggerOccurrence | None:
    """Be the one who looks at it for a while; who dies meanwhile leaves it to the next."""
    with transaction.atomic():
        rows = TriggerOccurrence.objects.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",)
        )
        related = ("trigger__flow__live_version", "trigger__environment__organization")
        found = rows.select_related(*related).filter(pk=pk, look_at__lte=now).first()
        if found is not None:
            found.tries += 1
            found.look_at = now + LEASE
            found.save(update_fields=["tries", "look_at"])
    return found


def _look_at(occurrence: TriggerOccurrence, now: datetime) -> None:
    trigger = occurrence.trigger
    payload = occurrence.event.get("payload")
    if not matches(trigger, payload):
        _leave(occurrence)
        return
    variables, error = _variables(trigger, payload)
    with transaction.atomic():
        if error is None:
            try:
                with transaction.atomic():
                    told = {"type": "event", "by": str(trigger), "event": trigger.event, "payload": payload}
                    scope = system_scope(trigger.environment)
                    occurrence.instance = start_instance(
                        scope, trigger.flow, key=str(uuid4()), input=variables, trigger=told, now=now
                    )
            except (NotLegalNow, InvalidInput, KeyTaken) as refusal:
                error = str(refusal)
        outcomes = TriggerOccurrence.Outcome
        occurrence.outcome = outcomes.STARTED if error is None else outcomes.FAILED
        occurrence.error = (error or "")[:4000]
        occurrence.look_at = None
        occurrence.save(update_fields=["outcome", "error", "look_at", "instance"])
        _tell_the_bus(occurrence, now)


def _leave(occurrence: TriggerOccurrence) -> None:
    """A silent non-match: no occurrence."""
    occurrence.delete()


def _tell_the_bus(occurrence: TriggerOccurrence, now: datetime) -> None:
    """SUCCEEDED_TRIGGER or FAILED_TRIGGER, so that triggers may listen to triggers."""
    from dialects.formance.wire import instance_id

    trigger = occurrence.trigger
    is_started = occurrence.instance is not None
    type = "SUCCEEDED_TRIGGER" if is_started else "FAILED_TRIGGER"
    if not is_listened_to(trigger.environment_id, type) or _goes_round(occurrence):
        return
    payload: dict[str, Json] = {"id": str(occurrence.pk), "triggerID": ids.encode(ids.TRIGGER, trigger.pk)}
    if occurrence.instance is not None:
        payload["workflowInstanceID"] = instance_id(occurrence.instance)
    else:
        payload["error"] = occurrence.error
    receive_event(system_scope(trigger.environment), type, payload, version=VERSION, app=APP, now=now)


def _goes_round(occurrence: TriggerOccurrence) -> bool:
    """Whether what led to an occurrence was that its trigger fired, or too many others did: triggers that listen to
    themselves, or to one another, would never end.
    """
    at = occurrence
    for _ in range(LONGEST_CHAIN):
        cause = _cause_of(at)
        if cause is None:
            return False
        if cause.trigger_id == occurrence.trigger_id:
            return True
        at = cause
    return True


def _cause_of(occurrence: TriggerOccurrence) -> TriggerOccurrence | None:
    """The occurrence that the event of this one tells of; None where it tells of something else."""
    event = occurrence.event
    if event.get("type") not in OF_TRIGGERS or not isinstance(event.get("payload"), Mapping):
        return None
    id = str(event["payload"].get("id", ""))
    if not id.isdecimal() or len(id) > LONGEST_ID:
        return None
    return TriggerOccurrence.objects.filter(environment_id=occurrence.environment_id, pk=int(id)).first()


def is_listened_to(environment_id: int, type: str) -> bool:
    """Whether any trigger of this room listens to a type."""
    rows = EventTrigger.objects.filter(environment_id=environment_id, event=type, deleted_at=None)
    return rows.exists()


# -- expressions ------------------------------------------------------------------------------------------------------


def matches(trigger: EventTrigger, payload: Json) -> bool:
    """Whether the filter lets a payload pass. One that breaks, or answers neither true nor false, does not."""
    if not trigger.filter:
        return True
    try:
        return evaluate(trigger.filter, payload, fetch) is True
    except ExpressionError:
        return False


def _variables(trigger: EventTrigger, payload: Json) -> tuple[dict[str, str], str | None]:
    """The variables of the instance; or why one of them cannot be had."""
    found: dict[str, str] = {}
    for name, text in (trigger.vars or {}).items():
        try:
            found[name] = as_text(evaluate(text, payload, fetch))
        except ExpressionError as error:
            return {}, str(error)
    return found, None


def tried(trigger: EventTrigger, payload: Json) -> dict[str, Any]:
    """What the filter and each variable come to for a payload; nothing is started or stored."""
    answer: dict[str, Any] = {}
    if trigger.filter:
        try:
            answer["filter"] = {"match": evaluate(trigger.filter, payload, fetch) is True}
        except ExpressionError as error:
            answer["filter"] = {"match": False, "error": str(error)}
    if trigger.vars:
        answer["variables"] = {name: _tried(text, payload) for name, text in trigger.vars.items()}
    return answer


def _tried(text: str, payload: Json) -> dict[str, str]:
    try:
        return {"value": as_text(evaluate(text, payload, fetch))}
    except ExpressionError as error:
        return {"error": str(error)}


def fetch(uri: str) -> Json:
    """The JSON behind a link, fetched as this service: on the Formance server of this deployment with its credentials.

    Raises `Wrong`.
    """
    url = urljoin(settings.LEDGER_URL + "/", uri) if settings.LEDGER_URL else uri
    headers = {"Accept": "application/json"}
    try:
        if settings.LEDGER_URL and urlsplit(url)[:2] == urlsplit(settings.LEDGER_URL)[:2]:
            headers |= bearer()
        answer = send(OutboundRequest("GET", url, headers, timeout_seconds=FETCH_SECONDS))
        if answer.status >= 300:
            raise Wrong(f"unexpected status code {answer.status} of {url[:200]}")
        return clean_json(answer.body, max_bytes=settings.MAX_PAYLOAD_BYTES)
    except OutboundError as trouble:
        raise Wrong(f"cannot fetch {url[:200]}: {trouble}") from trouble
    except LedgerRefused as refused:
        raise Wrong(str(refused)) from refused
    except BadJson as bad:
        raise Wrong(f"{url[:200]} answers no JSON: {bad}") from bad
