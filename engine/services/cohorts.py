"""Instances of a batch that stand at the same point and to which the same happens.

Under load a worker carries many instances of a version side by side. One of them is carried through (`engine.core` is
asked, what follows is begun); the others take over what came of it, with their own outputs, leases and contexts. Each
is recorded as if it had been alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from engine.core.facts import FactType
from engine.core.ports import Completed, Result
from engine.services import limits, passages
from engine.services.beginning import Begin
from engine.services.case import AskClaimed, Case, Folds
from engine.services.rounds import ClaimedAttempt, Worker, new_token
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
    """One attempt, and those of other instances that ended just so. `key` says how; None where it may have been
    otherwise for each.
    """

    first: EndedAttempt
    key: passages.Key | None = None
    others: list[EndedAttempt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that was claimed, to be begun. `key` says what it has in common with others; None where it goes its own
    way.
    """

    ask: AskClaimed
    key: passages.Key | None


_different: Final[set[tuple[int, str]]] = set()
"""Tasks, by their version, behind which each instance goes its own way: it is not worth looking for cohorts there."""
MOST_DIFFERENT: Final = 10_000


def cohorts_of(ended: Sequence[EndedAttempt], rows: Mapping[int, InstanceRow]) -> list[Cohort]:
    """Sort attempts into cohorts, in their order. `rows`: their instances as they stand."""
    cohorts: dict[object, Cohort] = {}
    # Of two attempts of one instance the second finds another marking than the first.
    several = _several(ended)
    for one in ended:
        step = one.attempt.step
        key = None if step.instance_id in several else _key_of(one, rows[step.instance_id])
        known = None if key is None else cohorts.get(key)
        if known is None:
            cohorts[step if key is None else key] = Cohort(one, key)
        else:
            known.others.append(one)
    return list(cohorts.values())


def _several(ended: Sequence[EndedAttempt]) -> set[int]:
    """The instances that have several attempts among these."""
    ids = [one.attempt.step.instance_id for one in ended]
    if len(set(ids)) == len(ids):
        return set()
    counts = Counter(ids)
    return {id for id, count in counts.items() if count > 1}


def _key_of(one: EndedAttempt, row: InstanceRow) -> passages.Key | None:
    """What all of its cohort have in common. None where it goes its own way."""
    step, attempt, result = one.attempt.step, one.attempt, one.result
    if (row.version_id, step.task) in _different or attempt.context.is_compensation or not _is_plain(result):
        return None
    has_input = isinstance(result, Completed) and result.input is not None
    point = row.version_id, row.status, row.state, row.fact_count
    return *point, step.task, step.iteration, attempt.number, has_input


def claims_of(asks: Sequence[AskClaimed], rows: Mapping[int, InstanceRow]) -> list[Claim]:
    """What is known of claimed steps. `rows`: their instances, which are locked."""
    counts = Counter(ask.step.instance_id for ask in asks)
    return [
        Claim(ask, _key_of_claim(ask, rows[id]) if counts[id] == 1 and id in rows else None)
        for ask in asks
        for id in (ask.step.instance_id,)
    ]


def _key_of_claim(ask: AskClaimed, row: InstanceRow) -> passages.Key | None:
    step = ask.step
    if ask.lost_leases or (row.version_id, step.task) in _different:
        return None
    return row.version_id, row.status, row.state, row.fact_count, step.task, step.iteration


def note_claim(claim: Claim, case: Case, worker: Worker) -> None:
    """Know it the next time. `case` has been carried through, and written."""
    begun = _begun(case, worker)
    # What is lost runs already: it begins nothing that another would.
    if claim.key is not None and len(begun) == 1 and _is_repeatable(case, claim.ask.step, begun):
        passages.note(claim.key, case, begun)


