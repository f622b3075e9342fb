"""Durations in scripts: milliseconds, or a number and a unit. Months have 30 days, years 365."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

_DAY_MS: Final = 86_400_000
_UNITS: Final = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": _DAY_MS,
    "week": 7 * _DAY_MS,
    "month": 30 * _DAY_MS,
    "year": 365 * _DAY_MS,
}
_DURATION: Final = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]+?)s?\s*", re.IGNORECASE)
LONGEST_MS: Final = 100 * 365 * _DAY_MS
YEAR_MS: Final = 365 * _DAY_MS


def milliseconds(value: Any, *, least: float | None = None) -> int | float:
    """A number of milliseconds, or a number and a unit (`"7 days"`), or a timedelta.

    Raises ValueError unless it is over 0 (at least `least`, where given) and at most 100 years.
    """
    amount: int | float
    if isinstance(value, timedelta):
        amount = value.total_seconds() * 1000
    elif isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("must be a number of milliseconds or a text such as '7 days'")
    elif isinstance(value, str):
        found = _DURATION.fullmatch(value)
        unit = _UNITS.get(found.group(2).lower()) if found else None
        if found is None or unit is None:
            raise ValueError("must be a number and a unit (second, minute, hour, day, week, month, year)")
        amount = float(found.group(1)) * unit
    else:
        amount = value
    if not (amount > 0 if least is None else least <= amount) or not amount <= LONGEST_MS:
        raise ValueError(f"must be {'more than 0' if least is None else f'at least {least:g}'} and at most 100 years")
    return int(amount) if amount == int(amount) else amount


def duration_text(ms: float) -> str:
    """So many milliseconds as our flow files write a duration."""
    whole = max(1, round(ms))
    for unit in ("day", "hour", "minute", "second"):
        if whole % _UNITS[unit] == 0:
            count = whole // _UNITS[unit]
            return f"{count} {unit}{'' if count == 1 else 's'}"
    if whole < 1_000_000_000:
        return f"{whole} milliseconds"
    return f"{whole // 1000} seconds"
