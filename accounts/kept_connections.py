"""Database connections that are kept from request to request: how often they are asked whether they still live.

Django asks with a statement of its own at every request (`CONN_HEALTH_CHECKS`). A connection that has just answered is
asked again after a second: a server that restarts costs a busy process a few requests, as it does anyway.
"""

from __future__ import annotations

import time
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.db import connections

TRUSTED_SECONDS: Final = 1.0
_asked_at: WeakKeyDictionary[Any, float] = WeakKeyDictionary()
"""When each connection to the server (of whatever thread) was last asked, on the clock that only goes forward."""


def trust_recent_connections(**_: Any) -> None:
    """Ask the kept connections of this thread whether they live, each once a second.

    For the beginning of a request or of another unit of work, after `close_old_connections`.
    """
    now = time.monotonic()
    each: Any  # of Django's stubs none has what health checks need
    for each in connections.all(initialized_only=True):
        raw = each.connection
        if raw is None or each.in_atomic_block or not each.health_check_enabled:
            continue
        if now - _asked_at.get(raw, -TRUSTED_SECONDS) < TRUSTED_SECONDS:
            each.health_check_done = True
        else:
            each.close_if_health_check_failed()
            _asked_at[raw] = now
