"""When something is due. Day-or-longer units give a floating local date-time, minutes and hours an instant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from designer.graph.durations import BadDuration, parse_duration
from dialects.epilot.ids import iso
from dialects.epilot.translate.words import duration_of

FLOATING: Final = frozenset({"days", "weeks", "months", "years"})


def due_after(config: Mapping[str, Any], at: datetime, timezone: str = "UTC") -> str | None:
    """The due date that a config gives when what it counts from happens at `at`; None when that is too far away."""
    zone = ZoneInfo(timezone)
    try:
        moment = parse_duration(duration_of(config)).after(at, zone)
    except (BadDuration, OverflowError, ValueError):
        return None
    if config["unit"] in FLOATING:
        return moment.astimezone(zone).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return iso(moment)


def duration_fault(config: Mapping[str, Any], path: str) -> str | None:
    """Why a flow cannot hold this amount of this unit: days and longer are whole, nothing is over a century."""
    try:
        parse_duration(duration_of(config))
    except BadDuration:
        return f"{path}.duration must be a whole number of {config['unit']}, and no more than 100 years"
    return None


def moment_of(text: str, timezone: str = "UTC") -> datetime | None:
    """The moment that a due date names, floating ones in the flow's time zone; None for what is no date."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except (ValueError, OverflowError):  # overflow: an offset that leads out of the calendar
        return None
