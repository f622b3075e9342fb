"""Threads that make attempts. One whose attempt took too long is given up and replaced: it cannot be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Final

from django.db import close_old_connections

IDLE_SECONDS: Final = 30.0


@dataclass(eq=False, slots=True)
class Job:
    """Something for a thread. `run` never raises. After `give_up` its outcome interests nobody any more."""

    run: Callable[[Job], None]
    is_given_up: bool = False
    has_begun: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Threads:
    """At most `most` jobs at a time, in order; threads are started when they are needed."""

    def __init__(self, most: int, *, name: str) -> None:
        self._most = most
        self._name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._count = 0

    def submit(self, job: Job) -> None:
        """Have a job done as soon as a thread is free."""
        self._jobs.put(job)
        with self._lock:
            if self._idle < self._jobs.qsize() and self._count < self._most:
                self._start_thread()

    def give_up(self, job: Job) -> None:
        """Stop waiting for a job; if a thread is at it, another thread takes that one's place."""
        with job.lock:
            job.is_given_up = True
            if not job.has_begun:
                return
        with self._lock:
            self._start_thread()

    def stop(self) -> None:
        """Let the threads end once their jobs are done. Jobs that have not begun are dropped."""
        with self._lock:
            for _ in range(self._count):
                self._jobs.put(None)

    def _start_thread(self) -> None:
        self._count += 1
        threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._jobs.get()
            with self._lock:
                self._idle -= 1
            if job is None or not self._do(job):
                break
        with self._lock:
            self._count -= 1

    def _do(self, job: Job) -> bool:
        """Do a job. Answers whether this thread is still wanted."""
        with job.lock:
            if job.is_given_up:
                return True
            job.has_begun = True
        job.run(job)
        close_old_connections()
        return not job.is_given_up
