"""Which step this thread is at work on, for the lines it logs."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Final

from engine.core.ports import StepContext

step: Final[ContextVar[StepContext | None]] = ContextVar("step", default=None)


def words(context: StepContext) -> dict[str, str | int]:
    """What names a step, as log fields."""
    return {
        "instance": context.instance_key,
        "instance_id": context.instance_id,
        "flow": context.flow_key,
        "step": context.task.key,
        "iteration": context.iteration,
        "attempt": context.attempt,
    }


class NameStep(logging.Filter):
    """Puts the step at work on each record: as fields, and as `at_work` for plain text (` [order-1001 charge]`)."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never leaves a record out."""
        context = step.get()
        record.at_work = "" if context is None else f" [{context.instance_key} {context.task.key}]"
        if context is not None:
            for name, value in words(context).items():
                if not hasattr(record, name):
                    setattr(record, name, value)
        return True
