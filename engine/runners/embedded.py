"""Everything in one process: attempts, the clock and the triggers as threads beside the web server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils import timezone

from engine.runners.attempt_loop import FIRST_CLAIM, MOST_PER_COMMIT, AttemptLoop
from engine.runners.heap import settle_heap
from engine.services.calls import deliver_signals
from engine.services.instances import start_queued_instances
from engine.services.recovery import recover_alone
from engine.services.timers import fire_due_timers
from engine.services.triggers import fire_due_schedules, match_inbound_events
from engine.services.waking import add_waker, remove_waker
from engine.storage import storage

log = logging.getLogger(__name__)
POLL_SECONDS: Final = 1.0
STOP_SECONDS: Final = 5.0

Verb = Callable[[datetime], int]
"""Does what there is to do at a moment, and says how much it was."""


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
                done = sum(verb(timezone.now()) for verb in self._verbs)
                pause = 0.0 if done else self._pause()
            except Exception:
                log.exception("the thread %s broke; it goes on", threading.current_thread().name)
                connection.close()
                pause = POLL_SECONDS
            if pause and not self._is_stopping:
                self._woken.wait(pause)
        connection.close()

    def _pause(self) -> float:
        now = timezone.now()
        due_at = storage().next_moment(now)
        return POLL_SECONDS if due_at is None else max(0.001, min(POLL_SECONDS, (due_at - now).total_seconds()))


class EmbeddedRunner:
    """The whole engine in threads. `is_alone`: no other process works on this database (embedded mode)."""

    def __init__(self, *, threads: int = 64, is_alone: bool = True) -> None:
        self._is_alone = is_alone
        self._attempts = AttemptLoop(threads=threads, first_claim=MOST_PER_COMMIT if is_alone else FIRST_CLAIM)
        self._attempts_thread = threading.Thread(target=self._attempts.run, name="quadrille-attempts", daemon=True)
        self._clock = Beat("quadrille-clock", fire_due_timers, deliver_signals, start_queued_instances)
        self._triggers = Beat("quadrille-triggers", fire_due_schedules, match_inbound_events)

    def start(self) -> None:
        """Recover what the process before left behind, and begin to work."""
        if self._is_alone:
            recover_alone(timezone.now())
        settle_heap()
        add_waker(self.wake)
        self._attempts_thread.start()
        self._clock.start()
        self._triggers.start()

    def wake(self) -> None:
        """There is something to do. Callable from any thread; costs nothing."""
        self._attempts.wake()
        self._clock.wake()
        self._triggers.wake()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Let attempts under way finish for so many seconds, give the others back, and end."""
        remove_waker(self.wake)
        self._clock.stop()
        self._triggers.stop()
        self._attempts.stop()
        self._attempts_thread.join(seconds)
        self._clock.join(seconds)
        self._triggers.join(seconds)
        self._attempts.drain(seconds)
