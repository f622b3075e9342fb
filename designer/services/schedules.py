"""When cron triggers fire."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from designer.graph.cron import next_match


def next_firing(cron: str, *, timezone: str = "UTC", after: datetime) -> datetime | None:
    """The first moment after `after` that matches a cron expression in a time zone, in UTC; None if there is none.

    Unreadable expressions and unknown zones answer None: the checks refuse them before a flow is published.
    """
    try:
        zone = ZoneInfo(timezone or "UTC")
        found = next_match(cron, after.astimezone(zone))
    except (ZoneInfoNotFoundError, ValueError, KeyError):
        return None
    return found.astimezone(UTC)
