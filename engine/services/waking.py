"""Tell whoever runs attempts that there is something to do. A wake-up that is lost costs seconds, never work.

Messages between instances are delivered the same way: right after the commit that stored them, by whoever made it; what
is left over is found by the clock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import transaction

from engine import failpoints

log = logging.getLogger(__name__)
_wakers: dict[Callable[[], None], Callable[[], None]] = {}
"""Whom to wake for anything, and for attempts alone."""
_couriers: list[Callable[[], None]] = []
_delivering = threading.local()


def add_waker(waker: Callable[[], None], for_attempts: Callable[[], None] | None = None) -> None:
    """Have `waker` called after each commit that left something to do. It must be quick; any thread may call it.

    `for_attempts` is called in its place when there are only attempts to make, as nearly always under load.
    """
    _wakers[waker] = for_attempts or waker


def remove_waker(waker: Callable[[], None]) -> None:
    """Do not call it any more."""
    _wakers.pop(waker, None)


def wake_after_commit(*, for_attempts: bool = False) -> None:
    """Wake the workers after the commit of the current transaction. `for_attempts`: only those who make attempts."""
    if _wakers:
        transaction.on_commit(wake_for_attempts if for_attempts else wake)


def wake() -> None:
    """Wake the workers now. Never raises."""
    _wake(tuple(_wakers))


def wake_for_attempts() -> None:
    """As `wake`, when there is nothing to do but to make attempts."""
    _wake(tuple(_wakers.values()))


def _wake(wakers: tuple[Callable[[], None], ...]) -> None:
    for waker in wakers * (failpoints.deliveries() if failpoints.armed else 1):
        try:
            waker()
        except Exception:
            log.warning("workers could not be woken", exc_info=True)


def add_courier(courier: Callable[[], None]) -> None:
    """Have `courier` deliver what a commit has left for other instances."""
    if courier not in _couriers:
        _couriers.append(courier)


def deliver_after_commit() -> None:
    """Have the messages of the current transaction delivered once it is committed."""
    transaction.on_commit(_deliver)
    wake_after_commit()


def _deliver() -> None:
    """Never raises. What a delivery itself leaves is delivered by the same one, however long the chain."""
    if getattr(_delivering, "now", False):
        return
    _delivering.now = True
    try:
        for courier in _couriers:
            courier()
    except Exception:
        log.warning("messages between instances are left for the clock", exc_info=True)
    finally:
        _delivering.now = False
