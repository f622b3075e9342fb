"""Posting messages to endpoints, signed as Standard Webhooks says, until they are taken.

Those of one instance reach an endpoint in order: one waits for the one before it, which is delivered or given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from accounts.json_text import json_bytes
from accounts.outbound import OutboundError, OutboundRequest, send
from accounts.sealing import SecretUnreadable, unseal
from engine.outbox.models import Delivery, Endpoint

TIMEOUT_SECONDS: Final = 15.0
LEASE: Final = timedelta(seconds=60)
MOST_AT_ONCE: Final = 8
PAUSES: Final = tuple(
    timedelta(**span)
    for span in (
        {"seconds": 5},
        {"seconds": 30},
        {"minutes": 5},
        {"minutes": 30},
        {"hours": 2},
        {"hours": 5},
        {"hours": 10},
        {"hours": 14},
    )
)
"""The pause after each try that came to nothing; after the last one the delivery is given up."""
GONE: Final = 410


def deliver_due(now: datetime, limit: int = 100) -> int:
    """Post what is due, several endpoints at a time. Answers how many were tried. A chore."""
    due = list(_due(now)[:limit])
    by_endpoint: dict[int, list[Delivery]] = {}
    for delivery in due:
        by_endpoint.setdefault(delivery.endpoint_id, []).append(delivery)
    batches = list(by_endpoint.values())
    if len(batches) < 2:
        return sum(_post_all(batch) for batch in batches)
    with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as threads:
        return sum(threads.map(_post_all_and_close, batches))


def _due(now: datetime) -> Any:
    earlier = Delivery.objects.filter(
        endpoint_id=OuterRef("endpoint_id"),
        instance_id=OuterRef("instance_id"),
        status=Delivery.Status.PENDING,
        pk__lt=OuterRef("pk"),
    )
    rows = Delivery.objects.filter(status=Delivery.Status.PENDING, next_at__lte=now, endpoint__is_active=True)
    return rows.filter(~Exists(earlier)).select_related("endpoint", "message").order_by("pk")


def _post_all_and_close(batch: Sequence[Delivery]) -> int:
    try:
        return _post_all(batch)
    finally:
        connection.close()


def _post_all(batch: Sequence[Delivery]) -> int:
    return sum(_post(delivery) for delivery in batch)


def _post(delivery: Delivery) -> int:
    """Claim a delivery and try it. Answers 0 when somebody else has it."""
    now = timezone.now()
    rows = Delivery.objects.filter(pk=delivery.pk, status=Delivery.Status.PENDING, next_at=delivery.next_at)
    if not rows.update(next_at=now + LEASE, tries=delivery.tries + 1):
        return 0
    delivery.tries += 1
    status, answer = _send(delivery, now)
    ended = timezone.now()
    if 200 <= status < 300:
        _settle(delivery, Delivery.Status.DELIVERED, answer, ended)
    elif status == GONE:
        _settle(delivery, Delivery.Status.FAILED, answer, ended)
        gone = Endpoint.objects.filter(pk=delivery.endpoint_id)
        gone.update(is_active=False, note="It answered 410 Gone.")
    elif delivery.tries > len(PAUSES):
        _settle(delivery, Delivery.Status.FAILED, answer, ended)
    else:
        pause = PAUSES[delivery.tries - 1]
        Delivery.objects.filter(pk=delivery.pk).update(next_at=ended + pause, answer=answer)
    return 1


def _settle(delivery: Delivery, status: Delivery.Status, answer: str, at: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(status=status, answer=answer, next_at=None, ended_at=at)


def _send(delivery: Delivery, now: datetime) -> tuple[int, str]:
    """The status that came back (0 for none), and words for people."""
    try:
        secret = unseal(delivery.endpoint.secret)
    except SecretUnreadable as unreadable:
        return 0, str(unreadable)[:300]
    body = body_of(delivery)
    request = OutboundRequest(
        "POST",
        delivery.endpoint.url,
        {"Content-Type": "application/json", **signature_headers(secret, delivery.message.key, now, body)},
        body,
        timeout_seconds=TIMEOUT_SECONDS,
        max_bytes=64 * 1024,
    )
    try:
        answer = send(request)
    except OutboundError as trouble:
        return 0, str(trouble)[:300]
    return answer.status, f"{answer.status} after {answer.seconds:.1f} s"


def body_of(delivery: Delivery) -> bytes:
    """What is posted: `{type, timestamp, data}`."""
    message = delivery.message
    stamp = message.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json_bytes({"type": message.type, "timestamp": stamp, "data": message.data})


def signature_headers(secret: str, key: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    signature = Webhook(secret).sign(key, now, body.decode())
    return {"webhook-id": key, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
