"""Whether what this installation stands on answers: database, cache, channel layer, broker. Each asked briefly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from asgiref.sync import async_to_sync
from celery import current_app
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
LAYER_SECONDS: Final = 2.0
BROKER_SECONDS: Final = 2


def database_answers() -> bool:
    """Whether one trivial query succeeds."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


_is_migrated = False


def is_migrated() -> bool:
    """Whether every migration of this release has been applied. Once that is so it stays so."""
    global _is_migrated
    if not _is_migrated:
        try:
            executor = MigrationExecutor(connection)
            _is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return False
    return _is_migrated


def cache_answers() -> bool:
    """Whether the cache (Redis in production) can be asked."""
    is_up: Callable[[], bool] | None = getattr(cache, "is_up", None)
    return is_up is None or is_up()


def layer_answers() -> bool:
    """Whether live updates can be sent."""
    try:
        async_to_sync(_send_nothing)()
    except (RedisError, OSError, TimeoutError):
        return False
    except Exception:
        log.warning("the channel layer does not answer", exc_info=True)
        return False
    return True


async def _send_nothing() -> None:
    layer = get_channel_layer()
    if layer is not None:
        async with asyncio.timeout(LAYER_SECONDS):
            await layer.group_send("readyz", {"type": "readyz"})


def broker_answers() -> bool | None:
    """Whether wake-ups can be sent; None in embedded mode, where nobody sends any."""
    if not settings.PRODUCTION:
        return None
    try:
        with current_app.connection_for_write(connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except Exception as bad:  # each transport has errors of its own
        log.info("the broker does not answer: %s", bad)
        return False
    return True
