"""Threads that keep the time: timers, calls, queued instances, schedules, events, retention.

Each process may have its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils import timezone

from engine.services.calls import deliver_signals
from engine.services.chores import alone, chores, do_chores
from engine.services.queueing import start_queued_instances
from engine.services.retention import remove_finished
from engine.services.thinning import thin_histories
from engine.services.timers import fire_due_timers
from engine.services.triggers import fire_due_schedules, match_inbound_events
from engine.storage import storage
from engine.telemetry.tally import note_sweep

log = logging.getLogger(__name__)
POLL_SECONDS: Final = 1.0

Verb = Callable[[datetime], int]
"""Does what there is to do at a moment, and says how much it was."""

RETENTION_SECONDS: Final = 30.0
"""How often a process looks for instances whose time is over."""


class Seldom:
    """A verb that is asked every so many seconds at most; while there is more to do, at once."""

    def __init__(self, seconds: float, verb: Verb) -> None:
        self._seconds = seconds
        self._verb = verb
        self._next_at = 0.0

    def __call__(self, now: datetime) -> int:
        if time.monotonic() < self._next_at:
            return 0
        done = self._verb(now)
        if not done:
            self._next_at = time.monotonic() + self._seconds
        return done


CLOCK: Final[tuple[Verb, ...]] = (fire_due_timers, deliver_signals, start_queued_instances)
TRIGGERS: Final[tuple[Verb, ...]] = (fire_due_schedules, match_inbound_events)
CHORES: Final[tuple[Verb, ...]] = (do_chores,)
THINNING_SECONDS: Final = 600.0
HOUSEKEEPING: Final[tuple[Verb, ...]] = (
    Seldom(RETENTION_SECONDS, remove_finished),
    Seldom(THINNING_SECONDS, thin_histories),
)


class Beat:
    """A thread that does what is due, then sleeps until something is, or it is woken."""

    def __init__(self, name: str, *verbs: Verb) -> None:
        self._verbs = verbs
        self._woken = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something may be due earlier than thought."""
        self._woken.set()

    def stop(self) -> None:
        """End after what it is doing."""
        self._is_stopping = True
        self._woken.set()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.clear()
            try:
                pause = self.look()
            except Exception:
                log.exception("the thread %s broke; it goes on", threading.current_thread().name)
                connection.close()
                pause = POLL_SECONDS
            if pause and not self._is_stopping:
                self._woken.wait(pause)
        connection.close()

    def look(self) -> float:
        """Do what is due. Answers after how many seconds to look again."""
        # What comes due while this looks was not due for the verbs: it is what the next look is for.
        asked_at = timezone.now()
        if sum(verb(timezone.now()) for verb in self._verbs):
            return 0.0
        due_at = storage().next_moment(asked_at)
        if due_at is None:
            return POLL_SECONDS
        return max(0.001, min(POLL_SECONDS, (due_at - timezone.now()).total_seconds()))


def engine_beats(*also: Verb) -> list[Beat]:
    """The threads of a process that advances instances. None of them waits for another's work. The one that has the
    least to do does `also`.
    """
    return [
        Beat("quadrille-clock", note_sweep, *CLOCK),
        Beat("quadrille-triggers", *TRIGGERS),
        *(Beat(f"quadrille-{chore.__name__}", alone(chore)) for chore in chores()),
        Beat("quadrille-housekeeping", *HOUSEKEEPING, *also),
    ]


def sweep(now: datetime) -> None:
    """Do all that is due, to the end."""
    for verb in (*CLOCK, *TRIGGERS, *CHORES, *HOUSEKEEPING):
        while verb(now):
            pass
