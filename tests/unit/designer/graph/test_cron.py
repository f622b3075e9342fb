"""Schedules, and the weekday nearest to a day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from designer.graph.cron import BadCron, check_cron, nearest_weekday, next_match


@pytest.mark.parametrize(
    ("cron", "after", "match"),
    [
        ("0 6 * * 1-5", datetime(2026, 11, 21, 7), datetime(2026, 11, 23, 6)),
        ("0 9 15W * *", datetime(2026, 11, 1), datetime(2026, 11, 16, 9)),  # the 15th is a Sunday
        ("0 9 15W * *", datetime(2026, 11, 16, 9), datetime(2026, 12, 15, 9)),
        ("0 9 1w * *", datetime(2026, 7, 15), datetime(2026, 8, 3, 9)),  # the 1st is a Saturday: not back into July
        ("0 9 31W * *", datetime(2026, 5, 1), datetime(2026, 5, 29, 9)),  # the 31st is a Sunday: not on into June
        ("0 9 31W * *", datetime(2026, 9, 1), datetime(2026, 10, 30, 9)),  # September has no 31st
        ("0 9 15W JAN *", datetime(2026, 11, 1), datetime(2027, 1, 15, 9)),
        ("0 0 LW * *", datetime(2026, 10, 1), datetime(2026, 10, 30)),
    ],
)
def test_the_next_match(cron: str, after: datetime, match: datetime) -> None:
    assert next_match(cron, after.replace(tzinfo=UTC)) == match.replace(tzinfo=UTC)


@pytest.mark.parametrize("cron", ["", "* * * *", "* * 32W * *", "* * 0W * *", "0 6 * * 9", "a b c d e"])
def test_what_is_no_schedule(cron: str) -> None:
    with pytest.raises(BadCron):
        check_cron(cron)


def test_a_schedule_that_never_comes_says_so() -> None:
    with pytest.raises(BadCron):
        next_match("0 0 30W 2 *", datetime(2026, 1, 1, tzinfo=UTC))


def test_the_nearest_weekday_stays_in_its_month() -> None:
    assert nearest_weekday(2026, 8, 1) == date(2026, 8, 3)
    assert nearest_weekday(2026, 5, 31) == date(2026, 5, 29)
    assert nearest_weekday(2026, 2, 29) is None
