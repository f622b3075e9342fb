"""Writing what a batch of cases has come to: a few statements, whatever its size; then telling the world."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.db import transaction

from accounts.models import Environment
from engine import failpoints
from engine.calls.models import Signal
from engine.core.state import InstanceStatus
from engine.models import Step
from engine.outbox.models import Message
from engine.outbox.telling import messages_of
from engine.outbox.wishes import is_wanted
from engine.services import step_data
from engine.services.announcing import Change as Announcement
from engine.services.announcing import publish
from engine.services.case import Case
from engine.services.states import write_state
from engine.services.task_mails import note_assigned
from engine.services.waking import deliver_after_commit, wake_after_commit
from engine.services.watching import is_watched, report_after_commit
from engine.storage import storage
from engine.storage.contract import Batch, FactRow, Fence, InstanceRow, Outdated, StepKey


@contextmanager
def reaching_failpoints(kinds: Callable[[], Collection[str]]) -> Iterator[None]:
    """Reach the failpoints around the writing of steps of these kinds."""
    if not failpoints.armed:
        yield
        return
    written = kinds()
    failpoints.reach("before_write", written)
    yield
    failpoints.reach("before_commit", written)
    transaction.on_commit(lambda: failpoints.reach("after_commit", written))


def write(cases: Sequence[Case], tokens: Mapping[StepKey, int] | None = None) -> None:
    """Write cases that have changed.

    Without `tokens` their instances are locked by the caller's transaction. With them (the leases of steps of the
    batch) nobody has locked anything: `Outdated` is raised, and nothing is written, when an instance is not any more as
    the case found it, or a lease has passed to somebody else.
    """
    _load_for_writing(cases)
    batch = Batch(
        facts=_fact_rows(cases),
        steps={step: patch for case in cases for step, patch in case.steps.items()},
        instances={case.row.id: _instance_columns(case) for case in cases if not case.is_new},
        new_instances={case.row.id: _instance_columns(case) for case in cases if case.is_new},
    )
    fence = None
    if tokens is not None:
        if not all(step in batch.steps and not batch.steps[step].may_be_new for step in tokens):
            raise Outdated  # not that we know; but a step that is inserted cannot be fenced
        fence = Fence({case.row.id: case.row.fact_count for case in cases}, tokens)
    if not (any(map(has_more, cases)) or any(map(is_wanted, {case.row.environment_id for case in cases}))):
        storage().write(batch, fence)
        return
    with transaction.atomic():
        storage().write(batch, fence)
        _write_more(cases)


def has_more(case: Case) -> bool:
    """Whether more has to be written than facts, steps and the instance, even where nobody listens."""
    more = case.timers or case.dropped or case.is_resumed or case.must_hold or case.consumed or case.superseded
    return bool(more or case.assigned or _has_signals(case))


def _has_signals(case: Case) -> bool:
    return bool(case.calls or case.uncalled or (case.has_ended and (case.state.is_called or _is_limited(case))))


def _is_limited(case: Case) -> bool:
    """Whether only so many instances of its flow run at once."""
    return "concurrency" in case.plan.flow.limits


def _write_more(cases: Sequence[Case]) -> None:
    store = storage()
    store.drop_timers([step for case in cases for step in case.dropped])
    store.resume_timers({case.row.id: case.shift_seconds or 0.0 for case in cases if case.is_resumed})
    store.set_timers([timer._replace(is_suspended=case.is_held_up) for case in cases for timer in case.timers.values()])
    store.hold_instances([case.row.id for case in cases if case.must_hold])
    store.consume_events([(event, step) for case in cases for event, step in case.consumed.items()], cases[0].now)
    if signals := [signal for case in cases if _has_signals(case) for signal in _signals(case)]:
        Signal.objects.bulk_create(signals)
        deliver_after_commit()
    note_assigned(cases)
    if messages := [message for case in cases if is_wanted(case.row.environment_id) for message in _messages(case)]:
        Message.objects.bulk_create(messages)
        wake_after_commit()
    for case in cases:
        _put_into_the_past(case)


def _messages(case: Case) -> Iterator[Message]:
    """What of its facts is told outside."""
    return messages_of(
        case.facts,
        environment_id=case.row.environment_id,
        instance_id=case.row.id,
        instance=case.row.key,
        flow=case.plan.flow.key,
    )


def _signals(case: Case) -> Iterator[Signal]:
    """What has to be told to the instances it calls, and to the one that called it."""
    for step in case.uncalled:
        yield _of_step(Signal.Kind.CANCEL, case, step, {})
    for step, call in case.calls.items():
        yield _of_step(Signal.Kind.START, case, step, asdict(call))
    if case.has_ended and _is_limited(case):
        yield Signal(kind=Signal.Kind.ROOM, instance_id=case.row.flow_id, due_at=case.now)
    if case.state.is_called and case.has_ended:
        yield Signal(kind=Signal.Kind.ENDED, instance_id=case.row.id, due_at=case.now)


def _of_step(kind: Signal.Kind, case: Case, step: StepKey, data: Any) -> Signal:
    return Signal(
        kind=kind, instance_id=case.row.id, task=step.task, iteration=step.iteration, data=data, due_at=case.now
    )


def _load_for_writing(cases: Sequence[Case]) -> None:
    """Vars to merge into, and the outputs that make an instance's output."""
    wanted = [
        (case, step_data.Needs(instance=True)) for case in cases if case.var_changes and "vars" not in case.columns
    ]
    for case in cases:
        if case.state.status is InstanceStatus.COMPLETE and (unknown := _ends_before(case)):
            wanted.append((case, step_data.Needs(steps=unknown)))
    step_data.load(wanted)


