"""Filters over events: CEL expressions, limited (`designer.graph.cel` says which can be read at all)."""

from __future__ import annotations

from designer.graph.cel import filter_reason
from designer.graph.model import Json
from engine.core.expressions import CannotEvaluate, evaluate, is_too_much


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
    if is_too_much(text, event):
        return "The event is too large for this filter."
    from celpy import celtypes

    try:
        answer = evaluate(text, {"event": event})
    except CannotEvaluate as bad:
        return f"The filter cannot be applied to this event: {bad}."
    if not isinstance(answer, celtypes.BoolType):
        return "The filter answers neither true nor false."
    return None if answer else "The filter is not met."
