"""`?wait=SECONDS`: an answer that comes when the instance has ended, or when the time is up."""

from __future__ import annotations

import time
from threading import BoundedSemaphore

from engine.models import Instance

LONGEST_SECONDS = 60
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.25
# Each waiting caller holds a thread. Beyond this many, callers are answered at once and may ask again.
places = BoundedSemaphore(64)


def wait_until_ended(instance: Instance, *, seconds: int) -> Instance:
    """The instance once it ended, or as it stands when the time is up."""
    if seconds and places.acquire(blocking=False):
        try:
            poll(instance.pk, seconds)
        finally:
            places.release()
    return Instance.objects.select_related("flow", "version").get(pk=instance.pk)


def poll(pk: int, seconds: int) -> None:
    """Return when the instance is final or gone, or after `seconds`. One indexed read, at most four a second."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    unfinished = Instance.objects.filter(pk=pk).unfinished()
    while unfinished.exists() and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
