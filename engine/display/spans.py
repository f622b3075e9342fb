"""Lengths of time in few words."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def span_words(span: timedelta) -> str:
    """A length of time as people say it, two units at most: `3 ms`, `1.8 s`, `4 h 12 min`, `2 d 3 h`."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    for position, (unit, length) in enumerate(_UNITS):
        if whole < length:
            continue
        count, rest = divmod(whole, length)
        below = _UNITS[position + 1] if position + 1 < len(_UNITS) else None
        smaller = rest // below[1] if below else 0
        return f"{count} {unit} {smaller} {below[0]}" if below and smaller else f"{count} {unit}"
    return "0 s"
