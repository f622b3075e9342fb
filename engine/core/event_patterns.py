"""Patterns over events, in the manner of EventBridge: `{"status": ["placed"], "price": [{"numeric": [">", 10]}]}`.

A pattern is an object: each of its fields must fit. A field is a list of what its value may be, or a pattern of the
object that is its value; its name may be a path (`updated.status`). `$or` is a list of patterns of which one fits. A
value that is a list fits if one of its entries does. Nothing here raises: what cannot be read fits nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from designer.graph.model import Json

OR: Final = "$or"
DEEPEST: Final = 20
_ABSENT: Final = object()
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def fits(pattern: Json, value: Json) -> bool:
    """Whether an object is as the pattern says."""
    return _fits(pattern, value, 0)


def problem_of(pattern: Json, path: str = "") -> str | None:
    """What of a pattern cannot be read, with where it is; None for a pattern that can."""
    return next(_problems(pattern, path, 0), None)


def _fits(pattern: Json, value: object, depth: int) -> bool:
    if depth > DEEPEST or not isinstance(pattern, Mapping):
        return False
    for name, wanted in pattern.items():
        if name == OR:
            if not (isinstance(wanted, list) and any(_fits(one, value, depth + 1) for one in wanted)):
                return False
        elif not _field_fits(wanted, _at(value, str(name)), depth + 1):
            return False
    return True


def _at(value: object, path: str) -> object:
    """What lies under a name, or else under the path that the name may be."""
    if isinstance(value, Mapping) and path in value:
        return value[path]
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def _field_fits(wanted: Json, value: object, depth: int) -> bool:
    if isinstance(wanted, Mapping):
        return _fits(wanted, value, depth)
    return isinstance(wanted, list) and any(_entry_fits(entry, value) for entry in wanted)


def _entry_fits(entry: Json, value: object) -> bool:
    if isinstance(entry, Mapping) and len(entry) == 1:
        ((name, operand),) = entry.items()
        if name == "exists":
            return (value is not _ABSENT) is operand
        test = _TESTS.get(str(name))
        return test is not None and value is not _ABSENT and any(test(operand, one) for one in _each(value))
    return value is not _ABSENT and any(_equals(entry, one) for one in _each(value))


def _each(value: object) -> Iterator[object]:
    if isinstance(value, list):
        yield from value
    else:
        yield value


def _equals(wanted: object, value: object) -> bool:
    # JSON keeps true and 1 apart, Python does not.
    return isinstance(wanted, bool) is isinstance(value, bool) and wanted == value


def _anything_but(operand: Json, value: object) -> bool:
    return not any(_equals(one, value) for one in _each(operand))


def _numeric(operand: Json, value: object) -> bool:
    if _numeric_problem(operand) or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](value, bound) for sign, bound in pairs)


def _numeric_problem(operand: Json) -> bool:
    if not isinstance(operand, list) or not operand or len(operand) % 2:
        return True
    bounds = operand[1::2]
    return any(not isinstance(sign, str) or sign not in _COMPARISONS for sign in operand[::2]) or any(
        isinstance(bound, bool) or not isinstance(bound, (int, float)) for bound in bounds
    )


def _wildcard(operand: Json, value: object) -> bool:
    """`*` stands for any text. Taken piece by piece, so that no pattern takes long."""
    if not isinstance(operand, str) or not isinstance(value, str):
        return False
    first, *rest = operand.split("*")
    if not rest:
        return value == operand
    last = rest.pop()
    if len(value) < len(first) + len(last) or not value.startswith(first) or not value.endswith(last):
        return False
    at, end = len(first), len(value) - len(last)
    for piece in rest:
        at = value.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _of_texts(test: Callable[[str, str], bool]) -> Callable[[Json, object], bool]:
    return lambda operand, value: isinstance(operand, str) and isinstance(value, str) and test(operand, value)


_TESTS: Final[Mapping[str, Callable[[Json, object], bool]]] = {
    "equals-ignore-case": _of_texts(lambda operand, value: operand.casefold() == value.casefold()),
    "prefix": _of_texts(lambda operand, value: value.startswith(operand)),
    "suffix": _of_texts(lambda operand, value: value.endswith(operand)),
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
}


def _problems(pattern: Json, path: str, depth: int) -> Iterator[str]:
    where = path or "The pattern"
    if depth > DEEPEST:
        yield f"{where} is nested too deeply"
        return
    if not isinstance(pattern, Mapping):
        yield f"{where} must be an object"
        return
    for name, wanted in pattern.items():
        inner = f"{path}.{name}" if path else str(name)
        if isinstance(wanted, Mapping) and name != OR:
            yield from _problems(wanted, inner, depth + 1)
        elif not isinstance(wanted, list) or not wanted:
            yield f"{inner} must be a list of what the value may be"
        elif name == OR:
            for number, one in enumerate(wanted):
                yield from _problems(one, f"{inner}[{number}]", depth + 1)
        else:
            yield from (problem for entry in wanted if (problem := _entry_problem(entry, inner)))


def _entry_problem(entry: Json, path: str) -> str | None:
    if not isinstance(entry, Mapping):
        return f"{path} has a list in its list" if isinstance(entry, list) else None
    name, operand = next(iter(entry.items())) if len(entry) == 1 else ("", None)
    if name == "exists":
        return None if isinstance(operand, bool) else f"{path}: exists is true or false"
    if name not in _TESTS:
        return f"{path}: a test is one of exists, {', '.join(_TESTS)}"
    if name == "numeric":
        return f'{path}: numeric is a list such as [">", 10, "<=", 20]' if _numeric_problem(operand) else None
    if name != "anything-but" and not isinstance(operand, str):
        return f"{path}: {name} is a text"
    return None
