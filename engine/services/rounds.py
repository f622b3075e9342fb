"""What follows from a change, carried out in rounds as far as it needs no outside effect.

A round answers all questions that are open over all cases of a batch: steps to be executed, timers that fired, events
to be offered. It loads what they refer to with at most three queries. What follows from the answers is the next round.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.conf import settings
from django.db import connection

from engine.core.commands import Compensate, Execute
from engine.core.facts import FactRefused, FactType
from engine.core.ports import Completed, Failed, InboundMessage, Result, Skipped, StepContext, TimerPurpose, failed
from engine.core.state import Rollback, StepStatus
from engine.services import compensating, executing, step_data
from engine.services.case import Ask, AskClaimed, AskDue, AskEvent, AskKept, AskTimer, Case, Event
from engine.services.limits import is_over_limit
from engine.services.projecting import NOT_CLAIMED
from engine.storage import json_text, storage
from engine.storage.contract import InstanceRow, Outdated, StepKey

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=settings.LEASE_SECONDS)
"""How long a claim lasts without a heartbeat."""
MOST_EXECUTIONS: Final = 1000
"""Steps that one instance executes within one transaction; the rest is left to workers, so that none grows for ever."""
MOST_LOST_LEASES: Final = 8
"""How often a step's worker may go away during the attempt before the step fails: it probably kills them."""
MOST_LOST_IN_COMPANY: Final = 3
"""How often that may have happened before the step is made alone, so that it takes no neighbours with it."""


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """An attempt that this worker is to make: of a step, or of its compensation (`context.is_compensation`).

    `token` proves the claim when its result is told.
    """

    step: StepKey
    token: int
    number: int
    context: StepContext
    lost_leases: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether workers went away so often during this attempt that it is to be made alone."""
        return self.lost_leases > MOST_LOST_IN_COMPANY


@dataclass(slots=True)
class Worker:
    """Who claims follow-up steps in the very transaction that makes them ready. `room`: how many more it can take.

    `rows`: instances as this worker left them. As long as nobody else has changed them they need not be read again.
    """

    name: str
    room: int
    claimed: list[ClaimedAttempt] = field(default_factory=list)
    rows: dict[int, InstanceRow] = field(default_factory=dict)
    came_late: bool = False
    """Whether there was something to claim, but others were faster."""

    def forget(self, instance_id: int) -> None:
        """Drop what was claimed of an instance: it is not written."""
        self.claimed[:] = [attempt for attempt in self.claimed if attempt.step.instance_id != instance_id]
        self.rows.pop(instance_id, None)


class Guard(Protocol):
    """Does something with a case, and knows what to do when it breaks."""

    def __call__(self, case: Case, act: Callable[..., None], *arguments: Any) -> None:
        """Call `act` with the arguments, or not, if the case has broken before."""
        ...


def follow(cases: Sequence[Case], worker: Worker | None, guard: Guard) -> None:
    """Answer rounds of questions until none is open."""
    _load_waits_of_resumed(cases)
    while round := [(case, ask) for case in cases for ask in _drain(case)]:
        asked: list[tuple[Case, Ask]] = []
        for case, ask in round:
            guard(case, _sort, case, ask, worker, asked)
        _load(asked)
        for case, ask in asked:
            guard(case, _answer, case, ask, worker)


def _sort(case: Case, ask: Ask, worker: Worker | None, asked: list[tuple[Case, Ask]]) -> None:
    if _is_for_us(case, ask, worker):
        asked.append((case, ask))


def _drain(case: Case) -> Iterator[Ask]:
    while case.asks:
        yield case.asks.popleft()


def _load(asked: Sequence[tuple[Case, Ask]]) -> None:
    step_data.load((case, step_data.needs_of(case.plan, case.task(_step_of(case, ask).task))) for case, ask in asked)
    _load_kept_events([case for case, ask in asked if isinstance(ask, AskKept) and case.kept is None])


def _answer(case: Case, ask: Ask, worker: Worker | None) -> None:
    match ask:
        case Execute():
            _execute(case, ask, worker)
        case Compensate():
            _compensate(case, ask, worker)
        case AskClaimed():
            _begin_claimed(case, ask, worker)
        case AskTimer(step, purpose):
            _ask_timer(case, step, purpose)
        case AskEvent(step, event_id, message):
            _ask_event(case, step, event_id, message)
        case AskKept(step, event_type):
            _ask_kept(case, step, event_type)
        case AskDue(step):
            _count_due(case, step)


def _step_of(case: Case, ask: Ask) -> StepKey:
    return StepKey(case.row.id, ask.task, ask.iteration) if isinstance(ask, (Execute, Compensate)) else ask.step


def _is_for_us(case: Case, ask: Ask, worker: Worker | None) -> bool:
    """Whether it is answered in this transaction. Steps for other workers are left to be claimed."""
    if isinstance(ask, Compensate):
        return _is_compensation_for_us(case, ask, worker)
    if not isinstance(ask, Execute):
        return True
    if not case.is_current(ask) or is_over_limit(case, ask):
        return False
    if executing.has_outside_effect(case.task(ask.task)) and not case.awaits_schedule(ask.task):
        if worker is not None and worker.room > 0:
            worker.room -= 1
            return True
    elif case.executed < MOST_EXECUTIONS:
        case.executed += 1
        return True
    case.leave_to_workers(ask)
    return False


def _is_compensation_for_us(case: Case, ask: Compensate, worker: Worker | None) -> bool:
    if not case.is_current_compensation(ask):
        return False
    step = _step_of(case, ask)
    columns = case.patch(step).columns
    columns |= {"status": "rolling_back", **NOT_CLAIMED, "wakes_at": None}
    if ask.attempt == 1:
        columns["lost_leases"] = 0
    if not executing.has_outside_effect(compensating.task_of(case, step)) and case.executed < MOST_EXECUTIONS:
        case.executed += 1
        return True
    if worker is not None and worker.room > 0:
        worker.room -= 1
        return True
    case.leave_to_workers(ask)
    return False


def _execute(case: Case, ask: Execute, worker: Worker | None) -> None:
    if not case.is_current(ask):
        return
    step = StepKey(case.row.id, ask.task, ask.iteration)
    if case.awaits_schedule(ask.task):
        settle_schedule(case, step, executing.schedule(executing.context_of(case, step, attempt=ask.attempt)))
        return
    if worker is not None and executing.has_outside_effect(case.task(ask.task)):
        _claim(case, step, worker)
        return
    if executing.writes(case.task(ask.task)) and not connection.in_atomic_block:
        raise Outdated  # what it writes must be committed together with its result: again, in a transaction
    if ask.attempt == 1:
        case.patch(step).columns["started_at"] = case.now
    result = executing.begin(executing.context_of(case, step, attempt=ask.attempt))
    is_repeated = _may_be_repeated(result)
    settle_or_fail(case, step, result, attempt=ask.attempt if is_repeated else None)
    if is_repeated or (ask.attempt > 1 and isinstance(result, (Completed, Failed, Skipped))):
        # The one attempt of most steps that are made at once is the step itself; of several each is told.
        case.note_attempt(step, ask.attempt, case.now, dict(result.error) if isinstance(result, Failed) else None)


def _may_be_repeated(result: Result) -> bool:
    return isinstance(result, Failed) and result.error.get("retryable") is True


def _compensate(case: Case, ask: Compensate, worker: Worker | None) -> None:
    step = _step_of(case, ask)
    task = compensating.task_of(case, step)
    if worker is not None and executing.has_outside_effect(task):
        _claim_compensation(case, step, worker)
    elif executing.writes(task) and not connection.in_atomic_block:
        raise Outdated  # as in `_execute`
    else:
        case.settle_compensation(step, executing.begin(compensating.context_of(case, step, attempt=ask.attempt)))


def settle_or_fail(case: Case, step: StepKey, result: Result, *, attempt: int | None = None) -> None:
    """Tell an executor's result. One that does not fit the state is a mistake of the executor: the step fails by it."""
    try:
        case.settle(step, result, attempt=attempt)
    except FactRefused as refusal:
        # Refused as well where it is the step that has moved on, and not the executor that is mistaken.
        case.settle(step, failed("InternalError", refusal.reason), attempt=attempt)
        log.error("%s of instance %s answered what cannot be: %s", step.task, step.instance_id, refusal.reason)


