"""Tell whoever runs attempts that there is something to do. A wake-up that is lost costs seconds, never work."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction

from engine import failpoints

log = logging.getLogger(__name__)
_wakers: list[Callable[[], None]] = []


def add_waker(waker: Callable[[], None]) -> None:
    """Have `waker` called after each commit that left something to do. It must be quick; any thread may call it."""
    if waker not in _wakers:
        _wakers.append(waker)


def remove_waker(waker: Callable[[], None]) -> None:
    """Do not call it any more."""
    if waker in _wakers:
        _wakers.remove(waker)


def wake_after_commit() -> None:
    """Wake the workers once the current transaction is committed."""
    if _wakers:
        transaction.on_commit(wake)


def wake() -> None:
    """Wake the workers now. Never raises."""
    for waker in tuple(_wakers) * (failpoints.deliveries() if failpoints.armed else 1):
        try:
            waker()
        except Exception:
            log.warning("workers could not be woken", exc_info=True)