def _ends_before(case: Case) -> frozenset[str]:
    """Of the tasks whose outputs make the instance's output, those that ended before this batch."""
    ending = {step.task for step, patch in case.steps.items() if "output" in patch.columns}
    return frozenset(ends_of(case)) - ending


def ends_of(case: Case) -> list[str]:
    """The tasks whose outputs make the instance's output, when it has just completed."""
    if case.state.status is not InstanceStatus.COMPLETE:
        return []
    return [case.plan.nodes[node].key for node in case.state.ends if case.plan.nodes[node].task is not None]


def _fact_rows(cases: Sequence[Case]) -> list[FactRow]:
    """The facts of all cases. Those of a batch often share them, and then all but the instance is the same."""
    rows: list[FactRow] = []
    known: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
    for case in cases:
        first = case.row.fact_count + 1
        key = (first, *map(id, case.facts))
        shared = known.get(key)
        if shared is None:
            shared = known[key] = [
                (number, fact.type.value, fact.at, fact.task or "", fact.iteration, fact.data, fact.derived)
                for number, fact in enumerate(case.facts, start=first)
            ]
        instance_id = case.row.id
        rows += [FactRow(instance_id, *others) for others in shared]
    return rows


def _instance_columns(case: Case) -> dict[str, Any]:
    columns = case.columns
    columns |= {"state": write_state(case.state), "fact_count": case.row.fact_count + len(case.facts)}
    if case.state.status.value != case.row.status:
        # Only then: the column is in two indexes.
        columns["status"] = case.state.status.value
    if case.var_changes:
        before = columns.get("vars") or (case.loaded.instance or {}).get("vars") or {}
        columns["vars"] = {**before, **case.var_changes}
    if case.state.status is InstanceStatus.COMPLETE:
        columns["output"] = output_of(case)
    return columns


def row_after(case: Case) -> InstanceRow:
    """The row of an instance as it is once the case is written."""
    if not case.has_changed():
        return case.row
    columns = case.columns
    return case.row._replace(status=case.state.status.value, state=columns["state"], fact_count=columns["fact_count"])


def output_of(case: Case) -> Any:
    """Of the last task when one path ended, else each end task's output by its key (semantics: rule 5)."""
    ends = ends_of(case)
    steps = step_data.data_for(case, step_data.Needs(steps=frozenset(ends)))["steps"]
    outputs = {key: steps[key]["output"] if key in steps else None for key in ends}
    return outputs[ends[0]] if len(ends) == 1 else outputs or None


def _put_into_the_past(case: Case) -> None:
    for task, (since, before) in case.superseded.items():
        rows = Step.objects.filter(instance_id=case.row.id, task=task)
        rows.filter(iteration__gte=since, iteration__lt=before).update(is_past=True)


# -- after the commit -------------------------------------------------------------------------------------------------

_organizations: dict[int, int] = {}
"""The organization of each environment; it never changes."""


def _organization_of(environment_id: int) -> int:
    known = _organizations.get(environment_id)
    if known is None:
        known = Environment.objects.values_list("organization_id", flat=True).get(pk=environment_id)
        _organizations[environment_id] = known
    return known


def announce_rows(rows: Sequence[InstanceRow]) -> None:
    """Tell the pages that look at these instances how they are now. Call after the commit."""
    publish(
        [Announcement(row.id, row.environment_id, _organization_of(row.environment_id), row.fact_count) for row in rows]
    )


def announce_after_commit(cases: Sequence[Case]) -> None:
    """Tell the pages that look at these instances, and the workers when there is something to do."""
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
    if is_watched():
        report_after_commit(cases)
    if any(case.timers or case.is_resumed for case in cases):
        wake_after_commit()
    elif any(case.has_left_work for case in cases):
        wake_after_commit(for_attempts=True)