def recall(
    cohort: Cohort, rows: Mapping[int, InstanceRow], worker: Worker, now: datetime, folds: Folds
) -> tuple[Case, list[Begin]] | None:
    """What the first one of a cohort comes to, where that is known from earlier batches, and what is to be begun."""
    if cohort.key is None:
        return None
    one = cohort.first
    known = passages.recall(cohort.key, rows[one.attempt.step.instance_id], worker, now, folds)
    if known is not None:
        _tell_own(known[0], one)
    return known


def note(cohort: Cohort, case: Case, worker: Worker) -> None:
    """Know it the next time. `case` is the first one's, carried through and not yet written."""
    if cohort.key is not None and is_repeatable(cohort, case, worker):
        passages.note(cohort.key, case, _begun(case, worker))


def _is_plain(result: Result | None) -> bool:
    """Whether nothing of a result but its output and input differs from any other of its kind."""
    if not isinstance(result, Completed):
        return False
    return not (result.vars or result.branches is not None or result.conditions or result.by or result.ends_path)


def repeat(
    case: Case, cohort: Cohort, rows: Mapping[int, InstanceRow], worker: Worker
) -> tuple[list[Case], list[Begin]] | None:
    """What the others of a cohort come to, now that its first one is carried through (`case`), and what is to be begun.

    None when something came of it that may be different for others; then they are to be carried through themselves.
    """
    begun = _begun(case, worker)
    if not is_repeatable(cohort, case, worker) or worker.room < len(begun) * len(cohort.others):
        return None
    worker.room -= len(begun) * len(cohort.others)
    begins: list[Begin] = []
    return [_like(case, one, rows[one.attempt.step.instance_id], begun, begins) for one in cohort.others], begins


def _begun(case: Case, worker: Worker) -> list[ClaimedAttempt]:
    return [attempt for attempt in worker.claimed if attempt.step.instance_id == case.row.id]


def is_repeatable(cohort: Cohort, case: Case, worker: Worker) -> bool:
    """Whether the same comes of the others of a cohort as of its first one. Where not, it is not asked again."""
    step = cohort.first.attempt.step
    if _is_repeatable(case, step, _begun(case, worker)):
        return True
    if not case.has_left_work:  # that is for want of room
        if len(_different) >= MOST_DIFFERENT:
            _different.clear()
        _different.add((case.row.version_id, step.task))
    return False


def _is_repeatable(case: Case, ended: StepKey, begun: Sequence[ClaimedAttempt]) -> bool:
    told = all(fact.type in ALIKE for fact in case.facts)
    steps = {ended, *(attempt.step for attempt in begun)} == case.steps.keys()
    return (
        told
        and steps
        and not case.has_side_tracks
        and not limits.looks_at_rows(case)
        and not any(attempt.context.is_compensation or attempt.context.history is not None for attempt in begun)
    )


def _like(
    case: Case, one: EndedAttempt, row: InstanceRow, begun: Sequence[ClaimedAttempt], begins: list[Begin]
) -> Case:
    """A case of another instance to which the same has happened. `begins`: gets what is to be begun for it."""
    other = Case(row, case.plan, case.state, case.now, case.folds, facts=case.facts, columns=case.columns.copy())
    for step, patch in case.steps.items():
        other.steps[StepKey(row.id, step.task, step.iteration)] = StepPatch(
            patch.environment_id, patch.kind, patch.columns.copy(), patch.may_be_new
        )
    _tell_own(other, one)
    for attempt in begun:
        step, token = StepKey(row.id, attempt.step.task, attempt.step.iteration), new_token()
        other.steps[step].columns["lease_token"] = token
        begins.append(Begin(other, step, attempt.number, token))
    return other


def _tell_own(case: Case, one: EndedAttempt) -> None:
    """Note what an attempt of a cohort has for itself."""
    step = one.attempt.step
    columns = case.steps[step].columns
    if isinstance(one.result, Completed):
        columns["output"] = one.result.output
        if one.result.input is not None:
            columns["input"] = one.result.input
    case.note_attempt(step, one.attempt.number, one.started_at, None)
