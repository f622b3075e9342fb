"""Work that waits in tables of other rooms: deliveries, connectors, triggers that ask something first.

Each chore is a verb of one moment that answers how much it did; it may be asked by several processes at once, and takes
what it does under a lock or a lease of its own. One that breaks is logged, and holds up no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import connection

log = logging.getLogger(__name__)
Chore = Callable[[datetime], int]

_chores: list[Chore] = []


def add_chore(chore: Chore) -> None:
    """Have `chore` done by whoever advances instances, after each wake-up and at least once a second."""
    if chore not in _chores:
        _chores.append(chore)


def chores() -> tuple[Chore, ...]:
    """All of them: each may have a thread of its own, so that a slow one holds up no other."""
    return tuple(_chores)


def do_chores(now: datetime) -> int:
    """Do all chores once; answers how much there was."""
    return sum(alone(chore)(now) for chore in _chores)


def alone(chore: Chore) -> Chore:
    """The chore, with what breaks in it kept to itself."""

    def do(now: datetime) -> int:
        try:
            return chore(now)
        except Exception:
            log.exception("a chore broke; it is tried again")
            if not connection.in_atomic_block:
                connection.close()
            return 0

    return do
