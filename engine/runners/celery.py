"""Celery carries wake-ups: a message says that there may be something to do, the database says what.

Each worker process makes attempts in a loop of its own, from its beginning to its end. A message only wakes the loop:
it is done with at once and holds nothing up. On PostgreSQL the loops are told by NOTIFY as well, which is faster and
reaches all of them; and they look for work by themselves, so that a lost message costs half a second.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Final

from celery import current_app
from celery.signals import worker_process_init, worker_process_shutdown, worker_shutdown

from engine.runners.attempt_loop import AttemptLoop
from engine.runners.heap import settle_heap
from engine.runners.listening import Listener, notify_listeners
from engine.services.waking import add_waker

WAKE: Final = "engine.wake"
"""The task a wake-up asks for, by its name: the doors (`engine.tasks`) are above this room."""
WAKE_INTERVAL_SECONDS: Final = 0.05
"""Wake-ups of one process closer together than this become one message, which is sent at the end of the interval."""
STOP_SECONDS: Final = 10.0
"""How long attempts under way may take when their process is told to end; then others may claim them."""


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


class WorkerLoop:
    """The attempt loop of this process, in a thread of its own."""

    def __init__(self) -> None:
        self.process = os.getpid()
        settle_heap()
        self._loop = AttemptLoop(when_full=notify_listeners)
        self._thread = threading.Thread(target=self._loop.run, name="quadrille-attempts", daemon=True)
        self._listener = Listener(self._loop.wake)
        self._thread.start()
        self._listener.start()

    def wake(self) -> None:
        """There may be something to claim."""
        self._loop.wake()

    def stop(self) -> None:
        """Let what is under way end, give the rest back."""
        self._listener.stop()
        self._loop.stop()
        self._thread.join(STOP_SECONDS)
        self._loop.drain(STOP_SECONDS)


_sender: Final = Sender()
_starting: Final = threading.Lock()
_worker: WorkerLoop | None = None


def work() -> None:
    """See to it that this process makes attempts, and that it looks for more now."""
    global _worker
    with _starting:
        if _worker is None or _worker.process != os.getpid():
            _worker = WorkerLoop()
    _worker.wake()


def wake_workers() -> None:
    """Wake this process's own loop if it has one, else any worker."""
    worker = _worker
    if worker is not None and worker.process == os.getpid():
        worker.wake()
    else:
        notify_listeners()
        _sender.wake()


def send_wake() -> None:
    """Send one wake-up."""
    current_app.send_task(WAKE, ignore_result=True, retry=False, expires=60)


def use_celery() -> None:
    """From now on commits of this process wake the workers."""
    add_waker(wake_workers)


@worker_process_init.connect
def start_working(**_: Any) -> None:
    """A process of a worker has begun."""
    work()


@worker_process_shutdown.connect
@worker_shutdown.connect
def stop_working(**_: Any) -> None:
    """The process is about to end."""
    global _worker
    worker, _worker = _worker, None
    if worker is not None and worker.process == os.getpid():
        worker.stop()
