"""What an expression comes to."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from dialects.formance.expressions.errors import ExpressionError
from dialects.formance.expressions.functions import (
    FUNCTIONS,
    LARGEST_LIST,
    Fetch,
    Wrong,
    as_text,
    bounded,
    is_number,
    linked,
    type_name,
)
from dialects.formance.expressions.parsing import Node

LONGEST_SECONDS: Final = 1.0
MOST_WORK: Final = 10_000_000
LARGEST_NUMBER: Final = 10**400


class Evaluation:
    """One expression over one event. Takes at most a second, not counting what `link` fetches."""

    def __init__(self, event: Any, fetch: Fetch) -> None:
        self.event = event
        self.fetch = fetch
        self.deadline = time.monotonic() + LONGEST_SECONDS
        self.pointers: list[tuple[Any, int]] = []

    def value(self, node: Node) -> Any:
        """The value of a node. Raises `ExpressionError`."""
        if time.monotonic() > self.deadline:
            raise ExpressionError("the expression takes too long", node.place)
        try:
            return bounded(getattr(self, f"_{node.kind}")(node))
        except Wrong as wrong:
            raise ExpressionError(str(wrong), node.place) from None
        except (OverflowError, RecursionError, MemoryError):
            raise ExpressionError("the result is too large", node.place) from None

    # -- values -------------------------------------------------------------------------------------------------------

    def _value(self, node: Node) -> Any:
        return node.value

    def _name(self, node: Node) -> Any:
        return self.event if node.value == "event" else None

    def _pointer(self, node: Node) -> Any:
        entry, number = self.pointers[-1]
        return number if node.value == "index" else entry

    def _array(self, node: Node) -> list[Any]:
        return [self.value(part) for part in node.parts]

    def _map(self, node: Node) -> dict[str, Any]:
        values = [self.value(part) for part in node.parts]
        return {as_text(key): entry for key, entry in zip(values[::2], values[1::2], strict=True)}

    def _member(self, node: Node) -> Any:
        holder = self.value(node.parts[0])
        if holder is None and node.value:
            return None
        key = self.value(node.parts[1])
        if isinstance(holder, Mapping):
            return holder.get(key) if isinstance(key, str) else None
        if isinstance(holder, (list, str)) and isinstance(key, int) and not isinstance(key, bool):
            if not -len(holder) <= key < len(holder):
                raise ExpressionError(f"index out of range: {key} (array length is {len(holder)})", node.place)
            return holder[key]
        raise ExpressionError(f"cannot fetch {as_text(key)[:60]} from {type_name(holder)}", node.place)

    def _slice(self, node: Node) -> Any:
        holder, begin, end = (self.value(part) for part in node.parts)
        if not isinstance(holder, (list, str)):
            raise Wrong(f"cannot slice {type_name(holder)}")
        for edge in (begin, end):
            if edge is not None and (not isinstance(edge, int) or isinstance(edge, bool)):
                raise Wrong(f"cannot slice with {type_name(edge)}")
        return holder[begin:end]

    # -- operators ----------------------------------------------------------------------------------------------------

    def _choice(self, node: Node) -> Any:
        condition = self._truth(node.parts[0])
        return self.value(node.parts[1] if condition else node.parts[2])

    def _unary(self, node: Node) -> Any:
        if node.value == "not":
            return not self._truth(node.parts[0])
        value = self.value(node.parts[0])
        if not is_number(value):
            raise Wrong(f"invalid operation: {node.value} (mismatched type {type_name(value)})")
        return -value if node.value == "-" else value

    def _truth(self, node: Node) -> bool:
        value = self.value(node)
        if not isinstance(value, bool):
            raise ExpressionError(f"expected bool, but got {type_name(value)}", node.place)
        return value

    def _binary(self, node: Node) -> Any:
        left, right = node.parts
        if node.value == "or":
            return self._truth(left) or self._truth(right)
        if node.value == "and":
            return self._truth(left) and self._truth(right)
        if node.value == "??":
            return self._or_else(left, right)
        return apply(node.value, self.value(left), self.value(right))

    def _or_else(self, left: Node, right: Node) -> Any:
        try:
            found = self.value(left)
        except ExpressionError:
            found = None  # a way that ends at nil on the way is nil
        return self.value(right) if found is None else found

    # -- calls --------------------------------------------------------------------------------------------------------

    def _call(self, node: Node) -> Any:
        arguments = [self.value(part) for part in node.parts]
        if node.value == "link":
            return self._link(arguments)
        run, least, most = FUNCTIONS[node.value]
        if not least <= len(arguments) <= most:
            few = len(arguments) < least
            raise Wrong(f"{'not enough' if few else 'too many'} arguments to call {node.value}")
        return run(*arguments)

    def _link(self, arguments: list[Any]) -> Any:
        began = time.monotonic()
        try:
            return linked(arguments, self.fetch)
        finally:
            self.deadline += time.monotonic() - began

    def _closure(self, node: Node) -> Any:
        values = self.value(node.parts[0])
        if not isinstance(values, list):
            raise Wrong(f"cannot range over {type_name(values)}")
        answers = list(self._each(node, values)) if node.value == "map" else None
        if answers is not None:
            return answers
        met = self._met(node, values)
        match node.value:
            case "all":
                return all(met)
            case "any":
                return any(met)
            case "none":
                return not any(met)
            case "one":
                return sum(met) == 1
            case "count":
                return sum(met)
            case "filter":
                return [value for value, is_met in zip(values, met, strict=True) if is_met]
        return next((value for value, is_met in zip(values, met, strict=True) if is_met), None)

    def _met(self, node: Node, values: list[Any]) -> Iterator[bool]:
        for answer in self._each(node, values):
            if not isinstance(answer, bool):
                raise Wrong(f"expected bool, but got {type_name(answer)}")
            yield answer

    def _each(self, node: Node, values: list[Any]) -> Iterator[Any]:
        for number, value in enumerate(values):
            if len(node.parts) < 2:
                yield value
                continue
            self.pointers.append((value, number))
            try:
                answer = self.value(node.parts[1])
            finally:
                self.pointers.pop()
            yield answer


def apply(operator: str, left: Any, right: Any) -> Any:
    """One operator over two values. Raises `Wrong`."""
    match operator:
        case "==":
            return _equal(left, right)
        case "!=":
            return not _equal(left, right)
        case "in":
            return _is_in(left, right)
        case "contains" | "startsWith" | "endsWith" | "matches":
            return _text_test(operator, left, right)
        case "..":
            return _range(left, right)
        case "<" | "<=" | ">" | ">=":
            return _compare(operator, left, right)
    return _calculate(operator, left, right)


def _wrong(operator: str, left: Any, right: Any) -> Wrong:
    return Wrong(f"invalid operation: {type_name(left)} {operator} {type_name(right)}")


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _is_in(value: Any, holder: Any) -> bool:
    if holder is None:
        return False
    if isinstance(holder, Mapping):
        return isinstance(value, str) and value in holder
    if isinstance(holder, list):
        return any(_equal(value, entry) for entry in holder)
    raise _wrong("in", value, holder)


def _text_test(operator: str, left: Any, right: Any) -> bool:
    if left is None and right is not None:
        return False
    if not (isinstance(left, str) and isinstance(right, str)):
        raise _wrong(operator, left, right)
    if operator == "contains":
        return right in left
    if operator == "matches":
        return _matches(left, right)
    return left.startswith(right) if operator == "startsWith" else left.endswith(right)


def _range(left: Any, right: Any) -> list[int]:
    if not all(isinstance(edge, int) and not isinstance(edge, bool) for edge in (left, right)):
        raise _wrong("..", left, right)
    if right - left >= LARGEST_LIST:
        raise Wrong("memory budget exceeded")
    return list(range(left, right + 1))


def _compare(operator: str, left: Any, right: Any) -> bool:
    kinds = (str, datetime, timedelta)
    are_alike = any(isinstance(left, kind) and isinstance(right, kind) for kind in kinds)
    if not are_alike and not (is_number(left) and is_number(right)):
        raise _wrong(operator, left, right)
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


def _calculate(operator: str, left: Any, right: Any) -> Any:
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, (datetime, timedelta)) or isinstance(right, (datetime, timedelta)):
        return _calendar(operator, left, right)
    if not (is_number(left) and is_number(right)):
        raise _wrong(operator, left, right)
    try:
        return _limited(_arithmetic(operator, left, right))
    except ZeroDivisionError:
        raise Wrong("integer divide by zero") from None


def _calendar(operator: str, left: Any, right: Any) -> Any:
    try:
        if operator == "+":
            return left + right
        if operator == "-":
            return left - right
    except TypeError:
        pass
    raise _wrong(operator, left, right)


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else float("nan") if left == 0 else float("inf") * (1 if left > 0 else -1)
        case "%":
            if not (isinstance(left, int) and isinstance(right, int)):
                raise _wrong("%", left, right)
            rest = abs(left) % abs(right)
            return -rest if left < 0 else rest
    return float(left) ** float(right) if left >= 0 or float(right).is_integer() else float("nan")


def _limited(value: Any) -> Any:
    if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
        raise Wrong("the number is too large")
    return value


# -- regular expressions ----------------------------------------------------------------------------------------------


def _matches(text: str, pattern: str) -> bool:
    compiled, repeats = _pattern(pattern)
    if (len(text) + 1) ** max(1, repeats) > MOST_WORK:
        raise Wrong("the regular expression takes too long on this text")
    return compiled.search(text) is not None


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> tuple[re.Pattern[str], int]:
    """A pattern whose work is bounded, and how many of its parts repeat without end. Raises `Wrong`.

    Go's engine takes linear time, Python's does not: what could take exponential time here is refused.
    """
    if len(pattern) > 500:
        raise Wrong("the regular expression is too long")
    try:
        compiled = re.compile(pattern)
        repeats = _repeats(re._parser.parse(pattern), inside=False)
    except (re.error, OverflowError, RecursionError) as bad:
        raise Wrong(f"error parsing regexp: {bad}") from None
    return compiled, repeats


def _repeats(parsed: Any, *, inside: bool) -> int:
    found = 0
    for operation, argument in parsed:
        name = str(operation)
        if name in ("ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS"):
            raise Wrong("error parsing regexp: invalid or unsupported Perl syntax")
        if inside and name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT", "BRANCH"):
            raise Wrong("the regular expression repeats what repeats, or a choice, which may take too long")
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, inner = argument
            many = most > 1
            found += most > 10
            found += _repeats(inner, inside=many)
        elif name == "SUBPATTERN":
            found += _repeats(argument[-1], inside=inside)
        elif name == "BRANCH":
            found += sum(_repeats(branch, inside=inside) for branch in argument[1])
        elif name == "ATOMIC_GROUP":
            found += _repeats(argument, inside=inside)
    return found
