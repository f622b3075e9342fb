"""Attempts of steps with an outside effect: claim, make, tell the result. At least once, guarded by leases.

What a worker does in turn: `claim_attempts`, `make_attempt` (outside of any transaction, in any thread), and
`settle_attempts` for all that ended meanwhile. Settling records the results of a whole batch in one transaction and
begins the follow-up steps for the same worker in it: one commit carries the end of step n and the beginning of n + 1.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import Error, InterfaceError, OperationalError, transaction

from designer.graph.model import Json, Task
from engine.core.facts import FactType
from engine.core.ports import Failed, Result, Waiting, failed
from engine.core.retries import attempt_timeout
from engine.services import executing
from engine.services.advancing import Change, change_claimed, change_locked, change_remembered, report_broken
from engine.services.case import AskClaimed, Case
from engine.services.cohorts import EndedAttempt as EndedAttempt
from engine.services.cohorts import cohorts_of
from engine.services.rounds import LEASE, MOST_LOST_IN_COMPANY, ClaimedAttempt, Worker, new_token, settle_or_fail
from engine.storage import storage
from engine.storage.contract import Lease, Outdated, Queue, StepKey
from engine.telemetry import metrics, tally

log = logging.getLogger(__name__)
PROGRAM_LIMIT_EXCEEDED: Final = "54"
"""PostgreSQL's class of errors for a value that is too much for it; psycopg counts them among the operational ones."""
IDLE_IN_TRANSACTION: Final = "25P03"
"""This process stood still for a lease, so the server ended its transaction; psycopg calls that an internal error."""
SUSPECT_PATIENCE: Final = timedelta(minutes=2)
"""How long a step that seems to kill its workers waits for an idle one before any takes it."""


def claim_attempts(
    worker: Worker,
    *,
    now: datetime,
    limit: int,
    is_idle: bool = True,
    without_flows: Collection[int] = (),
) -> int:
    """Claim up to `limit` steps for `worker` and begin their attempts, in one transaction. Answers how many it got.

    A step during which workers went away again and again may be what kills them. It is left to a worker that has
    nothing else under way (`is_idle`), alone; unless it has waited long for one. `without_flows`: none of theirs.
    """
    queue = storage().queue(now) if limit > 0 else None
    if not queue:
        return 0
    before, room = len(worker.claimed), worker.room
    try:
        return _claim(worker, now, limit, queue, is_idle=is_idle, without_flows=without_flows)
    except Error:
        del worker.claimed[before:]
        worker.room = room
        raise


def _claim(
    worker: Worker, now: datetime, limit: int, queue: Queue, *, is_idle: bool, without_flows: Collection[int]
) -> int:
    with transaction.atomic():
        lease = Lease(worker.name, now + LEASE)
        most_lost = MOST_LOST_IN_COMPANY - 1
        if without_flows:
            others = storage().lock_claimable_of_others(
                now, limit, queue=queue, most_lost=most_lost, without_flows=without_flows
            )
            taken = storage().take_locked(others, lease, new_token, now)
        else:
            since = now - SUSPECT_PATIENCE
            taken = storage().take(now, limit, lease, new_token, queue=queue, most_lost=most_lost, unless_since=since)
        if not taken.tokens and is_idle:
            taken = storage().take(now, 1, lease, new_token)
        lost = sum(step.status == "running" for step in taken.tokens)
        tally.own.taken_over += lost
        if metrics.is_on:
            metrics.meters().leases_lost.inc(lost)
        asks = [AskClaimed(step.step, token, step.lost_leases) for step, token in taken.tokens.items()]
        before = len(worker.claimed)
        worker.room -= len(asks)
        worker.came_late = not asks
        if asks:
            change_claimed(taken.rows, asks, now=now, worker=worker)
        return len(worker.claimed) - before


def make_attempt(attempt: ClaimedAttempt) -> Result:
    """Run the attempt. Blocks for as long as it takes; never raises. Call it outside of any transaction."""
    return executing.begin(attempt.context)


def settle_attempts(ended: Sequence[EndedAttempt], worker: Worker, *, now: datetime) -> int:
    """Record what came of attempts, and begin what follows as far as `worker` has room. Answers how many counted.

    Results whose lease has passed to someone else are refused. If the batch cannot be written, each result is written
    by itself, and one that cannot be written even then fails its step. Where the database is in trouble its error is
    raised: the results are as good as before, and to be settled again.
    """
    before = len(worker.claimed)
    room = worker.room
    try:
        settled = _settle_batch(ended, worker, now)
        if metrics.is_on:
            metrics.count_attempts(one.result for one in ended)
        return settled
    except Error as error:
        del worker.claimed[before:]
        worker.room = room
        if is_passing_trouble(error) or (len(ended) == 1 and isinstance(ended[0].result, Failed)):
            raise
        log.exception("a batch of %d results could not be written; trying one by one", len(ended))
    if len(ended) > 1:
        return sum(settle_attempts([one], worker, now=now) for one in ended)
    (one,) = ended
    problem = failed("NotStorable", "What the step answered could not be stored.")
    return settle_attempts([EndedAttempt(one.attempt, problem, one.started_at)], worker, now=now)