def settle_schedule(case: Case, step: StepKey, found: datetime | Failed) -> None:
    """Tell until when a step waits by its schedule, or why that cannot be said."""
    if isinstance(found, Failed):
        case.settle(step, found)
    else:
        case.tell(case.fact(FactType.STEP_SCHEDULED, step, wakes_at=found.isoformat()))


def _begin_claimed(case: Case, ask: AskClaimed, worker: Worker | None) -> None:
    """Go on with a step whose claim is stored already: begin its attempt, or repeat the one that a worker lost."""
    rollback = case.compensating(ask.step)
    if rollback is not None and worker is not None:
        _begin_claimed_compensation(case, ask, worker, rollback)
        return
    status = case.status(ask.step)
    # A pause lets nothing begin, but what is under way may finish: an attempt that a worker lost is repeated.
    may_go_on = status is StepStatus.RUNNING or (status is StepStatus.READY and not case.is_held_up)
    if worker is None or not may_go_on:
        case.patch(ask.step).columns.update(NOT_CLAIMED)
    elif status is StepStatus.READY and (
        case.awaits_schedule(ask.step.task) or not executing.has_outside_effect(case.task(ask.step.task))
    ):
        _execute(case, Execute(ask.step.task, ask.step.iteration, case.attempt(ask.step.task) + 1), None)
    elif status is StepStatus.READY:
        _claim(case, ask.step, worker, token=ask.token)
    elif ask.lost_leases > MOST_LOST_LEASES:
        case.settle(ask.step, _worker_lost(), attempt=case.attempt(ask.step.task))
    else:
        _hand_over(case, ask.step, worker, ask.token, case.attempt(ask.step.task), ask.lost_leases)


