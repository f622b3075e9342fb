"""Scripts: one CEL expression that makes a value of others.

It sees its arguments and nothing else, changes nothing, and cannot go on for ever: lists and texts in it grow no longer
than limits that are checked before and on the way.

Beside CEL's own functions there are a few that transforms need: `sum min max round sorted join split lower upper trim
keys values`, each as `f(x)` or `x.f()`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from designer.graph.cel import script_reason
from designer.graph.model import Json
from engine.core.expressions import (
    LONGEST_LITERAL,
    MAX_BYTES,
    CannotEvaluate,
    Functions,
    Held,
    evaluate,
    is_too_much,
    longest,
    promoting,
)

MAX_ARGUMENT_BYTES: Final = 256 * 1024
_longest_list: ContextVar[int] = ContextVar("longest_list", default=LONGEST_LITERAL)
"""How long a list may become in the script that runs."""


class ScriptFailed(ValueError):
    """The script has no value. The text says why, for people."""


def run_script(script: str, arguments: Mapping[str, Json], *, also: Functions | None = None) -> Json:
    """The value of a script over its arguments, as JSON. `also`: functions beside those that all scripts have, the same
    mapping each time. Raises `ScriptFailed`.
    """
    reason = script_reason(script, arguments)
    if reason is not None:
        raise ScriptFailed(reason)
    given = dict(arguments)
    if is_too_much(script, given, may_grow=True):
        raise ScriptFailed("The arguments are too large for this script: its loops would take too long.")
    if len(str(given)) > MAX_ARGUMENT_BYTES:
        raise ScriptFailed(f"The arguments of a script have at most {MAX_ARGUMENT_BYTES // 1024} KiB.")
    before = _longest_list.set(max(LONGEST_LITERAL, longest(given)))
    try:
        return plain(evaluate(script, given, _functions(Held(also))))
    except CannotEvaluate as bad:
        raise ScriptFailed(f"The script cannot be applied to these arguments: {bad}.") from bad
    finally:
        _longest_list.reset(before)


def function_names() -> frozenset[str]:
    """What a script can call, macros left out."""
    from celpy.evaluation import base_functions

    return frozenset({*base_functions, *_functions(Held(None))})


# -- functions --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _functions(also: Held) -> Mapping[str, Callable[..., Any]]:
    from celpy.celtypes import DoubleType, IntType, ListType, MapType, StringType

    plus = promoting()["_+_"]

    def add(left: Any, right: Any) -> Any:
        return _bounded(plus(left, right))

    def total(values: Any) -> Any:
        result: Any = IntType(0)
        for value in _listed(values):
            result = plus(result, value)
        return result

    def least(values: Any) -> Any:
        return min(_listed(values))

    def most(values: Any) -> Any:
        return max(_listed(values))

    def rounded(value: Any, digits: Any = 0) -> Any:
        found = round(float(value), max(0, min(int(digits), 15)))
        return DoubleType(found) if int(digits) > 0 else IntType(int(found))

    def joined(values: Any, between: Any = "") -> Any:
        return _bounded(StringType(str(between).join(str(value) for value in _listed(values))))

    def split(text: Any, between: Any = " ") -> Any:
        parts = str(text).split(str(between) or " ")
        return _bounded(ListType([StringType(part) for part in parts]))

    def keys(value: Any) -> Any:
        return ListType(list(_mapped(value)))

    def values(value: Any) -> Any:
        return ListType(list(_mapped(value).values()))

    def _mapped(value: Any) -> Any:
        if not isinstance(value, MapType):
            raise CannotEvaluate("keys and values are of objects only")
        return value

    return MappingProxyType(
        {
            "_+_": add,
            "sum": total,
            "min": least,
            "max": most,
            "round": rounded,
            "sorted": lambda values: ListType(sorted(_listed(values))),
            "join": joined,
            "split": split,
            "lower": lambda text: StringType(str(text).lower()),
            "upper": lambda text: _bounded(StringType(str(text).upper())),
            "trim": lambda text: StringType(str(text).strip()),
            "keys": keys,
            "values": values,
            **(also.functions or {}),
        }
    )


def _listed(values: Any) -> list[Any]:
    if not isinstance(values, list) or not values:
        raise CannotEvaluate("sum, min, max, sorted and join take a list that is not empty")
    return values


def _bounded(value: Any) -> Any:
    """A text or list, unless it has become too long."""
    if isinstance(value, (str, bytes)) and len(value) > MAX_BYTES:
        raise CannotEvaluate("a text becomes too long")
    if isinstance(value, list) and len(value) > _longest_list.get():
        raise CannotEvaluate("a list becomes too long")
    return value


# -- back to JSON -----------------------------------------------------------------------------------------------------


def plain(value: Any) -> Json:
    """A CEL value as JSON. Raises `ScriptFailed`."""
    return _Json().of(value)


class _Json:
    """Turns CEL values into JSON, and stops when that becomes larger than an output may be."""

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def of(self, value: Any) -> Json:
        """The value as JSON. Raises `ScriptFailed` for what JSON does not have."""
        from celpy import celtypes

        self._left -= 2 + (len(value) if isinstance(value, (str, bytes)) else 0)
        if self._left < 0:
            raise ScriptFailed("The value of the script is larger than 1 MiB.")
        match value:
            case None | bool() | celtypes.BoolType():
                return None if value is None else bool(value)
            case celtypes.DurationType() | celtypes.TimestampType():
                return str(value)
            # Arithmetic answers plain numbers and texts now and then; CEL's own are made of these.
            case float():
                return _finite(float(value))
            case int():
                return int(value)
            case str():
                return str(value)
            case Mapping():
                return {str(key): self.of(entry) for key, entry in value.items()}
            case list():
                return [self.of(entry) for entry in value]
            case _:
                raise ScriptFailed("The value is neither a number nor a text, true or false, nor made of these.")


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ScriptFailed("The value of the script holds a number that is not finite.")
    return number
