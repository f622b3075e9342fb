"""How often an attempt is repeated, after which pause, and how long it may take: what settings say, and when that is.

The one formula: the engine runs by it (`engine.core.retries`), the inspector draws it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from designer.graph.durations import BadDuration, parse_duration
from designer.graph.model import Json


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


DEFAULT_RETRIES: Final = RetryPolicy()
LONGEST_ATTEMPT: Final = timedelta(minutes=10)


def timeout_of(settings: Mapping[str, Json]) -> timedelta:
    """How long one attempt may take: the setting, else 10 minutes (semantics: Attempts)."""
    try:
        return parse_duration(settings["timeout"]).as_timedelta()
    except (KeyError, BadDuration):
        return LONGEST_ATTEMPT


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


@dataclass(frozen=True, slots=True)
class PlannedAttempt:
    """An attempt of a step that keeps failing: how long after the first it begins, at the earliest (each fails at once)
    and at the latest (each runs into its time limit).
    """

    number: int
    earliest: timedelta
    latest: timedelta


def planned_attempts(policy: RetryPolicy, timeout: timedelta, *, most: int = 12) -> tuple[PlannedAttempt, ...]:
    """The first `most` attempts under a policy."""
    found, waited = [], timedelta()
    for number in range(1, min(policy.limit + 1, most) + 1):
        found.append(PlannedAttempt(number, waited, waited + timeout * (number - 1)))
        waited += policy.pause_after(number)
    return tuple(found)


def gives_up_after(policy: RetryPolicy, timeout: timedelta) -> timedelta | None:
    """How long after its start a step that always fails has failed at the latest; None beyond any calendar."""
    if policy.limit > MOST_COUNTED:
        return None
    pauses = sum((policy.pause_after(number) for number in range(1, policy.limit + 1)), timedelta())
    return pauses + timeout * (policy.limit + 1)


MOST_COUNTED: Final = 10_000