def _begin_claimed_compensation(case: Case, ask: AskClaimed, worker: Worker, rollback: Rollback) -> None:
    if rollback.step is StepStatus.READY:
        _claim_compensation(case, ask.step, worker, token=ask.token)
    elif rollback.step is not StepStatus.RUNNING:
        case.patch(ask.step).columns.update(NOT_CLAIMED)
    elif ask.lost_leases > MOST_LOST_LEASES:
        case.settle_compensation(ask.step, _worker_lost(), attempt=rollback.attempt)
    else:
        context = compensating.context_of(case, ask.step, attempt=rollback.attempt)
        worker.claimed.append(ClaimedAttempt(ask.step, ask.token, rollback.attempt, context, ask.lost_leases))


def _claim_compensation(case: Case, step: StepKey, worker: Worker, *, token: int | None = None) -> None:
    """As `_claim`, for the compensation of a step."""
    rollback = case.compensating(step)
    number = 1 if rollback is None else rollback.attempt + 1
    case.tell(case.fact(FactType.ATTEMPT_STARTED, step, number=number, compensation=True))
    if token is None:
        token = new_token()
        case.patch(step).columns.update(_lease(case, worker, token))
    context = compensating.context_of(case, step, attempt=number)
    worker.claimed.append(ClaimedAttempt(step, token, number, context))


def _lease(case: Case, worker: Worker, token: int) -> dict[str, Any]:
    return {"claimable_at": case.now + LEASE, "lease_owner": worker.name, "lease_token": token}


def _worker_lost() -> Failed:
    return failed("WorkerLost", "Its worker went away during the attempt, again and again.")


def _claim(case: Case, step: StepKey, worker: Worker, *, token: int | None = None) -> None:
    """Begin a ready step's next attempt for `worker`. `token`: that of a claim that is stored already."""
    number = case.attempt(step.task) + 1
    case.tell(case.fact(FactType.ATTEMPT_STARTED, step, number=number))
    if token is None:
        token = new_token()
        case.patch(step).columns.update(_lease(case, worker, token))
    _hand_over(case, step, worker, token, number)


def _hand_over(case: Case, step: StepKey, worker: Worker, token: int, number: int, lost_leases: int = 0) -> None:
    context = executing.context_of(case, step, attempt=number)
    worker.claimed.append(ClaimedAttempt(step, token, number, context, lost_leases))


_random = random.Random()  # noqa: S311 - a token has to be unique, not secret
os.register_at_fork(after_in_child=_random.seed)  # or two workers would draw the same ones


def new_token() -> int:
    """A lease token nobody else has."""
    return _random.getrandbits(62) + 1


def _ask_timer(case: Case, step: StepKey, purpose: str) -> None:
    if not case.status(step).is_open:
        return
    result = executing.on_timer(executing.context_of(case, step, attempt=case.attempt(step.task)), purpose)
    if result is not None:
        settle_or_fail(case, step, result)


def _ask_event(case: Case, step: StepKey, event_id: int, message: InboundMessage) -> bool:
    """Offer an event to a waiting step. Answers whether it was taken."""
    if event_id in case.consumed or case.status(step) is not StepStatus.WAITING or case.is_held_up:
        return False
    context = executing.context_of(case, step, attempt=case.attempt(step.task), event=message.payload)
    result = executing.on_event(context, message)
    if result is None:
        return False
    case.consumed[event_id] = step
    case.tell(case.fact(FactType.EVENT_CONSUMED, step, type=message.type, event=event_id))
    settle_or_fail(case, step, result)
    return True


def _ask_kept(case: Case, step: StepKey, event_type: str) -> None:
    for event in case.kept or ():
        if event.message.type == event_type and _ask_event(case, step, event.id, event.message):
            return


def _count_due(case: Case, step: StepKey) -> None:
    if case.status(step) not in (StepStatus.WAITING, StepStatus.HELD):
        return
    case.executed += 1  # with data of its own: what came of it came of no other instance
    due_at = executing.due(executing.context_of(case, step, attempt=case.attempt(step.task)))
    if due_at is None:
        return
    moment = due_at.isoformat()
    case.tell(case.fact(FactType.DUE_DATE_SET, step, due_at=moment))
    if due_at > case.now:
        case.tell(case.fact(FactType.TIMER_SET, step, purpose=TimerPurpose.DUE.value, due_at=moment))


def _load_kept_events(cases: Sequence[Case]) -> None:
    by_id = {case.row.id: case for case in cases}
    for case in cases:
        case.kept = []
    for kept in storage().kept_events(list(by_id)):
        message = InboundMessage(kept.type, json_text.parse(kept.payload))
        by_id[kept.instance_id].keep(Event(kept.id, message))


def _load_waits_of_resumed(cases: Sequence[Case]) -> None:
    """Events that came during a pause are offered to the steps that waited meanwhile."""
    resumed = {case.row.id: case for case in cases if case.is_resumed}
    for waiting in storage().awaiting_steps(list(resumed)):
        step = StepKey(waiting.instance_id, waiting.task, waiting.iteration)
        resumed[waiting.instance_id].asks.append(AskKept(step, waiting.event_type))
