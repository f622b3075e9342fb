"""Cron expressions of five fields: minute, hour, day of the month, month, day of the week.

Beside what `cronsim` reads (lists, ranges, steps, names, `L`, `LW`, `2#1`, `5L`), the day of the month may be `15W`:
the weekday nearest to the 15th, in the same month.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from typing import Final

from cronsim import CronSim, CronSimError

NEAREST: Final = re.compile(r"([1-9]|[12]\d|3[01])W", re.IGNORECASE)
MOST_MONTHS: Final = 12 * 10
"""How far ahead a schedule is looked for."""


class BadCron(ValueError):
    """The text is no schedule, or one that never comes."""


def check_cron(cron: str) -> None:
    """Raise `BadCron` for a text that is no schedule."""
    fields = cron.upper().split()
    if len(fields) != 5:
        raise BadCron("it has not five fields")
    try:
        CronSim(" ".join(_plain(fields)), datetime(2024, 1, 1))
    except CronSimError as bad:
        raise BadCron(str(bad)) from bad


def next_match(cron: str, after: datetime) -> datetime:
    """The first moment after `after` that matches, on the clocks of its zone. Raises `BadCron`."""
    check_cron(cron)
    fields = cron.upper().split()
    nearest = NEAREST.fullmatch(fields[2])
    try:
        if nearest is None:
            return next(CronSim(cron.upper(), after))
        return _next_nearest(fields, int(nearest.group(1)), after)
    except (CronSimError, StopIteration) as bad:
        raise BadCron(str(bad) or "it never comes") from bad


def _plain(fields: list[str]) -> list[str]:
    return [fields[0], fields[1], "*" if NEAREST.fullmatch(fields[2]) else fields[2], *fields[3:]]


def _next_nearest(fields: list[str], day: int, after: datetime) -> datetime:
    """The first match on the weekday nearest to `day`, month by month."""
    year, month = after.year, after.month
    for _ in range(MOST_MONTHS):
        found = nearest_weekday(year, month, day)
        if found is not None:
            on_that_day = " ".join((fields[0], fields[1], str(found.day), str(found.month), "*"))
            start = max(after, after.replace(year=year, month=month, day=1, hour=0, minute=0) - timedelta(minutes=1))
            match = next(CronSim(on_that_day, start))
            if match.date() == found and _fits(fields, match):
                return match
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    raise StopIteration


def _fits(fields: list[str], moment: datetime) -> bool:
    """Whether month and day of the week are those of the schedule as well."""
    before = moment - timedelta(minutes=1)
    day = f"* * {moment.day} {fields[3]} *"
    if next(CronSim(day, before)) != moment:
        return False
    return fields[4] == "*" or next(CronSim(f"* * * * {fields[4]}", before)) == moment


def nearest_weekday(year: int, month: int, day: int) -> date | None:
    """The weekday nearest to a day, never in another month; None where the month has no such day."""
    last = calendar.monthrange(year, month)[1]
    if day > last:
        return None
    wanted = date(year, month, day)
    match wanted.weekday():
        case 5:  # Saturday
            return wanted - timedelta(days=1) if day > 1 else wanted + timedelta(days=2)
        case 6:  # Sunday
            return wanted + timedelta(days=1) if day < last else wanted - timedelta(days=2)
    return wanted
