"""Redis streams: messages out, events in. Only where the settings name them."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import redis
from django.conf import settings

from accounts.models import Environment
from designer.graph.model import Json
from engine.outbox.models import Message

log = logging.getLogger(__name__)
GROUP: Final = "quadrille"
MOST_KEPT: Final = 1_000_000
TIMEOUT_SECONDS: Final = 5.0


@lru_cache(maxsize=1)
def client() -> Any:
    """The connection of this process."""
    url = settings.EVENT_STREAM_URL or settings.REDIS_URL
    return redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, decode_responses=True)


def publish(messages: Sequence[Message]) -> None:
    """Append messages to the stream, in their order. At least once: `id` tells repeats. Raises `redis.RedisError`."""
    places = _places({message.environment_id for message in messages})
    pipe = client().pipeline(transaction=True)
    for message in messages:
        entry = {
            "id": message.key,
            "environment": places.get(message.environment_id, ""),
            "type": message.type,
            "timestamp": message.at.isoformat(),
            "data": json.dumps(message.data, ensure_ascii=False),
        }
        pipe.xadd(settings.EVENT_STREAM_OUT, entry, maxlen=MOST_KEPT, approximate=True)
    pipe.execute()


def _places(pks: set[int]) -> dict[int, str]:
    rows = Environment.objects.filter(pk__in=pks).values_list("pk", "organization__slug", "slug")
    return {pk: f"{organization}/{slug}" for pk, organization, slug in rows}


def open_group() -> None:
    """Have the group of readers, made if need be."""
    try:
        client().xgroup_create(settings.EVENT_STREAM_IN, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def read(consumer: str, count: int) -> list[tuple[str, dict[str, str]]]:
    """Entries nobody has acknowledged: first those of readers that died, then new ones."""
    try:
        taken = client().xautoclaim(settings.EVENT_STREAM_IN, GROUP, consumer, min_idle_time=60_000, count=count)
        entries = list(taken[1])
        if len(entries) < count:
            found = client().xreadgroup(GROUP, consumer, {settings.EVENT_STREAM_IN: ">"}, count=count - len(entries))
            entries += [entry for _, rows in found or () for entry in rows]
    except redis.ResponseError as error:
        if "NOGROUP" not in str(error):
            raise
        open_group()
        return []
    return [(id, fields) for id, fields in entries if fields]


def acknowledge(ids: Sequence[str]) -> None:
    """These are taken in."""
    if ids:
        client().xack(settings.EVENT_STREAM_IN, GROUP, *ids)


def payload_of(fields: dict[str, str]) -> Json:
    """The payload of an entry: JSON, else the text itself. Raises ValueError for neither."""
    text = fields.get("payload") or fields.get("data") or "null"
    return json.loads(text)
