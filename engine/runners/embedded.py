"""Everything in one process: attempts, the clock and the triggers as threads beside the web server."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final

from django.db import DatabaseError
from django.utils import timezone

from engine.machines.presence import Presence
from engine.runners.attempt_loop import FIRST_CLAIM, MOST_PER_COMMIT, AttemptLoop
from engine.runners.beats import engine_beats
from engine.runners.heap import settle_heap
from engine.services.recovery import recover_alone
from engine.services.waking import add_waker, remove_waker

STOP_SECONDS: Final = 5.0


class EmbeddedRunner:
    """The whole engine in threads. `is_alone`: no other process works on this database (embedded mode)."""

    def __init__(self, *, threads: int = 64, is_alone: bool = True) -> None:
        self._is_alone = is_alone
        self._attempts = AttemptLoop(threads=threads, first_claim=MOST_PER_COMMIT if is_alone else FIRST_CLAIM)
        self._attempts_thread = threading.Thread(target=self._attempts.run, name="quadrille-attempts", daemon=True)
        loop = self._attempts
        self._presence = Presence(loop.name, serves="everything", threads=threads, busy=loop.count_running)
        self._beats = engine_beats(self._presence)

    def start(self) -> None:
        """Recover what the process before left behind, and begin to work."""
        if self._is_alone:
            recover_alone(timezone.now())
        settle_heap()
        add_waker(self.wake, self._attempts.wake)
        self._attempts_thread.start()
        for beat in self._beats:
            beat.start()

    def wake(self) -> None:
        """There is something to do. Callable from any thread; costs nothing."""
        self._attempts.wake()
        for beat in self._beats:
            beat.wake()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Let attempts under way finish for so many seconds, give the others back, and end."""
        remove_waker(self.wake)
        for beat in self._beats:
            beat.stop()
        self._attempts.stop()
        self._attempts_thread.join(seconds)
        for beat in self._beats:
            beat.join(seconds)
        self._attempts.drain(seconds)
        with suppress(DatabaseError):
            self._presence.end()
