"""What starts instances from outside the console: schedules, inbound events, webhooks, forms.

Each firing leaves an `Occurrence`, which says what came of it; `dedupe` makes each firing happen once. A trigger that
cannot start an instance (its inputs cannot be rendered, the flow is disabled) is refused with its reason for good.

Schedules that came due while nothing ran fire once, at the next start, however often they were missed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.clean_json import BadJson, clean_json
from accounts.lookups import Lookup
from accounts.models import Environment
from accounts.scope import Scope, system_scope
from accounts.sealing import SecretUnreadable, unseal
from designer.graph.model import Json
from designer.models import Flow, Trigger, TriggerType
from designer.services.guards import TriedInput, TriedTrigger
from designer.services.schedules import next_firing
from designer.services.versions import flow_of
from engine.core.filters import mismatch
from engine.core.templates import TemplateError, render_value
from engine.entities.store import refer_to
from engine.models import InboundEvent, Occurrence
from engine.services.errors import InvalidInput, KeyTaken, NotLegalNow
from engine.services.executing import MAX_VALUE_BYTES, storing_problem
from engine.services.fitting import fitting
from engine.services.instances import CheckedStart, StartRequest, check_start, start_checked
from engine.services.listeners import tell_listeners
from engine.services.putting import put
from engine.services.together import Together
from engine.services.waking import wake_after_commit
from engine.storage import json_text
from engine.storage.tables import INBOUND_EVENT_TYPES, OCCURRENCE_TYPES

log = logging.getLogger(__name__)
LONGEST_TYPE: Final = 200
LONGEST_NAME: Final = 100
LONGEST_TRIED: Final = 2_000
"""Characters of a value that trying a trigger shows."""
SIGNATURE_TOLERANCE: Final = timedelta(minutes=5)
"""How far a webhook's timestamp may be from our clock (Standard Webhooks)."""


class SignatureRefused(Exception):
    """The webhook's signature is missing or wrong (401). The message says which, and nothing about the secret."""


# -- schedules --------------------------------------------------------------------------------------------------------


def fire_due_schedules(now: datetime, limit: int = 50) -> int:
    """Fire schedules that are due, each in a transaction of its own. Answers how many were due."""
    due = Trigger.objects.filter(next_at__lte=now, is_active=True).order_by("next_at")[:limit]
    ids = list(due.values_list("pk", flat=True))
    for pk in ids:
        _fire_schedule(pk, now)
    return len(ids)


def _fire_schedule(pk: int, now: datetime) -> None:
    with transaction.atomic():
        rows = Trigger.objects.select_for_update(
            skip_locked=connection.features.has_select_for_update_skip_locked, of=("self",)
        )
        trigger = rows.select_related("flow__live_version", "environment__organization").filter(pk=pk).first()
        if trigger is None or trigger.next_at is None or trigger.next_at > now:
            return
        was_due_at = trigger.next_at
        flow = flow_of(trigger.flow.live_version) if trigger.flow.live_version else None
        zone = str(trigger.settings.get("timezone") or (flow.timezone if flow else "UTC"))
        trigger.next_at = next_firing(str(trigger.settings.get("cron", "")), timezone=zone, after=now)
        trigger.save(update_fields=["next_at"])
        payload = {"scheduled_at": was_due_at.isoformat(), "fired_at": now.isoformat()}
        fire_trigger(trigger, payload, now=now, dedupe=was_due_at.isoformat())


# -- inbound events ---------------------------------------------------------------------------------------------------


def receive_event(
    scope: Scope, type: str, payload: Json = None, *, version: str = "", app: str = "", now: datetime | None = None
) -> InboundEvent:
    """Take in an event on the environment's bus; listening triggers are matched right after. Raises `InvalidInput`."""
    problems = []
    for name, text in (("version", version), ("app", app)):
        if len(text) > LONGEST_NAME or "\0" in text:
            problems.append((name, f"must be a text of at most {LONGEST_NAME} characters"))
    if not type.strip() or len(type) > LONGEST_TYPE or "\0" in type:
        problems.append(("type", f"must be a text of 1 to {LONGEST_TYPE} characters"))
    problem = storing_problem(payload)
    if problem is not None:
        problems.append(("payload", problem))
    if problems:
        raise InvalidInput(problems)
    return _take_in_together(_Arrival(scope.environment, type, payload, version, app, now or timezone.now()))


@dataclass(frozen=True, slots=True)
class _Arrival:
    """An event on a bus that is to be stored."""

    environment: Environment
    type: str
    payload: Json
    version: str
    app: str
    received_at: datetime


