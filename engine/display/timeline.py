"""The timeline of an instance: one row per task, one bar per step, on an axis that compresses long stretches.

An instance may compute for milliseconds and wait for days. Between any two moments at which something began or ended,
the axis gives room by the logarithm of the time that passed: an hour of waiting is wider than a second of work, but
does not swallow it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log1p
from typing import Final

from engine.display.spans import span_words

FINEST_SECONDS: Final = 0.05
SMALLEST_SHARE: Final = 0.6  # percent; what is too short to see is drawn this wide
LONG_GAP: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """One step, from when it was ready until it ended (or now). `attempts`: when each began and ended, if it failed."""

    task: str
    iteration: int
    status: str
    began_at: datetime
    ended_at: datetime | None
    note: str = ""
    waits: bool = False
    """Nothing computes: a person, an event or a timer is waited for."""
    attempts: tuple[tuple[datetime, datetime, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """One attempt within a bar."""

    left: float
    width: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar on the axis. `left` and `width` in percent of it."""

    task: str
    iteration: int
    status: str
    left: float
    width: float
    label: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """All bars of one task."""

    task: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which nothing computed: its middle in percent and how long it was."""

    at: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows in the order in which their tasks began."""

    rows: tuple[Row, ...] = ()
    gaps: tuple[Gap, ...] = ()
    total: str = ""


class Axis:
    """Moments to percent."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self.moments = sorted(set(moments))
        weights = [
            log1p((later - earlier).total_seconds() / FINEST_SECONDS)
            for earlier, later in zip(self.moments, self.moments[1:], strict=False)
        ]
        whole = sum(weights) or 1.0
        self.places = [0.0]
        for weight in weights:
            self.places.append(self.places[-1] + 100 * weight / whole)

    def place(self, moment: datetime) -> float:
        """Percent from the left, for a moment at which something began or ended."""
        return self.places[min(bisect_left(self.moments, moment), len(self.places) - 1)]


def lay_out(spans: Sequence[Span], *, now: datetime) -> Timeline:
    """The timeline of these steps. What has not ended lasts until `now`."""
    if not spans:
        return Timeline()
    ends = {id(span): max(span.ended_at or now, span.began_at) for span in spans}
    moments = [moment for span in spans for moment in (span.began_at, ends[id(span)])]
    moments += [moment for span in spans for began, ended, _ in span.attempts for moment in (began, ended)]
    axis = Axis(moments)
    rows: dict[str, list[Bar]] = {}
    for span in sorted(spans, key=lambda span: (span.began_at, span.ended_at or now)):
        rows.setdefault(span.task, []).append(_bar(span, ends[id(span)], axis))
    total = span_words(axis.moments[-1] - axis.moments[0])
    return Timeline(tuple(Row(task, tuple(bars)) for task, bars in rows.items()), tuple(_gaps(spans, axis, now)), total)


def _bar(span: Span, end: datetime, axis: Axis) -> Bar:
    left = min(axis.place(span.began_at), 100 - SMALLEST_SHARE)
    width = max(axis.place(end) - left, SMALLEST_SHARE)
    pieces = tuple(_piece(*attempt, axis) for attempt in span.attempts)
    lasted = "" if span.status == "skipped" else span_words(end - span.began_at)
    label = " · ".join(filter(None, [span.note, lasted]))
    return Bar(span.task, span.iteration, span.status, round(left, 2), round(width, 2), label, pieces)


def _piece(began: datetime, ended: datetime, failed: bool, axis: Axis) -> Piece:
    left = min(axis.place(began), 100 - SMALLEST_SHARE)
    return Piece(round(left, 2), round(max(axis.place(ended) - left, SMALLEST_SHARE), 2), failed)


def _gaps(spans: Sequence[Span], axis: Axis, now: datetime) -> Iterable[Gap]:
    """Long stretches between two moments in which no step computed."""
    busy = [(span.began_at, span.ended_at or now) for span in spans if not span.waits]
    for earlier, later in zip(axis.moments, axis.moments[1:], strict=False):
        if later - earlier < LONG_GAP or any(began < later and ended > earlier for began, ended in busy):
            continue
        left, right = axis.place(earlier), axis.place(later)
        if right - left > 6:
            yield Gap(round((left + right) / 2, 2), round(right - left, 2), span_words(later - earlier))
