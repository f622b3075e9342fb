"""Starting flows for subscribers, and taking that back: one instance per subscriber.

The order of checks is that of triggers: what the flow says (is it on, has it tasks, does the payload fit), then whom it
concerns. Everything of one trigger is written in one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.scope import Scope
from designer.graph.model import Json
from designer.models import Flow
from designer.services.versions import plan_of
from engine.models import Instance
from engine.notifying.groups import leave_windows
from engine.notifying.models import MessagePolicy, Notification, Severity, Subscriber, Topic
from engine.notifying.subscribers import keep_subscriber, view_of
from engine.services.errors import NotLegalNow
from engine.services.instances import StartRequest, start_instances
from engine.services.interventions import terminate

MOST_IN_ONE_GO: Final = 500
"""Instances that are started in one transaction."""


class Outcome(StrEnum):
    """What became of a trigger."""

    PROCESSED = "processed"
    SWITCHED_OFF = "switched_off"
    NO_TASKS = "no_tasks"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to notify: a subscriber with what is said of them, or (`topic`) all of a topic but `exclude`."""

    subscriber_id: str = ""
    fields: Mapping[str, Json] = field(default_factory=dict)
    topic: str = ""
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What happened. `recipients` None: every subscriber of the environment."""

    flow: Flow
    payload: Mapping[str, Json]
    recipients: Sequence[Recipient] | None
    transaction_id: str = ""
    overrides: Mapping[str, Json] = field(default_factory=dict)
    actor: Recipient | None = None
    tenant: Json = None
    context: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Triggered:
    """The answer to a trigger."""

    outcome: Outcome
    transaction_id: str
    count: int = 0


def trigger(scope: Scope, asked: Trigger, *, now: datetime | None = None) -> Triggered:
    """Start the flow's live version for each recipient. Execution goes on by itself."""
    moment = now or timezone.now()
    id = asked.transaction_id or str(uuid.uuid4())
    flow = asked.flow
    if not flow.is_enabled:
        return Triggered(Outcome.SWITCHED_OFF, id)
    if flow.live_version_id is None or not plan_of(flow.live_version_id).flow.tasks:
        return Triggered(Outcome.NO_TASKS, id)
    with transaction.atomic():
        actor = _keep(scope, asked.actor) if asked.actor is not None else None
        found = _subscribers(scope, asked, actor)
        if not found:
            return Triggered(Outcome.NOBODY, id)
        policy, _ = MessagePolicy.objects.get_or_create(flow=flow)
        for start in range(0, len(found), MOST_IN_ONE_GO):
            _start(scope, asked, id, found[start : start + MOST_IN_ONE_GO], actor, policy, moment)
        MessagePolicy.objects.filter(pk=policy.pk).update(last_triggered_at=moment)
    return Triggered(Outcome.PROCESSED, id, len(found))


def _keep(scope: Scope, recipient: Recipient) -> Subscriber:
    return keep_subscriber(scope.environment.pk, recipient.subscriber_id, recipient.fields)


def _subscribers(
    scope: Scope, asked: Trigger, actor: Subscriber | None
) -> list[tuple[Subscriber, Mapping[str, Json], list[str]]]:
    """Everyone it concerns, once each, with how they were named and the topics they came by."""
    found: dict[int, tuple[Subscriber, Mapping[str, Json], list[str]]] = {}

    def add(subscriber: Subscriber, named: Mapping[str, Json], topic: str = "") -> None:
        entry = found.setdefault(subscriber.pk, (subscriber, named, []))
        if topic and topic not in entry[2]:
            entry[2].append(topic)

    if asked.recipients is None:
        for subscriber in Subscriber.objects.within(scope).order_by("pk"):
            add(subscriber, {"subscriberId": subscriber.subscriber_id})
    for recipient in asked.recipients or ():
        if not recipient.topic:
            named = {"subscriberId": recipient.subscriber_id, **recipient.fields}
            add(_keep(scope, recipient), named)
            continue
        for subscriber in _of_topic(scope, recipient):
            if actor is None or subscriber.pk != actor.pk:
                add(subscriber, {"subscriberId": subscriber.subscriber_id}, recipient.topic)
    # In one order for all: two triggers of the same people never wait for each other's rows crosswise.
    return sorted(found.values(), key=lambda entry: entry[0].pk)


def _of_topic(scope: Scope, recipient: Recipient) -> Iterable[Subscriber]:
    topic = Topic.objects.within(scope).filter(key=recipient.topic).first()
    if topic is None:
        return ()
    return topic.subscribers.exclude(subscriber_id__in=recipient.exclude).order_by("pk")


def _start(
    scope: Scope,
    asked: Trigger,
    id: str,
    found: Sequence[tuple[Subscriber, Mapping[str, Json], list[str]]],
    actor: Subscriber | None,
    policy: MessagePolicy,
    now: datetime,
) -> None:
    flow = asked.flow
    said = asked.overrides.get("severity")
    severity = str(said) if said in Severity.values else policy.severity
    rows = [
        Notification.objects.create(
            environment=scope.environment,
            flow=flow,
            flow_name=flow.name,
            flow_key=flow.key,
            subscriber=subscriber,
            transaction_id=id,
            payload=dict(asked.payload),
            recipient=dict(named),
            overrides=dict(asked.overrides),
            actor=view_of(actor) if actor is not None else None,
            tenant=asked.tenant,
            topics=topics,
            tags=list(flow.tags),
            severity=severity,
            is_critical=policy.is_critical,
            created_at=now,
        )
        for subscriber, named, topics in found
    ]
    requests = [
        StartRequest(
            input=dict(asked.payload),
            context={
                **asked.context,
                "subscriber": view_of(subscriber),
                "actor": row.actor,
                "tenant": asked.tenant,
                "notification": row.pk,
            },
            trigger={"type": "notification", "by": scope.actor_name, "transaction": id, "payload": None},
        )
        for row, (subscriber, _, _) in zip(rows, found, strict=True)
    ]
    for row, instance in zip(rows, start_instances(scope, flow, requests, now=now), strict=True):
        row.instance = instance
        row.save(update_fields=["instance"])


def cancel(scope: Scope, transaction_id: str, *, now: datetime | None = None) -> bool:
    """End what still waits of a transaction: delays, digests, and all behind them. Whether there was anything."""
    moment = now or timezone.now()
    rows = Notification.objects.within(scope).filter(transaction_id=transaction_id, instance__isnull=False)
    found = False
    for row in rows.select_related("instance__flow").order_by("pk"):
        instance = row.instance
        if instance is not None and not instance.is_final:
            found = cancel_instance(scope, instance, now=moment) or found
    return found


def cancel_instance(scope: Scope, instance: Instance, *, now: datetime) -> bool:
    """End one instance and leave its digests to others. Whether it was still under way."""
    with transaction.atomic():
        try:
            terminate(scope, instance, reason="Cancelled.", now=now)
        except NotLegalNow:
            return False
        leave_windows(instance.pk, now)
    return True
