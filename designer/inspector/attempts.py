"""The attempts of a step that keeps failing, drawn as a line of time: by the formula that the engine runs by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from designer.graph.durations import BadDuration
from designer.graph.fields import Field
from designer.graph.model import Json
from designer.graph.retries import PlannedAttempt, gives_up_after, planned_attempts, retry_policy, timeout_of

WIDTH: Final = 276
EDGE: Final = 8
MOST_LISTED: Final = 6
_UNITS: Final = ((365 * 86_400.0, "y"), (86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


@dataclass(frozen=True, slots=True)
class Mark:
    """An attempt on the line: `x` in pixels; `when` in words."""

    number: int
    x: float
    when: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the inspector shows below the retries. `marks` is what is drawn, `listed` what is also said in words."""

    count: str
    marks: tuple[Mark, ...]
    listed: tuple[Mark, ...]
    more: int
    timeout: str
    ends: str
    width: int = WIDTH


def timeline_of(fields: tuple[Field, ...], settings: Mapping[str, Json]) -> Timeline | None:
    """The line of time of a task's settings; None where its kind has no attempts, or the settings cannot be read."""
    if not {"retries", "timeout"} <= {field.key for field in fields}:
        return None
    try:
        policy, timeout = retry_policy(settings), timeout_of(settings)
    except (BadDuration, ValueError, TypeError, KeyError):
        return None
    attempts = planned_attempts(policy, timeout)
    marks = tuple(Mark(a.number, _place(a, attempts), words_of(a.earliest)) for a in attempts)
    total, ends = policy.limit + 1, gives_up_after(policy, timeout)
    return Timeline(
        count="1 attempt" if total == 1 else f"up to {total:,} attempts",
        marks=marks,
        listed=marks[:MOST_LISTED],
        more=total - min(len(marks), MOST_LISTED),
        timeout=words_of(timeout),
        ends="" if ends is None else words_of(ends),
    )


def _place(attempt: PlannedAttempt, attempts: tuple[PlannedAttempt, ...]) -> float:
    """Where on the line: by the logarithm where the pauses grow, so that the first attempts do not stick together."""
    last = attempts[-1].earliest.total_seconds()
    if last <= 0:
        return EDGE + (WIDTH - 2 * EDGE) * (attempt.number - 1) / max(1, len(attempts) - 1)
    first = max(0.001, attempts[1].earliest.total_seconds())
    here = math.log1p(attempt.earliest.total_seconds() / first) / math.log1p(last / first)
    return round(EDGE + (WIDTH - 2 * EDGE) * here, 1)


def words_of(span: timedelta) -> str:
    """`1 min 30 s`: at most two units."""
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{round(seconds * 1000)} ms" if seconds else "at once"
    parts: list[str] = []
    for size, unit in _UNITS:
        number = int(seconds // size)
        if number and len(parts) < 2:
            parts.append(f"{number:,} {unit}")
            seconds -= number * size
        elif parts:
            break
    return " ".join(parts)
