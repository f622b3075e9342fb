"""How many instances of an environment run at once, over all its flows: `QUADRILLE_MOST_RUNNING`; the rest are queued.

A guard for the installation, so it must cost those nothing who are far from it: a chore looks now and then which
environments have come half the way, and only in those are instances counted, exactly, before more of them start.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from accounts.models import Environment
from engine.models import Instance

RUNNING: Final = ("running", "waiting_for_pause", "rolling_back")
"""Statuses that take a place; who waits or is paused takes none."""
BETWEEN_LOOKS: Final = timedelta(seconds=10)
_CROWDED: Final = "engine:crowded-environments"
_next_look: list[datetime] = []
"""When this process looks again."""
REMEMBERED_SECONDS: Final = 1.0
_remembered: list[tuple[float, Collection[int]]] = []
"""What this process was told last, and when: nobody need ask Redis at each start."""


def note_crowded(now: datetime) -> int:
    """Look which environments have come half the way to the limit; no more often than every ten seconds. A chore."""
    if _next_look and now < _next_look[0] and _next_look[0] - now <= BETWEEN_LOOKS:
        return 0
    _next_look[:] = [now + BETWEEN_LOOKS]
    half = settings.MOST_RUNNING // 2
    crowded = set()
    if settings.MOST_RUNNING:
        for environment_id in Environment.objects.values_list("pk", flat=True):
            running = Instance.objects.filter(environment=environment_id, status__in=RUNNING).order_by()
            if running.values("pk")[half : half + 1].exists():
                crowded.add(environment_id)
    cache.set(_CROWDED, crowded, timeout=None)
    forget_crowded()
    return 0


def forget_crowded() -> None:
    """Have this process ask anew."""
    _remembered.clear()


def crowded_environments() -> Collection[int]:
    """Those that have come half the way, as they were noted at most a second ago."""
    now = time.monotonic()
    for noted_at, known in _remembered:
        if now - noted_at < REMEMBERED_SECONDS:
            return known
    crowded: Collection[int] = cache.get(_CROWDED, ())
    _remembered[:] = [(now, crowded)]
    return crowded


def room_in(environment_id: int, wanted: int) -> int | None:
    """How many more instances of an environment may run now; None where nobody needs to know, being far from the limit
    (and while the cache is away nobody knows who is not).

    Who is told holds the environment's row until the transaction ends, so that no place is given away twice.
    """
    most: int = settings.MOST_RUNNING
    if not most or (wanted <= most // 2 and environment_id not in crowded_environments()):
        return None
    no_key = connection.features.has_select_for_no_key_update
    Environment.objects.select_for_update(of=("self",), no_key=no_key).filter(pk=environment_id).first()
    running = Instance.objects.filter(environment=environment_id, status__in=RUNNING).count()
    return max(0, most - running)


def room_for_new(environment_id: int, wanted: int) -> int | None:
    """The same for new instances: where others are queued, they come first."""
    room = room_in(environment_id, wanted)
    if room and Instance.objects.filter(environment=environment_id, status="queued").exists():
        return 0
    return room


def least(*rooms: int | None) -> int | None:
    """The narrowest of several; None where none of them is limited."""
    return min((room for room in rooms if room is not None), default=None)
