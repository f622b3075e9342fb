"""Celery carries wake-ups: a message says that there may be something to do, the database says what.

Two queues. `advance`: timers, queued instances, schedules, inbound events. `attempts`: steps with an outside effect. A
worker process keeps threads of its own for the queues it serves (`WorkerThreads`), from its beginning to its end. A
message only wakes them: it is done with at once and holds nothing up. On PostgreSQL the attempt loops are told by
NOTIFY as well, which is faster and reaches all of them; and everybody looks for work by themselves, so that a lost
message, or a broker that is away, costs a second.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
import weakref
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

from accounts.outages import Outage
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
AWAY_SECONDS: Final = 1.0
"""So long a broker that did not take a message is left alone."""
MESSAGE_SECONDS: Final = 60
"""A wake-up that is not read so long tells nothing new: whoever was away looks for work by itself."""


class Sender:
    """Sends something from a thread of its own, at most once per interval; no wish that comes within one is lost.

    Nobody who wishes waits: a broker that is away takes seconds to say so, and whoever has just committed would be made
    to stand there for each of their commits.
    """

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._outage = Outage(log, "workers could not be woken; they look for work by themselves")
        self._begin()
        _senders.add(self)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._due: float | None = None
        self._next_at = 0.0

    def wake(self, *, has_time: bool = False) -> None:
        """Have it sent now, or at the end of the interval; if it `has_time`, after `TOLD_SECONDS`. Never waits."""
        now = time.monotonic()
        with self._changed:
            due = now + TOLD_SECONDS if has_time else max(now, self._next_at)
            if self._due is not None and self._due <= due:
                return
            self._due = due
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="quadrille-waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while (pause := self._pause()) > 0:
                    self._changed.wait(None if pause == math.inf else pause)
                self._due = None
                self._next_at = time.monotonic() + WAKE_INTERVAL_SECONDS
            try:
                self._send()
                self._outage.worked()
            except Exception as error:
                self._outage.failed(error)
                with self._changed:
                    self._next_at = time.monotonic() + AWAY_SECONDS

    def _pause(self) -> float:
        return math.inf if self._due is None else max(self._due, self._next_at) - time.monotonic()

    def forget_thread(self) -> None:
        """In a forked process: the parent's thread did not come along, nor whoever held the lock."""
        self._begin()


_senders: Final[weakref.WeakSet[Sender]] = weakref.WeakSet()


def _forget_threads() -> None:
    for sender in _senders:
        sender.forget_thread()


os.register_at_fork(after_in_child=_forget_threads)


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
