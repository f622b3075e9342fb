"""How many instances of an environment run at once, over all its flows: `QUADRILLE_MOST_RUNNING`; the rest are queued.

A guard for the installation, so it must cost those nothing who are far from it: a chore looks now and then which
environments have come half the way, and only in those are instances counted, exactly, before more of them start.
"""

from __future__ import annotations

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
    return 0


def room_in(environment_id: int, wanted: int) -> int | None:
    """How many more instances of an environment may run now; None where nobody needs to know, being far from the limit
    (and while the cache is away nobody knows who is not).

    Who is told holds the environment's row until the transaction ends, so that no place is given away twice.
    """
    most: int = settings.MOST_RUNNING
    if not most or (wanted <= most // 2 and environment_id not in cache.get(_CROWDED, ())):
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
