"""Filters over events: CEL expressions, limited (`designer.graph.cel` says which can be read at all).

Whole numbers and decimals compare with each other, as in newer releases of CEL: the other side decides whether an
amount arrives as 50 or as 50.0. Evaluation is not interrupted; instead a filter whose loops could take long on this
event is refused before it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from designer.graph.cel import filter_reason
from designer.graph.model import Json

MAX_BYTES: Final = 1024 * 1024
"""JSON of an event that a filter is asked about."""
MOST_ROUNDS: Final = 3_000
"""How often the innermost expression of `all`, `exists`, `map` … may be evaluated: about a second's work."""
LONGEST_LITERAL: Final = 200
"""Entries that a list written into the filter can have, counted generously."""
_MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})
_LARGEST_INT: Final = 2**63


def matches_filter(text: str, event: Json) -> bool:
    """Whether `event` passes the filter. An empty filter passes everything; one that cannot be read, or breaks
    on this event (a field that is not there, a type that does not fit), passes nothing."""
    return mismatch(text, event) is None


def mismatch(text: str, event: Json) -> str | None:
    """Why `event` does not pass the filter, for people; None when it does."""
    if not text.strip():
        return None
    reason = filter_reason(text) or _too_much(text, event)
    if reason is not None:
        return reason
    from celpy import celtypes
    from celpy.adapter import json_to_cel
    from celpy.evaluation import CELEvalError

    try:
        answer = _program(text).evaluate({"event": json_to_cel(_storable(event))})
    except (CELEvalError, ValueError, TypeError, RecursionError, ArithmeticError) as bad:
        return f"The filter cannot be applied to this event: {_said(bad)}."
    if not isinstance(answer, celtypes.BoolType):
        return "The filter answers neither true nor false."
    return None if answer else "The filter is not met."


@lru_cache(maxsize=1024)
def _program(text: str) -> Any:
    import celpy

    environment = celpy.Environment()
    return environment.program(environment.compile(text), functions=_promoting())


# -- numbers ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _promoting() -> dict[str, Any]:
    """The comparisons and sums, for a whole number beside a decimal too."""
    from celpy.celtypes import DoubleType, IntType, UintType
    from celpy.evaluation import base_functions

    whole = (IntType, UintType)

    def promoted(name: str) -> Callable[[Any, Any], Any]:
        plain: Callable[[Any, Any], Any] = base_functions[name]

        def run(left: Any, right: Any) -> Any:
            if isinstance(left, whole) and isinstance(right, DoubleType):
                left = DoubleType(left)
            elif isinstance(left, DoubleType) and isinstance(right, whole):
                right = DoubleType(right)
            return plain(left, right)

        return run

    names = ("_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_", "_+_", "_-_", "_*_", "_/_")
    return {name: promoted(name) for name in names}


def _storable(value: Json) -> Json:
    """The event with whole numbers that CEL cannot hold as decimals."""
    if isinstance(value, Mapping):
        return {key: _storable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(entry) for entry in value]
    is_huge = isinstance(value, int) and not -_LARGEST_INT <= value < _LARGEST_INT
    return float(value) if is_huge else value


# -- limits -----------------------------------------------------------------------------------------------------------


def _too_much(text: str, event: Json) -> str | None:
    depth = _nested_macros(text)
    try:
        size = len(orjson.dumps(event))
    except TypeError:  # numbers of more than 64 bits
        size = len(repr(event))
    if size > MAX_BYTES or (depth and max(_longest(event), LONGEST_LITERAL if depth > 1 else 0) ** depth > MOST_ROUNDS):
        return "The event is too large for this filter."
    return None


@lru_cache(maxsize=1024)
def _nested_macros(text: str) -> int:
    """How deep `all`, `exists`, `map` … lie inside each other."""
    import celpy

    deepest = 0
    todo: list[tuple[Any, int]] = [(celpy.Environment().compile(text), 0)]
    while todo:
        node, depth = todo.pop()
        children: Any = getattr(node, "children", ())
        deepest = max(deepest, depth)
        is_macro = getattr(node, "data", "") == "member_dot_arg" and str(children[1]) in _MACROS
        todo.extend((child, depth + (is_macro and place == 2)) for place, child in enumerate(children))
    return deepest


def _longest(value: Json) -> int:
    """The length of the longest list or object anywhere in a value."""
    return max((len(entry) for entry in _containers(value)), default=0)


def _containers(value: Json) -> Iterator[Any]:
    todo = [value]
    while todo:
        entry = todo.pop()
        if isinstance(entry, (Mapping, list, tuple)):
            yield entry
            todo.extend(entry.values() if isinstance(entry, Mapping) else entry)


def _said(bad: Exception) -> str:
    said: Any = bad.args[0] if bad.args else bad
    if isinstance(said, tuple):
        said = said[0] if len(said) else ""
    return "it compares values that do not go together" if "overload" in str(said) else str(said)[:200]
