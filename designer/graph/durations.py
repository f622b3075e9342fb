"""Durations as people write them: `"10 seconds"`, `"3 days"`, `"1 month"`, ISO 8601 (`"PT10S"`), or Go's `"1h30m"`.

Minutes and hours are exact. Days, weeks, months and years are calendar units: added to a moment in a time zone, a day
later is the same time on the clock, whatever daylight saving did in between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from dateutil.relativedelta import relativedelta

from designer.graph.model import Json

_UNITS: Final = {
    "millisecond": "milliseconds",
    "second": "seconds",
    "minute": "minutes",
    "hour": "hours",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years",
}
_WORDS: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)", re.IGNORECASE)
_ISO: Final = re.compile(
    r"P(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?",
)
_GO: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})(ns|us|µs|μs|ms|s|m|h)")
_GO_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_YEARS: Final = 100


class BadDuration(ValueError):
    """Write a duration as a number and a unit, such as "10 seconds", "3 days" or "PT10S"."""

    def __init__(self, raw: Json) -> None:
        hint = "a number has no unit" if isinstance(raw, (int, float)) else f"{str(raw)[:40]!r} is none"
        super().__init__(f'Write a duration as a number and a unit, such as "10 seconds" or "3 days"; {hint}.')


@dataclass(frozen=True, slots=True)
class Duration:
    """`months` and `days` are calendar units, `exact` is elapsed time. Never negative, at most 100 years."""

    months: int = 0
    days: int = 0
    exact: timedelta = timedelta()

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """`moment` plus this duration, calendar units counted on the clocks of `zone`; in the zone of `moment`."""
        return self._moved(moment, zone, 1)

    def before(self, moment: datetime, zone: tzinfo) -> datetime:
        """`moment` less this duration, counted as in `after`."""
        return self._moved(moment, zone, -1)

    def _moved(self, moment: datetime, zone: tzinfo, sign: int) -> datetime:
        if not (self.months or self.days):
            return moment + sign * self.exact
        local = moment.astimezone(zone)
        naive = local.replace(tzinfo=None) + relativedelta(months=sign * self.months, days=sign * self.days)
        return naive.replace(tzinfo=zone).astimezone(moment.tzinfo) + sign * self.exact

    def as_timedelta(self) -> timedelta:
        """Elapsed time with days of 24 hours and months of 30 days: for limits and pauses, not for dates."""
        return timedelta(days=self.days + 30 * self.months) + self.exact


def parse_duration(raw: Json) -> Duration:
    """The duration that `raw` writes. Raises `BadDuration`; numbers without a unit are refused."""
    if not isinstance(raw, str) or len(raw) > 100:
        raise BadDuration(raw)
    amounts = _from_iso(raw.strip()) or _from_words(raw.strip()) or _from_go(raw.strip())
    if amounts is None:
        raise BadDuration(raw)
    calendar = {unit: amounts.pop(unit, 0.0) for unit in ("years", "months", "weeks", "days")}
    if any(amount != int(amount) for amount in calendar.values()):
        raise BadDuration(raw)
    months = int(calendar["years"]) * 12 + int(calendar["months"])
    days = int(calendar["weeks"]) * 7 + int(calendar["days"])
    if months > 12 * _LONGEST_YEARS or days > 366 * _LONGEST_YEARS:  # timedelta would overflow
        raise BadDuration(raw)
    duration = Duration(months=months, days=days, exact=timedelta(**amounts))
    if duration.as_timedelta() > timedelta(days=366 * _LONGEST_YEARS):
        raise BadDuration(raw)
    return duration


def in_words(raw: str) -> str:
    """ISO 8601 as people write it: `P1DT2H` as `1 day 2 hours`; anything else as it is."""
    amounts = _from_iso(raw.strip())
    if not amounts:
        return raw
    return " ".join(f"{amount:g} {unit if amount != 1 else unit[:-1]}" for unit, amount in amounts.items())


def _from_iso(text: str) -> dict[str, float] | None:
    found = _ISO.fullmatch(text)
    if found is None or text in ("P", "PT") or text.endswith("T"):
        return None
    return {unit: float(amount) for unit, amount in found.groupdict().items() if amount is not None}


def _from_words(text: str) -> dict[str, float] | None:
    amounts: dict[str, float] = {}
    rest = _WORDS.sub("", text)
    if rest.replace(",", "").replace("and", "").strip():
        return None
    for amount, word in _WORDS.findall(text):
        unit = _UNITS.get(word.lower().removesuffix("s") if word.lower() != "s" else "")
        if unit is None or unit in amounts:
            return None
        amounts[unit] = float(amount)
    return amounts or None


def _from_go(text: str) -> dict[str, float] | None:
    """`1h30m`, `300ms`: without spaces, exact, as Go's `time.ParseDuration` reads them."""
    parts = _GO.findall(text)
    if not parts or "".join(amount + unit for amount, unit in parts) != text:
        return None
    seconds = sum(float(amount) * _GO_SECONDS[unit] for amount, unit in parts)
    return {"seconds": seconds} if seconds < _LONGEST_YEARS * 366 * 86_400 else None
