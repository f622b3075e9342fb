"""Events from a Redis stream, for the triggers of the environment that each names (`organization/environment`).

An entry is acknowledged once its event is stored; after a crash in between it comes again, and is known by its id.
"""

from __future__ import annotations

import logging
import os
import socket
from datetime import datetime
from typing import Final

import redis
from django.conf import settings
from django.core.cache import cache

from accounts.models import Environment
from accounts.scope import system_scope
from engine.outbox import streaming
from engine.services.errors import InvalidInput
from engine.services.triggers import receive_event

log = logging.getLogger(__name__)
MOST: Final = 100
REMEMBERED_SECONDS: Final = 24 * 3600


def read_stream(now: datetime) -> int:
    """Take in what is on the stream. Answers how much it was. A chore."""
    if not settings.EVENT_STREAM_IN:
        return 0
    try:
        entries = streaming.read(f"{socket.gethostname()}-{os.getpid()}", MOST)
    except redis.RedisError as trouble:
        log.warning("the event stream cannot be read: %s", trouble)
        return 0
    for id, fields in entries:
        _take(id, fields, now)
        streaming.acknowledge([id])
    return len(entries)


def _take(id: str, fields: dict[str, str], now: datetime) -> None:
    """Store one event. One that cannot be taken is logged and left: nobody would mend it."""
    if not cache.add(f"stream:{settings.EVENT_STREAM_IN}:{id}", 1, REMEMBERED_SECONDS):
        return
    environment = _environment(fields.get("environment", ""))
    if environment is None:
        log.warning("entry %s of the event stream names no environment of ours", id)
        return
    try:
        receive_event(
            system_scope(environment),
            fields.get("type", ""),
            streaming.payload_of(fields),
            version=fields.get("version", ""),
            app=fields.get("app", ""),
            now=now,
        )
    except (InvalidInput, ValueError) as bad:
        log.warning("entry %s of the event stream is no event: %s", id, bad)
    except Exception:
        cache.delete(f"stream:{settings.EVENT_STREAM_IN}:{id}")
        raise


def _environment(place: str) -> Environment | None:
    organization, _, slug = place.partition("/")
    rows = Environment.objects.select_related("organization")
    return rows.filter(slug=slug, organization__slug=organization).first()
