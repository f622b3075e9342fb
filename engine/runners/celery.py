"""Celery carries wake-ups: a message says that there may be something to do, the database says what."""

from __future__ import annotations

import threading
import time
from typing import Final

from engine.runners.attempt_loop import AttemptLoop
from engine.services.waking import add_waker

WAKE_INTERVAL_SECONDS: Final = 0.05
TASK_SECONDS: Final = 20.0
"""How long one task works before it hands over to a new one, so that workers can be restarted."""

_lock: Final = threading.Lock()
_loop: AttemptLoop | None = None
_last_sent = 0.0


def work() -> None:
    """Make attempts until there are none left, or the task's time is up; then another task goes on."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = AttemptLoop()
        loop = _loop
        loop.run_until_idle(at_most_seconds=TASK_SECONDS)
        if loop.has_work:
            send_wake()


def wake_workers() -> None:
    """Wake this process's own loop if it works, else send a message; at most twenty a second."""
    global _last_sent
    if _loop is not None and _lock.locked():
        _loop.wake()
        return
    now = time.monotonic()
    if now - _last_sent >= WAKE_INTERVAL_SECONDS:
        _last_sent = now
        send_wake()


def send_wake() -> None:
    """Send one wake-up."""
    from engine.tasks import wake

    wake.apply_async(ignore_result=True, retry=False, expires=60)


def use_celery() -> None:
    """From now on commits of this process wake the workers through Celery."""
    add_waker(wake_workers)
