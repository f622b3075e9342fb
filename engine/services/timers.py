"""Timers: at or after their moment, in due order, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from engine.core.facts import FactType
from engine.core.ports import TimerPurpose
from engine.services.advancing import Change, change_locked, report_broken
from engine.services.case import AskTimer, Case
from engine.storage import storage
from engine.storage.contract import DueTimer, StepKey, TimerRow
from engine.telemetry import metrics, tally

PUT_BACK: Final = timedelta(minutes=1)
OF_THE_CORE: Final = frozenset({TimerPurpose.RETRY, TimerPurpose.ROLLBACK, TimerPurpose.START})
"""Purposes of which the core knows itself what follows."""


def fire_due_timers(now: datetime, limit: int = 200) -> int:
    """Fire up to `limit` timers that are due, in one transaction. Answers how many there were.

    A timer whose step has moved on meanwhile is dropped. Timers of paused instances do not come up.
    """
    if not storage().has_due_timer(now):
        return 0
    with transaction.atomic():
        due = storage().lock_due_timers(now, limit)
        rows = storage().lock_instances(sorted({timer.instance_id for timer in due}))
        changes = [_firing(timer) for timer in due]
        outcomes = change_locked(rows, changes, now=now)
        report_broken(changes, outcomes)
        tally.own.note_timers([timer.due_at for timer in due], now)
        if metrics.is_on:
            metrics.count_timers([timer.due_at for timer in due], now)
        _put_back([timer for timer, outcome in zip(due, outcomes, strict=True) if outcome.is_broken], now)
    return len(due)


def _put_back(timers: Sequence[DueTimer], now: datetime) -> None:
    """Timers of instances that broke come up again a little later: once the mistake is mended, nothing is lost."""
    storage().set_timers([TimerRow(*_step(timer), timer.purpose, now + PUT_BACK, False) for timer in timers])


def _step(timer: DueTimer) -> StepKey:
    return StepKey(timer.instance_id, timer.task, timer.iteration)


def _firing(timer: DueTimer) -> Change:
    step = _step(timer)

    def apply(case: Case) -> None:
        case.tell(case.fact(FactType.TIMER_FIRED, step, purpose=timer.purpose))
        if timer.purpose not in OF_THE_CORE:
            case.asks.append(AskTimer(step, timer.purpose))

    return Change(timer.instance_id, apply)
