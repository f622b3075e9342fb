"""One message: for whom, whether it is wanted, what it says, and its way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction

from accounts.live import publish
from designer.graph.model import Json
from engine.core.json_logic import RuleTooLarge, holds
from engine.core.ports import Completed, Result, Skipped, StepContext, failed
from engine.notifying import contents, html
from engine.notifying.delivering import DeliveryFailed, Outlet, deliver, outlet_of
from engine.notifying.models import Channel, Message, MessagePolicy, Notification, Severity, Subscriber
from engine.notifying.preferences import wish_for
from engine.notifying.subscribers import view_of

ADDRESSED: Final = {Channel.EMAIL: "email", Channel.SMS: "phone"}
"""What of a subscriber a channel writes to."""
HTML: Final = frozenset({Channel.IN_APP, Channel.EMAIL})
"""Channels whose body is HTML."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A step that notifies: whom, with which data, on behalf of which notification."""

    context: StepContext
    subscriber: Subscriber
    notification: Notification | None
    data: Mapping[str, Json]

    @property
    def policy(self) -> MessagePolicy | None:
        """How the flow notifies."""
        return MessagePolicy.objects.filter(flow_id=self.context.flow_id).first()

    @property
    def severity(self) -> str:
        """How much it matters: as the trigger says, else the flow."""
        asked = (self.notification.overrides or {}).get("severity") if self.notification is not None else None
        policy = self.policy
        return str(asked) if asked in Severity.values else policy.severity if policy is not None else Severity.NONE


class NobodyToNotify(Exception):
    """The step cannot tell whom it notifies. The text says why."""


def errand_of(context: StepContext) -> Errand:
    """Whom a step notifies: who its setting `to` names, else the instance's subscriber. Raises `NobodyToNotify`."""
    data = contents.view_of(context.data)
    about = data.get("context")
    notification = _notification(about.get("notification") if isinstance(about, Mapping) else None, context)
    named = context.task.settings.get("to")
    if named:
        id = contents.render_text(str(named), data).strip()
    elif notification is not None:
        id = notification.subscriber.subscriber_id
    else:
        given = data.get("subscriber")
        id = str(given.get("subscriberId") or "") if isinstance(given, Mapping) else str(given or "")
    if not id:
        raise NobodyToNotify("There is no subscriber: name one under “Subscriber”, or start it by a trigger.")
    found = Subscriber.objects.filter(environment_id=context.environment_id, subscriber_id=id).first()
    if found is None:
        raise NobodyToNotify(f"There is no subscriber {id[:80]!r} in this environment.")
    seen = {**data, "subscriber": view_of(found)}
    return Errand(context, found, notification, seen)


def _notification(id: Json, context: StepContext) -> Notification | None:
    if not isinstance(id, int):
        return None
    rows = Notification.objects.filter(environment_id=context.environment_id).select_related("subscriber")
    return rows.filter(pk=id).first()


def reason_to_skip(errand: Errand) -> Skipped | None:
    """The step's own condition is not met."""
    return skipped_by_rule(errand.context, errand.data)


def skipped_by_rule(context: StepContext, data: Mapping[str, Json]) -> Skipped | None:
    """Skips a step whose setting `only_if` does not hold; None when it does, or nothing is set."""
    rule = context.task.settings.get("only_if")
    if not isinstance(rule, Mapping) or not rule:
        return None
    try:
        if holds(rule, data, now=context.now):
            return None
    except RuleTooLarge:
        return Skipped(reason="Its condition is too large to be looked at.", output={"condition": "too large"})
    return Skipped(reason="Its condition is not met.", output={"condition": "not met"})


def notify(context: StepContext) -> Result:
    """Send a step's message, unless its condition or somebody's wish is against it. The whole of a channel's step."""
    channel = context.task.kind
    try:
        errand = errand_of(context)
    except NobodyToNotify as bad:
        return failed("NobodyToNotify", str(bad))
    skipped = reason_to_skip(errand)
    if skipped is not None:
        return skipped
    wish = wish_for(errand.subscriber, context.flow_id, channel, context.now)
    if not wish.is_wanted:
        return Skipped(reason=f"Turned off {wish.by}.", output={"turned_off": wish.by})
    outlet = outlet_of(context.environment_id, channel)
    if outlet is None:
        return failed("NoProvider", f"Every provider for {Channel(channel).label} is switched off.")
    return _send(errand, outlet)


