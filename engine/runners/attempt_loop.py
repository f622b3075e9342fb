"""Making attempts: one thread talks to the database and decides nothing, others make the attempts that may be slow.

Each turn settles every result that has come in, in one transaction, which also begins the follow-up steps for this
worker; then claims more while there is room. So under load a turn carries many instances one step further with one
commit.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Final

from django.db import connection
from django.utils import timezone

from engine.core.ports import Result
from engine.core.retries import attempt_timeout
from engine.runners.threads import Job, Threads
from engine.services import attempts, executing
from engine.services.attempts import EndedAttempt
from engine.services.rounds import LEASE, ClaimedAttempt, Worker
from engine.storage import storage
from engine.storage.contract import InstanceRow, StepKey
from engine.telemetry import metrics

log = logging.getLogger(__name__)

GATHER_SECONDS: Final = 0.002
"""How long a first result waits for others that are about to come, so that they share a commit."""
HEARTBEAT: Final = LEASE / 3
POLL_SECONDS: Final = 0.5
MOST_PER_COMMIT: Final = 256
MOST_ROWS: Final = 4096
"""How many instances a worker remembers, as it left them."""
FIRST_CLAIM: Final = 16
"""A worker begins with so many steps, so that others get their share, and doubles while there is more."""
BUSY_POLL_SECONDS: Final = 0.05
"""While there is work there is probably more, of which another process knows and this one was not told."""
GUESTS_SECONDS: Final = 0.1
"""So often a worker that is full of its own follow-up steps claims some nevertheless."""
BUSY_SECONDS: Final = 1.0
"""How long after the last claim that found something."""
GIVE_WAY_SECONDS: Final = 0.005
"""So long an idle worker that came late the last time lets others go first: what is left then is for it."""
HOLD_BACK_SECONDS: Final = 0.00025
"""So long for each attempt that it has in hand a worker that is told of more lets others go first: who has less."""
MOST_HOLD_BACK_SECONDS: Final = 0.005
WAITS_SECONDS: Final = 0.5
"""So long at most a claimed attempt waits for a thread of its worker. Then others may have it."""
CAREFUL_SECONDS: Final = 5.0
"""So long a worker that had to give attempts back claims no more than it has threads for."""
RESERVE_SECONDS: Final = 0.1
"""So often at most a worker whose threads are all busy looks for steps that its reserve is for."""


@dataclass(slots=True)
class Running:
    """An attempt under way."""

    attempt: ClaimedAttempt
    started_at: datetime
    ends_by: float | None = None
    """When it has taken too long, on the monotonic clock; None until a thread takes it up."""
    job: Job | None = None
    threads: Threads | None = None
    """Which do the job."""


def own_name() -> str:
    """A name for a part of this process, like no other's."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


