"""What a stage did in detail."""

from __future__ import annotations

from typing import Any

from dialects.formance.translate import Stage
from dialects.formance.wire import without_nulls
from engine.models import Step


def activities_of(stage: Stage, step: Step, *, version: int) -> list[dict[str, Any]]:
    """The activities of a stage, oldest first. Delays, waits and junctions have none."""
    if step.kind in ("delay", "wait_event", "noop", "transfer", "account_update"):
        return []
    name = "".join(word.capitalize() for word in step.kind.split("_"))
    is_over = step.status in ("completed", "failed", "cancelled", "skipped")
    error = step.error.get("message") if isinstance(step.error, dict) else None
    is_shown = not step.is_sensitive
    last = step.attempts[-1] if step.attempts else None
    failure = last.get("error") if isinstance(last, dict) and step.status == "retrying" else None
    return [
        without_nulls(
            {
                "name": name,
                "input": {name: step.input if isinstance(step.input, dict) else {}},
                "output": {name: step.output} if isinstance(step.output, dict) and is_shown else None,
                "startedAt": step.started_at or step.ended_at,
                "terminated": is_over,
                "terminatedAt": step.ended_at if is_over else None,
                "error": str(error) if error and step.status == "failed" else None,
                "attempt": max(1, step.attempt),
                "lastFailure": str(failure.get("message", "")) if isinstance(failure, dict) else None,
                "nextExecution": step.wakes_at if step.status == "retrying" else None,
            }
        )
    ]