def _send(errand: Errand, outlet: Outlet) -> Result:
    context, channel = errand.context, errand.context.task.kind
    said = compose(context.task.kind, _settings_for(errand), errand.data)
    if not said["subject"].strip() and not said["body"].strip():
        return failed("NothingToSay", "The message has neither a subject nor a text.", input=said)
    address = _address(errand)
    needs = ADDRESSED.get(Channel(channel))
    if needs is not None and not address:
        who = errand.subscriber.subscriber_id
        return failed("NoAddress", f"The subscriber {who} has no {needs}.", input=said)
    message = _keep(errand, outlet, said, address)
    if message.status == Message.Status.SENT and message.channel != Channel.IN_APP:
        return Completed(output=_output(message), input=said)  # an attempt whose worker died after it was sent
    if channel != Channel.IN_APP:
        try:
            deliver(outlet, message)
        except DeliveryFailed as bad:
            Message.objects.filter(pk=message.pk).update(status=Message.Status.ERROR, error=str(bad)[:2000])
            return failed(bad.name, str(bad), retryable=bad.is_retryable, input=said)
        Message.objects.filter(pk=message.pk).update(status=Message.Status.SENT, error="")
    return Completed(output=_output(message), input=said)


def _output(message: Message) -> dict[str, Json]:
    output: dict[str, Json] = {"message": message.pk, "provider": message.provider}
    return {**output, message.channel: message.address} if message.address else output


def _settings_for(errand: Errand) -> Mapping[str, Json]:
    """The task's settings, with what the trigger of this notification says otherwise."""
    settings = errand.context.task.settings
    overrides = errand.notification.overrides if errand.notification is not None else None
    if not isinstance(overrides, Mapping):
        return settings
    own = overrides.get(errand.context.task.kind)
    kept = (
        {key: own[key] for key in ("subject", "body", "from", "reply_to") if key in own}
        if isinstance(own, Mapping)
        else {}
    )
    return {**settings, **kept}


def _address(errand: Errand) -> str:
    needs = ADDRESSED.get(Channel(errand.context.task.kind))
    if needs is None:
        return ""
    overrides = errand.notification.overrides if errand.notification is not None else {}
    own = overrides.get(errand.context.task.kind) if isinstance(overrides, Mapping) else None
    other = own.get("to") if isinstance(own, Mapping) else None
    other = other[0] if isinstance(other, list) and other else other
    return str(other or getattr(errand.subscriber, needs) or "")[:320]


def compose(channel: str, settings: Mapping[str, Json], data: Mapping[str, Json]) -> dict[str, Any]:
    """What a message says: `subject`, `body`, and for its channel what else there is, rendered over `data`."""

    def text(name: str) -> str:
        value = settings.get(name)
        return "" if value is None else contents.render_text(str(value), data)

    body = _body(channel, settings, data)
    content: dict[str, Any] = {}
    for name in ("avatar", "preheader", "reply_to"):
        if settings.get(name):
            content[name] = text(name)
    for name in ("primary_action", "secondary_action", "redirect", "from", "data"):
        if settings.get(name):
            content[name] = contents.render(settings[name], data)
    if settings.get("provider_defaults"):
        content["provider_defaults"] = True
    subject = text("subject")
    if channel == Channel.IN_APP and not settings.get("keep_html"):
        subject = html.sanitized(subject)
    return {"subject": subject, "body": body, "content": content}


def _body(channel: str, settings: Mapping[str, Json], data: Mapping[str, Json]) -> str:
    raw = "" if settings.get("body") is None else str(settings["body"])
    if channel == Channel.EMAIL and settings.get("editor") == "block":
        text = html.blocks_to_html(raw, lambda part: contents.render_text(part, data))
    else:
        text = contents.render_text(raw, data)
    return html.sanitized(text) if channel in HTML and not settings.get("keep_html") else text


def _keep(errand: Errand, outlet: Outlet, said: Mapping[str, Any], address: str) -> Message:
    """The message of this step: kept once, whatever the number of attempts."""
    context, notification = errand.context, errand.notification
    channel = Channel(context.task.kind)
    key = context.idempotency_key[:400]
    row = Message(
        environment_id=context.environment_id,
        notification=notification,
        flow_id=context.flow_id,
        flow_key=context.flow_key,
        instance_id=context.instance_id,
        task=context.task.key,
        subscriber=errand.subscriber,
        idempotency_key=key,
        transaction_id=notification.transaction_id if notification is not None else context.instance_key[:255],
        channel=channel,
        subject=said["subject"],
        body=said["body"],
        content=json.loads(json.dumps(said["content"], default=str)),
        address=address,
        provider=outlet.name,
        provider_type=outlet.type,
        status=Message.Status.SENT if channel == Channel.IN_APP else Message.Status.PENDING,
        severity=errand.severity,
        tags=list(context.flow.tags) if context.flow is not None else [],
        created_at=context.now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return Message.objects.select_related("subscriber").get(idempotency_key=key)
    if channel == Channel.IN_APP:
        announce(errand.subscriber)
    return row


def announce(subscriber: Subscriber) -> None:
    """Tell open inboxes of a subscriber, after the commit, that something is new."""
    organization = subscriber.environment.organization_id
    topic, seq = f"bell:{subscriber.pk}", subscriber.pk
    transaction.on_commit(lambda: publish(topic, organization, seq))
