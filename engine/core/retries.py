"""Whether and when an attempt is repeated. The formula is the designer's, which draws it (`designer.graph.retries`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from designer.graph.model import Json, Task
from designer.graph.retries import (
    DEFAULT_RETRIES,
    LONGEST_ATTEMPT,
    LONGEST_PAUSE,
    Backoff,
    RetryPolicy,
    retry_policy,
    timeout_of,
)

NO_RETRIES: Final = RetryPolicy(limit=0)


def pause_before_retry(policy: RetryPolicy, attempt: int, error: Json) -> timedelta:
    """The pause after failed attempt `attempt`; an error may name its own, `retry_in_seconds`, at most a year."""
    seconds = error.get("retry_in_seconds") if isinstance(error, Mapping) else None
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool):
        return timedelta(seconds=min(max(0.0, seconds), LONGEST_PAUSE.total_seconds()))
    return policy.pause_after(attempt)


def attempt_timeout(task: Task) -> timedelta:
    """How long one attempt of a task may take."""
    return timeout_of(task.settings)


def is_retryable(error: Json) -> bool:
    """Whether an attempt that failed so may be repeated at all."""
    return not isinstance(error, Mapping) or bool(error.get("retryable", True))


__all__ = [
    "DEFAULT_RETRIES",
    "LONGEST_ATTEMPT",
    "LONGEST_PAUSE",
    "NO_RETRIES",
    "Backoff",
    "RetryPolicy",
    "attempt_timeout",
    "is_retryable",
    "pause_before_retry",
    "retry_policy",
]
