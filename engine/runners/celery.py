"""Celery carries wake-ups: a message says that there may be something to do, the database says what."""

from __future__ import annotations

import threading
import time
from typing import Final

from celery import current_app

from engine.runners.attempt_loop import AttemptLoop
from engine.services.waking import add_waker

WAKE: Final = "engine.wake"
"""The task a wake-up asks for, by its name: the doors (`engine.tasks`) are above this room."""
WAKE_INTERVAL_SECONDS: Final = 0.05
"""Wake-ups of one process closer together than this become one message, which is sent at the end of the interval."""
POLL_SECONDS: Final = 0.05
"""How often a loop that is at work looks for more by itself."""
TASK_SECONDS: Final = 20.0
"""How long one task works before it hands over to a new one, so that workers can be restarted."""


class Sender:
    """Sends wake-ups, at most one per interval; none that comes within one is lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._is_waiting = False

    def wake(self) -> None:
        """Send a message now, or at the end of the interval."""
        with self._lock:
            if self._is_waiting:
                return
            pause = self._next_at - time.monotonic()
            self._is_waiting = pause > 0
            if pause <= 0:
                self._next_at = time.monotonic() + WAKE_INTERVAL_SECONDS
        if pause > 0:
            timer = threading.Timer(pause, self._send_late)
            timer.daemon = True
            timer.start()
        else:
            send_wake()

    def _send_late(self) -> None:
        with self._lock:
            self._is_waiting = False
            self._next_at = time.monotonic() + WAKE_INTERVAL_SECONDS
        send_wake()


_sender: Final = Sender()
_at_work: Final = threading.Lock()
_loop: AttemptLoop | None = None


def work() -> None:
    """Make attempts until there are none left, or the task's time is up; then another task goes on."""
    global _loop
    with _at_work:
        if _loop is None:
            _loop = AttemptLoop(poll_seconds=POLL_SECONDS, when_full=_sender.wake)
        _loop.run_until_idle(at_most_seconds=TASK_SECONDS)
        if _loop.has_work:
            send_wake()


def wake_workers() -> None:
    """Wake this process's own loop while it works, else any worker."""
    if _loop is not None and _at_work.locked():
        _loop.wake()
    else:
        _sender.wake()


def send_wake() -> None:
    """Send one wake-up (`engine.tasks.wake`; by its name, as tasks know their runner and not the other way round)."""
    current_app.send_task(WAKE, ignore_result=True, retry=False, expires=60)


def use_celery() -> None:
    """From now on commits of this process wake the workers through Celery."""
    add_waker(wake_workers)
