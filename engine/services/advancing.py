"""The unit of work: whatever changes instances, for one or for hundreds at a time.

A `Change` says what happened to an instance; it is asked once the instance is locked and loaded. What follows from it
is carried out at once as far as it needs no outside effect, in rounds: all steps that can be executed now, over all
instances of the batch, then those that became ready by them. Each round loads what its steps refer to with at most two
queries, and everything is written by a few statements at the end. So the number of statements depends on the flows'
shape, never on the size of the batch.

Order of locks: instances by id, then their steps and timers. Nobody locks the other way round.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from accounts.models import Environment
from designer.services.versions import plan_of
from engine.core.commands import Execute
from engine.core.facts import Fact, FactRefused, FactType
from engine.core.ports import InboundMessage, Result, StepContext, failed
from engine.core.state import InstanceStatus, StepStatus, new_state
from engine.models import Step
from engine.services import executing, step_data
from engine.services.announcing import Change as Announcement
from engine.services.announcing import publish
from engine.services.case import Ask, AskClaimed, AskEvent, AskKept, AskTimer, Case, Event
from engine.services.errors import NotLegalNow
from engine.services.projecting import NOT_CLAIMED
from engine.services.states import read_state, write_state
from engine.services.waking import wake_after_commit
from engine.storage import json_text, storage
from engine.storage.contract import FactRow, InstanceRow, StepKey

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=30)
"""How long a claim lasts without a heartbeat."""
MOST_EXECUTIONS: Final = 1000
"""Steps that one instance executes within one transaction; the rest is left to workers, so that none grows for ever."""

MOST_LOST_LEASES: Final = 8
"""How often a step's worker may go away before that counts as a failed attempt."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one instance. `apply` tells it to the locked case.

    It may raise `FactRefused` or `NotLegalNow`; what it told before is then forgotten, so it tells at most once.
    """

    instance_id: int
    apply: Callable[[Case], None]


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """An attempt that this worker is to make. `token` proves the claim when its result is told."""

    step: StepKey
    token: int
    number: int
    context: StepContext


@dataclass(slots=True)
class Worker:
    """Who claims follow-up steps in the very transaction that makes them ready. `room`: how many more it can take."""

    name: str
    room: int
    claimed: list[ClaimedAttempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change. `refusal`: why it was not told, else None. `row`: None where the instance is gone."""

    refusal: Exception | None
    row: InstanceRow | None = None


def apply_facts(instance_id: int, facts: Sequence[Fact], now: datetime) -> None:
    """Tell facts to one instance. Raises `NotLegalNow`."""
    change_instance(instance_id, lambda case: case.tell(*facts), now=now)


def change_instance(instance_id: int, apply: Callable[[Case], None], *, now: datetime) -> None:
    """One change of one instance, all or nothing. Raises `NotLegalNow`, and whatever else `apply` raises on purpose."""
    with transaction.atomic():
        (outcome,) = change_instances([Change(instance_id, apply)], now=now)
        if isinstance(outcome.refusal, FactRefused):
            raise NotLegalNow(outcome.refusal.reason) from outcome.refusal
        if outcome.refusal is not None:
            raise outcome.refusal


def change_instances(changes: Sequence[Change], *, now: datetime, worker: Worker | None = None) -> list[Outcome]:
    """Carry out changes in one transaction, in their order. One that is refused leaves no trace; the others stand."""
    with transaction.atomic():
        rows = storage().lock_instances(sorted({change.instance_id for change in changes}))
        return change_locked(rows, changes, now=now, worker=worker)


def change_locked(
    rows: Iterable[InstanceRow], changes: Sequence[Change], *, now: datetime, worker: Worker | None = None
) -> list[Outcome]:
    """As `change_instances`, for instances that the caller's transaction has locked."""
    cases = {row.id: open_case(row, now) for row in rows}
    outcomes = []
    for change in changes:
        case = cases.get(change.instance_id)
        if case is None:
            outcomes.append(Outcome(NotLegalNow("The instance does not exist any more.")))
            continue
        try:
            change.apply(case)
        except (FactRefused, NotLegalNow) as refusal:
            outcomes.append(Outcome(refusal, case.row))
        else:
            outcomes.append(Outcome(None, case.row))
    advance_cases(list(cases.values()), worker)
    return outcomes


def open_case(row: InstanceRow, now: datetime) -> Case:
    """A case for a locked instance."""
    plan = plan_of(row.version_id)
    return Case(row, plan, read_state(row.state) if row.state else new_state(plan), now)


