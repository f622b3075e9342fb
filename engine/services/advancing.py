"""The unit of work: whatever changes instances, for one or for hundreds at a time.

A `Change` says what happened to an instance; it is asked once the instance is locked and loaded. What follows from it
is carried out in the same transaction as far as it needs no outside effect (`rounds`), and everything is written by a
few statements at the end (`writing`). The number of statements depends on the flows' shape, never on the size of the
batch.

An instance that breaks (a state nobody can read, a mistake of ours) is left as it was and reported; the others of the
batch go on.

Order of locks: instances by id, then their steps and timers. Nobody locks the other way round.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import Error as DatabaseTrouble
from django.db import transaction

from designer.services.versions import plan_of
from engine.core.facts import Fact, FactRefused
from engine.core.programs import plan_with
from engine.services import well_known
from engine.services.beginning import Begin, begin
from engine.services.case import AskClaimed, Case, Folds
from engine.services.cohorts import Cohort, EndedAttempt, claims_of, note, note_claim, recall, repeat
from engine.services.errors import NotLegalNow
from engine.services.followers import is_followed, tell_followers
from engine.services.rounds import Worker, follow
from engine.services.states import first_state, read_state
from engine.services.writing import announce_after_commit, reaching_failpoints, row_after, write
from engine.storage import storage
from engine.storage.contract import InstanceRow, Outdated, StepKey

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one instance. `apply` tells it to the locked case.

    It may raise `FactRefused` or `NotLegalNow`; what it told before is then forgotten, so it tells at most once.
    """

    instance_id: int
    apply: Callable[[Case], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change. `refusal`: why it was not told, else None. `is_broken`: its instance was left as it was,
    because of a mistake of ours and not because the change was not legal.
    """

    refusal: Exception | None
    is_broken: bool = False


def apply_facts(instance_id: int, facts: Sequence[Fact], now: datetime) -> None:
    """Tell facts to one instance. Raises `NotLegalNow`."""
    change_instance(instance_id, lambda case: case.tell(*facts), now=now)


def change_instance(instance_id: int, apply: Callable[[Case], None], *, now: datetime) -> None:
    """One change of one instance, all or nothing. Raises `NotLegalNow`, and whatever else `apply` raises on purpose."""
    with transaction.atomic():
        rows = storage().lock_instances([instance_id])
        (outcome,) = change_locked(rows, [Change(instance_id, apply)], now=now)
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
    return _change(_Batch(worker), rows, changes, now)


def change_remembered(
    rows: Mapping[int, InstanceRow],
    cohorts: Sequence[Cohort],
    change_for: Callable[[EndedAttempt], Change],
    *,
    now: datetime,
    worker: Worker,
    tokens: Mapping[StepKey, int],
) -> None:
    """Tell how attempts ended (`change_for`) to instances that nobody has locked: `rows` are as the worker left them.

    Needs no transaction. Raises `Outdated`, and has changed nothing, when one is not so any more, when one of the
    leases (`tokens`) has passed to somebody else, or when a change is refused, which may be for the same reason.
    """
    if well_known.carry(cohorts, rows, worker, now):
        return
    batch = _Batch(worker, tokens)
    begins: list[Begin] = []
    unknown = [cohort for cohort in cohorts if not batch.recall(cohort, rows, now, begins)]
    begin(begins, worker)
    if unknown:
        batch.carry([cohort.first for cohort in unknown], rows, change_for, now)
        for cohort in unknown:
            note(cohort, batch.cases[cohort.first.attempt.step.instance_id], worker)
    different: list[EndedAttempt] = []
    begins = []
    for cohort in cohorts:
        if cohort.others:
            case = batch.cases[cohort.first.attempt.step.instance_id]
            alike = repeat(case, cohort, rows, worker)
            if alike is None:
                different += cohort.others
            else:
                others, more = alike
                batch.cases.update((other.row.id, other) for other in others)
                begins += more
    begin(begins, worker)
    if different:
        batch.carry(different, rows, change_for, now)
    batch.commit()


def change_claimed(rows: Sequence[InstanceRow], asks: Sequence[AskClaimed], *, now: datetime, worker: Worker) -> None:
    """Begin steps that `worker` has claimed, of instances that the caller's transaction has locked. What breaks is
    logged, and left as it was."""
    by_id = {row.id: row for row in rows}
    claims = claims_of(asks, by_id)
    if well_known.carry_claims(claims, by_id, worker, now):
        return
    batch = _Batch(worker)
    changes = [_beginning(ask) for ask in asks]
    report_broken(changes, _change(batch, rows, changes, now))
    for claim in claims:
        case = batch.cases.get(claim.ask.step.instance_id)
        if case is not None:
            note_claim(claim, case, worker)


def _beginning(ask: AskClaimed) -> Change:
    return Change(ask.step.instance_id, lambda case: case.asks.append(ask))


def _change(batch: _Batch, rows: Iterable[InstanceRow], changes: Sequence[Change], now: datetime) -> list[Outcome]:
    for row in rows:
        batch.open(row, now)
    refusals = [batch.apply(change) for change in changes]
    follow(list(batch.cases.values()), batch.worker, batch.guard)
    batch.commit()
    return [
        Outcome(batch.broken.get(change.instance_id, refusal), change.instance_id in batch.broken)
        for change, refusal in zip(changes, refusals, strict=True)
    ]


def report_broken(changes: Sequence[Change], outcomes: Sequence[Outcome]) -> None:
    """Log what broke; for callers whom nobody waits for."""
    for change, outcome in zip(changes, outcomes, strict=True):
        if outcome.is_broken:
            log.error("instance %d is left as it was", change.instance_id, exc_info=outcome.refusal)


class _Batch:
    """The cases of one unit of work, and what broke."""

    def __init__(self, worker: Worker | None, tokens: Mapping[StepKey, int] | None = None) -> None:
        self.worker = worker
        self.tokens = tokens
        self.folds = Folds()
        self.cases: dict[int, Case] = {}
        self.broken: dict[int, Exception] = {}

    def open(self, row: InstanceRow, now: datetime) -> None:
        """Have a case for a locked instance."""
        try:
            plan = plan_of(row.version_id)
            state = read_state(row.state) if row.state else first_state(plan)
            self.cases[row.id] = Case(row, plan_with(plan, state), state, now, self.folds)
        except DatabaseTrouble:
            raise
        except Exception as error:
            self._break(row.id, error)

    def apply(self, change: Change) -> Exception | None:
        """Tell a change; answers why it was refused."""
        case = self.cases.get(change.instance_id)
        if case is None:
            return NotLegalNow("The instance does not exist any more.")
        refusals: list[Exception] = []
        self.guard(case, self._tell, case, change, refusals)
        return refusals[0] if refusals else None

    def _tell(self, case: Case, change: Change, refusals: list[Exception]) -> None:
        try:
            change.apply(case)
        except (FactRefused, NotLegalNow) as refusal:
            refusals.append(refusal)

    def guard(self, case: Case, act: Callable[..., None], *arguments: Any) -> None:
        """Do something with a case, unless it has broken or breaks now. What the database refuses breaks them all."""
        if case.row.id in self.broken:
            return
        try:
            act(*arguments)
        except DatabaseTrouble:
            raise
        except Exception as error:
            self._break(case.row.id, error)

    def _break(self, instance_id: int, error: Exception) -> None:
        self.broken[instance_id] = error
        if self.cases.pop(instance_id, None) is not None and self.worker is not None:
            self.worker.forget(instance_id)

    def recall(self, cohort: Cohort, rows: Mapping[int, InstanceRow], now: datetime, begins: list[Begin]) -> bool:
        """Carry the first one of a cohort through as it is known to go. Answers whether it is; `begins` gets what is to
        be begun then."""
        known = None if self.worker is None else recall(cohort, rows, self.worker, now, self.folds)
        if known is None:
            return False
        case, more = known
        self.cases[case.row.id] = case
        begins += more
        return True

    def carry(
        self,
        ended: Sequence[EndedAttempt],
        rows: Mapping[int, InstanceRow],
        change_for: Callable[[EndedAttempt], Change],
        now: datetime,
    ) -> None:
        """Tell how attempts ended, and follow that to the end. Raises `Outdated` when it does not fit."""
        ids = dict.fromkeys(one.attempt.step.instance_id for one in ended)
        for id in ids:
            self.open(rows[id], now)
        if any(self.apply(change_for(one)) for one in ended):
            raise Outdated
        follow([self.cases[id] for id in ids if id in self.cases], self.worker, self.guard)
        if self.broken:
            raise Outdated

    def commit(self) -> None:
        """Write what has changed, and tell the world after the commit."""
        changed = [case for case in self.cases.values() if case.has_changed()]
        with transaction.atomic() if any(map(is_followed, changed)) else nullcontext():
            self._write(changed)

    def _write(self, changed: Sequence[Case]) -> None:
        if changed:
            with reaching_failpoints(lambda: {patch.kind for case in changed for patch in case.steps.values()}):
                write(changed, self.tokens)
            announce_after_commit(changed)
        if self.worker is not None:
            # Should the commit fail, this is wrong, and found to be so when it is used.
            self.worker.rows.update((case.row.id, row_after(case)) for case in self.cases.values())
        for instance_id in tell_followers(changed):
            if self.worker is not None:
                self.worker.rows.pop(instance_id, None)
