"""How often an attempt is repeated, after which pause, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from designer.graph.durations import BadDuration, parse_duration
from designer.graph.model import Json, Task


class Backoff(StrEnum):
    """How the pause grows with the number of failed attempts."""

    CONSTANT = "constant"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"


LONGEST_PAUSE: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`limit` repeats after the first attempt (so `limit + 1` attempts). Defaults: 5, 10 s, exponential (semantics)."""

    limit: int = 5
    delay: timedelta = timedelta(seconds=10)
    backoff: Backoff = Backoff.EXPONENTIAL
    longest: timedelta = LONGEST_PAUSE

    def pause_after(self, attempt: int) -> timedelta:
        """The pause after failed attempt `attempt` (from 1): delay, delay·n or delay·2^(n-1); at most `longest`."""
        factor = {Backoff.CONSTANT: 1, Backoff.LINEAR: attempt, Backoff.EXPONENTIAL: 2 ** min(attempt - 1, 60)}
        seconds = self.delay.total_seconds() * factor[self.backoff]
        return timedelta(seconds=min(seconds, self.longest.total_seconds()))

    def allows_another_after(self, attempt: int) -> bool:
        """Whether attempt `attempt + 1` may be made."""
        return attempt <= self.limit


def pause_before_retry(policy: RetryPolicy, attempt: int, error: Json) -> timedelta:
    """The pause after failed attempt `attempt`; an error may name its own, `retry_in_seconds`, at most a year."""
    seconds = error.get("retry_in_seconds") if isinstance(error, Mapping) else None
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool):
        return timedelta(seconds=min(max(0.0, seconds), LONGEST_PAUSE.total_seconds()))
    return policy.pause_after(attempt)


DEFAULT_RETRIES: Final = RetryPolicy()
NO_RETRIES: Final = RetryPolicy(limit=0)


LONGEST_ATTEMPT: Final = timedelta(minutes=10)


def attempt_timeout(task: Task) -> timedelta:
    """How long one attempt of a task may take: its setting, else 10 minutes (semantics: Attempts)."""
    try:
        return parse_duration(task.settings["timeout"]).as_timedelta()
    except (KeyError, BadDuration):
        return LONGEST_ATTEMPT


def is_retryable(error: Json) -> bool:
    """Whether an attempt that failed so may be repeated at all."""
    return not isinstance(error, Mapping) or bool(error.get("retryable", True))


def retry_policy(settings: Mapping[str, Json]) -> RetryPolicy:
    """The policy in a task's settings; what is not set has its default. Checked flows raise nothing here."""
    raw = settings.get("retries")
    if not isinstance(raw, Mapping):
        return DEFAULT_RETRIES
    return RetryPolicy(
        limit=int(raw.get("limit", DEFAULT_RETRIES.limit)),
        delay=parse_duration(raw["delay"]).as_timedelta() if "delay" in raw else DEFAULT_RETRIES.delay,
        backoff=Backoff(raw.get("backoff", DEFAULT_RETRIES.backoff)),
        longest=parse_duration(raw["longest"]).as_timedelta() if "longest" in raw else LONGEST_PAUSE,
    )
