"""Evaluating CEL expressions, limited. What they may name is decided by `designer.graph.cel`, what they are for by
`filters` and `scripts`.

Whole numbers and decimals compare and count with each other, as in newer releases of CEL: the other side decides
whether an amount arrives as 50 or as 50.0. Evaluation is not interrupted; instead an expression whose loops could take
long on these values is refused before it begins (`is_too_much`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from accounts.json_text import json_bytes
from designer.graph.model import Json

MAX_BYTES: Final = 1024 * 1024
"""JSON of the values that an expression is evaluated over."""
MOST_ROUNDS: Final = 3_000
"""How often the innermost expression of `all`, `exists`, `map` … may be evaluated: about a second's work."""
LONGEST_LITERAL: Final = 200
"""Entries that a list written into an expression can have, counted generously."""
LONGEST_PATTERN: Final = 1_000
_MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})
_LARGEST_INT: Final = 2**63

Functions = Mapping[str, Callable[..., Any]]


class CannotEvaluate(Exception):
    """The expression cannot be applied to these values. The text says why, for people."""


def evaluate(text: str, values: Mapping[str, Json], functions: Functions | None = None) -> Any:
    """The CEL value of an expression that has been checked, over JSON values by their names.

    `functions`: more of them, or others in the place of CEL's own; the same mapping each time. Raises `CannotEvaluate`.
    """
    from celpy.adapter import json_to_cel
    from celpy.evaluation import CELEvalError

    known = {name: json_to_cel(_storable(value)) for name, value in values.items()}
    try:
        return _program(text, Held(functions)).evaluate(known)
    except (CELEvalError, ValueError, TypeError, RecursionError, ArithmeticError) as bad:
        raise CannotEvaluate(_said(bad)) from bad


class Held:
    """Functions as a key: by their identity. They are module constants, and so never many."""

    def __init__(self, functions: Functions | None) -> None:
        self.functions = functions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and other.functions is self.functions

    def __hash__(self) -> int:
        return id(self.functions)


@lru_cache(maxsize=1024)
def _program(text: str, held: Held) -> Any:
    import celpy

    environment = celpy.Environment()
    functions = {**promoting(), **(held.functions or {})}
    return environment.program(environment.compile(text), functions=functions)


# -- numbers ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def promoting() -> dict[str, Any]:
    """The comparisons and sums, for a whole number beside a decimal too; and `matches`, bounded."""
    from celpy.celtypes import DoubleType, IntType, StringType, UintType
    from celpy.evaluation import base_functions

    whole = (IntType, UintType)

    def promoted(name: str) -> Callable[[Any, Any], Any]:
        plain: Callable[[Any, Any], Any] = base_functions[name]

        def run(left: Any, right: Any) -> Any:
            if isinstance(left, whole) and isinstance(right, float):
                left = DoubleType(left)
            elif isinstance(left, float) and isinstance(right, whole):
                right = DoubleType(right)
            found = plain(left, right)
            # CEL's arithmetic answers plain numbers and texts now and then, with which it cannot go on.
            own = {float: DoubleType, str: StringType, int: IntType}.get(type(found))
            return found if own is None else own(found)

        return run

    names = ("_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_", "_+_", "_-_", "_*_", "_/_")
    return {name: promoted(name) for name in names} | {"matches": _matches}


def _matches(text: Any, pattern: Any) -> Any:
    """CEL's own, in linear time; but a pattern may be data, and a huge one takes memory."""
    from celpy.evaluation import base_functions

    if len(pattern) > LONGEST_PATTERN:
        raise CannotEvaluate(f"a pattern has at most {LONGEST_PATTERN:,} characters")
    return base_functions["matches"](text, pattern)


def _storable(value: Json) -> Json:
    """The value with whole numbers that CEL cannot hold as decimals."""
    if isinstance(value, Mapping):
        return {key: _storable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(entry) for entry in value]
    is_huge = isinstance(value, int) and not -_LARGEST_INT <= value < _LARGEST_INT
    return float(value) if is_huge else value


# -- limits -----------------------------------------------------------------------------------------------------------


def is_too_much(text: str, value: Json, *, may_grow: bool = False) -> bool:
    """Whether evaluating `text` over `value` could take long. `may_grow`: lists may become as long as a literal."""
    depth = _nested_macros(text)
    size = len(json_bytes(value, default=str))
    least = LONGEST_LITERAL if depth > 1 or may_grow else 0
    return size > MAX_BYTES or (bool(depth) and max(longest(value), least) ** depth > MOST_ROUNDS)


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


def longest(value: Json) -> int:
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
    return (
        "it compares values that do not go together"
        if "overload" in str(said)
        else str(said).partition(" (in activation")[0][:200]
    )
