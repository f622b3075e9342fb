"""JSON-logic rules, as `only_if` settings write them: `{"==": [{"var": "payload.total"}, 5]}`.

Beside the standard operators there are those of condition builders (`contains`, `between`, `moreThanXAgo`, …).
Comparisons try booleans (also as text), then numbers, then dates; a mismatch of types is false, never an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from designer.graph.model import Json

MAX_DEPTH: Final = 40
MAX_WORK: Final = 100_000
_UNIT_SECONDS: Final = {
    "minutes": 60,
    "hours": 3_600,
    "days": 86_400,
    "weeks": 604_800,
    "months": 2_592_000,
    "years": 31_536_000,
}
_TOLERANCE: Final = {
    "minutes": 60,
    "hours": 3_600,
    "days": 86_400,
    "weeks": 86_400,
    "months": 86_400,
    "years": 604_800,
}
"""How far "exactly so long ago" may be off, in seconds."""


class RuleTooLarge(ValueError):
    """The rule is nested too deeply, or makes too much work."""


def holds(rule: Json, data: Mapping[str, Json], *, now: datetime) -> bool:
    """Whether `rule` is true over `data`. Raises `RuleTooLarge`."""
    return truthy(_Evaluation(data, now).value(rule, data, 0))


def variables(rule: Json) -> Iterator[str]:
    """The paths that a rule reads, as they are written."""
    if isinstance(rule, Mapping):
        for operator, operands in rule.items():
            if operator == "var":
                first = operands[0] if isinstance(operands, list) and operands else operands
                if isinstance(first, str):
                    yield first
            elif operator in ("missing", "missing_some"):
                yield from (name for name in _flat(operands) if isinstance(name, str))
            elif operator in ("filter", "map", "reduce", "all", "some", "none"):
                # What is inside speaks of the entries of a list.
                yield from variables(operands[0] if isinstance(operands, list) and operands else operands)
            else:
                yield from variables(operands)
    elif isinstance(rule, (list, tuple)):
        for entry in rule:
            yield from variables(entry)


def truthy(value: Json) -> bool:
    """JSON-logic: empty lists are false, `"0"` is true."""
    return bool(value)


def lookup(data: Json, path: Json) -> Json:
    """The value at a dotted path; None where there is none."""
    if path in ("", None):
        return data
    found = data
    for part in str(path).split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, (list, tuple)) and part.lstrip("-").isdigit() and -len(found) <= int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


@dataclass
class _Evaluation:
    root: Mapping[str, Json]
    now: datetime
    work: int = 0

    def value(self, rule: Json, data: Json, depth: int) -> Json:
        self.work += 1
        if depth > MAX_DEPTH or self.work > MAX_WORK:
            raise RuleTooLarge("The rule is too large.")
        if isinstance(rule, (list, tuple)):
            return [self.value(entry, data, depth + 1) for entry in rule]
        if not isinstance(rule, Mapping) or len(rule) != 1:
            return rule
        ((operator, raw),) = rule.items()
        lazy = _LAZY.get(operator)
        operands = raw if isinstance(raw, (list, tuple)) else [raw]
        run = _EAGER.get(operator)
        if lazy is None and run is None:
            return False
        try:
            if lazy is not None:
                return lazy(self, operands, data, depth + 1)
            values = [self.value(entry, data, depth + 1) for entry in operands]
            return run(self, values) if run is not None else False
        except RuleTooLarge:
            raise
        except (TypeError, ValueError, ArithmeticError, IndexError, AttributeError):
            return False  # what does not fit is not true


Values = Sequence[Any]


# -- control and data -------------------------------------------------------------------------------------------------


def _var(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    path = e.value(operands[0], data, depth) if operands else ""
    found = lookup(data, path)
    return found if found is not None or len(operands) < 2 else e.value(operands[1], data, depth)


def _if(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    for place in range(0, len(operands) - 1, 2):
        if truthy(e.value(operands[place], data, depth)):
            return e.value(operands[place + 1], data, depth)
    return e.value(operands[-1], data, depth) if len(operands) % 2 else None


def _and(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    found: Json = True
    for operand in operands:
        found = e.value(operand, data, depth)
        if not truthy(found):
            return found
    return found


def _or(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    found: Json = False
    for operand in operands:
        found = e.value(operand, data, depth)
        if truthy(found):
            return found
    return found


def _entries(e: _Evaluation, operands: Values, data: Json, depth: int) -> Values:
    found = e.value(operands[0], data, depth) if operands else []
    return found if isinstance(found, (list, tuple)) else []


def _inner(e: _Evaluation, operands: Values, entry: Json, depth: int) -> Json:
    return e.value(operands[1], entry, depth) if len(operands) > 1 else None


def _filter(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    return [entry for entry in _entries(e, operands, data, depth) if truthy(_inner(e, operands, entry, depth))]


def _map(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    return [_inner(e, operands, entry, depth) for entry in _entries(e, operands, data, depth)]


def _reduce(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    total = e.value(operands[2], data, depth) if len(operands) > 2 else None
    for entry in _entries(e, operands, data, depth):
        total = _inner(e, operands, {"current": entry, "accumulator": total}, depth)
    return total


def _all(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    found = [truthy(_inner(e, operands, entry, depth)) for entry in _entries(e, operands, data, depth)]
    return bool(found) and all(found)


def _some(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    return any(truthy(_inner(e, operands, entry, depth)) for entry in _entries(e, operands, data, depth))


def _none(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    return not _some(e, operands, data, depth)


def _missing(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    names = _flat([e.value(entry, data, depth) for entry in operands])
    return [name for name in names if lookup(data, name) in (None, "")]


def _missing_some(e: _Evaluation, operands: Values, data: Json, depth: int) -> Json:
    names = _flat(operands[1]) if len(operands) > 1 else []
    missing = [name for name in names if lookup(data, name) in (None, "")]
    return [] if len(names) - len(missing) >= int(operands[0]) else missing


_LAZY: Final[Mapping[str, Callable[[_Evaluation, Values, Json, int], Json]]] = {
    "var": _var,
    "if": _if,
    "?:": _if,
    "and": _and,
    "or": _or,
    "filter": _filter,
    "map": _map,
    "reduce": _reduce,
    "all": _all,
    "some": _some,
    "none": _none,
    "missing": _missing,
    "missing_some": _missing_some,
}


# -- comparing --------------------------------------------------------------------------------------------------------


def pair_of(one: Json, other: Json) -> tuple[Any, Any] | None:
    """Both values as what they can be compared as: booleans, numbers, dates, in this order; None for neither."""
    for read in (_as_boolean, _as_number, _as_moment):
        left, right = read(one), read(other)
        if left is not None and right is not None:
            return left, right
    return None


def _as_boolean(value: Json) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def _as_number(value: Json) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            number = float(value) if value.strip() else math.nan
        except ValueError:
            return None
        return number if math.isfinite(number) else None
    return value if isinstance(value, (int, float)) else None


def _as_moment(value: Json) -> datetime | None:
    if isinstance(value, str) and len(value) >= 8:
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _equal(e: _Evaluation, values: Values) -> bool:
    one, other = values[0], values[1]
    pair = pair_of(one, other)
    if pair is not None:
        return bool(pair[0] == pair[1])
    return type(one) is type(other) and one == other


def _strictly_equal(e: _Evaluation, values: Values) -> bool:
    one, other = values[0], values[1]
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[_Evaluation, Values], bool]:
    def run(e: _Evaluation, values: Values) -> bool:
        pairs = [pair_of(one, other) for one, other in pairwise(values)]
        return bool(pairs) and all(pair is not None and compare(*pair) for pair in pairs)

    return run


def _between(e: _Evaluation, values: Values) -> bool:
    low, high = values[1] if len(values) == 2 else values[1:3]
    below, above = pair_of(low, values[0]), pair_of(values[0], high)
    return below is not None and above is not None and below[0] <= below[1] and above[0] <= above[1]


def _not_between(e: _Evaluation, values: Values) -> bool:
    low, high = values[1] if len(values) == 2 else values[1:3]
    if pair_of(low, values[0]) is None or pair_of(values[0], high) is None:
        return False
    return not _between(e, values)


def _contains(e: _Evaluation, values: Values) -> bool:
    whole, part = values[0], values[1]
    if isinstance(whole, str):
        return isinstance(part, str) and part.lower() in whole.lower()
    return isinstance(whole, (list, tuple)) and part in whole


def _in(e: _Evaluation, values: Values) -> bool:
    part, whole = values[0], values[1]
    if isinstance(whole, str):
        if "," in whole and isinstance(part, str) and part in [entry.strip() for entry in whole.split(",")]:
            return True
        return isinstance(part, str) and part in whole
    return isinstance(whole, (list, tuple)) and any(_equal(e, (part, entry)) for entry in whole)


def _starts(e: _Evaluation, values: Values) -> bool:
    return isinstance(values[0], str) and isinstance(values[1], str) and values[0].lower().startswith(values[1].lower())


def _ends(e: _Evaluation, values: Values) -> bool:
    return isinstance(values[0], str) and isinstance(values[1], str) and values[0].lower().endswith(values[1].lower())


def _unless(run: Callable[[_Evaluation, Values], bool]) -> Callable[[_Evaluation, Values], bool]:
    return lambda e, values: isinstance(values[0], (str, list, tuple)) and not run(e, values)


# -- how long ago -----------------------------------------------------------------------------------------------------


def _ago(e: _Evaluation, values: Values) -> tuple[float, float, str] | None:
    """Seconds since the moment, seconds asked for, and the unit."""
    moment, asked = _as_moment(values[0]), values[1]
    if moment is None or not isinstance(asked, Mapping):
        return None
    amount, unit = _as_number(asked.get("amount")), str(asked.get("unit", ""))
    unit = unit if unit.endswith("s") else f"{unit}s"
    if amount is None or amount <= 0 or unit not in _UNIT_SECONDS:
        return None
    return (e.now - moment).total_seconds(), amount * _UNIT_SECONDS[unit], unit


def _more_ago(e: _Evaluation, values: Values) -> bool:
    found = _ago(e, values)
    return found is not None and found[0] > found[1]


def _less_ago(e: _Evaluation, values: Values) -> bool:
    found = _ago(e, values)
    return found is not None and 0 <= found[0] < found[1]


def _not_within(e: _Evaluation, values: Values) -> bool:
    return _ago(e, values) is not None and not _less_ago(e, values)


def _exactly_ago(e: _Evaluation, values: Values) -> bool:
    found = _ago(e, values)
    return found is not None and abs(found[0] - found[1]) <= timedelta(seconds=_TOLERANCE[found[2]]).total_seconds()


# -- the rest of the standard set -------------------------------------------------------------------------------------


def _number(value: Any) -> float:
    found = _as_number(value)
    if found is None:
        raise ValueError("no number")
    return found


def _substr(e: _Evaluation, values: Values) -> str:
    text, start = str(values[0]), int(values[1])
    rest = text[start:]
    if len(values) < 3:
        return rest
    return rest[: int(values[2])]


def _text(value: Json) -> str:
    return "" if value is None else str(value)


def _minus(e: _Evaluation, values: Values) -> float:
    return -_number(values[0]) if len(values) == 1 else _number(values[0]) - _number(values[1])


def _merge(e: _Evaluation, values: Values) -> list[Json]:
    return [entry for value in values for entry in (value if isinstance(value, list) else [value])]


def _flat(value: Json) -> list[Json]:
    if isinstance(value, (list, tuple)):
        return [entry for inner in value for entry in _flat(inner)]
    return [value]


_EAGER: Final[Mapping[str, Callable[[_Evaluation, Values], Json]]] = {
    "==": _equal,
    "=": _equal,
    "===": _strictly_equal,
    "!=": lambda e, v: not _equal(e, v),
    "!==": lambda e, v: not _strictly_equal(e, v),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    "!": lambda e, v: not truthy(v[0]),
    "!!": lambda e, v: truthy(v[0]),
    "in": _in,
    "notIn": lambda e, v: v[0] is not None and not _in(e, v),
    "contains": _contains,
    "doesNotContain": _unless(_contains),
    "startsWith": _starts,
    "beginsWith": _starts,
    "endsWith": _ends,
    "doesNotBeginWith": _unless(_starts),
    "doesNotEndWith": _unless(_ends),
    "null": lambda e, v: v[0] in (None, ""),
    "notNull": lambda e, v: v[0] not in (None, ""),
    "between": _between,
    "notBetween": _not_between,
    "moreThanXAgo": _more_ago,
    "lessThanXAgo": _less_ago,
    "withinLast": _less_ago,
    "notWithinLast": _not_within,
    "exactlyXAgo": _exactly_ago,
    "+": lambda e, v: sum(_number(value) for value in v),
    "*": lambda e, v: math.prod(_number(value) for value in v),
    "-": _minus,
    "/": lambda e, v: _number(v[0]) / _number(v[1]),
    "%": lambda e, v: _number(v[0]) % _number(v[1]),
    "min": lambda e, v: min(_number(value) for value in v),
    "max": lambda e, v: max(_number(value) for value in v),
    "cat": lambda e, v: "".join(map(_text, v)),
    "substr": _substr,
    "merge": _merge,
    "log": lambda e, v: v[0] if v else None,
}
OPERATORS: Final = frozenset({*_LAZY, *_EAGER})
"""Every operator a rule may use."""
