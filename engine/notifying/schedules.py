"""When a subscriber may be written to: hours of the days of a week, in their own time zone.

    {isEnabled, weeklySchedule: {monday: {isEnabled, hours: [{start: "09:00 AM", end: "05:30 PM"}]}, …}}

Without a schedule, or with one that is off or names no week, every moment is right. A day that is missing, off, or
without hours is closed. Hours that end before they start go on into the next day. What is written in the inbox waits
there anyway: schedules are about the other channels, and critical flows pass over them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from designer.graph.model import Json

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_HOURS: Final = 24
"""How many ranges a day may have."""
_TIME: Final = re.compile(r"^(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?: ?(?P<half>[AaPp][Mm]))?$")
_MINUTE: Final = timedelta(minutes=1)


def schedule_reason(raw: Json) -> str | None:
    """Why this is no schedule, or None. Says where."""
    if not isinstance(raw, Mapping):
        return "schedule must be an object"
    if not isinstance(raw.get("isEnabled"), bool):
        return "schedule.isEnabled must be a boolean"
    week = raw.get("weeklySchedule")
    if week is None:
        return None
    if not isinstance(week, Mapping):
        return "schedule.weeklySchedule must be an object"
    for name, day in week.items():
        if name not in DAYS:
            return f"schedule.weeklySchedule.{name[:40]} must be one of the following values: {', '.join(DAYS)}"
        reason = _day_reason(f"schedule.weeklySchedule.{name}", day)
        if reason is not None:
            return reason
    return None


def _day_reason(path: str, day: Json) -> str | None:
    if not isinstance(day, Mapping):
        return f"{path} must be an object"
    if not isinstance(day.get("isEnabled"), bool):
        return f"{path}.isEnabled must be a boolean"
    hours = day.get("hours") if day.get("hours") is not None else []
    if not isinstance(hours, (list, tuple)) or len(hours) > MOST_HOURS:
        return f"{path}.hours must be an array of at most {MOST_HOURS} ranges"
    for number, range in enumerate(hours):
        for end in ("start", "end"):
            if not isinstance(range, Mapping) or _time(range.get(end)) is None:
                return f"{path}.hours.{number}.{end} must be a time such as 09:00 AM"
    return None


def _time(text: Json) -> time | None:
    """`09:00 AM`, `5:30 PM`, `17:30`; None for what is no time."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    hour, half = int(match["hour"]), (match["half"] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "PM" else 0)
    return time(hour, int(match["minute"])) if hour < 24 else None


def zone_named(name: str) -> tzinfo:
    """A subscriber's time zone; UTC where they have none that is known."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC


def limits(schedule: Json) -> Mapping[str, Any] | None:
    """The week that a schedule keeps to; None where it lets every moment pass."""
    if not isinstance(schedule, Mapping) or schedule.get("isEnabled") is not True:
        return None
    week = schedule.get("weeklySchedule")
    return week if isinstance(week, Mapping) else None


def is_open(schedule: Json, moment: datetime, zone: tzinfo) -> bool:
    """Whether a moment is within the hours."""
    return next_opening(schedule, moment, zone) == moment


def next_opening(schedule: Json, moment: datetime, zone: tzinfo) -> datetime | None:
    """The moment itself where it is within the hours, else when they next begin; None where they never do."""
    week = limits(schedule)
    if week is None:
        return moment
    today = moment.astimezone(zone).date()
    begins: datetime | None = None
    for offset in range(-1, 8):  # yesterday's hours may go on into today
        for start, end in _ranges(week, today + timedelta(days=offset), zone):
            if start <= moment < end:
                return moment
            if start > moment and (begins is None or start < begins):
                begins = start
    return begins


def _ranges(week: Mapping[str, Any], day: date, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    """The hours of a date as moments, the end not included. The minute that a range names as its end is in it."""
    found = week.get(DAYS[day.weekday()])
    if not isinstance(found, Mapping) or found.get("isEnabled") is not True:
        return
    for hours in found.get("hours") or ():
        start, end = (_time(hours.get(name)) if isinstance(hours, Mapping) else None for name in ("start", "end"))
        if start is None or end is None:
            continue
        last = day if start <= end else day + timedelta(days=1)
        begins = datetime.combine(day, start, zone).astimezone(UTC)
        yield begins, datetime.combine(last, end, zone).astimezone(UTC) + _MINUTE
