"""From messages to deliveries, in order; each message once."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from engine.outbox import streaming
from engine.outbox.models import Delivery, Endpoint, Message

Sink = Callable[[Message, datetime], None]
"""Takes a message in the transaction that marks it as dispatched."""
KEPT: Final = timedelta(days=7)
SWEEP_SECONDS: Final = 60.0

_sinks: list[Sink] = []


def add_sink(sink: Sink) -> None:
    """Have `sink` given every message too."""
    if sink not in _sinks:
        _sinks.append(sink)


def dispatch_messages(now: datetime, limit: int = 200) -> int:
    """Give the oldest messages to whom they concern. Answers how many there were. A chore."""
    if not Message.objects.filter(dispatched_at=None).exists():
        return 0
    with transaction.atomic():
        # Whoever comes second waits here, and then finds none of these: the order of messages stays.
        rows = Message.objects.select_for_update().filter(dispatched_at=None).order_by("pk")
        found = list(rows[:limit])
        Delivery.objects.bulk_create(_deliveries(found, now))
        for message in found:
            for sink in _sinks:
                sink(message, now)
        if settings.EVENT_STREAM_OUT:
            streaming.publish(found)
        Message.objects.filter(pk__in=[message.pk for message in found]).update(dispatched_at=now)
    return len(found)


def _deliveries(messages: Sequence[Message], now: datetime) -> list[Delivery]:
    endpoints: dict[int, list[Endpoint]] = defaultdict(list)
    wanted = {message.environment_id for message in messages}
    for endpoint in Endpoint.objects.filter(is_active=True, environment_id__in=wanted):
        endpoints[endpoint.environment_id].append(endpoint)
    return [
        Delivery(endpoint=endpoint, message=message, instance_id=message.instance_id, next_at=now)
        for message in messages
        for endpoint in endpoints[message.environment_id]
        if endpoint.wants(message.type)
    ]


def sweep_out(now: datetime, limit: int = 500) -> int:
    """Remove the oldest messages if all is done of them since a week. Answers how many. A chore, done once a minute."""
    if time.monotonic() < _swept.next_at:
        return 0
    oldest = Message.objects.order_by("pk")[:limit]
    old = [message.pk for message in oldest if message.dispatched_at and message.dispatched_at < now - KEPT]
    pending = Delivery.objects.filter(message_id__in=old, status=Delivery.Status.PENDING)
    done = set(old) - set(pending.values_list("message_id", flat=True))
    if done:
        Message.objects.filter(pk__in=done).delete()
    else:
        _swept.next_at = time.monotonic() + SWEEP_SECONDS
    return len(done)


@dataclass(slots=True)
class _Swept:
    next_at: float = 0.0


_swept: Final = _Swept()
