"""Filters over events: CEL expressions, limited (`designer.graph.cel` says which can be read at all)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from designer.graph.cel import filter_reason
from designer.graph.model import Json

MAX_CHARACTERS: Final = 200_000
"""Text of an event that a filter is asked about; evaluation grows with it."""


def matches_filter(text: str, event: Json) -> bool:
    """Whether `event` passes the filter. An empty filter passes everything; one that cannot be read, or breaks
    on this event (a field that is not there, a type that does not fit), passes nothing."""
    return mismatch(text, event) is None


def mismatch(text: str, event: Json) -> str | None:
    """Why `event` does not pass the filter, for people; None when it does."""
    if not text.strip():
        return None
    reason = filter_reason(text)
    if reason is not None:
        return reason
    if len(repr(event)) > MAX_CHARACTERS:
        return "The event is too large to be filtered."
    from celpy.adapter import json_to_cel
    from celpy.evaluation import CELEvalError

    try:
        answer = _program(text).evaluate({"event": json_to_cel(event)})
    except (CELEvalError, ValueError, TypeError, RecursionError, ArithmeticError) as bad:
        return f"The filter cannot be applied to this event: {str(bad)[:200]}"
    return None if bool(answer) and not isinstance(answer, CELEvalError) else "The filter is not met."


@lru_cache(maxsize=1024)
def _program(text: str) -> Any:
    import celpy

    environment = celpy.Environment()
    return environment.program(environment.compile(text))
