"""Tell whoever works for the engine that there is something to do. A wake-up that is lost costs seconds, never work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from django.db import transaction

log = logging.getLogger(__name__)


class Work(Enum):
    """What there is to do."""

    STEPS = auto()
    """Steps may be claimed."""
    MOMENTS = auto()
    """A timer may be due earlier than any before, or a queued instance may start."""
    EVENTS = auto()
    """Inbound events are to be matched."""


Waker = Callable[[Work], None]
_wakers: list[Waker] = []


def add_waker(waker: Waker) -> None:
    """Have `waker` called after each commit that left something to do. It must be quick; any thread may call it."""
    if waker not in _wakers:
        _wakers.append(waker)


def remove_waker(waker: Waker) -> None:
    """Do not call it any more."""
    if waker in _wakers:
        _wakers.remove(waker)


def wake_after_commit(work: Work) -> None:
    """Wake those who do such work once the current transaction is committed."""
    if _wakers:
        transaction.on_commit(partial(wake, work))


def wake(work: Work) -> None:
    """Wake them now. Never raises."""
    for waker in tuple(_wakers):
        try:
            waker(work)
        except Exception:
            log.warning("workers could not be woken", exc_info=True)
