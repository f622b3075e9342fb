"""The threads of one process of a worker."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from engine.machines.presence import Presence
from engine.runners.attempt_loop import AttemptLoop, own_name
from engine.runners.beats import Beat, engine_beats
from engine.runners.heap import settle_heap
from engine.runners.listening import Listener, notify_listeners

JOIN_SECONDS: Final = 5.0
"""How long a thread may take for what it is just writing."""


class WorkerThreads:
    """An attempt loop where it makes `attempts`, the clock and the triggers where it `advances` instances."""

    def __init__(self, *, advances: bool, attempts: bool) -> None:
        self._process = os.getpid()
        self.is_whole = advances and attempts
        """Whether it can do whatever there is to do."""
        settle_heap()
        self._loop = AttemptLoop(threads=settings.ATTEMPT_THREADS, when_full=notify_listeners) if attempts else None
        self._presence = self._introduce(advances=advances)
        self._beats = engine_beats(self._presence) if advances else [Beat("quadrille-presence", self._presence)]
        for beat in self._beats:
            beat.start()
        if self._loop is not None:
            self._thread = threading.Thread(target=self._loop.run, name="quadrille-attempts", daemon=True)
            self._listener = Listener(self._loop.wake)
            self._thread.start()
            self._listener.start()

    def _introduce(self, *, advances: bool) -> Presence:
        loop = self._loop
        if loop is None:
            return Presence(own_name(), serves="advance")
        serves = "advance, attempts" if advances else "attempts"
        return Presence(loop.name, serves=serves, threads=settings.ATTEMPT_THREADS, busy=loop.count_running)

    @property
    def is_of_this_process(self) -> bool:
        """Whether they run here, not in a process that this one was forked from."""
        return self._process == os.getpid()

    def wake(self) -> None:
        """There may be something to do."""
        for beat in self._beats:
            beat.wake()
        if self._loop is not None:
            self._loop.wake()

    def wake_for_attempts(self) -> bool:
        """There may be attempts to make. Answers whether this process makes any."""
        if self._loop is None:
            return False
        self._loop.wake()
        return True

    def stop(self) -> None:
        """Give back what has not begun at once, and after `WORKER_STOP_SECONDS` what has not ended."""
        for beat in self._beats:
            beat.stop()
        if self._loop is not None:
            self._listener.stop()
            self._loop.stop()
            self._thread.join(JOIN_SECONDS)
            self._loop.drain(settings.WORKER_STOP_SECONDS)
        for beat in self._beats:
            beat.join(JOIN_SECONDS)
        with suppress(DatabaseError):
            self._presence.end()