def _take_in(arrivals: Sequence[_Arrival]) -> Sequence[InboundEvent]:
    """Store events in the caller's transaction."""
    events = [
        InboundEvent(
            environment=one.environment,
            type=one.type,
            version=one.version,
            app=one.app,
            payload=one.payload,
            received_at=one.received_at,
        )
        for one in arrivals
    ]
    taken = put(events, INBOUND_EVENT_TYPES)
    wake_after_commit()
    return taken


_take_in_together: Final = Together(_take_in)


def match_inbound_events(now: datetime, limit: int = 100) -> int:
    """Ask the triggers for the oldest events that were not matched yet, each in a transaction of its own.

    Answers how many were matched; those that somebody else is matching do not count.
    """
    ids = list(InboundEvent.objects.filter(matched_at=None).order_by("pk").values_list("pk", flat=True)[:limit])
    return sum(_match_event(pk, now) for pk in ids)


def _match_event(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        rows = InboundEvent.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        event = rows.filter(pk=pk, matched_at=None).first()
        if event is None:
            return False
        listening = Trigger.objects.filter(
            environment_id=event.environment_id, type=TriggerType.EVENT, event_type=event.type, is_active=True
        )
        for trigger in listening.select_related("flow__live_version", "environment__organization").order_by("pk"):
            fire_trigger(trigger, event.payload, now=now, dedupe=f"event:{event.pk}", inbound=event)
        tell_listeners(event, now)
        event.matched_at = now
        event.save(update_fields=["matched_at"])
        return True


# -- webhooks ---------------------------------------------------------------------------------------------------------


def find_webhook(secret_path: str) -> Trigger | None:
    """The active webhook trigger at an address; None where there is none."""
    return _WEBHOOK.first(secret_path)


def _called(secret_path: str, type: str) -> QuerySet[Trigger]:
    rows = Trigger.objects.select_related("flow__live_version", "environment__organization").order_by()
    # What a version says is known by its id after the first time.
    rows = rows.defer("flow__draft_document", "flow__live_version__document")
    # Nor does anybody ask when all this was made.
    rows = rows.defer("flow__created_at", "flow__updated_at", "flow__live_version__published_at")
    rows = rows.defer("environment__created_at", "environment__organization__created_at")
    return rows.filter(type=type, secret_path=secret_path, is_active=True)


_WEBHOOK: Final = Lookup(lambda path: _called(path, TriggerType.WEBHOOK), "a path", is_kept=True)


def receive_webhook(
    trigger: Trigger, body: bytes, headers: Mapping[str, str], *, now: datetime | None = None
) -> Occurrence:
    """Start an instance by a webhook. A message that is repeated with the same `webhook-id` is answered with the
    occurrence of the first. `headers` are looked up in lower case.

    Raises `SignatureRefused`, `InvalidInput` (no JSON, too large), `NotLegalNow` (flow disabled or not published).
    """
    moment = now or timezone.now()
    lowered = {name.lower(): value for name, value in headers.items()}
    if trigger.secret:
        check_signature(trigger, body, lowered, now=moment)
    payload: Json = None
    if body.strip():
        try:
            payload = clean_json(body, max_bytes=MAX_VALUE_BYTES)
        except BadJson as bad:
            raise InvalidInput([(bad.path, bad.message)]) from bad
    message_id = lowered.get("webhook-id", "")[:190]
    return _receive_once(trigger, payload, f"hook:{message_id}" if message_id else None, now=moment)


def _receive_once(trigger: Trigger, payload: Json, dedupe: str | None, *, now: datetime, by: str = "") -> Occurrence:
    """Fire a trigger that somebody calls; a repeat is answered with the first occurrence. Raises `NotLegalNow`."""
    before = _fired_before(trigger, dedupe)
    if before is not None:
        return before
    if not trigger.flow.is_enabled:
        raise NotLegalNow("The flow is disabled: nothing starts it.")
    try:
        return _fire_together(_prepare(trigger, payload, now=now, dedupe=dedupe, inbound=None, by=by))
    except IntegrityError:
        before = _fired_before(trigger, dedupe)
        if before is None:
            raise
        return before


def _fired_before(trigger: Trigger, dedupe: str | None) -> Occurrence | None:
    return None if dedupe is None else Occurrence.objects.filter(trigger=trigger, dedupe=dedupe).first()


def check_signature(trigger: Trigger, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
    """Check a Standard Webhooks signature: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, one of several.

    Raises `SignatureRefused`.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (message_id and stamp and given):
        raise SignatureRefused("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise SignatureRefused("The header webhook-timestamp must be in seconds since 1970.")
    if abs(int(stamp) - now.timestamp()) > SIGNATURE_TOLERANCE.total_seconds():
        raise SignatureRefused("The header webhook-timestamp is too far from the present.")
    expected = sign(_signing_key(trigger), message_id, stamp, body)
    if not any(hmac.compare_digest(one.encode("utf-8", "replace"), expected.encode()) for one in given.split(" ")):
        raise SignatureRefused("The signature does not fit.")


def sign(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The Standard Webhooks signature of a message."""
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def _signing_key(trigger: Trigger) -> bytes:
    try:
        return base64.b64decode(unseal(trigger.secret).removeprefix("whsec_"))
    except SecretUnreadable as unreadable:
        raise SignatureRefused(str(unreadable)) from unreadable


# -- forms ------------------------------------------------------------------------------------------------------------


def find_form(secret_path: str) -> Trigger | None:
    """The active form trigger at an address; None where there is none."""
    rows = Trigger.objects.select_related("flow__live_version", "environment__organization")
    return rows.filter(type=TriggerType.FORM, secret_path=secret_path, is_active=True).first()


def form_schema(trigger: Trigger) -> Json:
    """What a form asks for: its own schema, else what the live version declares of its input; None for neither."""
    own = trigger.settings.get("form")
    live = trigger.flow.live_version
    return own or (flow_of(live).input_schema if live is not None else None) or None


def receive_form(trigger: Trigger, value: Json, *, token: str, by: str = "", now: datetime | None = None) -> Occurrence:
    """Start an instance by a form that was filled in. `token` names the page that was sent: sent twice it counts once.

    Raises `InvalidInput` with the path of what does not fit the form, `NotLegalNow` (flow disabled).
    """
    form = form_schema(trigger)
    problem = storing_problem(value)
    if problem is not None:
        raise InvalidInput([("", problem)])
    given = fitting(form, value) if isinstance(form, Mapping) else value
    return _receive_once(trigger, given, f"form:{token[:100]}", now=now or timezone.now(), by=by)


# -- firing -----------------------------------------------------------------------------------------------------------


def fire_trigger(
    trigger: Trigger,
    payload: Json,
    *,
    now: datetime,
    dedupe: str | None = None,
    inbound: InboundEvent | None = None,
    by: str = "",
) -> Occurrence:
    """Fire a trigger once: filter, render its inputs, start an instance; write down what came of it. Call it inside a
    transaction. Raises IntegrityError when `dedupe` has fired already. `by`: who did it, where a person did.
    """
    (occurrence,) = _fire([_prepare(trigger, payload, now=now, dedupe=dedupe, inbound=inbound, by=by)])
    return occurrence


@dataclass(frozen=True, slots=True)
class _Firing:
    """A trigger that fires. `start`: what it starts; None when the columns of its occurrence say why it does not."""

    flow_id: int
    columns: Mapping[str, Any]
    start: CheckedStart | None


REFUSALS: Final = (NotLegalNow, InvalidInput, KeyTaken, TemplateError)


def _prepare(
    trigger: Trigger, payload: Json, *, now: datetime, dedupe: str | None, inbound: InboundEvent | None, by: str
) -> _Firing:
    """Filter, and render its inputs. Writes nothing."""
    start, columns = None, {"outcome": Occurrence.Outcome.STARTED, "reason": ""}
    filtered = mismatch(str(trigger.settings.get("filter") or ""), payload)
    if filtered is not None:
        columns = {"outcome": Occurrence.Outcome.FILTERED, "reason": filtered}
    else:
        try:
            start = _start_of(trigger, payload, now, by)
        except REFUSALS as refusal:
            columns = _refused(refusal)
    others = {
        "environment_id": trigger.environment_id,
        "trigger": trigger,
        "flow": trigger.flow,
        "type": trigger.type,
        "at": now,
        "dedupe": dedupe,
        "payload": payload,
        "inbound_event": inbound,
    }
    return _Firing(trigger.flow_id, columns | others, start)


def _refused(refusal: Exception) -> dict[str, Any]:
    return {"outcome": Occurrence.Outcome.REFUSED, "reason": str(refusal)[:2000]}


def _fire(firings: Sequence[_Firing]) -> list[Occurrence]:
    """Start what firings of one flow start, in the caller's transaction, and write down what came of each. Raises
    IntegrityError where one has fired before; of several also what one of them is refused for.
    """
    starting = [firing.start for firing in firings if firing.start is not None]
    has_key = any(request.key is not None for start in starting for request in start.requests)
    occurrences = [Occurrence(**firing.columns) for firing in firings]
    try:
        with transaction.atomic() if has_key else nullcontext():
            started = iter(start_checked(starting) if starting else [])
    except REFUSALS as refusal:
        if len(firings) > 1:
            raise
        for name, value in _refused(refusal).items():
            setattr(occurrences[0], name, value)
    else:
        for firing, occurrence in zip(firings, occurrences, strict=True):
            if firing.start is not None:
                (occurrence.instance,) = next(started)
    return put(occurrences, OCCURRENCE_TYPES)


_fire_together: Final = Together(_fire, fits=lambda chosen, firing: chosen[0].flow_id == firing.flow_id)


def try_trigger(trigger: Trigger, payload: Json, *, now: datetime) -> TriedTrigger:
    """What would come of an event: its filter, and each input. Nothing is started or written down."""
    reason = mismatch(str(trigger.settings.get("filter") or ""), payload) or ""
    inputs = trigger.settings.get("inputs")
    named = inputs if isinstance(inputs, Mapping) else {"input": inputs} if inputs is not None else {}
    data = _data(trigger.flow, payload, now)
    tried = [_try_input(name, value, data) for name, value in named.items()]
    if inputs is None:
        tried = [TriedInput("the whole event", json_text.write(payload)[:LONGEST_TRIED])]
    broken = next((one for one in tried if one.error), None)
    if not reason and broken is not None:
        reason = f"{broken.name} cannot be had, so no instance is started."
    if not reason and not (trigger.is_active and trigger.flow.is_enabled):
        reason = "It fits, but the trigger or its flow is disabled."
    return TriedTrigger(not reason, reason, tried)


def _try_input(name: str, value: Json, data: Mapping[str, Json]) -> TriedInput:
    try:
        found = render_value(value, data, f"inputs.{name}")
    except TemplateError as bad:
        return TriedInput(name, error=str(bad))
    return TriedInput(name, json_text.write(found)[:LONGEST_TRIED])


def _data(flow: Flow, payload: Json, now: datetime) -> dict[str, Json]:
    """What the inputs of a trigger may refer to."""
    return {"event": payload, "now": now.isoformat(), "flow": {"key": flow.key, "name": flow.name}}


Preparer = Callable[[Trigger, StartRequest, datetime], StartRequest]
"""Changes how a trigger starts an instance at a moment, or raises `NotLegalNow` to let it be."""
_preparers: list[Preparer] = []


def add_preparer(prepare: Preparer) -> None:
    """Have a dialect asked before a trigger starts an instance: it may know another id for it, or another input."""
    _preparers.append(prepare)


def _start_of(trigger: Trigger, payload: Json, now: datetime, by: str) -> CheckedStart:
    """What a trigger starts. Raises what it is refused for."""
    flow: Flow = trigger.flow
    inputs = trigger.settings.get("inputs")
    data = _data(flow, payload, now)
    value = payload if inputs is None else render_value(inputs, data, "inputs")
    told: dict[str, Any] = {"type": trigger.type, "by": by or str(trigger), "payload": payload}
    if trigger.event_type:
        told["event"] = trigger.event_type
    context, depth = _linked(trigger.event_type, payload)
    if depth:
        told["depth"] = depth
    request = StartRequest(input=value, trigger=told, context=context)
    for prepare in _preparers:
        request = prepare(trigger, request, now)
    return check_start(system_scope(trigger.environment), flow, [request], now=now)


ABOUT_ENTITIES: Final = ("entity.", "journey.", "automation.")


def _linked(event_type: str, payload: Json) -> tuple[dict[str, Json] | None, int]:
    """The entity that an event of ours is about, linked as `primary`; and how many changes led to the event."""
    if not event_type.startswith(ABOUT_ENTITIES) or not isinstance(payload, Mapping):
        return None, 0
    depth = payload.get("depth")
    entity = payload if event_type.startswith("entity.") else payload.get("entity")
    if not isinstance(entity, Mapping) or not isinstance(entity.get("id"), str):
        return None, 0
    reference: Json = refer_to(entity["id"][:200], str(entity.get("schema") or "")[:100])
    return {"primary": reference}, depth if isinstance(depth, int) and not isinstance(depth, bool) else 0
