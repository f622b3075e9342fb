"""The timeline keeps order and proportion, whatever the lengths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.display.spans import span_words
from engine.display.timeline import SMALLEST_SHARE, Span, lay_out

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(**units: float) -> datetime:
    return NOON + timedelta(**units)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(milliseconds=3), "3 ms"),
        (timedelta(seconds=1.84), "1.8 s"),
        (timedelta(seconds=2), "2 s"),
        (timedelta(seconds=59.9), "1 min"),
        (timedelta(hours=4, minutes=12, seconds=40), "4 h 12 min"),
        (timedelta(days=2, hours=3), "2 d 3 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(0), "0 ms"),
        (timedelta(seconds=-5), "0 ms"),
    ],
)
def test_lengths_of_time_have_two_units_at_most(span: timedelta, words: str) -> None:
    assert span_words(span) == words


def test_an_hour_of_waiting_does_not_swallow_a_second_of_work() -> None:
    spans = [
        Span("charge", 1, "completed", NOON, after(seconds=1.8)),
        Span("approve", 1, "waiting", after(seconds=1.8), None, waits=True),
    ]
    charge, approve = (row.bars[0] for row in lay_out(spans, now=after(hours=4)).rows)
    assert charge.width > 10
    assert approve.width > charge.width
    assert charge.left + charge.width == pytest.approx(approve.left, abs=0.02)


def test_a_long_idle_stretch_is_named() -> None:
    spans = [
        Span("wait", 1, "completed", NOON, after(days=2), waits=True),
        Span("b", 1, "running", after(days=2), None),
    ]
    gaps = lay_out(spans, now=after(days=2, seconds=1)).gaps
    assert [gap.label for gap in gaps] == ["2 d"]


def test_a_stretch_in_which_something_computes_is_no_gap() -> None:
    spans = [Span("a", 1, "completed", NOON, after(days=2)), Span("b", 1, "waiting", NOON, None, waits=True)]
    assert lay_out(spans, now=after(days=2)).gaps == ()


def test_attempts_are_pieces_of_their_bar() -> None:
    attempts = ((NOON, after(seconds=1), True), (after(seconds=3), after(seconds=4), False))
    (row,) = lay_out([Span("a", 1, "completed", NOON, after(seconds=4), attempts=attempts)], now=after(hours=1)).rows
    first, second = row.bars[0].pieces
    assert (first.left, first.failed, second.failed) == (0, True, False)
    assert second.left + second.width == pytest.approx(100, abs=0.1)


def test_rounds_of_a_loop_share_a_row() -> None:
    spans = [Span("a", i, "completed", after(seconds=i), after(seconds=i + 1)) for i in (1, 2, 3)]
    (row,) = lay_out(spans, now=after(minutes=1)).rows
    assert [bar.iteration for bar in row.bars] == [1, 2, 3]


def test_an_instance_that_did_nothing_yet_has_no_timeline() -> None:
    assert lay_out([], now=NOON).rows == ()


moments = st.integers(0, 10**12).map(lambda n: NOON + timedelta(microseconds=n))


@given(st.lists(st.tuples(moments, moments | st.none()), min_size=1, max_size=30))
def test_bars_stay_on_the_axis_and_in_order(pairs: list[tuple[datetime, datetime | None]]) -> None:
    spans = [Span(str(n), 1, "completed", min(a, b or a), b and max(a, b)) for n, (a, b) in enumerate(pairs)]
    timeline = lay_out(spans, now=NOON + timedelta(microseconds=10**12))
    bars = [bar for row in timeline.rows for bar in row.bars]
    assert len(bars) == len(spans)
    for bar in bars:
        assert 0 <= bar.left <= 100
        assert bar.width >= SMALLEST_SHARE - 0.01
        assert bar.left + bar.width <= 100.7
    assert [bar.left for bar in bars] == sorted(bar.left for bar in bars)