def is_passing_trouble(error: Error) -> bool:
    """Whether the database could not work just then (it is away, full, busy), rather than refused what it was given."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if state == IDLE_IN_TRANSACTION:
        return True
    return isinstance(error, (OperationalError, InterfaceError)) and not state.startswith(PROGRAM_LIMIT_EXCEEDED)


def _settle_batch(ended: Sequence[EndedAttempt], worker: Worker, now: datetime) -> int:
    ids = sorted({one.attempt.step.instance_id for one in ended})
    if all(id in worker.rows for id in ids):
        before, room = len(worker.claimed), worker.room
        try:
            return _settle_remembered(ids, ended, worker, now)
        except Outdated:
            del worker.claimed[before:]
            worker.room = room
    return _settle_locked(ids, ended, worker, now)


def _settle_remembered(ids: Sequence[int], ended: Sequence[EndedAttempt], worker: Worker, now: datetime) -> int:
    """Without reading or locking anything first. Raises `Outdated`, and nothing has happened."""
    rows = {id: worker.rows[id] for id in ids}
    tokens = {one.attempt.step: one.attempt.token for one in ended}
    change_remembered(rows, cohorts_of(ended, rows), _ending, now=now, worker=worker, tokens=tokens)
    return len(ended)


def _settle_locked(ids: Sequence[int], ended: Sequence[EndedAttempt], worker: Worker, now: datetime) -> int:
    with transaction.atomic():
        rows = storage().lock_instances(ids)
        current = storage().lease_tokens([one.attempt.step for one in ended])
        valid = [one for one in ended if current.get(one.attempt.step) == one.attempt.token]
        if len(valid) < len(ended):
            log.info("%d late results were refused", len(ended) - len(valid))
            tally.own.refused += len(ended) - len(valid)
            if metrics.is_on:
                metrics.meters().late_results.inc(len(ended) - len(valid))
        changes = [_ending(one) for one in valid]
        outcomes = change_locked(rows, changes, now=now, worker=worker)
        report_broken(changes, outcomes)
        return sum(outcome.refusal is None for outcome in outcomes)


def _ending(one: EndedAttempt) -> Change:
    def apply(case: Case) -> None:
        if one.attempt.context.is_compensation:
            _end_compensation(case, one)
            return
        step, number = one.attempt.step, one.attempt.number
        if one.result is None:
            timeout = timeout_error(case.task(step.task))
            case.tell(case.fact(FactType.ATTEMPT_TIMED_OUT, step, number=number, error=timeout))
            case.note_attempt(step, number, one.started_at, timeout)
            return
        settle_or_fail(case, step, one.result, attempt=number)
        if not isinstance(one.result, Waiting):
            error = dict(one.result.error) if isinstance(one.result, Failed) else None
            case.note_attempt(step, number, one.started_at, error)

    return Change(one.attempt.step.instance_id, apply)


def _end_compensation(case: Case, one: EndedAttempt) -> None:
    step, number = one.attempt.step, one.attempt.number
    error: dict[str, Json] | None
    if one.result is None:
        error = timeout_error(one.attempt.context.task)
        case.tell(case.fact(FactType.ATTEMPT_TIMED_OUT, step, number=number, error=error, compensation=True))
    else:
        error = dict(one.result.error) if isinstance(one.result, Failed) else None
        case.settle_compensation(step, one.result, attempt=number)
    case.note_attempt(step, number, one.started_at, error, is_compensation=True)


def timeout_error(task: Task) -> dict[str, object]:
    """Why an attempt failed that took too long."""
    seconds = attempt_timeout(task).total_seconds()
    return {"name": "Timeout", "message": f"The attempt took longer than {seconds:g} s.", "retryable": True}


def extend_leases(tokens: Mapping[StepKey, int], *, now: datetime) -> None:
    """The heartbeat of attempts under way."""
    with transaction.atomic():
        storage().extend_leases(tokens, now + LEASE)


def give_back(tokens: Mapping[StepKey, int], *, now: datetime) -> None:
    """Let others claim these attempts at once: this worker stops without waiting for them."""
    with transaction.atomic():
        storage().end_leases(tokens, now)
