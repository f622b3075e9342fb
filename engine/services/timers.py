"""Timers: at or after their moment, in due order, once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from engine.core.facts import FactType
from engine.services.advancing import Change, change_locked
from engine.services.case import AskTimer, Case
from engine.storage import storage
from engine.storage.contract import DueTimer, StepKey


def fire_due_timers(now: datetime, limit: int = 200) -> int:
    """Fire up to `limit` timers that are due, in one transaction. Answers how many there were.

    A timer whose step has moved on meanwhile is dropped. Timers of paused instances do not come up.
    """
    if not storage().has_due_timer(now):
        return 0
    with transaction.atomic():
        due = storage().lock_due_timers(now, limit)
        rows = storage().lock_instances(sorted({timer.instance_id for timer in due}))
        change_locked(rows, [_firing(timer) for timer in due], now=now)
    return len(due)


def _firing(timer: DueTimer) -> Change:
    step = StepKey(timer.instance_id, timer.task, timer.iteration)

    def apply(case: Case) -> None:
        case.tell(case.fact(FactType.TIMER_FIRED, step, purpose=timer.purpose))
        if timer.purpose != "retry":
            case.asks.append(AskTimer(step, timer.purpose))

    return Change(timer.instance_id, apply)
