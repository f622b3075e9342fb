"""A process tells that it is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from engine.machines.models import Process
from engine.telemetry import tally

TELL_SECONDS: Final = 5.0
SILENT: Final = timedelta(seconds=20)
"""Who has not been seen so long is taken to be gone, or to stand still."""
REMEMBERED: Final = timedelta(hours=1)
"""How long one that ended without a word is shown."""


class Presence:
    """Tells of one process, at most every few seconds. A verb for a clock: there is never more to do."""

    def __init__(self, name: str, *, serves: str, threads: int = 0, busy: Callable[[], int] = lambda: 0) -> None:
        self._name = name
        self._fixed = {"serves": serves, "threads": threads, "release": settings.RELEASE, "started_at": timezone.now()}
        self._busy = busy
        self._next_at = 0.0

    def __call__(self, now: datetime) -> int:
        """Tell, if it is time to."""
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + TELL_SECONDS
            self.tell(now)
        return 0

    def tell(self, now: datetime) -> None:
        """Tell now; and forget those that have not for long."""
        own = tally.own
        found = {
            "seen_at": now,
            "busy": self._busy(),
            "swept_at": own.swept_at,
            "taken_over": own.taken_over,
            "refused": own.refused,
            "fired": own.fired,
            "late_seconds": own.latest(now),
        }
        if not Process.objects.filter(name=self._name).update(**found):
            Process.objects.create(name=self._name, **self._fixed, **found)
        Process.objects.filter(seen_at__lt=now - REMEMBERED).delete()

    def end(self) -> None:
        """It ends in good order."""
        Process.objects.filter(name=self._name).delete()