def advance_cases(cases: Sequence[Case], worker: Worker | None = None) -> None:
    """Follow what was told to the end, write it, and tell the world after the commit."""
    _load_waits_of_resumed(cases)
    while round := [(case, ask) for case in cases for ask in _drain(case)]:
        _answer(round, worker)
    changed = [case for case in cases if case.has_changed()]
    if changed:
        _write(changed)
        _tell_the_world(changed)


def _drain(case: Case) -> Iterator[Ask]:
    while case.asks:
        yield case.asks.popleft()


# -- rounds -----------------------------------------------------------------------------------------------------------


def _answer(round: Sequence[tuple[Case, Ask]], worker: Worker | None) -> None:
    """Answer the questions of one round; what follows is asked in the next."""
    asked = [(case, ask) for case, ask in round if _is_for_us(case, ask, worker)]
    step_data.load((case, step_data.needs_of(case.plan, case.task(_step_of(case, ask).task))) for case, ask in asked)
    _load_kept_events([case for case, ask in asked if isinstance(ask, AskKept) and case.kept is None])
    for case, ask in asked:
        match ask:
            case Execute():
                _execute(case, ask, worker)
            case AskClaimed():
                _begin_claimed(case, ask, worker)
            case AskTimer(step, purpose):
                _ask_timer(case, step, purpose)
            case AskEvent(step, event_id, message):
                _ask_event(case, step, event_id, message)
            case AskKept(step, event_type):
                _ask_kept(case, step, event_type)


def _step_of(case: Case, ask: Ask) -> StepKey:
    return StepKey(case.row.id, ask.task, ask.iteration) if isinstance(ask, Execute) else ask.step


def _is_for_us(case: Case, ask: Ask, worker: Worker | None) -> bool:
    """Whether it is answered in this transaction. Steps for other workers are left to be claimed."""
    if not isinstance(ask, Execute):
        return True
    if not case.is_current(ask):
        return False
    if executing.has_outside_effect(case.task(ask.task)):
        if worker is not None and worker.room > 0:
            worker.room -= 1
            return True
    elif case.executed < MOST_EXECUTIONS:
        case.executed += 1
        return True
    case.leave_to_workers(ask)
    return False


def _execute(case: Case, ask: Execute, worker: Worker | None) -> None:
    if not case.is_current(ask):
        return
    step = StepKey(case.row.id, ask.task, ask.iteration)
    if worker is not None and executing.has_outside_effect(case.task(ask.task)):
        _claim(case, step, worker)
        return
    case.patch(step).columns["started_at"] = case.now
    settle_or_fail(case, step, executing.begin(executing.context_of(case, step, attempt=ask.attempt)))


def settle_or_fail(case: Case, step: StepKey, result: Result, *, attempt: int | None = None) -> None:
    """Tell an executor's result. One that does not fit the state is a mistake of the executor: the step fails by it."""
    try:
        case.settle(step, result, attempt=attempt)
    except FactRefused as refusal:
        log.error("%s of instance %s answered what cannot be: %s", step.task, step.instance_id, refusal.reason)
        case.settle(step, failed("InternalError", refusal.reason), attempt=attempt)


def _begin_claimed(case: Case, ask: AskClaimed, worker: Worker | None) -> None:
    """Go on with a step whose claim is stored already: begin its attempt, or repeat the one that a worker lost."""
    status = case.status(ask.step)
    if worker is None or case.is_held_up or status not in (StepStatus.READY, StepStatus.RUNNING):
        case.patch(ask.step).columns.update(NOT_CLAIMED)
    elif status is StepStatus.READY and not executing.has_outside_effect(case.task(ask.step.task)):
        _execute(case, Execute(ask.step.task, ask.step.iteration, case.attempt(ask.step.task) + 1), None)
    elif status is StepStatus.READY:
        _claim(case, ask.step, worker, token=ask.token)
    elif ask.lost_leases > MOST_LOST_LEASES:
        message = "Its worker went away during the attempt, again and again."
        case.settle(ask.step, failed("WorkerLost", message, retryable=True), attempt=case.attempt(ask.step.task))
    else:
        _hand_over(case, ask.step, worker, ask.token, case.attempt(ask.step.task))


