"""Instances of a batch that stand at the same point and to which the same happens.

Under load a worker carries many instances of a version side by side. One of them is carried through (`engine.core` is
asked, what follows is begun); the others take over what came of it, with their own outputs, leases and contexts. Each
is recorded as if it had been alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from engine.core.facts import FactType
from engine.core.ports import Completed, Result, StepContext
from engine.services import limits
from engine.services.case import Case
from engine.services.rounds import ClaimedAttempt, Worker, new_token
from engine.services.step_data import needs_of
from engine.storage.contract import InstanceRow, StepKey, StepPatch

ALIKE: Final = frozenset(
    {
        FactType.STEP_COMPLETED,
        FactType.STEP_READY,
        FactType.ATTEMPT_STARTED,
        FactType.STEP_STARTED,
        FactType.PHASE_STARTED,
        FactType.PHASE_COMPLETED,
        FactType.INSTANCE_COMPLETED,
    }
)
"""What happens to all of a cohort if it happens to one: it follows from the plan and the marking alone."""


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt that ended. `result` None: it took longer than it may."""

    attempt: ClaimedAttempt
    result: Result | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Cohort:
    """One attempt, and those of other instances that ended just so."""

    first: EndedAttempt
    others: list[EndedAttempt] = field(default_factory=list)


_different: Final[set[tuple[int, str]]] = set()
"""Tasks, by their version, behind which each instance goes its own way: it is not worth looking for cohorts there."""
MOST_DIFFERENT: Final = 10_000


def cohorts_of(ended: Sequence[EndedAttempt], rows: Mapping[int, InstanceRow]) -> list[Cohort]:
    """Sort attempts into cohorts, in their order. `rows`: their instances as they stand."""
    cohorts: dict[object, Cohort] = {}
    seen: set[int] = set()
    for one in ended:
        step, attempt, result = one.attempt.step, one.attempt, one.result
        row = rows[step.instance_id]
        key: object = step
        # Of two attempts of one instance the second finds another marking than the first.
        may_be_alike = row.id not in seen and (row.version_id, step.task) not in _different
        if may_be_alike and _is_plain(result) and not attempt.context.is_compensation:
            has_input = isinstance(result, Completed) and result.input is not None
            key = (row.version_id, row.state, row.fact_count, step.task, step.iteration, attempt.number, has_input)
        seen.add(row.id)
        known = cohorts.get(key)
        if known is None:
            cohorts[key] = Cohort(one)
        else:
            known.others.append(one)
    return list(cohorts.values())


def _is_plain(result: Result | None) -> bool:
    """Whether nothing of a result but its output and input differs from any other of its kind."""
    if not isinstance(result, Completed):
        return False
    return not (result.vars or result.branches is not None or result.conditions or result.by or result.ends_path)


def repeat(case: Case, cohort: Cohort, rows: Mapping[int, InstanceRow], worker: Worker) -> list[Case] | None:
    """What the others of a cohort come to, now that its first one is carried through (`case`).

    None when something came of it that may be different for others; then they are to be carried through themselves.
    """
    step = cohort.first.attempt.step
    begun = [attempt for attempt in worker.claimed if attempt.step.instance_id == step.instance_id]
    if not _is_repeatable(case, step, begun):
        if len(_different) >= MOST_DIFFERENT:
            _different.clear()
        _different.add((case.row.version_id, step.task))
        return None
    if worker.room < len(begun) * len(cohort.others):
        return None
    worker.room -= len(begun) * len(cohort.others)
    return [_like(case, one, rows[one.attempt.step.instance_id], begun, worker) for one in cohort.others]


def _is_repeatable(case: Case, ended: StepKey, begun: Sequence[ClaimedAttempt]) -> bool:
    told = all(fact.type in ALIKE for fact in case.facts)
    steps = {ended, *(attempt.step for attempt in begun)} == case.steps.keys()
    return (
        told
        and steps
        and not case.has_side_tracks
        and not limits.looks_at_rows(case)
        and all(attempt.context.history is None for attempt in begun)
        and all(needs_of(case.plan, attempt.context.task).nothing for attempt in begun)
    )


def _like(case: Case, one: EndedAttempt, row: InstanceRow, begun: Sequence[ClaimedAttempt], worker: Worker) -> Case:
    """A case of another instance to which the same has happened."""
    other = Case(row, case.plan, case.state, case.now, case.folds, facts=case.facts, columns=case.columns.copy())
    for step, patch in case.steps.items():
        other.steps[StepKey(row.id, step.task, step.iteration)] = StepPatch(
            patch.environment_id, patch.kind, patch.columns.copy(), patch.may_be_new
        )
    step, columns = one.attempt.step, other.steps[one.attempt.step].columns
    if isinstance(one.result, Completed):
        columns["output"] = one.result.output
        if one.result.input is not None:
            columns["input"] = one.result.input
    other.note_attempt(step, one.attempt.number, one.started_at, None)
    for attempt in begun:
        step, token = StepKey(row.id, attempt.step.task, attempt.step.iteration), new_token()
        other.steps[step].columns["lease_token"] = token
        context = _context_like(attempt.context, row)
        worker.claimed.append(ClaimedAttempt(step, token, attempt.number, context))
    return other


def _context_like(context: StepContext, row: InstanceRow) -> StepContext:
    """The same step of another instance, of which nothing has been loaded either."""
    data = {**context.data, "instance": {**context.data["instance"], "id": row.key}}
    return StepContext(
        instance_id=row.id,
        instance_key=row.key,
        flow_key=context.flow_key,
        task=context.task,
        iteration=context.iteration,
        attempt=context.attempt,
        data=data,
        now=context.now,
        timezone=context.timezone,
        flow=context.flow,
        environment_id=context.environment_id,
        flow_id=context.flow_id,
    )
