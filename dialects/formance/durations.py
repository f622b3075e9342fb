"""Durations as Go writes them: `300ms`, `1h30m0s`. Pure."""

from __future__ import annotations

import re
from typing import Final

from designer.graph.model import Json

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
LARGEST: Final = 2**63 - 1


class BadGoDuration(ValueError):
    """A text that Go's `time.ParseDuration` would refuse, or a negative duration."""


def parse_go_duration(raw: Json) -> int:
    """The nanoseconds of a duration. A bare `0` needs no unit. Raises `BadGoDuration`."""
    if not isinstance(raw, str) or len(raw) > 100:
        raise BadGoDuration(raw)
    text = raw.strip().removeprefix("+")
    if text == "0":
        return 0
    parts = _PART.findall(text)
    if not parts or "".join(amount + unit for amount, unit in parts) != text:
        raise BadGoDuration(raw)
    total = sum(_nanoseconds(amount, _UNITS[unit]) for amount, unit in parts)
    if total > LARGEST:
        raise BadGoDuration(raw)
    return total


def _nanoseconds(amount: str, unit: int) -> int:
    whole, _, fraction = amount.partition(".")
    part = int(fraction) * unit // 10 ** len(fraction) if fraction else 0
    return int(whole or 0) * unit + part


def go_duration(nanoseconds: int) -> str:
    """The text of a duration as Go's `Duration.String` has it."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < 1_000:
        return f"{nanoseconds}ns"
    if nanoseconds < 1_000_000:
        return f"{_decimal(nanoseconds, 1_000)}µs"
    if nanoseconds < 1_000_000_000:
        return f"{_decimal(nanoseconds, 1_000_000)}ms"
    minutes, rest = divmod(nanoseconds, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, 1_000_000_000)}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).rjust(len(str(unit)) - 1, '0')}".rstrip("0")


def our_duration(nanoseconds: int) -> str:
    """The same duration in our words, as far as they go: `1 hour 30 minutes`."""
    names = (("hour", _UNITS["h"]), ("minute", _UNITS["m"]))
    parts, rest = [], nanoseconds
    for name, unit in names:
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count} {name}{'s' if count != 1 else ''}")
    if rest or not parts:
        milliseconds = rest % _UNITS["s"]
        seconds = rest // _UNITS["s"]
        if milliseconds and not seconds:
            parts.append(f"{_decimal(max(milliseconds, 1_000), 1_000_000)} milliseconds")
        else:
            parts.append(f"{_decimal(rest - rest % 1_000, _UNITS['s'])} second{'s' if rest != _UNITS['s'] else ''}")
    return " ".join(parts)
