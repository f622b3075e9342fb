"""Beginning attempts whose leases are part of what a batch writes, for the worker that writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.services import executing, step_data
from engine.services.case import Case
from engine.services.rounds import ClaimedAttempt, Worker
from engine.storage.contract import StepKey


class Begin(NamedTuple):
    """An attempt that is to be begun. `token`: of its lease, which the case has noted."""

    case: Case
    step: StepKey
    number: int
    token: int


def begin(begins: Sequence[Begin], worker: Worker) -> None:
    """Load what these attempts refer to, for all of them at once, and hand them to the worker."""
    tasks = [one.case.task(one.step.task) for one in begins]
    step_data.load((one.case, step_data.needs_of(one.case.plan, task)) for one, task in zip(begins, tasks, strict=True))
    worker.claimed += [
        ClaimedAttempt(one.step, one.token, one.number, executing.context_of(one.case, one.step, attempt=one.number))
        for one in begins
    ]