def _claim(case: Case, step: StepKey, worker: Worker, *, token: int | None = None) -> None:
    """Begin a ready step's next attempt for `worker`. `token`: that of a claim that is stored already."""
    number = case.attempt(step.task) + 1
    case.tell(case.fact(FactType.ATTEMPT_STARTED, step, number=number))
    if token is None:
        token = new_token()
        lease = {"claimable_at": case.now + LEASE, "lease_owner": worker.name, "lease_token": token}
        case.patch(step).columns.update(lease)
    _hand_over(case, step, worker, token, number)


def _hand_over(case: Case, step: StepKey, worker: Worker, token: int, number: int) -> None:
    context = executing.context_of(case, step, attempt=number)
    worker.claimed.append(ClaimedAttempt(step, token, number, context))


def new_token() -> int:
    """A lease token nobody else has."""
    return secrets.randbits(62) + 1


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


# -- writing ----------------------------------------------------------------------------------------------------------


def _write(cases: Sequence[Case]) -> None:
    _load_for_writing(cases)
    store = storage()
    with store.together():
        store.write_facts([row for case in cases for row in _fact_rows(case)])
        store.write_steps({step: patch for case in cases for step, patch in case.steps.items()})
        store.write_instances({case.row.id: _instance_columns(case) for case in cases})
        store.drop_timers([step for case in cases for step in case.dropped])
        store.resume_timers({case.row.id: case.shift_seconds or 0.0 for case in cases if case.is_resumed})
        store.set_timers(
            [timer._replace(is_suspended=case.is_held_up) for case in cases for timer in case.timers.values()]
        )
        store.hold_instances([case.row.id for case in cases if case.must_hold])
        store.consume_events([(event, step) for case in cases for event, step in case.consumed.items()], cases[0].now)
    for case in cases:
        _put_into_the_past(case)


def _load_for_writing(cases: Sequence[Case]) -> None:
    """Vars to merge into, and the outputs that make an instance's output."""
    wanted = [
        (case, step_data.Needs(instance=True)) for case in cases if case.var_changes and "vars" not in case.columns
    ]
    wanted += [(case, step_data.Needs(steps=frozenset(_ends(case)))) for case in cases if _ends(case)]
    step_data.load(wanted)


def _ends(case: Case) -> list[str]:
    """The tasks whose outputs make the instance's output, when it has just completed."""
    if case.state.status is not InstanceStatus.COMPLETE:
        return []
    return [case.plan.nodes[node].key for node in case.state.ends if case.plan.nodes[node].task is not None]


def _fact_rows(case: Case) -> Iterator[FactRow]:
    for number, fact in enumerate(case.facts, start=case.row.fact_count + 1):
        yield FactRow(
            case.row.id, number, fact.type.value, fact.at, fact.task or "", fact.iteration, fact.data, fact.derived
        )


def _instance_columns(case: Case) -> dict[str, Any]:
    columns = {
        **case.columns,
        "status": case.state.status.value,
        "state": write_state(case.state),
        "fact_count": case.row.fact_count + len(case.facts),
    }
    if case.var_changes:
        before = columns.get("vars") or (case.loaded.instance or {}).get("vars") or {}
        columns["vars"] = {**before, **case.var_changes}
    if case.state.status is InstanceStatus.COMPLETE:
        columns["output"] = _output(case)
    return columns


def _output(case: Case) -> Any:
    """Of the last task when one path ended, else each end task's output by its key (semantics: rule 5)."""
    ends = _ends(case)
    steps = step_data.data_for(case, step_data.Needs(steps=frozenset(ends)))["steps"]
    outputs = {key: steps[key]["output"] if key in steps else None for key in ends}
    return outputs[ends[0]] if len(ends) == 1 else outputs or None


def _put_into_the_past(case: Case) -> None:
    for task, iteration in case.superseded.items():
        Step.objects.filter(instance_id=case.row.id, task=task, iteration__lt=iteration).update(is_past=True)


# -- after the commit -------------------------------------------------------------------------------------------------

_organizations: dict[int, int] = {}
"""The organization of each environment; it never changes."""


def _organization_of(environment_id: int) -> int:
    known = _organizations.get(environment_id)
    if known is None:
        known = Environment.objects.values_list("organization_id", flat=True).get(pk=environment_id)
        _organizations[environment_id] = known
    return known


def _tell_the_world(cases: Sequence[Case]) -> None:
    changes = [
        Announcement(
            case.row.id,
            case.row.environment_id,
            _organization_of(case.row.environment_id),
            case.row.fact_count + len(case.facts),
        )
        for case in cases
    ]
    transaction.on_commit(lambda: publish(changes))
    if any(case.has_left_work or case.timers or case.is_resumed for case in cases):
        wake_after_commit()
