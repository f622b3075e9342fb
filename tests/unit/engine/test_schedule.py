"""Moments, durations on the calendar, due dates, schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core.schedule import BadMoment, due_at, moment_after, next_match, parse_moment, zone_of
from tests.drawing import draw

BERLIN = zone_of("Europe/Berlin")
NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day, hour, minute


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2026-05-01T09:00:00+02:00", utc(2026, 5, 1, 7)),
        ("2026-05-01T09:00:00Z", utc(2026, 5, 1, 9)),
        ("2026-05-01T09:00:00", utc(2026, 5, 1, 7)),
        ("2026-05-01", utc(2026, 4, 30, 22)),
        (1_800_000_000, utc(2027, 1, 15, 8)),
    ],
)
def test_a_moment_without_offset_is_read_in_the_time_zone(raw: Any, moment: datetime) -> None:
    assert parse_moment(raw, BERLIN) == moment


@pytest.mark.parametrize("raw", ["tomorrow", "", None, True, [], {}, 1e30, "2026-13-01", "9999-12-31T23:59:59-12:00"])
def test_what_is_no_moment_is_refused(raw: Any) -> None:
    with pytest.raises(BadMoment):
        parse_moment(raw, BERLIN)


def test_days_are_counted_on_the_calendar_and_hours_exactly() -> None:
    # In Berlin the night to 29 March 2026 is one hour short.
    saturday = utc(2026, 3, 28, 11)
    assert moment_after("1 day", saturday, BERLIN) == utc(2026, 3, 29, 10)
    assert moment_after("24 hours", saturday, BERLIN) == utc(2026, 3, 29, 11)
    assert moment_after("1 month", utc(2026, 1, 31, 12), BERLIN) == utc(2026, 2, 28, 12)


@pytest.mark.parametrize("raw", [5, "soon", None, "9" * 50 + " days"])
def test_what_is_no_duration_is_refused(raw: Any) -> None:
    with pytest.raises(BadMoment):
        moment_after(raw, NOW, BERLIN)


def test_a_duration_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(BadMoment):
        moment_after("100 years", datetime(9950, 1, 1, tzinfo=UTC), BERLIN)


@pytest.mark.parametrize(
    ("cron", "moment"),
    [
        ("0 6 * * 1-5", utc(2026, 3, 30, 4)),
        ("30 13 * * *", utc(2026, 3, 27, 12, 30)),
        ("0 12 29 2 *", utc(2028, 2, 29, 11)),
    ],
)
def test_a_schedule_is_read_on_the_clocks_of_its_zone(cron: str, moment: datetime) -> None:
    assert next_match(cron, NOW, BERLIN) == moment


@pytest.mark.parametrize("cron", ["", "every day", "0 0 31 2 *", "61 * * * *"])
def test_what_is_no_schedule_is_refused(cron: str) -> None:
    with pytest.raises(BadMoment):
        next_match(cron, NOW, BERLIN)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "\0", "x" * 500])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadMoment):
        zone_of(name)


# -- due dates --------------------------------------------------------------------------------------------------------

FLOW = draw("x -> y; a", phases={"p": "x y"})


def step(status: str, ended_at: datetime | None) -> dict[str, Any]:
    return {"status": status, "ended_at": ended_at.isoformat() if ended_at else None}


DATA = {
    "instance": {"started_at": utc(2026, 3, 20, 12).isoformat()},
    "steps": {
        "a": step("completed", utc(2026, 3, 25, 12)),
        "x": step("completed", utc(2026, 3, 21, 12)),
        "y": step("skipped", utc(2026, 3, 22, 12)),
        "open": step("waiting", None),
        "lost": step("failed", utc(2026, 3, 22, 12)),
    },
}


@pytest.mark.parametrize(
    ("due", "moment"),
    [
        ({"at": "2026-04-01T10:00:00Z"}, utc(2026, 4, 1, 10)),
        ({"for": "2 days"}, utc(2026, 3, 22, 12)),
        ({"for": "2 days", "from": "start"}, utc(2026, 3, 22, 12)),
        ({"for": "2 days", "from": "task:a"}, utc(2026, 3, 27, 12)),
        ({"for": "1 hour", "from": "phase:p"}, utc(2026, 3, 22, 13)),
        ({"for": "2 days", "from": "task:open"}, None),
        ({"for": "2 days", "from": "task:lost"}, None),
        ({"for": "2 days", "from": "task:unknown"}, None),
        (None, None),
        ({}, None),
    ],
)
def test_a_due_date_counts_from_what_it_names(due: Any, moment: datetime | None) -> None:
    assert due_at(due, DATA, NOW, zone_of("UTC"), flow=FLOW) == moment


def test_a_due_date_does_not_count_from_a_phase_that_is_not_finished() -> None:
    steps = {**DATA["steps"], "y": step("ready", None)}
    due = {"for": "1 hour", "from": "phase:p"}
    assert due_at(due, {**DATA, "steps": steps}, NOW, zone_of("UTC"), flow=FLOW) is None


def test_a_due_date_from_the_start_of_an_instance_that_has_just_started() -> None:
    assert due_at({"for": "1 hour"}, {"instance": {}}, NOW, zone_of("UTC")) == NOW + timedelta(hours=1)
