"""Durations as people write them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.graph.durations import BadDuration, Duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("10 seconds", Duration(exact=timedelta(seconds=10))),
        ("1 hour", Duration(exact=timedelta(hours=1))),
        ("1.5 hours", Duration(exact=timedelta(minutes=90))),
        ("250 milliseconds", Duration(exact=timedelta(milliseconds=250))),
        ("3 days", Duration(days=3)),
        ("2 weeks", Duration(days=14)),
        ("1 month", Duration(months=1)),
        ("2 years and 1 day", Duration(months=24, days=1)),
        ("1 day, 2 hours", Duration(days=1, exact=timedelta(hours=2))),
        ("PT10S", Duration(exact=timedelta(seconds=10))),
        ("P1DT12H", Duration(days=1, exact=timedelta(hours=12))),
        ("P1Y2M3W4D", Duration(months=14, days=25)),
        ("0 seconds", Duration()),
        ("36h", Duration(exact=timedelta(hours=36))),
        ("1h30m0.5s", Duration(exact=timedelta(hours=1, minutes=30, milliseconds=500))),
        ("300ms", Duration(exact=timedelta(milliseconds=300))),
    ],
)
def test_a_duration_is_read(text: str, duration: Duration) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "raw",
    [
        10,
        1.5,
        None,
        True,
        [],
        "",
        "10",
        "ten seconds",
        "10 s",
        "1h 30m",
        "1h30",
        "1d",
        "10 parsecs",
        "1 day 2 days",
        "1.5 days",
        "-1 day",
        "P",
        "PT",
        "P1DT",
        "101 years",
        "999999999 months",
        "999999999 years",
        "999999999 hours",
        "1 hour of work",
        "9" * 101,
    ],
)
def test_what_is_no_duration_is_refused(raw: Any) -> None:
    with pytest.raises(BadDuration, match="a number and a unit"):
        parse_duration(raw)


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,9} (days|months|years|hours)", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadDuration):
        assert parse_duration(text).as_timedelta() >= timedelta()


def test_a_day_later_is_the_same_time_on_the_clock_and_an_hour_is_an_hour() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    evening_before_summer_time = datetime(2026, 3, 28, 17, 0, tzinfo=UTC)
    assert parse_duration("1 day").after(evening_before_summer_time, berlin) == datetime(2026, 3, 29, 16, 0, tzinfo=UTC)
    assert parse_duration("24 hours").after(evening_before_summer_time, berlin) == datetime(
        2026, 3, 29, 17, 0, tzinfo=UTC
    )


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    moment = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert parse_duration("1 month").after(moment, UTC) == datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
