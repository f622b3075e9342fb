"""Celery carries wake-ups: a message says that there may be something to do, the database says what.

Two queues. `advance`: timers, queued instances, schedules, inbound events. `attempts`: steps with an outside effect. A
worker process keeps threads of its own for the queues it serves (`WorkerThreads`), from its beginning to its end. A
message only wakes them: it is done with at once and holds nothing up. On PostgreSQL the attempt loops are told by
NOTIFY as well, which is faster and reaches all of them; and everybody looks for work by themselves, so that a lost
message, or a broker that is away, costs a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, Final

from celery import current_app
from celery.signals import (
    celeryd_after_setup,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
)

from engine.runners.listening import notify_listeners
from engine.runners.worker_threads import WorkerThreads
from engine.services.waking import add_waker
from engine.telemetry import metrics, tracing

log = logging.getLogger(__name__)
ADVANCE: Final = "advance"
ATTEMPTS: Final = "attempts"
QUEUES: Final = (ADVANCE, ATTEMPTS)
WAKES: Final = {ADVANCE: "engine.advance", ATTEMPTS: "engine.wake"}
"""The task that wakes each queue's workers, by its name: the doors (`engine.tasks`) are above this room."""
WAKE_INTERVAL_SECONDS: Final = 0.05
"""Wake-ups of one process closer together than this become one message, which is sent at the end of the interval."""
TOLD_SECONDS: Final = 0.25
"""So long a message waits where NOTIFY has told all who listen: it is for those whom that did not reach, and it
costs a worker milliseconds."""
MESSAGE_SECONDS: Final = 60
"""A wake-up that is not read so long tells nothing new: whoever was away looks for work by itself."""


class Sender:
    """Sends something, at most once per interval; no wish that comes within one is lost."""

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._is_waiting = False

    def wake(self, *, has_time: bool = False) -> None:
        """Send now, or at the end of the interval; if it `has_time`, after `TOLD_SECONDS`."""
        with self._lock:
            if self._is_waiting:
                return
            pause = TOLD_SECONDS if has_time else self._next_at - time.monotonic()
            self._is_waiting = pause > 0
            if pause <= 0:
                self._next_at = time.monotonic() + WAKE_INTERVAL_SECONDS
        if pause > 0:
            timer = threading.Timer(pause, self._send_late)
            timer.daemon = True
            timer.start()
        else:
            self._send()

    def _send_late(self) -> None:
        with self._lock:
            self._is_waiting = False
            self._next_at = time.monotonic() + WAKE_INTERVAL_SECONDS
        try:
            self._send()
        except Exception:
            log.warning("workers could not be woken; they look for work by themselves", exc_info=True)


class _Unanswered:
    """What sending answers. Celery's own would make itself a backend, in each new thread, for what nobody asks for."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.ignored = True


def send_wakes(queues: Collection[str] = QUEUES) -> None:
    """Wake one worker of each queue."""
    if metrics.is_on:
        metrics.count_wake("message")
    for queue in queues:
        current_app.send_task(
            WAKES[queue],
            queue=queue,
            ignore_result=True,
            retry=False,
            expires=MESSAGE_SECONDS,
            result_cls=_Unanswered,  # type: ignore[arg-type]  # all that is asked of it
        )


_sender: Final = Sender(send_wakes)
_sender_to_attempts: Final = Sender(lambda: send_wakes((ATTEMPTS,)))
_starting: Final = threading.Lock()
_served: frozenset[str] = frozenset(QUEUES)
_threads: WorkerThreads | None = None


def _own_threads() -> WorkerThreads | None:
    """Those of this very process: a forked one inherits the name, not the threads."""
    return _threads if _threads is not None and _threads.is_of_this_process else None


def work(*, for_attempts: bool = False) -> None:
    """See to it that this process works on the queues its worker serves, and that it looks for more now.

    `for_attempts`: there is nothing more than attempts to make.
    """
    global _threads
    if metrics.is_on:
        metrics.count_wake("received")
    with _starting:
        if _own_threads() is None:
            _threads = WorkerThreads(advances=ADVANCE in _served, attempts=ATTEMPTS in _served)
    if _threads is not None and not (for_attempts and _threads.wake_for_attempts()):
        _threads.wake()


def wake_workers() -> None:
    """Wake this process's own threads if it has some; else, and where it lacks those for attempts, any worker."""
    threads = _own_threads()
    if threads is not None:
        threads.wake()
        if threads.is_whole:
            return
    notify_listeners()
    _sender.wake()


def wake_for_attempts() -> None:
    """As `wake_workers`, when there is nothing to do but to make attempts: nobody's clock is disturbed."""
    threads = _own_threads()
    if threads is None or not threads.wake_for_attempts():
        # Who was notified is at work by the time the message comes: it is for those whom that does not reach.
        _sender_to_attempts.wake(has_time=notify_listeners())


def use_celery() -> None:
    """From now on commits of this process wake the workers."""
    add_waker(wake_workers, wake_for_attempts)


def serve(queues: Collection[str]) -> None:
    """Name the queues that this worker's processes serve."""
    global _served
    _served = frozenset(queues).intersection(QUEUES)


@celeryd_after_setup.connect
def note_queues(instance: Any = None, **_: Any) -> None:
    """A worker has read its options (`-Q`); its processes do not exist yet."""
    if instance is not None:
        serve(instance.app.amqp.queues.consume_from)


@worker_process_init.connect
def start_working(**_: Any) -> None:
    """A process of a worker has begun."""
    work()


@worker_ready.connect
def start_without_processes(sender: Any = None, **_: Any) -> None:
    """The worker listens. With a pool of threads, or none, it has no process that could have begun."""
    pool = getattr(sender, "pool", None)
    if pool is not None and not type(pool).__module__.endswith("prefork"):
        work()


@worker_process_shutdown.connect
@worker_shutdown.connect
def stop_working(**_: Any) -> None:
    """The process is about to end."""
    global _threads
    threads, _threads = _own_threads(), None
    if threads is not None:
        threads.stop()
    if tracing.is_on:
        tracing.flush()