class AttemptLoop:
    """A worker. `capacity`: attempts claimed at a time; `threads`: how many of those run side by side; `first_claim`:
    how many it takes at once when it finds work.

    When all threads are busy there is a reserve of a quarter as many, for flows that have few of them or none: slow
    attempts of one flow are not to hold up quick ones of another. No flow gets more than a quarter of the reserve.

    `when_full` is called when there was more to claim than this worker has room for.

    Of several idle workers that are told at once of the same step, the one that was the fastest goes first the next
    time. The others would only be in its way: they get what is left some milliseconds later.
    """

    def __init__(
        self,
        *,
        capacity: int = 256,
        threads: int = 64,
        first_claim: int = FIRST_CLAIM,
        when_full: Callable[[], object] = lambda: None,
    ) -> None:
        self.name = own_name()
        self._capacity = capacity
        self._most_slow = threads
        self._threads = Threads(threads, name="quadrille-attempt")
        self._most_reserved = max(1, threads // 4)
        self._most_of_one_flow = max(1, self._most_reserved // 4)
        self._reserve = Threads(self._most_reserved, name="quadrille-reserve")
        self._when_full = when_full
        self._running: dict[StepKey, Running] = {}
        self._results: SimpleQueue[tuple[Running, Result] | None] = SimpleQueue()
        self._ended: list[EndedAttempt] = []
        self._rows: dict[int, InstanceRow] = {}
        self._is_woken = True
        self._woken_at = 0.0
        self._stopping = threading.Event()
        self._next_poll = 0.0
        self._busy_until = 0.0
        self._next_guests = 0.0
        self._next_suspects = 0.0
        self._gives_way = False
        self._careful_until = 0.0
        self._next_reserve = 0.0
        self._first_claim = self._claim_size = first_claim
        self._next_heartbeat = time.monotonic() + HEARTBEAT.total_seconds()

    # -- for other threads --------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """There may be something to claim."""
        if not self._is_woken:
            self._woken_at = time.monotonic()
            self._is_woken = True
            self._results.put(None)

    def count_running(self) -> int:
        """How many attempts are under way, or wait here for a thread."""
        return len(self._running)

    def stop(self) -> None:
        """End `run` after the current turn."""
        self._stopping.set()
        self._results.put(None)

    # -- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until `stop`. A turn that breaks is logged and tried again."""
        while not self._stopping.is_set():
            try:
                self.turn(wait=True)
            except Exception:
                log.exception("a turn of the attempt loop broke; it is tried again")
                connection.close()
                self._stopping.wait(1)
        connection.close()

    def turn(self, *, wait: bool) -> None:
        """Settle what has ended, claim what there is room for, begin it."""
        self._collect(wait=wait and not self._ended)
        storage().dedicate_connection()
        worker = Worker(self.name, self._room(), rows=self._rows)
        try:
            self._settle(worker)
            if self._is_due(len(worker.claimed)):
                self._claim(worker)
        finally:
            # What is committed is claimed, whatever broke after it.
            for attempt in worker.claimed:
                self._begin(attempt)
        if len(self._rows) > MOST_ROWS:
            self._rows.clear()
        self._give_up_overdue()
        self._hand_on_what_waits()
        self._beat()

    def drain(self, seconds: float) -> None:
        """Give back what has not begun, settle what still ends within so many seconds, then give back the rest."""
        self._give_back([step for step, running in self._running.items() if self._has_not_begun(running)])
        deadline = time.monotonic() + seconds
        while (self._running or self._ended) and time.monotonic() < deadline:
            self._collect(wait=not self._ended, at_most=max(0.01, min(0.2, deadline - time.monotonic())))
            self._settle(Worker(self.name, 0))
            self._beat()
        self._settle(Worker(self.name, 0))
        self._give_back(list(self._running))
        self._threads.stop()
        self._reserve.stop()

    def _has_not_begun(self, running: Running) -> bool:
        return running.job is not None and running.threads is not None and running.threads.drop(running.job)

    def _give_back(self, steps: Sequence[StepKey]) -> None:
        """Let others claim these attempts now, and tell them so."""
        tokens = {step: self._running.pop(step).attempt.token for step in steps}
        if tokens:
            attempts.give_back(tokens, now=timezone.now())
            self._when_full()

    # -- what a turn is made of ---------------------------------------------------------------------------------------

    def _room(self) -> int:
        if self._has_suspect():
            return 0  # it is made alone
        slow = self._slow()
        return 0 if slow >= self._most_slow else self._capacity - len(self._running)

    def _has_suspect(self) -> bool:
        return any(running.attempt.is_suspect for running in self._running.values())

    def _slow(self) -> int:
        return sum(running.threads is self._threads for running in self._running.values())

    def _collect(self, *, wait: bool, at_most: float | None = None) -> None:
        """Take in results. Waits for the first one, or for a wake-up, at most until the next poll."""
        if wait and not (self._is_woken and self._room() > 0):
            pause = self._next_poll - time.monotonic() if at_most is None else at_most
            self._take(timeout=max(0.0, min(pause, POLL_SECONDS)))
            if self._ended and self._running:
                time.sleep(GATHER_SECONDS)
            elif self._gives_way and self._is_woken and not self._ended:
                time.sleep(GIVE_WAY_SECONDS)
        while self._take(timeout=0):
            pass

    def _take(self, *, timeout: float) -> bool:
        try:
            came = self._results.get(timeout=timeout) if timeout else self._results.get_nowait()
        except Empty:
            return False
        if came is not None:
            running, result = came
            if self._running.get(running.attempt.step) is running:
                del self._running[running.attempt.step]
                self._ended.append(EndedAttempt(running.attempt, result, running.started_at))
        return True

    def _settle(self, worker: Worker) -> None:
        while self._ended:
            batch = self._ended[:MOST_PER_COMMIT]
            attempts.settle_attempts(batch, worker, now=timezone.now())
            del self._ended[: len(batch)]

    def _claim(self, worker: Worker) -> None:
        """Claim more. While a claim gets all it asked for there may be more behind it."""
        wanted = min(worker.room, self._claim_size)
        if time.monotonic() < self._careful_until:
            wanted = min(wanted, self._most_slow - self._slow())
        if worker.room <= 0:
            if self._slow() >= self._most_slow:
                self._claim_for_reserve()
                return
            if not self._lets_guests_in():
                self._next_poll = time.monotonic() + BUSY_POLL_SECONDS
                return
            wanted = self._first_claim
        self._next_guests = time.monotonic() + GUESTS_SECONDS
        self._is_woken = False
        is_idle = not (self._running or self._ended or worker.claimed)
        looks_at_suspects = is_idle and time.monotonic() >= self._next_suspects
        claimed = attempts.claim_attempts(worker, now=timezone.now(), limit=wanted, is_idle=looks_at_suspects)
        now = time.monotonic()
        if claimed:
            self._busy_until = now + BUSY_SECONDS
        elif looks_at_suspects:
            self._next_suspects = now + POLL_SECONDS
        if claimed or worker.came_late:
            self._gives_way = not claimed
        self._next_poll = now + (BUSY_POLL_SECONDS if now < self._busy_until else POLL_SECONDS)
        if claimed < wanted:
            self._claim_size = self._first_claim
        else:
            self._claim_size = min(2 * self._claim_size, MOST_PER_COMMIT)
            self._is_woken = True
            self._when_full()

    def _is_due(self, in_hand: int) -> bool:
        """Whether to look for more now. Told of new work, whoever has more `in_hand` comes later: so it goes to workers
        that would be idle, and these to processors that would."""
        now = time.monotonic()
        if now >= self._next_poll:
            return True
        return self._is_woken and now >= self._woken_at + min(in_hand * HOLD_BACK_SECONDS, MOST_HOLD_BACK_SECONDS)

    def _lets_guests_in(self) -> bool:
        """Whether to claim although what this worker has fills it: that may go on for ever, while others wait. Some of
        it makes room for them then.
        """
        return not self._has_suspect() and time.monotonic() >= self._next_guests

    def _claim_for_reserve(self) -> None:
        """Claim steps of flows that have next to none of this worker's threads, which are all busy."""
        now = time.monotonic()
        self._next_poll = max(self._next_reserve, now + RESERVE_SECONDS)
        under_way = Counter(running.attempt.context.flow_id for running in self._running.values())
        room = self._most_reserved - sum(running.threads is self._reserve for running in self._running.values())
        if now < self._next_reserve or room <= 0 or self._has_suspect():
            return
        self._next_reserve = now + RESERVE_SECONDS
        self._is_woken = False
        crowding = [flow for flow, count in under_way.items() if count >= self._most_of_one_flow]
        worker = Worker(self.name, min(room, self._most_of_one_flow), rows=self._rows)
        try:
            attempts.claim_attempts(
                worker, now=timezone.now(), limit=worker.room, is_idle=False, without_flows=crowding
            )
        finally:
            for attempt in worker.claimed:
                self._begin(attempt, self._reserve)

    def _begin(self, attempt: ClaimedAttempt, threads: Threads | None = None) -> None:
        started_at = timezone.now()
        if executing.is_quick(attempt.context.task):
            self._ended.append(EndedAttempt(attempt, attempts.make_attempt(attempt), started_at))
            return
        running = Running(attempt, started_at)
        self._running[attempt.step] = running
        running.job = Job(lambda job: self._make(running))
        running.threads = threads or self._threads
        running.threads.submit(running.job)

    def _make(self, running: Running) -> None:
        """In a thread of its own: make the attempt and hand in its result."""
        running.started_at = timezone.now()
        running.ends_by = time.monotonic() + attempt_timeout(running.attempt.context.task).total_seconds()
        began = time.monotonic()
        result = attempts.make_attempt(running.attempt)
        if metrics.is_on:
            metrics.meters().attempt_seconds.observe(time.monotonic() - began)
        self._results.put((running, result))

    def _give_up_overdue(self) -> None:
        now = time.monotonic()
        overdue = [
            running for running in self._running.values() if running.ends_by is not None and running.ends_by < now
        ]
        for running in overdue:
            if running.job is not None and running.threads is not None:
                running.threads.give_up(running.job)
            del self._running[running.attempt.step]
            self._ended.append(EndedAttempt(running.attempt, None, running.started_at))

    def _hand_on_what_waits(self) -> None:
        """Whether attempts are slow shows only once they are made: then more was claimed than there are threads for."""
        if self._slow() <= self._most_slow:
            return
        claimed_by = timezone.now() - timedelta(seconds=WAITS_SECONDS)
        late = [
            step
            for step, running in self._running.items()
            if running.threads is self._threads and running.started_at < claimed_by and self._has_not_begun(running)
        ]
        if late:
            self._claim_size = self._first_claim
            self._careful_until = time.monotonic() + CAREFUL_SECONDS
            self._give_back(late)

    def _beat(self) -> None:
        if time.monotonic() < self._next_heartbeat:
            return
        self._next_heartbeat = time.monotonic() + HEARTBEAT.total_seconds()
        attempts.extend_leases(self._tokens(), now=timezone.now())

    def _tokens(self) -> dict[StepKey, int]:
        return {step: running.attempt.token for step, running in self._running.items()}
