"""When a subscriber may be written to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.notifying.schedules import is_open, next_opening, schedule_reason, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
WORKING: dict[str, Any] = {"isEnabled": True, "hours": [{"start": "09:00 AM", "end": "05:00 PM"}]}
NIGHTS: dict[str, Any] = {"isEnabled": True, "hours": [{"start": "10:00 PM", "end": "02:00 AM"}]}


def weekly(**days: Any) -> dict[str, Any]:
    return {"isEnabled": True, "weeklySchedule": days}


def at(text: str) -> datetime:
    """A moment of the week that begins on Monday, 2 March 2026."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        (None, "2026-03-02T03:00", "2026-03-02T03:00"),
        ({}, "2026-03-02T03:00", "2026-03-02T03:00"),
        ({"isEnabled": True}, "2026-03-02T03:00", "2026-03-02T03:00"),
        ({**weekly(monday=WORKING), "isEnabled": False}, "2026-03-02T03:00", "2026-03-02T03:00"),
        (weekly(monday=WORKING), "2026-03-02T03:00", "2026-03-02T09:00"),
        (weekly(monday=WORKING), "2026-03-02T09:00", "2026-03-02T09:00"),
        (weekly(monday=WORKING), "2026-03-02T17:00:59", "2026-03-02T17:00:59"),
        (weekly(monday=WORKING), "2026-03-02T17:01", "2026-03-09T09:00"),
        (weekly(monday=WORKING, friday=WORKING), "2026-03-02T18:00", "2026-03-06T09:00"),
        (weekly(monday={**WORKING, "isEnabled": False}, tuesday=WORKING), "2026-03-02T10:00", "2026-03-03T09:00"),
        (weekly(monday={"isEnabled": True}, tuesday=WORKING), "2026-03-02T10:00", "2026-03-03T09:00"),
        (weekly(monday=NIGHTS), "2026-03-03T01:30", "2026-03-03T01:30"),
        (weekly(monday=NIGHTS), "2026-03-03T02:01", "2026-03-09T22:00"),
        (weekly(sunday=NIGHTS), "2026-03-02T00:30", "2026-03-02T00:30"),
        (
            weekly(monday={"isEnabled": True, "hours": [{"start": "12:00 AM", "end": "11:59 PM"}]}),
            *["2026-03-02T23:59"] * 2,
        ),
        (
            weekly(tuesday={"isEnabled": True, "hours": [{"start": "14:15", "end": "15:00"}]}),
            "2026-03-02T00:00",
            "2026-03-03T14:15",
        ),
        (weekly(), "2026-03-02T03:00", None),
        (weekly(monday={"isEnabled": False}), "2026-03-02T03:00", None),
    ],
)
def test_the_next_moment_of_a_schedule(schedule: Any, moment: str, expected: str | None) -> None:
    assert next_opening(schedule, at(moment), UTC) == (None if expected is None else at(expected))
    assert is_open(schedule, at(moment), UTC) is (moment == expected)


def test_hours_are_those_of_the_subscribers_zone_also_where_clocks_change() -> None:
    assert next_opening(weekly(monday=WORKING), at("2026-03-02T03:00"), BERLIN) == at("2026-03-02T08:00")
    assert next_opening(weekly(monday=WORKING), at("2026-03-28T03:00"), BERLIN) == at("2026-03-30T07:00")
    assert is_open(weekly(monday=WORKING), at("2026-03-02T16:30"), BERLIN) is False
    assert [str(zone_named(name)) for name in ("Europe/Berlin", "", "Nowhere/None", "../etc")] == [
        "Europe/Berlin",
        "UTC",
        "UTC",
        "UTC",
    ]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"isEnabled": False}, None),
        (weekly(monday=WORKING, sunday=NIGHTS, tuesday={"isEnabled": False}), None),
        ([], "schedule must be an object"),
        ({}, "schedule.isEnabled must be a boolean"),
        ({"isEnabled": True, "weeklySchedule": []}, "schedule.weeklySchedule must be an object"),
        (weekly(someday=WORKING), "schedule.weeklySchedule.someday must be one of the following values: monday"),
        (weekly(monday=[]), "schedule.weeklySchedule.monday must be an object"),
        (weekly(monday={}), "schedule.weeklySchedule.monday.isEnabled must be a boolean"),
        (weekly(monday={"isEnabled": True, "hours": {}}), "schedule.weeklySchedule.monday.hours must be an array"),
        (weekly(monday={"isEnabled": True, "hours": [1]}), "monday.hours.0.start must be a time such as 09:00 AM"),
        (weekly(monday={"isEnabled": True, "hours": [{"start": "09:00 AM"}]}), "monday.hours.0.end must be a time"),
        (weekly(monday={"isEnabled": True, "hours": [{"start": "13:00 PM", "end": "1"}]}), "hours.0.start must be"),
        (weekly(monday={"isEnabled": True, "hours": [{"start": "24:00", "end": "1"}]}), "hours.0.start must be"),
        (weekly(monday={"isEnabled": True, "hours": [WORKING["hours"][0]] * 25}), "at most 24 ranges"),
    ],
)
def test_what_is_no_schedule_says_where(raw: Any, reason: str | None) -> None:
    found = schedule_reason(raw)
    assert found is None if reason is None else reason in str(found)
