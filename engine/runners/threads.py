"""Threads that make attempts. One whose attempt took too long is given up and replaced: it cannot be stopped."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from django.db import close_old_connections


@dataclass(eq=False, slots=True)
class Job:
    """Something for a thread. `run` never raises. After `give_up` its outcome interests nobody any more."""

    run: Callable[[Job], None]
    is_given_up: bool = False
    has_begun: bool = False


class Threads:
    """At most `most` jobs at a time, in order; threads are started when they are needed."""

    def __init__(self, most: int, *, name: str) -> None:
        self._most = most
        self._name = name
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._idle = 0
        self._count = 0
        self._is_stopping = False

    def submit(self, job: Job) -> None:
        """Have a job done as soon as a thread is free."""
        with self._changed:
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif self._count < self._most:
                self._start_thread()

    def give_up(self, job: Job) -> None:
        """Stop waiting for a job; if a thread is at it, another thread takes that one's place."""
        with self._changed:
            job.is_given_up = True
            if job.has_begun:
                self._count -= 1
                self._start_thread()

    def drop(self, job: Job) -> bool:
        """Take back a job that no thread is at yet. Answers whether it could be."""
        with self._changed:
            job.is_given_up = not job.has_begun
            return job.is_given_up

    def stop(self) -> None:
        """Let the threads end once their jobs are done. Jobs that have not begun are dropped."""
        with self._changed:
            self._is_stopping = True
            self._jobs.clear()
            self._changed.notify_all()

    def _start_thread(self) -> None:
        self._count += 1
        threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run(job)
            close_old_connections()
            with self._changed:
                if job.is_given_up:  # another thread has taken this one's place
                    return

    def _next(self) -> Job | None:
        """The next job that is still wanted; None when the threads are to end."""
        with self._changed:
            while True:
                while not (self._jobs or self._is_stopping):
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                if self._is_stopping:
                    self._count -= 1
                    return None
                job = self._jobs.popleft()
                if not job.is_given_up:
                    job.has_begun = True
                    return job
